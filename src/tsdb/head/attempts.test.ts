import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, test } from 'vitest';
import { labelsFromObject } from '../../model/labels.ts';
import { type QueryBudget, unlimited } from '../../model/queryable.ts';
import { openQueryable } from '../open-queryable.ts';
import { always, contents, storeBench } from '../store.fixture.ts';
import type { Store } from '../store.ts';
import { Attempts } from './attempts.ts';
import { EXEMPLAR, OWN, RING, RING_STRIDE } from './layout.ts';

const bench = storeBench();
afterEach(bench.clean);

/** Times a reader sleeps before what it waits for is over. */
const SLEEPS = 5;

/** A version that another thread holds from now on, until this one has slept over it. */
function held(
  words: SharedArrayBuffer,
  at: number,
  sleeps = SLEEPS,
): { readonly end: () => Promise<number> } {
  const versions = new Int32Array(words);
  const before = Atomics.load(versions, at);
  const worker = new Worker(new URL('./lock-holder.fixture.ts', import.meta.url), {
    workerData: { words, at, sleeps },
  });
  while (Atomics.load(versions, at) === before) Atomics.wait(versions, at, before, 100);
  return { end: () => worker.terminate() };
}

const series = labelsFromObject({ __name__: 'm' });
const own = labelsFromObject({ __name__: 'own' });

function filled(store: Store): void {
  const source = store.source('a');
  for (const time of [1000, 2000]) {
    source.begin(time);
    source.set(source.slot(series), time);
    source.commit();
    store.append(own, time + 1, time);
  }
}

describe('a reader of the head', () => {
  test.each([
    ['a ring', (store: Store) => [store.shared.head.rings, RING_STRIDE + RING.version]],
    ['a column with own times', (store: Store) => [store.shared.head.owns, OWN.version]],
  ] as const)('waits as long as main stands still in the middle of a change of %s', async (_, placeOf) => {
    const store = bench.open(bench.directory());
    filled(store);
    const before = contents(store);
    expect(Object.keys(before)).toEqual(['own', 'm']);
    const holder = held(...(placeOf(store) as [SharedArrayBuffer, number]));
    expect(contents(store)).toEqual(before);
    await holder.end();
  });

  test('waits as long as main stands still in the middle of a change of an exemplar', async () => {
    const store = bench.open(bench.directory(), { maxExemplars: 10 });
    filled(store);
    const trace = labelsFromObject({ trace_id: 'a' });
    store.exemplar(series, { labels: trace, value: 1, timestamp: 1500 });
    const queryable = openQueryable(store.shared, { addon: undefined, visibility: 'appended' });
    const ask = () => queryable.exemplars([[]], always, unlimited);
    const before = ask();
    expect(before.map(({ exemplars }) => exemplars.length)).toEqual([1]);
    const holder = held(store.shared.head.exemplars, EXEMPLAR.version);
    expect(ask()).toEqual(before);
    await holder.end();
    queryable.close();
  });

  test('charges a copy that is made again once, and gets it in the end, however often it was disturbed', () => {
    const store = bench.open(bench.directory());
    filled(store);
    const rings = new Int32Array(store.shared.head.rings);
    const queryable = openQueryable(store.shared, { addon: undefined, visibility: 'appended' });
    /** Reads while a new series is given a slot each time before the copy is made, so many times. */
    const spent = (disturbances: number) => {
      const sum = { bytes: 0, samples: 0 };
      let left = disturbances;
      const budget: QueryBudget = {
        samples(count) {
          sum.samples += count;
        },
        bytes(count) {
          sum.bytes += count;
          if (count <= 0 || left === 0) return;
          left--;
          Atomics.add(rings, RING_STRIDE + RING.version, 2);
        },
        check() {},
      };
      const querier = queryable.querier(budget);
      const found = querier.select([{ name: '__name__', op: '=', value: 'm' }], always);
      expect(found.map(({ values }) => [...values])).toEqual([[1000, 2000]]);
      querier.close();
      expect(left).toBe(0);
      return sum;
    };
    expect(spent(200)).toEqual(spent(0));
    queryable.close();
  });
});

test('who is disturbed for ten seconds of sleep gives up and says at what', async () => {
  const words = new SharedArrayBuffer(8);
  const holder = held(words, 1, Number.POSITIVE_INFINITY);
  expect(() => new Attempts(new Int32Array(words), 1, 'a ring').next()).toThrow(
    'a ring kept changing while it was read',
  );
  await holder.end();
});
