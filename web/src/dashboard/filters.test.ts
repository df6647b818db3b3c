import { expect, test } from 'vitest';
import { filterText, parseFilter, withFilters } from './filters.ts';

const node = { label: 'job', operator: '=', value: 'node' } as const;

test.each([
  ['up', 'up{job="node"}'],
  ['up{}', 'up{job="node"}'],
  ['up{a="b"} offset 5m', 'up{a="b",job="node"} offset 5m'],
  ['{__name__=~"a.*",}', '{__name__=~"a.*",job="node"}'],
  [
    'sum(rate(a{b="}"}[5m])) by (job) / on (job) max_over_time(c[1h:1m])',
    'sum(rate(a{b="}",job="node"}[5m])) by (job) / on (job) max_over_time(c{job="node"}[1h:1m])',
  ],
  ['time() + 1', 'time() + 1'],
])('%s is asked as %s', async (expr, expected) => {
  expect(await withFilters(expr, [node])).toBe(expected);
});

test('several filters stand beside each other; values and odd labels are quoted', async () => {
  const filters = [node, { label: 'my.label', operator: '!~', value: 'a"\\d|b' } as const];
  expect(await withFilters('up', filters)).toBe('up{job="node","my.label"!~"a\\"\\\\d|b"}');
  expect(await withFilters('up', [])).toBe('up');
});

test.each([
  ['job|=|node', node],
  ['a|=~|x__gfp__y', { label: 'a', operator: '=~', value: 'x|y' }],
  ['a|=|', { label: 'a', operator: '=', value: '' }],
  ['a|<|1', undefined],
  ['a|=', undefined],
  ['|=|b', undefined],
  ['', undefined],
])('the filter %j is %j', (text, filter) => {
  expect(parseFilter(text)).toEqual(filter);
  if (filter) expect(filterText(filter as never)).toBe(text);
});
