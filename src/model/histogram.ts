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
}
