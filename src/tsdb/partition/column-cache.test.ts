import { expect, test } from 'vitest';
import { ColumnCache } from './column-cache.ts';

const group = (...columns: number[]) => ({
  timestamps: new Float64Array(100),
  columns: new Map(
    columns.map(
      (column) => [column, { values: new Float64Array(100), presence: undefined, count: 100 }] as const,
    ),
  ),
});
/** What a group of one column takes: 800 bytes each for times and values, and the rest. */
const ONE = 1900;

test('what was not used for longest goes first', () => {
  const cache = new ColumnCache(2 * ONE);
  const owner = cache.newOwner();
  cache.put(owner, 1, group(0));
  cache.put(owner, 2, group(0));
  expect(cache.get(owner, 1)).toBeDefined();
  cache.put(owner, 3, group(0));
  expect([1, 2, 3].map((id) => cache.get(owner, id) !== undefined)).toEqual([true, false, true]);
  expect(cache.bytes).toBeLessThanOrEqual(2 * ONE);
});

test('a group that grows is counted anew, one that is too large is not kept', () => {
  const cache = new ColumnCache(2 * ONE);
  const owner = cache.newOwner();
  const grown = group(0);
  cache.put(owner, 1, grown);
  grown.columns.set(1, { values: new Float64Array(100), presence: undefined, count: 100 });
  cache.put(owner, 1, grown);
  expect(cache.bytes).toBe(2800);
  cache.put(owner, 2, group(0, 1, 2, 3, 4, 5));
  expect(cache.get(owner, 2)).toBeUndefined();
  expect(cache.bytes).toBe(2800);
});

test('readers of the same file name do not see each other', () => {
  const cache = new ColumnCache(10 * ONE);
  const [first, second] = [cache.newOwner(), cache.newOwner()];
  cache.put(first, 1, group(0));
  expect(cache.get(second, 1)).toBeUndefined();
});

test('a read that would push out everything else is not admitted', () => {
  const cache = new ColumnCache(1000);
  expect([cache.admits(500), cache.admits(501)]).toEqual([true, false]);
});
