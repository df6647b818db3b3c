import { cpSync } from 'node:fs';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { afterAll, expect, test } from 'vitest';
import { labelsFromObject } from '../../model/labels.ts';
import { fakeClock } from '../../testing/fake-clock.ts';
import type { FromStorage, ToStorage } from '../protocol.ts';
import { type Contents, contents, storeBench } from '../store.fixture.ts';
import type { Store } from '../store.ts';

const bench = storeBench();
afterAll(() => bench.clean());

const START = Date.UTC(2026, 0, 5);
const series = labelsFromObject({ __name__: 'm' });
const own = labelsFromObject({ __name__: 'own' });

/** A storage service that says it wrote everything, and writes nothing: what a machine without power may be left with. */
function forgetful(): { connect: () => MessagePort; send: (message: FromStorage) => void } {
  const { port1, port2 } = new MessageChannel();
  const send = (message: FromStorage): void => port2.postMessage(message);
  port2.on('message', (message: ToStorage) => {
    if (message.kind === 'flush') send({ kind: 'flushed', id: message.id, durationMs: 1, samples: 1 });
    if (message.kind === 'close') send({ kind: 'closed' });
  });
  port2.unref();
  return { connect: () => port1, send };
}

test('a slot is nobody else’s before the samples of who had it are synced', async () => {
  const service = forgetful();
  const store = bench.open(bench.directory(), { clock: fakeClock(START), connect: service.connect });
  const source = store.source('a');
  const slot = source.slot(series);
  for (const row of [0, 1]) {
    source.begin(START + row * 15_000);
    if (row === 0) source.set(slot, row);
    source.commit();
  }
  store.flush().catch(() => {});
  await expect.poll(() => store.stats().flush.flushes).toBe(1);
  expect(source.releaseUnused()).toEqual([]);
  service.send({ kind: 'synced', flush: Number.MAX_SAFE_INTEGER, id: undefined, error: undefined });
  await expect.poll(() => source.releaseUnused()).toEqual([slot]);
});

/** Appends a scrape. */
type Append = (row: number) => void;

test.each<[string, (store: Store) => Append]>([
  [
    'scrapes',
    (store) => {
      const source = store.source('a');
      return (row) => {
        source.begin(START + row * 15_000);
        source.set(source.slot(series), row);
        source.commit();
      };
    },
  ],
  ['samples with their own times', (store) => (row) => store.append(own, START + row * 15_000, row)],
])('the log keeps %s that are in partitions until they are synced', async (_, appenderOf) => {
  const dir = bench.directory();
  const clock = fakeClock(START);
  const service = forgetful();
  const store = bench.open(dir, { clock, connect: service.connect });
  const append = appenderOf(store);
  for (let row = 0; row < 5; row++) {
    append(row);
    await store.committed();
  }
  const whole = contents(store);
  store.flush().catch(() => {});
  await expect.poll(() => store.stats().flush.flushes).toBe(1);
  // An answer that has the log trimmed, though nothing new is synced.
  const trim = async (): Promise<void> => {
    const seals = store.stats().upkeep.seals + 1;
    service.send({ kind: 'synced', flush: 0, id: undefined, error: undefined });
    service.send({ kind: 'upkeep', stats: { ...store.stats().upkeep, seals } });
    await expect.poll(() => store.stats().upkeep.seals).toBe(seals);
  };
  const left = (): Contents => {
    const copy = bench.directory();
    cpSync(dir, copy, { recursive: true });
    return contents(bench.open(copy, { clock: fakeClock(START + 90_000) }));
  };
  await trim();
  expect(left()).toEqual(whole);
  append(5);
  await store.committed();
  await trim();
  const [name, samples] = Object.entries(whole)[0]!;
  expect(left()).toEqual({ [name]: [...samples, [START + 75_000, '5']] });
  service.send({ kind: 'synced', flush: Number.MAX_SAFE_INTEGER, id: undefined, error: undefined });
  await expect.poll(() => store.stats().log.rows).toBeLessThanOrEqual(2);
});

test('the log does not grow while samples with their own times come beside scrapes that are flushed', async () => {
  const clock = fakeClock(START);
  const store = bench.open(bench.directory(), { clock });
  const sources = ['a', 'b', 'c'].map((name) => store.source(name));
  let most = 0;
  for (let row = 0; row < 100; row++) {
    const at = START + row * 15_000;
    for (const source of sources) {
      source.begin(at);
      source.set(source.slot(series), row);
      source.commit();
    }
    store.append(own, at - 5, row);
    await clock.advance(15_000);
    most = Math.max(most, store.stats().log.rows);
  }
  expect(most).toBeLessThan(60);
});
