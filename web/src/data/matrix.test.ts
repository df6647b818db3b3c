import { expect, test } from 'vitest';
import { columnsOf, lastValue, niceStep, queryRangeOf, seriesText } from './matrix.ts';

test.each([
  [3600, 240, 15, 15],
  [3600, 60, 30, 60],
  [6 * 3600, 240, 15, 120],
  [300, 480, 1, 1],
  [30 * 86_400, 240, 15, 10_800],
])('%d s over %d points with at least %d s is a step of %d s', (seconds, points, least, step) => {
  expect(niceStep({ from: 0, to: seconds * 1000 }, points, least)).toBe(step);
});

test('ranges are aligned to the step, so that a refresh moves points and makes no new ones', () => {
  expect(queryRangeOf({ from: 1007_000, to: 2009_000 }, 15)).toEqual({ start: 1005, end: 1995, step: 15 });
});

test('missing steps, NaN and infinities are holes', () => {
  const matrix = [
    {
      metric: { a: '1' },
      values: [
        [0, '1'],
        [30, 'NaN'],
        [45, '+Inf'],
        [60, '5'],
      ] as [number, string][],
    },
  ];
  expect(columnsOf(matrix, { start: 0, end: 60, step: 15 })).toEqual({
    times: [0, 15, 30, 45, 60],
    series: [{ labels: { a: '1' }, values: [1, null, null, null, 5] }],
  });
});

test('columns stand where they begin', () => {
  const grid = { start: 0, end: 60, step: 15 };
  const whole = [1, null, 3, 4, 5];
  const matrix = [
    { metric: { a: '1' }, from: 0, column: whole },
    { metric: { a: '2' }, from: 2, column: [7, null] },
  ];
  const { series } = columnsOf(matrix, grid);
  expect(series.map(({ values }) => values)).toEqual([whole, [null, null, 7, null, null]]);
});

test('points beyond the grid are left out', () => {
  const matrix = [
    {
      metric: {},
      values: [
        [-15, '1'],
        [0, '2'],
        [75, '3'],
      ] as [number, string][],
    },
  ];
  expect(columnsOf(matrix, { start: 0, end: 60, step: 15 }).series[0]?.values).toEqual([
    2,
    null,
    null,
    null,
    null,
  ]);
});

test('lastValue skips holes; a name is written as Prometheus does', () => {
  expect(lastValue([1, 2, null])).toBe(2);
  expect(lastValue([null])).toBeNull();
  expect(seriesText({ __name__: 'up', job: 'a"b' })).toBe('up{job="a\\"b"}');
  expect(seriesText({})).toBe('{}');
});
