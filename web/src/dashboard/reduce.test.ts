import { expect, test } from 'vitest';
import { reduceSeries } from './reduce.ts';

const SERIES = [null, 4, 1, 1, null, 7, null];

test.each<[string, number | null]>([
  ['lastNotNull', 7],
  ['last', null],
  ['first', null],
  ['firstNotNull', 4],
  ['mean', 3.25],
  ['min', 1],
  ['max', 7],
  ['sum', 13],
  ['count', 7],
  ['range', 6],
  ['delta', 7],
  ['diff', 3],
  ['changeCount', 2],
  ['distinctCount', 3],
  ['median', 2.5],
  ['step', -3],
  ['logmin', 1],
  ['p25', 1],
])('%s of a series with holes is %d', (reducer, value) => {
  expect(reduceSeries(SERIES, reducer)).toBe(value);
});

test('what two values are needed for is nothing for one, and all is nothing for none', () => {
  expect(reduceSeries([5], 'step')).toBeNull();
  expect(reduceSeries([-5], 'logmin')).toBeNull();
  expect(reduceSeries([null, undefined], 'mean')).toBeNull();
});
