import { afterEach, describe, expect, test } from 'vitest';
import type { ScrapeAppender } from '../model/appender.ts';
import type { Histogram } from '../model/histogram.ts';
import { formatSeries, labelsFromObject } from '../model/labels.ts';
import type { Matcher } from '../model/matcher.ts';
import { unlimited } from '../model/queryable.ts';
import { type FakeClock, fakeClock } from '../testing/fake-clock.ts';
import { openQueryable } from './open-queryable.ts';
import { createQueryable } from './queryable.ts';
import { contents, storeBench } from './store.fixture.ts';
import type { Store } from './store.ts';

const bench = storeBench();
afterEach(bench.clean);

const START = Date.UTC(2026, 1, 3, 12);
const SECOND = 1000;
const up = labelsFromObject({ __name__: 'up', job: 'a' });
const size = labelsFromObject({ __name__: 'size', job: 'a' });
const all: Matcher[] = [];
const HISTOGRAM: Histogram = {
  schema: 0,
  zeroThreshold: 0,
  zeroCount: 0,
  count: 1,
  sum: 0,
  positiveSpans: [{ offset: 0, length: 1 }],
  positiveBuckets: [1],
  negativeSpans: [],
  negativeBuckets: [],
  customValues: [],
  counterResetHint: 'unknown',
};

/** Times and values of the samples from `fromSeconds` on, as the head alone gives them; `partitions` when it had to look there. */
function fromHead(store: Store, fromSeconds: number): Record<string, number[][]> | 'partitions' {
  const looked = new Error('partitions');
  const queryable = createQueryable(store.shared, {
    visibility: 'appended',
    partitions: {
      list() {
        throw looked;
      },
      leftOut: () => [],
      forget() {},
      take: () => undefined,
      isThere: () => false,
      give() {},
      discard() {},
      close() {},
    },
  });
  const querier = queryable.querier(unlimited);
  try {
    const found: Record<string, number[][]> = {};
    const range = { from: START + fromSeconds * SECOND, to: START + 10_000 * SECOND };
    for (const { labels, timestamps, values } of querier.select(all, range)) {
      found[formatSeries(labels)] = Array.from(timestamps, (time, i) => [
        (time - START) / SECOND,
        values[i]!,
      ]);
    }
    return found;
  } catch (error) {
    if (error !== looked) throw error;
    return 'partitions';
  } finally {
    querier.close();
  }
}

function scrape(source: ScrapeAppender, atSeconds: number, values: Map<typeof up, number>): void {
  source.begin(START + atSeconds * SECOND);
  for (const [labels, value] of values) source.set(source.slot(labels), value);
  source.commit();
}

/** A store whose partitions were opened, and which has none. */
async function opened(dir = bench.directory()): Promise<{ store: Store; clock: FakeClock }> {
  const clock = fakeClock(START);
  const store = bench.open(dir, { clock });
  await store.flush();
  return { store, clock };
}

const FROM_20 = {
  'up{job="a"}': [
    [20, 2],
    [30, 3],
  ],
};

/** Rows at 0, 10, 20 and 30 s. */
function fourScrapes(source: ScrapeAppender): void {
  for (let n = 0; n < 4; n++) scrape(source, 10 * n, new Map([[up, n]]));
}

describe('recent samples are read out of the head alone', () => {
  test('also when they are in a partition already', async () => {
    const { store } = await opened();
    const source = store.source('a');
    fourScrapes(source);
    await store.flush();
    expect(fromHead(store, 20)).toEqual(FROM_20);
    expect(fromHead(store, -5)).toEqual({
      'up{job="a"}': [
        [0, 0],
        [10, 1],
        [20, 2],
        [30, 3],
      ],
    });
    scrape(source, 40, new Map([[size, 4]]));
    const found = fromHead(store, 30) as Record<string, number[][]>;
    expect(found['size{job="a"}']).toEqual([[40, 4]]);
    expect(found['up{job="a"}']!.map(([time]) => time)).toEqual([30, 40]);
  });

  test('until they are written over', async () => {
    const { store } = await opened();
    const source = store.source('a');
    for (let n = 0; n < 60; n++) {
      scrape(source, 10 * n, new Map([[up, n]]));
      if (n === 30) await store.flush();
    }
    await store.flush();
    const oldest = [590 - 39 * 10, 590 - 38 * 10] as const;
    expect(fromHead(store, oldest[0] - 1)).toBe('partitions');
    expect(Object.values(fromHead(store, oldest[0]))[0]).toHaveLength(40);
    scrape(source, 600, new Map([[up, 60]]));
    expect(fromHead(store, oldest[0])).toBe('partitions');
    expect(Object.values(fromHead(store, oldest[1]))[0]).toHaveLength(40);
    // The same by either way.
    const range = { from: START + oldest[0] * SECOND, to: START + 700 * SECOND };
    expect(contents(store, 'appended', all, range)['up{job="a"}']).toHaveLength(41);
  });

  test('not before it is known what partitions hold', async () => {
    const dir = bench.directory();
    const clock = fakeClock(START);
    const store = bench.open(dir, { clock });
    const source = store.source('a');
    scrape(source, 0, new Map([[up, 0]]));
    expect(fromHead(store, 0)).toBe('partitions');
    await clock.advance(SECOND);
    await store.sync();
    expect(fromHead(store, 0)).toEqual({ 'up{job="a"}': [[0, 0]] });
  });

  test('not what another process stored, whatever its clock said', async () => {
    const dir = bench.directory();
    const first = await opened(dir);
    scrape(first.store.source('a'), 500, new Map([[up, 1]]));
    first.store.append(size, START + 600 * SECOND, 1);
    await first.store.flush();
    await bench.close(first.store);
    const { store } = await opened(dir);
    const source = store.source('b');
    for (const at of [590, 600, 610]) scrape(source, at, new Map([[up, at]]));
    expect(fromHead(store, 600)).toBe('partitions');
    expect(fromHead(store, 601)).toEqual({ 'up{job="a"}': [[610, 610]] });
    expect(contents(store)['size{job="a"}']).toEqual([[START + 600 * SECOND, '1']]);
  });

  test('not what came with a time of its own, once it left the head', async () => {
    const { store } = await opened();
    fourScrapes(store.source('a'));
    store.append(size, START + 25 * SECOND, 7);
    expect(fromHead(store, 20)).toEqual({ ...FROM_20, 'size{job="a"}': [[25, 7]] });
    await store.flush();
    expect(fromHead(store, 20)).toBe('partitions');
    expect(fromHead(store, 26)).toEqual({ 'up{job="a"}': [[30, 3]] });
  });

  test('not rows in which a slot was that of another series', async () => {
    const { store } = await opened();
    const source = store.source('a');
    const other = labelsFromObject({ __name__: 'other', job: 'a' });
    for (let n = 0; n < 4; n++) scrape(source, 10 * n, new Map([[up, n]]));
    for (const at of [40, 50]) scrape(source, at, new Map([[size, 1]]));
    await store.flush();
    expect(source.releaseUnused()).toHaveLength(1);
    // The samples of the series without a slot are nowhere but in the partition.
    expect(fromHead(store, 20)).toBe('partitions');
    scrape(source, 60, new Map([[other, 5]]));
    expect(fromHead(store, 20)).toBe('partitions');
    const found = fromHead(store, 60) as Record<string, number[][]>;
    expect(found['other{job="a"}']).toEqual([[60, 5]]);
    expect(found['up{job="a"}']).toBeUndefined();
    const { 'up{job="a"}': kept, 'other{job="a"}': young } = contents(store);
    expect(kept!.map(([, value]) => value)).toEqual(['0', '1', '2', '3', 'stale']);
    expect(young).toEqual([[START + 60 * SECOND, '5']]);
  });

  test('not what was deleted', async () => {
    const { store } = await opened();
    const source = store.source('a');
    fourScrapes(source);
    await store.flush();
    const range = { from: START, to: START + 25 * SECOND };
    await store.delete({ selectors: [[{ name: '__name__', op: '=', value: 'up' }]], range }, false);
    expect(fromHead(store, 20)).toBe('partitions');
    expect(contents(store)).toEqual({ 'up{job="a"}': [[START + 30 * SECOND, '3']] });
    scrape(source, 40, new Map([[up, 4]]));
    expect(fromHead(store, 40)).toEqual({ 'up{job="a"}': [[40, 4]] });
  });

  test('not histograms whose row was dropped', async () => {
    const { store } = await opened();
    const source = store.source('a');
    for (const at of [0, 10, 20]) {
      source.begin(START + at * SECOND);
      source.setHistogram(source.slot(up), { ...HISTOGRAM, sum: at });
      source.commit();
    }
    await store.flush();
    expect(fromHead(store, 10)).toBe('partitions');
    expect(fromHead(store, 20)).toEqual({ 'up{job="a"}': [[20, 20]] });
  });

  test('and rows of a wider ring go along', async () => {
    const { store } = await opened();
    const source = store.source('a');
    fourScrapes(source);
    await store.flush();
    const many = Array.from({ length: 100 }, (_, i) => labelsFromObject({ __name__: 'up', job: `${i}` }));
    scrape(source, 40, new Map([[up, 4], ...many.map((labels, i) => [labels, i] as const)]));
    const found = fromHead(store, 20) as Record<string, number[][]>;
    expect(found['up{job="a"}']).toEqual([...FROM_20['up{job="a"}'], [40, 4]]);
    expect(found['up{job="99"}']).toEqual([[40, 99]]);
    expect(Object.keys(found)).toHaveLength(101);
  });
});

test('the oldest and the newest sample in memory are told, also of rows that are in a partition and of samples with their own times', async () => {
  const { store } = await opened();
  const queryable = openQueryable(store.shared, { addon: undefined, visibility: 'appended' });
  const span = () => {
    const found = queryable.headSpan();
    return found && [(found.first - START) / SECOND, (found.last - START) / SECOND];
  };
  expect(span()).toBeUndefined();
  const source = store.source('a');
  fourScrapes(source);
  expect(span()).toEqual([0, 30]);
  store.append(size, START - 7 * SECOND, 1);
  store.append(size, START + 90 * SECOND, 1);
  expect(span()).toEqual([-7, 90]);
  await store.flush();
  expect(span()).toEqual([0, 30]);
  for (let n = 4; n < 60; n++) scrape(source, 10 * n, new Map([[up, n]]));
  await store.flush();
  for (let n = 60; n < 110; n++) scrape(source, 10 * n, new Map([[up, n]]));
  const [first, last] = span()!;
  expect(first).toBeGreaterThan(0);
  expect(first).toBeLessThanOrEqual(600);
  expect(last).toBe(1090);
  queryable.close();
});

test('what was read of the head stays as it is until its querier is closed', async () => {
  const { store } = await opened();
  const source = store.source('a');
  for (let n = 0; n < 4; n++)
    scrape(
      source,
      10 * n,
      new Map([
        [up, n],
        [size, 100 + n],
      ]),
    );
  const keeps = { columns: 0, scratch: 4 * 1024 * 1024, labels: 0, series: 10 };
  const queryable = openQueryable(store.shared, { addon: undefined, visibility: 'appended', keeps });
  const range = { from: START, to: START + 1000 * SECOND };
  const named = (value: string): Matcher[] => [{ name: '__name__', op: '=', value }];
  const [one, other] = [queryable.querier(unlimited), queryable.querier(unlimited)];
  const ups = one.select(named('up'), range);
  const sizes = one.select(named('size'), range);
  const again = other.select(named('size'), range);
  expect([ups, sizes, again].map(([series]) => [...series!.values])).toEqual([
    [0, 1, 2, 3],
    [100, 101, 102, 103],
    [100, 101, 102, 103],
  ]);
  other.close();
  expect([...ups[0]!.values]).toEqual([0, 1, 2, 3]);
  one.close();
  queryable.close();
});

describe('selectors are kept resolved', () => {
  test('and take in the series that come', async () => {
    const { store } = await opened();
    const keeps = { columns: 0, scratch: 0, labels: 0, series: 10 };
    const queryable = openQueryable(store.shared, { addon: undefined, visibility: 'appended', keeps });
    const ask = (matchers: Matcher[]): string[] => {
      const querier = queryable.querier(unlimited);
      const found = querier.select(matchers, { from: START, to: START + 1000 * SECOND });
      querier.close();
      return found.map(({ labels }) => formatSeries(labels)).sort();
    };
    const ups: Matcher[] = [{ name: '__name__', op: '=', value: 'up' }];
    const others: Matcher[] = [{ name: '__name__', op: '!=', value: 'up' }];
    expect(ask(ups)).toEqual([]);
    const source = store.source('a');
    scrape(source, 0, new Map([[up, 1]]));
    expect([ask(ups), ask(others)]).toEqual([['up{job="a"}'], []]);
    // A series of another metric changes nothing for the one, and is seen by the other.
    scrape(source, 10, new Map([[size, 1]]));
    expect([ask(ups), ask(others)]).toEqual([['up{job="a"}'], ['size{job="a"}']]);
    // The same labels of another target are the same series.
    scrape(store.source('b'), 20, new Map([[up, 2]]));
    expect(ask(ups)).toEqual(['up{job="a"}']);
    // More than are kept.
    const many = Array.from({ length: 3000 }, (_, i) => labelsFromObject({ __name__: 'up', job: `${i}` }));
    scrape(source, 30, new Map(many.map((labels) => [labels, 1])));
    for (let round = 0; round < 2; round++) expect(ask(ups)).toHaveLength(3001);
    expect(ask(others)).toEqual(['size{job="a"}']);
    queryable.close();
  });
});
