import type { Alert } from '../model/alert.ts';
import { migrate, type SqliteDatabase } from '../sqlite/database.ts';
import type { LogEntry } from './dedup.ts';
import type { Notification } from './notification.ts';
import type { Silence, SilenceStore } from './silences.ts';

/** A notification that was decided on and not yet answered with success. */
export interface OutboxRow {
  /** Group, receiver and integration: there is at most one notification for each. */
  readonly key: string;
  readonly receiver: string;
  readonly integration: string;
  readonly index: number;
  /** `sending`: being tried, or cut off by the end of the process. `failed`: the last try failed. `dead`: given up. */
  readonly state: 'sending' | 'failed' | 'dead';
  readonly createdAt: number;
  readonly attempts: number;
  readonly error: string;
  /** Until when it is worth trying, Unix ms. */
  readonly expiresAt: number;
  readonly groupIntervalMs: number;
  readonly repeatIntervalMs: number;
  readonly notification: Notification;
  /** Fingerprints the log is to hold once this is delivered; more than the notification names when resolved ones are left out. */
  readonly firing: readonly string[];
  readonly resolved: readonly string[];
}

/**
 * The notifiers' part of state.db. Each write is committed when the call returns; `together` makes several one.
 * Values are JSON: what is read by people and programs of later versions, not what is searched.
 */
export class NotifierState {
  readonly #db: SqliteDatabase;
  readonly #saveAlert;
  readonly #saveLog;
  readonly #saveOutbox;
  readonly #removeOutbox;

  constructor(db: SqliteDatabase) {
    migrate(db, 'notifiers', [SCHEMA]);
    this.#db = db;
    this.#saveAlert = db.prepare('INSERT OR REPLACE INTO notifier_alerts VALUES (?, ?)');
    this.#saveLog = db.prepare('INSERT OR REPLACE INTO notifier_log VALUES (?, ?, ?, ?, ?, ?)');
    this.#saveOutbox = db.prepare('INSERT OR REPLACE INTO notifier_outbox VALUES (?, ?)');
    this.#removeOutbox = db.prepare('DELETE FROM notifier_outbox WHERE key = ?');
  }

  together(writes: () => void): void {
    this.#db.transaction(writes)();
  }

  /** Where silences are kept. */
  silences(): SilenceStore {
    const load = this.#db.prepare('SELECT body FROM notifier_silences');
    const save = this.#db.prepare('INSERT OR REPLACE INTO notifier_silences VALUES (?, ?)');
    const remove = this.#db.prepare('DELETE FROM notifier_silences WHERE id = ?');
    return {
      load: () => (load.all() as { body: string }[]).map((row) => JSON.parse(row.body) as Silence),
      save: (silences) =>
        this.together(() => {
          for (const silence of silences) save.run(silence.id, JSON.stringify(silence));
        }),
      remove: (ids) =>
        this.together(() => {
          for (const id of ids) remove.run(id);
        }),
    };
  }

  /** Alerts of own rules, by fingerprint. */
  loadAlerts(): readonly Alert[] {
    const rows = this.#db.prepare('SELECT body FROM notifier_alerts').all() as { body: string }[];
    return rows.map((row) => JSON.parse(row.body) as Alert);
  }

  saveAlerts(alerts: readonly (Alert & { readonly fingerprint: string })[]): void {
    this.together(() => {
      for (const { fingerprint, ...alert } of alerts) this.#saveAlert.run(fingerprint, JSON.stringify(alert));
    });
  }

  removeAlerts(fingerprints: readonly string[]): void {
    const remove = this.#db.prepare('DELETE FROM notifier_alerts WHERE fingerprint = ?');
    this.together(() => {
      for (const fingerprint of fingerprints) remove.run(fingerprint);
    });
  }

  loadLog(now: number): Map<string, LogEntry> {
    this.#db.prepare('DELETE FROM notifier_log WHERE expires_at <= ?').run(now);
    const rows = this.#db.prepare('SELECT key, at, firing, resolved, data FROM notifier_log').all() as {
      key: string;
      at: number;
      firing: string;
      resolved: string;
      data: string;
    }[];
    return new Map(
      rows.map((row) => [
        row.key,
        { at: row.at, firing: split(row.firing), resolved: split(row.resolved), data: JSON.parse(row.data) },
      ]),
    );
  }

  saveLog(key: string, entry: LogEntry, expiresAt: number): void {
    const [firing, resolved] = [[...entry.firing].join(' '), [...entry.resolved].join(' ')];
    this.#saveLog.run(key, entry.at, expiresAt, firing, resolved, JSON.stringify(entry.data));
  }

  /** Forgets entries past their time; gives their keys. */
  expireLog(now: number): readonly string[] {
    const rows = this.#db
      .prepare('DELETE FROM notifier_log WHERE expires_at <= ? RETURNING key')
      .all(now) as {
      key: string;
    }[];
    return rows.map((row) => row.key);
  }

  loadOutbox(): readonly OutboxRow[] {
    const rows = this.#db.prepare('SELECT body FROM notifier_outbox ORDER BY key').all() as {
      body: string;
    }[];
    return rows.map((row) => JSON.parse(row.body) as OutboxRow);
  }

  saveOutbox(row: OutboxRow): void {
    this.#saveOutbox.run(row.key, JSON.stringify(row));
  }

  removeOutbox(key: string): void {
    this.#removeOutbox.run(key);
  }
}

/**
 * The tables in state.db, all bodies JSON, all times Unix ms:
 * - silences: a `Silence` by id, kept five days past its end.
 * - alerts: an `Alert` of an own rule by fingerprint, until it is over and everyone was told.
 * - log: by lane (`group key:receiver/integration/index`) what was last told: fingerprints, 16 hex digits each, separated by spaces.
 * - outbox: an `OutboxRow` by lane, from the decision to send until the answer.
 * - history: a `HistoryEntry` per message that was delivered or failed.
 * - flushes: a `FlushTrace` per flush, those in a row that decided the same as one; members: which alerts a group ever had.
 */
const SCHEMA = `
CREATE TABLE notifier_silences (id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE notifier_alerts (fingerprint TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE notifier_log (
  key TEXT PRIMARY KEY, at INTEGER NOT NULL, expires_at INTEGER NOT NULL,
  firing TEXT NOT NULL, resolved TEXT NOT NULL, data TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE notifier_outbox (key TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE notifier_history (
  id INTEGER PRIMARY KEY, at INTEGER NOT NULL, receiver TEXT NOT NULL, integration TEXT NOT NULL,
  outcome TEXT NOT NULL, body TEXT NOT NULL
);
CREATE TABLE notifier_flushes (
  id INTEGER PRIMARY KEY, last_at INTEGER NOT NULL, group_key TEXT NOT NULL, body TEXT NOT NULL
);
CREATE INDEX notifier_flushes_by_group ON notifier_flushes (group_key, id);
CREATE TABLE notifier_members (
  fingerprint TEXT NOT NULL, group_key TEXT NOT NULL, PRIMARY KEY (fingerprint, group_key)
) WITHOUT ROWID;
`;

function split(text: string): ReadonlySet<string> {
  return new Set(text === '' ? [] : text.split(' '));
}
