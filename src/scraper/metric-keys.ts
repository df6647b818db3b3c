import type { MetricFamilyReader } from '../exposition/metric-family.ts';
import { grown } from './grown.ts';
import { hashBytes, sameBytes } from './page-hash.ts';

const EMPTY = -1;

/**
 * What names the series of each metric of a page: family, labels as their bytes, bounds. Beside that, where the samples of each
 * metric start. In typed arrays that are used again for another page.
 */
export class MetricKeys {
  count = 0;
  /** Its first float sample. */
  firstLine = new Int32Array(64);
  /** Its native histogram, or -1. */
  histogram = new Int32Array(64);
  #from = new Uint32Array(65);
  #hash = new Uint32Array(64);
  #bytes = new Uint8Array(4096);
  #view = new DataView(this.#bytes.buffer);
  #used = 0;
  #table: Int32Array | undefined;

  clear(): void {
    this.count = 0;
    this.#used = 0;
    this.#table = undefined;
  }

  /** Adds the key of the reader's metric. @param mark tells apart what gives other samples of the same labels and bounds */
  add(families: MetricFamilyReader, mark: number, seed: number): void {
    const { bytes, nameFrom, nameTo, labelRanges, labelEnds, bounds, parts } = families;
    const from = this.#used;
    let size = 2 + nameTo - nameFrom + 8 * parts;
    for (let i = 0; i < labelEnds; i += 2) size += 2 + labelRanges[i + 1]! - labelRanges[i]!;
    this.#reserve(size);
    const into = this.#bytes;
    let at = from;
    for (let i = nameFrom; i < nameTo; i++) into[at++] = bytes[i]!;
    // No name has this byte: it ends it.
    into[at++] = 0xff;
    into[at++] = mark;
    for (let i = 0; i < labelEnds; i += 2) {
      const to = labelRanges[i + 1]!;
      const length = to - labelRanges[i]!;
      into[at++] = length >>> 8;
      into[at++] = length;
      for (let j = labelRanges[i]!; j < to; j++) into[at++] = bytes[j]!;
    }
    for (let i = 0; i < parts; i++, at += 8) this.#view.setFloat64(at, bounds[i]!);
    if (this.count === this.#hash.length) this.#grow();
    this.#hash[this.count] = hashBytes(into, from, at, seed);
    this.#used = at;
    this.count++;
    this.#from[this.count] = at;
  }

  /** Which metric of another page has the key added last: `likely` is looked at first. -1 when none has. */
  findLastIn(other: MetricKeys, likely: number): number {
    if (other.count === 0) return EMPTY;
    const last = this.count - 1;
    if (likely < other.count && this.#isSame(last, other, likely)) return likely;
    const table = other.#indexed();
    const mask = table.length - 1;
    for (let place = this.#hash[last]! & mask; ; place = (place + 1) & mask) {
      const metric = table[place]!;
      if (metric === EMPTY || this.#isSame(last, other, metric)) return metric;
    }
  }

  #isSame(metric: number, other: MetricKeys, its: number): boolean {
    if (this.#hash[metric] !== other.#hash[its]) return false;
    const from = this.#from[metric]!;
    const length = this.#from[metric + 1]! - from;
    const itsFrom = other.#from[its]!;
    if (other.#from[its + 1]! - itsFrom !== length) return false;
    return sameBytes(this.#bytes, from, other.#bytes, itsFrom, length);
  }

  /** A key that is there twice is found once. */
  #indexed(): Int32Array {
    if (this.#table) return this.#table;
    const size = 2 ** Math.ceil(Math.log2(Math.max(2, this.count * 2)));
    const table = new Int32Array(size).fill(EMPTY);
    for (let metric = 0; metric < this.count; metric++) {
      let place = this.#hash[metric]! & (size - 1);
      while (table[place] !== EMPTY && !this.#isSame(metric, this, table[place]!)) {
        place = (place + 1) & (size - 1);
      }
      if (table[place] === EMPTY) table[place] = metric;
    }
    this.#table = table;
    return table;
  }

  #reserve(size: number): void {
    const wanted = this.#used + size;
    if (wanted <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(wanted, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#used));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }

  #grow(): void {
    const capacity = this.#hash.length * 2;
    this.#hash = grown(this.#hash, new Uint32Array(capacity));
    this.#from = grown(this.#from, new Uint32Array(capacity + 1));
    this.firstLine = grown(this.firstLine, new Int32Array(capacity));
    this.histogram = grown(this.histogram, new Int32Array(capacity));
  }
}
