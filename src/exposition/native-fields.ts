import { type CounterResetHint, type Histogram, type Span, withFloatCounts } from '../model/histogram.ts';

/** What a metric of io.prometheus.client says of its native histogram, field by field. Kept and reused: `clear` begins another. */
export class NativeFields {
  count = 0;
  countFloat = 0;
  schema = 0;
  zeroThreshold = 0;
  zeroCount = 0;
  zeroCountFloat = 0;
  positiveSpans: Span[] = [];
  negativeSpans: Span[] = [];
  positiveDeltas: number[] = [];
  negativeDeltas: number[] = [];
  positiveCounts: number[] = [];
  negativeCounts: number[] = [];

  /** Exporters mark one without observations by an empty span. */
  get isNative(): boolean {
    return (
      this.positiveSpans.length > 0 ||
      this.negativeSpans.length > 0 ||
      this.zeroThreshold > 0 ||
      this.zeroCount > 0
    );
  }

  clear(): void {
    this.count = 0;
    this.countFloat = 0;
    this.schema = 0;
    this.zeroThreshold = 0;
    this.zeroCount = 0;
    this.zeroCountFloat = 0;
    // What was collected may have become the property of a histogram.
    if (this.positiveSpans.length > 0) this.positiveSpans = [];
    if (this.negativeSpans.length > 0) this.negativeSpans = [];
    if (this.positiveDeltas.length > 0) this.positiveDeltas = [];
    if (this.negativeDeltas.length > 0) this.negativeDeltas = [];
    if (this.positiveCounts.length > 0) this.positiveCounts = [];
    if (this.negativeCounts.length > 0) this.negativeCounts = [];
  }

  /** What was collected becomes the histogram's own. */
  histogram(sum: number, counterResetHint: CounterResetHint): Histogram {
    const isFloat = this.countFloat > 0 || this.zeroCountFloat > 0;
    const histogram: Histogram = {
      schema: this.schema,
      count: isFloat ? this.countFloat : this.count,
      sum,
      zeroThreshold: this.zeroThreshold,
      zeroCount: isFloat ? this.zeroCountFloat : this.zeroCount,
      positiveSpans: this.positiveSpans,
      positiveBuckets: isFloat ? this.positiveCounts : summedUp(this.positiveDeltas),
      negativeSpans: this.negativeSpans,
      negativeBuckets: isFloat ? this.negativeCounts : summedUp(this.negativeDeltas),
      customValues: [],
      counterResetHint,
    };
    return isFloat ? withFloatCounts(histogram) : histogram;
  }
}

/** Counts from the differences between neighbours, in place. */
function summedUp(deltas: number[]): number[] {
  for (let i = 1; i < deltas.length; i++) deltas[i]! += deltas[i - 1]!;
  return deltas;
}
