import type { Histogram } from '../../model/histogram.ts';
import { isInfinite } from '../go-math.ts';
import { compactHistogram } from './arithmetic.ts';
import { type Bucket, sideBuckets, usesCustomBuckets } from './buckets.ts';
import { fractionBelow } from './quantile.ts';

/** Which end of the observations a trim takes away: `</` the upper, `>/` the lower. */
export type TrimSide = 'upper' | 'lower';

/** What is left of a bucket, and where its observations are taken to lie. */
interface Kept {
  readonly count: number;
  readonly middle: number;
}

/**
 * Removes the observations above (`upper`) or below (`lower`) a value; a bucket across it is cut by interpolation. Count and
 * sum are estimated anew from what is left, unless nothing was removed.
 */
export function trimHistogram(histogram: Histogram, at: number, side: TrimSide): Histogram {
  const isCustom = usesCustomBuckets(histogram);
  let count = 0;
  let sum = 0;
  let isTrimmed = false;
  const trimSide = (name: 'positive' | 'negative'): { counts: number[]; isPopulated: boolean } => {
    let isPopulated = false;
    const counts = sideBuckets(histogram, name).map((bucket) => {
      if (bucket.count === 0) return 0;
      isPopulated = true;
      const kept = keptOf(bucket, at, side, name === 'positive', isCustom);
      count += kept.count;
      sum += kept.middle * kept.count;
      if (kept.count !== bucket.count) isTrimmed = true;
      return kept.count;
    });
    return { counts, isPopulated };
  };
  const positive = trimSide('positive');
  const negative = trimSide('negative');
  let { zeroCount } = histogram;
  if (zeroCount > 0) {
    const kept = keptOfZero(histogram, at, side, negative.isPopulated, positive.isPopulated);
    if (kept.count !== zeroCount) isTrimmed = true;
    zeroCount = kept.count;
    count += kept.count;
    sum += kept.middle * kept.count;
  }
  if (!isTrimmed) return histogram;
  return compactHistogram({
    ...histogram,
    count,
    sum,
    zeroCount,
    positiveBuckets: positive.counts,
    negativeBuckets: negative.counts,
  });
}

function keptOf(bucket: Bucket, at: number, side: TrimSide, isPositive: boolean, isCustom: boolean): Kept {
  const { lower, upper, count } = bucket;
  const isUpper = side === 'upper';
  if (isUpper ? upper <= at : lower >= at)
    return { count, middle: middleOf(lower, upper, isPositive, isCustom) };
  if (!(isUpper ? lower < at : upper > at)) return { count: 0, middle: 0 };
  if (isInfinite(lower) || isInfinite(upper)) return keptOfInfinite(bucket, at, side);
  const below = count * fractionBelow(lower, upper, at, isCustom);
  return isUpper
    ? { count: below, middle: middleOf(lower, at, isPositive, isCustom) }
    : { count: count - below, middle: middleOf(at, upper, isPositive, isCustom) };
}

/** A bucket without end cannot be cut in proportion: it is kept or dropped whole, unless zero may be taken as its lower end. */
function keptOfInfinite(bucket: Bucket, at: number, side: TrimSide): Kept {
  const { lower, upper, count } = bucket;
  if (lower === Number.NEGATIVE_INFINITY) {
    const hasEnd = upper !== Number.POSITIVE_INFINITY;
    if (side === 'upper') {
      if (at > 0 && upper > 0 && hasEnd) return { count: (count * at) / upper, middle: at / 2 };
      return upper <= 0 ? { count, middle: at } : { count: 0, middle: 0 };
    }
    if (at >= 0 && upper > at && hasEnd) return { count: count * (1 - at / upper), middle: (at + upper) / 2 };
    return { count: 0, middle: 0 };
  }
  return side === 'lower' && at >= lower ? { count, middle: at } : { count: 0, middle: 0 };
}

function keptOfZero(
  histogram: Histogram,
  at: number,
  side: TrimSide,
  hasNegative: boolean,
  hasPositive: boolean,
): Kept {
  const { zeroThreshold, zeroCount } = histogram;
  const lower = hasPositive && !hasNegative ? 0 : -zeroThreshold;
  const upper = hasNegative && !hasPositive ? 0 : zeroThreshold;
  const whole = { count: zeroCount, middle: (lower + upper) / 2 };
  const none = { count: 0, middle: 0 };
  if (at <= lower) return side === 'upper' ? none : whole;
  if (at >= upper) return side === 'upper' ? whole : none;
  const below = (at - lower) / (upper - lower);
  return side === 'upper'
    ? { count: zeroCount * below, middle: (lower + at) / 2 }
    : { count: (zeroCount * (upper - at)) / (upper - lower), middle: (at + upper) / 2 };
}

function middleOf(lower: number, upper: number, isPositive: boolean, isLinear: boolean): number {
  if (isInfinite(lower)) {
    if (isInfinite(upper)) return 0;
    return upper > 0 ? upper / 2 : upper;
  }
  if (isInfinite(upper)) return lower;
  if (isLinear) return (lower + upper) / 2;
  const middle = Math.sqrt(Math.abs(lower * upper));
  return isPositive ? middle : -middle;
}
