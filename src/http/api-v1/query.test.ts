import { expect, test } from 'vitest';
import { queryEndpoints, selectors } from './query.ts';

const taskOf = (path: string, fields: Record<string, string>) =>
  queryEndpoints.get(path)!.task(new URLSearchParams(fields), 0);

test('a range has 11,000 steps at most, those of any start and step', () => {
  const range = (end: string, step: string) => taskOf('/query_range', { query: 'a', start: '5', end, step });
  expect(range('11005.9', '1')).toMatchObject({ kind: 'range', startMs: 5000, endMs: 11_005_900 });
  for (const [end, step] of [
    ['11006', '1'],
    ['1e9', '1'],
    ['6', '0.00005'],
    ['16.002', '0.001'],
  ] as const) {
    expect(() => range(end, step)).toThrow(/exceeded maximum resolution of 11,000 points|zero or negative/);
  }
});

test('a request has a hundred selectors at most', () => {
  const params = (count: number) =>
    new URLSearchParams(Array.from({ length: count }, (): [string, string] => ['match[]', 'a']));
  expect(selectors(params(100))).toHaveLength(100);
  expect(() => selectors(params(101))).toThrow('expected at most 100 selectors, got 101');
});
