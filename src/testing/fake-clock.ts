import type { Clock } from '../clock.ts';
import { parseDuration } from '../model/duration.ts';

export interface FakeClock extends Clock {
  /** Moves time forward, firing due timers in order and letting promises settle between them. */
  advance(duration: string | number): Promise<void>;
  /** Sets the wall clock without firing timers, as an administrator would. */
  jump(byMs: number): void;
}

/** A clock that stands still until told otherwise. @param startMs wall clock at the start, Unix ms. */
export function fakeClock(startMs = Date.UTC(2026, 0, 1)): FakeClock {
  let elapsed = 0;
  let offset = startMs;
  let sequence = 0;
  const pending = new Map<number, { due: number; fire: () => void }>();
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 20; i++) await Promise.resolve();
    await new Promise<void>((resolve) => setImmediate(resolve));
    for (let i = 0; i < 20; i++) await Promise.resolve();
  };
  return {
    now: () => offset + elapsed,
    monotonic: () => elapsed,
    after(delayMs, fire) {
      const id = sequence++;
      pending.set(id, { due: elapsed + Math.max(0, delayMs), fire });
      return { cancel: () => void pending.delete(id) };
    },
    jump(byMs) {
      offset += byMs;
    },
    async advance(duration) {
      const until = elapsed + (typeof duration === 'number' ? duration : parseDuration(duration));
      await settle();
      for (;;) {
        let next: [number, { due: number; fire: () => void }] | undefined;
        for (const entry of pending)
          if (entry[1].due <= until && (!next || entry[1].due < next[1].due)) next = entry;
        if (!next) break;
        pending.delete(next[0]);
        elapsed = Math.max(elapsed, next[1].due);
        next[1].fire();
        await settle();
      }
      elapsed = until;
      await settle();
    },
  };
}
