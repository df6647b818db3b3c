import { expect, test } from 'vitest';
import { CUSTOM_BUCKETS_SCHEMA, type Histogram, histogramProblem } from './histogram.ts';

const custom: Histogram = {
  schema: CUSTOM_BUCKETS_SCHEMA,
  count: 3,
  sum: 4,
  zeroThreshold: 0,
  zeroCount: 0,
  positiveSpans: [{ offset: 0, length: 2 }],
  positiveBuckets: [1, 2],
  negativeSpans: [],
  negativeBuckets: [],
  customValues: [1],
  counterResetHint: 'unknown',
};

test('custom bounds rise and are finite above, and there is nothing beside them, as upstream has it', () => {
  const problemOf = (changes: Partial<Histogram>): string | undefined =>
    histogramProblem({ ...custom, ...changes });
  expect(problemOf({})).toBeUndefined();
  expect(problemOf({ customValues: [Number.NEGATIVE_INFINITY, 1] })).toBeUndefined();
  expect(problemOf({ customValues: [Number.NaN] })).toBe('NaN among custom bounds');
  expect(problemOf({ customValues: [1, Number.NaN, 3] })).toBe('NaN among custom bounds');
  expect(problemOf({ customValues: [1, Number.POSITIVE_INFINITY] })).toContain('+Inf among custom bounds');
  expect(problemOf({ customValues: [1, 1] })).toBe('custom bounds are not in ascending order');
  expect(problemOf({ customValues: [] })).toBe('buckets up to 2 for 0 custom bounds');
  expect(problemOf({ zeroThreshold: 0.1 })).toBe('negative buckets or a zero bucket beside custom bounds');
});
