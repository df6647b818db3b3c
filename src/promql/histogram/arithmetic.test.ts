import { describe, expect, test } from 'vitest';
import { CUSTOM_BUCKETS_SCHEMA, type Histogram } from '../../model/histogram.ts';
import { detectReset } from './arithmetic.ts';
import { mappedCustomIndex } from './buckets.ts';

const histogram = (parts: Partial<Histogram>): Histogram => ({
  schema: 0,
  count: 100,
  sum: 1,
  zeroThreshold: 0,
  zeroCount: 0,
  positiveSpans: [],
  positiveBuckets: [],
  negativeSpans: [],
  negativeBuckets: [],
  customValues: [],
  counterResetHint: 'unknown',
  ...parts,
});

/** Buckets from an index on. */
const from = (offset: number, ...positiveBuckets: number[]): Partial<Histogram> => ({
  positiveSpans: [{ offset, length: positiveBuckets.length }],
  positiveBuckets,
});
const custom = (customValues: readonly number[], ...counts: number[]): Histogram =>
  histogram({ schema: CUSTOM_BUCKETS_SCHEMA, customValues, ...from(0, ...counts) });

describe('a counter was reset', () => {
  test.each<[what: string, previous: Histogram, current: Histogram, wasReset: boolean]>([
    ['the same buckets, all larger', histogram(from(0, 1, 2)), histogram(from(0, 1, 3)), false],
    ['the same buckets, one smaller', histogram(from(0, 1, 2)), histogram(from(0, 9, 1)), true],
    ['new buckets on both sides', histogram(from(1, 1, 2)), histogram(from(0, 5, 1, 2, 5)), false],
    ['new buckets, an old one smaller', histogram(from(1, 1, 2)), histogram(from(0, 5, 1, 1, 5)), true],
    ['an empty bucket is gone', histogram(from(0, 1, 0)), histogram(from(0, 1)), false],
    ['a bucket is gone, the first', histogram(from(0, 1, 1)), histogram(from(1, 9)), true],
    ['a bucket is gone, the last', histogram(from(0, 1, 1)), histogram(from(0, 9)), true],
    ['a bucket is gone that had less than nothing', histogram(from(0, 1, -1)), histogram(from(0, 9)), true],
    ['a bucket is gone that was NaN', histogram(from(0, 1, Number.NaN)), histogram(from(0, 9)), true],
    [
      'a coarser schema, all larger',
      histogram({ schema: 1, ...from(1, 1, 1) }),
      histogram(from(1, 2)),
      false,
    ],
    ['a coarser schema, less', histogram({ schema: 1, ...from(1, 1, 2) }), histogram(from(1, 2)), true],
    ['a finer schema', histogram(from(1, 1)), histogram({ schema: 1, ...from(1, 1, 1) }), true],
    [
      'what is in the zero bucket by now',
      histogram({ ...from(-1, 3, 1) }),
      histogram({ zeroThreshold: 0.5, zeroCount: 3, ...from(0, 1) }),
      false,
    ],
    [
      'a zero bucket that lacks what it took over',
      histogram({ ...from(-1, 3, 1) }),
      histogram({ zeroThreshold: 0.5, zeroCount: 2, ...from(0, 1) }),
      true,
    ],
    [
      'a zero bucket that ends within a bucket, all larger',
      histogram({ zeroThreshold: 0.75, zeroCount: 1, ...from(0, 2, 3) }),
      histogram({ zeroThreshold: 0.75, zeroCount: 1, ...from(0, 4, 3) }),
      false,
    ],
    [
      'a zero bucket that ends within a bucket, which has less',
      histogram({ zeroThreshold: 0.75, zeroCount: 1, ...from(0, 2, 3) }),
      histogram({ zeroThreshold: 0.75, zeroCount: 5, ...from(0, 1, 3) }),
      true,
    ],
    ['custom bounds, all larger', custom([1, 2], 1, 1, 1), custom([1, 2], 1, 2, 1), false],
    ['custom bounds, one smaller', custom([1, 2], 1, 1, 1), custom([1, 2], 2, 0, 1), true],
    [
      'custom bounds of which some lie below zero',
      custom([-2, -1, 2], 5, 5, 1),
      custom([-2, -1, 2], 5, 4, 1),
      true,
    ],
    ['fewer custom bounds, together as many', custom([1, 2, 3], 1, 1, 1), custom([1, 3], 1, 2), false],
    ['fewer custom bounds, together less', custom([1, 2, 3], 1, 1, 1), custom([1, 3], 2, 1), true],
    ['no custom bound in common', custom([1, 2], 1, 1, 1), custom([3], 3, 0), false],
    ['custom buckets after others', histogram(from(0, 1)), custom([1], 1), true],
    ['others after custom buckets', custom([1], 1), histogram(from(0, 1)), true],
  ])('%s', (_, previous, current, wasReset) => {
    expect(detectReset(current, previous)).toBe(wasReset);
  });
});

describe('a custom bucket under fewer bounds', () => {
  test('goes to the first that is not below its own', () => {
    const bounds = [1, 2, 3, 4, 5];
    const mapped = [0, 1, 2, 3, 4, 5].map((index) => mappedCustomIndex(index, bounds, [2, 5]));
    expect(mapped).toEqual([0, 0, 1, 1, 1, 2]);
    expect([0, 4, 5].map((index) => mappedCustomIndex(index, bounds, []))).toEqual([0, 0, 0]);
  });

  test('is found without a look at each of them', () => {
    const bounds = Array.from({ length: 60_000 }, (_, i) => i);
    let looks = 0;
    const counted = new Proxy(bounds, {
      get(target, key) {
        looks++;
        return Reflect.get(target, key);
      },
    });
    expect(mappedCustomIndex(59_999, bounds, counted)).toBe(59_999);
    expect(looks).toBeLessThan(50);
  });
});
