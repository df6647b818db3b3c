import { afterAll, expect, test } from 'vitest';
import { systemClock } from '../clock.ts';
import { formatSeries, labelsFromObject } from '../model/labels.ts';
import { unlimited } from '../model/queryable.ts';
import { formatValue, isStaleAt, wordsOf } from '../model/sample.ts';
import { fakeClock } from '../testing/fake-clock.ts';
import { silentLog } from '../testing/silent-log.ts';
import { openOffline } from './offline-queryable.ts';
import { always, type Contents, contents, storeBench } from './store.fixture.ts';

const bench = storeBench();
afterAll(bench.clean);

const NOON = Date.UTC(2026, 0, 10, 12);

function read(dir: string): Contents {
  const log = silentLog();
  const offline = openOffline(dir, { addon: undefined, clock: systemClock, log });
  const querier = offline.querier(unlimited);
  const found: Contents = {};
  for (const { labels, timestamps, values } of querier.select([], always)) {
    const words = wordsOf(values);
    found[formatSeries(labels)] = Array.from(timestamps, (time, i) => [
      time,
      isStaleAt(words, i) ? 'stale' : formatValue(values[i]!),
    ]);
  }
  querier.close();
  offline.close();
  expect(log.events.filter(({ level }) => level !== 'info')).toEqual([]);
  return found;
}

test('beside a server the same is read as by it, wherever samples are by now', async () => {
  const dir = bench.directory();
  const clock = fakeClock(NOON);
  const store = bench.open(dir, { clock });
  store.metadata('m', { type: 'gauge', help: 'Some.', unit: '' });
  const source = store.source('target');
  const [a, b] = ['a', 'b'].map((i) => source.slot(labelsFromObject({ __name__: 'm', i })));
  const scrape = async (from: number, to: number): Promise<void> => {
    for (let row = from; row < to; row++) {
      source.begin(NOON + 15_000 * row);
      source.set(a!, row);
      if (row % 4 !== 3) source.set(b!, -row);
      source.commit();
      store.append(labelsFromObject({ __name__: 'own' }), NOON + 15_000 * row + 7, row / 3);
    }
    await store.committed();
  };
  await scrape(0, 50);
  expect(read(dir)).toEqual(contents(store));
  await store.flush();
  expect(read(dir)).toEqual(contents(store));
  await scrape(50, 80);
  const whole = contents(store);
  expect(whole['m{i="a"}']).toHaveLength(80);
  expect(read(dir)).toEqual(whole);
  clock.jump(2 * 86_400_000);
  await clock.advance('2h');
  await store.flush();
  expect(read(dir)).toEqual(whole);

  const offline = openOffline(dir, { addon: undefined, clock: systemClock, log: silentLog() });
  expect(offline.metadata.get('m')).toEqual({ type: 'gauge', help: 'Some.', unit: '' });
  offline.close();
  await scrape(80, 90);
  expect(contents(store)['m{i="a"}']).toHaveLength(90);
  await bench.close(store);
});
