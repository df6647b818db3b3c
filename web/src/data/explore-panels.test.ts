import { expect, test } from 'vitest';
import { panelJson, panelQuery, panelsOf } from './explore-panels.ts';
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

test('what was run is remembered once, the latest first, fifty at most', () => {
  const kept = new Map<string, string>();
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  };
  for (let i = 0; i < 60; i++) rememberQuery(storage, `q${i}`);
  rememberQuery(storage, ' q20 ');
  rememberQuery(storage, '');
  expect(recentQueries(storage).slice(0, 3)).toEqual(['q20', 'q59', 'q58']);
  expect(recentQueries(storage)).toHaveLength(50);
  expect(recentQueries({ getItem: () => '{"a":1}' })).toEqual([]);
  expect(recentQueries({ getItem: () => 'nonsense' })).toEqual([]);
});
