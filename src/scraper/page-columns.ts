import { grown } from './grown.ts';
import type { PageSamples } from './page-samples.ts';

export const DECLARED = 128;

/** What is known about each sample line of a page, line by line; offsets count from the end of the sample line before. */
export class PageColumns implements PageSamples {
  count = 0;
  /** Where the series starts, past comments and blank lines. */
  keyOffset: Uint32Array;
  keyLength: Uint32Array;
  valueOffset: Uint32Array;
  /** Up to and without the newline. */
  length: Uint32Array;
  /** Of the key's bytes. */
  hash: Uint32Array;
  /** Name of the series, as `PageParser`'s caller gave it. */
  series: Int32Array;
  value: Float64Array;
  /** Unix ms, NaN for a line without a timestamp; undefined while no line has one. */
  timestamp: Float64Array | undefined;
  /** Unix ms, 0 for a line without a start timestamp; undefined while none is known. */
  start: Float64Array | undefined;
  /** Metric type in effect, index into METRIC_TYPES; more by DECLARED when the comments before the line declare it. */
  type: Uint8Array;

  constructor(capacity = 0) {
    this.keyOffset = new Uint32Array(capacity);
    this.keyLength = new Uint32Array(capacity);
    this.valueOffset = new Uint32Array(capacity);
    this.length = new Uint32Array(capacity);
    this.hash = new Uint32Array(capacity);
    this.series = new Int32Array(capacity);
    this.value = new Float64Array(capacity);
    this.type = new Uint8Array(capacity);
  }

  /** Index into METRIC_TYPES of the type in effect at a line. */
  typeOf(line: number): number {
    return this.type[line]! % DECLARED;
  }

  reserve(line: number): void {
    const capacity = this.length.length;
    if (line < capacity) return;
    const wanted = Math.max(64, line + 1, Math.ceil(capacity * 1.5));
    this.keyOffset = grown(this.keyOffset, new Uint32Array(wanted));
    this.keyLength = grown(this.keyLength, new Uint32Array(wanted));
    this.valueOffset = grown(this.valueOffset, new Uint32Array(wanted));
    this.length = grown(this.length, new Uint32Array(wanted));
    this.hash = grown(this.hash, new Uint32Array(wanted));
    this.series = grown(this.series, new Int32Array(wanted));
    this.value = grown(this.value, new Float64Array(wanted));
    this.type = grown(this.type, new Uint8Array(wanted));
    if (this.timestamp) this.timestamp = grown(this.timestamp, new Float64Array(wanted).fill(Number.NaN));
  }

  setTimestamp(line: number, timestamp: number): void {
    if (!this.timestamp && Number.isNaN(timestamp)) return;
    this.timestamp ??= new Float64Array(this.length.length).fill(Number.NaN);
    this.timestamp[line] = timestamp;
  }

  /** The lines [from, to) as columns of their own. */
  tail(from: number, to: number): PageColumns {
    const copy = new PageColumns();
    copy.count = to - from;
    copy.keyOffset = this.keyOffset.slice(from, to);
    copy.keyLength = this.keyLength.slice(from, to);
    copy.valueOffset = this.valueOffset.slice(from, to);
    copy.length = this.length.slice(from, to);
    copy.hash = this.hash.slice(from, to);
    copy.series = this.series.slice(from, to);
    copy.value = this.value.slice(from, to);
    copy.type = this.type.slice(from, to);
    copy.timestamp = this.timestamp?.slice(from, to);
    return copy;
  }

  /** Copies one line of other columns to `to`. */
  copyLine(to: number, other: PageColumns, from: number): void {
    this.keyOffset[to] = other.keyOffset[from]!;
    this.keyLength[to] = other.keyLength[from]!;
    this.valueOffset[to] = other.valueOffset[from]!;
    this.length[to] = other.length[from]!;
    this.hash[to] = other.hash[from]!;
    this.series[to] = other.series[from]!;
    this.value[to] = other.value[from]!;
    this.type[to] = other.type[from]!;
    if (this.timestamp || other.timestamp) this.setTimestamp(to, other.timestamp?.[from] ?? Number.NaN);
  }
}
