import type { Clock } from '../clock.ts';
import type { Log } from '../model/log.ts';
import type { Integration } from './delivery.ts';
import type { Group } from './dispatcher.ts';
import { compareAlerts } from './group.ts';
import type { Lanes, News, Pace, Statement } from './lanes.ts';
import type { Live } from './live.ts';
import { type NotifiedAlert, notifiedAlert } from './notification.ts';
import type { Route } from './routes.ts';
import type { Silences } from './silences.ts';
import { judge } from './stages.ts';
import { type FlushTrace, MAX_TRACED_ALERTS, type Traces, type Verdict } from './traces.ts';

export interface FlushDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly live: () => Live;
  readonly silences: Silences;
  readonly lanes: Lanes;
  readonly traces: Traces;
  readonly externalUrl: string;
  /** Runs a write that may fail. */
  readonly durably: <T>(what: string, write: () => T) => T | undefined;
  readonly isStopped: () => boolean;
}

/** What the next look at a group will come to if nothing changes until then. */
export interface NextFlush {
  readonly key: string;
  readonly receiver: string;
  /** Unix ms. */
  readonly nextFlushAt: number;
  /** What the stages will make of the alert then. */
  readonly verdict: Verdict;
  /** What each integration will be told of the group then. */
  readonly integrations: readonly News[];
}

export interface Flusher {
  /** Looks at a group and tells whom there is news for. See `Dispatcher` for what it returns. */
  flush(group: Group, at: number): boolean;
  foresee(group: Group, fingerprint: string): NextFlush;
  /** Labels of a group's route, rendered with these alerts. */
  routeLabels(group: Group, alerts: readonly NotifiedAlert[], at: number): Readonly<Record<string, string>>;
}

/** The pipeline of one flush: snapshot, stages, each integration's own decision, trace. */
export function createFlusher(deps: FlushDeps): Flusher {
  const { clock, log, silences, lanes, traces, externalUrl, durably } = deps;
  return { flush, foresee, routeLabels };

  /** One look at a group, or at one integration of it. See `Dispatcher` for what it returns. */
  function flush(group: Group, at: number, only?: Integration): boolean {
    const live = deps.live();
    const ways = only ? [only] : (live.integrations.get(group.route.receiver) ?? []);
    const free = ways.filter((way) => !lanes.isBusy(group.key, way));
    if (!only && ways.length > 0 && free.length === 0) {
      for (const way of ways)
        lanes.whenFree(group.key, way, group, () => deps.live().dispatcher?.resume(group));
      return false;
    }
    for (const way of ways) {
      if (free.includes(way)) continue;
      lanes.whenFree(group.key, way, group, () => {
        if (deps.live().dispatcher?.has(group) && group.alerts.size > 0) flush(group, clock.now(), way);
      });
    }
    if (ways.length > 0 && free.length === 0) return true;
    const seen = [...group.alerts.values()].map((alert) => notifiedAlert(alert, at)).sort(compareAlerts);
    const decisions = judge(seen, {
      route: group.route,
      inhibitor: live.inhibitor,
      silences,
      times: live.times,
      now: at,
    });
    group.mutedBy =
      decisions.map(({ verdict }) => intervalsOf(verdict)).find((names) => names.length > 0) ?? [];
    const passed = seen.filter((_, i) => decisions[i]!.verdict.kind === 'passed');
    const told = passed.length === 0 ? [] : tellAll(group, passed, at, free);
    const trace: FlushTrace = {
      groupKey: group.key,
      groupLabels: group.labels,
      route: group.route.id,
      receiver: group.route.receiver,
      at,
      lastAt: at,
      count: 1,
      nextFlushAt: group.nextFlushAt,
      alerts: decisions.slice(0, MAX_TRACED_ALERTS),
      unnamed: Math.max(0, decisions.length - MAX_TRACED_ALERTS),
      integrations: told.map((one) => one.decision),
    };
    const row = durably('a trace', () => traces.record(trace));
    const isComplete = free.length === ways.length;
    if (told.every((one) => one.decision.outcome.kind !== 'sending')) {
      if (isComplete) forgetResolved(group, seen);
      return true;
    }
    void Promise.all(told.map((one) => one.done)).then((done) => {
      if (deps.isStopped()) return;
      if (row !== undefined) durably('a trace', () => traces.update(row, trace));
      if (isComplete && done.every(Boolean)) forgetResolved(group, seen);
    });
    return true;
  }

  function tellAll(group: Group, passed: readonly NotifiedAlert[], at: number, ways: readonly Integration[]) {
    const statement = { ...statementOf(group, passed, at), routeLabels: routeLabels(group, passed, at) };
    return ways.map((way) => lanes.tell(way, statement, paceOf(group.route)));
  }

  function statementOf(group: Group, alerts: readonly NotifiedAlert[], at: number): Statement {
    return {
      receiver: group.route.receiver,
      groupKey: group.key,
      groupLabels: group.labels,
      routeLabels: {},
      alerts,
      externalURL: externalUrl,
      at,
    };
  }

  /** What the next look at a group will come to if nothing changes until then. */
  function foresee(group: Group, wanted: string): NextFlush {
    const live = deps.live();
    const { key, route, nextFlushAt: at } = group;
    // What fires is repeated by its sender long before it would end by itself.
    const now = clock.now();
    const seen = [...group.alerts.values()].map((alert) => notifiedAlert(alert, now)).sort(compareAlerts);
    const decisions = judge(seen, { route, inhibitor: live.inhibitor, silences, times: live.times, now: at });
    const passed = seen.filter((_, i) => decisions[i]!.verdict.kind === 'passed');
    const statement = statementOf(group, passed, at);
    const ways = passed.length === 0 ? [] : (live.integrations.get(route.receiver) ?? []);
    return {
      key,
      receiver: route.receiver,
      nextFlushAt: at,
      verdict: decisions.find((one) => one.fingerprint === wanted)!.verdict,
      integrations: ways.map((way) => lanes.preview(way, statement, paceOf(route))),
    };
  }

  /** Labels of the route, rendered; one that fails is left out, as upstream has it. */
  function routeLabels(
    group: Group,
    passed: readonly NotifiedAlert[],
    at: number,
  ): Readonly<Record<string, string>> {
    const templates = Object.entries(group.route.labels);
    if (templates.length === 0 || passed.length === 0) return {};
    const render = deps.live().rendering({
      ...statementOf(group, passed, at),
      routeLabels: group.route.labels,
      reason: 'none',
      data: {},
    });
    const rendered: Record<string, string> = {};
    for (const [name, template] of templates) {
      try {
        rendered[name] = render.text(template);
      } catch (error) {
        log.error({ err: error, route: group.route.id, label: name }, 'cannot render a label of a route');
      }
    }
    return rendered;
  }
}

/** Resolved alerts leave the group once all were told, unless they have changed meanwhile. */
function forgetResolved(group: Group, seen: readonly NotifiedAlert[]): void {
  for (const alert of seen) {
    const now = group.alerts.get(alert.fingerprint);
    if (alert.status === 'resolved' && now?.updatedAt === alert.updatedAt)
      group.alerts.delete(alert.fingerprint);
  }
}

function paceOf({ groupIntervalMs, repeatIntervalMs }: Route): Pace {
  return { groupIntervalMs, repeatIntervalMs };
}

function intervalsOf(verdict: Verdict): readonly string[] {
  return verdict.kind === 'muted' || verdict.kind === 'inactive' ? verdict.intervals : [];
}
