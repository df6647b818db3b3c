import type { RuleConfig, RuleGroupConfig } from '../../config/rules.ts';
import { goDurationText } from '../../model/duration.ts';
import type { RuleEvaluation, RuleEvaluationResult, RuleSample } from '../../model/evaluation.ts';
import type { Histogram } from '../../model/histogram.ts';
import { type Labels, labelsKey, NO_LABELS } from '../../model/labels.ts';
import { unlimited } from '../../model/queryable.ts';
import { evaluateInstant } from '../../promql/evaluate.ts';
import { parseExpr } from '../../promql/parse.ts';
import { ruleEvaluation } from '../../query/rule-service.ts';
import { expandRuleTemplates } from '../../templates/rule-expander.ts';
import { type ActiveAlerts, evaluateAlerts } from '../alert-state.ts';
import { RuleError } from '../rule-error.ts';
import { alertSeries, recordedSeries } from '../rule-series.ts';
import type { Point, SeriesStore } from './series-store.ts';
import type { ShownAlert } from './show.ts';
import type { RuleTest, RuleTestSettings } from './unit-test.ts';

interface TestedRule {
  readonly config: RuleConfig;
  readonly active: ActiveAlerts;
  /** Series of the evaluation before; those that are gone become stale. */
  written: ReadonlyMap<string, Labels>;
}

interface WrittenSample {
  readonly labels: Labels;
  readonly point: Point;
}

const EVALUATION_TIMEOUT_MS = 100_000;
const MAX_SAMPLES = 50_000_000;
const MAX_BYTES = 2 ** 32;

/** Evaluates groups over a store in memory with the state machine of the server, all groups at one time. */
export class TestGroups {
  readonly #test: RuleTest;
  readonly #store: SeriesStore;
  readonly #groups: readonly { readonly config: RuleGroupConfig; readonly rules: readonly TestedRule[] }[];
  readonly #evaluate: (evaluation: RuleEvaluation) => RuleEvaluationResult;
  readonly #engine: { readonly defaultSubqueryStepMs: number; readonly delayedNameRemoval: boolean };

  constructor(test: RuleTest, settings: RuleTestSettings, store: SeriesStore) {
    this.#test = test;
    this.#store = store;
    this.#groups = settings.groups.map((config) => ({
      config,
      rules: config.rules.map((rule) => ({ config: rule, active: new Map(), written: new Map() })),
    }));
    this.#engine = {
      defaultSubqueryStepMs: settings.evaluationIntervalMs,
      delayedNameRemoval: settings.delayedNameRemoval,
    };
    this.#evaluate = ruleEvaluation({
      queryable: store,
      settings: {
        ...this.#engine,
        lookbackMs: 300_000,
        useStartTimestamps: false,
        typeAndUnitLabels: false,
      },
      limits: {
        maxSamples: MAX_SAMPLES,
        maxBytes: MAX_BYTES,
        maxResultBytes: MAX_BYTES,
        timeoutMs: EVALUATION_TIMEOUT_MS,
      },
      expand: expandRuleTemplates,
      monotonic: settings.monotonic,
    });
  }

  /** @returns what failed */
  evaluate(now: number): string[] {
    const errors: string[] = [];
    for (const { config, rules } of this.#groups) {
      for (const rule of rules) {
        try {
          this.#write(rule, this.#result(rule, config, now), now - config.query_offset);
        } catch (error) {
          const name = rule.config.kind === 'alert' ? rule.config.alert : rule.config.record;
          errors.push(`    rule: ${name}, time: ${goDurationText(now)}, err: ${(error as Error).message}`);
        }
      }
    }
    return errors;
  }

  /** The alerts of this name that fire, whichever rules they are of. */
  firing(alertname: string): ShownAlert[] {
    return this.#groups.flatMap(({ rules }) =>
      rules.flatMap(({ config, active }) =>
        config.kind === 'alert' && config.alert === alertname
          ? [...active.values()].filter(({ state }) => state === 'firing')
          : [],
      ),
    );
  }

  #result({ config, active }: TestedRule, group: RuleGroupConfig, now: number): WrittenSample[] {
    const { externalLabels, externalUrl } = this.#test;
    const timestamp = now - group.query_offset;
    if (config.kind === 'record') {
      const samples = this.#recorded(config.expr, timestamp);
      return recordedSeries(config, samples, group.limit).map(({ labels, value }, i) => ({
        labels,
        point: samples[i]!.histogram ?? value,
      }));
    }
    const { alert: alertname, labels, annotations } = config;
    const { samples } = this.#evaluate({
      expr: config.expr,
      timestamp,
      timeoutMs: EVALUATION_TIMEOUT_MS,
      templates: { at: now, alertname, labels, annotations, externalLabels, externalUrl },
    });
    const timing = { forMs: config.for, keepFiringForMs: config.keep_firing_for, limit: group.limit };
    evaluateAlerts(active, alertname, timing, samples, now);
    return alertSeries(active).map((series) => ({ labels: series.labels, point: series.value }));
  }

  /** What a recording rule takes: histograms stay histograms. */
  #recorded(expr: string, timestamp: number): (RuleSample & { readonly histogram?: Histogram })[] {
    const options = { ...this.#engine, budget: unlimited, query: expr };
    const { value } = evaluateInstant(parseExpr(expr), timestamp, this.#store, options);
    if (value.kind === 'scalar') return [{ labels: NO_LABELS, value: value.value }];
    if (value.kind !== 'vector') throw new RuleError('rule result is not a vector or scalar');
    return value.samples.map(({ labels, value: float, histogram }) =>
      histogram ? { labels, value: 0, histogram } : { labels, value: float },
    );
  }

  #write(rule: TestedRule, samples: readonly WrittenSample[], timestamp: number): void {
    const written = new Map<string, Labels>();
    let problem: string | undefined;
    for (const { labels, point } of samples) {
      const outcome = this.#store.append(labels, timestamp, point);
      if (outcome === 'conflict') problem = 'duplicate sample for timestamp';
      else if (outcome === 'out of order') problem = 'out of order sample';
      written.set(labelsKey(labels), labels);
    }
    for (const [key, labels] of rule.written) {
      if (!written.has(key)) this.#store.append(labels, timestamp, 'stale');
    }
    rule.written = written;
    if (problem !== undefined) throw new RuleError(problem);
  }
}
