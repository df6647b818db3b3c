import type { WrittenExemplar } from '../exposition/parser.ts';
import type { Histogram } from '../model/histogram.ts';
import { grown } from './grown.ts';

/** Float samples of a page, line by line. */
export interface PageSamples {
  readonly count: number;
  /** Names of the series, as the caller of the parser gave them; the caller's to change. */
  readonly series: Int32Array;
  readonly value: Float64Array;
  /** Unix ms, NaN for a line without a timestamp; undefined while no line has one. */
  readonly timestamp: Float64Array | undefined;
  /** Start timestamps in Unix ms, 0 where unknown; undefined while none is known. */
  readonly start: Float64Array | undefined;
}

/** A native histogram on a page. */
export interface PageHistogram {
  /** As in PageSamples; the caller's to change, like the histogram. */
  series: number;
  histogram: Histogram;
  /** Unix ms, NaN without. */
  readonly timestamp: number;
  /** Unix ms, 0 without. */
  readonly start: number;
  /** Those that were not there in the page before. */
  readonly exemplars: readonly WrittenExemplar[];
}

/** A series that the page before did not have. */
export interface WrittenSeries {
  /** Names and values in turn, the metric name first as `__name__`; may hold names twice and empty values. */
  labels(): string[];
}

/** Columns that grow with the page. */
export class SampleColumns implements PageSamples {
  count = 0;
  series = new Int32Array(0);
  value = new Float64Array(0);
  timestamp: Float64Array | undefined;
  start: Float64Array | undefined;
  /** Of the exemplar's bytes, 0 without one. */
  exemplarHash = new Uint32Array(0);

  clear(): void {
    this.count = 0;
    this.timestamp = undefined;
    this.start = undefined;
  }

  add(series: number, value: number, timestamp: number, start: number): number {
    const line = this.count++;
    if (line >= this.series.length) this.#grow();
    this.series[line] = series;
    this.value[line] = value;
    this.exemplarHash[line] = 0;
    if (this.timestamp || !Number.isNaN(timestamp)) {
      this.timestamp ??= new Float64Array(this.series.length).fill(Number.NaN);
      this.timestamp[line] = timestamp;
    }
    if (this.start || start !== 0) {
      this.start ??= new Float64Array(this.series.length);
      this.start[line] = start;
    }
    return line;
  }

  #grow(): void {
    const capacity = Math.max(64, this.series.length * 2);
    this.series = grown(this.series, new Int32Array(capacity));
    this.value = grown(this.value, new Float64Array(capacity));
    this.exemplarHash = grown(this.exemplarHash, new Uint32Array(capacity));
    if (this.timestamp) this.timestamp = grown(this.timestamp, new Float64Array(capacity).fill(Number.NaN));
    if (this.start) this.start = grown(this.start, new Float64Array(capacity));
  }
}
