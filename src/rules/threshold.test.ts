import { expect, test } from 'vitest';
import { passes, type Threshold, thresholdOf } from './threshold.ts';

test.each<[expr: string, threshold: Threshold | undefined]>([
  ['up == 0', { left: 'up', op: '==', value: 0 }],
  ['(rate(a_total[5m]) * 2) > 5', { left: '(rate(a_total[5m]) * 2)', op: '>', value: 5 }],
  ['5 < a', { left: 'a', op: '>', value: 5 }],
  ['5 >= a', { left: 'a', op: '<=', value: 5 }],
  ['a > -(1.5)', { left: 'a', op: '>', value: -1.5 }],
  ['a > 5m', { left: 'a', op: '>', value: 300 }],
  ['a > bool 5', undefined],
  ['a > b', undefined],
  ['a > 5 and b', undefined],
  ['absent(a)', undefined],
])('%s', (expr, threshold) => {
  expect(thresholdOf(expr)).toEqual(threshold);
});

test('what a comparison keeps', () => {
  const kept = (op: Threshold['op']) => [1, 2, 3, Number.NaN].filter((value) => passes(value, op, 2));
  expect(kept('==')).toEqual([2]);
  expect(kept('!=')).toEqual([1, 3, Number.NaN]);
  expect(kept('<')).toEqual([1]);
  expect(kept('<=')).toEqual([1, 2]);
  expect(kept('>')).toEqual([3]);
  expect(kept('>=')).toEqual([2, 3]);
});
