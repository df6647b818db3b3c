import { clearIndexShared, type IndexShared, NO_SLOT } from './layout.ts';
import { SeriesIndex } from './series-index.ts';

/**
 * A copy of an index without the series that nobody needs any more, made bit by bit while series are added to the first. Refs stay, numbers
 * and symbols change.
 */
export class IndexCopy {
  readonly from: SeriesIndex;
  readonly index: SeriesIndex;
  readonly #isNeeded: (series: number) => boolean;
  /** Number in the copy plus one, by number; 0 for those that were left out. */
  #numbers: Uint32Array;
  #symbols: Uint32Array;
  #next = 0;

  /** @param shared where the copy is made; whatever is there is given up */
  constructor(from: SeriesIndex, shared: IndexShared, isNeeded: (series: number) => boolean) {
    clearIndexShared(shared);
    this.from = from;
    this.index = new SeriesIndex(shared);
    this.index.reserveAs(from);
    this.#isNeeded = isNeeded;
    this.#numbers = new Uint32Array(from.count);
    this.#symbols = new Uint32Array(from.symbolCount);
  }

  /** Copies up to `count` more series. Returns whether all are copied. */
  step(count: number): boolean {
    const { from } = this;
    const end = Math.min(from.count, this.#next + count);
    this.#numbers = grown(this.#numbers, end);
    this.#symbols = grown(this.#symbols, from.symbolCount);
    for (; this.#next < end; this.#next++) {
      if (!this.#isNeeded(this.#next)) continue;
      this.#numbers[this.#next] = this.index.adopt(from, this.#next, this.#symbols) + 1;
    }
    return end === from.count;
  }

  /**
   * Completes the copy with what changed meanwhile; returns the number in it plus one of each series, 0 for those that were left out.
   * Undefined when one of these came back: then the copy is no good.
   */
  finish(): Uint32Array | undefined {
    const { from, index } = this;
    this.step(Number.POSITIVE_INFINITY);
    const numbers = this.#numbers;
    for (let series = 0; series < from.count; series++) {
      const number = numbers[series]! - 1;
      if (number >= 0) {
        index.setSlot(number, from.slotOf(series));
        index.setOwn(number, from.ownOf(series));
      } else if (from.slotOf(series) !== NO_SLOT || this.#isNeeded(series)) return undefined;
    }
    return numbers.subarray(0, from.count);
  }
}

function grown(words: Uint32Array, length: number): Uint32Array {
  if (words.length >= length) return words;
  const more = new Uint32Array(Math.max(length, words.length * 2));
  more.set(words);
  return more;
}
