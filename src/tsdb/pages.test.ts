import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { labelsFromObject, labelValue } from '../model/labels.ts';
import { unlimited, ViewChangedError } from '../model/queryable.ts';
import { openQueryable } from './open-queryable.ts';
import { always, storeBench } from './store.fixture.ts';
import type { Store } from './store.ts';

const bench = storeBench();
afterEach(bench.clean);

const SERIES = 40;
const own = Array.from({ length: SERIES }, (_, i) => labelsFromObject({ __name__: 'm', i: String(i) }));
const plain = labelsFromObject({ __name__: 'plain' });

/** A scrape whose series bring their own times, but for one. */
function page(
  store: Store,
  source: ReturnType<Store['source']>,
  time: number,
  between: () => void = () => {},
): void {
  source.begin(time);
  source.set(source.slot(plain), time);
  for (const labels of own) store.append(labels, time - 5, time);
  between();
  source.commit();
}

/** The newest value of each series that a selector over one of them finds. */
function values(querier: ReturnType<ReturnType<typeof openQueryable>['querier']>, name: string, i?: number) {
  const matchers = [{ name: '__name__', op: '=' as const, value: name }];
  if (i !== undefined) matchers.push({ name: 'i', op: '=', value: String(i) });
  return querier
    .select(matchers, always)
    .map((series) => [labelValue(series.labels, 'i'), series.values.at(-1)]);
}

test('a query sees of each series of a page with its own times what there was when it began', async () => {
  const store = bench.open(bench.directory());
  const source = store.source('a');
  page(store, source, 1000);
  await store.committed();
  const queryable = openQueryable(store.shared, { addon: undefined, visibility: 'committed' });
  const querier = queryable.querier(unlimited);
  expect(values(querier, 'm', 0)).toEqual([['0', 1000]]);
  page(store, source, 2000);
  await store.committed();
  for (let i = 1; i < SERIES; i++) expect(values(querier, 'm', i)).toEqual([[String(i), 1000]]);
  expect(values(querier, 'plain')).toEqual([['', 1000]]);
  querier.close();
  const next = queryable.querier(unlimited);
  expect(new Set(values(next, 'm').map(([, value]) => value))).toEqual(new Set([2000]));
  next.close();
  queryable.close();
});

test.each(['committed', 'appended'] as const)(
  'a query of what was %s sees nothing that came after it began, also when that is in a partition by then',
  async (visibility) => {
    const store = bench.open(bench.directory());
    const later = labelsFromObject({ __name__: 'later' });
    const scrape = (
      source: ReturnType<Store['source']>,
      time: number,
      names: readonly (typeof plain)[],
    ): void => {
      source.begin(time);
      for (const labels of names) source.set(source.slot(labels), time);
      source.commit();
    };
    // What came with a time of its own sends queries to the partition.
    store.append(own[0]!, 500, 1);
    await store.flush();
    const [one, two] = [store.source('one'), store.source('two')];
    for (const time of [1000, 2000]) for (const source of [one, two]) scrape(source, time, [plain]);
    await store.committed();
    const queryable = openQueryable(store.shared, { addon: undefined, visibility });
    const querier = queryable.querier(unlimited);
    // The one has another row and a new series, the other stands still, a third one is new: all of it is moved at once.
    scrape(one, 3000, [plain, later]);
    scrape(store.source('three'), 3000, [later]);
    await store.flush();
    expect(
      querier
        .select([{ name: 'i', op: '=', value: '' }], always)
        .map(({ labels, timestamps }) => [labels[1], [...timestamps]]),
    ).toEqual([['plain', [1000, 2000]]]);
    querier.close();
    const next = queryable.querier(unlimited);
    expect(values(next, 'later')).toEqual([['', 3000]]);
    next.close();
    queryable.close();
  },
);

test('a query under which pages with own times were moved begins anew once, and sees whole pages then whatever is moved', async () => {
  const store = bench.open(bench.directory());
  const source = store.source('a');
  page(store, source, 1000);
  await store.flush();
  const queryable = openQueryable(store.shared, { addon: undefined, visibility: 'committed' });
  for (const [time, isSentBack] of [
    [2000, true],
    [3000, false],
    [4000, true],
  ] as const) {
    const querier = queryable.querier(unlimited);
    page(store, source, time);
    await store.flush();
    if (isSentBack) expect(() => querier.select([], always)).toThrow(ViewChangedError);
    else
      expect(new Set(querier.select([], always).map((series) => series.values.at(-1)))).toEqual(
        new Set([time]),
      );
    querier.close();
  }
  queryable.close();
});

test('whatever is moved while queries run, and whenever, none lacks a sample of its view or has one twice', async () => {
  type Step = 'page' | 'flush' | 'turn' | 'settle' | 'begin' | 'ask own' | 'ask plain' | 'ask all';
  const steps: readonly Step[] = [
    'page',
    'flush',
    'turn',
    'settle',
    'begin',
    'ask own',
    'ask plain',
    'ask all',
    'ask all',
  ];
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...steps), { minLength: 15, maxLength: 40 }), async (plan) => {
      const store = bench.open(bench.directory());
      // The background worker says that partitions may have changed when it starts, which sends a query back for its own reason.
      await store.flush();
      const source = store.source('a');
      const queryable = openQueryable(store.shared, { addon: undefined, visibility: 'appended' });
      let pages = 0;
      let flush = Promise.resolve();
      let querier: ReturnType<typeof queryable.querier> | undefined;
      /** Pages there were when the querier began. */
      let seen = 0;
      let sentBack = 0;
      const begin = (): void => {
        querier?.close();
        querier = queryable.querier(unlimited);
        seen = pages;
      };
      const ask = (name: string | undefined): void => {
        if (!querier) begin();
        const matchers = name ? [{ name: '__name__', op: '=' as const, value: name }] : [];
        try {
          const found = querier!.select(matchers, always);
          if (seen > 0) expect(found).toHaveLength(name === 'plain' ? 1 : name ? SERIES : SERIES + 1);
          for (const { labels, timestamps, values } of found) {
            expect(timestamps.length).toBeGreaterThanOrEqual(seen);
            expect(timestamps.length).toBeLessThanOrEqual(pages);
            const late = labelValue(labels, '__name__') === 'plain' ? 0 : 5;
            const expected = Array.from(timestamps, (_, i) => 1000 * (i + 1));
            expect([...timestamps]).toEqual(expected.map((time) => time - late));
            expect([...values]).toEqual(expected);
          }
          sentBack = 0;
        } catch (error) {
          if (!(error instanceof ViewChangedError)) throw error;
          sentBack++;
          begin();
        }
        expect(sentBack).toBeLessThanOrEqual(1);
      };
      for (const step of plan) {
        if (step === 'page') page(store, source, 1000 * ++pages);
        else if (step === 'flush') flush = flush.then(() => store.flush());
        else if (step === 'turn') await turn();
        else if (step === 'settle') await flush;
        else if (step === 'begin') {
          begin();
          sentBack = 0;
        } else ask(step === 'ask own' ? 'm' : step === 'ask plain' ? 'plain' : undefined);
      }
      await flush;
      begin();
      sentBack = 0;
      for (const name of ['m', 'plain']) ask(name);
      querier!.close();
      queryable.close();
      await bench.clean();
    }),
    {
      numRuns: 20,
      // Two flushes, each under a query that began before it.
      examples: [
        [
          'page flush ask-all page settle flush ask-own page settle page ask-all'
            .split(' ')
            .map((step) => step.replace('-', ' ') as Step),
        ],
      ] as [Step[]][],
    },
  );
});

test('rules see nothing of a page that is being stored, and then all of it', () => {
  const store = bench.open(bench.directory());
  const source = store.source('a');
  const queryable = openQueryable(store.shared, { addon: undefined, visibility: 'appended' });
  const seen = () => {
    const querier = queryable.querier(unlimited);
    const found = ['plain', 'm'].map((name) => values(querier, name).map(([, value]) => value));
    querier.close();
    return found.map((all) => [...new Set(all)]);
  };
  page(store, source, 1000);
  page(store, source, 2000, () => expect(seen()).toEqual([[1000], [1000]]));
  expect(seen()).toEqual([[2000], [2000]]);
  source.begin(3000);
  store.append(own[0]!, 2995, 3000);
  source.abort();
  expect(seen()).toEqual([[2000], [3000, 2000]]);
  queryable.close();
});
