import type { Monitor } from './monitor.ts';
import type { Receiver } from './receiver.ts';
import type { CountingTarget } from './targets.ts';

/** How long after a kill or a jump of the clock alerts may still be told for its sake, ms. */
const SETTLE_MS = 60_000;

/** How often it is looked whether this process turns, and from when on it did not, ms. */
const LOOK_MS = 200;
const STALL_MS = 800;

export type Span = readonly [from: number, to: number];

/** What a soak does and finds, for all of its parts. Instants are Unix ms. */
export class Journal {
  readonly startedAt = Date.now();
  readonly problems: string[] = [];
  /** Times within which a page that was served may be missing. */
  readonly gaps: Span[] = [];
  /** Times within which an alert may be told again: a kill, or a clock that shows samples of its last jump, and what follows of it. */
  readonly unsettled: Span[] = [];
  /** Times within which the process of the soak itself stood still. */
  readonly stalls: Span[] = [];
  kills = 0;
  jumps = 0;
  hostileQueries = 0;
  /** Answers to hostile queries, by status. */
  readonly answers = new Map<number, number>();

  seconds = (at = Date.now()): number => Math.round((at - this.startedAt) / 1000);

  unsettle(from: number): void {
    this.unsettled.push([from, Date.now() + SETTLE_MS]);
  }
}

/** Notes when this process stands still, until `stop`. */
export function watchStalls(journal: Journal): { stop(): void } {
  let last = Date.now();
  const timer = setInterval(() => {
    const now = Date.now();
    if (now - last > LOOK_MS + STALL_MS) journal.stalls.push([last, now]);
    last = now;
  }, LOOK_MS);
  return { stop: () => clearInterval(timer) };
}

/** What a soak is made of. */
export interface Cast {
  readonly monitor: Monitor;
  readonly receiver: Receiver;
  readonly targets: readonly CountingTarget[];
  readonly journal: Journal;
}
