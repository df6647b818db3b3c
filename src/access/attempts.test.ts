import { expect, test } from 'vitest';
import { fakeClock } from '../testing/fake-clock.ts';
import { Attempts, PER_ADDRESS, PER_NAME_AND_ADDRESS } from './attempts.ts';

test.each([
  ['a name from an address', PER_NAME_AND_ADDRESS, 5, [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]],
  ['an address', PER_ADDRESS, 30, [60, 120, 240, 480, 900, 900]],
] as const)('%s waits twice as long with each wrong attempt, up to a bound', (_, limits, free, waits) => {
  const attempts = new Attempts(fakeClock(), limits);
  for (let i = 1; i < free; i++) expect(attempts.wrong('a')).toBe(0);
  for (const seconds of waits) {
    expect(attempts.wrong('a')).toBe(seconds * 1000);
    expect(attempts.waitMs('a')).toBe(seconds * 1000);
  }
  expect(attempts.waitMs('b')).toBe(0);
});

test('wrong attempts are forgotten after two quiet hours, and not before', async () => {
  const clock = fakeClock();
  const attempts = new Attempts(clock, PER_NAME_AND_ADDRESS);
  for (let i = 0; i < 6; i++) attempts.wrong('a');
  await clock.advance('119m');
  expect([attempts.waitMs('a'), attempts.wrong('a')]).toEqual([0, 120_000]);
  await clock.advance('2h');
  expect(attempts.wrong('a')).toBe(0);
});

test('a clock that is set frees nobody', () => {
  const clock = fakeClock();
  const attempts = new Attempts(clock, PER_NAME_AND_ADDRESS);
  for (let i = 0; i < 5; i++) attempts.wrong('a');
  clock.jump(86_400_000);
  expect(attempts.waitMs('a')).toBe(30_000);
});

test('of many keys the one unused longest is forgotten, so that memory is bounded', () => {
  const attempts = new Attempts(fakeClock(), PER_NAME_AND_ADDRESS);
  for (const key of ['old', 'used']) for (let i = 0; i < 5; i++) attempts.wrong(key);
  for (let i = 0; i < 9999; i++) {
    attempts.wrong(`other${i}`);
    if (i === 5000) attempts.wrong('used');
  }
  expect([attempts.waitMs('old'), attempts.waitMs('used')]).toEqual([0, 60_000]);
});
