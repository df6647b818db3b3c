import { expect, test } from 'vitest';
import { fakeClock } from '../testing/fake-clock.ts';
import { createRounds } from './rounds.ts';

const noop = (): void => {};

test('the place of a key in its interval is the same after a restart, and all keys are evenly spread', () => {
  const clock = fakeClock();
  const before = createRounds(clock, 'host', noop);
  const places = Array.from({ length: 10_000 }, (_, i) => before.first(`target ${i}`, 5000));
  expect(places.every((place) => place >= 0 && place <= 5000)).toBe(true);
  const perRound = new Map<number, number>();
  for (const place of places) perRound.set(place, (perRound.get(place) ?? 0) + 1);
  // Every 250 ms.
  expect(perRound.size).toBe(20);
  expect(Math.min(...perRound.values())).toBeGreaterThan(400);
  expect(Math.max(...perRound.values())).toBeLessThan(600);
  clock.jump(5000 * 1234 + 17);
  const after = createRounds(clock, 'host', noop);
  expect(after.first('target 1', 5000)).toBe((places[1]! - 17 + 5000) % 5000);
  const elsewhere = createRounds(fakeClock(), 'other host', noop);
  // On another host each is somewhere else, and not all by the same time.
  const shifts = Array.from({ length: 100 }, (_, i) =>
    Math.round((elsewhere.first(`target ${i}`, 5000) - places[i]! + 5000) / 250),
  );
  expect(new Set(shifts).size).toBeGreaterThan(10);
});

test.each([
  [60_000, 120],
  [15_000, 30],
  [5000, 20],
  [1000, 20],
  [100, 20],
  [15, 15],
])('an interval of %d ms has %d rounds', (interval, rounds) => {
  const { first } = createRounds(fakeClock(), '', noop);
  const places = new Set(Array.from({ length: 3000 }, (_, i) => first(`${i}`, interval)));
  expect(places.size).toBe(rounds);
});

test('what is due together is started by one timer; who was taken out is not', async () => {
  const clock = fakeClock();
  let timers = 0;
  const counting = {
    ...clock,
    after(delayMs: number, fire: () => void) {
      timers++;
      return clock.after(delayMs, fire);
    },
  };
  const rounds = createRounds(counting, '', noop);
  const fired: string[] = [];
  const at = (due: number, name: string) => rounds.at(due, () => fired.push(`${name} ${clock.monotonic()}`));
  at(1000, 'a');
  const b = at(1000, 'b');
  at(1000, 'c');
  const d = at(2000, 'd');
  expect(timers).toBe(2);
  b.cancel();
  d.cancel();
  await clock.advance(1000);
  expect(fired).toEqual(['a 1000', 'c 1000']);
  at(2000, 'e');
  d.cancel();
  b.cancel();
  at(2000, 'f');
  expect(timers).toBe(3);
  await clock.advance(1000);
  expect(fired).toEqual(['a 1000', 'c 1000', 'e 2000', 'f 2000']);
});

test('a long round lets others run in between', async () => {
  const clock = fakeClock();
  let slept = 0;
  const rounds = createRounds({ ...clock, monotonic: () => clock.monotonic() + slept }, '', noop);
  const order: string[] = [];
  const work = (name: string) => () => {
    order.push(name);
    slept += 3;
    setImmediate(() => order.push(`after ${name}`));
  };
  for (const name of ['a', 'b', 'c']) rounds.at(10, work(name));
  await clock.advance(10);
  expect(order).toEqual(['a', 'b', 'after a', 'after b', 'c', 'after c']);
});

test('it is quiet when the last scrape has ended', () => {
  let quiet = 0;
  const rounds = createRounds(fakeClock(), '', () => quiet++);
  rounds.begin();
  rounds.begin();
  expect(rounds.underWay).toBe(2);
  rounds.end();
  expect(quiet).toBe(0);
  rounds.end();
  expect([quiet, rounds.underWay]).toEqual([1, 0]);
});
