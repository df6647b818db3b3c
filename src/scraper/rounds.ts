import { createHash } from 'node:crypto';
import type { Clock, Timer } from '../clock.ts';

/** Lengths of a step between two rounds, longest first; what divides seconds, so that different intervals meet. */
const STEPS_MS = [500, 250, 100, 50, 20, 10, 5, 2];
const LEAST_ROUNDS_PER_INTERVAL = 20;
/** Work on one round before others run. */
const SLICE_MS = 5;

/**
 * Brings scrapes together: their times are spread over the interval in steps, and those of one step are started by one timer. A scrape
 * that follows another at once finds code and data in the caches and costs half of one by itself.
 */
export interface Rounds {
  /**
   * When something with this key is due first and then each interval, as `clock.monotonic` counts: the same place in the interval
   * after each restart, and all keys evenly spread over it.
   */
  first(key: string, intervalMs: number): number;
  /** Calls `fire` when it is `due`, together with everything else that is due then. */
  at(due: number, fire: () => void): Timer;
  /** Counts a scrape that has started; `end` is to be called when it is stored. */
  begin(): void;
  end(): void;
  /** Scrapes under way. */
  readonly underWay: number;
}

interface Round {
  readonly calls: Set<() => void>;
  readonly timer: Timer;
}

/**
 * @param seed spreads the scrapes of two hosts that scrape the same
 * @param onQuiet called when the last of the scrapes under way has ended
 */
export function createRounds(clock: Clock, seed: string, onQuiet: () => void): Rounds {
  const rounds = new Map<number, Round>();
  /** Unix time of the monotonic clock's zero. Only where the first scrapes lie depends on it. */
  const zero = Math.round(clock.now() - clock.monotonic());
  const shift = fractionOf(seed);
  let underWay = 0;

  const start = (calls: Iterator<() => void>): void => {
    const startedAt = clock.monotonic();
    for (let next = calls.next(); !next.done; next = calls.next()) {
      next.value();
      if (clock.monotonic() - startedAt < SLICE_MS) continue;
      setImmediate(() => start(calls));
      return;
    }
  };

  return {
    first(key, intervalMs) {
      const step = stepOf(intervalMs);
      const place = Math.floor((fractionOf(`${seed}\xff${key}`) * intervalMs) / step) * step;
      const phase = place + Math.floor(shift * step);
      const now = zero + clock.monotonic();
      const wait = (((phase - now) % intervalMs) + intervalMs) % intervalMs;
      return Math.round(now + wait) - zero;
    },
    at(due, fire) {
      let round = rounds.get(due);
      if (!round) {
        const calls = new Set<() => void>();
        const timer = clock.after(Math.max(0, due - clock.monotonic()), () => {
          rounds.delete(due);
          start(calls.values());
        });
        rounds.set(due, (round = { calls, timer }));
      }
      const { calls, timer } = round;
      calls.add(fire);
      return {
        cancel() {
          calls.delete(fire);
          if (calls.size > 0 || rounds.get(due)?.calls !== calls) return;
          timer.cancel();
          rounds.delete(due);
        },
      };
    },
    begin() {
      underWay++;
    },
    end() {
      if (--underWay === 0) onQuiet();
    },
    get underWay() {
      return underWay;
    },
  };
}

function stepOf(intervalMs: number): number {
  return STEPS_MS.find((step) => step * LEAST_ROUNDS_PER_INTERVAL <= intervalMs) ?? 1;
}

/** From [0, 1), evenly. */
function fractionOf(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0) / 2 ** 32;
}
