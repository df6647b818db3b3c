import { expect, test } from 'vitest';
import { isSame } from './same.ts';

const series = (values: readonly unknown[], unit = 's') => ({
  labels: { job: 'a' },
  values,
  settings: new Map<string, unknown>([
    ['unit', unit],
    ['custom.lineStyle', { fill: 'dash', dash: [6, 4] }],
  ]),
});

test.each([
  ['the same numbers and holes', series([1, null, 2.5]), series([1, null, 2.5]), true],
  ['not a number', [Number.NaN], [Number.NaN], true],
  ['another number', series([1, null, 2.5]), series([1, null, 2]), false],
  ['a hole for a number', series([1, null]), series([1, 0]), false],
  ['a number more', series([1]), series([1, 2]), false],
  ['another setting', series([1], 's'), series([1], 'ms'), false],
  ['a label more', { a: 1 }, { a: 1, b: 2 }, false],
  ['a label under another name', { a: undefined }, { b: undefined }, false],
  ['an array and an object', [], {}, false],
  ['an object and an array', {}, [], false],
  ['a map and an object', new Map(), {}, false],
  ['nothing and something', undefined, {}, false],
])('%s', (_, a, b, isExpected) => {
  expect(isSame(a, b)).toBe(isExpected);
  expect(isSame(b, a)).toBe(isExpected);
});
