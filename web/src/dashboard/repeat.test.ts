import { expect, test } from 'vitest';
import type { PanelModel } from '../../../src/dashboards/model.ts';
import { expandPanels, expandSections } from './repeat.ts';
import type { Chosen } from './substitute.ts';

const chosen = (...values: string[]): Chosen => ({
  values,
  texts: values,
  isAll: true,
  allValue: '.*',
  isMulti: true,
});
const choices = new Map([['host', chosen('a', 'b', 'c')]]);
const panel = (id: number, x: number, y: number, w: number, h: number, more: Partial<PanelModel> = {}) =>
  ({ id, type: 'stat', gridPos: { x, y, w, h }, ...more }) as PanelModel;
const places = (panels: readonly PanelModel[]) =>
  expandPanels(panels, choices, '').map((one) => {
    const { x, y, w, h } = one.panel.gridPos;
    return [one.panel.id, one.choices.get('host')?.values.join(), x, y, w, h];
  });

test('copies stand side by side, at most as many as wanted, and what is below moves down', () => {
  expect(places([panel(1, 0, 0, 24, 4, { repeat: 'host', maxPerRow: 2 }), panel(2, 0, 4, 12, 3)])).toEqual([
    [1, 'a', 0, 0, 12, 4],
    [1, 'b', 12, 0, 12, 4],
    [1, 'c', 0, 4, 12, 4],
    [2, 'a,b,c', 0, 8, 12, 3],
  ]);
});

test('copies below each other keep their width', () => {
  expect(
    places([panel(1, 6, 2, 6, 4, { repeat: 'host', repeatDirection: 'v' }), panel(2, 0, 0, 24, 2)]),
  ).toEqual([
    [2, 'a,b,c', 0, 0, 24, 2],
    [1, 'a', 6, 2, 6, 4],
    [1, 'b', 6, 6, 6, 4],
    [1, 'c', 6, 10, 6, 4],
  ]);
});

test('a row is repeated with all that is in it; each copy asks for its own value only', () => {
  const row = panel(1, 0, 0, 24, 1, { type: 'row', repeat: 'host' });
  const sections = expandSections(
    [row, panel(2, 0, 1, 12, 4), panel(3, 0, 9, 24, 1, { type: 'row' })],
    choices,
  );
  expect(
    sections.map((one) => [one.key, one.panels.map((p) => p.choices.get('host')!.values.join())]),
  ).toEqual([
    ['1 a', ['a']],
    ['1 b', ['b']],
    ['1 c', ['c']],
    ['3 ', []],
  ]);
  expect(sections[0]!.panels[0]!.choices.get('host')!.isAll).toBe(false);
});

test('without values the panel is drawn once, as it is', () => {
  expect(places([panel(1, 3, 0, 5, 4, { repeat: 'nothing' })])).toEqual([[1, 'a,b,c', 3, 0, 5, 4]]);
});

test('panels that are authored far apart stand below each other', () => {
  const row = panel(1, 0, 5, 24, 1, {
    type: 'row',
    panels: [
      panel(2, 0, 30, 12, 8),
      panel(3, 12, 30, 12, 6),
      panel(4, 12, 400, 12, 2),
      panel(5, 0, 410, 24, 4),
    ],
  });
  const [section] = expandSections([row], choices);
  expect(section!.panels.map((one) => [one.panel.id, one.panel.gridPos.x, one.panel.gridPos.y])).toEqual([
    [2, 0, 0],
    [3, 12, 0],
    [4, 12, 6],
    [5, 0, 8],
  ]);
});
