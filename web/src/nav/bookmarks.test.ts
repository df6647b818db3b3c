import { expect, test } from 'vitest';
import { fromBookmark } from './bookmarks.ts';

const lead = (address: string): string | undefined => {
  const { pathname, searchParams } = new URL(address, 'http://belfry');
  const to = fromBookmark(pathname, searchParams);
  return to === undefined ? undefined : decodeURIComponent(to);
};

test.each([
  ['/query?g0.expr=up&g0.tab=graph', '/graph?g0.expr=up&g0.tab=graph'],
  ['/classic/graph?g0.expr=up&g0.tab=0', '/graph?g0.expr=up&g0.tab=0'],
  ['/new/targets', '/targets'],
  ['/rules', '/alerts'],
  ['/service-discovery?search=x', '/targets?search=x'],
  ['/tsdb-status', '/status'],
  ['/alerting/silences?x=1', '/alerts?show=silences&x=1'],
  ['/explore', '/graph'],
])('%s leads to %s', (address, to) => {
  expect(lead(address)).toBe(to);
});

test.each(['/nothing', '/api/v1/query', '/classicgraph', '/constructor'])('%s is no bookmark', (address) => {
  expect(lead(address)).toBeUndefined();
});

const explore = (params: Record<string, unknown>): string =>
  `/explore?${new URLSearchParams(Object.entries(params).map(([name, value]) => [name, JSON.stringify(value)]))}`;

test('links of Grafana’s Explore, in each of its shapes, bring expressions and range along', () => {
  const range = { from: 'now-6h', to: 'now' };
  const queries = [{ refId: 'A', expr: 'up' }, { refId: 'B', expr: '' }, { expr: 'node_load1' }];
  const wanted = '/graph?g0.expr=up&g0.tab=0&from=now-6h&to=now&g1.expr=node_load1&g1.tab=0';
  expect(
    lead(
      explore({ panes: { x1: { queries: queries.slice(0, 1), range }, x2: { queries: queries.slice(1) } } }),
    ),
  ).toBe(wanted);
  expect(
    lead(explore({ left: { queries: queries.slice(0, 1), range }, right: { queries: queries.slice(1) } })),
  ).toBe(wanted);
  expect(lead(explore({ left: ['now-6h', 'now', 'Prometheus', { expr: 'up' }, { ui: [true] }] }))).toBe(
    '/graph?g0.expr=up&g0.tab=0&from=now-6h&to=now',
  );
  expect(
    lead(explore({ left: { queries: [{ expr: 'up' }], range: { from: 1700000000000, to: 1700003600000 } } })),
  ).toBe('/graph?g0.expr=up&g0.tab=0&from=1700000000000&to=1700003600000');
});

test.each(['left={', 'left=7', 'panes=[]', 'panes={"a":{"queries":7,"range":"x"}}', 'left=null'])(
  'what is no link of Grafana’s, such as %s, opens an empty Explore',
  (query) => {
    expect(lead(`/explore?${query}`)).toBe('/graph');
  },
);
