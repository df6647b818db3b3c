const MAX_IDLE_BUFFERS = 16;
const MAX_IDLE_BYTES = 16 * 1024 * 1024;
/** A buffer so many times larger than what is wanted is left for larger pages. */
const MAX_SLACK = 4;
const SMALLEST_BYTES = 16 * 1024;
/** Lengths are rounded up to this: a page that grew by a digit finds a buffer, too. */
const STEP_BYTES = 4 * 1024;
/** A page that comes in may hold this much whatever others hold. */
const FREE_BYTES = 4 * 1024 * 1024;
/** What pages that come in may hold together, beyond that. */
const MAX_LARGE_BYTES = 256 * 1024 * 1024;
/** A large page may take this part of what is left: the more is held already, the less each may have, and some stays for others. */
const SHARE_OF_FREE = 1 / 4;
/** Read from a connection at once; as much as Node's own sockets do. */
const RECEIVE_BYTES = 64 * 1024;

/**
 * Buffers that pages are received in, shared by all targets: each target keeps its last page, and what that replaced is free for
 * the next page of any other.
 */
export class PageBuffers {
  /** What connections read into, one after the other: its content is good until the next event of any connection. */
  readonly receive = Buffer.alloc(RECEIVE_BYTES);
  #idle: Uint8Array[] = [];
  #idleBytes = 0;
  #largeBytes = 0;
  /** Memory that was made here. Other memory may be a part of something else and is not taken back. */
  readonly #ours = new WeakSet<ArrayBufferLike>();

  /**
   * Asks whether a page that comes in may grow, so that any number of targets with endless pages holds a bounded amount of memory.
   * @param held what it holds, bytes; 0 in the beginning
   * @param wanted what it wants to hold instead, bytes; 0 when it has ended
   * @returns whether it may; counted then
   */
  mayHold(held: number, wanted: number): boolean {
    const others = this.#largeBytes - large(held);
    if (wanted > held && large(wanted) > 0 && wanted > (MAX_LARGE_BYTES - others) * SHARE_OF_FREE)
      return false;
    this.#largeBytes = others + large(wanted);
    return true;
  }

  /** A buffer of at least so many bytes, with anything in it; the taker's until given back. */
  take(bytes: number): Uint8Array {
    const wanted = Math.max(Math.ceil(bytes / STEP_BYTES) * STEP_BYTES, SMALLEST_BYTES);
    let best = -1;
    for (let i = 0; i < this.#idle.length; i++) {
      const { length } = this.#idle[i]!;
      if (length < wanted || length > wanted * MAX_SLACK) continue;
      if (best < 0 || length < this.#idle[best]!.length) best = i;
    }
    if (best >= 0) {
      const [buffer] = this.#idle.splice(best, 1);
      this.#idleBytes -= buffer!.length;
      return buffer!;
    }
    const buffer = new Uint8Array(wanted);
    this.#ours.add(buffer.buffer);
    return buffer;
  }

  /** Takes back a buffer, or a view of one, that nobody reads or writes any more. */
  give(view: Uint8Array): void {
    const { buffer } = view;
    const bytes = buffer.byteLength;
    if (!this.#ours.has(buffer) || this.#idle.length >= MAX_IDLE_BUFFERS) return;
    if (this.#idleBytes + bytes > MAX_IDLE_BYTES) return;
    this.#idle.push(new Uint8Array(buffer));
    this.#idleBytes += bytes;
  }
}

const large = (bytes: number): number => (bytes > FREE_BYTES ? bytes : 0);
