import { goTimeText } from '../model/time.ts';
import type { ActiveAlert } from './alert-state.ts';
import type { RuleGroup } from './group.ts';
import { isAlerting, type RuleHealth, type RuleRun } from './rule-run.ts';

/** An alert that is pending or firing. */
export type PresentAlert = ActiveAlert & { readonly state: 'pending' | 'firing' };

export interface AlertCounts {
  readonly firing: number;
  readonly pending: number;
  /** Since when the condition of the oldest that fires holds; null while none does. */
  readonly firingSince: string | null;
}

interface RuleViewBase {
  readonly name: string;
  readonly query: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly health: RuleHealth;
  readonly lastError?: string;
  /** Seconds. */
  readonly evaluationTime: number;
  readonly lastEvaluation: string;
}

export interface AlertingRuleView extends RuleViewBase {
  readonly type: 'alerting';
  readonly state: 'unknown' | 'inactive' | 'pending' | 'firing';
  /** Seconds. */
  readonly duration: number;
  /** Seconds. */
  readonly keepFiringFor: number;
  readonly annotations: Readonly<Record<string, string>>;
  readonly alerts: readonly PresentAlert[];
}

export interface RecordingRuleView extends RuleViewBase {
  readonly type: 'recording';
}

export interface RuleGroupView {
  readonly name: string;
  readonly file: string;
  readonly rules: readonly (AlertingRuleView | RecordingRuleView)[];
  /** Seconds. */
  readonly interval: number;
  readonly limit: number;
  /** Seconds. */
  readonly evaluationTime: number;
  readonly lastEvaluation: string;
}

export function groupView(group: RuleGroup): RuleGroupView {
  const { name, file, interval, limit } = group.config;
  return {
    name,
    file,
    rules: group.runs.map(ruleView),
    interval: interval / 1000,
    limit,
    evaluationTime: group.evaluationSeconds,
    lastEvaluation: goTimeText(group.lastEvaluation),
  };
}

/** Alerts that are pending or firing. */
export const presentAlerts = (run: RuleRun): PresentAlert[] => [...run.active.values()].filter(isPresent);

/** How many alerts there are by state. */
export function alertCounts(alerts: Iterable<Pick<PresentAlert, 'state' | 'activeAt'>>): AlertCounts {
  const counts = { firing: 0, pending: 0 };
  let since: number | undefined;
  for (const { state, activeAt } of alerts) {
    counts[state]++;
    if (state === 'firing' && (since === undefined || activeAt < since)) since = activeAt;
  }
  return { ...counts, firingSince: since === undefined ? null : goTimeText(since) };
}

export const isPresent = (alert: ActiveAlert): alert is PresentAlert => alert.state !== 'inactive';

function ruleView(run: RuleRun): AlertingRuleView | RecordingRuleView {
  const base = {
    query: run.query,
    labels: run.config.labels,
    health: run.health,
    ...(run.lastError === undefined ? {} : { lastError: run.lastError }),
    evaluationTime: run.evaluationSeconds,
    lastEvaluation: goTimeText(run.lastEvaluation),
  };
  if (!isAlerting(run)) {
    return { name: run.config.kind === 'record' ? run.config.record : '', ...base, type: 'recording' };
  }
  const alerts = presentAlerts(run);
  return {
    state: stateOf(run, alerts),
    name: run.config.alert,
    duration: run.config.for / 1000,
    keepFiringFor: run.config.keep_firing_for / 1000,
    annotations: run.config.annotations,
    alerts,
    ...base,
    type: 'alerting',
  };
}

function stateOf(run: RuleRun, alerts: readonly PresentAlert[]): AlertingRuleView['state'] {
  if (alerts.some((alert) => alert.state === 'firing')) return 'firing';
  if (alerts.length > 0) return 'pending';
  return run.lastEvaluation === 0 ? 'unknown' : 'inactive';
}
