import type { AlertingRuleConfig, RuleGroupConfig } from '../config/rules.ts';
import { type Labels, labelsFromObject, labelsKey, labelsToObject } from '../model/labels.ts';
import type { TimeRange } from '../model/time.ts';
import {
  type ActiveAlert,
  type ActiveAlerts,
  type AlertElement,
  type AlertTiming,
  advanceAlert,
  advanceAlerts,
  alertElement,
  assertDistinct,
  settledUntil,
} from '../rules/alert-state.ts';
import { evaluationTime } from '../rules/group.ts';
import { RuleError } from '../rules/rule-error.ts';
import { passes, type Threshold } from '../rules/threshold.ts';
import { type ParsedTexts, type RuleExpander, ruleExpander } from '../templates/rule-expander.ts';
import type { QuerySample } from '../templates/rule-functions.ts';
import { type Course, type Firing, FiringLog, noteValue } from './firings.ts';

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

/** What to try; a rule is rehearsed with several at once for little more than one costs. */
export interface Variant {
  readonly forMs: number;
  readonly keepFiringForMs: number;
  /** In place of the rule's own; needs `RehearsalOptions` to say what the rule compares. */
  readonly threshold?: number;
}

/**
 * Replays the evaluations of an alerting rule over a stored period, at the times at which its group would have been evaluated,
 * with the state machine of the rules themselves. Begins earlier by `for`, so that what was due in the period is found firing.
 */
export async function rehearse(options: RehearsalOptions): Promise<Rehearsal> {
  const { rule } = options;
  const [rehearsal] = await rehearseVariants(options, [
    { forMs: rule.for, keepFiringForMs: rule.keep_firing_for },
  ]);
  return rehearsal!;
}

/**
 * The same for several variants, in their order; the history is read once.
 * @param compared what the rule compares; with it every variant has a threshold of its own
 */
export async function rehearseVariants(
  options: RehearsalOptions,
  variants: readonly Variant[],
  compared?: Threshold,
): Promise<Rehearsal[]> {
  const { group, rule, range, signal } = options;
  const texts = ruleTexts(options);
  const replays = variants.map((variant) => new Replay(options, variant, texts, compared));
  const first = Math.min(...replays.map(({ firstAt }) => firstAt));
  for (let start = first; start < range.to; start += STEPS_AT_ONCE * group.interval) {
    signal?.throwIfAborted();
    const steps = Math.min(STEPS_AT_ONCE, Math.ceil((range.to - start) / group.interval));
    const series = await options.evaluate({
      expr: compared?.left ?? rule.expr,
      start: start - group.query_offset,
      end: start - group.query_offset + (steps - 1) * group.interval,
      stepMs: group.interval,
    });
    const cursor = new Cursor(options, texts, series);
    for (let i = 0; i < steps; i++) {
      const timestamp = start + i * group.interval;
      cursor.moveTo(timestamp);
      for (const replay of replays) replay.step(timestamp, cursor);
    }
  }
  return replays.map((replay) => replay.finish());
}

/** One variant on its way through the period. */
class Replay {
  /** Time of its first evaluation. */
  readonly firstAt: number;
  readonly keeps: (value: number) => boolean;
  readonly #options: RehearsalOptions;
  readonly #texts: RuleTexts;
  readonly #timing: AlertTiming;
  readonly #active: ActiveAlerts = new Map();
  readonly #log = new FiringLog();
  readonly #errors = new Map<string, { message: string; at: number; count: number }>();
  #evaluations = 0;
  #memory: SeriesMemory | undefined;

  constructor(
    options: RehearsalOptions,
    { forMs, keepFiringForMs, threshold }: Variant,
    texts: RuleTexts,
    compared: Threshold | undefined,
  ) {
    const { group, range } = options;
    this.#options = options;
    this.#texts = texts;
    this.#timing = { forMs, keepFiringForMs, limit: group.limit };
    this.keeps = compared ? (value) => passes(value, compared.op, threshold ?? compared.value) : () => true;
    this.firstAt = evaluationTime(group, range.from - forMs - 1) + group.interval;
  }

  /** Takes the step that the cursor is at. */
  step(timestamp: number, cursor: Cursor): void {
    if (timestamp < this.firstAt) return;
    this.#evaluations++;
    if (cursor.isDistinct && this.#timing.limit === 0) this.#stepEach(timestamp, cursor);
    else this.#stepTogether(timestamp, cursor);
  }

  /** No alert has a say in what becomes of another: each is looked at when its series comes, goes or is due for a change. */
  #stepEach(timestamp: number, cursor: Cursor): void {
    if (this.#memory?.cursor !== cursor) this.#memory = new SeriesMemory(cursor, this.#active);
    const { wasPresent, settledUntil: settled, courses, others } = this.#memory;
    const { isPresent, values, size } = cursor;
    for (let i = 0; i < size; i++) {
      const value = values[i]!;
      const holds = isPresent[i] === 1 && this.keeps(value) ? 1 : 0;
      if (holds === wasPresent[i] && timestamp < settled[i]!) {
        if (holds === 1) noteValue(courses[i]!, value);
        continue;
      }
      wasPresent[i] = holds;
      const element = cursor.element(i, value, timestamp);
      this.#advance(element.key, holds === 1 ? element : undefined, timestamp, (course, until) => {
        courses[i] = course;
        settled[i] = until;
      });
    }
    for (const [key, until] of others) {
      if (timestamp >= until) this.#advance(key, undefined, timestamp, (_, next) => others.set(key, next));
    }
  }

  #advance(
    key: string,
    element: AlertElement | undefined,
    timestamp: number,
    keep: (course: Course | undefined, settledUntil: number) => void,
  ): void {
    const before = this.#active.get(key);
    const transition = advanceAlert(this.#active, key, this.#timing, element, timestamp);
    // One that was only pending is forgotten when it ends, and closed all the same.
    const alert = this.#active.get(key) ?? before;
    if (!alert) {
      keep(undefined, Number.POSITIVE_INFINITY);
      return;
    }
    const course = this.#log.follow(alert, timestamp, (one) => this.#texts.annotationsOf(one, timestamp));
    keep(course, transition ? Number.NEGATIVE_INFINITY : settledUntil(alert, this.#timing, timestamp));
  }

  #stepTogether(timestamp: number, cursor: Cursor): void {
    this.#memory = undefined;
    const elements: AlertElement[] = [];
    for (let i = 0; i < cursor.size; i++) {
      const value = cursor.values[i]!;
      if (cursor.isPresent[i] === 1 && this.keeps(value)) elements.push(cursor.element(i, value, timestamp));
    }
    if (elements.length === 0 && this.#active.size === 0) return;
    try {
      if (!cursor.isDistinct && elements.length > 1) assertDistinct(elements);
      const transitions = advanceAlerts(this.#active, this.#timing, elements, timestamp);
      this.#log.observe(this.#active.values(), transitions, timestamp, (alert) =>
        this.#texts.annotationsOf(alert, timestamp),
      );
    } catch (error) {
      if (!(error instanceof RuleError)) throw error;
      if (this.#active.size === 0) this.#log.endAll(timestamp);
      const known = this.#errors.get(error.message);
      if (known) known.count++;
      else this.#errors.set(error.message, { message: error.message, at: timestamp, count: 1 });
    }
  }

  finish(): Rehearsal {
    const { range } = this.#options;
    const firings = this.#log
      .finish()
      .filter(({ resolvedAt }) => resolvedAt === undefined || resolvedAt > range.from);
    return {
      evaluations: this.#evaluations,
      firings,
      pendingOnly: this.#log.pendingOnly,
      errors: [...this.#errors.values()],
    };
  }
}

/** What a replay remembers of each series of a cursor from step to step. */
class SeriesMemory {
  readonly cursor: Cursor;
  /** 1 where the last step had a value that counts. */
  readonly wasPresent: Uint8Array;
  /** Before this time, Unix ms, nothing changes but the value. */
  readonly settledUntil: Float64Array;
  readonly courses: (Course | undefined)[];
  /** The same for alerts whose series are not of this cursor, by `labelsKey`. */
  readonly others = new Map<string, number>();

  constructor(cursor: Cursor, active: ActiveAlerts) {
    this.cursor = cursor;
    this.wasPresent = new Uint8Array(cursor.size);
    this.settledUntil = new Float64Array(cursor.size).fill(Number.NEGATIVE_INFINITY);
    this.courses = new Array<Course | undefined>(cursor.size);
    const keys = new Set<string>();
    for (let i = 0; i < cursor.size; i++) keys.add(cursor.element(i, 0, 0).key);
    for (const [key, { state }] of active) {
      if (keys.has(key)) continue;
      if (state === 'inactive') active.delete(key);
      else this.others.set(key, Number.NEGATIVE_INFINITY);
    }
  }
}

/** Gives what is in the result at step after step; the steps come in order. Annotations are left out: few of them are ever read. */
class Cursor {
  /** How many series there are. */
  readonly size: number;
  /** Whether no two series can become the same alert, and each is the same alert at all steps. */
  readonly isDistinct: boolean;
  /** By series: 1 where it has a value at the step, and the value. */
  readonly isPresent: Uint8Array;
  readonly values: Float64Array;
  readonly #series: readonly RangeSeries[];
  readonly #elementsOf: readonly ((value: number, timestamp: number) => AlertElement)[];
  readonly #at: Uint32Array;
  readonly #offsetMs: number;

  constructor({ group, rule }: RehearsalOptions, texts: RuleTexts, series: readonly RangeSeries[]) {
    this.size = series.length;
    this.isPresent = new Uint8Array(series.length);
    this.values = new Float64Array(series.length);
    this.#series = series;
    this.#elementsOf = series.map(({ labels }) => texts.elementOf(labels));
    this.#at = new Uint32Array(series.length);
    this.#offsetMs = group.query_offset;
    this.isDistinct =
      !hasTemplates(rule.labels) &&
      new Set(this.#elementsOf.map((element) => element(0, 0).key)).size === series.length;
  }

  moveTo(timestamp: number): void {
    const time = timestamp - this.#offsetMs;
    for (let i = 0; i < this.size; i++) {
      const { timestamps, values } = this.#series[i]!;
      let k = this.#at[i]!;
      while (k < timestamps.length && timestamps[k]! < time) k++;
      this.#at[i] = k;
      const isPresent = timestamps[k] === time;
      this.isPresent[i] = isPresent ? 1 : 0;
      if (isPresent) this.values[i] = values[k]!;
    }
  }

  /** The alert that a series is with a value at this time. */
  element(series: number, value: number, timestamp: number): AlertElement {
    return this.#elementsOf[series]!(value, timestamp);
  }
}

interface RuleTexts {
  /** How a series becomes an alert. Without templates in the rule's labels, its labels are made once. */
  elementOf(labels: Labels): (value: number, timestamp: number) => AlertElement;
  /** Annotations of an alert that `elementOf` made, expanded for its value of now. */
  annotationsOf(alert: ActiveAlert, timestamp: number): Labels;
}

function ruleTexts(options: RehearsalOptions): RuleTexts {
  const { rule } = options;
  const parsed: ParsedTexts = new Map();
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
    if (expander?.at !== timestamp) expander = { at: timestamp, of: expanderOf(options, timestamp, parsed) };
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

function expanderOf(options: RehearsalOptions, timestamp: number, parsed: ParsedTexts): RuleExpander {
  const { query, externalLabels, externalUrl, rule } = options;
  return ruleExpander({
    name: rule.alert,
    externalLabels,
    externalUrl,
    timestamp,
    parsed,
    query: (expr) => {
      if (!query) throw new Error('templates cannot query in a rehearsal');
      return query(expr, timestamp);
    },
  });
}

const hasTemplates = (texts: Readonly<Record<string, string>>): boolean =>
  Object.values(texts).some((text) => text.includes('{{'));
