/** What is imported cannot be stored; the message says what was expected and found, the reader of the file knows where. */
export class ImportError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ImportError';
  }
}
