import { expect, test } from 'vitest';
import { intervalsOf } from './intervals.ts';

const series = (...times: number[]) => ({ metric: {}, values: times.map((time) => [time, '1'] as const) });

test.each([
  ['nothing', [], []],
  ['one sample lasts a step', [series(60)], [{ from: 60, to: 75 }]],
  ['samples in a row are one stretch', [series(0, 15, 30)], [{ from: 0, to: 45 }]],
  [
    'a gap parts',
    [series(0, 15, 60)],
    [
      { from: 0, to: 30 },
      { from: 60, to: 75 },
    ],
  ],
  ['several series lie over each other', [series(15, 30), series(0)], [{ from: 0, to: 45 }]],
])('%s', (_, given, expected) => {
  expect(intervalsOf(given, 15)).toEqual(expected);
});
