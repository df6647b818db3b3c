/** Quantiles and fractions of classic histograms: cumulative counts below upper bounds (`le`). */
import { almostEqual } from '../almost-equal.ts';

export interface ClassicBucket {
  readonly upper: number;
  count: number;
}

export interface ClassicQuantile {
  readonly value: number;
  /** Between which bounds and by how much counts had to be raised to grow with the bound; undefined when none had to. */
  readonly forced: { readonly from: number; readonly to: number; readonly difference: number } | undefined;
}

/** Relative differences of counts below this are rounding errors. */
const SMALL_DIFFERENCE = 1e-12;

const plain = (value: number): ClassicQuantile => ({ value, forced: undefined });

/** The q-quantile, linear within a bucket. `buckets` come sorted by bound; their counts are put in order in place. */
export function classicQuantile(q: number, sorted: readonly ClassicBucket[]): ClassicQuantile {
  if (Number.isNaN(q)) return plain(Number.NaN);
  if (q < 0) return plain(Number.NEGATIVE_INFINITY);
  if (q > 1) return plain(Number.POSITIVE_INFINITY);
  if (sorted.at(-1)!.upper !== Number.POSITIVE_INFINITY) return plain(Number.NaN);
  const buckets = coalesce(sorted);
  const forced = makeMonotonic(buckets);
  const last = buckets.length - 1;
  const observations = buckets[last]!.count;
  if (buckets.length < 2 || observations === 0) return { value: Number.NaN, forced };
  const rank = q * observations;
  let at = 0;
  while (at < last && !(buckets[at]!.count >= rank)) at++;
  if (at === last) return { value: buckets[last - 1]!.upper, forced };
  const { upper, count } = buckets[at]!;
  if (at === 0 && upper <= 0) return { value: upper, forced };
  const lower = at > 0 ? buckets[at - 1]!.upper : 0;
  const below = at > 0 ? buckets[at - 1]!.count : 0;
  return { value: lower + (upper - lower) * ((rank - below) / (count - below)), forced };
}

/** The share of observations between two values, linear within a bucket. */
export function classicFraction(lower: number, upper: number, sorted: readonly ClassicBucket[]): number {
  const buckets = coalesce(sorted);
  const last = buckets.at(-1)!;
  if (last.upper !== Number.POSITIVE_INFINITY) return Number.NaN;
  const { count } = last;
  if (count === 0 || Number.isNaN(lower) || Number.isNaN(upper)) return Number.NaN;
  if (lower >= upper) return 0;
  const rankOf = (value: number): number => {
    if (value === Number.POSITIVE_INFINITY) return count;
    let before = 0;
    let from = buckets[0]!.upper <= 0 ? Number.NEGATIVE_INFINITY : 0;
    for (const bucket of buckets) {
      if (value < bucket.upper) {
        if (value <= from) return before;
        if (from === Number.NEGATIVE_INFINITY) return bucket.count;
        return before + ((bucket.count - before) * (value - from)) / (bucket.upper - from);
      }
      before = bucket.count;
      from = bucket.upper;
    }
    return before;
  };
  return (Math.min(count, rankOf(upper)) - Math.min(count, rankOf(lower))) / count;
}

/** Buckets with the same bound become one. */
function coalesce(sorted: readonly ClassicBucket[]): ClassicBucket[] {
  const buckets: ClassicBucket[] = [];
  for (const bucket of sorted) {
    const last = buckets.at(-1);
    if (last?.upper === bucket.upper) last.count += bucket.count;
    else buckets.push({ ...bucket });
  }
  return buckets;
}

function makeMonotonic(buckets: ClassicBucket[]): ClassicQuantile['forced'] {
  let from = Number.POSITIVE_INFINITY;
  let to = Number.NEGATIVE_INFINITY;
  let difference = 0;
  let isForced = false;
  let previous = buckets[0]!.count;
  for (let i = 1; i < buckets.length; i++) {
    const { count, upper } = buckets[i]!;
    if (count === previous) continue;
    if (almostEqual(previous, count, SMALL_DIFFERENCE)) {
      buckets[i]!.count = previous;
      continue;
    }
    if (count < previous) {
      isForced = true;
      from = Math.min(from, upper);
      to = Math.max(to, upper);
      difference = Math.max(difference, previous - count);
      buckets[i]!.count = previous;
      continue;
    }
    previous = count;
  }
  return isForced ? { from, to, difference } : undefined;
}
