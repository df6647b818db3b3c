import { expect, test } from 'vitest';
import { TRANSFORMED } from '../../../src/dashboards/left-out.ts';
import type { Cell, Frame } from './frame.ts';
import { seriesFrame, tableFrame } from './frame.ts';
import { TRANSFORMATIONS, transformFrames } from './transform.ts';

const instant = (
  refId: string,
  rows: readonly (readonly [labels: Record<string, string>, value: number])[],
): Frame =>
  tableFrame(
    refId,
    rows.map(([labels, value]) => ({ labels, value, time: 1000 })),
    `Value #${refId}`,
  );

const cpu = instant('A', [
  [{ host: 'a', job: 'node' }, 10],
  [{ host: 'b', job: 'node' }, 20],
]);
const memory = instant('B', [
  [{ host: 'b', job: 'node' }, 7],
  [{ host: 'c', job: 'node' }, 9],
]);
const series = (name: string, labels: Record<string, string>, ...values: (number | null)[]): Frame =>
  seriesFrame({ refId: 'A', name, labels, times: values.map((_, i) => i * 15), values });

/** Frames as lists of rows under their headings. */
const shown = (frames: readonly Frame[]): (string | Cell)[][][] =>
  frames.map(({ fields }) => [
    fields.map((field) => field.name),
    ...(fields[0]?.values ?? []).map((_, row) => fields.map((field) => field.values[row] ?? null)),
  ]);
const apply = (frames: readonly Frame[], ...steps: [id: string, options?: object][]) =>
  shown(
    transformFrames(
      frames,
      steps.map(([id, options]) => ({ id, options })),
    ),
  );

test('every transformation that is said to be applied is', () => {
  expect([...TRANSFORMED].sort()).toEqual(Object.keys(TRANSFORMATIONS).sort());
});

test('merge joins rows that agree where both have columns', () => {
  expect(apply([cpu, memory], ['merge'])).toEqual([
    [
      ['Time', 'host', 'job', 'Value #A', 'Value #B'],
      [1000, 'a', 'node', 10, null],
      [1000, 'b', 'node', 20, 7],
      [1000, 'c', 'node', null, 9],
    ],
  ]);
});

test('organize leaves out, orders and renames', () => {
  const options = {
    excludeByName: { Time: true, job: true },
    indexByName: { 'Value #A': 0, host: 1 },
    renameByName: { 'Value #A': 'CPU', host: 'Host' },
  };
  expect(apply([cpu], ['organize', options])).toEqual([
    [
      ['CPU', 'Host'],
      [10, 'a'],
      [20, 'b'],
    ],
  ]);
});

test('joinByField keeps what all have or what any has, and numbers columns of one name', () => {
  expect(apply([cpu, memory], ['joinByField', { byField: 'host', mode: 'inner' }])).toEqual([
    [
      ['host', 'Time 1', 'job 1', 'Value #A', 'Time 2', 'job 2', 'Value #B'],
      ['b', 1000, 'node', 20, 1000, 'node', 7],
    ],
  ]);
  expect(
    apply([cpu, memory], ['joinByField', { byField: 'host', mode: 'outer' }])[0]!.map((row) => row[0]),
  ).toEqual(['host', 'a', 'b', 'c']);
});

test('series are joined over their times', () => {
  const frames = [series('x', { i: '1' }, 1, 2), series('y', { i: '2' }, 3, null)];
  expect(apply(frames, ['seriesToColumns'])).toEqual([
    [
      ['Time', 'x', 'y'],
      [0, 1, 3],
      [15_000, 2, null],
    ],
  ]);
  expect(
    apply(frames, [
      'calculateField',
      { mode: 'binary', binary: { left: 'x', operator: '+', right: 'y' }, alias: 'z' },
    ]),
  ).toEqual([
    [
      ['Time', 'x', 'y', 'z'],
      [0, 1, 3, 4],
      [15_000, 2, null, null],
    ],
  ]);
});

test.each([
  [
    'binary with a number',
    { mode: 'binary', binary: { left: 'Value #A', operator: '*', right: '2' } },
    ['Value #A * 2', 20, 40],
  ],
  [
    'binary with a matcher',
    {
      mode: 'binary',
      alias: 'h',
      binary: {
        left: { matcher: { id: 'byName', options: 'Value #A' } },
        operator: '/',
        right: { fixed: '10' },
      },
    },
    ['h', 1, 2],
  ],
  ['reduceRow', { mode: 'reduceRow', reduce: { reducer: 'sum' } }, ['Total', 10, 20]],
  [
    'unary',
    { mode: 'unary', unary: { operator: 'percent', fieldName: 'Value #A' }, alias: 'p' },
    ['p', 1000, 2000],
  ],
])('calculateField: %s', (_, options, column) => {
  expect(apply([cpu], ['calculateField', options])[0]!.map((row) => row.at(-1))).toEqual(column);
});

test.each([
  ['include by name', { include: { names: ['host'] } }, ['host']],
  ['include by pattern', { include: { pattern: '/^Val/' } }, ['Value #A']],
  ['exclude by both', { exclude: { names: ['Time'], pattern: 'job' } }, ['host', 'Value #A']],
])('filterFieldsByName: %s', (_, options, names) => {
  expect(apply([cpu], ['filterFieldsByName', options])[0]![0]).toEqual(names);
});

test('renameByRegex uses groups and leaves the time alone', () => {
  const [frame] = apply(
    [series('up{job="a"}', {}, 1)],
    ['renameByRegex', { regex: '.*job="(.+)".*', renamePattern: 'job $1' }],
  );
  expect(frame![0]).toEqual(['Time', 'job a']);
});

test('reduce makes a row of each series, with its labels if asked', () => {
  const frames = [series('x', { i: '1' }, 1, 5), series('y', { i: '2' }, 4, 2)];
  expect(apply(frames, ['reduce', { reducers: ['max', 'lastNotNull'], labelsToFields: true }])).toEqual([
    [
      ['Field', 'i', 'Max', 'Last *'],
      ['x', '1', 5, 5],
      ['y', '2', 4, 2],
    ],
  ]);
  expect(apply([cpu], ['reduce', { mode: 'reduceFields', reducers: ['mean'] }])).toEqual([
    [['Value #A'], [15]],
  ]);
});

test('a hundred thousand rows of one group are no more work than as many groups', { timeout: 10_000 }, () => {
  const count = 100_000;
  const rows: Frame = {
    refId: 'A',
    fields: [
      { name: 'job', type: 'string', values: new Array<Cell>(count).fill('node') },
      { name: 'Value', type: 'number', values: new Array<Cell>(count).fill(1) },
    ],
  };
  const fields = { job: { operation: 'groupby' }, Value: { operation: 'aggregate', aggregations: ['sum'] } };
  expect(apply([rows], ['groupBy', { fields }])).toEqual([
    [
      ['job', 'Value (sum)'],
      ['node', count],
    ],
  ]);
});

test.each([
  [1, 1],
  ['1', 1],
  [1.5, 1],
  [0, 0],
  [-1, 0],
  [7, 2],
  ['$rows', 2],
  [undefined, 2],
])('limit to %j keeps %d of two rows', (limitField, kept) => {
  const [frame] = transformFrames([cpu], [{ id: 'limit', options: { limitField } }]);
  expect(frame!.fields[0]!.values).toHaveLength(kept);
});

test('sortBy, limit and filterByValue choose rows', () => {
  const steps: [string, object][] = [
    ['sortBy', { sort: [{ field: 'Value #A', desc: true }] }],
    ['limit', { limitField: 1 }],
    ['filterFieldsByName', { include: { names: ['host', 'Value #A'] } }],
  ];
  expect(apply([cpu], ...steps)).toEqual([
    [
      ['host', 'Value #A'],
      ['b', 20],
    ],
  ]);
  const filters = [{ fieldName: 'Value #A', config: { id: 'greater', options: { value: 15 } } }];
  expect(apply([cpu], ['filterByValue', { filters, type: 'exclude', match: 'any' }])[0]!.slice(1)).toEqual([
    [1000, 'a', 'node', 10],
  ]);
});

test('groupBy brings the other columns to one value each', () => {
  const fields = {
    job: { operation: 'groupby' },
    'Value #A': { operation: 'aggregate', aggregations: ['sum', 'max'] },
  };
  expect(apply([cpu], ['groupBy', { fields }])).toEqual([
    [
      ['job', 'Value #A (sum)', 'Value #A (max)'],
      ['node', 30, 20],
    ],
  ]);
});

test('groupingToMatrix and transpose turn tables', () => {
  const options = { rowField: 'host', columnField: 'job', valueField: 'Value #A' };
  expect(apply([cpu], ['groupingToMatrix', options])).toEqual([
    [
      ['host\\job', 'node'],
      ['a', 10],
      ['b', 20],
    ],
  ]);
  expect(
    apply([cpu], ['filterFieldsByName', { include: { names: ['host', 'Value #A'] } }], ['transpose', {}]),
  ).toEqual([
    [
      ['Field', 'a', 'b'],
      ['Value #A', 10, 20],
    ],
  ]);
});

test('labels become columns, series rows', () => {
  const frames = [series('x', { i: '1', k: 'a' }, 1), series('y', { i: '2', k: 'b' }, 2)];
  expect(apply(frames, ['labelsToFields', { valueLabel: 'k' }])).toEqual([
    [
      ['Time', 'i', 'a', 'b'],
      [0, '1', 1, null],
      [0, '2', null, 2],
    ],
  ]);
  expect(apply(frames, ['seriesToRows'])).toEqual([
    [
      ['Time', 'Metric', 'Value'],
      [0, 'x', 1],
      [0, 'y', 2],
    ],
  ]);
  expect(apply(frames, ['timeSeriesTable'])).toEqual([
    [
      ['i', 'k', 'Trend'],
      ['1', 'a', [1]],
      ['2', 'b', [2]],
    ],
  ]);
});

test('an unknown step and a disabled one change nothing', () => {
  expect(apply([cpu], ['somethingElse'])).toEqual(shown([cpu]));
  expect(
    shown(transformFrames([cpu], [{ id: 'limit', options: { limitField: 0 }, disabled: true }])),
  ).toEqual(shown([cpu]));
});
