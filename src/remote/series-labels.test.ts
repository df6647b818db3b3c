import { expect, test } from 'vitest';
import { type Labels, labelsFromObject, labelValue } from '../model/labels.ts';
import { createSeriesLabels } from './series-labels.ts';

test('labels are made once per series, dropped or not, and nothing is kept for more series than that', () => {
  const made: string[] = [];
  const labelsBySeries = createSeriesLabels({
    externalLabels: labelsFromObject({}),
    relabel: (labels) => (labelValue(labels, 'n').startsWith('d') ? undefined : labels),
    encode: (labels: Labels) => Buffer.from(labelValue(labels, 'n')),
    maxSeries: 4,
  });
  const of = (ref: number, n: string): string | undefined => {
    const found = labelsBySeries.of(ref, () => {
      made.push(n);
      return labelsFromObject({ n });
    });
    return found?.bytes.toString('latin1', found.from, found.from + found.length);
  };

  for (let i = 0; i < 2; i++)
    expect([of(1, 'one'), of(2, 'd2'), of(3, 'd3'), of(4, 'd4')]).toEqual([
      'one',
      undefined,
      undefined,
      undefined,
    ]);
  expect(made).toEqual(['one', 'd2', 'd3', 'd4']);

  // The fifth has all of them made anew when they are asked for again.
  expect([of(5, 'five'), of(1, 'one'), of(2, 'd2')]).toEqual(['five', 'one', undefined]);
  expect(made.slice(4)).toEqual(['five', 'one', 'd2']);
});
