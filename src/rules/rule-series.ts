import type { RuleSample } from '../model/evaluation.ts';
import { type Histogram, withFloatCounts } from '../model/histogram.ts';
import { eachLabel, type Labels, labelsKey, labelsOf, METRIC_NAME } from '../model/labels.ts';
import type { ActiveAlerts } from './alert-state.ts';
import { RuleError } from './rule-error.ts';

/** A sample that a rule writes. */
export interface SeriesSample {
  readonly labels: Labels;
  readonly value: number;
  /** The sample is this native histogram. */
  readonly histogram?: Histogram;
}

/**
 * What a recording rule writes: the result under the rule's name with the rule's labels. Histograms that a query gives have floating-point counts.
 * @throws RuleError when two elements become the same series, or there are more than the limit
 */
export function recordedSeries(
  rule: { readonly record: string; readonly labels: Readonly<Record<string, string>> },
  samples: readonly RuleSample[],
  limit: number,
): SeriesSample[] {
  const own: [string, string][] = [[METRIC_NAME, rule.record], ...Object.entries(rule.labels)];
  const seen = new Set<string>();
  const series = samples.map((sample) => {
    const labels = labelsOf([...eachLabel(sample.labels), ...own]);
    seen.add(labelsKey(labels));
    const { value, histogram } = sample;
    return histogram ? { labels, value, histogram: withFloatCounts(histogram) } : { labels, value };
  });
  if (seen.size < series.length) {
    throw new RuleError('vector contains metrics with the same labelset after applying rule labels');
  }
  if (limit > 0 && series.length > limit) {
    throw new RuleError(`exceeded limit of ${limit} with ${series.length} series`);
  }
  return series;
}

/** `ALERTS` and `ALERTS_FOR_STATE` of the alerts that are pending or firing. */
export function alertSeries(active: ActiveAlerts): SeriesSample[] {
  const series: SeriesSample[] = [];
  for (const { labels, state, activeAt } of active.values()) {
    if (state === 'inactive') continue;
    const pairs = [...eachLabel(labels)];
    series.push({ labels: labelsOf([...pairs, [METRIC_NAME, 'ALERTS'], ['alertstate', state]]), value: 1 });
    series.push({
      labels: labelsOf([...pairs, [METRIC_NAME, 'ALERTS_FOR_STATE']]),
      value: Math.floor(activeAt / 1000),
    });
  }
  return series;
}
