import {
  appendFileSync,
  cpSync,
  existsSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { ScrapeAppender } from '../../model/appender.ts';
import { labelsFromObject } from '../../model/labels.ts';
import { unlimited } from '../../model/queryable.ts';
import { fakeClock } from '../../testing/fake-clock.ts';
import { openQueryable } from '../open-queryable.ts';
import { always, contents, storeBench } from '../store.fixture.ts';
import type { Store, StoreOptions } from '../store.ts';
import { keptIndexFile, readKeptIndex } from './kept-index.ts';

const bench = storeBench();
afterEach(bench.clean);

const named = (i: string) => labelsFromObject({ __name__: 'm', i, instance: 'somewhere' });
const clock = fakeClock();

/** Opens a directory with the index that was left in it, if it is of use. */
const openKept = async (dir: string, options: Partial<StoreOptions> = {}): Promise<Store> =>
  bench.open(dir, {
    clock,
    keepsIndexFrom: 1,
    maxExemplars: 10,
    kept: await readKeptIndex(keptIndexFile(dir)),
    ...options,
  });

function scrape(source: ScrapeAppender, time: number, series: readonly string[]): void {
  source.begin(time);
  for (const i of series) source.set(source.slot(named(i)), time + Number(i));
  source.commit();
}

/** Two sources, one of which has a series that went away; samples with their own times, an exemplar, metadata. */
async function fill(dir: string): Promise<void> {
  const store = await openKept(dir);
  const [one, two] = [store.source('one'), store.source('two')];
  for (const time of [1000, 2000]) {
    scrape(one, time, ['0', '1', '2', '3', '4', '5', '6']);
    scrape(two, time, ['7', '8', '9', '10']);
  }
  one.begin(3000);
  one.set(one.slot(named('1')), 1);
  one.exemplar(one.slot(named('1')), {
    labels: labelsFromObject({ trace: 'abc' }),
    value: 5,
    timestamp: 2900,
  });
  one.commit();
  store.append(named('20'), 1500, 20);
  store.append(named('21'), 1500, 21);
  store.metadata('m', { type: 'gauge', help: 'How much.', unit: '' });
  await bench.close(store);
}

/** As a kill leaves it. */
function copyOf(dir: string): string {
  const copy = bench.directory();
  cpSync(dir, copy, { recursive: true, filter: (file) => !/lock\.db|reserve/.test(file) });
  return copy;
}

function everything(store: Store) {
  const queryable = openQueryable(store.shared, { addon: undefined, visibility: 'appended' });
  const querier = queryable.querier(unlimited);
  const found = {
    samples: contents(store),
    values: querier.labelValues('i', [], always),
    exemplars: queryable.exemplars([[]], always, unlimited),
    metadata: [...store.metricMetadata],
    series: store.stats().series,
  };
  querier.close();
  queryable.close();
  return found;
}

test('a start with the index that was left holds what one from the log holds, and goes on as it does', async () => {
  const dir = bench.directory();
  await fill(dir);
  const kept = await openKept(copyOf(dir));
  const read = await openKept(copyOf(dir), { kept: undefined });
  expect([kept, read].map((store) => store.stats().replay.isIndexKept)).toEqual([true, false]);
  expect(everything(kept)).toEqual(everything(read));
  const after = [];
  for (const store of [kept, read]) {
    const one = store.source('one');
    scrape(one, 4000, ['1', '2', '30']);
    store.append(named('20'), 4500, 1);
    await store.flush();
    expect(one.releaseUnused()).toEqual([0, 3, 4, 5, 6]);
    scrape(one, 5000, ['1', '31']);
    after.push({ ...everything(store), slots: ['1', '2', '30', '31'].map((i) => one.find(named(i))) });
  }
  expect(after[0]).toEqual(after[1]);
  expect(after[0]!.samples['m{i="2", instance="somewhere"}']?.at(-1)).toEqual([5000, 'stale']);
});

test('what came after it makes it useless, and what was forgotten meanwhile does not come back', async () => {
  const dir = bench.directory();
  await fill(dir);
  const store = await openKept(dir);
  expect(store.stats().replay.isIndexKept).toBe(true);
  store.append(named('40'), 6000, 1);
  await store.committed();
  const killed = copyOf(dir);
  expect(existsSync(keptIndexFile(killed))).toBe(true);
  const again = await openKept(killed);
  expect(again.stats().replay.isIndexKept).toBe(false);
  expect(everything(again).values).toContain('40');
});

test('an index without the series of exemplars is of no use to who keeps some', async () => {
  const dir = bench.directory();
  await fill(dir);
  await bench.close(await openKept(dir, { maxExemplars: 0 }));
  expect((await openKept(copyOf(dir), { maxExemplars: 0 })).stats().replay.isIndexKept).toBe(true);
  const store = await openKept(dir);
  expect(store.stats().replay.isIndexKept).toBe(false);
  expect(everything(store).exemplars).toHaveLength(1);
});

test('cut off anywhere, too long or with a wrong bit it is left alone', async () => {
  const dir = bench.directory();
  await fill(dir);
  const file = keptIndexFile(dir);
  const whole = readFileSync(file);
  expect(await readKeptIndex(file)).toBeDefined();
  for (let length = 0; length < whole.length; length += length < 200 ? 1 : 499) {
    truncateSync(file, length);
    expect(await readKeptIndex(file), `${length} bytes`).toBeUndefined();
    writeFileSync(file, whole);
  }
  for (let at = 0; at < whole.length; at += at < 200 ? 1 : 499) {
    const flipped = Buffer.from(whole);
    flipped[at]! ^= 1 << (at & 7);
    writeFileSync(file, flipped);
    expect(await readKeptIndex(file), `byte ${at}`).toBeUndefined();
  }
  writeFileSync(file, whole);
  appendFileSync(file, 'x');
  expect(await readKeptIndex(file)).toBeUndefined();
  rmSync(file);
  expect(await readKeptIndex(file)).toBeUndefined();
});

test('few series, many forgotten ones or definitions that are mostly superseded leave none', async () => {
  const dir = bench.directory();
  await fill(dir);
  await bench.close(await openKept(dir, { keepsIndexFrom: 14 }));
  expect(existsSync(keptIndexFile(dir))).toBe(false);
  await bench.close(await openKept(dir, { keepsIndexFrom: 13 }));
  expect(existsSync(keptIndexFile(dir))).toBe(true);
  let store = await openKept(dir);
  for (let i = 0; i < 1100; i++) store.metadata('m', { type: 'gauge', help: `Help ${i}.`, unit: '' });
  await bench.close(store);
  expect(existsSync(keptIndexFile(dir))).toBe(false);
  store = await openKept(dir);
  const one = store.source('one');
  for (let i = 0; i < 2; i++) scrape(one, 10_000 + i, []);
  await store.flush();
  expect(one.releaseUnused().length).toBeGreaterThan(4);
  await bench.close(store);
  expect(existsSync(join(dir, 'cache', 'series-index'))).toBe(false);
});
