import { CUSTOM_BUCKETS_SCHEMA, type Histogram, histogramProblem, type Span } from './histogram.ts';

export const MIN_SCHEMA = -4;
const MAX_SCHEMA = 8;

/** Finest schema there may ever be; what is finer than ours is taken at ours. */
const FINEST_SCHEMA = 52;

/**
 * A histogram as somebody sent it, at our finest schema when it is finer.
 * @returns what is wrong with it instead, as text
 */
export function receivedHistogram(histogram: Histogram): Histogram | string {
  const { schema } = histogram;
  const isFiner = Number.isInteger(schema) && schema > MAX_SCHEMA && schema <= FINEST_SCHEMA;
  const problem = histogramProblem(isFiner ? { ...histogram, schema: MAX_SCHEMA } : histogram);
  return problem ?? (isFiner ? withSchema(histogram, MAX_SCHEMA) : histogram);
}

/** The histogram with each bucket merged into that of a coarser schema; itself when its buckets are custom or coarse enough. */
export function withSchema(histogram: Histogram, schema: number): Histogram {
  if (histogram.schema === CUSTOM_BUCKETS_SCHEMA || histogram.schema <= schema) return histogram;
  const ratio = 2 ** (histogram.schema - schema);
  const positive = merged(histogram.positiveSpans, histogram.positiveBuckets, ratio);
  const negative = merged(histogram.negativeSpans, histogram.negativeBuckets, ratio);
  return {
    ...histogram,
    schema,
    positiveSpans: positive.spans,
    positiveBuckets: positive.buckets,
    negativeSpans: negative.spans,
    negativeBuckets: negative.buckets,
  };
}

function merged(
  spans: readonly Span[],
  counts: readonly number[],
  ratio: number,
): { spans: readonly Span[]; buckets: readonly number[] } {
  const joined: { offset: number; length: number }[] = [];
  const buckets: number[] = [];
  let index = 0;
  let place = 0;
  let last = 0;
  for (const { offset, length } of spans) {
    index += offset;
    for (let i = 0; i < length; i++, index++) {
      const coarse = Math.floor((index - 1) / ratio) + 1;
      const count = counts[place++]!;
      if (buckets.length > 0 && coarse === last) {
        buckets[buckets.length - 1]! += count;
        continue;
      }
      if (buckets.length > 0 && coarse === last + 1) joined[joined.length - 1]!.length++;
      else joined.push({ offset: buckets.length === 0 ? coarse : coarse - last - 1, length: 1 });
      buckets.push(count);
      last = coarse;
    }
  }
  return { spans: joined, buckets };
}

/** The finest schema whose buckets grow by at least `factor`, as upstream picks it; a factor up to 1 asks for nothing. */
export function schemaOfFactor(factor: number): number {
  if (factor <= 1) return MAX_SCHEMA;
  return Math.min(MAX_SCHEMA, Math.max(MIN_SCHEMA, Math.floor(-Math.log2(Math.log2(factor)))));
}
