/** Floats of one piece of scratch memory: 2 MB. */
const CHUNK = 2 ** 18;

/**
 * Memory for what one query joins, taken from the front and given back as a whole when the query ends. Kept from query to query up to a
 * size: fresh memory costs a page fault every 4 KB, which is more than copying into it.
 */
export class Scratch {
  readonly #keptBytes: number;
  readonly #chunks: Float64Array[] = [];
  /** Chunk in use, and floats of it that are taken. */
  #chunk = 0;
  #used = 0;

  /** @param keptBytes stay with it; 0 where columns outlive the query */
  constructor(keptBytes: number) {
    this.#keptBytes = keptBytes;
  }

  /** Room for `count` floats, of any content, until `reset`. */
  floats(count: number): Float64Array {
    if (count > CHUNK / 2 || this.#keptBytes === 0) return new Float64Array(count);
    if (this.#used + count > CHUNK) {
      this.#chunk++;
      this.#used = 0;
    }
    const chunk = (this.#chunks[this.#chunk] ??= new Float64Array(CHUNK));
    const from = this.#used;
    this.#used += count;
    return chunk.subarray(from, this.#used);
  }

  /** Makes all of it free again. Nobody may look at what was taken. */
  reset(): void {
    this.#chunk = 0;
    this.#used = 0;
    const kept = Math.floor(this.#keptBytes / (8 * CHUNK));
    if (this.#chunks.length > kept) this.#chunks.length = kept;
  }
}
