import { quote } from '../model/labels.ts';
import { lineColumn, type Position } from './errors.ts';
import { formatG } from './numbers.ts';

export type AnnotationKind = 'warning' | 'info';

/** Something to tell about a result that is there nonetheless. */
interface Annotation {
  readonly kind: AnnotationKind;
  readonly text: string;
  position: Position;
  /** Counted or widened when the same annotation comes again. */
  details?: MonotonicityDetails;
  count: number;
}

interface MonotonicityDetails {
  minTime: number;
  maxTime: number;
  minBucket: number;
  maxBucket: number;
  maxDiff: number;
}

/** Collects the annotations of a query, each text once. */
export class Annotations {
  private readonly byText = new Map<string, Annotation>();

  /** `text` follows `PromQL warning: ` or `PromQL info: `. */
  add(kind: AnnotationKind, text: string, position: Position): void {
    const known = this.byText.get(text);
    if (known) known.position = position;
    else this.byText.set(text, { kind, text, position, count: 1 });
  }

  warn(text: string, position: Position): void {
    this.add('warning', text, position);
  }

  info(text: string, position: Position): void {
    this.add('info', text, position);
  }

  possibleNonCounter(metric: string, position: Position, type?: string): void {
    this.info(
      type === undefined ? texts.possibleNonCounter(metric) : texts.possibleNonCounterLabel(metric, type),
      position,
    );
  }

  startTimeOverlap(metric: string, position: Position): void {
    const text = `sample has start time that overlaps with previous sample timestamp for metric ${quote(metric)}`;
    const known = this.byText.get(text);
    if (known) known.count++;
    else this.byText.set(text, { kind: 'warning', text, position, count: 1 });
  }

  /** Says over which buckets, by how much and when a classic histogram had to be made monotonic. */
  forcedMonotonicity(
    metric: string,
    position: Position,
    time: number,
    from: number,
    to: number,
    diff: number,
  ): void {
    const text = `input to histogram_quantile needed to be fixed for monotonicity (see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)${forMetric(metric)}`;
    const known = this.byText.get(text);
    if (known?.details) {
      const { details } = known;
      details.minTime = Math.min(details.minTime, time);
      details.maxTime = Math.max(details.maxTime, time);
      details.minBucket = Math.min(details.minBucket, from);
      details.maxBucket = Math.max(details.maxBucket, to);
      details.maxDiff = Math.max(details.maxDiff, diff);
      known.count++;
      return;
    }
    const details = { minTime: time, maxTime: time, minBucket: from, maxBucket: to, maxDiff: diff };
    this.byText.set(text, { kind: 'info', text, position, count: 1, details });
  }

  /** The texts with their positions in the query. */
  texts(kind: AnnotationKind, query: string): string[] {
    const texts: string[] = [];
    for (const annotation of this.byText.values()) {
      if (annotation.kind !== kind) continue;
      const at = lineColumn(query, annotation.position.start);
      texts.push(`PromQL ${kind}: ${annotation.text}${detailsOf(annotation)} (${at.line}:${at.column})`);
    }
    return texts;
  }
}

function detailsOf(annotation: Annotation): string {
  const { details, count } = annotation;
  if (details) {
    const span = `from buckets ${formatG(details.minBucket)} to ${formatG(details.maxBucket)}`;
    const times = `over ${count} samples from ${isoSeconds(details.minTime)} to ${isoSeconds(details.maxTime)}`;
    return `, ${span}, with a max diff of ${formatG(details.maxDiff, 2)}, ${times}`;
  }
  return count > 1 ? ` (${count} occurrences)` : '';
}

const isoSeconds = (milliseconds: number): string =>
  new Date(Math.floor(milliseconds / 1000) * 1000).toISOString().replace('.000Z', 'Z');

/** ` for metric name "x"`, or nothing without a name. */
const forMetric = (metric: string): string => (metric === '' ? '' : ` for metric name ${quote(metric)}`);

/** Texts shared by several functions and operators. */
export const texts = {
  invalidQuantile: (q: number) => `quantile value should be between 0 and 1, got ${formatG(q)}`,
  invalidRatio: (ratio: number, cap: number) =>
    `ratio value should be between -1 and 1, got ${formatG(ratio)}, capping to ${formatG(cap)}`,
  badBucketLabel: (metric: string, label: string) =>
    `bucket label "le" is missing or has a malformed value of ${quote(label)}${forMetric(metric)}`,
  mixedFloatsHistograms: (metric: string) =>
    `encountered a mix of histograms and floats for metric name ${quote(metric)}`,
  mixedFloatsHistogramsAggregation: 'encountered a mix of histograms and floats for aggregation',
  mixedClassicNative: (metric: string) =>
    `vector contains a mix of classic and native histograms${forMetric(metric)}`,
  notCounter: (metric: string) => `this native histogram metric is not a counter: ${quote(metric)}`,
  notGauge: (metric: string) => `this native histogram metric is not a gauge: ${quote(metric)}`,
  mixedExponentialCustom: (metric: string) =>
    `vector contains a mix of histograms with exponential and custom buckets schemas for metric name ${quote(metric)}`,
  incompatibleBucketLayout: (op: string) =>
    `incompatible bucket layout encountered for binary operator ${op}`,
  sortInRangeQuery: 'sort is ineffective for range queries since results are always ordered by labels',
  possibleNonCounter: (metric: string) =>
    `metric might not be a counter, name does not end in _total/_sum/_count/_bucket: ${quote(metric)}`,
  possibleNonCounterLabel: (metric: string, type: string) =>
    `metric might not be a counter, __type__ label is not set to "counter" or "histogram", got ${quote(type)}: ${quote(metric)}`,
  incompatibleTypes: (left: string, op: string, right: string) =>
    `incompatible sample types encountered for binary operator ${quote(op)}: ${left} ${op} ${right}`,
  histogramIgnored: (aggregation: string) => `ignored histogram in ${aggregation} aggregation`,
  histogramIgnoredInRange: (metric: string) =>
    `ignored histograms in a range containing both floats and histograms for metric name ${quote(metric)}`,
  quantileNaNResult: (metric: string) =>
    `input to histogram_quantile has NaN observations, result is NaN${forMetric(metric)}`,
  quantileNaNSkew: (metric: string) =>
    `input to histogram_quantile has NaN observations, result is skewed higher${forMetric(metric)}`,
  fractionNaNs: (metric: string) =>
    `input to histogram_fraction has NaN observations, which are excluded from all fractions${forMetric(metric)}`,
  resetCollision: (operation: HistogramOperation) =>
    `conflicting counter resets during histogram ${operation}`,
  mismatchedCustomBuckets: (operation: HistogramOperation) =>
    `mismatched custom buckets were reconciled during ${operation}`,
};

export type HistogramOperation = 'addition' | 'subtraction' | 'aggregation';
