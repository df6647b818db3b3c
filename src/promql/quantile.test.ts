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
