import { cpSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, describe, expect, test } from 'vitest';
import type { ScrapeAppender } from '../model/appender.ts';
import { formatSeries, type Labels, labelsFromObject } from '../model/labels.ts';
import { type Querier, unlimited, ViewChangedError } from '../model/queryable.ts';
import { type FakeClock, fakeClock } from '../testing/fake-clock.ts';
import { keptIndexFile, readKeptIndex } from './log/kept-index.ts';
import { openQueryable, partitionFiles } from './open-queryable.ts';
import { openPartitionReader } from './partition/reader.ts';
import { createPartitionCache } from './partition-cache.ts';
import { always, type Contents, contents, storeBench } from './store.fixture.ts';
import type { Store } from './store.ts';
import { isChunk, SourceTail, type TailPosition } from './tail.ts';

const bench = storeBench();
afterEach(() => bench.clean());

const START = Date.UTC(2026, 0, 5);
const renewal = { fewest: 1, share: 0, apartMs: 60_000 };
const seriesOf = (generation: number, count = 40): Labels[] =>
  Array.from({ length: count }, (_, i) => labelsFromObject({ __name__: 'm', pod: `${generation}-${i}` }));

interface Rig {
  readonly dir: string;
  readonly clock: FakeClock;
  readonly store: Store;
  readonly source: ScrapeAppender;
  /** Scrapes these series, each with the number of the scrape. */
  scrape(series: readonly Labels[]): void;
  /** Puts everything into partitions, and gives back the slots of series that the last scrape had not. */
  settle(): Promise<void>;
}

function rig(dir = bench.directory(), clock = fakeClock(START), maxExemplars = 0): Rig {
  const store = bench.open(dir, { clock, renewal, maxExemplars });
  const source = store.source('a');
  return {
    dir,
    clock,
    store,
    source,
    scrape(series) {
      source.begin(clock.now());
      for (const labels of series) source.set(source.slot(labels), clock.now() - START);
      source.commit();
    },
    async settle() {
      await store.flush();
      source.releaseUnused();
    },
  };
}

/** The target is gone, ten minutes later its ring, and then its series. */
async function forgetTarget({ clock, store, source, scrape, settle }: Rig): Promise<void> {
  scrape(seriesOf(0));
  await settle();
  source.markAllStale(clock.now() + 1);
  source.close();
  await store.flush();
  await clock.advance(20 * 60_000);
  await look(clock);
  expect(store.stats().series).toBe(0);
}

/** Lets a look at the series, and what follows of it, go on to its end. @param each is called after each step */
async function look(clock: FakeClock, each?: () => void): Promise<void> {
  await clock.advance(renewal.apartMs);
  each?.();
  await steps(clock, each);
}

async function steps(clock: FakeClock, each: () => void = () => {}): Promise<void> {
  for (let step = 0; step < 40; step++) {
    // The storage service answers in a turn of its own.
    await new Promise(setImmediate);
    await clock.advance(20);
    each();
  }
}

const copyOf = (dir: string): string => {
  const copy = bench.directory();
  cpSync(dir, copy, { recursive: true });
  return copy;
};

/** What a start after a kill finds. */
function afterKill(dir: string, clock: FakeClock): Contents {
  return contents(bench.open(copyOf(dir), { clock: fakeClock(clock.now()) }));
}

function definitionBytes(dir: string): number {
  const db = new Database(join(copyOf(dir), 'log.db'), { readonly: true });
  const bytes = db.prepare('SELECT sum(length(b)) FROM definitions').pluck().get() as number;
  db.close();
  return bytes;
}

const indexBytes = ({ shared }: Store): number =>
  shared.head.indexes.reduce(
    (sum, index) => sum + Object.values(index).reduce((bytes, buffer) => bytes + buffer.byteLength, 0),
    shared.head.owns.byteLength,
  );

describe('series that ended', () => {
  test('are forgotten in memory and in the log, and found in partitions', async () => {
    const { dir, clock, store, scrape, settle } = rig();
    const sizes: { index: number; definitions: number; series: number }[] = [];
    for (let generation = 0; generation < 9; generation++) {
      for (let n = 0; n < 3; n++) {
        scrape(seriesOf(generation, 400));
        for (const one of seriesOf(generation, 400)) {
          store.append(labelsFromObject({ own: formatSeries(one) }), clock.now(), n);
        }
        await clock.advance(5000);
      }
      await settle();
      await look(clock);
      await look(clock);
      sizes.push({
        index: indexBytes(store),
        definitions: definitionBytes(dir),
        series: store.stats().series,
      });
    }
    const [early, last] = [sizes[4]!, sizes.at(-1)!];
    expect(last.series).toBeLessThan(1300);
    expect(last.index).toBe(early.index);
    expect(last.definitions).toBeLessThan(1.5 * early.definitions);
    const whole = contents(store);
    expect(Object.keys(whole)).toHaveLength(9 * 800);
    expect(afterKill(dir, clock)).toEqual(whole);
    await bench.close(store);
    expect(contents(bench.open(dir, { clock }))).toEqual(whole);
  });

  test('are no loss, whenever the process is killed meanwhile', async () => {
    const { dir, clock, store, scrape, settle } = rig();
    const lasting = seriesOf(1, 1200);
    scrape([...seriesOf(0, 1200), ...lasting]);
    await clock.advance(5000);
    scrape(lasting);
    await settle();
    await clock.advance(5000);
    scrape(lasting);
    await store.committed();
    const whole = contents(store);
    const copies: string[] = [];
    await look(clock, () => {
      if (copies.length < 25) copies.push(copyOf(dir));
    });
    expect(store.stats().series).toBe(1200);
    expect(contents(store)).toEqual(whole);
    for (const copy of copies) {
      const again = rig(copy, fakeClock(clock.now()));
      expect(contents(again.store)).toEqual(whole);
      // What was there goes stale, and what was forgotten may come back.
      again.scrape(seriesOf(0, 3));
      const found = contents(again.store);
      const at = again.clock.now();
      expect(found[formatSeries(lasting[7]!)]!.at(-1)).toEqual([at, 'stale']);
      expect(found[formatSeries(seriesOf(0)[2]!)]!.at(-1)).toEqual([at, String(at - START)]);
      await bench.close(again.store);
    }
  });

  test('stay when they come back before they are gone', async () => {
    const { clock, store, source, scrape, settle } = rig();
    const lasting = seriesOf(1, 1200);
    scrape([...seriesOf(0), ...lasting]);
    await clock.advance(5000);
    scrape(lasting);
    await settle();
    // To the first step of the copy, which leaves it out.
    await clock.advance(renewal.apartMs - 5000);
    scrape([seriesOf(0)[5]!, ...lasting]);
    await steps(clock);
    expect(store.stats().series).toBe(1240);
    expect(source.labelsOfSlot(source.find(seriesOf(0)[5]!))).toEqual(seriesOf(0)[5]!);
    await look(clock);
    expect(store.stats().series).toBe(1201);
    expect(source.labelsOfSlot(source.find(seriesOf(0)[5]!))).toEqual(seriesOf(0)[5]!);
  });

  test('stay while somebody else has yet to read the log', async () => {
    const { clock, store, scrape, settle } = rig();
    store.holdLog(store.newestLogRow());
    scrape([...seriesOf(0), ...seriesOf(1)]);
    await clock.advance(5000);
    scrape(seriesOf(1));
    await settle();
    await look(clock);
    expect(store.stats().series).toBe(80);
    store.holdLog(store.newestLogRow());
    await look(clock);
    await look(clock);
    expect(store.stats().series).toBe(40);
  });

  test('stay while their samples are in no partition', async () => {
    const { dir, clock, store, scrape, settle } = rig();
    scrape([...seriesOf(0), ...seriesOf(1)]);
    await clock.advance(5000);
    scrape(seriesOf(1));
    await settle();
    const removed = store.source('removed');
    removed.begin(clock.now());
    removed.set(removed.slot(seriesOf(5)[0]!), 3);
    removed.commit();
    removed.close();
    const own = labelsFromObject({ __name__: 'own' });
    store.append(own, clock.now(), 4);
    await store.committed();
    await look(clock);
    await look(clock);
    // The removed target's series has its place for ten minutes more.
    expect(store.stats().series).toBe(42);
    const whole = contents(store);
    expect(whole[formatSeries(own)]).toHaveLength(1);
    expect(afterKill(dir, clock)).toEqual(whole);
  });

  test('give their numbers to no others', async () => {
    const made = rig();
    await forgetTarget(made);
    const { dir, clock, store } = made;
    const before = contents(store);
    const again = rig(copyOf(dir), fakeClock(clock.now()));
    again.scrape(seriesOf(3));
    await again.store.flush();
    const found = contents(again.store);
    expect(Object.keys(found)).toHaveLength(80);
    expect(found).toMatchObject(before);
  });

  test('stay as long as they have exemplars; those keep their series', async () => {
    const { clock, store, source, scrape, settle } = rig(undefined, undefined, 10);
    const exemplify = (labels: Labels, id: string): void => {
      source.exemplar(source.slot(labels), { labels: labelsFromObject({ id }), value: 1, timestamp: START });
    };
    scrape([...seriesOf(0), ...seriesOf(1)]);
    await clock.advance(5000);
    source.begin(clock.now());
    exemplify(seriesOf(0)[39]!, 'of one that ends');
    exemplify(seriesOf(1)[39]!, 'of one that lasts');
    source.abort();
    scrape(seriesOf(1));
    await settle();
    await look(clock);
    expect(store.stats().series).toBe(41);
    const queryable = openQueryable(store.shared, { addon: undefined, visibility: 'appended' });
    const found = queryable.exemplars([[]], always, unlimited);
    queryable.close();
    expect(
      found.map(({ labels, exemplars }) => [labels, exemplars.map((one) => formatSeries(one.labels))]),
    ).toEqual([
      [seriesOf(0)[39]!, ['{id="of one that ends"}']],
      [seriesOf(1)[39]!, ['{id="of one that lasts"}']],
    ]);
  });
});

test('a view goes on with the series it knows, whoever has their places by now', async () => {
  const { clock, store, scrape, settle } = rig();
  const own = (name: number): Labels => labelsFromObject({ __name__: 'own', i: String(name) });
  scrape([...seriesOf(0), ...seriesOf(1)]);
  store.append(own(0), clock.now(), 5);
  await clock.advance(5000);
  scrape(seriesOf(1));
  await settle();
  await look(clock);
  await clock.advance(5000);
  scrape(seriesOf(1));
  const queryable = openQueryable(store.shared, { addon: undefined, visibility: 'appended' });
  const querier = queryable.querier(unlimited);
  const ask = () => querier.select([], { from: clock.now() - 20_000, to: clock.now() + 1_000_000 });
  const before = ask().map(({ labels, values }) => [formatSeries(labels), [...values]]);
  await look(clock);
  expect(store.stats().series).toBe(40);
  // They get the slots and columns of those that are forgotten.
  const namesOf = (asked: Querier): Set<string> =>
    new Set(
      asked.select([], { from: clock.now(), to: clock.now() + 1 }).map(({ labels }) => formatSeries(labels)),
    );
  scrape([...seriesOf(2, 1), ...seriesOf(1)]);
  // As many series as the view knows, and others.
  const second = queryable.querier(unlimited);
  expect(namesOf(second)).toEqual(new Set([...seriesOf(1), ...seriesOf(2, 1)].map(formatSeries)));
  second.close();
  await clock.advance(5000);
  store.append(own(1), clock.now(), 6);
  scrape([...seriesOf(2), ...seriesOf(1)]);
  const names = new Set(before.map(([name]) => name));
  expect(names.size).toBe(40);
  const view = querier.select([], { from: START - 1, to: clock.now() + 1 });
  expect(view.some(({ labels }) => formatSeries(labels).includes('2-'))).toBe(false);
  expect(querier.labelValues('i', [], always)).toEqual(['0']);
  querier.close();
  const later = queryable.querier(unlimited);
  expect(later.labelValues('i', [], always)).toEqual(['0', '1']);
  expect(namesOf(later)).toEqual(new Set([...seriesOf(1), ...seriesOf(2), own(1)].map(formatSeries)));
  later.close();
  queryable.close();
});

test('a view whose index is gone is given up, not answered from another', async () => {
  const { clock, store, scrape, settle } = rig();
  scrape([...seriesOf(0), ...seriesOf(1)]);
  const queryable = openQueryable(store.shared, { addon: undefined, visibility: 'appended' });
  const querier = queryable.querier(unlimited);
  // No partition is opened for these.
  const range = { from: START + 86_400_000, to: START + 86_400_001 };
  const questions = [
    () => querier.select([], range),
    () => querier.series([], range),
    () => querier.labelNames([], range),
    () => querier.labelValues('pod', [], range),
  ];
  for (const generation of [1, 2, 3]) {
    for (const ask of questions) {
      if (generation < 3) expect(ask()).toEqual([]);
      else expect(ask).toThrow(ViewChangedError);
    }
    await clock.advance(5000);
    scrape(seriesOf(generation + 1));
    await clock.advance(5000);
    scrape(seriesOf(generation + 1));
    await settle();
    await look(clock);
  }
  querier.close();
  queryable.close();
});

test('who follows the store gets every sample under its labels', async () => {
  const { dir, clock, store, scrape, settle } = rig();
  const partitions = createPartitionCache(
    () => partitionFiles(dir),
    (path) => openPartitionReader(path, { addon: undefined }),
    { damaged() {} },
  );
  const tail = new SourceTail(store.shared, partitions);
  const found: Contents = {};
  let position: TailPosition = { done: START - 1 };
  const follow = async (): Promise<void> => {
    await store.committed();
    tail.refresh();
    const [only] = tail.sources();
    for (;;) {
      const read = tail.read(only!, position, { samples: 1000, rows: 10 });
      position = isChunk(read) ? read.next : read;
      if (!isChunk(read)) return;
      for (const { labels, timestamps } of read.series) {
        for (const time of timestamps) (found[formatSeries(labels)] ??= []).push([time, '']);
      }
    }
  };
  for (let generation = 0; generation < 6; generation++) {
    for (let n = 0; n < 3; n++) {
      scrape(seriesOf(generation));
      await clock.advance(5000);
      // Sometimes it comes late, and finds what it missed in partitions only.
      if (generation % 3 === 0) await follow();
    }
    await settle();
    await look(clock);
  }
  expect(store.stats().series).toBeLessThan(240);
  await follow();
  tail.close();
  const timesOf = (all: Contents): object =>
    Object.fromEntries(
      Object.entries(all).map(([name, samples]) => [name, samples.map(([time]) => time).sort()]),
    );
  expect(timesOf(found)).toEqual(timesOf(contents(store)));
});

test('a target that comes back after it was forgotten is known to the log', async () => {
  const made = rig();
  await forgetTarget(made);
  const { dir, clock, store } = made;
  const again = store.source('a');
  again.begin(clock.now());
  again.set(again.slot(seriesOf(0)[1]!), 9);
  again.commit();
  await store.committed();
  const whole = contents(store);
  expect(whole[formatSeries(seriesOf(0)[1]!)]!.at(-1)).toEqual([clock.now(), '9']);
  expect(afterKill(dir, clock)).toEqual(whole);
});

test('an index that is kept for the next start is of the series that are left', async () => {
  const dir = bench.directory();
  const clock = fakeClock(START);
  const store = bench.open(dir, { clock, renewal, keepsIndexFrom: 1 });
  const source = store.source('a');
  for (const list of [[...seriesOf(0), ...seriesOf(1)], seriesOf(1)]) {
    source.begin(clock.now());
    for (const labels of list) source.set(source.slot(labels), 1);
    source.commit();
    await clock.advance(5000);
  }
  await store.flush();
  source.releaseUnused();
  await look(clock);
  expect(store.stats().series).toBe(40);
  const whole = contents(store);
  await bench.close(store);
  const kept = await readKeptIndex(keptIndexFile(dir));
  const again = bench.open(dir, { clock, kept });
  expect(again.stats()).toMatchObject({ series: 40, replay: { isIndexKept: true } });
  expect(contents(again)).toEqual(whole);
});
