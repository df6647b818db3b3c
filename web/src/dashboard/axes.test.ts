import { expect, test } from 'vitest';
import type { AxisModel } from '../../../src/dashboards/model.ts';
import { axesOf } from './axes.ts';

const axis = (unit: string, more: Partial<AxisModel> = {}): AxisModel => ({
  label: '',
  unit,
  isHidden: false,
  ...more,
});
const series = (unit: string, placement?: string): ReadonlyMap<string, unknown> =>
  new Map<string, unknown>([
    ...(unit === '' ? [] : [['unit', unit] as const]),
    ...(placement === undefined ? [] : [['custom.axisPlacement', placement] as const]),
  ]);

test.each([
  ['one unit', 'bytes', [series(''), series('bytes')], 'bytes', undefined, [], ['left', 'left']],
  ['another unit', 'bytes', [series(''), series('s')], 'bytes', 's', [], ['left', 'right']],
  [
    'three units',
    'bytes',
    [series(''), series('s'), series('percent'), series('s')],
    'bytes',
    's',
    ['percent'],
    ['left', 'right', 'right percent', 'right'],
  ],
  [
    'the panel’s own is not used',
    '',
    [series('Bps'), series('percentunit')],
    'Bps',
    'percentunit',
    [],
    ['left', 'right'],
  ],
  [
    'the same unit, placed',
    'bytes',
    [series(''), series('', 'right')],
    'bytes',
    'bytes',
    [],
    ['left', 'right'],
  ],
  [
    'another unit, placed left',
    'bytes',
    [series(''), series('s', 'left')],
    'bytes',
    undefined,
    [],
    ['left', 'left'],
  ],
] as const)('%s', (_, own, all, left, right, more, places) => {
  const axes = axesOf({ left: axis(own) }, false, all);
  expect([axes.leftUnit, axes.rightUnit, axes.more.map(({ unit }) => unit)]).toEqual([left, right, more]);
  expect(all.map(axes.axisOf)).toEqual(places);
});

test('an old graph has the two axes it was given', () => {
  const axes = axesOf({ left: axis('bytes'), right: axis('s') }, true, [series(''), series('', 'right')]);
  expect([axes.leftUnit, axes.rightUnit, axes.more]).toEqual(['bytes', 's', []]);
  expect([series(''), series('', 'right'), series('percent')].map(axes.axisOf)).toEqual([
    'left',
    'right',
    'left',
  ]);
});

test('a panel whose axis stands at the right has all series there', () => {
  const axes = axesOf({ left: axis('bytes', { side: 'right' }) }, false, [series(''), series('s')]);
  expect([series(''), series('s')].map(axes.axisOf)).toEqual(['right', 'right']);
});
