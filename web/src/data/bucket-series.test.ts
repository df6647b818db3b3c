import { expect, test } from 'vitest';
import type { MatrixSeries } from './api-types.ts';
import { bucketSeries, hasBuckets, sumByLe } from './bucket-series.ts';

const native = (...points: [number, [number, string, string, string][]][]): MatrixSeries => ({
  metric: { job: 'a' },
  histograms: points.map(([time, buckets]) => [time, { count: '1', sum: '1', buckets }]),
});
const classic = (le: string, pod: string, ...values: [number, string][]): MatrixSeries => ({
  metric: { le, pod },
  values,
});

test('native histograms become a series per bucket, lowest first, summed over all of them', () => {
  const one = native(
    [
      10,
      [
        [0, '0.5', '1', '3'],
        [0, '1', '2', '4'],
      ],
    ],
    [20, [[0, '1', '2', '5']]],
  );
  const other = native([
    10,
    [
      [3, '-0.1', '0.1', '1'],
      [0, '0.5', '1', '10'],
    ],
  ]);
  expect(bucketSeries([one, other])).toEqual([
    { metric: { le: '(-0.1,0.1]' }, values: [[10, '1']] },
    { metric: { le: '(0.5,1]' }, values: [[10, '13']] },
    {
      metric: { le: '(1,2]' },
      values: [
        [10, '4'],
        [20, '5'],
      ],
    },
  ]);
});

test('fine buckets are taken together, and nothing is lost', () => {
  const buckets = Array.from({ length: 300 }, (_, i): [number, string, string, string] => [
    0,
    String(i),
    String(i + 1),
    '1',
  ]);
  const rows = bucketSeries([native([10, buckets])]);
  expect(rows).toHaveLength(38);
  expect(rows[0]).toEqual({ metric: { le: '(0,8]' }, values: [[10, '8']] });
  expect(rows.reduce((sum, { values }) => sum + Number(values![0]![1]), 0)).toBe(300);
});

test('classic buckets of one end are summed up', () => {
  const rows = sumByLe([
    classic('1', 'a', [10, '1'], [20, '2']),
    classic('+Inf', 'a', [10, '3']),
    classic('1', 'b', [20, '5']),
  ]);
  expect(rows).toEqual([
    {
      metric: { le: '1' },
      values: [
        [10, '1'],
        [20, '7'],
      ],
    },
    { metric: { le: '+Inf' }, values: [[10, '3']] },
  ]);
});

test.each([
  ['native', [native([1, []])], true],
  ['classic', [classic('1', 'a'), classic('2', 'a')], true],
  ['plain series', [{ metric: { job: 'a' } }, { metric: { le: '1' } }], false],
  ['nothing', [], false],
] as const)('%s: is there a distribution?', (_, matrix, answer) => {
  expect(hasBuckets(matrix)).toBe(answer);
});
