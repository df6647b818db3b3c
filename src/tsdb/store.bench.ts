import { afterAll, describe, test } from 'vitest';
import { labelsFromObject } from '../model/labels.ts';
import type { Matcher } from '../model/matcher.ts';
import { type Querier, unlimited } from '../model/queryable.ts';
import { openQueryable } from './open-queryable.ts';
import { always, storeBench } from './store.fixture.ts';

/** 100 targets of 1000 series each; a fifth of the values changes from scrape to scrape. */
const TARGETS = 100;
const SERIES = 1000;

const stores = storeBench();
afterAll(stores.clean);

const store = stores.open(stores.directory());
const sources = Array.from({ length: TARGETS }, (_, target) => {
  const source = store.source(`target ${target}`);
  const slots = Array.from({ length: SERIES }, (_, i) =>
    source.slot(
      labelsFromObject({
        __name__: `metric_${i % 100}`,
        instance: `host-${target}:9100`,
        job: 'node',
        device: `d${Math.floor(i / 100)}`,
      }),
    ),
  );
  return { source, slots };
});
let row = 0;

function scrapeAll(): void {
  row++;
  for (const { source, slots } of sources) {
    source.begin(row * 15_000);
    for (let i = 0; i < slots.length; i++) source.set(slots[i]!, i % 5 === 0 ? row * i : i);
    source.commit();
  }
}

for (let i = 0; i < 30; i++) scrapeAll();

describe('head of 100k series', () => {
  const queryable = openQueryable(store.shared, { addon: undefined, visibility: 'appended' });
  afterAll(() => queryable.close());
  const ask = (work: (querier: Querier) => unknown) => () => {
    const querier = queryable.querier(unlimited);
    work(querier);
    querier.close();
  };
  const name: Matcher = { name: '__name__', op: '=', value: 'metric_7' };
  const instance: Matcher = { name: 'instance', op: '=', value: 'host-42:9100' };
  const device: Matcher = { name: 'device', op: '=', value: 'd3' };
  const regex: Matcher = { name: 'instance', op: '=~', value: 'host-.*[02468]:91..' };
  test.for<[string, (querier: Querier) => unknown]>([
    ['select one series', (querier) => querier.select([name, instance, device], always)],
    ['select 1000 series of one name', (querier) => querier.select([name], always)],
    ['select 1000 series of one target', (querier) => querier.select([instance], always)],
    ['select 500 series by a regular expression', (querier) => querier.select([name, regex], always)],
    ['values of a label', (querier) => querier.labelValues('instance', [], always)],
    ['series of one name', (querier) => querier.series([[name]], always)],
  ])('%s', async ([title, work], { bench }) => {
    await bench(title, ask(work)).run();
  });
});

test('append', async ({ bench }) => {
  await bench('100k samples, a fifth changed, into rings, log and partition', async () => {
    scrapeAll();
    await store.committed();
    if (row % 32 === 0) await store.flush();
  }).run();
});
