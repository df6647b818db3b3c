import { createTask } from 'node-cron';
import type { Clock, Timer } from '../clock.ts';

const MINUTE_MS = 60_000;

/** Calls `fire` in each minute that a cron pattern names, once. Patterns are node-cron's, checked by the configuration. */
export function schedule(
  clock: Clock,
  { pattern, timezone }: { readonly pattern: string; readonly timezone?: string | undefined },
  fire: () => void,
): Timer {
  const task = createTask(pattern, () => {}, timezone === undefined ? {} : { timezone });
  let last = minuteOf(clock.now());
  const arm = (): Timer =>
    clock.after(MINUTE_MS - (clock.now() % MINUTE_MS), () => {
      timer = arm();
      const minute = minuteOf(clock.now());
      // A clock that was set back does not bring a minute twice; one set forward, or a host that slept, does not make up for what it passed.
      if (minute <= last) return;
      last = minute;
      if (task.match(new Date(minute * MINUTE_MS))) fire();
    });
  let timer = arm();
  return {
    cancel() {
      timer.cancel();
      void task.destroy();
    },
  };
}

const minuteOf = (now: number): number => Math.floor(now / MINUTE_MS);
