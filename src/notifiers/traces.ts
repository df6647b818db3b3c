import type { Labels } from '../model/labels.ts';
import type { SqliteDatabase } from '../sqlite/database.ts';
import type { NotifyReason } from './dedup.ts';

/** What the stages before the integrations decided about one alert. */
export type Verdict =
  | { readonly kind: 'passed' }
  | { readonly kind: 'inhibited'; readonly rule: string; readonly by: string; readonly byLabels: Labels }
  | { readonly kind: 'inactive'; readonly intervals: readonly string[] }
  | { readonly kind: 'muted'; readonly intervals: readonly string[] }
  | { readonly kind: 'silenced'; readonly by: readonly string[] };

export interface AlertDecision {
  readonly fingerprint: string;
  readonly status: 'firing' | 'resolved';
  readonly verdict: Verdict;
}

/** How the message of one integration fared. */
export type Outcome =
  | { readonly kind: 'nothing to send' }
  /** Only resolved alerts for an integration that does not send them: the log was brought up to date. */
  | { readonly kind: 'recorded' }
  | { readonly kind: 'sending'; readonly attempts: number; readonly error?: string }
  | {
      readonly kind: 'delivered';
      readonly attempts: number;
      readonly durationMs: number;
      readonly answer: string;
    }
  | {
      readonly kind: 'failed';
      readonly attempts: number;
      readonly durationMs: number;
      readonly error: string;
      /** The receiver or a template refused for good; else time ran out. */
      readonly rejected: boolean;
    };

export interface IntegrationDecision {
  readonly integration: string;
  readonly index: number;
  readonly reason: NotifyReason;
  /** When the integration was last told about the group, Unix ms; the entry it was compared with. */
  readonly lastToldAt?: number;
  /** When an unchanged group would be told again, Unix ms; at the next flush after that. */
  readonly repeatAfter?: number;
  outcome: Outcome;
}

/** One flush of one group, and everything that was decided in it. */
export interface FlushTrace {
  readonly groupKey: string;
  readonly groupLabels: Labels;
  readonly route: string;
  readonly receiver: string;
  /** Unix ms. */
  readonly at: number;
  /** The latest of `count` flushes in a row that decided the same; equals `at` for a single one. */
  lastAt: number;
  count: number;
  nextFlushAt: number;
  readonly alerts: readonly AlertDecision[];
  /** Alerts beyond the most that one trace names. */
  readonly unnamed: number;
  readonly integrations: readonly IntegrationDecision[];
}

/** Most alerts that one trace names: a storm in one group must not fill the disk. */
export const MAX_TRACED_ALERTS = 1000;

const MAX_AGE_MS = 7 * 86_400_000;
const MAX_FLUSHES = 20_000;
/** Flushes alike are counted in memory and brought up to date in their row so often: of a thousand quiet groups a tick writes nothing. */
const WRITE_EVERY_MS = 5 * 60_000;
/** Rows looked at in one sweep, the oldest first: a sweep is short, and there is another soon. */
const SWEPT = 2000;
/** Looks at one alert that are given. */
const SHOWN_OF_ALERT = 50;

/**
 * Keeps what the flushes decided, for a week and at most 20,000 of them. Flushes in a row that decide the same share one row; a process
 * that is killed forgets how many there were in the last minutes.
 */
export class Traces {
  readonly #db: SqliteDatabase;
  readonly #insert;
  readonly #join;
  readonly #update;
  /** By group: the row of its last flush and what it decided. */
  readonly #last = new Map<string, Last>();

  constructor(db: SqliteDatabase) {
    this.#db = db;
    this.#insert = db.prepare('INSERT INTO notifier_flushes (last_at, group_key, body) VALUES (?, ?, ?)');
    this.#join = db.prepare('INSERT OR IGNORE INTO notifier_members VALUES (?, ?)');
    this.#update = db.prepare('UPDATE notifier_flushes SET last_at = ?, body = ? WHERE id = ?');
  }

  /** Keeps a flush; gives the row to hand to `update` when an outcome changes. */
  record(trace: FlushTrace): number {
    const decided = decisions(trace);
    const last = this.#last.get(trace.groupKey);
    if (last?.decided === decided) {
      last.trace.lastAt = trace.at;
      last.trace.nextFlushAt = trace.nextFlushAt;
      last.trace.count++;
      if (trace.at - last.writtenAt >= WRITE_EVERY_MS) this.#write(last);
      return last.id;
    }
    const members = last?.members ?? new Set();
    let id = 0;
    this.#db.transaction(() => {
      if (last) this.#complete(last);
      id = Number(this.#insert.run(trace.at, trace.groupKey, JSON.stringify(trace)).lastInsertRowid);
      for (const { fingerprint } of trace.alerts) {
        if (!members.has(fingerprint)) this.#join.run(fingerprint, trace.groupKey);
      }
    })();
    for (const { fingerprint } of trace.alerts) members.add(fingerprint);
    this.#last.set(trace.groupKey, { id, decided, trace, members, writtenAt: trace.at });
    return id;
  }

  update(id: number, trace: FlushTrace): void {
    const last = this.#last.get(trace.groupKey);
    if (last?.id === id) last.decided = decisions(trace);
    this.#update.run(trace.lastAt, JSON.stringify(trace), id);
  }

  /** The latest flushes that an alert took part in, newest first; other alerts are left out of them. */
  ofAlert(fingerprint: string): FlushTrace[] {
    const rows = this.#db
      .prepare(
        `SELECT id, body FROM notifier_flushes
         WHERE group_key IN (SELECT group_key FROM notifier_members WHERE fingerprint = ?) AND instr(body, ?) > 0
         ORDER BY last_at DESC, id DESC LIMIT ?`,
      )
      .all(fingerprint, `{"fingerprint":"${fingerprint}"`, SHOWN_OF_ALERT) as { id: number; body: string }[];
    const found = rows.map((row) => {
      const stored = JSON.parse(row.body) as FlushTrace;
      const last = this.#last.get(stored.groupKey);
      const trace = last?.id === row.id ? last.trace : stored;
      return { ...trace, alerts: trace.alerts.filter((alert) => alert.fingerprint === fingerprint) };
    });
    return found.sort((a, b) => b.lastAt - a.lastAt);
  }

  /** Brings all rows up to date, before the process ends. */
  save(): void {
    this.#db.transaction(() => {
      for (const last of this.#last.values()) this.#complete(last);
    })();
  }

  /** A group is gone: its next flush begins anew. */
  forgetGroup(groupKey: string): void {
    const last = this.#last.get(groupKey);
    if (last) this.#complete(last);
    this.#last.delete(groupKey);
  }

  collect(now: number): void {
    this.#db.transaction(() => {
      const { changes } = this.#db
        .prepare(
          `DELETE FROM notifier_flushes WHERE id IN (SELECT id FROM notifier_flushes ORDER BY id LIMIT ${SWEPT})
           AND (last_at <= ? OR id <= (SELECT max(id) FROM notifier_flushes) - ?)`,
        )
        .run(now - MAX_AGE_MS, MAX_FLUSHES);
      if (changes === 0) return;
      this.#db.exec(
        'DELETE FROM notifier_members WHERE group_key NOT IN (SELECT group_key FROM notifier_flushes)',
      );
    })();
    for (const [key, last] of this.#last) {
      if (last.trace.lastAt <= now - MAX_AGE_MS) this.#last.delete(key);
    }
  }

  #complete(last: Last): void {
    if (last.trace.lastAt > last.writtenAt) this.#write(last);
  }

  #write(last: Last): void {
    this.#update.run(last.trace.lastAt, JSON.stringify(last.trace), last.id);
    last.writtenAt = last.trace.lastAt;
  }
}

interface Last {
  readonly id: number;
  decided: string;
  readonly trace: FlushTrace;
  /** Alerts that are known to be in the group. */
  readonly members: Set<string>;
  /** `lastAt` as it stands in the row. */
  writtenAt: number;
}

/** What a flush decided, without when: equal for flushes that need no row of their own. A message sent is never equal. */
function decisions(trace: FlushTrace): string {
  const quiet = trace.integrations.every((one) => one.outcome.kind === 'nothing to send');
  return JSON.stringify([
    quiet ? '' : trace.at,
    trace.route,
    trace.receiver,
    trace.alerts,
    trace.integrations.map((one) => [one.integration, one.index, one.reason, one.lastToldAt]),
  ]);
}
