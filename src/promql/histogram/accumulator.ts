import {
  type CounterResetHint,
  CUSTOM_BUCKETS_SCHEMA,
  type Histogram,
  type Span,
  sameNumbers,
} from '../../model/histogram.ts';
import { isInfinite, KahanSum } from '../go-math.ts';
import { eachBucket, mappedCustomIndex, reducedIndex, sharedBounds, toSpans, upperBound } from './buckets.ts';

/** Exponential and custom buckets cannot be combined. */
export class IncompatibleSchemasError extends Error {
  constructor() {
    super('histograms with exponential and custom buckets cannot be combined');
    this.name = 'IncompatibleSchemasError';
  }
}

/** What adding a histogram brought to light. */
export interface Combination {
  /** One side says the counter was reset, the other that it was not. */
  readonly isCollision: boolean;
  /** Custom bounds differed and were reduced to those both have. */
  readonly isReconciled: boolean;
}

/** One side's buckets by index, ascending. */
interface Side {
  readonly indexes: number[];
  readonly counts: KahanSum[];
}

/**
 * A sum of histograms with the compensation of each number. Schemas, zero thresholds and custom bounds of what is added are
 * reconciled to the coarser of the two.
 */
export class HistogramAccumulator {
  private schema: number;
  private hint: CounterResetHint;
  private customValues: readonly number[];
  private zeroThreshold: number;
  private readonly zero: KahanSum;
  private readonly count: KahanSum;
  private readonly sum: KahanSum;
  private positive: Side;
  private negative: Side;

  constructor(histogram: Histogram) {
    this.schema = histogram.schema;
    this.hint = histogram.counterResetHint;
    this.customValues = histogram.customValues;
    this.zeroThreshold = histogram.zeroThreshold;
    this.zero = new KahanSum(histogram.zeroCount);
    this.count = new KahanSum(histogram.count);
    this.sum = new KahanSum(histogram.sum);
    this.positive = sideOf(histogram.positiveSpans, histogram.positiveBuckets);
    this.negative = sideOf(histogram.negativeSpans, histogram.negativeBuckets);
  }

  /**
   * Adds a histogram times `sign`.
   * @throws IncompatibleSchemasError when one has exponential and the other custom buckets
   */
  add(other: Histogram, sign: 1 | -1 = 1): Combination {
    const isCustom = this.schema === CUSTOM_BUCKETS_SCHEMA;
    if (isCustom !== (other.schema === CUSTOM_BUCKETS_SCHEMA)) throw new IncompatibleSchemasError();
    const isCollision = this.adjustHint(other.counterResetHint);
    this.count.add(sign * other.count);
    this.sum.add(sign * other.sum);
    if (isCustom) return { isCollision, isReconciled: this.addCustom(other, sign) };
    const otherZero = this.reconcileZero(other);
    this.zero.add(sign * otherZero);
    if (other.schema < this.schema) this.reduceTo(other.schema);
    this.addSide(this.positive, other.positiveSpans, other.positiveBuckets, other.schema, sign);
    this.addSide(this.negative, other.negativeSpans, other.negativeBuckets, other.schema, sign);
    return { isCollision, isReconciled: false };
  }

  /** Multiplies all counts and the sum. */
  scale(factor: number): void {
    for (const number of this.numbers()) number.reset(number.sum * factor, number.compensation * factor);
  }

  divide(divisor: number): void {
    for (const number of this.numbers()) number.reset(number.sum / divisor, number.compensation / divisor);
  }

  hasOverflow(): boolean {
    const { zero, count, sum, positive, negative } = this;
    const isOver = (number: KahanSum): boolean => isInfinite(number.sum);
    return [zero, count, sum].some(isOver) || positive.counts.some(isOver) || negative.counts.some(isOver);
  }

  /** The sum divided by `divisor`, without empty buckets. */
  toHistogram(divisor = 1): Histogram {
    const value = (number: KahanSum): number =>
      divisor === 1 ? number.value : number.sum / divisor + number.compensation / divisor;
    const positive = toSpans(this.positive.indexes, this.positive.counts.map(value));
    const negative = toSpans(this.negative.indexes, this.negative.counts.map(value));
    return {
      schema: this.schema,
      count: value(this.count),
      sum: value(this.sum),
      zeroThreshold: this.zeroThreshold,
      zeroCount: value(this.zero),
      positiveSpans: positive.spans,
      positiveBuckets: positive.buckets,
      negativeSpans: negative.spans,
      negativeBuckets: negative.buckets,
      customValues: this.customValues,
      counterResetHint: this.hint,
    };
  }

  private *numbers(): Generator<KahanSum> {
    yield this.zero;
    yield this.count;
    yield this.sum;
    yield* this.positive.counts;
    yield* this.negative.counts;
  }

  private adjustHint(other: CounterResetHint): boolean {
    if (other === this.hint || this.hint === 'gauge') return false;
    if (other === 'gauge') {
      this.hint = 'gauge';
      return false;
    }
    const isCollision = this.hint !== 'unknown' && other !== 'unknown';
    this.hint = 'unknown';
    return isCollision;
  }

  private addCustom(other: Histogram, sign: 1 | -1): boolean {
    if (sameNumbers(this.customValues, other.customValues)) {
      eachBucket(other.positiveSpans, other.positiveBuckets, (index, count) => {
        addAt(this.positive, index, sign * count, 0);
      });
      return false;
    }
    const shared = sharedBounds(this.customValues, other.customValues);
    const mapped: Side = { indexes: [], counts: [] };
    for (let i = 0; i < this.positive.indexes.length; i++) {
      const { sum, compensation } = this.positive.counts[i]!;
      addAt(
        mapped,
        mappedCustomIndex(this.positive.indexes[i]!, this.customValues, shared),
        sum,
        compensation,
      );
    }
    eachBucket(other.positiveSpans, other.positiveBuckets, (index, count) => {
      addAt(mapped, mappedCustomIndex(index, other.customValues, shared), sign * count, 0);
    });
    this.positive = mapped;
    this.customValues = shared;
    return true;
  }

  /** Widens the narrower of the two zero buckets; returns the zero count to add. */
  private reconcileZero(other: Histogram): number {
    let otherZero = other.zeroCount;
    let otherThreshold = other.zeroThreshold;
    while (otherThreshold !== this.zeroThreshold) {
      if (this.zeroThreshold > otherThreshold) {
        const wider = widenedZero(other, this.zeroThreshold);
        otherZero = wider.count;
        otherThreshold = wider.threshold;
      }
      if (otherThreshold > this.zeroThreshold) this.widenZero(otherThreshold);
    }
    return otherZero;
  }

  private widenZero(threshold: number): void {
    const wider = widenedZero(this.toHistogram(), threshold);
    this.zeroThreshold = wider.threshold;
    for (const side of [this.positive, this.negative]) {
      const isSwallowed = (index: number): boolean => upperBound(index, this.schema, []) <= wider.threshold;
      let swallowed = 0;
      while (swallowed < side.indexes.length && isSwallowed(side.indexes[swallowed]!)) {
        const { sum, compensation } = side.counts[swallowed]!;
        this.zero.add(sum);
        this.zero.add(compensation);
        swallowed++;
      }
      side.indexes.splice(0, swallowed);
      side.counts.splice(0, swallowed);
    }
  }

  private reduceTo(schema: number): void {
    const reduce = (side: Side): Side => {
      const reduced: Side = { indexes: [], counts: [] };
      for (let i = 0; i < side.indexes.length; i++) {
        const { sum, compensation } = side.counts[i]!;
        addAt(reduced, reducedIndex(side.indexes[i]!, this.schema, schema), sum, compensation);
      }
      return reduced;
    };
    this.positive = reduce(this.positive);
    this.negative = reduce(this.negative);
    this.schema = schema;
  }

  private addSide(
    side: Side,
    spans: readonly Span[],
    buckets: readonly number[],
    schema: number,
    sign: 1 | -1,
  ): void {
    // Buckets ascend: none after the first above the zero bucket is in it, and none goes before the one before it.
    let isInZero = true;
    let place = 0;
    eachBucket(spans, buckets, (index, count) => {
      const target = schema === this.schema ? index : reducedIndex(index, schema, this.schema);
      isInZero &&= upperBound(target, this.schema, []) <= this.zeroThreshold;
      if (isInZero) return;
      place = addAt(side, target, sign * count, 0, place);
    });
  }
}

function sideOf(spans: readonly Span[], buckets: readonly number[]): Side {
  const side: Side = { indexes: [], counts: [] };
  eachBucket(spans, buckets, (index, count) => {
    side.indexes.push(index);
    side.counts.push(new KahanSum(count));
  });
  return side;
}

/** Adds to the bucket with that index, which is at `from` or behind; returns its place. */
function addAt(
  { indexes, counts }: Side,
  index: number,
  sum: number,
  compensation: number,
  from = 0,
): number {
  const place = placeOf(indexes, index, from);
  if (indexes[place] === index) {
    const number = counts[place]!;
    number.add(sum);
    if (compensation !== 0) number.add(compensation);
    return place;
  }
  const number = new KahanSum();
  number.reset(sum, compensation);
  indexes.splice(place, 0, index);
  counts.splice(place, 0, number);
  return place;
}

/** Where an index stands or belongs. Mostly that is the next place: histograms of one metric have the same buckets. */
function placeOf(indexes: readonly number[], index: number, from: number): number {
  if (indexes[from] === index) return from;
  if (indexes[from + 1] === index) return from + 1;
  let low = from;
  let high = indexes.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (indexes[middle]! < index) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The zero count for a wider zero bucket. A populated bucket that the threshold would cut is taken in whole, so the threshold
 * returned may be wider still.
 */
export function widenedZero(histogram: Histogram, wanted: number): { count: number; threshold: number } {
  // Nothing is wider: a bucket that the threshold cuts already stays as it is.
  if (wanted === histogram.zeroThreshold) return { count: histogram.zeroCount, threshold: wanted };
  let threshold = wanted;
  for (;;) {
    let count = histogram.zeroCount;
    const positive = swallow(histogram.positiveSpans, histogram.positiveBuckets, histogram.schema, threshold);
    count += positive.count;
    threshold = positive.threshold;
    const negative = swallow(histogram.negativeSpans, histogram.negativeBuckets, histogram.schema, threshold);
    count += negative.count;
    if (negative.threshold === threshold) return { count, threshold };
    threshold = negative.threshold;
  }
}

function swallow(spans: readonly Span[], buckets: readonly number[], schema: number, wanted: number) {
  let count = 0;
  let threshold = wanted;
  let index = 0;
  let at = 0;
  for (const span of spans) {
    index += span.offset;
    for (let i = 0; i < span.length && at < buckets.length; i++, index++, at++) {
      // Buckets ascend: the others are above, too.
      if (upperBound(index - 1, schema, []) >= threshold) return { count, threshold };
      const inBucket = buckets[at]!;
      count += inBucket;
      const upper = upperBound(index, schema, []);
      if (upper > threshold && inBucket !== 0) threshold = upper;
    }
  }
  return { count, threshold };
}
