import type { LogLevel } from './logging.ts';

/** One event of the process's log. */
export interface LogEvent {
  /** Counts up over the life of the process. */
  readonly id: number;
  /** Unix ms. */
  readonly at: number;
  readonly level: LogLevel;
  /** The line as logfmt writes it, without time and level. */
  readonly text: string;
}

export interface LogFilter {
  /** The least level. */
  readonly level: LogLevel;
  /** Only lines with this in them, whatever the case. */
  readonly search: string;
  /** Unix ms, both ends included. */
  readonly from: number;
  readonly to: number;
  readonly limit: number;
}

export interface LogTail {
  add(event: Omit<LogEvent, 'id'>): void;
  /** Newest first. */
  list(filter: LogFilter): LogEvent[];
}

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** Events that are kept, and most characters of each. */
export const KEPT_EVENTS = 2000;
const KEPT_CHARS = 2000;

/** The end of the log in memory, for people who look at the page and not at the journal. */
export function createLogTail(): LogTail {
  const events: LogEvent[] = [];
  let nextId = 1;
  return {
    add({ text, ...event }) {
      const id = nextId++;
      const kept = text.length > KEPT_CHARS ? `${text.slice(0, KEPT_CHARS)}…` : text;
      events[(id - 1) % KEPT_EVENTS] = { id, ...event, text: kept };
    },
    list({ level, search, from, to, limit }) {
      const wanted = search.toLowerCase();
      const found: LogEvent[] = [];
      for (let id = nextId - 1; id > Math.max(0, nextId - 1 - KEPT_EVENTS) && found.length < limit; id--) {
        const event = events[(id - 1) % KEPT_EVENTS]!;
        if (RANK[event.level] < RANK[level] || event.at < from || event.at > to) continue;
        if (wanted === '' || event.text.toLowerCase().includes(wanted)) found.push(event);
      }
      return found;
    },
  };
}
