import fc from 'fast-check';
import { expect, test } from 'vitest';
import { quantileOf } from './quantile.ts';

test.each([
  [0.5, [3, 1, 2], 2],
  [0.5, [4, 1, 2, 3], 2.5],
  [0, [4, 1], 1],
  [1, [4, 1], 4],
  [0.25, [0, 10], 2.5],
  [-0.1, [1], Number.NEGATIVE_INFINITY],
  [1.1, [1], Number.POSITIVE_INFINITY],
  [Number.NaN, [1], Number.NaN],
  [0.5, [], Number.NaN],
  [0, [1, Number.NaN], Number.NaN],
  [1, [1, Number.NaN], 1],
])('quantile %d of %j is %d', (q, values, expected) => {
  expect(quantileOf(q, Float64Array.from(values))).toBe(expected);
});

/** Keys of 64 values of which selecting by the middle of three takes away two at a time: M. D. McIlroy, "A Killer Adversary for Quicksort". */
const KILLER =
  '1 2 32 46 4 54 6 34 8 48 10 36 12 58 14 38 16 50 18 40 20 56 22 42 24 52 26 44 28 61 30 0 3 5 7 9 11 13 15 17 19 21 23 25 27 29 31 33 35 37 39 41 43 45 47 49 51 53 55 57 59 60 62 63';

test.each([0, 0.25, 0.9, 0.99, 1])('values that defeat selecting are sorted: quantile %d', (q) => {
  const values = Float64Array.from(KILLER.split(' '), Number);
  expect(quantileOf(q, values)).toBeCloseTo(63 * q, 9);
});

test('few values and many are sorted alike, NaN first', () => {
  const value = fc.oneof(fc.integer({ min: -5, max: 5 }), fc.constant(Number.NaN));
  fc.assert(
    fc.property(
      fc.array(value, { minLength: 1, maxLength: 120 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (values, q) => {
        const sorted = [...values].sort((a, b) =>
          Number.isNaN(a) ? (Number.isNaN(b) ? 0 : -1) : Number.isNaN(b) ? 1 : a - b,
        );
        const rank = q * (sorted.length - 1);
        const low = sorted[Math.floor(rank)]!;
        const high = sorted[Math.min(sorted.length - 1, Math.floor(rank) + 1)]!;
        const weight = rank - Math.floor(rank);
        expect(quantileOf(q, Float64Array.from(values))).toBe(low * (1 - weight) + high * weight);
      },
    ),
  );
});
