import { expect, test } from 'vitest';
import type { PanelModel } from '../../../src/dashboards/model.ts';
import { heatRows, histogramOf, stateSpans } from './buckets.ts';
import type { PanelSeries } from './panel-data.ts';

const series = (le: string, ...values: (number | null)[]) =>
  ({
    name: le,
    labels: { le },
    values,
    times: values.map((_, i) => i),
    refId: 'A',
    settings: new Map(),
  }) as PanelSeries;
const panel = (format: string, isCalculated = false) =>
  ({
    targets: [{ refId: 'A', format, isHidden: false }],
    heatmap: { isCalculated },
  }) as unknown as PanelModel;

test('bucket counters are sorted by their ends and differenced', () => {
  const rows = heatRows(panel('heatmap'), [series('+Inf', 9, 4), series('0.1', 2, null), series('1', 5, 3)]);
  expect(rows.map(({ label, values }) => [label, values])).toEqual([
    ['0.1', [2, null]],
    ['1', [3, 3]],
    ['+Inf', [4, 1]],
  ]);
});

test('buckets of native histograms hold what is their own', () => {
  const rows = heatRows(panel('heatmap'), [
    series('(1,2]', 9, 4),
    series('(0.5,1]', 2, null),
    series('(2,Infinity]', 1, 1),
  ]);
  expect(rows.map(({ upper, values }) => [upper, values])).toEqual([
    [1, [2, null]],
    [2, [9, 4]],
    [Number.POSITIVE_INFINITY, [1, 1]],
  ]);
});

test('series that are no counters of buckets stay as they are', () => {
  const rows = heatRows(panel('time_series'), [series('b', 2), series('a', 5)]);
  expect(rows.map(({ label, values }) => [label, values])).toEqual([
    ['b', [2]],
    ['a', [5]],
  ]);
});

test('more values than a function takes arguments are counted', () => {
  const values = Array.from({ length: 200_000 }, (_, i) => i % 100);
  expect(histogramOf(values, 50, 30).map(({ count }) => count)).toEqual([100_000, 100_000]);
  expect(
    heatRows(panel('time_series', true), [
      series('x', ...values.slice(0, 100_000)),
      series('y', ...values.slice(100_000)),
    ]),
  ).toHaveLength(24);
});

test('values are counted into buckets of equal size', () => {
  const rows = heatRows(panel('time_series', true), [series('x', 0, 24), series('y', 0, 12)]);
  expect(
    rows
      .filter((row) => row.values.some((value) => value !== null))
      .map(({ upper, values }) => [upper, values]),
  ).toEqual([
    [1, [2, null]],
    [13, [null, 1]],
    [24, [null, 1]],
  ]);
});

test('a histogram has round ends and counts every value', () => {
  expect(histogramOf([1, 2, 3, 9.9], 5, 30)).toEqual([
    { from: 0, to: 5, count: 3 },
    { from: 5, to: 10, count: 1 },
  ]);
  const many = histogramOf([0, 7, 13, 100], 0, 30);
  expect(many[0]!.to).toBe(5);
  expect(many.reduce((sum, bucket) => sum + bucket.count, 0)).toBe(4);
  expect(histogramOf([], 0, 30)).toEqual([]);
  expect(histogramOf([3], 0, 30)).toEqual([{ from: 3, to: 4, count: 1 }]);
});

test('equal states in a row are one stretch, a hole parts them', () => {
  const same = (a: number, b: number): boolean => a === b;
  expect(stateSpans([0, 15, 30, 45], [1, 1, null, 1], 15, same)).toEqual([
    { from: 0, to: 30, value: 1 },
    { from: 45, to: 60, value: 1 },
  ]);
  expect(stateSpans([0, 15], [1, 1], 15, () => false)).toHaveLength(2);
});
