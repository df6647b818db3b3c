/** A peer's bytes that are not what the protocol says; answered with 400. */
export class WireError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'WireError';
  }
}
