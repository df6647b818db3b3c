import { expect, test } from 'vitest';
import type { QueryRange } from './api.ts';
import type { Answer, MatrixSeries } from './api-types.ts';
import { askColumns } from './first-points.ts';

/** A store whose only samples are `time value`; each is valid to the end. */
function store(samples: readonly (readonly [number, number])[]) {
  const asked: QueryRange[] = [];
  const ask = async (range: QueryRange): Promise<Answer<readonly MatrixSeries[]>> => {
    asked.push(range);
    const values: [number, string][] = [];
    for (let time = range.start; time <= range.end + 1e-6; time += range.step) {
      const found = samples.findLast(([at]) => at <= time);
      if (found) values.push([time, String(found[1])]);
    }
    return { data: values.length === 0 ? [] : [{ metric: { a: '1' }, values }], warnings: [], infos: [] };
  };
  return { ask, asked };
}
const RANGE = { from: 1000_000, to: 1099_500 };

test('samples younger than the last step are seen at once, second by second, up to now', async () => {
  const { ask, asked } = store([[1096, 7]]);
  const { times, series, grid } = await askColumns(ask, RANGE, 15, () => 1095_000);
  expect(grid).toEqual({ start: 990, end: 1095, step: 15 });
  expect(asked).toEqual([grid, { start: 1095.5, end: 1099.5, step: 1 }]);
  expect(times.slice(-5)).toEqual([1095.5, 1096.5, 1097.5, 1098.5, 1099.5]);
  expect(series[0]!.values).toEqual([...new Array(9).fill(null), 7, 7, 7, 7]);
});

test.each([
  ['something lies on the grid', [[1000, 7]], 1095_000, 1],
  ['the server has run for long', [], 1000_000, 1],
  ['the range ends before the server started', [], 2000_000, 1],
  ['nothing is stored yet', [], 1095_000, 2],
  ['its start is not known yet', [], undefined, 2],
] as const)('when %s', async (_, samples, startedAt, count) => {
  const { ask, asked } = store(samples);
  const { times, grid } = await askColumns(ask, RANGE, 15, () => startedAt);
  expect(asked).toHaveLength(count);
  expect(times.at(-1)).toBe(grid.end);
});

test('a long step is not asked second by second', async () => {
  const { ask, asked } = store([[7190, 1]]);
  await askColumns(ask, { from: 0, to: 7199_000 }, 3600, () => 7180_000);
  expect(asked[1]).toEqual({ start: 3611, end: 7199, step: 12 });
});

test('a range that ends on the grid is asked once', async () => {
  const { ask, asked } = store([]);
  await askColumns(ask, { from: 0, to: 1095_000 }, 15, () => undefined);
  expect(asked).toHaveLength(1);
});
