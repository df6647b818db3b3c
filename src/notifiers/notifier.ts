import type { Registry } from 'prom-client';
import type { Clock } from '../clock.ts';
import type { InhibitRuleConfig } from '../config/inhibit.ts';
import type { ReceiverConfig } from '../config/receivers/receiver.ts';
import type { RouteConfig } from '../config/route.ts';
import type { NamedTimeIntervals } from '../config/time-intervals.ts';
import type { Alert, AlertSink } from '../model/alert.ts';
import { NO_LABELS } from '../model/labels.ts';
import type { Log } from '../model/log.ts';
import type { SqliteDatabase } from '../sqlite/database.ts';
import type { TemplateSet } from '../templates/notification.ts';
import { AlertStore, alertProblem, intake, type StoredAlert } from './alerts.ts';
import type { Integration } from './delivery.ts';
import { Dispatcher, type Group } from './dispatcher.ts';
import { createFlusher, type NextFlush } from './flush.ts';
import { compareAlerts } from './group.ts';
import { History, type HistoryEntry, type HistoryFilter } from './history.ts';
import { Inhibitor } from './inhibit.ts';
import { createIntegrations } from './integrations.ts';
import { Lanes } from './lanes.ts';
import type { Live } from './live.ts';
import { createMetrics } from './metrics.ts';
import { compileTimeIntervals } from './mute-times.ts';
import { notifiedAlert, type Rendering } from './notification.ts';
import { NotificationLog } from './notification-log.ts';
import { isReceiverAlert, ReceiverWatch } from './receiver-watch.ts';
import { buildRoutes, explainRoutes, type Route, type RouteStep } from './routes.ts';
import { type Silence, type SilenceInput, Silences } from './silences.ts';
import { NotifierState, type OutboxRow } from './state.ts';
import { templateRendering } from './template-data.ts';
import { sendTest, type TestOutcome, testNotification } from './test-notification.ts';
import { type FlushTrace, Traces } from './traces.ts';
import { createHttpTransport, type HttpTransport } from './transport/http.ts';
import { createMailTransport, type MailTransport } from './transport/smtp.ts';
import { type AlertState, createViews, type ShownAlert, type ShownGroup, type Views } from './views.ts';

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

export interface Notifier extends AlertSink {
  /** Takes alerts of own rules: they are stored before they count. */
  accept(alerts: readonly Alert[]): Promise<void>;
  /** Takes alerts that others post and repeat; they are not stored. Gives what is wrong with those that were left out. */
  post(alerts: readonly Alert[]): Promise<readonly string[]>;
  /** Lives by another config from now on; alerts are put into its groups at once. */
  apply(config: NotifierConfig, templates?: Templates): void;
  /** Alerts that are not over, in the order of their fingerprints; the state of each is worked out as it is taken. */
  alerts(isWanted?: (alert: StoredAlert) => boolean): Generator<ShownAlert>;
  /** Alerts that are not over, in no order. */
  firing(): ReturnType<Views['firing']>;
  /** Those that no own rule has sent: posted by others, or raised because a receiver fails. In no order. */
  others(): Generator<StoredAlert>;
  /** Groups with such alerts, in the order of their labels; their alerts are looked at as a group is taken. */
  groups(isWanted?: (alert: StoredAlert) => boolean): Generator<ShownGroup>;
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
  /**
   * What a template would say now of an alert and its group; without a fingerprint, of a test message.
   * @returns undefined when there is no such alert
   * @throws TemplateError
   */
  preview(template: string, as: 'text' | 'html', fingerprint?: string): string | undefined;
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

/** Who an alert comes from: a rule of ours, the watch over receivers, or somebody who posted it. */
type Origin = 'rule' | 'self' | 'posted';

/** How often what is over is forgotten. */
const COLLECT_MS = 5 * 60_000;
/** How long an alert of an own rule is taken to go on after a restart, until its rule is heard of again. */
const RESTORED_MS = 5 * 60_000;
/** Alerts taken in before others get their turn; a few milliseconds' work. */
const SLICE = 200;
/** How long messages under way may take once the notifier is stopped. */
const STOP_GRACE_MS = 3000;

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
  /** Fingerprints of alerts of own rules and of receivers that fail: those that are stored. */
  const own = new Set<string>();
  /** Fingerprints of alerts that no own rule has sent. */
  const others = new Set<string>();

  let config = options.config;
  let live: Live = {
    rendering: templateRendering(options.templates),
    inhibitor: new Inhibitor([]),
    times: compileTimeIntervals([]),
    integrations: new Map(),
    dispatcher: undefined,
  };
  let isStopped = false;
  let saidNoRoute = false;
  /** The last of the calls that are still taking alerts in. */
  let taking: Promise<void> | undefined;

  const metrics = createMetrics(options.registry, {
    alerts: () => views.count(),
    silences: () => silences.list(),
    outbox: () => lanes.outbox(),
    now: () => clock.now(),
  });
  const random = options.random ?? Math.random;
  const watch = new ReceiverWatch({ clock, raise: (alert) => void takeInSlices([alert], 'self') });
  const lanes = new Lanes({ clock, log, state, notificationLog, history, metrics, watch, random });

  const flusher = createFlusher({
    clock,
    log,
    live: () => live,
    silences,
    lanes,
    traces,
    externalUrl: options.externalUrl,
    durably,
    isStopped: () => isStopped,
  });
  const { routeLabels } = flusher;
  const views = createViews({ clock, live: () => live, alerts, silences, routeLabels });

  restoreAlerts();
  settle(live.rendering);
  lanes.resume(integrationOf);
  let collecting = clock.after(COLLECT_MS, collect);

  return {
    accept: (arrived) => takeInSlices(arrived, 'rule'),
    async post(arrived) {
      const problems = arrived.map(problemOf);
      const good = arrived.filter((_, i) => problems[i] === undefined);
      const found = problems.filter((problem) => problem !== undefined);
      metrics.invalid(found.length);
      await takeInSlices(good, 'posted');
      return found;
    },
    apply(next, templates) {
      const held = heldFingerprints();
      config = next;
      const rendering = templates ? templateRendering(templates) : live.rendering;
      settle(rendering, (alert) => alert.endsAt > clock.now() || held.has(alert.fingerprint));
      lanes.cutOthers(new Set([...live.integrations.values()].flat().map((way) => way.version)));
      lanes.collect(integrationOf);
    },
    alerts: views.alerts,
    firing: views.firing,
    *others() {
      const now = clock.now();
      for (const fingerprint of others) {
        const alert = alerts.get(fingerprint);
        if (alert && alert.endsAt > now) yield alert;
      }
    },
    groups: views.groups,
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
      const { dispatcher } = live;
      const flushes = traces.ofAlert(wanted);
      const alert = alerts.get(wanted);
      const inGroups = dispatcher ? [...dispatcher.groups()].filter((group) => group.alerts.has(wanted)) : [];
      return {
        alert,
        status: alert && views.stateOf(alert.labels, inGroups[0]?.mutedBy ?? []),
        routes: alert && dispatcher ? explainRoutes(dispatcher.root, alert.labels) : [],
        groups: inGroups.map((group) => flusher.foresee(group, wanted)),
        flushes,
        notifications: history.find({ fingerprint: wanted, limit: 50 }),
      };
    },
    notifications: (filter) => history.find(filter),
    async test(receiver, status) {
      const ways = live.integrations.get(receiver);
      const notification = testNotification(receiver, status, clock.now(), options.externalUrl);
      return ways && sendTest(ways, notification, { clock, history });
    },
    preview(template, as, wanted) {
      const now = clock.now();
      const test = testNotification('preview', 'firing', now, options.externalUrl);
      if (wanted === undefined) return live.rendering(test)[as](template);
      const alert = alerts.get(wanted);
      if (!alert) return undefined;
      const group = [...(live.dispatcher?.groups() ?? [])].find((one) => one.alerts.has(wanted));
      const members = (group ? [...group.alerts.values()] : [alert]).map((one) => notifiedAlert(one, now));
      const sorted = members.sort(compareAlerts);
      const { key: groupKey = '', labels: groupLabels = NO_LABELS } = group ?? {};
      const receiver = group?.route.receiver ?? '';
      const labels = group ? routeLabels(group, sorted, now) : {};
      const notification = { ...test, receiver, groupKey, groupLabels, routeLabels: labels, alerts: sorted };
      return live.rendering(notification)[as](template);
    },
    lastDelivered: (receiver) => history.lastDelivered(receiver),
    outbox: () => lanes.outbox(),
    resend: (key) => lanes.resend(key, integrationOf),
    status: () => ({
      alerts: alerts.size,
      groups: live.dispatcher?.size ?? 0,
      outbox: lanes.outbox().length,
      startedAt,
    }),
    async stop() {
      isStopped = true;
      collecting.cancel();
      watch.stop();
      live.dispatcher?.stop();
      await lanes.stop(STOP_GRACE_MS);
      durably('traces', () => traces.save());
    },
  };

  /** Builds everything that the config decides, and puts alerts into their groups. */
  function settle(rendering: Rendering, isDispatched: (alert: StoredAlert) => boolean = () => true): void {
    const inhibitor = new Inhibitor(config.inhibit_rules);
    for (const alert of alerts.values()) inhibitor.note(alert);
    const ways = { clock, rendering, http, mail, environment: process.env };
    const next: Live = {
      rendering,
      inhibitor,
      times: compileTimeIntervals(config.time_intervals),
      integrations: new Map(config.receivers.map((one) => [one.name, createIntegrations(one, ways)])),
      dispatcher: config.route && createDispatcher(buildRoutes(config.route)),
    };
    metrics.configured([...next.integrations.values()].flat().map(({ kind }) => kind));
    live.dispatcher?.stop();
    live = next;
    if (!live.dispatcher && !saidNoRoute) {
      log.info({}, 'no route is configured: alerts are shown and sent to nobody');
    }
    saidNoRoute = !live.dispatcher;
    live.dispatcher?.insert(Iterator.from(alerts.values()).filter(isDispatched));
  }

  function createDispatcher(root: Route): Dispatcher {
    const onRemoved = (group: Group): void => void durably('a trace', () => traces.forgetGroup(group.key));
    return new Dispatcher({ clock, root, flush: flusher.flush, together, onRemoved });
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
      if (isReceiverAlert(kept)) others.add(kept.fingerprint);
    }
  }

  /** Lets others have their turn between slices; one call after the other, so that a later word about an alert stays the later. */
  function takeInSlices(arrived: readonly Alert[], origin: Origin): Promise<void> {
    const isBusy = taking !== undefined;
    if (!isBusy && arrived.length <= SLICE) {
      take(arrived, origin);
      return Promise.resolve();
    }
    const mine = (taking ?? Promise.resolve()).then(async () => {
      for (let from = 0; from < arrived.length; from += SLICE) {
        if (from > 0) await new Promise<void>((resolve) => setImmediate(resolve));
        take(arrived.slice(from, from + SLICE), origin);
      }
    });
    taking = mine;
    return mine.finally(() => {
      if (taking === mine) taking = undefined;
    });
  }

  /** Keeps alerts and puts them into their groups. */
  function take(arrived: readonly Alert[], origin: Origin): void {
    const now = clock.now();
    const kept = arrived.map((alert) => {
      const known = alerts.find(alert.labels)?.fingerprint;
      return alerts.put(intake(alert, now, config.global.resolve_timeout, known), now);
    });
    metrics.received(kept.map((alert) => ({ isFiring: alert.endsAt > now })));
    for (const { fingerprint } of kept) {
      if (origin === 'rule') others.delete(fingerprint);
      else others.add(fingerprint);
    }
    if (origin !== 'posted') {
      for (const alert of kept) own.add(alert.fingerprint);
      durably('alerts', () => state.saveAlerts(kept));
    }
    for (const alert of kept) live.inhibitor.note(alert);
    live.dispatcher?.insert(kept);
  }

  function problemOf(alert: Alert): string | undefined {
    const startsAt = alert.startsAt || alert.endsAt || clock.now();
    return alertProblem({ ...alert, startsAt });
  }

  function heldFingerprints(): ReadonlySet<string> {
    const held = new Set<string>();
    for (const group of live.dispatcher?.groups() ?? []) for (const key of group.alerts.keys()) held.add(key);
    return held;
  }

  function collect(): void {
    const now = clock.now();
    const held = heldFingerprints();
    const gone = alerts.collect(now, (fingerprint) => held.has(fingerprint));
    live.inhibitor.forget(gone);
    for (const { fingerprint } of gone) others.delete(fingerprint);
    const stored = gone.map((alert) => alert.fingerprint).filter((fingerprint) => own.delete(fingerprint));
    durably('what is over', () => {
      if (stored.length > 0) state.removeAlerts(stored);
      notificationLog.collect(now);
      silences.collect();
      history.collect(now);
      traces.collect(now);
      lanes.collect(integrationOf);
    });
    watch.refresh();
    collecting = clock.after(COLLECT_MS, collect);
  }

  function integrationOf(row: OutboxRow): Integration | undefined {
    const ways = live.integrations.get(row.receiver) ?? [];
    return ways.find((way) => way.kind === row.integration && way.index === row.index);
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
