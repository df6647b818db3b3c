/** A run of buckets: `offset` buckets are skipped (the first span's may be negative), then `length` follow. */
export interface Span {
  readonly offset: number;
  readonly length: number;
}

export type CounterResetHint = 'unknown' | 'reset' | 'not_reset' | 'gauge';

/** Schema of histograms with custom bucket bounds. */
export const CUSTOM_BUCKETS_SCHEMA = -53;

/**
 * A native histogram with absolute bucket counts. Schemas -4…8 have bounds at powers of 2^(2^-schema); schema -53 has the upper
 * bounds `customValues` (without +Inf) and only positive buckets. Buckets stand in the order of their spans.
 */
export interface Histogram {
  readonly schema: number;
  readonly count: number;
  readonly sum: number;
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly positiveSpans: readonly Span[];
  readonly positiveBuckets: readonly number[];
  readonly negativeSpans: readonly Span[];
  readonly negativeBuckets: readonly number[];
  readonly customValues: readonly number[];
  readonly counterResetHint: CounterResetHint;
  /** Set where the counts are floating-point numbers although all of them are whole; of others that is plain (`hasFloatCounts`). */
  readonly isFloat?: true;
}

/** Whether the histogram is one of floating-point counts, which upstream tells apart from one of integers wherever both are given away. */
export const hasFloatCounts = (histogram: Histogram): boolean =>
  histogram.isFloat === true || !hasWholeCounts(histogram);

function hasWholeCounts({ count, zeroCount, positiveBuckets, negativeBuckets }: Histogram): boolean {
  const isWhole = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
  return (
    isWhole(count) && isWhole(zeroCount) && positiveBuckets.every(isWhole) && negativeBuckets.every(isWhole)
  );
}

/** The histogram as one of floating-point counts. */
export const withFloatCounts = (histogram: Histogram): Histogram =>
  hasFloatCounts(histogram) ? histogram : { ...histogram, isFloat: true };

/** Buckets a histogram may have; more are refused. Exporters keep to a few hundred. */
const MAX_BUCKETS = 65_536;

/** Indexes of buckets lie within; farther out no double has a bucket. */
const MAX_INDEX = 2 ** 30;

/** What is wrong with a histogram's shape, or undefined: what is stored must be whole. Its counts are taken as they come. */
export function histogramProblem(histogram: Histogram): string | undefined {
  const { schema, customValues, negativeSpans, negativeBuckets } = histogram;
  const isCustom = schema === CUSTOM_BUCKETS_SCHEMA;
  if (!isCustom && !(Number.isInteger(schema) && schema >= -4 && schema <= 8)) {
    return `histogram has an invalid schema, which must be between -4 and 8 for exponential buckets, or ${CUSTOM_BUCKETS_SCHEMA} for custom buckets, got schema ${schema}`;
  }
  const problem =
    spanProblem('positive', histogram.positiveSpans, histogram.positiveBuckets) ??
    spanProblem('negative', negativeSpans, negativeBuckets);
  if (problem !== undefined) return problem;
  if (!isCustom) return customValues.length > 0 ? 'bounds given for exponential buckets' : undefined;
  if (negativeBuckets.length > 0 || histogram.zeroCount !== 0 || histogram.zeroThreshold !== 0) {
    return 'negative buckets or a zero bucket beside custom bounds';
  }
  if (customValues.some(Number.isNaN)) return 'NaN among custom bounds';
  for (let i = 1; i < customValues.length; i++) {
    if (!(customValues[i]! > customValues[i - 1]!)) return 'custom bounds are not in ascending order';
  }
  if (customValues.at(-1) === Number.POSITIVE_INFINITY)
    return '+Inf among custom bounds: it goes without saying';
  let end = 0;
  for (const { offset, length } of histogram.positiveSpans) end += offset + length;
  const isLow = (histogram.positiveSpans[0]?.offset ?? 0) < 0;
  return isLow || end > customValues.length + 1
    ? `buckets up to ${end} for ${customValues.length} custom bounds`
    : undefined;
}

function spanProblem(side: string, spans: readonly Span[], buckets: readonly number[]): string | undefined {
  let count = 0;
  let index = 0;
  for (const [i, { offset, length }] of spans.entries()) {
    if (!Number.isInteger(offset) || !Number.isInteger(length) || length < 0 || (i > 0 && offset < 0)) {
      return `${side} span ${i} has offset ${offset} and length ${length}`;
    }
    count += length;
    index += offset + length;
    if (Math.abs(index) > MAX_INDEX) return `${side} span ${i} lies outside of what a double can be`;
  }
  if (count !== buckets.length) return `${side} spans of ${count} buckets, but ${buckets.length} counts`;
  return count > MAX_BUCKETS ? `${count} ${side} buckets, more than ${MAX_BUCKETS}` : undefined;
}

export const sameNumbers = (a: readonly number[], b: readonly number[]): boolean =>
  a === b || (a.length === b.length && a.every((value, i) => Object.is(value, b[i])));

export const sameSpans = (a: readonly Span[], b: readonly Span[]): boolean =>
  a === b ||
  (a.length === b.length &&
    a.every(({ offset, length }, i) => offset === b[i]!.offset && length === b[i]!.length));
