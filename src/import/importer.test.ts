import { readdirSync } from 'node:fs';
import { MessageChannel } from 'node:worker_threads';
import { afterEach, describe, expect, test } from 'vitest';
import { labelsFromObject } from '../model/labels.ts';
import { fakeClock } from '../testing/fake-clock.ts';
import { always, contents, storeBench } from '../tsdb/store.fixture.ts';
import type { Store } from '../tsdb/store.ts';
import { BusyError, createImporter, type Importer } from './importer.ts';
import { serveImport } from './service.ts';
import { LineError } from './text-import.ts';

const bench = storeBench();
afterEach(bench.clean);

const NOW = Date.UTC(2026, 0, 5, 12);
const seconds = (hour: number): number => Date.UTC(2026, 0, 3) / 1000 + hour * 3600;

/** A store, and imports into it with the thread's work done in this one. */
function rig(dir = bench.directory()): { store: Store; dir: string; importText: Importer } {
  const store = bench.open(dir, { clock: fakeClock(NOW) });
  const importText = createImporter({
    store,
    startThread() {
      const { port1, port2 } = new MessageChannel();
      serveImport(port2, store.shared, undefined);
      return { port: port1, onExit: () => {}, end: () => port1.close() };
    },
  });
  return { store, dir, importText };
}

/** In pieces that end anywhere. */
async function* pieces(text: string, length = 7): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += length) yield new Uint8Array(bytes.subarray(at, at + length));
}

const lines = (hours: readonly number[], value = (hour: number): number => hour): string =>
  `# TYPE m gauge\n${hours.map((hour) => `m{job="a"} ${value(hour)} ${seconds(hour)}\n`).join('')}# EOF\n`;
const HOURS = Array.from({ length: 50 }, (_, hour) => hour);

describe('an import into a running store', () => {
  test('stores all samples, beside those of memory, hot and sealed days, and survives a restart', async () => {
    const { store, dir, importText } = rig();
    const own = labelsFromObject({ __name__: 'm', job: 'a' });
    store.append(own, seconds(3) * 1000, 3);
    store.append(own, seconds(26) * 1000, -26);
    await store.flush();
    store.append(own, seconds(49) * 1000, -49);
    await store.committed();
    expect(await importText(pieces(lines(HOURS)))).toMatchObject({
      added: 47,
      duplicates: 1,
      conflicts: 2,
      series: 1,
      days: 3,
    });
    const expected = HOURS.map((hour) => [
      seconds(hour) * 1000,
      String([26, 49].includes(hour) ? -hour : hour),
    ]);
    expect(contents(store)['m{job="a"}']).toEqual(expected);
    expect(store.metricMetadata.get('m')).toMatchObject({ type: 'gauge' });
    expect(readdirSync(dir).filter((name) => /chang|spill/.test(name))).toEqual([]);
    expect(await importText(pieces(lines(HOURS), 4000))).toMatchObject({
      added: 0,
      duplicates: 48,
      conflicts: 2,
    });
    await bench.close(store);
    const again = rig(dir);
    expect(contents(again.store)['m{job="a"}']).toEqual(expected);
    // Numbers of series were not given away twice.
    again.store.append(labelsFromObject({ __name__: 'fresh' }), NOW, 1);
    await again.store.flush();
    expect(contents(again.store)['m{job="a"}']).toEqual(expected);
    expect(contents(again.store).fresh).toEqual([[NOW, '1']]);
  });

  test('takes NaN as the normal one, also where samples beside it are there already', async () => {
    const { store, importText } = rig();
    const text = (hours: readonly number[]): string =>
      `${hours.map((hour) => `m NaN ${seconds(hour)}\n`).join('')}# EOF\n`;
    await importText(pieces(text([1, 3])));
    expect(await importText(pieces(text([1, 2, 3, 4])))).toMatchObject({ added: 2, duplicates: 2 });
    // Of any other one the bits would be shown.
    expect(contents(store)).toEqual({ m: [1, 2, 3, 4].map((hour) => [seconds(hour) * 1000, 'NaN']) });
  });

  test('with a bad line stores nothing and names the line', async () => {
    const { store, dir, importText } = rig();
    const bad = lines(HOURS).replace(`m{job="a"} 40 ${seconds(40)}`, 'm{job="a"} forty 1');
    await expect(importText(pieces(bad))).rejects.toMatchObject({ name: 'LineError', line: 42 });
    await expect(importText(pieces(lines(HOURS).slice(0, -6)))).rejects.toThrow(LineError);
    expect(contents(store)).toEqual({});
    expect(readdirSync(dir).filter((name) => /^2026|chang|spill/.test(name))).toEqual([]);
    expect(await importText(pieces(lines([1])))).toMatchObject({ added: 1 });
  });

  test('whose sender goes away stores nothing, and the next one is taken', async () => {
    const { store, importText } = rig();
    const cut = (async function* () {
      yield* pieces(lines(HOURS).slice(0, 500));
      throw new Error('the client went away');
    })();
    await expect(importText(cut)).rejects.toThrow('the client went away');
    expect(contents(store)).toEqual({});
    expect(await importText(pieces(lines([1, 2])))).toMatchObject({ added: 2 });
  });

  test('is the only one at a time, and waits for a deletion', async () => {
    const { store, importText } = rig();
    store.append(labelsFromObject({ __name__: 'm', job: 'a' }), seconds(1) * 1000, 9);
    const first = importText(pieces(lines([2, 3])));
    await expect(importText(pieces(lines([4])))).rejects.toThrow(BusyError);
    const deletion = { selectors: [[{ name: '__name__', op: '=' as const, value: 'm' }]], range: always };
    await Promise.all([first, store.delete(deletion, false)]);
    const left = contents(store)['m{job="a"}'] ?? [];
    expect([0, 2]).toContain(left.length);
  });
});
