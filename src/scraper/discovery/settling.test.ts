import { expect, test } from 'vitest';
import { fakeClock } from '../../testing/fake-clock.ts';
import { createSettling } from './settling.ts';

test('news are acted on once, a moment later, and not again for five seconds', async () => {
  const clock = fakeClock();
  const acted: number[] = [];
  const settling = createSettling(clock, () => acted.push(clock.monotonic()));
  settling.news();
  expect(settling.isDue()).toBe(true);
  await clock.advance(50);
  settling.news();
  await clock.advance(1000);
  expect([acted, settling.isDue()]).toEqual([[100], false]);
  settling.news();
  settling.news();
  await clock.advance(10_000);
  expect(acted).toEqual([100, 5100]);
  settling.news();
  await clock.advance(99);
  settling.cancel();
  await clock.advance(10_000);
  expect([acted, settling.isDue()]).toEqual([[100, 5100], false]);
});
