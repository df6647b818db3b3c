import { expect, test } from 'vitest';
import type { TargetGroup } from '../discoverer.ts';
import { groupTeller } from './group-teller.ts';

const group = (source: string): TargetGroup => ({ source, targets: [], labels: {} });

test('what changes while groups are made in slices is told after them', async () => {
  let now = 0;
  const waiting = ['a', 'b'];
  let isBReady = false;
  const told: string[][] = [];
  const teller = groupTeller({
    // Each look at the clock is a slice later.
    clock: { monotonic: () => (now += 10) },
    signal: new AbortController().signal,
    *changes() {
      if (!isBReady) {
        yield group(waiting.shift()!);
        // The list that `b` waited for comes between two slices, when `b` was passed over already.
        isBReady = true;
        teller.tell();
        return;
      }
      for (const source of waiting.splice(0)) yield group(source);
    },
    update: (groups) => told.push(groups.map(({ source }) => source)),
  });
  teller.tell();
  teller.tell();
  await expect.poll(() => told.flat()).toEqual(['a', 'b']);
  expect(told).toEqual([['a'], ['b']]);
  waiting.push('c');
  teller.tell();
  await expect.poll(() => told).toEqual([['a'], ['b'], ['c']]);
});

test('a group that cannot be made is told of', async () => {
  const teller = groupTeller({
    clock: { monotonic: () => 0 },
    signal: new AbortController().signal,
    changes: () => {
      throw new Error('no such port');
    },
    update: () => {},
  });
  teller.tell();
  await expect(teller.broken).rejects.toThrow('no such port');
});
