import { expect, test } from 'vitest';
import { happeningsOf, OWN_ALERTS, timeMarks } from './annotations.ts';

const series = (metric: Record<string, string>, ...points: [number, string][]) => ({
  metric,
  values: points,
});

test('samples in a row are a stretch, a lone one a moment, zero says nothing happened', () => {
  const matrix = [series({ alertname: 'Down', job: 'x' }, [0, '1'], [15, '1'], [30, '0'], [60, '1'])];
  expect(happeningsOf(OWN_ALERTS, matrix, 15)).toEqual([
    { from: 0, to: 30, text: 'Down fires · x', color: 'red' },
    { from: 60, to: 60, text: 'Down fires · x', color: 'red' },
  ]);
});

test('a value may be the moment itself, told once', () => {
  const deploys = {
    ...OWN_ALERTS,
    useValueForTime: true,
    titleFormat: 'deploy {{version}}',
    textFormat: '',
    tagKeys: ['team'],
  };
  const matrix = [series({ version: '1.2', team: 'web' }, [0, '5000'], [15, '5000'], [30, '25000'])];
  expect(happeningsOf(deploys, matrix, 15)).toEqual([
    { from: 5, to: 5, text: 'deploy 1.2 · web', color: 'red' },
    { from: 25, to: 25, text: 'deploy 1.2 · web', color: 'red' },
  ]);
});

test('stretches tint the ground, all are marked where they begin', () => {
  const { marks, shades } = timeMarks(
    [
      { from: 0, to: 30, text: 'a', color: 'rgba(255, 96, 96, 1)' },
      { from: 60, to: 60, text: 'b', color: 'no such colour' },
    ],
    'light',
  );
  expect(marks.map(({ time }) => time)).toEqual([0, 60]);
  expect(shades).toEqual([{ from: 0, to: 30, color: 'rgba(255, 96, 96, 0.1)' }]);
});
