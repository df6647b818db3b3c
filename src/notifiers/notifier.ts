import type { Registry } from 'prom-client';
import type { Clock } from '../clock.ts';
import type { InhibitRuleConfig } from '../config/inhibit.ts';
import type { ReceiverConfig } from '../config/receivers/receiver.ts';
import type { RouteConfig } from '../config/route.ts';
import type { NamedTimeIntervals } from '../config/time-intervals.ts';
import type { Alert, AlertSink } from '../model/alert.ts';
import { compareStrings, type Labels } from '../model/labels.ts';
import type { Log } from '../model/log.ts';
import type { SqliteDatabase } from '../sqlite/database.ts';
import type { TemplateSet } from '../templates/notification.ts';
import { AlertStore, alertProblem, intake, type StoredAlert } from './alerts.ts';
import type { Integration } from './delivery.ts';
import { Dispatcher, type Group } from './dispatcher.ts';
import { compareAlerts, compareLabelSets } from './group.ts';
import { describeNotification, History, type HistoryEntry, type HistoryFilter } from './history.ts';
import { Inhibitor } from './inhibit.ts';
import { createIntegrations } from './integrations.ts';
import { Lanes, type News, type Pace, type Statement } from './lanes.ts';
import { createMetrics } from './metrics.ts';
import { compileTimeIntervals, type TimeIntervals } from './mute-times.ts';
import { type NotifiedAlert, notifiedAlert } from './notification.ts';
import { NotificationLog } from './notification-log.ts';
import { buildRoutes, explainRoutes, matchRoutes, type Route, type RouteStep } from './routes.ts';
import { type Silence, type SilenceInput, Silences } from './silences.ts';
import { judge } from './stages.ts';
import { NotifierState, type OutboxRow } from './state.ts';
import { templateRendering } from './template-data.ts';
import { testNotification } from './test-notification.ts';
import { type FlushTrace, MAX_TRACED_ALERTS, Traces, type Verdict } from './traces.ts';
import { createHttpTransport, type HttpTransport } from './transport/http.ts';
import { createMailTransport, type MailTransport } from './transport/smtp.ts';

/** The sections of the config that the notifier lives by. */
export interface NotifierConfig {
  /** Without one, alerts are kept and shown and sent to nobody. */
  readonly route?: RouteConfig;
  readonly receivers: readonly ReceiverConfig[];
  readonly inhibit_rules: readonly InhibitRuleConfig[];
  /** `time_intervals` and `mute_time_intervals` together. */
  readonly time_intervals: readonly NamedTimeIntervals[];
  readonly global: { readonly resolve_timeout: number };
}

type Templates = Pick<TemplateSet, 'renderText' | 'renderHtml'>;

export interface NotifierOptions {
  readonly config: NotifierConfig;
  /** For the texts of messages; replaced with `apply` when the template files change. */
  readonly templates: Templates;
  readonly db: SqliteDatabase;
  readonly clock: Clock;
  readonly log: Log;
  readonly registry: Registry;
  /** Without a slash at the end; goes into messages. */
  readonly externalUrl: string;
  readonly version?: string;
  /** Resolves when what was committed to `db` survives a loss of power; silences are answered only then. */
  readonly synced?: () => Promise<void>;
  readonly http?: HttpTransport;
  readonly mail?: MailTransport;
  /** 0 ≤ x < 1, for the spread of retries. */
  readonly random?: () => number;
}

export interface AlertState {
  readonly state: 'active' | 'suppressed';
  readonly silencedBy: readonly string[];
  readonly inhibitedBy: readonly string[];
  readonly mutedBy: readonly string[];
}

export interface ShownAlert {
  readonly alert: StoredAlert;
  readonly status: AlertState;
  readonly receivers: readonly string[];
}

export interface ShownGroup {
  readonly labels: Labels;
  readonly routeLabels: Readonly<Record<string, string>>;
  readonly receiver: string;
  readonly key: string;
  readonly mutedBy: readonly string[];
  readonly nextFlushAt: number;
  readonly alerts: readonly ShownAlert[];
}

/** Everything there is to say about why an alert was or was not told to someone. */
export interface AlertTrace {
  readonly alert: StoredAlert | undefined;
  readonly status: AlertState | undefined;
  /** Each node of the route tree that was looked at. */
  readonly routes: readonly RouteStep[];
  /** The groups the alert is in now, when they are looked at next, and what will come of it if nothing changes. */
  readonly groups: readonly NextFlush[];
  /** Newest first. */
  readonly flushes: readonly FlushTrace[];
  readonly notifications: readonly HistoryEntry[];
}

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

/** How a test message fared at one integration. */
export interface TestOutcome {
  readonly integration: string;
  readonly index: number;
  readonly outcome: 'delivered' | 'failed';
  /** The receiver's answer or the error. */
  readonly answer: string;
  readonly durationMs: number;
}

export interface Notifier extends AlertSink {
  /** Takes alerts of own rules: they are stored before they count. */
  accept(alerts: readonly Alert[]): Promise<void>;
  /** Takes alerts that others post and repeat; they are not stored. Gives what is wrong with those that were left out. */
  post(alerts: readonly Alert[]): Promise<readonly string[]>;
  /** Lives by another config from now on; alerts are put into its groups at once. */
  apply(config: NotifierConfig, templates?: Templates): void;
  /** Alerts that are not over, in the order of their fingerprints. */
  alerts(isWanted?: (alert: StoredAlert) => boolean): readonly ShownAlert[];
  /** Groups with such alerts, in the order of their labels. */
  groups(isWanted?: (alert: StoredAlert) => boolean): readonly ShownGroup[];
  receivers(): readonly ReceiverConfig[];
  silences(): readonly Silence[];
  silence(id: string): Silence | undefined;
  /** @throws SilenceError */
  setSilence(input: SilenceInput): Promise<Silence>;
  /** @throws SilenceError */
  expireSilence(id: string): Promise<void>;
  trace(fingerprint: string): AlertTrace;
  /** Messages that were tried, newest first. */
  notifications(filter?: HistoryFilter): readonly HistoryEntry[];
  /**
   * Sends a message marked as a test to each integration of a receiver, once, beside all groups and logs; it goes into the history.
   * @returns undefined when there is no such receiver
   */
  test(receiver: string, status: 'firing' | 'resolved'): Promise<readonly TestOutcome[] | undefined>;
  /** The last message that arrived at a receiver. */
  lastDelivered(receiver: string): HistoryEntry | undefined;
  /** Messages that are being tried, failed at the last flush, or were given up. */
  outbox(): readonly OutboxRow[];
  /** Tries a message of the outbox once more. @returns false when there is none under this key */
  resend(key: string): boolean;
  status(): {
    readonly alerts: number;
    readonly groups: number;
    readonly outbox: number;
    readonly startedAt: number;
  };
  /** Stops all ticks, gives messages under way 3 s, and cuts them off; the outbox keeps what was not answered. */
  stop(): Promise<void>;
}

/** How often what is over is forgotten. */
const COLLECT_MS = 5 * 60_000;
/** How long an alert of an own rule is taken to go on after a restart, until its rule is heard of again. */
const RESTORED_MS = 5 * 60_000;
/** Alerts taken in before others get their turn; a few milliseconds' work. */
const SLICE = 200;
/** How long messages under way may take once the notifier is stopped. */
const STOP_GRACE_MS = 3000;
/** Longest that a test message may take. */
const TEST_LIMIT_MS = 10_000;

export function createNotifier(options: NotifierOptions): Notifier {
  const { clock, log } = options;
  const state = new NotifierState(options.db);
  const startedAt = clock.now();
  const alerts = new AlertStore();
  const traces = new Traces(options.db);
  const history = new History(options.db);
  const silences = new Silences(clock, state.silences());
  const notificationLog = new NotificationLog(state, startedAt);
  const userAgent = `Belfry/${options.version ?? '0'}`;
  const http = options.http ?? createHttpTransport({ clock, userAgent, environment: process.env });
  const mail = options.mail ?? createMailTransport();
  /** Fingerprints of alerts of own rules: those that are stored. */
  const own = new Set<string>();

  let config = options.config;
  let rendering = templateRendering(options.templates);
  let inhibitor = new Inhibitor([]);
  let times: TimeIntervals = compileTimeIntervals([]);
  let integrations: ReadonlyMap<string, readonly Integration[]> = new Map();
  let dispatcher: Dispatcher | undefined;
  let isStopped = false;
  /** The last of the calls that are still taking alerts in. */
  let taking: Promise<void> | undefined;

  const metrics = createMetrics(options.registry, {
    alerts: countAlerts,
    silences: () => silences.list(),
    outbox: () => lanes.outbox(),
    now: () => clock.now(),
  });
  const random = options.random ?? Math.random;
  const lanes = new Lanes({ clock, log, state, notificationLog, history, metrics, random });

  restoreAlerts();
  settle();
  lanes.resume(integrationOf);
  let collecting = clock.after(COLLECT_MS, collect);

  return {
    accept: (arrived) => takeInSlices(arrived, true),
    async post(arrived) {
      const problems = arrived.map(problemOf);
      const good = arrived.filter((_, i) => problems[i] === undefined);
      const found = problems.filter((problem) => problem !== undefined);
      metrics.invalid(found.length);
      await takeInSlices(good, false);
      return found;
    },
    apply(next, templates) {
      const held = heldFingerprints();
      config = next;
      if (templates) rendering = templateRendering(templates);
      settle((alert) => alert.endsAt > clock.now() || held.has(alert.fingerprint));
      lanes.cutOthers(new Set([...integrations.values()].flat().map((way) => way.version)));
      lanes.collect(integrationOf);
    },
    alerts: (isWanted = everyAlert) =>
      [...alerts.values()]
        .filter((alert) => alert.endsAt > clock.now() && isWanted(alert))
        .sort((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1))
        .map((alert) => show(alert, receiversOf(alert.labels), [])),
    groups: showGroups,
    receivers: () => config.receivers,
    silences: () => silences.list(),
    silence: (id) => silences.get(id),
    async setSilence(input) {
      const silence = silences.set(input);
      await synced();
      return silence;
    },
    async expireSilence(id) {
      silences.expire(id);
      await synced();
    },
    trace(wanted) {
      const flushes = traces.ofAlert(wanted);
      const alert = alerts.get(wanted);
      const inGroups = dispatcher ? [...dispatcher.groups()].filter((group) => group.alerts.has(wanted)) : [];
      return {
        alert,
        status: alert && stateOf(alert.labels, inGroups[0]?.mutedBy ?? []),
        routes: alert && dispatcher ? explainRoutes(dispatcher.root, alert.labels) : [],
        groups: inGroups.map((group) => nextFlush(group, wanted)),
        flushes,
        notifications: history.find({ fingerprint: wanted, limit: 50 }),
      };
    },
    notifications: (filter) => history.find(filter),
    test: sendTest,
    lastDelivered: (receiver) => history.lastDelivered(receiver),
    outbox: () => lanes.outbox(),
    resend: (key) => lanes.resend(key, integrationOf),
    status: () => ({
      alerts: alerts.size,
      groups: dispatcher?.size ?? 0,
      outbox: lanes.outbox().length,
      startedAt,
    }),
    async stop() {
      isStopped = true;
      collecting.cancel();
      dispatcher?.stop();
      await lanes.stop(STOP_GRACE_MS);
    },
  };

  /** Builds everything that the config decides, and puts alerts into their groups. */
  function settle(isDispatched: (alert: StoredAlert) => boolean = () => true): void {
    dispatcher?.stop();
    inhibitor = new Inhibitor(config.inhibit_rules);
    for (const alert of alerts.values()) inhibitor.note(alert);
    times = compileTimeIntervals(config.time_intervals);
    integrations = new Map(
      config.receivers.map((receiver) => [
        receiver.name,
        createIntegrations(receiver, { clock, rendering, http, mail }),
      ]),
    );
    dispatcher = undefined;
    if (!config.route) {
      log.info({}, 'no route is configured: alerts are shown and sent to nobody');
      return;
    }
    const root = buildRoutes(config.route);
    dispatcher = new Dispatcher({
      clock,
      root,
      flush,
      together,
      onRemoved: (group) => traces.forgetGroup(group.key),
    });
    for (const alert of alerts.values()) if (isDispatched(alert)) dispatcher.insert(alert);
  }

  /** Alerts of own rules as they were; those that fired go on until their rules are heard of again. */
  function restoreAlerts(): void {
    for (const alert of state.loadAlerts()) {
      const wasFiring = alert.endsAt > alert.updatedAt;
      const endsAt = wasFiring ? Math.max(alert.endsAt, startedAt + RESTORED_MS) : alert.endsAt;
      const kept = alerts.put(
        intake({ ...alert, endsAt }, startedAt, config.global.resolve_timeout),
        startedAt,
      );
      own.add(kept.fingerprint);
    }
  }

  /** Lets others have their turn between slices; one call after the other, so that a later word about an alert stays the later. */
  function takeInSlices(arrived: readonly Alert[], isOwn: boolean): Promise<void> {
    const isBusy = taking !== undefined;
    if (!isBusy && arrived.length <= SLICE) {
      take(arrived, isOwn);
      return Promise.resolve();
    }
    const mine = (taking ?? Promise.resolve()).then(async () => {
      for (let from = 0; from < arrived.length; from += SLICE) {
        if (from > 0) await new Promise<void>((resolve) => setImmediate(resolve));
        take(arrived.slice(from, from + SLICE), isOwn);
      }
    });
    taking = mine;
    return mine.finally(() => {
      if (taking === mine) taking = undefined;
    });
  }

  /** Keeps alerts and puts them into their groups. */
  function take(arrived: readonly Alert[], isOwn: boolean): void {
    const now = clock.now();
    const kept = arrived.map((alert) => {
      const known = alerts.find(alert.labels)?.fingerprint;
      return alerts.put(intake(alert, now, config.global.resolve_timeout, known), now);
    });
    metrics.received(kept.map((alert) => ({ isFiring: alert.endsAt > now })));
    if (isOwn) {
      for (const alert of kept) own.add(alert.fingerprint);
      durably('alerts', () => state.saveAlerts(kept));
    }
    for (const alert of kept) inhibitor.note(alert);
    for (const alert of kept) dispatcher?.insert(alert);
  }

  function problemOf(alert: Alert): string | undefined {
    const startsAt = alert.startsAt || alert.endsAt || clock.now();
    return alertProblem({ ...alert, startsAt });
  }

  /** One look at a group, or at one integration of it. See `Dispatcher` for what it returns. */
  function flush(group: Group, at: number, only?: Integration): boolean {
    const ways = only ? [only] : (integrations.get(group.route.receiver) ?? []);
    const free = ways.filter((way) => !lanes.isBusy(group.key, way));
    if (!only && ways.length > 0 && free.length === 0) {
      for (const way of ways) lanes.whenFree(group.key, way, group, () => dispatcher?.resume(group));
      return false;
    }
    for (const way of ways) {
      if (free.includes(way)) continue;
      lanes.whenFree(group.key, way, group, () => {
        if (dispatcher?.has(group) && group.alerts.size > 0) flush(group, clock.now(), way);
      });
    }
    if (ways.length > 0 && free.length === 0) return true;
    const seen = [...group.alerts.values()].map((alert) => notifiedAlert(alert, at)).sort(compareAlerts);
    const decisions = judge(seen, { route: group.route, inhibitor, silences, times, now: at });
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
      if (isStopped) return;
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
      externalURL: options.externalUrl,
      at,
    };
  }

  /** What the next look at a group will come to if nothing changes until then. */
  function nextFlush(group: Group, wanted: string): NextFlush {
    const { key, route, nextFlushAt: at } = group;
    const seen = [...group.alerts.values()].map((alert) => notifiedAlert(alert, at)).sort(compareAlerts);
    const decisions = judge(seen, { route, inhibitor, silences, times, now: at });
    const passed = seen.filter((_, i) => decisions[i]!.verdict.kind === 'passed');
    const statement = statementOf(group, passed, at);
    const ways = passed.length === 0 ? [] : (integrations.get(route.receiver) ?? []);
    return {
      key,
      receiver: route.receiver,
      nextFlushAt: at,
      verdict: decisions.find((one) => one.fingerprint === wanted)!.verdict,
      integrations: ways.map((way) => lanes.preview(way, statement, paceOf(route))),
    };
  }

  async function sendTest(
    receiver: string,
    status: 'firing' | 'resolved',
  ): Promise<readonly TestOutcome[] | undefined> {
    const ways = integrations.get(receiver);
    if (!ways) return undefined;
    const notification = testNotification(receiver, status, clock.now(), options.externalUrl);
    return Promise.all(
      ways.map(async (way): Promise<TestOutcome> => {
        const began = clock.monotonic();
        const limit = new AbortController();
        const timer = clock.after(TEST_LIMIT_MS, () => limit.abort());
        const attempt = await way.attempt(notification, limit.signal);
        timer.cancel();
        const isDelivered = attempt.kind === 'delivered';
        const ended = {
          integration: way.kind,
          index: way.index,
          outcome: isDelivered ? ('delivered' as const) : ('failed' as const),
          answer: isDelivered ? attempt.answer : attempt.message,
          durationMs: Math.round(clock.monotonic() - began),
        };
        const described = { ...describeNotification(notification), reason: 'test' };
        durably('a test', () => history.add({ ...described, ...ended, at: clock.now(), attempts: 1 }));
        return ended;
      }),
    );
  }

  /** Labels of the route, rendered; one that fails is left out, as upstream has it. */
  function routeLabels(
    group: Group,
    passed: readonly NotifiedAlert[],
    at: number,
  ): Readonly<Record<string, string>> {
    const templates = Object.entries(group.route.labels);
    if (templates.length === 0 || passed.length === 0) return {};
    const render = rendering({
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

  /** Resolved alerts leave the group once all were told, unless they have changed meanwhile. */
  function forgetResolved(group: Group, seen: readonly NotifiedAlert[]): void {
    for (const alert of seen) {
      const now = group.alerts.get(alert.fingerprint);
      if (alert.status === 'resolved' && now?.updatedAt === alert.updatedAt)
        group.alerts.delete(alert.fingerprint);
    }
  }

  function heldFingerprints(): ReadonlySet<string> {
    const held = new Set<string>();
    for (const group of dispatcher?.groups() ?? []) for (const key of group.alerts.keys()) held.add(key);
    return held;
  }

  function collect(): void {
    const now = clock.now();
    const held = heldFingerprints();
    const gone = alerts.collect(now, (fingerprint) => held.has(fingerprint));
    inhibitor.forget(gone);
    const stored = gone.map((alert) => alert.fingerprint).filter((fingerprint) => own.delete(fingerprint));
    durably('what is over', () => {
      if (stored.length > 0) state.removeAlerts(stored);
      notificationLog.collect(now);
      silences.collect();
      history.collect(now);
      traces.collect(now);
      lanes.collect(integrationOf);
    });
    collecting = clock.after(COLLECT_MS, collect);
  }

  function integrationOf(row: OutboxRow): Integration | undefined {
    const ways = integrations.get(row.receiver) ?? [];
    return ways.find((way) => way.kind === row.integration && way.index === row.index);
  }

  function receiversOf(labels: Labels): readonly string[] {
    return dispatcher ? matchRoutes(dispatcher.root, labels).map((route) => route.receiver) : [];
  }

  function stateOf(labels: Labels, mutedBy: readonly string[]): AlertState {
    const now = clock.now();
    const silencedBy = silences.silencing(labels, now).map((silence) => silence.id);
    const inhibition = inhibitor.inhibits(labels, now);
    const inhibitedBy = inhibition ? [inhibition.source] : [];
    const isSuppressed = silencedBy.length + inhibitedBy.length + mutedBy.length > 0;
    return { state: isSuppressed ? 'suppressed' : 'active', silencedBy, inhibitedBy, mutedBy };
  }

  function show(alert: StoredAlert, receivers: readonly string[], mutedBy: readonly string[]): ShownAlert {
    return { alert, status: stateOf(alert.labels, mutedBy), receivers };
  }

  function showGroups(isWanted = everyAlert): readonly ShownGroup[] {
    const now = clock.now();
    const receivers = new Map<string, string[]>();
    const shown = [...(dispatcher?.groups() ?? [])].map((group) => ({
      group,
      members: [...group.alerts.values()]
        .filter((alert) => alert.endsAt > now && isWanted(alert))
        .sort(compareAlerts),
    }));
    for (const { group, members } of shown) {
      for (const { fingerprint } of members) {
        receivers.set(fingerprint, [...(receivers.get(fingerprint) ?? []), group.route.receiver].sort());
      }
    }
    return shown
      .filter(({ members }) => members.length > 0)
      .sort(
        (a, b) =>
          compareLabelSets(a.group.labels, b.group.labels) ||
          compareStrings(a.group.route.receiver, b.group.route.receiver),
      )
      .map(({ group, members }) => ({
        labels: group.labels,
        routeLabels: routeLabels(
          group,
          members.map((alert) => notifiedAlert(alert, now)),
          now,
        ),
        receiver: group.route.receiver,
        key: group.key,
        mutedBy: group.mutedBy,
        nextFlushAt: group.nextFlushAt,
        alerts: members.map((alert) => show(alert, receivers.get(alert.fingerprint)!, group.mutedBy)),
      }));
  }

  function countAlerts(): { active: number; suppressed: number } {
    const counts = { active: 0, suppressed: 0 };
    for (const alert of alerts.values()) {
      if (alert.endsAt > clock.now()) counts[stateOf(alert.labels, []).state]++;
    }
    return counts;
  }

  async function synced(): Promise<void> {
    if (options.synced) return options.synced();
    options.db.pragma('wal_checkpoint(PASSIVE)');
  }

  /** Runs with all writes in one commit, or, when the disk cannot be written, without one. */
  function together(run: () => void): void {
    let isBegun = false;
    let isRun = false;
    try {
      state.together(() => {
        isBegun = true;
        run();
        isRun = true;
      });
    } catch (error) {
      if (isBegun && !isRun) throw error;
      log.error({ err: error }, 'cannot store the state of notifications; going on from memory');
      if (!isBegun) run();
    }
  }

  /** A disk that cannot be written must not keep anyone from being told. */
  function durably<T>(what: string, write: () => T): T | undefined {
    try {
      return write();
    } catch (error) {
      log.error({ err: error }, `cannot store ${what}; going on from memory`);
      return undefined;
    }
  }
}

const everyAlert = (_: StoredAlert): boolean => true;

function paceOf({ groupIntervalMs, repeatIntervalMs }: Route): Pace {
  return { groupIntervalMs, repeatIntervalMs };
}

function intervalsOf(verdict: Verdict): readonly string[] {
  return verdict.kind === 'muted' || verdict.kind === 'inactive' ? verdict.intervals : [];
}
