import type { Registry } from 'prom-client';
import { type Clock, sleep } from '../clock.ts';
import type { RuleGroupConfig } from '../config/rules.ts';
import type { AlertSink } from '../model/alert.ts';
import type { Appender } from '../model/appender.ts';
import type { RuleEvaluator } from '../model/evaluation.ts';
import type { Log } from '../model/log.ts';
import type { SqliteDatabase } from '../sqlite/database.ts';
import { RESEND_DELAY_MS } from './alert-state.ts';
import { RuleGroup } from './group.ts';
import { createRuleMetrics } from './metrics.ts';
import type { OutgoingSettings } from './outgoing.ts';
import { groupKey, isAlerting, RuleOutput, type RuleRun, ruleKeys } from './rule-run.ts';
import { createRuleStore, type StoredTransition } from './rule-store.ts';
import { groupView, type PresentAlert, presentAlerts, type RuleGroupView } from './views.ts';

export interface RuleManagerOptions extends OutgoingSettings {
  readonly evaluator: RuleEvaluator;
  readonly appender: Appender;
  readonly sink: AlertSink;
  readonly clock: Clock;
  readonly log: Log;
  readonly registry: Registry;
  /** state.db */
  readonly db: SqliteDatabase;
  /** Prints an expression as the parser does; for links and the API. */
  readonly formatExpr: (expr: string) => string;
  /** Resolves when all targets were scraped since the start; alerts from before the restart are not evaluated earlier. */
  readonly targetsScraped?: Promise<void>;
  /** How often receivers hear of an alert that goes on firing, ms. */
  readonly resendDelayMs?: number;
  readonly queryTimeoutMs?: number;
}

export interface RuleManager {
  /**
   * Puts groups to work. Groups that are the same go on untouched; in those that changed, rules of the same name and labels
   * keep their alerts. The first call restores what was there before the restart, and tells the sink of what fires.
   */
  apply(groups: readonly RuleGroupConfig[], settings?: OutgoingSettings): void;
  /** By file and name. */
  groups(): RuleGroupView[];
  /** Alerts that are pending or firing. They change with the next evaluation. */
  alerts(): PresentAlert[];
  /** Changes of state with `at` in [from, to), newest first. */
  history(from: number, to: number, limit: number): Generator<StoredTransition[]>;
  /** Ends all evaluation; resolves when what was handed to the sink was taken. */
  stop(): Promise<void>;
}

const QUERY_TIMEOUT_MS = 120_000;
/** Longest wait for targets to be scraped again after a restart. */
const GRACE_MS = 120_000;
/** After a longer outage `for` starts anew. */
const OUTAGE_TOLERANCE_MS = 3_600_000;
const HISTORY_MS = 90 * 86_400_000;
const PRUNE_INTERVAL_MS = 3_600_000;

export function createRuleManager(options: RuleManagerOptions): RuleManager {
  const { clock, log, appender } = options;
  const store = createRuleStore(options.db);
  const metrics = createRuleMetrics(options.registry);
  let settings: OutgoingSettings = options;
  let running = new Map<string, RuleGroup>();
  let isFirst = true;
  /** Alerts from before the restart are not judged until it resolves. */
  let gate: Promise<void> | undefined;
  const ending = new AbortController();
  const deps = {
    evaluator: options.evaluator,
    appender,
    sink: options.sink,
    clock,
    log,
    store,
    metrics,
    resendDelayMs: options.resendDelayMs ?? RESEND_DELAY_MS,
    queryTimeoutMs: options.queryTimeoutMs ?? QUERY_TIMEOUT_MS,
    settings: () => settings,
  };

  const newRun = (config: RuleGroupConfig['rules'][number], key: string): RuleRun => ({
    config,
    key,
    query: options.formatExpr(config.expr),
    active: new Map(),
    output: new RuleOutput(appender, key),
    health: 'unknown',
    lastError: undefined,
    lastEvaluation: 0,
    evaluationSeconds: 0,
    startsAnew: false,
  });

  /** The rule as it was under the same key, with its new configuration. */
  const carried = (before: RuleRun, config: RuleGroupConfig['rules'][number]): RuleRun => ({
    ...before,
    config,
    query: options.formatExpr(config.expr),
  });

  const restored = (run: RuleRun): RuleRun => {
    const stored = isAlerting(run) ? store.load(run.key) : undefined;
    if (!stored || stored.alerts.size === 0) return run;
    const outage = clock.now() - stored.evaluatedAt;
    const startsAnew = outage > OUTAGE_TOLERANCE_MS;
    if (startsAnew) {
      log.info(
        { rule: run.config.kind === 'alert' ? run.config.alert : '', outageMs: outage },
        'outage was over an hour: `for` starts anew',
      );
    }
    return { ...run, active: stored.alerts, startsAnew };
  };

  const build = (config: RuleGroupConfig): RuleGroup => {
    const before = running.get(groupKey(config));
    const runsBefore = new Map(before?.runs.map((run) => [run.key, run]));
    const keys = ruleKeys(config);
    const runs = config.rules.map((rule, i) => {
      const key = keys[i]!;
      const known = runsBefore.get(key);
      if (known) return carried(known, rule);
      const run = newRun(rule, key);
      return isFirst ? restored(run) : run;
    });
    return new RuleGroup(config, runs, deps, before);
  };

  /** Resolves when alerts from before the restart may be judged: their targets scraped, the rules they build on evaluated. */
  const settledAfterRestart = async (groups: readonly RuleGroup[]): Promise<void> => {
    await options.targetsScraped;
    const from = clock.now();
    const recording = groups.filter(
      (group) => group.runs.every((run) => !hasAlerts(run)) && group.runs.some((run) => !isAlerting(run)),
    );
    await Promise.all(
      recording.map(
        (group) =>
          new Promise<void>((resolve) => {
            group.onIteration((startedAt) => {
              if (startedAt >= from) resolve();
            });
          }),
      ),
    );
  };

  const startAll = (groups: readonly RuleGroup[]): void => {
    if (isFirst && options.targetsScraped && groups.some((group) => group.runs.some(hasAlerts))) {
      const grace = sleep(clock, GRACE_MS, ending.signal);
      gate = Promise.race([settledAfterRestart(groups), grace]).finally(() => {
        gate = undefined;
      });
    }
    for (const group of groups) {
      if (!gate || !group.runs.some(hasAlerts)) group.start();
      else {
        gate.then(
          () => group.start(),
          (error: unknown) => {
            if (!ending.signal.aborted) throw error;
          },
        );
      }
    }
  };

  const prune = (): void => {
    if (ending.signal.aborted) return;
    store.prune(clock.now() - HISTORY_MS);
    clock.after(PRUNE_INTERVAL_MS, prune);
  };

  return {
    apply(configs, changed) {
      if (changed) settings = changed;
      const next = new Map<string, RuleGroup>();
      const fresh: RuleGroup[] = [];
      const kept = new Set<string>();
      for (const config of configs) {
        const key = groupKey(config);
        const before = running.get(key);
        if (before && isSameGroup(before.config, config)) {
          next.set(key, before);
        } else {
          before?.stop();
          const group = build(config);
          next.set(key, group);
          fresh.push(group);
        }
        for (const run of next.get(key)!.runs) kept.add(run.key);
      }
      for (const [key, group] of running) {
        if (next.get(key) === group) continue;
        group.stop();
        for (const run of group.runs)
          if (!kept.has(run.key)) run.output.end(clock.now() - group.config.query_offset);
        if (!next.has(key)) metrics.forget(key);
      }
      running = next;
      if (isFirst) for (const group of fresh) group.remind();
      store.retain(kept);
      startAll(fresh);
      if (isFirst) prune();
      isFirst = false;
    },
    groups: () =>
      [...running.values()]
        .sort((a, b) => compare(a.config.file, b.config.file) || compare(a.config.name, b.config.name))
        .map(groupView),
    alerts: () => [...running.values()].flatMap((group) => group.runs.flatMap(presentAlerts)),
    history: (from, to, limit) => store.transitions(from, to, limit),
    async stop() {
      ending.abort();
      for (const group of running.values()) group.stop();
      await Promise.all([...running.values()].map((group) => group.settled()));
      for (const group of running.values()) for (const run of group.runs) run.output.close();
    },
  };
}

const hasAlerts = (run: RuleRun): boolean =>
  [...run.active.values()].some((alert) => alert.state !== 'inactive');

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Whether two groups do the same; where they stand in their files does not matter. */
function isSameGroup(a: RuleGroupConfig, b: RuleGroupConfig): boolean {
  return canonical(a) === canonical(b);
}

const canonical = ({ position: _, rules, ...group }: RuleGroupConfig): string =>
  JSON.stringify([group, rules.map(({ position: _position, ...rule }) => rule)]);
