import type { Room } from '../model/room.ts';

/** Floats of one piece of scratch memory: 2 MB. */
const CHUNK = 2 ** 18;

/**
 * Memory for what one query reads and makes, taken from the front and given back as a whole when the query ends. Kept from query to query
 * up to a size: fresh memory costs a page fault every 4 KB, which is more than copying into it.
 *
 * What is not kept goes back to the system as soon as it is collected, since memory that can grow is mapped on its own. Usual arrays
 * come from the C library, which keeps what thousands of columns have left of its heaps: as much again as a large query took. Copying
 * into them is faster, so what is kept is made of those.
 */
export class Scratch implements Room {
  readonly #isKeeping: boolean;
  readonly #keptChunks: number;
  readonly #chunks: Float64Array[] = [];
  /** Chunk in use, and floats of it that are taken. */
  #chunk = 0;
  #used = 0;

  /** @param keptBytes stay with it; 0 where columns outlive the query */
  constructor(keptBytes: number) {
    this.#isKeeping = keptBytes > 0;
    this.#keptChunks = Math.floor(keptBytes / (8 * CHUNK));
  }

  /** Room for `count` floats, of any content, until `reset`. */
  floats(count: number): Float64Array {
    if (!this.#isKeeping) return new Float64Array(count);
    if (count > CHUNK / 2) return mapped(count);
    if (this.#used + count > CHUNK) {
      this.#chunk++;
      this.#used = 0;
    }
    const chunk = (this.#chunks[this.#chunk] ??=
      this.#chunk < this.#keptChunks ? new Float64Array(CHUNK) : mapped(CHUNK));
    const from = this.#used;
    this.#used += count;
    return chunk.subarray(from, this.#used);
  }

  /** Makes all of it free again. Nobody may look at what was taken. */
  reset(): void {
    this.#chunk = 0;
    this.#used = 0;
    if (this.#chunks.length > this.#keptChunks) this.#chunks.length = this.#keptChunks;
  }
}

/** Floats in a mapping of their own. */
function mapped(count: number): Float64Array {
  const bytes = 8 * count;
  return new Float64Array(new SharedArrayBuffer(bytes, { maxByteLength: bytes }), 0, count);
}
