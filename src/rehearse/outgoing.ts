import type { RuleGroupConfig } from '../config/rules.ts';
import { eachLabel, type Labels, labelsKey, labelsOf } from '../model/labels.ts';
import { RESEND_DELAY_MS, RESOLVED_RETENTION_MS } from '../rules/alert-state.ts';
import type { RoutedAlert } from './routing.ts';

interface Fired {
  readonly labels: Labels;
  readonly pendingAt: number;
  readonly firingAt: number;
  readonly resolvedAt: number | undefined;
}

/**
 * Firings as they leave for the notifiers: with external labels, relabelled, and told again for a while once they are over, until the
 * same alert comes back. The firings are in order of time.
 */
export function routedAlerts(
  firings: readonly Fired[],
  settings: { readonly group: RuleGroupConfig; readonly externalLabels: Readonly<Record<string, string>> },
  relabel: (labels: Labels) => Labels | undefined,
): RoutedAlert[] {
  const leaving = new Map<string, Labels | undefined>();
  const external = Object.entries(settings.externalLabels);
  /** When the same alert is pending next. */
  const nextPendingAt = new Map<string, number>();
  const alerts: RoutedAlert[] = [];
  for (let i = firings.length - 1; i >= 0; i--) {
    const { labels, pendingAt, firingAt, resolvedAt } = firings[i]!;
    const key = labelsKey(labels);
    if (!leaving.has(key)) leaving.set(key, relabel(labelsOf([...external, ...eachLabel(labels)])));
    const outgoing = leaving.get(key);
    const until = nextPendingAt.get(key) ?? Number.POSITIVE_INFINITY;
    nextPendingAt.set(key, pendingAt);
    if (outgoing === undefined || outgoing.length === 0) continue;
    const resolvedAgainAt =
      resolvedAt === undefined ? [] : repeatsOf(resolvedAt, settings.group.interval, until);
    alerts.push({ labels: outgoing, startsAt: firingAt, endsAt: resolvedAt, resolvedAgainAt });
  }
  return alerts.reverse();
}

/** The evaluations at which an alert that is over is sent again: whenever more than the resend delay has passed. */
function repeatsOf(resolvedAt: number, intervalMs: number, until: number): number[] {
  const times: number[] = [];
  const pause = (Math.floor(RESEND_DELAY_MS / intervalMs) + 1) * intervalMs;
  const last = Math.min(resolvedAt + RESOLVED_RETENTION_MS, until - 1);
  for (let at = resolvedAt + pause; at <= last; at += pause) times.push(at);
  return times;
}
