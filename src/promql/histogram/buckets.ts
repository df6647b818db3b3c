import { CUSTOM_BUCKETS_SCHEMA, type Histogram, type Span } from '../../model/histogram.ts';

/** One bucket with its bounds as numbers. */
export interface Bucket {
  lower: number;
  upper: number;
  readonly count: number;
}

export const usesCustomBuckets = (histogram: Histogram): boolean =>
  histogram.schema === CUSTOM_BUCKETS_SCHEMA;

/** Upper bound of the bucket with this index: 2^(index · 2^-schema) in absolute value, or a custom bound. */
export function upperBound(index: number, schema: number, customValues: readonly number[]): number {
  if (schema === CUSTOM_BUCKETS_SCHEMA) {
    if (index < 0) return Number.NEGATIVE_INFINITY;
    return index < customValues.length ? customValues[index]! : Number.POSITIVE_INFINITY;
  }
  if (schema <= 0) {
    const exponent = index * 2 ** -schema;
    return exponent === 1024 ? Number.MAX_VALUE : 2 ** exponent;
  }
  const perOctave = 2 ** schema;
  const whole = Math.floor(index / perOctave);
  const rest = index - whole * perOctave;
  if (rest === 0 && whole === 1024) return Number.MAX_VALUE;
  return 2 ** (rest / perOctave) * 2 ** whole;
}

/** Calls `visit` for each bucket of one side, in order of index. */
export function eachBucket(
  spans: readonly Span[],
  counts: readonly number[],
  visit: (index: number, count: number, at: number) => void,
): void {
  let index = 0;
  let at = 0;
  for (const span of spans) {
    index += span.offset;
    for (let i = 0; i < span.length && at < counts.length; i++) visit(index++, counts[at]!, at++);
  }
}

/** The buckets of the positive side from zero up, or of the negative side from zero down. */
export function sideBuckets(histogram: Histogram, side: 'positive' | 'negative'): Bucket[] {
  const { schema, customValues } = histogram;
  const isPositive = side === 'positive';
  const buckets: Bucket[] = [];
  const spans = isPositive ? histogram.positiveSpans : histogram.negativeSpans;
  const counts = isPositive ? histogram.positiveBuckets : histogram.negativeBuckets;
  eachBucket(spans, counts, (index, count) => {
    const outer = upperBound(index, schema, customValues);
    const inner = upperBound(index - 1, schema, customValues);
    buckets.push(
      isPositive ? { lower: inner, upper: outer, count } : { lower: -outer, upper: -inner, count },
    );
  });
  return buckets;
}

/** All buckets from the lowest to the highest; those beside the zero bucket are cut where they overlap it. */
export function allBuckets(histogram: Histogram): Bucket[] {
  const { zeroThreshold, zeroCount } = histogram;
  const buckets = sideBuckets(histogram, 'negative').reverse();
  if (zeroCount > 0) buckets.push({ lower: -zeroThreshold, upper: zeroThreshold, count: zeroCount });
  buckets.push(...sideBuckets(histogram, 'positive'));
  for (const bucket of buckets) {
    if (bucket.upper < 0 && bucket.upper > -zeroThreshold) bucket.upper = -zeroThreshold;
    else if (bucket.lower > 0 && bucket.lower < zeroThreshold) bucket.lower = zeroThreshold;
  }
  return buckets;
}

/** Spans and counts of buckets given by index in ascending order; empty ones are left out. */
export function toSpans(
  indexes: readonly number[],
  counts: readonly number[],
): { spans: readonly Span[]; buckets: readonly number[] } {
  const spans: { offset: number; length: number }[] = [];
  const buckets: number[] = [];
  let end = 0;
  for (let i = 0; i < indexes.length; i++) {
    if (counts[i] === 0) continue;
    const index = indexes[i]!;
    const last = spans.at(-1);
    if (last !== undefined && index === end) last.length++;
    else spans.push({ offset: last === undefined ? index : index - end, length: 1 });
    end = index + 1;
    buckets.push(counts[i]!);
  }
  return { spans, buckets };
}

/** Where a bucket goes when the resolution is reduced. */
export const reducedIndex = (index: number, from: number, to: number): number =>
  Math.floor((index - 1) / 2 ** (from - to)) + 1;

/** Bounds that two histograms with custom buckets share. */
export function sharedBounds(a: readonly number[], b: readonly number[]): number[] {
  const inB = new Set(b);
  return a.filter((bound) => inB.has(bound));
}

/** Where a custom bucket goes under fewer bounds: to the first that is not below its own. */
export function mappedCustomIndex(index: number, from: readonly number[], to: readonly number[]): number {
  if (index >= from.length) return to.length;
  const bound = from[index]!;
  let low = 0;
  let high = to.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (to[middle]! < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}
