import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SlidingExtreme } from './sliding-extreme.ts';

/** The extreme by looking at every value. */
function plainly(values: Float64Array, from: number, to: number, isMax: boolean): number {
  const numbers = [...values.subarray(from, to)].filter((value) => !Number.isNaN(value));
  if (numbers.length === 0) return Number.NaN;
  return isMax ? Math.max(...numbers) : Math.min(...numbers);
}

test('a window that moves forward has the extreme of its values, whatever its steps', () => {
  const value = fc.oneof(
    fc.integer({ min: -9, max: 9 }),
    fc.constant(Number.NaN),
    fc.constant(Number.POSITIVE_INFINITY),
  );
  const step = fc.tuple(fc.nat(9), fc.nat(9));
  fc.assert(
    fc.property(
      fc.array(value, { minLength: 1, maxLength: 300 }),
      fc.array(step),
      fc.boolean(),
      (list, steps, isMax) => {
        const values = Float64Array.from(list);
        const sliding = new SlidingExtreme(isMax);
        let from = 0;
        let to = 0;
        for (const [forward, wider] of steps) {
          to = Math.min(values.length, to + forward + wider);
          from = Math.min(to, from + forward);
          if (from === to) continue;
          expect(sliding.of(values, from, to)).toBe(plainly(values, from, to, isMax));
        }
      },
    ),
  );
});

test('another column, or a window that went back, starts anew', () => {
  const sliding = new SlidingExtreme(true);
  const first = Float64Array.of(9, 1, 2, 3);
  expect(sliding.of(first, 1, 4)).toBe(3);
  expect(sliding.of(first, 0, 2)).toBe(9);
  expect(sliding.of(Float64Array.of(5, 4, 3, 2), 1, 3)).toBe(4);
});
