import { expect, test } from 'vitest';
import type { PageClock } from '../clock.ts';
import { createResource, retryWhileEmpty } from './resource.ts';

/** A clock that is moved by hand. */
function handClock(): PageClock & { advance(ms: number): Promise<void> } {
  let now = 0;
  const timers = new Set<{ at: number; fire: () => void }>();
  const after = (delayMs: number, fire: () => void): (() => void) => {
    const timer = { at: now + delayMs, fire };
    timers.add(timer);
    return () => timers.delete(timer);
  };
  return {
    now: () => now,
    every: () => () => {},
    after,
    async advance(ms) {
      now += ms;
      for (const timer of [...timers]) {
        if (timer.at > now) continue;
        timers.delete(timer);
        timer.fire();
      }
      await new Promise((resolve) => setTimeout(resolve));
    },
  };
}

const isEmpty = (answer: readonly number[]): boolean => answer.length === 0;

test('an empty answer is asked for again after 3 s, until there is something', async () => {
  const clock = handClock();
  let store: number[] = [];
  let asked = 0;
  const resource = createResource(clock, async () => {
    asked++;
    return [...store];
  });
  retryWhileEmpty(clock, resource, isEmpty);
  await resource.refresh();
  await clock.advance(2999);
  expect(asked).toBe(1);
  await clock.advance(1);
  expect(asked).toBe(2);
  store = [7];
  await clock.advance(3000);
  expect(resource.data.value).toEqual([7]);
  await clock.advance(3000);
  expect(asked).toBe(3);
});

test('what stays empty is asked for twenty times more, and not at all once its view has gone', async () => {
  const clock = handClock();
  let asked = 0;
  const resource = createResource(clock, async (): Promise<number[]> => {
    asked++;
    return [];
  });
  const stop = retryWhileEmpty(clock, resource, isEmpty);
  await resource.refresh();
  for (let i = 0; i < 40; i++) await clock.advance(3000);
  expect(asked).toBe(21);
  stop();

  const again = createResource(clock, async (): Promise<number[]> => {
    asked++;
    return [];
  });
  const end = retryWhileEmpty(clock, again, isEmpty);
  await again.refresh();
  end();
  await clock.advance(3000);
  expect(asked).toBe(22);
});
