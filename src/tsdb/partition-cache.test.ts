import { expect, test } from 'vitest';
import type { PartitionReader } from './partition.ts';
import { createPartitionCache, type PartitionFile } from './partition-cache.ts';

const range = { from: 0, to: 1 };

/** Readers that only know which file they read and whether they are closed. */
function setup(maxLabelBytes?: number) {
  const closed: number[] = [];
  let files: PartitionFile[] = [{ path: 'day', range, inode: 1 }];
  let opened = 0;
  const cache = createPartitionCache(
    () => files,
    (path) => {
      const id = ++opened;
      return {
        file: path,
        keptBytes: 100,
        close: () => void closed.push(id),
      } as unknown as PartitionReader;
    },
    { damaged() {} },
    maxLabelBytes,
  );
  return { cache, closed, become: (next: PartitionFile[]) => (files = next), opened: () => opened };
}

test('a reader is kept for the next query while its file stays', () => {
  const { cache, opened } = setup();
  for (let query = 0; query < 3; query++) {
    cache.list(1);
    cache.give(cache.take('day')!);
  }
  expect(opened()).toBe(1);
});

test('a day that was sealed anew is opened anew, also when its old reader was in use meanwhile', () => {
  const { cache, closed, become, opened } = setup();
  cache.list(1);
  const inUse = cache.take('day')!;
  cache.give(cache.take('day')!);
  become([{ path: 'day', range, inode: 2 }]);
  cache.list(2);
  expect(closed).toEqual([2]);
  cache.give(inUse);
  expect(closed).toEqual([2, 1]);
  cache.take('day');
  expect(opened()).toBe(3);
});

test('readers of files that are gone are closed', () => {
  const { cache, closed, become } = setup();
  cache.list(1);
  cache.give(cache.take('day')!);
  become([]);
  cache.list(2);
  expect(closed).toEqual([1]);
});

test('of readers whose labels take more than may be kept the oldest are closed', () => {
  const { cache, closed, become } = setup(250);
  become(['a', 'b', 'c'].map((path, inode) => ({ path, range, inode })));
  cache.list(1);
  const readers = ['a', 'b', 'c'].map((path) => cache.take(path)!);
  for (const reader of readers) cache.give(reader);
  expect(closed).toEqual([1]);
});
