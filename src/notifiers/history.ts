import { labelsToObject } from '../model/labels.ts';
import type { SqliteDatabase } from '../sqlite/database.ts';
import { isFiring, type Notification } from './notification.ts';

/** One message that was tried and how it ended: what was said, to whom, when, and what the receiver answered. */
export interface HistoryEntry {
  readonly id: number;
  /** When it ended, Unix ms. */
  readonly at: number;
  readonly receiver: string;
  readonly integration: string;
  readonly index: number;
  readonly groupKey: string;
  readonly reason: string;
  readonly status: 'firing' | 'resolved';
  readonly outcome: 'delivered' | 'failed';
  readonly attempts: number;
  readonly durationMs: number;
  /** The receiver's answer, or the last error. */
  readonly answer: string;
  readonly alerts: readonly {
    readonly fingerprint: string;
    readonly status: string;
    readonly labels: Readonly<Record<string, string>>;
  }[];
}

export interface HistoryFilter {
  readonly receiver?: string;
  readonly integration?: string;
  readonly outcome?: HistoryEntry['outcome'];
  readonly fingerprint?: string;
  /** Text to be found anywhere in the entry. */
  readonly search?: string;
  /** Unix ms, half-open. */
  readonly from?: number;
  readonly to?: number;
  /** Only entries older than this one: for paging. */
  readonly before?: number;
  readonly limit?: number;
}

const MAX_AGE_MS = 90 * 86_400_000;
const MAX_ENTRIES = 50_000;
/** Rows looked at in one sweep, the oldest first. */
const SWEPT = 2000;
/** Alerts named in one entry; a storm does not make the history grow without bound. */
const MAX_ALERTS = 100;

/** The searchable history of messages: 90 days, at most 50,000. */
export class History {
  readonly #db: SqliteDatabase;
  readonly #add;

  constructor(db: SqliteDatabase) {
    this.#db = db;
    this.#add = db.prepare(
      'INSERT INTO notifier_history (at, receiver, integration, outcome, body) VALUES (?, ?, ?, ?, ?)',
    );
  }

  add(entry: Omit<HistoryEntry, 'id'>): void {
    const { at, receiver, integration, outcome } = entry;
    this.#add.run(at, receiver, integration, outcome, JSON.stringify(entry));
  }

  /** Newest first. */
  find(filter: HistoryFilter = {}): readonly HistoryEntry[] {
    const where: string[] = [];
    const values: (string | number)[] = [];
    const condition = (sql: string, value: string | number | undefined): void => {
      if (value === undefined) return;
      where.push(sql);
      values.push(value);
    };
    condition('receiver = ?', filter.receiver);
    condition('integration = ?', filter.integration);
    condition('outcome = ?', filter.outcome);
    condition('instr(body, ?) > 0', filter.fingerprint && `"fingerprint":"${filter.fingerprint}"`);
    condition('instr(lower(body), lower(?)) > 0', filter.search || undefined);
    condition('at >= ?', filter.from);
    condition('at < ?', filter.to);
    condition('id < ?', filter.before);
    const rows = this.#db
      .prepare(
        `SELECT id, body FROM notifier_history ${where.length > 0 ? `WHERE ${where.join(' AND ')}` : ''}
         ORDER BY id DESC LIMIT ?`,
      )
      .all(...values, Math.min(filter.limit ?? 100, 1000)) as { id: number; body: string }[];
    return rows.map((row) => ({ ...JSON.parse(row.body), id: row.id }) as HistoryEntry);
  }

  /** The last message that arrived at a receiver, whichever its integration. */
  lastDelivered(receiver: string): HistoryEntry | undefined {
    return this.find({ receiver, outcome: 'delivered', limit: 1 })[0];
  }

  collect(now: number): void {
    this.#db
      .prepare(
        `DELETE FROM notifier_history WHERE id IN (SELECT id FROM notifier_history ORDER BY id LIMIT ${SWEPT})
         AND (at <= ? OR id <= (SELECT max(id) FROM notifier_history) - ?)`,
      )
      .run(now - MAX_AGE_MS, MAX_ENTRIES);
  }
}

/** The parts of a history entry that the notification itself tells. */
export function describeNotification(
  notification: Notification,
): Pick<HistoryEntry, 'receiver' | 'groupKey' | 'reason' | 'status' | 'alerts'> {
  return {
    receiver: notification.receiver,
    groupKey: notification.groupKey,
    reason: notification.reason,
    status: isFiring(notification) ? 'firing' : 'resolved',
    alerts: notification.alerts.slice(0, MAX_ALERTS).map((alert) => ({
      fingerprint: alert.fingerprint,
      status: alert.status,
      labels: labelsToObject(alert.labels),
    })),
  };
}
