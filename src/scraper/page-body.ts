import type { PageBuffers } from './page-buffers.ts';

const NOTHING = new Uint8Array(0);

/** The body of a page while it comes in: one buffer that grows, with a limit it never passes. */
export class PageBody {
  #buffer: Uint8Array;
  #length = 0;
  readonly #limit: number;
  readonly #buffers: PageBuffers;

  /** @param expectedBytes how long it may get, for all that is known */
  constructor(limitBytes: number, expectedBytes: number, buffers: PageBuffers) {
    this.#limit = limitBytes;
    this.#buffers = buffers;
    this.#buffer = buffers.take(Math.min(expectedBytes, limitBytes));
  }

  /** @throws BodyLimitError when the page gets longer than the limit */
  append(chunk: Uint8Array): void {
    const length = this.#length + chunk.length;
    if (length > this.#limit) throw new BodyLimitError(this.#limit);
    if (length > this.#buffer.length)
      this.#grow(Math.min(this.#limit, Math.max(length, this.#buffer.length * 2)));
    this.#buffer.set(chunk, this.#length);
    this.#length = length;
  }

  /** What came in; a view of the buffer, which belongs to the taker from now on. */
  take(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  /** Gives the buffer back when nobody wants what came in. */
  discard(): void {
    this.#buffers.give(this.#buffer);
    this.#buffer = NOTHING;
    this.#length = 0;
  }

  #grow(capacity: number): void {
    const small = this.#buffer;
    this.#buffer = this.#buffers.take(capacity);
    this.#buffer.set(small.subarray(0, this.#length));
    this.#buffers.give(small);
  }
}

export class BodyLimitError extends Error {
  constructor(limitBytes: number) {
    super(`body size limit exceeded: the page has more than ${limitBytes} bytes (body_size_limit)`);
    this.name = 'BodyLimitError';
  }
}
