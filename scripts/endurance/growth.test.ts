import { expect, test } from 'vitest';
import { growthOf } from './growth.ts';

/** Sixty values; `at` gives each, `x` from 0 to 1. */
const run = (at: (x: number, n: number) => number): number[] =>
  Array.from({ length: 61 }, (_, n) => at(n / 60, n));

test.each<[string, number[], boolean]>([
  ['stands still', run(() => 40), false],
  ['grows while it warms up and then stands', run((x) => Math.min(x, 0.4) * 100), false],
  ['has peaks', run((_, n) => (n % 9 === 0 ? 90 : 40)), false],
  ['goes up and down within each hour', run((_, n) => 40 + (n % 8)), false],
  ['falls', run((x) => 100 - 20 * x), false],
  ['rises by less than is allowed', run((x) => 40 + 3.8 * x), false],
  ['rises steadily', run((x) => 40 + 5 * x), true],
  ['rises under noise of a third', run((x, n) => 40 + 8 * x + (n % 2 ? 1 : -1)), true],
  ['rises by steps', run((x) => 40 + Math.floor(x * 6) * 3), true],
  ['rises and is not always there', run((x, n) => (n % 3 === 0 ? Number.NaN : 40 + 5 * x)), true],
])('a measure that %s', (_, values, grows) => {
  expect(growthOf({ name: 'm', values, allowance: { absolute: 2 } })).toMatchObject({ grows });
});

test('what is allowed may be a share of the median of the second half', () => {
  const values = run((x) => 100 + 8 * x);
  expect(growthOf({ name: 'm', values, allowance: { share: 0.05 } })).toEqual({
    median: expect.closeTo(106, 6),
    highest: 108,
    rise: expect.closeTo(4, 6),
    noise: expect.closeTo(0, 6),
    grows: false,
  });
  expect(growthOf({ name: 'm', values, allowance: { share: 0.03 } }).grows).toBe(true);
});

test('of a measure that was hardly there nothing is said', () => {
  const values = run((_, n) => (n < 57 ? Number.NaN : 1));
  expect(() => growthOf({ name: 'heap of query', values, allowance: { absolute: 1 } })).toThrow(
    'expected at least 5 values of heap of query in the second half, got 4',
  );
});
