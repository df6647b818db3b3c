import type { InhibitRuleConfig } from '../config/inhibit.ts';
import type { RouteConfig } from '../config/route.ts';
import type { NamedTimeIntervals } from '../config/time-intervals.ts';
import { fingerprint } from '../model/fingerprint.ts';
import { type Labels, labelsKey, NO_LABELS } from '../model/labels.ts';
import type { TimeRange } from '../model/time.ts';
import type { StoredAlert } from '../notifiers/alerts.ts';
import { type LogEntry, type NotifyReason, notifyReason } from '../notifiers/dedup.ts';
import { MAINTENANCE_MS } from '../notifiers/dispatcher.ts';
import { formatGroupLabels, groupKey, groupLabels } from '../notifiers/group.ts';
import { Inhibitor } from '../notifiers/inhibit.ts';
import { compileMatchers } from '../notifiers/matching.ts';
import { compileTimeIntervals } from '../notifiers/mute-times.ts';
import { notifiedAlert } from '../notifiers/notification.ts';
import { entryLifeMs, laneKey } from '../notifiers/notification-log.ts';
import { buildRoutes, matchRoutes, type Route } from '../notifiers/routes.ts';
import { type Silence, Silences } from '../notifiers/silences.ts';
import { judge, type StageContext } from '../notifiers/stages.ts';
import type { Verdict } from '../notifiers/traces.ts';
import { TimeQueue } from './time-queue.ts';

/** What decides who is told, as it is configured now; plain data. */
export interface RoutingSettings {
  readonly route: RouteConfig;
  readonly receivers: readonly RehearsedReceiver[];
  readonly inhibit_rules: readonly InhibitRuleConfig[];
  readonly time_intervals: readonly NamedTimeIntervals[];
  readonly silences: readonly Silence[];
}

export interface RehearsedReceiver {
  readonly name: string;
  readonly integrations: readonly {
    readonly kind: string;
    readonly index: number;
    readonly sendResolved: boolean;
  }[];
}

/** One time that an alert fires, as the notifiers hear of it. Times are Unix ms. */
export interface RoutedAlert {
  /** With external labels, relabelled. */
  readonly labels: Labels;
  readonly startsAt: number;
  /** Undefined when it fires still at the end. */
  readonly endsAt: number | undefined;
  /** When the notifiers are told again that it is over. */
  readonly resolvedAgainAt: readonly number[];
}

export interface RehearsedNotification {
  readonly at: number;
  readonly receiver: string;
  readonly integration: string;
  readonly index: number;
  readonly reason: NotifyReason;
  readonly groupKey: string;
  readonly groupLabels: Labels;
  /** How many alerts it tells of; alerts of other rules in the group count. */
  readonly firing: number;
  readonly resolved: number;
}

export interface RehearsedRouting {
  /** In the order in which they leave. */
  readonly notifications: readonly RehearsedNotification[];
  /** Firings that no notification told of, by what kept them back at the last look; those that were over before the first have none. */
  readonly untold: Readonly<
    Record<Exclude<Verdict['kind'], 'passed'> | 'over before the first look', number>
  >;
}

const MINUTE_MS = 60_000;

/**
 * Sends alerts of the past through routes, groups, inhibition, time intervals, silences and the notification log, on a simulated
 * clock; receivers answer at once. Ticks at which nothing can have changed are passed over.
 * @param bystanders alerts of other rules: they inhibit and share groups, and what only tells of them is left out
 */
export function rehearseRouting(
  settings: RoutingSettings,
  alerts: readonly RoutedAlert[],
  bystanders: readonly RoutedAlert[],
  range: TimeRange,
): RehearsedRouting {
  return new Simulation(settings, alerts, bystanders, range).run();
}

interface SimulatedGroup {
  readonly route: Route;
  readonly key: string;
  readonly labels: Labels;
  readonly alerts: Map<string, StoredAlert>;
  /** A tick of it; all others are whole intervals away. */
  readonly firstTickAt: number;
  lastTickAt: number;
  /** The next tick at which something may have changed. */
  nextTickAt: number;
  /** When the last alert left it. */
  emptyAt: number | undefined;
}

interface Change {
  readonly at: number;
  readonly alert: StoredAlert;
  readonly isOwn: boolean;
}

class Simulation {
  readonly #settings: RoutingSettings;
  readonly #range: TimeRange;
  readonly #root: Route;
  readonly #inhibitor: Inhibitor;
  readonly #silences: Silences;
  readonly #times;
  readonly #ways: ReadonlyMap<string, RehearsedReceiver['integrations']>;
  readonly #changes: readonly Change[];
  /** Times at which the verdict about any alert may change. */
  readonly #turns: readonly number[];
  readonly #turnsOfRoute = new Map<Route, readonly number[]>();
  readonly #groups = new Map<string, SimulatedGroup>();
  readonly #queue = new TimeQueue<SimulatedGroup>();
  readonly #log = new Map<string, LogEntry>();
  readonly #notifications: RehearsedNotification[] = [];
  /** Per firing of the rule (fingerprint and start): the last verdict, or that it was told. */
  readonly #fates = new Map<string, Verdict['kind'] | 'told' | undefined>();

  constructor(
    settings: RoutingSettings,
    alerts: readonly RoutedAlert[],
    bystanders: readonly RoutedAlert[],
    range: TimeRange,
  ) {
    this.#settings = settings;
    this.#range = range;
    this.#root = buildRoutes(settings.route);
    this.#inhibitor = new Inhibitor(settings.inhibit_rules);
    const store = { load: () => settings.silences, save() {}, remove() {} };
    const clock = { now: () => range.from, monotonic: () => 0, after: () => ({ cancel() {} }) };
    this.#silences = new Silences(clock, store);
    this.#times = compileTimeIntervals(settings.time_intervals);
    this.#ways = new Map(settings.receivers.map(({ name, integrations }) => [name, integrations]));
    const labelSets = new Map<string, Labels>();
    const changesOf = (routed: readonly RoutedAlert[], isOwn: boolean): Change[] =>
      routed.flatMap((alert) => {
        // One array for one label set: what is worked out for it is found by the array.
        const key = labelsKey(alert.labels);
        const labels = labelSets.get(key) ?? alert.labels;
        labelSets.set(key, labels);
        return changesOfAlert({ ...alert, labels }, isOwn);
      });
    this.#changes = [...changesOf(alerts, true), ...changesOf(bystanders, false)].sort((a, b) => a.at - b.at);
    this.#turns = this.#turnsOfAll();
    for (const { alert, isOwn } of this.#changes) if (isOwn) this.#fates.set(fateKey(alert), undefined);
  }

  run(): RehearsedRouting {
    let next = 0;
    let takingAt = Number.NEGATIVE_INFINITY;
    for (;;) {
      const change = this.#changes[next];
      const tickAt = this.#queue.firstAt;
      // Alerts take a moment from their evaluation to here: a tick of that time comes first, unless they have made it themselves.
      if (change && (change.at < tickAt || change.at === takingAt)) {
        takingAt = change.at;
        if (change.at >= this.#range.to) break;
        this.#inhibitor.note(change.alert);
        this.#insert(change);
        next++;
        continue;
      }
      if (tickAt >= this.#range.to) break;
      const group = this.#queue.take();
      if (group.nextTickAt === tickAt) this.#tick(group, tickAt);
    }
    const untold = { inhibited: 0, inactive: 0, muted: 0, silenced: 0, 'over before the first look': 0 };
    for (const fate of this.#fates.values()) {
      if (fate === 'told' || fate === 'passed') continue;
      untold[fate ?? 'over before the first look']++;
    }
    return { notifications: this.#notifications, untold };
  }

  #insert({ at, alert }: Change): void {
    for (const route of matchRoutes(this.#root, alert.labels)) {
      const labels = groupLabels(alert.labels, route.groupBy);
      const id = `${route.id}:${formatGroupLabels(labels)}`;
      const known = this.#groups.get(id);
      if (known && !isGone(known, at, this.#range.from)) {
        known.emptyAt = undefined;
        known.alerts.set(alert.fingerprint, alert);
        this.#wake(known, at);
        continue;
      }
      const isOld = alert.startsAt + route.groupWaitMs < at;
      const firstTickAt = at + (isOld ? 0 : route.groupWaitMs);
      const group: SimulatedGroup = {
        route,
        key: groupKey(route, labels),
        labels,
        alerts: new Map([[alert.fingerprint, alert]]),
        firstTickAt,
        lastTickAt: -1,
        nextTickAt: firstTickAt,
        emptyAt: undefined,
      };
      this.#groups.set(id, group);
      this.#queue.add(firstTickAt, group);
    }
  }

  /** Lets a group tick when it does next after `at`. */
  #wake(group: SimulatedGroup, at: number): void {
    const tickAt = group.lastTickAt < 0 ? group.firstTickAt : tickFrom(group, at + 1);
    if (tickAt === group.nextTickAt) return;
    group.nextTickAt = tickAt;
    this.#queue.add(tickAt, group);
  }

  #tick(group: SimulatedGroup, at: number): void {
    group.lastTickAt = at;
    const { route } = group;
    const alerts = [...group.alerts.values()];
    const seen = alerts.map((alert) => notifiedAlert(alert, at));
    const context: StageContext = {
      route,
      inhibitor: this.#inhibitor,
      silences: this.#silences,
      times: this.#times,
      now: at,
    };
    const verdicts = judge(seen, context).map(({ verdict }) => verdict.kind);
    alerts.forEach((alert, i) => {
      const key = fateKey(alert);
      const isOpen = this.#fates.has(key) && this.#fates.get(key) !== 'told';
      if (isOpen && seen[i]!.status === 'firing') this.#fates.set(key, verdicts[i]!);
    });
    const passed = seen.filter((_, i) => verdicts[i] === 'passed');
    const named = (status: 'firing' | 'resolved'): Set<string> =>
      new Set(passed.filter((alert) => alert.status === status).map((alert) => alert.fingerprint));
    const [firing, resolved] = [named('firing'), named('resolved')];
    let repeatAt = Number.POSITIVE_INFINITY;
    for (const way of passed.length === 0 ? [] : (this.#ways.get(route.receiver) ?? [])) {
      const key = laneKey(group.key, route.receiver, way.kind, way.index);
      const told = this.#entry(key, route, at);
      const reason = notifyReason({
        entry: told,
        firing,
        resolved,
        sendResolved: way.sendResolved,
        repeatIntervalMs: route.repeatIntervalMs,
        now: at,
      });
      if (reason !== 'none') {
        this.#log.set(key, { firing, resolved, at, data: {} });
        const tellsOfOwn = alerts.some(
          (alert, i) =>
            verdicts[i] === 'passed' &&
            this.#fates.has(fateKey(alert)) &&
            (way.sendResolved || seen[i]!.status === 'firing'),
        );
        if (tellsOfOwn) {
          this.#notifications.push({
            at,
            receiver: route.receiver,
            integration: way.kind,
            index: way.index,
            reason,
            groupKey: group.key,
            groupLabels: group.labels,
            firing: firing.size,
            resolved: way.sendResolved ? resolved.size : 0,
          });
          alerts.forEach((alert, i) => {
            const key = fateKey(alert);
            if (verdicts[i] === 'passed' && seen[i]!.status === 'firing' && this.#fates.has(key))
              this.#fates.set(key, 'told');
          });
        }
      }
      const entry = reason === 'none' ? told : this.#log.get(key);
      if (firing.size > 0 && entry) repeatAt = Math.min(repeatAt, entry.at + route.repeatIntervalMs + 1);
    }
    for (const alert of seen) if (alert.status === 'resolved') group.alerts.delete(alert.fingerprint);
    if (group.alerts.size === 0) {
      group.emptyAt = at;
      group.nextTickAt = Number.POSITIVE_INFINITY;
      return;
    }
    const turnAt = Math.min(firstAfter(this.#turns, at), firstAfter(this.#turnsOf(route), at), repeatAt);
    group.nextTickAt = tickFrom(group, Math.max(turnAt, at + 1));
    if (group.nextTickAt < this.#range.to) this.#queue.add(group.nextTickAt, group);
  }

  #entry(key: string, route: Route, at: number): LogEntry | undefined {
    const entry = this.#log.get(key);
    if (entry && entry.at + entryLifeMs(route.repeatIntervalMs) <= at) return undefined;
    return entry;
  }

  #turnsOfAll(): number[] {
    const sources = this.#settings.inhibit_rules.map((rule) => compileMatchers(rule.source_matchers));
    const isSource = new Map<Labels, boolean>();
    const times = this.#settings.silences.flatMap(({ startsAt, endsAt }) => [startsAt, endsAt]);
    for (const { at, alert } of sources.length === 0 ? [] : this.#changes) {
      const { labels } = alert;
      const known = isSource.get(labels) ?? sources.some((source) => source.matches(labels));
      isSource.set(labels, known);
      if (known) times.push(at + 1);
    }
    return times.sort((a, b) => a - b);
  }

  /** Times at which the time intervals of a route begin or cease to hold; intervals turn at full minutes. */
  #turnsOf(route: Route): readonly number[] {
    const names = [...route.muteTimes, ...route.activeTimes];
    if (names.length === 0) return [];
    const known = this.#turnsOfRoute.get(route);
    if (known) return known;
    const turns: number[] = [];
    let before = '';
    const { from, to } = this.#range;
    for (let at = Math.floor(from / MINUTE_MS) * MINUTE_MS; at < to; at += MINUTE_MS) {
      const holding = this.#times.holding(names, at).join('\0');
      if (holding !== before) turns.push(at);
      before = holding;
    }
    this.#turnsOfRoute.set(route, turns);
    return turns;
  }
}

function changesOfAlert(
  { labels, startsAt, endsAt, resolvedAgainAt }: RoutedAlert,
  isOwn: boolean,
): Change[] {
  const alert: StoredAlert = {
    labels,
    annotations: NO_LABELS,
    startsAt,
    endsAt: Number.POSITIVE_INFINITY,
    updatedAt: startsAt,
    generatorURL: '',
    fingerprint: fingerprint(labels),
    timeout: false,
  };
  const fires = { at: startsAt, alert, isOwn };
  if (endsAt === undefined) return [fires];
  return [
    fires,
    ...[endsAt, ...resolvedAgainAt].map((at) => ({ at, alert: { ...alert, endsAt, updatedAt: at }, isOwn })),
  ];
}

const fateKey = ({ fingerprint: id, startsAt }: StoredAlert): string => `${id}@${startsAt}`;

/** The first tick of a group at or after `at`. */
function tickFrom({ firstTickAt, route }: SimulatedGroup, at: number): number {
  const ticks = Math.max(0, Math.ceil((at - firstTickAt) / route.groupIntervalMs));
  return firstTickAt + ticks * route.groupIntervalMs;
}

/** Whether a group without alerts was removed by now. */
function isGone({ emptyAt }: SimulatedGroup, now: number, origin: number): boolean {
  if (emptyAt === undefined) return false;
  return origin + (Math.floor((emptyAt - origin) / MAINTENANCE_MS) + 1) * MAINTENANCE_MS <= now;
}

/** The first of some sorted times that is later than `at`. */
function firstAfter(times: readonly number[], at: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (times[middle]! <= at) low = middle + 1;
    else high = middle;
  }
  return times[low] ?? Number.POSITIVE_INFINITY;
}
