import { expect, test } from 'vitest';
import type { Queries } from '../data/batch.ts';
import { fittedRange, loadOverview } from './home-queries.ts';

const MINUTE = 60_000;
const AT = Date.UTC(2026, 10, 29, 9, 0);
const HOUR = { from: AT - 60 * MINUTE, to: AT };

/** Has memory of one host since `from`, Unix ms, and nothing else. */
const memorySince = (from: number): Queries => ({
  query: async () => ({ data: { resultType: 'vector', result: [] }, warnings: [], infos: [] }),
  queryRange: async (expr, { start, end, step }) => {
    const column = Array.from({ length: (end - start) / step + 1 }, (_, i) =>
      (start + i * step) * 1000 < from ? null : 0.5,
    );
    const metric = { job: 'host', instance: 'a' };
    return {
      data: expr.includes('MemAvailable') ? [{ metric, from: 0, column }] : [],
      warnings: [],
      infos: [],
    };
  },
});
const seen = async (from: number, isFitted: boolean) => {
  const overview = await loadOverview(memorySince(from), HOUR, isFitted, new AbortController().signal);
  const line = overview.hostMemory.get('host\na')!;
  return { since: overview.since, points: line.length, holes: line.filter((value) => value === null).length };
};

test.each([
  ['from before the range on', -90, { since: undefined, points: 61, holes: 0 }],
  ['for half an hour', -30, { since: AT - 31 * MINUTE, points: 31, holes: 0 }],
  ['for ten minutes', -10, { since: AT - 11 * MINUTE, points: 11, holes: 0 }],
  ['for two minutes', -2, { since: AT - 3 * MINUTE, points: 5, holes: 2 }],
])('lines of a host with data %s', async (_, minutes, expected) => {
  expect(await seen(AT + minutes * MINUTE, true)).toEqual(expected);
});

test('a range that somebody has chosen is shown whole', async () => {
  expect(await seen(AT - 10 * MINUTE, false)).toEqual({ since: undefined, points: 61, holes: 50 });
});

test.each([
  ['no first data are known', undefined, -60],
  ['data are older than the range', -90, -60],
  ['data begin within the range', -31, -31],
  ['they began a moment ago: five minutes', -1, -5],
])('fittedRange: %s', (_, since, from) => {
  expect(fittedRange(HOUR, since === undefined ? undefined : AT + since * MINUTE)).toEqual({
    from: AT + from * MINUTE,
    to: AT,
  });
});
