import { Registry } from 'prom-client';
import type { RuleConfig, RuleGroupConfig } from '../config/rules.ts';
import type { Alert, AlertSink } from '../model/alert.ts';
import { parseDuration } from '../model/duration.ts';
import type { RuleEvaluation, RuleEvaluator, RuleSample } from '../model/evaluation.ts';
import { labelsFromObject } from '../model/labels.ts';
import { createRuleManager, type RuleManager, type RuleManagerOptions } from '../rules/manager.ts';
import { openDatabase } from '../sqlite/database.ts';
import { expandRuleTemplates } from '../templates/rule-expander.ts';
import { collectingAppender } from './collecting-appender.ts';
import { silentLog } from './silent-log.ts';

type Texts = Readonly<Record<string, string>>;

/** A rule as it stands in a file: either `alert` or `record`. */
export interface RuleText {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly for?: string;
  readonly keep_firing_for?: string;
  readonly labels?: Texts;
  readonly annotations?: Texts;
}

const POSITION = { line: 1, column: 1 };

function ruleConfig(rule: RuleText): RuleConfig {
  const { expr, labels = {} } = rule;
  if (rule.record !== undefined)
    return { kind: 'record', record: rule.record, expr, labels, position: POSITION };
  return {
    kind: 'alert',
    alert: rule.alert ?? 'Test',
    expr,
    for: parseDuration(rule.for ?? '0s'),
    keep_firing_for: parseDuration(rule.keep_firing_for ?? '0s'),
    labels,
    annotations: rule.annotations ?? {},
    position: POSITION,
  };
}

/** A group of rules, evaluated every 15 s unless told otherwise. */
export function ruleGroup(
  rules: readonly RuleText[],
  own: { name?: string; file?: string; interval?: string; limit?: number; query_offset?: string } = {},
): RuleGroupConfig {
  return {
    name: own.name ?? 'group',
    file: own.file ?? 'rules.yml',
    interval: parseDuration(own.interval ?? '15s'),
    limit: own.limit ?? 0,
    query_offset: parseDuration(own.query_offset ?? '0s'),
    labels: {},
    rules: rules.map(ruleConfig),
    position: POSITION,
  };
}

export interface Element {
  readonly labels: Texts;
  readonly value: number;
}

export interface ScriptedEvaluator extends RuleEvaluator {
  /** What an expression gives from now on: elements, or the text of an error, or what a function makes of the time. */
  set(expr: string, result: readonly Element[] | string | ((timestamp: number) => readonly Element[])): void;
  /** All evaluations asked for. */
  readonly asked: readonly RuleEvaluation[];
  /** Takes time before it answers. */
  delay: (() => Promise<void>) | undefined;
}

/** Answers expressions from a script; templates are expanded by the real engine. */
export function scriptedEvaluator(): ScriptedEvaluator {
  const results = new Map<
    string,
    readonly Element[] | string | ((timestamp: number) => readonly Element[])
  >();
  const asked: RuleEvaluation[] = [];
  return {
    asked,
    delay: undefined,
    set: (expr, result) => void results.set(expr, result),
    async evaluate(evaluation) {
      asked.push(evaluation);
      await this.delay?.();
      const result = results.get(evaluation.expr) ?? [];
      if (typeof result === 'string') throw new Error(result);
      const elements = typeof result === 'function' ? result(evaluation.timestamp) : result;
      const expand = evaluation.templates ? expandRuleTemplates(evaluation.templates, () => []) : () => ({});
      const samples = elements.map(({ labels, value }): RuleSample => {
        const set = labelsFromObject(labels);
        return { labels: set, value, ...expand(set, value) };
      });
      return { samples, warnings: [] };
    },
  };
}

export interface CollectingSink extends AlertSink {
  readonly batches: (readonly Alert[])[];
  /** All alerts taken since the last call. */
  take(): Alert[];
}

export function collectingAlertSink(): CollectingSink {
  const batches: (readonly Alert[])[] = [];
  return {
    batches,
    async accept(alerts) {
      batches.push(alerts);
    },
    take: () => batches.splice(0).flat(),
  };
}

/** A rule manager that keeps what it writes in memory, where nothing else is given. */
export function ruleManager(
  own: Pick<RuleManagerOptions, 'clock' | 'evaluator'> & Partial<RuleManagerOptions>,
): RuleManager {
  return createRuleManager({
    appender: collectingAppender(),
    sink: collectingAlertSink(),
    log: silentLog(),
    registry: new Registry(),
    db: openDatabase(':memory:', { addon: undefined }),
    externalLabels: {},
    externalUrl: '',
    formatExpr: (expr) => expr,
    ...own,
  });
}

/** What a person is told of the alerts of a manager. */
export const alertFacts = (manager: Pick<RuleManager, 'alerts'>) =>
  manager.alerts().map(({ labels, annotations, state, activeAt, value }) => ({
    labels,
    annotations,
    state,
    activeAt,
    value,
  }));
