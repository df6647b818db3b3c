import type { LogEntry } from './dedup.ts';
import type { NotifierState } from './state.ts';

/** Longest time an entry is kept: 5 days, as upstream. */
const RETENTION_MS = 120 * 3_600_000;

/** How long an entry counts. */
export const entryLifeMs = (repeatIntervalMs: number): number => Math.min(2 * repeatIntervalMs, RETENTION_MS);

/** Names one integration of one receiver for one group: what the notification log, the outbox and the lanes are kept by. */
export function laneKey(groupKey: string, receiver: string, integration: string, index: number): string {
  return `${groupKey}:${receiver}/${integration}/${index}`;
}

/** What each integration was last told about each group. Held in memory, read once at the start, written through. */
export class NotificationLog {
  readonly #state: NotifierState;
  readonly #entries: Map<string, LogEntry>;

  constructor(state: NotifierState, now: number) {
    this.#state = state;
    this.#entries = state.loadLog(now);
  }

  get(key: string): LogEntry | undefined {
    return this.#entries.get(key);
  }

  /** Counts from the moment it is called; call it inside `together` with what must be committed with it. */
  set(key: string, entry: LogEntry, repeatIntervalMs: number): void {
    this.#entries.set(key, entry);
    this.#state.saveLog(key, entry, entry.at + entryLifeMs(repeatIntervalMs));
  }

  collect(now: number): void {
    for (const key of this.#state.expireLog(now)) this.#entries.delete(key);
  }
}
