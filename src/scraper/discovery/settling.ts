import type { Clock, Timer } from '../../clock.ts';

/** From the first news to what comes of it: more is mostly under way. */
const SETTLE_MS = 100;
/** Least time from one such change to the next. */
const APART_MS = 5000;

/** Gathers the news of a discovery, so that many at once are one change. */
export interface Settling {
  news(): void;
  /** Whether there are news that nothing has come of yet. */
  isDue(): boolean;
  cancel(): void;
}

/** @param act called a moment after news, and at most every five seconds */
export function createSettling(clock: Clock, act: () => void): Settling {
  let due: Timer | undefined;
  let last = Number.NEGATIVE_INFINITY;
  return {
    news() {
      if (due) return;
      const at = Math.max(clock.monotonic() + SETTLE_MS, last + APART_MS);
      due = clock.after(at - clock.monotonic(), () => {
        due = undefined;
        last = clock.monotonic();
        act();
      });
    },
    isDue: () => due !== undefined,
    cancel() {
      due?.cancel();
      due = undefined;
    },
  };
}
