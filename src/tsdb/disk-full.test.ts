import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { labelsFromObject } from '../model/labels.ts';
import { type FakeClock, fakeClock } from '../testing/fake-clock.ts';
import { type LoggedEvent, silentLog } from '../testing/silent-log.ts';
import { smallDisk } from './small-disk.fixture.ts';
import { openState } from './state-db.ts';
import { always, type Contents, contents, storeBench } from './store.fixture.ts';
import type { Store } from './store.ts';

const disk = smallDisk(12 * 2 ** 20);
const bench = storeBench();
afterAll(() => disk?.remove());

const START = Date.UTC(2026, 0, 5, 20);
const MINUTE = 60_000;
const slotsOf = 200;
const labels = Array.from({ length: slotsOf }, (_, i) => labelsFromObject({ __name__: 'm', i: String(i) }));

/** A store on the small disk, and what was appended to it. */
interface Rig {
  readonly dir: string;
  readonly clock: FakeClock;
  readonly store: Store;
  readonly events: LoggedEvent[];
  readonly registry: Registry;
  /** Scrapes a number of times, a minute apart, values that do not pack. */
  scrape(times: number): Promise<void>;
  /** Every sample of every scrape is there. */
  expectAll(store?: Store): void;
}

let directories = 0;
function rig(): Rig {
  const dir = join(disk!.path, `data${++directories}`);
  mkdirSync(dir);
  const clock = fakeClock(START);
  const events: LoggedEvent[] = [];
  const registry = new Registry();
  const store = bench.open(dir, { clock, log: silentLog(events), registry });
  const source = store.source('a');
  const slots = labels.map((one) => source.slot(one));
  let rows = 0;
  return {
    dir,
    clock,
    store,
    events,
    registry,
    async scrape(times) {
      for (let n = 0; n < times; n++, rows++) {
        source.begin(START + rows * MINUTE);
        for (const [i, slot] of slots.entries()) source.set(slot, Math.sin(rows * slotsOf + i));
        source.commit();
        await clock.advance(1000);
      }
    },
    expectAll(from = store) {
      const found = contents(from, 'committed');
      expect(Object.keys(found)).toHaveLength(slotsOf);
      for (const samples of [found['m{i="0"}']!, found[`m{i="${slotsOf - 1}"}`]!]) {
        expect(samples.map(([time]) => (time - START) / MINUTE)).toEqual(
          Array.from({ length: rows }, (_, i) => i),
        );
      }
    },
  };
}

async function reopened({ dir, store, clock }: Rig): Promise<Store> {
  await bench.close(store);
  return bench.open(dir, { clock });
}

describe.skipIf(!disk)('on a full disk', () => {
  beforeEach(() => disk!.empty());
  afterEach(async () => {
    disk!.empty();
    await bench.clean();
  });

  test('the reserve goes first, samples are seen from memory, and storing goes on by itself', async () => {
    const made = rig();
    await made.scrape(3);
    await expect.poll(() => existsSync(join(made.dir, 'reserve'))).toBe(true);
    disk!.fill();
    await made.scrape(40);
    made.expectAll();
    expect(existsSync(join(made.dir, 'reserve'))).toBe(false);
    const said = made.events.map(({ message }) => message);
    expect(said.indexOf('the disk is full: the reserve is given up')).toBeGreaterThanOrEqual(0);
    disk!.fill();
    await made.scrape(100);
    expect(made.store.degraded()).toContain('full');
    const metrics = await made.registry.metrics();
    expect(metrics).toMatch(/^belfry_tsdb_degraded 1$/m);
    expect(metrics).toMatch(/^belfry_tsdb_log_failures_total [1-9]/m);
    made.expectAll();
    disk!.empty();
    // Full rings are flushed again within five seconds.
    await made.scrape(6);
    expect(made.store.degraded()).toBeUndefined();
    made.expectAll(await reopened(made));
  });

  test('a flush leaves the samples where they are and is done later', async () => {
    const made = rig();
    await made.scrape(100);
    disk!.fill();
    await expect(made.store.flush()).rejects.toThrow('full');
    made.expectAll();
    disk!.empty();
    await made.scrape(2);
    await made.store.flush();
    expect(made.store.stats().headBytes).toBeLessThan(2 ** 20);
    made.expectAll(await reopened(made));
  });

  test('a day stays as it is until it can be sealed, without a word each minute', async () => {
    const made = rig();
    await made.scrape(300);
    await made.store.flush();
    disk!.fill();
    made.clock.jump(6 * 60 * MINUTE);
    await made.clock.advance('75m');
    const partitions = (): string[] => readdirSync(made.dir).filter((name) => /^2026.*\.db$/.test(name));
    expect(partitions()).toContain('20260105.hot.db');
    expect(readdirSync(made.dir).filter((name) => name.includes('sealing'))).toEqual([]);
    const complaints = made.events.filter(({ level }) => level === 'error').map(({ message }) => message);
    expect(complaints.length).toBeGreaterThan(0);
    expect(complaints).toEqual([...new Set(complaints)]);
    made.expectAll();
    disk!.empty();
    await made.clock.advance('2m');
    expect(partitions()).toContain('20260105.db');
    expect(partitions()).not.toContain('20260105.hot.db');
    made.expectAll();
  });

  test('retention makes room', async () => {
    const made = rig();
    await made.scrape(300);
    await made.store.flush();
    rmSync(join(made.dir, 'reserve'), { force: true });
    disk!.fill();
    await made.scrape(100);
    expect(made.store.degraded()).toContain('full');
    made.store.setRetention({ timeMs: 0, sizeBytes: 1 });
    const days = (): string[] => readdirSync(made.dir).filter((name) => /^2026.*\.db$/.test(name));
    await expect.poll(days).toEqual(['20260106.hot.db']);
    await made.scrape(6);
    expect(made.store.degraded()).toBeUndefined();
  });

  test('a deletion removes nothing and leaves nothing behind', async () => {
    const made = rig();
    await made.scrape(300);
    await made.store.flush();
    const deletion = { selectors: [[{ name: 'i', op: '=' as const, value: '7' }]], range: always };
    // It fails when it makes its file, when it fills it, and when it is about to be through.
    for (const room of [0, 4096, 8192, 12_288, 16_384]) {
      disk!.fill(room);
      await expect(made.store.delete(deletion, false)).rejects.toThrow(/full|ENOSPC/);
      made.expectAll();
      expect([room, readdirSync(made.dir).filter((name) => /chang/.test(name))]).toEqual([room, []]);
    }
    disk!.empty();
    expect(await made.store.delete(deletion, false)).toMatchObject({ series: 1, samples: 300 });
  });

  /** A store that was stopped, and something in its state.db. */
  async function stopped(): Promise<{ readonly dir: string; readonly whole: Contents }> {
    const { dir, store, scrape } = rig();
    await scrape(5);
    await store.flush();
    await scrape(5);
    const whole = contents(store);
    const state = openState(dir, join(dir, 'state.db'), undefined, silentLog());
    state.exec('CREATE TABLE silence (id INTEGER PRIMARY KEY); INSERT INTO silence VALUES (7)');
    state.close();
    await bench.close(store);
    return { dir, whole };
  }
  /** Starts it as the server does, looks, and stops it. */
  async function restart(dir: string, whole: Contents): Promise<void> {
    const store = bench.open(dir, { clock: fakeClock(START + 30 * MINUTE) });
    try {
      const state = openState(dir, join(dir, 'state.db'), undefined, silentLog());
      expect(state.prepare('SELECT id FROM silence').pluck().all()).toEqual([7]);
      state.close();
      expect(contents(store)).toEqual(whole);
    } finally {
      await bench.close(store);
    }
  }

  test('what was stopped starts in the room of its reserve, as often as need be', async () => {
    const { dir, whole } = await stopped();
    for (let n = 0; n < 3; n++) {
      disk!.fill();
      await restart(dir, whole);
    }
    expect(readdirSync(dir)).toContain('reserve');
  });

  test('where there is no reserve either, a start says what is wrong, and nothing is set aside', async () => {
    const { dir, whole } = await stopped();
    let refused = 0;
    for (let room = 0; room <= 160 * 1024; room += 8192) {
      rmSync(join(dir, 'reserve'), { force: true });
      disk!.fill(room);
      await restart(dir, whole).catch((error: Error) => {
        refused++;
        expect(error.message).toMatch(
          /^data directory \S+ cannot be used: (lock|log|state)\.db: no space left on the device$/,
        );
      });
      disk!.empty();
      expect(readdirSync(dir)).not.toContain('quarantine');
    }
    expect(refused).toBeGreaterThan(2);
    expect(refused).toBeLessThan(15);
    await restart(dir, whole);
  });
});
