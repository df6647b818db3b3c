import type { Clock } from '../clock.ts';

/** How often somebody may be wrong. */
export interface AttemptLimits {
  /** This many wrong attempts in a row are free. */
  readonly free: number;
  /** The first wait after them; each further wrong attempt doubles it. */
  readonly firstWaitMs: number;
  readonly longestWaitMs: number;
  /** After this long without an attempt all is forgotten. */
  readonly forgetAfterMs: number;
}

export const PER_NAME_AND_ADDRESS: AttemptLimits = {
  free: 5,
  firstWaitMs: 30_000,
  longestWaitMs: 3_600_000,
  forgetAfterMs: 2 * 3_600_000,
};
/** Many share one address behind a proxy, so it is given more. */
export const PER_ADDRESS: AttemptLimits = {
  free: 30,
  firstWaitMs: 60_000,
  longestWaitMs: 900_000,
  forgetAfterMs: 3_600_000,
};

/** Keys remembered; an attacker with more than these has an address for each. */
const MAX_KEYS = 10_000;

/** Counts wrong attempts by key and says how long the next one has to wait. */
export class Attempts {
  readonly #clock: Clock;
  readonly #limits: AttemptLimits;
  readonly #wrong = new Map<string, { count: number; lastAt: number; until: number }>();

  constructor(clock: Clock, limits: AttemptLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Milliseconds until another attempt is taken; 0 is now. */
  waitMs(key: string): number {
    const known = this.#wrong.get(key);
    return known ? Math.max(0, known.until - this.#clock.monotonic()) : 0;
  }

  /** Gives the wait that follows. */
  wrong(key: string): number {
    const now = this.#clock.monotonic();
    const { free, firstWaitMs, longestWaitMs, forgetAfterMs } = this.#limits;
    const known = this.#wrong.get(key);
    const isFresh = known !== undefined && now - known.lastAt < forgetAfterMs;
    const count = (isFresh ? known.count : 0) + 1;
    const waitMs = count < free ? 0 : Math.min(longestWaitMs, firstWaitMs * 2 ** (count - free));
    // Set anew: the map's order is that of last use, and its first is the first to be dropped.
    this.#wrong.delete(key);
    this.#wrong.set(key, { count, lastAt: now, until: now + waitMs });
    if (this.#wrong.size > MAX_KEYS) this.#wrong.delete(this.#wrong.keys().next().value!);
    return waitMs;
  }

  right(key: string): void {
    this.#wrong.delete(key);
  }
}
