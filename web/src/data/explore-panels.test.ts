import { expect, test } from 'vitest';
import { grafanaPanel, panelJson, panelQuery, panelsOf, withPanel } from './explore-panels.ts';
import { recentQueries, rememberQuery } from './query-history.ts';

test.each([
  ['', [{ expr: '', tab: 'graph', isTree: false }]],
  ['g0.expr=up', [{ expr: 'up', tab: 'table', isTree: false }]],
  [
    'g0.expr=up&g0.tab=0&g2.expr=down&g2.tab=table',
    [
      { expr: 'up', tab: 'graph', isTree: false },
      { expr: 'down', tab: 'table', isTree: false },
    ],
  ],
  [
    'g0.expr=up&g0.tab=0&g0.display_mode=heatmap&g1.expr=down&g1.tab=0&g1.stacked=1',
    [
      { expr: 'up', tab: 'graph', isTree: false, display: 'heatmap' },
      { expr: 'down', tab: 'graph', isTree: false, display: 'stacked' },
    ],
  ],
  [
    'g10.expr=b&g9.expr=a&g9.tab=graph',
    [
      { expr: 'a', tab: 'graph', isTree: false },
      { expr: 'b', tab: 'table', isTree: false },
    ],
  ],
])('%s', (query, panels) => {
  expect(panelsOf(new URLSearchParams(query))).toEqual(panels);
});

test('an address is changed to hold other expressions and keeps the rest', () => {
  const query = new URLSearchParams('g0.expr=a&g0.tab=0&g1.expr=b&g1.tab=1&g0.range_input=1h');
  expect(panelQuery(query, [{ expr: 'b', tab: 'table', isTree: false }])).toEqual({
    'g0.expr': 'b',
    'g0.tab': '1',
    'g1.expr': undefined,
    'g1.tab': undefined,
  });
});

test('a panel for a dashboard asks the same', () => {
  const panel = JSON.parse(panelJson({ expr: 'up', tab: 'table' }));
  expect(panel).toMatchObject({ type: 'table', title: 'up', targets: [{ expr: 'up', instant: true }] });
  expect(JSON.parse(panelJson({ expr: 'up', tab: 'graph' })).type).toBe('timeseries');
});

test('a panel for a dashboard is drawn as it was here', () => {
  const shown = (display: 'stacked' | 'heatmap') => grafanaPanel({ expr: 'up', tab: 'graph', display });
  expect(shown('heatmap')).toMatchObject({ type: 'heatmap', targets: [{ format: 'heatmap' }] });
  expect(shown('stacked')).toMatchObject({
    type: 'timeseries',
    fieldConfig: { defaults: { custom: { stacking: { mode: 'normal' } } } },
  });
});

const added = (dashboard: object): unknown =>
  JSON.parse(withPanel(JSON.stringify(dashboard), { type: 'stat', title: 'New' }, 'Mine'));

test('a panel is added at the foot of a dashboard, with an id of its own', () => {
  const row = { id: 7, type: 'row', gridPos: { x: 0, y: 8, w: 24, h: 1 }, panels: [{ id: 9 }] };
  expect(
    added({ title: 'Old', panels: [{ id: 3, gridPos: { x: 0, y: 0, w: 6, h: 8 } }, row] }),
  ).toMatchObject({
    title: 'Old',
    panels: [{ id: 3 }, { id: 7 }, { id: 10, title: 'New', gridPos: { x: 0, y: 9, w: 12, h: 8 } }],
  });
  expect(added({ dashboard: { title: 'Wrapped' }, meta: {} })).toMatchObject({
    dashboard: { title: 'Wrapped', panels: [{ id: 1, title: 'New', gridPos: { y: 0 } }] },
    meta: {},
  });
  expect(added({})).toMatchObject({ title: 'Mine', panels: [{ title: 'New' }] });
});

test('in a dashboard of the old layout it gets a row', () => {
  expect(added({ rows: [{ title: 'a', panels: [{ id: 1, span: 6 }] }] })).toEqual({
    rows: [
      { title: 'a', panels: [{ id: 1, span: 6 }] },
      { title: '', height: 300, panels: [{ type: 'stat', title: 'New', span: 12 }] },
    ],
  });
});

test('what was run is remembered once, the latest first, fifty at most', () => {
  const kept = new Map<string, string>();
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  };
  for (let i = 0; i < 60; i++) rememberQuery(() => storage, `q${i}`);
  rememberQuery(() => storage, ' q20 ');
  rememberQuery(() => storage, '');
  expect(recentQueries(() => storage).slice(0, 3)).toEqual(['q20', 'q59', 'q58']);
  expect(recentQueries(() => storage)).toHaveLength(50);
  expect(recentQueries(() => ({ getItem: () => '{"a":1}' }))).toEqual([]);
  expect(recentQueries(() => ({ getItem: () => 'nonsense' }))).toEqual([]);
});
