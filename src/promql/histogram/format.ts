import type { Histogram } from '../../model/histogram.ts';
import { formatG } from '../numbers.ts';
import { type Bucket, sideBuckets, usesCustomBuckets } from './buckets.ts';

/** Writes a histogram as upstream's String does: `{count:2, sum:3, (1,2]:2}`. */
export function formatHistogram(histogram: Histogram): string {
  const parts = [`count:${formatG(histogram.count)}`, `sum:${formatG(histogram.sum)}`];
  for (const bucket of sideBuckets(histogram, 'negative').reverse()) {
    if (bucket.count !== 0) parts.push(formatBucket(bucket, '[', ')'));
  }
  const { zeroThreshold, zeroCount } = histogram;
  if (zeroCount !== 0)
    parts.push(formatBucket({ lower: -zeroThreshold, upper: zeroThreshold, count: zeroCount }, '[', ']'));
  const isCustom = usesCustomBuckets(histogram);
  for (const bucket of sideBuckets(histogram, 'positive')) {
    if (bucket.count === 0) continue;
    const open = isCustom && bucket.lower === Number.NEGATIVE_INFINITY ? '[' : '(';
    parts.push(formatBucket(bucket, open, ']'));
  }
  return `{${parts.join(', ')}}`;
}

const formatBucket = (bucket: Bucket, open: string, close: string): string =>
  `${open}${formatG(bucket.lower)},${formatG(bucket.upper)}${close}:${formatG(bucket.count)}`;
