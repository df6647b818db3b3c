const FIRST_CAPACITY = 16 * 1024;
/** A buffer so many times larger than its page is not kept: one huge page does not hold memory forever. */
const MAX_SLACK = 4;

/** The body of a page while it comes in: one buffer that grows, with a limit it never passes. */
export class PageBody {
  #buffer: Uint8Array;
  #length = 0;
  readonly #limit: number;

  /** @param spare what an earlier `take` gave, to be written over; or an empty array */
  constructor(limitBytes: number, spare: Uint8Array) {
    this.#limit = limitBytes;
    this.#buffer = new Uint8Array(spare.buffer);
  }

  /** Makes room for a body whose length was announced. */
  expect(bytes: number): void {
    if (bytes > this.#buffer.length && bytes <= this.#limit) this.#grow(bytes);
  }

  /** @throws BodyLimitError when the page gets longer than the limit */
  append(chunk: Uint8Array): void {
    const length = this.#length + chunk.length;
    if (length > this.#limit) throw new BodyLimitError(this.#limit);
    if (length > this.#buffer.length) this.#grow(Math.max(length, this.#buffer.length * 2, FIRST_CAPACITY));
    this.#buffer.set(chunk, this.#length);
    this.#length = length;
  }

  /** What came in; a view of the buffer, which belongs to the taker from now on. */
  take(): Uint8Array {
    const isWasteful = this.#buffer.length > Math.max(FIRST_CAPACITY, this.#length * MAX_SLACK);
    return isWasteful ? this.#buffer.slice(0, this.#length) : this.#buffer.subarray(0, this.#length);
  }

  #grow(capacity: number): void {
    const buffer = new Uint8Array(capacity);
    buffer.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = buffer;
  }
}

export class BodyLimitError extends Error {
  constructor(limitBytes: number) {
    super(`body size limit exceeded: the page has more than ${limitBytes} bytes (body_size_limit)`);
    this.name = 'BodyLimitError';
  }
}
