import type { ApiHistogram, LabelMap, MatrixSeries } from './api-types.ts';
import { parseSample } from './matrix.ts';

/** Most buckets told apart: those of a fine native histogram are taken together by twos, fours and so on. */
const MAX_BUCKETS = 64;

/** Whether there is a distribution to be drawn: native histograms, or buckets with their ends as `le`. */
export const hasBuckets = (matrix: readonly MatrixSeries[]): boolean =>
  matrix.length > 0 &&
  (matrix.some(isNative) || (matrix.length > 1 && matrix.every(({ metric }) => metric.le !== undefined)));

export const isNative = ({ histograms }: MatrixSeries): boolean => (histograms?.length ?? 0) > 0;

/** Of classic buckets, all of one end as one series; what else tells them apart is summed up. */
export function sumByLe(matrix: readonly MatrixSeries[]): MatrixSeries[] {
  const sums = new Map<string, Map<number, number>>();
  for (const { metric, values } of matrix) {
    const le = metric.le ?? '';
    const sum = sums.get(le) ?? new Map<number, number>();
    sums.set(le, sum);
    for (const [time, text] of values ?? []) sum.set(time, (sum.get(time) ?? 0) + parseSample(text));
  }
  return [...sums].map(([le, sum]) => ({
    metric: { le },
    values: [...sum].map(([time, value]): [number, string] => [time, String(value)]),
  }));
}

/**
 * Native histograms as one series per bucket, lowest first, named by its ends, such as `(0.5,1]`; what is in the bucket itself, not in
 * those below it. Several histograms are summed up. Without any the answer is given back as it is.
 */
export function bucketSeries(matrix: readonly MatrixSeries[]): readonly MatrixSeries[] {
  const native = matrix.filter(isNative);
  if (native.length === 0) return matrix;
  const buckets = new Map<string, Bucket>();
  for (const { histograms } of native)
    for (const [time, histogram] of histograms ?? []) addTo(buckets, time, histogram);
  let sorted = [...buckets.values()].sort((a, b) => a.upper - b.upper || a.lower - b.lower);
  while (sorted.length > MAX_BUCKETS) sorted = byTwos(sorted);
  return sorted.map(({ lower, upper, counts }) => ({
    metric: { le: `(${lower},${upper}]` } satisfies LabelMap,
    values: [...counts]
      .sort(([a], [b]) => a - b)
      .map(([time, count]): [number, string] => [time, String(count)]),
  }));
}

interface Bucket {
  readonly lower: number;
  readonly upper: number;
  /** By time. */
  readonly counts: ReadonlyMap<number, number>;
}

function addTo(buckets: Map<string, Bucket>, time: number, histogram: ApiHistogram): void {
  for (const [, low, high, text] of histogram.buckets ?? []) {
    const key = `${low} ${high}`;
    let bucket = buckets.get(key);
    if (!bucket) {
      bucket = { lower: parseSample(low), upper: parseSample(high), counts: new Map() };
      buckets.set(key, bucket);
    }
    const counts = bucket.counts as Map<number, number>;
    counts.set(time, (counts.get(time) ?? 0) + parseSample(text));
  }
}

function byTwos(sorted: readonly Bucket[]): Bucket[] {
  const pairs: Bucket[] = [];
  for (let i = 0; i < sorted.length; i += 2) {
    const [one, next] = [sorted[i]!, sorted[i + 1]];
    if (!next) {
      pairs.push(one);
      continue;
    }
    const counts = new Map(one.counts);
    for (const [time, count] of next.counts) counts.set(time, (counts.get(time) ?? 0) + count);
    pairs.push({ lower: one.lower, upper: next.upper, counts });
  }
  return pairs;
}
