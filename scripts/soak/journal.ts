import type { Monitor } from './monitor.ts';
import type { Receiver } from './receiver.ts';
import type { CountingTarget } from './targets.ts';

/** How long after a kill or a jump of the clock alerts may still be told for its sake, ms. */
const SETTLE_MS = 60_000;

export type Span = readonly [from: number, to: number];

/** What a soak does and finds, for all of its parts. Instants are Unix ms. */
export class Journal {
  readonly startedAt = Date.now();
  readonly problems: string[] = [];
  /** Times within which a page that was served may be missing. */
  readonly gaps: Span[] = [];
  /** Times within which an alert may be told again: a kill, or a clock that shows samples of its last jump, and what follows of it. */
  readonly unsettled: Span[] = [];
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

/** What a soak is made of. */
export interface Cast {
  readonly monitor: Monitor;
  readonly receiver: Receiver;
  readonly targets: readonly CountingTarget[];
  readonly journal: Journal;
}
