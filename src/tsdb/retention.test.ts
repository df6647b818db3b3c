import { readdirSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { labelsFromObject } from '../model/labels.ts';
import { fakeClock } from '../testing/fake-clock.ts';
import { silentLog } from '../testing/silent-log.ts';
import { PartitionKeeper } from './partition-keeper.ts';
import type { DeletionResult, RetentionSettings } from './protocol.ts';
import { always, contents, storeBench } from './store.fixture.ts';
import type { Store } from './store.ts';

const bench = storeBench();
afterEach(bench.clean);

const DAY_MS = 86_400_000;
const FIRST = Date.UTC(2026, 0, 2, 12);
const own = labelsFromObject({ __name__: 'own' });
const NONE: RetentionSettings = { timeMs: 0, sizeBytes: 0 };
const partitions = (dir: string): string[] => readdirSync(dir).filter((name) => /^2026.*\.db$/.test(name));

/** Three days with a sample each, the clock in the last of them. */
async function threeDays(): Promise<{ dir: string; store: Store }> {
  const dir = bench.directory();
  const store = bench.open(dir, { clock: fakeClock(FIRST + 2 * DAY_MS) });
  for (let day = 0; day < 3; day++) store.append(own, FIRST + day * DAY_MS, day);
  await store.flush();
  return { dir, store };
}

describe.each<[string, RetentionSettings]>([
  ['time', { timeMs: 1.4 * DAY_MS, sizeBytes: 0 }],
  ['size', { timeMs: 0, sizeBytes: 70_000 }],
])('retention by %s', (reason, retention) => {
  test('takes effect when it is set, and a day that comes again is stored', async () => {
    const { dir, store } = await threeDays();
    const all = partitions(dir);
    store.setRetention(retention);
    // Answered after what was asked before.
    await store.sync();
    const kept = partitions(dir);
    expect(kept.length).toBeLessThan(all.length);
    expect(kept).toContain(all.at(-1));
    expect(contents(store).own!.at(-1)).toEqual([FIRST + 2 * DAY_MS, '2']);
    store.setRetention(NONE);
    store.append(own, FIRST, 7);
    await store.flush();
    expect(partitions(dir)).toContain(all[0]);
    await bench.close(store);
    expect(contents(bench.open(dir)).own![0]).toEqual([FIRST, '7']);
  });

  test('waits for what changes days', async () => {
    const { dir, store } = await threeDays();
    await bench.close(store);
    const now = FIRST + 3 * DAY_MS;
    const keeper = new PartitionKeeper({
      dir,
      addon: undefined,
      clock: fakeClock(now),
      log: silentLog(),
      onFilesChanged() {},
      changing: (work) => work(),
    });
    while (keeper.step(now));
    const before = partitions(dir);
    let result: DeletionResult | { readonly error: string } | undefined;
    const selectors = [[{ name: '__name__', op: '=', value: 'other' } as const]];
    keeper.delete({ selectors, range: always }, false, (outcome) => {
      result = outcome;
    });
    keeper.retain(retention, now);
    expect(partitions(dir)).toEqual(before);
    while (result === undefined) keeper.step(now);
    keeper.hold();
    keeper.retain(retention, now);
    expect(partitions(dir)).toEqual(before);
    keeper.release();
    keeper.retain(retention, now);
    expect(partitions(dir).length).toBeLessThan(before.length);
    const { removedByTime, removedBySize } = keeper.stats();
    expect(
      reason === 'time' ? [removedByTime > 0, removedBySize] : [removedBySize > 0, removedByTime],
    ).toEqual([true, 0]);
    keeper.close();
  });
});
