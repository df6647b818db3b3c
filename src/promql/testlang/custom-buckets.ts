import { CUSTOM_BUCKETS_SCHEMA, type Histogram } from '../../model/histogram.ts';
import { type Labels, labelsKey, labelValue, METRIC_NAME, withLabels } from '../../model/labels.ts';
import { compactHistogram } from '../histogram/arithmetic.ts';
import { parseGoFloat } from '../numbers.ts';

interface Classic {
  readonly labels: Labels;
  readonly byTime: Map<
    number,
    { readonly bounds: Map<number, number>; count: number | undefined; sum: number }
  >;
}

/**
 * Collects classic histograms sample by sample and turns them into native ones with custom buckets, named without the suffix.
 */
export class CustomBucketConverter {
  private readonly classics = new Map<string, Classic>();

  /** Takes a sample of a series if it belongs to a classic histogram. */
  add(labels: Labels, timestamp: number, value: number): void {
    const match = /^(.*)_(bucket|count|sum)$/s.exec(labelValue(labels, METRIC_NAME));
    if (!match) return;
    const [, base, part] = match as unknown as [string, string, string];
    const bound = part === 'bucket' ? parseGoFloat(labelValue(labels, 'le')) : 0;
    if (bound === undefined || Number.isNaN(bound)) return;
    const sample = this.sampleOf(withLabels(labels, { [METRIC_NAME]: base, le: '' }), timestamp);
    if (part === 'bucket') sample.bounds.set(bound, value);
    else if (part === 'count') sample.count = value;
    else sample.sum = value;
  }

  private sampleOf(labels: Labels, timestamp: number) {
    const key = labelsKey(labels);
    let classic = this.classics.get(key);
    if (classic === undefined) {
      classic = { labels, byTime: new Map() };
      this.classics.set(key, classic);
    }
    let sample = classic.byTime.get(timestamp);
    if (sample === undefined) {
      sample = { bounds: new Map(), count: undefined, sum: 0 };
      classic.byTime.set(timestamp, sample);
    }
    return sample;
  }

  *histograms(): Generator<{ labels: Labels; timestamp: number; histogram: Histogram }> {
    for (const { labels, byTime } of this.classics.values()) {
      for (const [timestamp, { bounds, count, sum }] of byTime) {
        yield { labels, timestamp, histogram: convert(bounds, count, sum) };
      }
    }
  }
}

/** Cumulative counts made absolute; the bound +Inf goes without saying. */
function convert(bounds: ReadonlyMap<number, number>, given: number | undefined, sum: number): Histogram {
  const sorted = [...bounds].sort((a, b) => a[0] - b[0]);
  const count = given ?? sorted.at(-1)?.[1] ?? 0;
  if (sorted.at(-1)?.[0] !== Number.POSITIVE_INFINITY) sorted.push([Number.POSITIVE_INFINITY, count]);
  let previous = 0;
  const buckets = sorted.map(([, cumulative]) => {
    const absolute = cumulative - previous;
    previous = cumulative;
    return absolute;
  });
  return compactHistogram({
    schema: CUSTOM_BUCKETS_SCHEMA,
    count,
    sum,
    zeroThreshold: 0,
    zeroCount: 0,
    positiveSpans: [{ offset: 0, length: buckets.length }],
    positiveBuckets: buckets,
    negativeSpans: [],
    negativeBuckets: [],
    customValues: sorted.slice(0, -1).map(([bound]) => bound),
    counterResetHint: 'unknown',
  });
}
