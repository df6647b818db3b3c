import {
  CUSTOM_BUCKETS_SCHEMA,
  type Histogram,
  type Span,
  sameNumbers,
  sameSpans,
} from '../../model/histogram.ts';
import { type Labels, labelValue, METRIC_NAME } from '../../model/labels.ts';
import { type Annotations, type HistogramOperation, texts } from '../annotations.ts';
import type { Position } from '../errors.ts';
import {
  type Combination,
  HistogramAccumulator,
  IncompatibleSchemasError,
  widenedZero,
} from './accumulator.ts';
import {
  eachBucket,
  mappedCustomIndex,
  reducedIndex,
  sharedBounds,
  toSpans,
  upperBound,
  usesCustomBuckets,
} from './buckets.ts';

/** A combined histogram with what combining brought to light. */
export interface Combined extends Combination {
  readonly histogram: Histogram;
}

/** @throws IncompatibleSchemasError */
export function addHistograms(a: Histogram, b: Histogram): Combined {
  const total = new HistogramAccumulator(a);
  const combination = total.add(b);
  return { ...combination, histogram: total.toHistogram() };
}

/** @throws IncompatibleSchemasError */
export function subtractHistograms(a: Histogram, b: Histogram): Combined {
  const total = new HistogramAccumulator(a);
  const combination = total.add(b, -1);
  return { ...combination, histogram: total.toHistogram() };
}

/** Where a warning about combining goes. */
export interface Site {
  readonly annotations: Annotations;
  readonly position: Position;
  readonly series: { readonly labels: Labels };
}

function combineOrWarn(
  site: Site,
  operation: HistogramOperation,
  combine: (a: Histogram, b: Histogram) => Combined,
  a: Histogram,
  b: Histogram,
): Histogram | undefined {
  try {
    const combined = combine(a, b);
    if (combined.isReconciled) {
      site.annotations.info(texts.mismatchedCustomBuckets(operation), site.position);
    }
    return combined.histogram;
  } catch (error) {
    if (!(error instanceof IncompatibleSchemasError)) throw error;
    site.annotations.warn(
      texts.mixedExponentialCustom(labelValue(site.series.labels, METRIC_NAME)),
      site.position,
    );
    return undefined;
  }
}

/** a + b; undefined, with a warning, when they cannot be combined. Conflicting reset hints are the caller's business. */
export const addInto = (site: Site, a: Histogram, b: Histogram): Histogram | undefined =>
  combineOrWarn(site, 'addition', addHistograms, a, b);

/** a - b, as addInto. */
export const subtractOrWarn = (site: Site, a: Histogram, b: Histogram): Histogram | undefined =>
  combineOrWarn(site, 'subtraction', subtractHistograms, a, b);

export function scaleHistogram(histogram: Histogram, factor: number): Histogram {
  return {
    ...histogram,
    zeroCount: histogram.zeroCount * factor,
    count: histogram.count * factor,
    sum: histogram.sum * factor,
    positiveBuckets: histogram.positiveBuckets.map((count) => count * factor),
    negativeBuckets: histogram.negativeBuckets.map((count) => count * factor),
    counterResetHint: factor < 0 ? 'gauge' : histogram.counterResetHint,
  };
}

/** Divides all counts; a division by zero leaves no buckets. */
export function divideHistogram(histogram: Histogram, divisor: number): Histogram {
  const isZero = divisor === 0;
  return {
    ...histogram,
    zeroCount: histogram.zeroCount / divisor,
    count: histogram.count / divisor,
    sum: histogram.sum / divisor,
    positiveSpans: isZero ? [] : histogram.positiveSpans,
    negativeSpans: isZero ? [] : histogram.negativeSpans,
    positiveBuckets: isZero ? [] : histogram.positiveBuckets.map((count) => count / divisor),
    negativeBuckets: isZero ? [] : histogram.negativeBuckets.map((count) => count / divisor),
    counterResetHint: divisor < 0 ? 'gauge' : histogram.counterResetHint,
  };
}

/** Without empty buckets, adjacent spans joined. */
export function compactHistogram(histogram: Histogram): Histogram {
  const positive = compactSide(histogram.positiveSpans, histogram.positiveBuckets);
  const negative = compactSide(histogram.negativeSpans, histogram.negativeBuckets);
  return {
    ...histogram,
    positiveSpans: positive.spans,
    positiveBuckets: positive.buckets,
    negativeSpans: negative.spans,
    negativeBuckets: negative.buckets,
  };
}

function compactSide(spans: readonly Span[], buckets: readonly number[]) {
  const indexes: number[] = [];
  eachBucket(spans, buckets, (index) => indexes.push(index));
  return toSpans(indexes, buckets);
}

/** Bit for bit the same data; empty spans and the reset hint aside. */
export function equalHistograms(a: Histogram, b: Histogram): boolean {
  return (
    a.schema === b.schema &&
    Object.is(a.count, b.count) &&
    Object.is(a.sum, b.sum) &&
    a.zeroThreshold === b.zeroThreshold &&
    Object.is(a.zeroCount, b.zeroCount) &&
    (!usesCustomBuckets(a) || sameNumbers(a.customValues, b.customValues)) &&
    sameSide(a.positiveSpans, a.positiveBuckets, b.positiveSpans, b.positiveBuckets) &&
    sameSide(a.negativeSpans, a.negativeBuckets, b.negativeSpans, b.negativeBuckets)
  );
}

function sameSide(
  aSpans: readonly Span[],
  aBuckets: readonly number[],
  bSpans: readonly Span[],
  bBuckets: readonly number[],
): boolean {
  if (!sameNumbers(aBuckets, bBuckets)) return false;
  const aIndexes: number[] = [];
  const bIndexes: number[] = [];
  eachBucket(aSpans, aBuckets, (index) => aIndexes.push(index));
  eachBucket(bSpans, bBuckets, (index) => bIndexes.push(index));
  return sameNumbers(aIndexes, bIndexes);
}

/** Whether a counter was reset between two histograms, by the hint or because something shrank. */
export function detectReset(current: Histogram, previous: Histogram): boolean {
  if (current.counterResetHint === 'reset') return true;
  if (current.counterResetHint === 'not_reset') return false;
  if (current.count < previous.count) return true;
  const isCustom = usesCustomBuckets(current);
  if (isCustom !== usesCustomBuckets(previous)) return true;
  if (isCustom && !sameNumbers(current.customValues, previous.customValues)) {
    return customBucketsShrank(current, previous);
  }
  if (current.schema > previous.schema || current.zeroThreshold < previous.zeroThreshold) return true;
  const zero = widenedZero(previous, current.zeroThreshold);
  if (zero.threshold !== current.zeroThreshold || current.zeroCount < zero.count) return true;
  return (
    sideShrank(
      current,
      current.positiveSpans,
      current.positiveBuckets,
      previous,
      previous.positiveSpans,
      previous.positiveBuckets,
    ) ||
    sideShrank(
      current,
      current.negativeSpans,
      current.negativeBuckets,
      previous,
      previous.negativeSpans,
      previous.negativeBuckets,
    )
  );
}

/** Whether a bucket has fewer observations than before, or one that had any is missing; what is in the zero bucket now is not looked at. */
function sideShrank(
  current: Histogram,
  currentSpans: readonly Span[],
  currentBuckets: readonly number[],
  previous: Histogram,
  previousSpans: readonly Span[],
  previousBuckets: readonly number[],
): boolean {
  const { schema, zeroThreshold } = current;
  const isSameSchema = previous.schema === schema;
  if (isSameSchema && noneBelow(currentSpans, currentBuckets, previousSpans, previousBuckets)) return false;
  const now = sideAt(currentSpans, currentBuckets, schema, schema);
  const before = sideAt(previousSpans, previousBuckets, previous.schema, schema);
  // Buckets ascend: none after the first above the zero bucket is in it.
  let isInZero = !usesCustomBuckets(current);
  let at = 0;
  for (const [i, index] of before.indexes.entries()) {
    isInZero &&= upperBound(index, schema, []) <= zeroThreshold;
    if (isInZero) continue;
    const count = before.counts[i]!;
    while (at < now.indexes.length && now.indexes[at]! < index) at++;
    if (now.indexes[at] === index ? now.counts[at]! < count : count !== 0) return true;
  }
  return false;
}

/** Buckets of one side in ascending order at a schema that is no finer: those that fall into one there are one. */
function sideAt(spans: readonly Span[], buckets: readonly number[], from: number, to: number) {
  const indexes: number[] = [];
  const counts: number[] = [];
  eachBucket(spans, buckets, (index, count) => {
    const target = from === to ? index : reducedIndex(index, from, to);
    if (indexes.at(-1) === target) counts[counts.length - 1]! += count;
    else {
      indexes.push(target);
      counts.push(count);
    }
  });
  return { indexes, counts };
}

/** What nearly all pairs of scrapes are: the same buckets, each as large as before or larger. */
function noneBelow(
  currentSpans: readonly Span[],
  currentBuckets: readonly number[],
  previousSpans: readonly Span[],
  previousBuckets: readonly number[],
): boolean {
  if (!sameSpans(currentSpans, previousSpans)) return false;
  for (let i = 0; i < previousBuckets.length; i++) if (currentBuckets[i]! < previousBuckets[i]!) return false;
  return true;
}

/** The same of two with different bounds, by those they share. */
function customBucketsShrank(current: Histogram, previous: Histogram): boolean {
  const bounds = sharedBounds(current.customValues, previous.customValues);
  const now = customCounts(current, bounds);
  return customCounts(previous, bounds).some((count, i) => now[i]! < count);
}

function customCounts(histogram: Histogram, bounds: readonly number[]): Float64Array {
  const counts = new Float64Array(bounds.length + 1);
  eachBucket(histogram.positiveSpans, histogram.positiveBuckets, (index, count) => {
    counts[mappedCustomIndex(index, histogram.customValues, bounds)]! += count;
  });
  return counts;
}

/** A histogram with no observations that may stand for another as its start. */
export function emptyLike(histogram: Histogram): Histogram {
  return {
    schema: histogram.schema,
    count: 0,
    sum: 0,
    zeroThreshold: 0,
    zeroCount: 0,
    positiveSpans: [],
    positiveBuckets: [],
    negativeSpans: [],
    negativeBuckets: [],
    customValues: histogram.schema === CUSTOM_BUCKETS_SCHEMA ? histogram.customValues : [],
    counterResetHint: 'unknown',
  };
}
