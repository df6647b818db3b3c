import { formatDuration } from '../../model/duration.ts';
import type { Histogram } from '../../model/histogram.ts';
import {
  compareLabels,
  formatSeries,
  type Labels,
  labelsFromObject,
  labelsKey,
  NO_LABELS,
  quote,
  sameLabels,
} from '../../model/labels.ts';
import { unlimited } from '../../model/queryable.ts';
import { formatValue } from '../../model/sample.ts';
import { evaluateInstant } from '../../promql/evaluate.ts';
import { compactHistogram } from '../../promql/histogram/arithmetic.ts';
import { parseExpr } from '../../promql/parse.ts';
import { formatHistogramLiteral } from '../../promql/testlang/histogram-literal.ts';
import { type Item, parseItems, parseMetric, parseSeriesLine } from '../../promql/testlang/series.ts';
import { TestGroups } from './groups.ts';
import { SeriesStore } from './series-store.ts';
import { formatAlerts, formatDifference, formatSamples, type ShownAlert } from './show.ts';
import type { AlertTest, ExprTest, FoundSample, RuleTest, RuleTestSettings } from './unit-test.ts';

/** Runs one test as promtool does; gives what is wrong, in promtool's words. Never throws for what a person wrote. */
export function runRuleTest(test: RuleTest, settings: RuleTestSettings): string[] {
  const nameless = test.alertTests.find(({ alertname }) => alertname === '');
  if (nameless) {
    const where = test.name === '' ? '' : ` (in TestGroup ${test.name})`;
    const time = formatDuration(nameless.evalTimeMs);
    return [`an item under alert_rule_test misses required attribute alertname at eval_time ${time}${where}`];
  }
  let input: InputSeries;
  try {
    input = new InputSeries(test);
  } catch (error) {
    return [(error as Error).message];
  }
  const store = new SeriesStore();
  const groups = new TestGroups(test, settings, store);
  const times = [...test.alertTests, ...test.exprTests].map(({ evalTimeMs }) => evalTimeMs);
  const until = test.startMs + Math.max(0, ...times);
  const errors: string[] = [];
  for (let now = test.startMs; now <= until; now += settings.evaluationIntervalMs) {
    input.appendUntil(store, now);
    const failures = groups.evaluate(now);
    if (failures.length > 0) return [...errors, ...failures];
    const due = test.alertTests.filter(({ evalTimeMs }) => {
      const at = test.startMs + evalTimeMs;
      return now <= at && at < now + settings.evaluationIntervalMs;
    });
    for (const alertTest of due.sort((a, b) => a.evalTimeMs - b.evalTimeMs)) {
      errors.push(...checkAlerts(alertTest, groups.firing(alertTest.alertname), test, settings));
    }
  }
  const options = {
    budget: unlimited,
    defaultSubqueryStepMs: settings.evaluationIntervalMs,
    delayedNameRemoval: settings.delayedNameRemoval,
  };
  for (const exprTest of test.exprTests) {
    const evaluate = (): FoundSample[] =>
      instantSamples(exprTest.expr, test.startMs + exprTest.evalTimeMs, store, options);
    errors.push(...checkExpr(exprTest, evaluate, settings.fuzzyCompare));
  }
  settings.dump?.(dump(store, until));
  return errors;
}

/** The series of a test; of one that is given twice the later counts. */
class InputSeries {
  readonly #series: { readonly labels: Labels; readonly items: readonly Item[]; next: number }[];
  readonly #startMs: number;
  readonly #intervalMs: number;

  /** @throws Error naming the series that cannot be read */
  constructor({ inputSeries, startMs, intervalMs }: RuleTest) {
    const byKey = new Map<string, { labels: Labels; items: readonly Item[]; next: number }>();
    for (const { series, values } of inputSeries) {
      try {
        const { labels, items } = parseSeriesLine(`${series} ${values}`);
        byKey.set(labelsKey(labels), { labels, items, next: 0 });
      } catch (error) {
        throw new Error(`input_series ${quote(`${series} ${values}`)}: ${(error as Error).message}`);
      }
    }
    this.#series = [...byKey.values()];
    this.#startMs = startMs;
    this.#intervalMs = intervalMs;
  }

  /** Appends what has a time up to and with `now`, and was not appended yet. */
  appendUntil(store: SeriesStore, now: number): void {
    const count = Math.floor((now - this.#startMs) / this.#intervalMs) + 1;
    for (const series of this.#series) {
      for (; series.next < Math.min(count, series.items.length); series.next++) {
        const item = series.items[series.next]!;
        const timestamp = this.#startMs + series.next * this.#intervalMs;
        if (item.kind === 'float') store.append(series.labels, timestamp, item.value);
        else if (item.kind === 'histogram') store.append(series.labels, timestamp, item.histogram);
        else if (item.kind === 'stale') store.append(series.labels, timestamp, 'stale');
      }
    }
  }
}

function checkAlerts(
  test: AlertTest,
  firing: readonly ShownAlert[],
  { name }: RuleTest,
  { diff }: RuleTestSettings,
): string[] {
  const expected = test.expected
    .map(({ labels, annotations }) => ({
      labels: labelsFromObject({ ...labels, alertname: test.alertname }),
      annotations: labelsFromObject(annotations),
    }))
    .sort(compareAlerts);
  const got = [...firing].sort(compareAlerts);
  const isSame =
    expected.length === got.length && expected.every((alert, i) => compareAlerts(alert, got[i]!) === 0);
  if (isSame) return [];
  const head = `${name === '' ? '' : `    name: ${name},\n`}    alertname: ${test.alertname}, time: ${formatDuration(test.evalTimeMs)}, \n`;
  return diff
    ? [`${head}        diff: ${formatDifference(expected, got)}`]
    : [`${head}        exp:${formatAlerts(expected)}, \n        got:${formatAlerts(got)}`];
}

const compareAlerts = (a: ShownAlert, b: ShownAlert): number =>
  compareLabels(a.labels, b.labels) || compareLabels(a.annotations, b.annotations);

function checkExpr(test: ExprTest, evaluate: () => FoundSample[], fuzzy: boolean): string[] {
  const head = `    expr: ${quote(test.expr)}, time: ${formatDuration(test.evalTimeMs)},`;
  let got: FoundSample[];
  let expected: FoundSample[];
  try {
    got = evaluate().sort((a, b) => compareLabels(a.labels, b.labels));
    expected = test.expected.map(expectedSample).sort((a, b) => compareLabels(a.labels, b.labels));
  } catch (error) {
    return [`${head} err: ${(error as Error).message}`];
  }
  const isSame =
    got.length === expected.length &&
    expected.every((sample, i) => {
      const other = got[i]!;
      return (
        sameLabels(sample.labels, other.labels) &&
        (sample.histogram !== undefined) === (other.histogram !== undefined) &&
        sameValue(sample.value, other.value, fuzzy) &&
        histogramText(sample.histogram) === histogramText(other.histogram)
      );
    });
  if (isSame) return [];
  return [`${head}\n        exp: ${formatSamples(expected)}\n        got: ${formatSamples(got)}`];
}

/** Not even NaN equals NaN, as in promtool. */
const sameValue = (a: number, b: number, fuzzy: boolean): boolean => a === b || (fuzzy && isNeighbour(a, b));

/** Whether no third float lies between two. */
function isNeighbour(a: number, b: number): boolean {
  if (!Number.isFinite(a) || !Number.isFinite(b)) return false;
  const ordered = (value: number): bigint => {
    const bits = new DataView(new ArrayBuffer(8));
    bits.setFloat64(0, value);
    const whole = bits.getBigInt64(0);
    return whole < 0n ? -(whole & 0x7fff_ffff_ffff_ffffn) : whole;
  };
  const distance = ordered(a) - ordered(b);
  return distance >= -1n && distance <= 1n;
}

const histogramText = (histogram: Histogram | undefined): string =>
  histogram ? formatHistogramLiteral(compactHistogram(histogram)) : '';

function expectedSample({ labels, value, histogram }: ExprTest['expected'][number]): FoundSample {
  try {
    const parsed = labels.trim() === '' ? NO_LABELS : parseMetric(labels.trim()).labels;
    if (histogram === '') return { labels: parsed, value, histogram: undefined };
    const items = parseItems(histogram.trim());
    if (items.length !== 1) throw new Error(`expected 1 value, got ${items.length}`);
    const [item] = items;
    if (item!.kind !== 'histogram') throw new Error(`expected histogram, got ${histogram}`);
    return { labels: parsed, value, histogram: item!.histogram };
  } catch (error) {
    throw new Error(`labels ${quote(labels)}: ${(error as Error).message}`);
  }
}

/** @throws Error with PromQL's text, or for a result of another type */
function instantSamples(
  expr: string,
  timestamp: number,
  store: SeriesStore,
  options: Omit<Parameters<typeof evaluateInstant>[3], 'query'>,
): FoundSample[] {
  const { value } = evaluateInstant(parseExpr(expr), timestamp, store, { ...options, query: expr });
  switch (value.kind) {
    case 'vector':
      return value.samples.map(({ labels, value: float, histogram }) =>
        histogram ? { labels, value: 0, histogram } : { labels, value: float, histogram: undefined },
      );
    case 'scalar':
      return [{ labels: NO_LABELS, value: value.value, histogram: undefined }];
    default:
      throw new Error('rule result is not a vector or scalar');
  }
}

/** All series up to a time, as promtool's debug output shows a matrix. */
function dump(store: SeriesStore, until: number): string {
  const all = store
    .querier(unlimited)
    .select([{ name: '__name__', op: '=~', value: '.+' }], { from: 0, to: until + 1 });
  return [...all]
    .sort((a, b) => compareLabels(a.labels, b.labels))
    .map(({ labels, timestamps, values, histograms }) => {
      const points = Array.from(timestamps, (time, i) => {
        const histogram = histograms?.[i];
        return `${histogram ? formatHistogramLiteral(histogram) : formatValue(values[i]!)} @[${time}]`;
      });
      return `${formatSeries(labels)} =>\n${points.join('\n')}`;
    })
    .join('\n');
}
