import type { AlertingRuleConfig, RuleGroupConfig } from '../config/rules.ts';
import { type Labels, labelsFromObject, labelsKey, labelsToObject } from '../model/labels.ts';
import type { TimeRange } from '../model/time.ts';
import {
  type ActiveAlert,
  type ActiveAlerts,
  type AlertElement,
  advanceAlerts,
  alertElement,
  assertDistinct,
} from '../rules/alert-state.ts';
import { evaluationTime } from '../rules/group.ts';
import { RuleError } from '../rules/rule-error.ts';
import { type RuleExpander, ruleExpander } from '../templates/rule-expander.ts';
import type { QuerySample } from '../templates/rule-functions.ts';
import { type Firing, FiringLog } from './firings.ts';

/** A series of a range evaluation; absent at the steps that are not in it. */
export interface RangeSeries {
  readonly labels: Labels;
  /** Unix ms, strictly increasing, steps of the range. */
  readonly timestamps: ArrayLike<number>;
  readonly values: ArrayLike<number>;
}

/** Evaluates an expression at `start`, `start + stepMs`, … up to and with `end`. @throws Error with PromQL's text */
export type RangeEvaluate = (range: {
  readonly expr: string;
  readonly start: number;
  readonly end: number;
  readonly stepMs: number;
}) => Promise<readonly RangeSeries[]>;

export interface RehearsalOptions {
  readonly group: RuleGroupConfig;
  readonly rule: AlertingRuleConfig;
  readonly range: TimeRange;
  readonly evaluate: RangeEvaluate;
  readonly externalLabels: Readonly<Record<string, string>>;
  readonly externalUrl: string;
  /** For templates that query. Without it they say that they cannot. */
  readonly query?: (expr: string, timestamp: number) => readonly QuerySample[];
  /** Ends it early, with the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface Rehearsal {
  /** Evaluations replayed. */
  readonly evaluations: number;
  readonly firings: readonly Firing[];
  /** How often an alert was pending and did not come to fire. */
  readonly pendingOnly: number;
  /** Evaluations that failed, by their message: the first one's time, Unix ms, and how many. */
  readonly errors: readonly { readonly message: string; readonly at: number; readonly count: number }[];
}

/** Steps asked for at once; below the limit of points in a range query. */
const STEPS_AT_ONCE = 5000;

/**
 * Replays the evaluations of an alerting rule over a stored period, at the times at which its group would have been evaluated,
 * with the state machine of the rules themselves. Begins earlier by `for`, so that what was due in the period is found firing.
 */
export async function rehearse(options: RehearsalOptions): Promise<Rehearsal> {
  const { group, rule, range, signal } = options;
  const active: ActiveAlerts = new Map();
  const log = new FiringLog();
  const errors = new Map<string, { message: string; at: number; count: number }>();
  const timing = { forMs: rule.for, keepFiringForMs: rule.keep_firing_for, limit: group.limit };
  const first = evaluationTime(group, range.from - rule.for - 1) + group.interval;
  const texts = ruleTexts(options);
  let evaluations = 0;

  for (let start = first; start < range.to; start += STEPS_AT_ONCE * group.interval) {
    signal?.throwIfAborted();
    const steps = Math.min(STEPS_AT_ONCE, Math.ceil((range.to - start) / group.interval));
    const series = await options.evaluate({
      expr: rule.expr,
      start: start - group.query_offset,
      end: start - group.query_offset + (steps - 1) * group.interval,
      stepMs: group.interval,
    });
    const elementsAt = cursor(options, texts, series);
    for (let i = 0; i < steps; i++) {
      const timestamp = start + i * group.interval;
      evaluations++;
      try {
        const elements = elementsAt(timestamp);
        const transitions = advanceAlerts(active, timing, elements, timestamp);
        log.observe(active.values(), transitions, timestamp, (alert) =>
          texts.annotationsOf(alert, timestamp),
        );
      } catch (error) {
        if (!(error instanceof RuleError)) throw error;
        if (active.size === 0) log.endAll(timestamp);
        const known = errors.get(error.message);
        if (known) known.count++;
        else errors.set(error.message, { message: error.message, at: timestamp, count: 1 });
      }
    }
  }
  const firings = log
    .finish()
    .filter(({ resolvedAt }) => resolvedAt === undefined || resolvedAt > range.from);
  return { evaluations, firings, pendingOnly: log.pendingOnly, errors: [...errors.values()] };
}

/** Gives the elements of step after step; the steps come in order. Annotations are left out: few of them are ever read. */
function cursor(
  { group }: RehearsalOptions,
  texts: RuleTexts,
  series: readonly RangeSeries[],
): (timestamp: number) => AlertElement[] {
  const at = new Uint32Array(series.length);
  const elementsOf = series.map(({ labels }) => texts.elementOf(labels));
  return (timestamp) => {
    const time = timestamp - group.query_offset;
    const elements: AlertElement[] = [];
    for (let i = 0; i < series.length; i++) {
      const { timestamps, values } = series[i]!;
      let k = at[i]!;
      while (k < timestamps.length && timestamps[k]! < time) k++;
      at[i] = k;
      if (timestamps[k] === time) elements.push(elementsOf[i]!(values[k]!, timestamp));
    }
    if (elements.length > 1) assertDistinct(elements);
    return elements;
  };
}

interface RuleTexts {
  /** How a series becomes an alert. Without templates in the rule's labels, its labels are made once. */
  elementOf(labels: Labels): (value: number, timestamp: number) => AlertElement;
  /** Annotations of an alert that `elementOf` made, expanded for its value of now. */
  annotationsOf(alert: ActiveAlert, timestamp: number): Labels;
}

function ruleTexts(options: RehearsalOptions): RuleTexts {
  const { rule } = options;
  let expander: { readonly at: number; readonly of: RuleExpander } | undefined;
  /** Labels of the series behind each alert. */
  const seriesOf = new Map<string, Readonly<Record<string, string>>>();
  const expandAll = (
    texts: Readonly<Record<string, string>>,
    series: Readonly<Record<string, string>>,
    value: number,
    timestamp: number,
  ): Record<string, string> => {
    if (!hasTemplates(texts)) return { ...texts };
    if (expander?.at !== timestamp) expander = { at: timestamp, of: expanderOf(options, timestamp) };
    const { of } = expander;
    return Object.fromEntries(
      Object.entries(texts).map(([name, text]) => [name, of.expand(text, series, value)]),
    );
  };
  const element = (labels: Labels, expandedLabels: Readonly<Record<string, string>>, value: number) => {
    const made = alertElement(rule.alert, { labels, value, expandedLabels });
    seriesOf.set(made.key, labelsToObject(labels));
    return made;
  };
  return {
    elementOf(labels) {
      if (!hasTemplates(rule.labels)) {
        const made = element(labels, rule.labels, 0);
        return (value) => ({ ...made, value });
      }
      const series = labelsToObject(labels);
      return (value, timestamp) => element(labels, expandAll(rule.labels, series, value, timestamp), value);
    },
    annotationsOf(alert, timestamp) {
      const series = seriesOf.get(labelsKey(alert.labels)) ?? {};
      return labelsFromObject(expandAll(rule.annotations, series, alert.value, timestamp));
    },
  };
}

function expanderOf(options: RehearsalOptions, timestamp: number): RuleExpander {
  const { query, externalLabels, externalUrl, rule } = options;
  return ruleExpander({
    name: rule.alert,
    externalLabels,
    externalUrl,
    timestamp,
    query: (expr) => {
      if (!query) throw new Error('templates cannot query in a rehearsal');
      return query(expr, timestamp);
    },
  });
}

const hasTemplates = (texts: Readonly<Record<string, string>>): boolean =>
  Object.values(texts).some((text) => text.includes('{{'));
