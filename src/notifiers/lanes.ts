import type { Clock } from '../clock.ts';
import type { Log } from '../model/log.ts';
import { notifyReason } from './dedup.ts';
import { type Delivery, deliver, deliveryLimit, type Integration } from './delivery.ts';
import { describeNotification, type History } from './history.ts';
import type { NotifierMetrics } from './metrics.ts';
import { isFiring, type Notification } from './notification.ts';
import { laneKey, type NotificationLog } from './notification-log.ts';
import type { ReceiverWatch } from './receiver-watch.ts';
import type { NotifierState, OutboxRow } from './state.ts';
import type { IntegrationDecision, Outcome } from './traces.ts';

export interface LanesOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly state: NotifierState;
  readonly notificationLog: NotificationLog;
  readonly history: History;
  readonly metrics: NotifierMetrics;
  readonly watch: ReceiverWatch;
  readonly random: () => number;
}

/** What a group has to say, before it is known whether it is news to an integration. */
export type Statement = Omit<Notification, 'reason' | 'data'>;

export interface Pace {
  readonly groupIntervalMs: number;
  readonly repeatIntervalMs: number;
}

/** Whether and why an integration is told of a group. */
export type News = Omit<IntegrationDecision, 'outcome'>;

/** Outbox rows that were given up are shown this long. */
const DEAD_SHOWN_MS = 7 * 86_400_000;
/** Longest that a message is tried again after a restart without its alerts being heard of. */
const MAX_RESUMED_MS = 120 * 3_600_000;

/**
 * One lane for each group and integration: decides whether there is news, and sends one message at a time. What is to be sent is in
 * the outbox before it is tried; the outbox is emptied and the log written in one commit once the receiver has answered.
 */
export class Lanes {
  readonly #options: LanesOptions;
  readonly #busy = new Map<string, Busy>();
  readonly #outbox: Map<string, OutboxRow>;
  readonly #underway = new Set<Promise<unknown>>();
  #isStopped = false;

  constructor(options: LanesOptions) {
    this.#options = options;
    this.#outbox = new Map(options.state.loadOutbox().map((row) => [row.key, row]));
  }

  outbox(): readonly OutboxRow[] {
    return [...this.#outbox.values()];
  }

  isBusy(groupKey: string, way: Integration): boolean {
    return this.#busy.has(keyOf(groupKey, way));
  }

  /** Calls back once when the message under way has ended. Of several calls for the same `group` the last one counts. */
  whenFree(groupKey: string, way: Integration, group: object, call: () => void): void {
    this.#busy.get(keyOf(groupKey, way))!.next.set(group, call);
  }

  /**
   * Tells an integration what a group has to say if it is news. `decision` hears how it goes on; `done` becomes true when there is
   * nothing left to tell.
   */
  tell(
    way: Integration,
    statement: Statement,
    pace: Pace,
  ): { decision: IntegrationDecision; done: Promise<boolean> } {
    const { notificationLog } = this.#options;
    const { key, entry, firing, resolved, decision: news } = this.#news(way, statement, pace);
    const { reason } = news;
    const decide = (outcome: Outcome): IntegrationDecision => ({ ...news, outcome });
    if (reason === 'none') {
      this.#forget(key);
      return { decision: decide({ kind: 'nothing to send' }), done: Promise.resolve(true) };
    }
    const alerts = way.sendResolved
      ? statement.alerts
      : statement.alerts.filter((one) => one.status === 'firing');
    const data = reason === 'first notification' ? {} : (entry?.data ?? {});
    if (alerts.length === 0) {
      this.#commit(() => {
        const at = this.#options.clock.now();
        notificationLog.set(key, { firing, resolved, at, data }, pace.repeatIntervalMs);
      });
      this.#forget(key);
      return { decision: decide({ kind: 'recorded' }), done: Promise.resolve(true) };
    }
    const now = this.#options.clock.now();
    const row: OutboxRow = {
      key,
      receiver: way.receiver,
      integration: way.kind,
      index: way.index,
      state: 'sending',
      createdAt: now,
      attempts: 0,
      error: '',
      expiresAt: now + Math.min(2 * pace.repeatIntervalMs, MAX_RESUMED_MS),
      ...pace,
      notification: { ...statement, alerts, reason, data },
      firing: [...firing],
      resolved: [...resolved],
    };
    const decision = decide({ kind: 'sending', attempts: 0 });
    return { decision, done: this.#send(way, row, (outcome) => (decision.outcome = outcome)) };
  }

  /** What `tell` would decide, without telling. */
  preview(way: Integration, statement: Statement, pace: Pace): News {
    return this.#news(way, statement, pace).decision;
  }

  /**
   * Goes on with what was cut off when the process ended. A message that fails again is tried each group interval until its group
   * has something to say itself, or until it is too old. Messages to integrations that are gone are given up.
   */
  resume(find: (row: OutboxRow) => Integration | undefined): void {
    for (const row of this.#outbox.values()) {
      if (row.state === 'dead' || this.#busy.has(row.key)) continue;
      const way = this.#wayOrGiveUp(row, find);
      if (!way) continue;
      if (row.state === 'failed') this.#options.watch.failed(row, row.error, row.createdAt);
      this.#retry(row, way, find);
    }
  }

  /** Tries a message once more, whatever its state. @returns false when there is none or it is being tried */
  resend(key: string, find: (row: OutboxRow) => Integration | undefined): boolean {
    const row = this.#outbox.get(key);
    const way = row && find(row);
    if (!row || !way || this.#busy.has(key)) return false;
    void this.#send(way, { ...row, state: 'sending' });
    return true;
  }

  /** Cuts off messages to integrations whose settings are not among `versions` any more. */
  cutOthers(versions: ReadonlySet<string>): void {
    for (const busy of this.#busy.values()) if (!versions.has(busy.version)) busy.cut.abort();
  }

  /** Gives up messages whose integrations are gone and forgets those given up long ago. */
  collect(find: (row: OutboxRow) => Integration | undefined): void {
    const now = this.#options.clock.now();
    for (const row of this.#outbox.values()) {
      if (this.#busy.has(row.key)) continue;
      if (row.state === 'dead') {
        if (row.expiresAt + DEAD_SHOWN_MS <= now) this.#forget(row.key);
      } else this.#wayOrGiveUp(row, find);
    }
  }

  /** Waits `graceMs` for messages under way, then cuts them off. */
  async stop(graceMs: number): Promise<void> {
    this.#isStopped = true;
    const timer = this.#options.clock.after(graceMs, () => this.#cutAll());
    for (const busy of this.#busy.values()) if (busy.isWaiting) busy.cut.abort();
    await Promise.allSettled([...this.#underway]);
    timer.cancel();
  }

  #cutAll(): void {
    for (const busy of this.#busy.values()) busy.cut.abort();
  }

  #news(way: Integration, statement: Statement, pace: Pace) {
    const key = keyOf(statement.groupKey, way);
    const entry = this.#options.notificationLog.get(key);
    const named = (status: 'firing' | 'resolved'): Set<string> =>
      new Set(statement.alerts.filter((one) => one.status === status).map((one) => one.fingerprint));
    const [firing, resolved] = [named('firing'), named('resolved')];
    const { repeatIntervalMs } = pace;
    const { sendResolved } = way;
    const reason = notifyReason({
      entry,
      firing,
      resolved,
      sendResolved,
      repeatIntervalMs,
      now: statement.at,
    });
    const decision: News = {
      integration: way.kind,
      index: way.index,
      reason,
      ...(entry && { lastToldAt: entry.at, repeatAfter: entry.at + repeatIntervalMs }),
    };
    return { key, entry, firing, resolved, decision };
  }

  #retry(row: OutboxRow, way: Integration, find: (row: OutboxRow) => Integration | undefined): void {
    void this.#send(way, row).then((isDone) => {
      if (isDone || this.#isStopped) return;
      this.#options.clock.after(deliveryLimit(row.groupIntervalMs), () => {
        const now = this.#outbox.get(row.key);
        // A newer message means that the group speaks for itself again.
        if (this.#isStopped || now?.createdAt !== row.createdAt || this.#busy.has(row.key)) return;
        const again = this.#wayOrGiveUp(now, find);
        if (again) this.#retry(now, again, find);
      });
    });
  }

  /** The integration a message is for; a message that has none any more, or is too old, is given up. */
  #wayOrGiveUp(row: OutboxRow, find: (row: OutboxRow) => Integration | undefined): Integration | undefined {
    const way = find(row);
    if (!way) this.#giveUp(row, 'the receiver is no longer configured');
    else if (row.expiresAt > this.#options.clock.now()) return way;
    else this.#giveUp(row, row.error || 'too old to be sent');
    return undefined;
  }

  #send(way: Integration, row: OutboxRow, hear: (outcome: Outcome) => void = () => {}): Promise<boolean> {
    const busy: Busy = {
      cut: new AbortController(),
      version: way.version,
      isWaiting: false,
      next: new Map(),
    };
    this.#busy.set(row.key, busy);
    this.#save({ ...row, state: 'sending' });
    const { clock, log, metrics, random, watch } = this.#options;
    const began = clock.now();
    const attempt: Integration['attempt'] = (notification, signal) => {
      busy.isWaiting = false;
      if (this.#isStopped) busy.cut.abort();
      return metrics.timed(way.kind, clock, () => way.attempt(notification, signal));
    };
    const onRetry = (attempts: number, error: string): void => {
      busy.isWaiting = true;
      if (this.#isStopped) busy.cut.abort();
      watch.failed(row, error, began);
      hear({ kind: 'sending', attempts, error });
      if (attempts === 1)
        log.warn({ ...describe(row), err: error }, 'notification failed, will be tried again');
    };
    const limitMs = deliveryLimit(row.groupIntervalMs);
    const signal = busy.cut.signal;
    // The caller's commit comes first: nothing leaves before it is in the outbox.
    const sending: Promise<boolean> = Promise.resolve()
      .then(() => deliver({ attempt }, row.notification, { clock, limitMs, signal, random, onRetry }))
      .then((delivery) => this.#settle(row, delivery, hear))
      .finally(() => {
        this.#busy.delete(row.key);
        this.#underway.delete(sending);
        if (!this.#isStopped) for (const call of busy.next.values()) call();
      });
    this.#underway.add(sending);
    return sending;
  }

  #settle(row: OutboxRow, delivery: Delivery, hear: (outcome: Outcome) => void): boolean {
    const { attempts, durationMs, answer, reason } = delivery;
    const { clock, history, log, metrics, notificationLog, watch } = this.#options;
    if (delivery.kind === 'cut off') return false;
    const isDelivered = delivery.kind === 'delivered';
    const at = clock.now();
    const entry = {
      ...describeNotification(row.notification),
      at,
      integration: row.integration,
      index: row.index,
      outcome: isDelivered ? ('delivered' as const) : ('failed' as const),
      attempts: row.attempts + attempts,
      durationMs,
      answer,
    };
    const failed: OutboxRow = {
      ...row,
      state: 'failed',
      attempts: row.attempts + attempts,
      error: answer,
    };
    this.#commit(() => {
      if (isDelivered) {
        const data = { ...row.notification.data, ...delivery.data };
        const told = { firing: new Set(row.firing), resolved: new Set(row.resolved), at, data };
        notificationLog.set(row.key, told, row.repeatIntervalMs);
        this.#options.state.removeOutbox(row.key);
      } else {
        this.#options.state.saveOutbox(failed);
      }
      history.add(entry);
    });
    if (isDelivered) {
      this.#outbox.delete(row.key);
      watch.settled(row.key);
      log.debug({ ...describe(row), attempts, durationMs }, 'notification delivered');
      hear({ kind: 'delivered', attempts, durationMs, answer });
      metrics.ended(row.integration);
    } else {
      this.#outbox.set(row.key, failed);
      log.error(
        { ...describe(row), attempts, err: answer },
        'notification failed; the next tick of its group tries again',
      );
      hear({ kind: 'failed', attempts, durationMs, error: answer, rejected: delivery.kind === 'rejected' });
      metrics.ended(row.integration, reason);
      watch.failed(row, answer, at);
    }
    return isDelivered;
  }

  #giveUp(row: OutboxRow, error: string): void {
    this.#options.log.warn({ ...describe(row), err: error }, 'notification given up');
    this.#save({ ...row, state: 'dead', error });
    this.#options.watch.settled(row.key);
  }

  #save(row: OutboxRow): void {
    this.#outbox.set(row.key, row);
    this.#commit(() => this.#options.state.saveOutbox(row));
  }

  #forget(key: string): void {
    this.#options.watch.settled(key);
    if (this.#outbox.delete(key)) this.#commit(() => this.#options.state.removeOutbox(key));
  }

  /** A disk that cannot be written must not keep anyone from being told. */
  #commit(writes: () => void): void {
    try {
      this.#options.state.together(writes);
    } catch (error) {
      this.#options.log.error(
        { err: error },
        'cannot store the state of notifications; going on from memory',
      );
    }
  }
}

interface Busy {
  readonly cut: AbortController;
  readonly version: string;
  /** Between two tries. */
  isWaiting: boolean;
  /** Routes with equal matchers may share a lane: each of their groups waits for itself. */
  readonly next: Map<object, () => void>;
}

function keyOf(groupKey: string, way: Integration): string {
  return laneKey(groupKey, way.receiver, way.kind, way.index);
}

function describe(row: OutboxRow): object {
  return {
    receiver: row.receiver,
    integration: `${row.integration}[${row.index}]`,
    group: row.notification.groupKey,
    status: isFiring(row.notification) ? 'firing' : 'resolved',
  };
}
