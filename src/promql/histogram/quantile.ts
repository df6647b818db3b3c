import type { Histogram } from '../../model/histogram.ts';
import { allBuckets, type Bucket, usesCustomBuckets } from './buckets.ts';

/** What NaN observations did to a result. */
export type NaNEffect = 'none' | 'result' | 'skew';

export interface NativeQuantile {
  readonly value: number;
  readonly nanEffect: NaNEffect;
}

const untouched = (value: number): NativeQuantile => ({ value, nanEffect: 'none' });

/**
 * The q-quantile of a native histogram: linear within custom buckets and the zero bucket, exponential elsewhere. Observations
 * of NaN count as the greatest.
 */
export function nativeQuantile(q: number, histogram: Histogram): NativeQuantile {
  if (q < 0) return untouched(Number.NEGATIVE_INFINITY);
  if (q > 1) return untouched(Number.POSITIVE_INFINITY);
  if (histogram.count === 0 || Number.isNaN(q)) return untouched(Number.NaN);
  const isForward = Number.isNaN(histogram.sum) || q < 0.5;
  const buckets = allBuckets(histogram);
  if (!isForward) buckets.reverse();
  let rank = isForward ? q * histogram.count : (1 - q) * histogram.count;
  let count = 0;
  let bucket: Bucket = { lower: 0, upper: 0, count: 0 };
  let at = 0;
  for (; at < buckets.length; at++) {
    bucket = buckets[at]!;
    if (bucket.count === 0) continue;
    count += bucket.count;
    if (count >= rank) break;
  }
  const isCustom = usesCustomBuckets(histogram);
  let { lower, upper } = bucket;
  if (!isCustom && lower < 0 && upper > 0) {
    [lower, upper] = zeroBounds(histogram, lower, upper);
  } else if (isCustom) {
    if (lower === Number.NEGATIVE_INFINITY) {
      if (upper <= 0) return untouched(upper);
      lower = 0;
    } else if (upper === Number.POSITIVE_INFINITY) return untouched(lower);
  }
  count = Math.min(count, histogram.count);
  if (count < rank) {
    return Number.isNaN(histogram.sum) ? { value: Number.NaN, nanEffect: 'result' } : untouched(upper);
  }
  if (isForward) rank -= count - bucket.count;
  else rank = count - rank;
  let nanEffect: NaNEffect = 'none';
  if (Number.isNaN(histogram.sum)) {
    for (let i = at + 1; i < buckets.length; i++) count += buckets[i]!.count;
    if (count < histogram.count) nanEffect = 'skew';
  }
  const fraction = rank / bucket.count;
  return { value: within(lower, upper, fraction, isCustom), nanEffect };
}

/** A histogram with observations on one side of zero only has its zero bucket on that side. */
function zeroBounds(histogram: Histogram, lower: number, upper: number): [number, number] {
  const hasNegative = histogram.negativeBuckets.length > 0;
  const hasPositive = histogram.positiveBuckets.length > 0;
  if (!hasNegative && hasPositive) return [0, upper];
  if (!hasPositive && hasNegative) return [lower, 0];
  return [lower, upper];
}

/** The value a fraction of the way through a bucket. */
function within(lower: number, upper: number, fraction: number, isCustom: boolean): number {
  if (isCustom || (lower <= 0 && upper >= 0)) return lower + (upper - lower) * fraction;
  const logLower = Math.log2(Math.abs(lower));
  const logUpper = Math.log2(Math.abs(upper));
  if (lower > 0) return 2 ** (logLower + (logUpper - logLower) * fraction);
  return -(2 ** (logUpper + (logLower - logUpper) * (1 - fraction)));
}

/** Which part of a bucket's observations is at most `value`, which lies within its bounds. */
export function fractionBelow(lower: number, upper: number, value: number, isLinear: boolean): number {
  if (isLinear) return (value - lower) / (upper - lower);
  const logLower = Math.log2(Math.abs(lower));
  const logUpper = Math.log2(Math.abs(upper));
  const log = Math.log2(Math.abs(value));
  return value > 0 ? (log - logLower) / (logUpper - logLower) : 1 - (log - logUpper) / (logLower - logUpper);
}

/** The share of observations between two values. NaN observations are in no share; `hasNaN` says there are some. */
export function nativeFraction(
  lower: number,
  upper: number,
  histogram: Histogram,
): { readonly value: number; readonly hasNaN: boolean } {
  if (histogram.count === 0 || Number.isNaN(lower) || Number.isNaN(upper))
    return { value: Number.NaN, hasNaN: false };
  if (lower >= upper) return { value: 0, hasNaN: false };
  const isCustom = usesCustomBuckets(histogram);
  const buckets = allBuckets(histogram);
  const rankOf = (value: number): number | undefined => {
    let rank = 0;
    for (const bucket of buckets) {
      let [from, to] = [bucket.lower, bucket.upper];
      const isZero = from <= 0 && to >= 0;
      if (isZero) [from, to] = zeroBounds(histogram, from, to);
      if (from >= value) return rank;
      if (from < value && to > value) {
        if ((isCustom || isZero) && from === Number.NEGATIVE_INFINITY) return bucket.count;
        return rank + bucket.count * fractionBelow(from, to, value, isCustom || isZero);
      }
      rank += bucket.count;
    }
    return undefined;
  };
  let count = histogram.count;
  let hasNaN = false;
  if (Number.isNaN(histogram.sum)) {
    count = buckets.reduce((total, bucket) => total + bucket.count, 0);
    hasNaN = count < histogram.count;
  }
  const clipped = (rank: number | undefined): number => (rank === undefined || rank > count ? count : rank);
  return { value: (clipped(rankOf(upper)) - clipped(rankOf(lower))) / histogram.count, hasNaN };
}
