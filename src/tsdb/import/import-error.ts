/** What is imported cannot be stored; the message says what was expected and found, the reader of the file knows where. */
export class ImportError extends Error {
  /** Samples that were handed in together with the one in question and come after it. */
  readonly samplesAfter: number;

  constructor(message: string, samplesAfter = 0) {
    super(message);
    this.name = 'ImportError';
    this.samplesAfter = samplesAfter;
  }
}
