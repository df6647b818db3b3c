import { expect, test } from 'vitest';
import { advanceAfter, firstAfter } from './search.ts';

const times = Float64Array.from({ length: 100 }, (_, i) => 10 * i);

test.each([
  [-1, 0],
  [0, 1],
  [5, 1],
  [495, 50],
  [989, 99],
  [990, 100],
  [5000, 100],
])('the first time after %d is at %d, from wherever it is looked for', (time, at) => {
  expect(firstAfter(times, time)).toBe(at);
  for (let from = 0; from <= at; from++) expect(advanceAfter(times, from, time)).toBe(at);
});

test('of nothing there is none', () => {
  expect(advanceAfter(new Float64Array(0), 0, 5)).toBe(0);
});
