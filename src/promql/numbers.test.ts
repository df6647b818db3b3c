import { expect, test } from 'vitest';
import { formatG } from './numbers.ts';

// What Go's fmt.Sprintf("%g") prints, seen in promtool's dumps.
test.each([
  [0, '0'],
  [-0, '-0'],
  [123456, '123456'],
  [1e6, '1e+06'],
  [1e7, '1e+07'],
  [123456789, '1.23456789e+08'],
  [0.0001, '0.0001'],
  [-0.00001, '-1e-05'],
  [Number.POSITIVE_INFINITY, '+Inf'],
  [Number.NaN, 'NaN'],
])('%d in the shortest form of Go', (value, text) => {
  expect(formatG(value)).toBe(text);
});
