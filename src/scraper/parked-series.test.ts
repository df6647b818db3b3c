import { expect, test } from 'vitest';
import { labelsFromObject } from '../model/labels.ts';
import { ParkedSeries } from './parked-series.ts';

/** Series of one metric with labels without end, of which only the last changes. */
const labelled = (labels: number, series: number) =>
  labelsFromObject({
    __name__: 'm',
    ...Object.fromEntries(
      Array.from({ length: labels }, (_, i) => [
        `l${String(i).padStart(3, '0')}`,
        i === labels - 1 ? `v${series}` : 'x',
      ]),
    ),
  });

test.each([
  [30, 'l029', 50],
  // The thirty-first is one too many to be told apart.
  [31, '__name__', 1],
])('of %d labels the one with the most values is %s', (labels, label, values) => {
  const parked = new ParkedSeries();
  for (let i = 0; i < 50; i++) parked.add(labelled(labels, i), () => false, 1);
  expect(parked.top()).toMatchObject([{ metric: 'm', series: 50, label, values }]);
});
