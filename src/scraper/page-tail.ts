import type { PageColumns } from './page-columns.ts';
import { sameBytes } from './page-hash.ts';

const EMPTY = -1;
const LINES_PER_SLICE_CHECK = 4096;

/**
 * The rest of the previous page from the line on where the new page's shape departs from it: found again by key, so that the
 * parser can go on behind it. Call `index` first.
 */
export class PageTail {
  readonly columns: PageColumns;
  readonly #bytes: Uint8Array;
  readonly #keyFrom: Uint32Array;
  readonly #table: Int32Array;
  readonly #mask: number;
  readonly #start: number;
  /** Where each line starts in the previous page. */
  readonly from: Uint32Array;

  /** @param start where the first line of `columns` starts in `bytes` */
  constructor(bytes: Uint8Array, columns: PageColumns, start: number) {
    this.columns = columns;
    this.#bytes = bytes;
    const { count } = columns;
    this.#keyFrom = new Uint32Array(count);
    this.from = new Uint32Array(count);
    const size = 2 ** Math.ceil(Math.log2(Math.max(2, count * 2)));
    this.#mask = size - 1;
    this.#table = new Int32Array(size).fill(EMPTY);
    this.#start = start;
  }

  /** Makes the lines findable. Yields when `sliceOver` says so: a long page takes its time. */
  *index(sliceOver: () => boolean): Generator<void, void> {
    const { count, keyOffset, length } = this.columns;
    let from = this.#start;
    for (let line = 0; line < count; line++) {
      this.from[line] = from;
      this.#keyFrom[line] = from + keyOffset[line]!;
      from += length[line]! + 1;
      this.#insert(line);
      if (line % LINES_PER_SLICE_CHECK === LINES_PER_SLICE_CHECK - 1 && sliceOver()) yield;
    }
  }

  /** A line whose hash is there already is left out: most likely a duplicate, and not to be found only costs a slow parse. */
  #insert(line: number): void {
    const hash = this.columns.hash[line]!;
    let place = hash & this.#mask;
    while (this.#table[place] !== EMPTY) {
      if (this.columns.hash[this.#table[place]!] === hash) return;
      place = (place + 1) & this.#mask;
    }
    this.#table[place] = line;
  }

  /** The line whose key is `page[from, from + length)`, the first of several, or -1. */
  find(hash: number, page: Uint8Array, from: number, length: number): number {
    for (let place = hash & this.#mask; ; place = (place + 1) & this.#mask) {
      const line = this.#table[place]!;
      if (line === EMPTY) return -1;
      if (this.columns.hash[line] === hash && this.columns.keyLength[line] === length) {
        if (sameBytes(this.#bytes, this.#keyFrom[line]!, page, from, length)) return line;
      }
    }
  }
}
