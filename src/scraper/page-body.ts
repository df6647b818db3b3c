import type { PageBuffers } from './page-buffers.ts';

const NOTHING = new Uint8Array(0);
/** Taken at once for a page nobody knows yet, whatever length it declares. */
const FIRST_BYTES = 1024 * 1024;

/** The body of a page while it comes in: one buffer that grows, with a limit it never reaches. */
export class PageBody {
  #buffer: Uint8Array;
  #length = 0;
  #held = 0;
  readonly #limit: number;
  readonly #buffers: PageBuffers;

  /**
   * @param expectedBytes how long it may get, from experience
   * @param declaredBytes how long it says it is
   * @param limitBytes the body must be shorter, as upstream has it
   * @throws BodyLimitError when it may not be as long as it says, PagesLimitError when other pages hold too much
   */
  constructor(
    limitBytes: number,
    expectedBytes: number,
    buffers: PageBuffers,
    declaredBytes = expectedBytes,
  ) {
    if (declaredBytes >= limitBytes) throw new BodyLimitError(limitBytes);
    this.#limit = limitBytes;
    this.#buffers = buffers;
    const first = Math.min(declaredBytes, Math.max(expectedBytes, FIRST_BYTES), limitBytes);
    this.#hold(first);
    this.#buffer = buffers.take(first);
  }

  /** @throws BodyLimitError when the page reaches the limit, PagesLimitError when other pages hold too much */
  append(chunk: Uint8Array): void {
    const length = this.#length + chunk.length;
    if (length >= this.#limit) throw new BodyLimitError(this.#limit);
    if (length > this.#buffer.length)
      this.#grow(Math.min(this.#limit, Math.max(length, this.#buffer.length * 2)));
    this.#buffer.set(chunk, this.#length);
    this.#length = length;
  }

  /** What came in; a view of the buffer, which belongs to the taker from now on. */
  take(): Uint8Array {
    this.#hold(0);
    return this.#buffer.subarray(0, this.#length);
  }

  /** Gives the buffer back when nobody wants what came in. */
  discard(): void {
    this.#hold(0);
    this.#buffers.give(this.#buffer);
    this.#buffer = NOTHING;
    this.#length = 0;
  }

  #hold(bytes: number): void {
    if (!this.#buffers.mayHold(this.#held, bytes)) throw new PagesLimitError(this.#held);
    this.#held = bytes;
  }

  #grow(capacity: number): void {
    this.#hold(capacity);
    const small = this.#buffer;
    this.#buffer = this.#buffers.take(capacity);
    this.#buffer.set(small.subarray(0, this.#length));
    this.#buffers.give(small);
  }
}

export class BodyLimitError extends Error {
  constructor(limitBytes: number) {
    super(`body size limit exceeded: the page has ${limitBytes} bytes or more (body_size_limit)`);
    this.name = 'BodyLimitError';
  }
}

/** A page that might be stored if there were not so many others as large. */
class PagesLimitError extends BodyLimitError {
  constructor(heldBytes: number) {
    super(heldBytes);
    this.message = `body size limit exceeded: this page may not grow beyond ${heldBytes} bytes while other large pages hold so much memory (a body_size_limit for them makes room)`;
    this.name = 'PagesLimitError';
  }
}
