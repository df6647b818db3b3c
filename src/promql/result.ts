import type { Histogram } from '../model/histogram.ts';
import type { Labels } from '../model/labels.ts';

/** What a query evaluates to. Times are Unix ms. */
export type QueryValue = ScalarResult | StringResult | VectorResult | MatrixResult;

export interface ScalarResult {
  readonly kind: 'scalar';
  readonly timestamp: number;
  readonly value: number;
}

export interface StringResult {
  readonly kind: 'string';
  readonly timestamp: number;
  readonly value: string;
}

export interface VectorResult {
  readonly kind: 'vector';
  readonly samples: readonly ResultSample[];
}

export interface ResultSample {
  readonly labels: Labels;
  readonly timestamp: number;
  /** Meaningless beside a histogram. */
  readonly value: number;
  readonly histogram?: Histogram | undefined;
}

export interface MatrixResult {
  readonly kind: 'matrix';
  readonly series: readonly ResultSeries[];
}

/** Columns of equal length, oldest first. */
export interface ResultSeries {
  readonly labels: Labels;
  readonly timestamps: Float64Array;
  /** Where a point is a histogram, its sum. */
  readonly values: Float64Array;
  /** Present when any point is a histogram; undefined at floats. */
  readonly histograms?: readonly (Histogram | undefined)[];
}

/** Joins floats and histograms kept apart into one series in order of time. */
export function sortSeries(
  labels: Labels,
  times: Float64Array,
  values: Float64Array,
  histogramTimes: Float64Array,
  histograms: readonly Histogram[],
): ResultSeries {
  if (histograms.length === 0) return { labels, timestamps: times, values };
  const count = times.length + histograms.length;
  const timestamps = new Float64Array(count);
  const joined = new Float64Array(count);
  const natives = new Array<Histogram | undefined>(count);
  let f = 0;
  let h = 0;
  for (let i = 0; i < count; i++) {
    if (h >= histograms.length || (f < times.length && times[f]! < histogramTimes[h]!)) {
      timestamps[i] = times[f]!;
      joined[i] = values[f++]!;
    } else {
      timestamps[i] = histogramTimes[h]!;
      joined[i] = histograms[h]!.sum;
      natives[i] = histograms[h++];
    }
  }
  return { labels, timestamps, values: joined, histograms: natives };
}
