import { CUSTOM_BUCKETS_SCHEMA, type Histogram } from '../model/histogram.ts';
import { MIN_SCHEMA, receivedHistogram, schemaOfFactor, withSchema } from '../model/histogram-resolution.ts';

/** Limits on native histograms. */
export interface HistogramLimits {
  /** 0 is none. */
  readonly native_histogram_bucket_limit: number;
  readonly native_histogram_min_bucket_factor: number;
}

/**
 * The histogram as it is stored: no finer than the job wants, and with no more buckets than it allows.
 * @throws Error when it is malformed or cannot be made coarse enough
 */
export function checkHistogram(histogram: Histogram, limits: HistogramLimits): Histogram {
  const { schema } = histogram;
  const received = receivedHistogram(histogram);
  const problem = typeof received === 'string' ? received : countProblem(histogram);
  if (typeof received === 'string' || problem !== undefined) {
    throw new Error(`invalid native histogram: ${problem}`);
  }
  let checked = withSchema(received, schemaOfFactor(limits.native_histogram_min_bucket_factor));
  const limit = limits.native_histogram_bucket_limit || Number.POSITIVE_INFINITY;
  while (checked.positiveBuckets.length + checked.negativeBuckets.length > limit) {
    if (schema === CUSTOM_BUCKETS_SCHEMA || checked.schema <= MIN_SCHEMA) {
      throw new Error(`histogram bucket limit exceeded: native_histogram_bucket_limit ${limit}`);
    }
    checked = withSchema(checked, checked.schema - 1);
  }
  return checked;
}

function countProblem({ count, zeroCount, positiveBuckets, negativeBuckets }: Histogram): string | undefined {
  if (!(count >= 0)) return `a count of ${count}`;
  if (!(zeroCount >= 0)) return `${zeroCount} observations of zero`;
  const negative = [...positiveBuckets, ...negativeBuckets].find((bucket) => !(bucket >= 0));
  return negative === undefined ? undefined : `a bucket with ${negative} observations`;
}
