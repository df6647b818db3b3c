import { expect, test } from 'vitest';
import type { VariableModel } from '../../../src/dashboards/model.ts';
import type { Api } from '../data/api.ts';
import { applyRegex, choose, customOptions, resolveVariables, sortOptions } from './variables.ts';

const variable = (name: string, rest: Partial<VariableModel>): VariableModel => ({
  name,
  label: '',
  type: 'query',
  hide: 'none',
  query: '',
  regex: '',
  sort: 0,
  isMulti: false,
  includeAll: false,
  allValue: '',
  refresh: 'load',
  current: [],
  options: [],
  ...rest,
});
const asked: string[] = [];
const api = {
  labelValues: async (label: string, match: string | undefined) => {
    asked.push(`${label} of ${match}`);
    return label === 'job' ? ['app', 'node'] : ['h1', 'h2'];
  },
} as unknown as Api;
const resolve = (models: VariableModel[], given: Record<string, string[]> = {}) =>
  resolveVariables(
    models,
    (name) => given[name] ?? [],
    api,
    { from: 0, to: 1000 },
    { __interval: '15s' },
    new AbortController().signal,
  );

test('ad hoc filters are read from the address, else as stored; an empty one takes them away', () => {
  const model = variable('Filters', { type: 'adhoc', current: ['job|=|node'] });
  expect(choose(model, [], [])).toMatchObject({
    values: ['job|=|node'],
    texts: ['job = node'],
    filters: [{ label: 'job', operator: '=', value: 'node' }],
  });
  expect(choose(model, [], ['a|!~|b', 'broken']).values).toEqual(['a|!~|b']);
  expect(choose(model, [], ['']).values).toEqual([]);
});

test('a variable is asked with the choices of those before it', async () => {
  asked.length = 0;
  const states = await resolve(
    [
      variable('job', { query: 'label_values(up, job)', current: ['node'] }),
      variable('host', {
        query: 'label_values(up{job="$job"}, instance)',
        isMulti: true,
        includeAll: true,
        current: ['$__all'],
      }),
    ],
    { job: ['app'] },
  );
  expect(asked).toEqual(['job of up', 'instance of up{job="app"}']);
  expect(states.map(({ chosen }) => [chosen.values, chosen.isAll])).toEqual([
    [['app'], false],
    [['h1', 'h2'], true],
  ]);
});

test('a stored choice that is gone gives way to the first value', async () => {
  const [state] = await resolve([variable('job', { query: 'label_values(job)', current: ['old'] })]);
  expect(state?.chosen.values).toEqual(['app']);
});

test('one that fails says so and does not stop the others', async () => {
  const broken = { ...api, query: () => Promise.reject(new Error('parse error')) } as Api;
  const states = await resolveVariables(
    [variable('a', { query: 'query_result(x)' }), variable('b', { type: 'custom', query: '1,2' })],
    () => [],
    broken,
    { from: 0, to: 1 },
    {},
    new AbortController().signal,
  );
  expect(states[0]?.error).toBe('parse error');
  expect(states[1]?.chosen.values).toEqual(['1']);
});

test('auto intervals become a duration', async () => {
  const [state] = await resolve([variable('i', { type: 'interval', query: 'auto,1m', current: ['auto'] })]);
  expect(state?.options[0]).toEqual({ text: 'auto', value: '15s' });
});

test.each([
  ['/.*instance="([^"]*)".*/', ['up{instance="a"} 1', 'down'], [['a', 'a']]],
  ['/(?<text>\\w+):(?<value>\\d+)/', ['web:80'], [['web', '80']]],
  ['', ['b', 'b'], [['b', 'b']]],
])('regex %s', (regex, values, expected) => {
  expect(applyRegex(values, regex).map(({ text, value }) => [text, value])).toEqual(expected);
});

test('sorting by name and by number, both ways', () => {
  const options = customOptions('b10,B2,a1');
  const texts = (sort: number): string[] => sortOptions(options, sort).map(({ text }) => text);
  expect(texts(1)).toEqual(['B2', 'a1', 'b10']);
  expect(texts(3)).toEqual(['a1', 'B2', 'b10']);
  expect(texts(4)).toEqual(['b10', 'B2', 'a1']);
  expect(texts(5)).toEqual(['a1', 'b10', 'B2']);
});

test('custom values may carry a text of their own and escaped commas', () => {
  expect(customOptions('Prod : production, a\\,b')).toEqual([
    { text: 'Prod', value: 'production' },
    { text: 'a,b', value: 'a,b' },
  ]);
});
