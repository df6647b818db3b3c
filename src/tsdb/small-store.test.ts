import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, expect, test } from 'vitest';
import { labelsFromObject } from '../model/labels.ts';
import { fakeClock } from '../testing/fake-clock.ts';
import { storeBench } from './store.fixture.ts';
import type { Store } from './store.ts';

const bench = storeBench();
afterEach(bench.clean);

const DAY = Date.UTC(2026, 0, 2);
const HOUR = 3_600_000;
const TARGETS = 5;
const SERIES = 100;

/** What an exporter of a small host says, scraped each minute from one hour to another: constants, counters, gauges, a few true floats. */
async function scrape(store: Store, fromHour: number, toHour: number): Promise<void> {
  const noise = (n: number): number => ((Math.imul(n, 0x9e3779b1) >>> 8) % 1000) / 1000;
  for (let target = 0; target < TARGETS; target++) {
    const source = store.source(`${target}`);
    const slots = Array.from({ length: SERIES }, (_, i) =>
      source.slot(
        labelsFromObject({
          __name__: `node_metric_${i >> 2}`,
          device: `sd${i & 3}`,
          instance: `host-${target}:9100`,
          job: 'node',
        }),
      ),
    );
    for (let minute = 60 * fromHour; minute < 60 * toHour; minute++) {
      source.begin(DAY + 60_000 * minute + 13 * target + (minute % 3));
      for (const [i, slot] of slots.entries()) {
        const random = noise(1e6 * target + 1e4 * i + minute);
        if (i < 50) source.set(slot, i);
        else if (i < 80) source.set(slot, Math.floor(minute * i + 10 * random));
        else if (i < 95) source.set(slot, Math.round(1000 * random));
        else source.set(slot, Math.sin(minute + i) * random);
      }
      source.commit();
      if (minute % 240 === 239) await store.flush();
    }
    source.close();
  }
}

/** Bytes of the blobs that a partition holds, and of those that are samples: columns and times. */
function blobBytes(file: string): { all: number; samples: number } {
  const db = new Database(file, { readonly: true });
  const sum = (table: string, column = 'b'): number =>
    db.prepare(`SELECT coalesce(sum(length(${column})), 0) FROM ${table}`).pluck().get() as number;
  const samples = sum('block') + sum('own') + sum('own', 'ts') + sum('ts');
  const all = samples + sum('series') + sum('grp');
  db.close();
  return { all, samples };
}

test('a day of five small targets takes little more than its samples do', async () => {
  const dir = bench.directory();
  const first = bench.open(dir, { clock: fakeClock(DAY + 23 * HOUR) });
  await scrape(first, 0, 24);
  await bench.close(first);
  const second = bench.open(dir, { clock: fakeClock(DAY + 48 * HOUR) });
  await second.flush();
  expect(second.stats().upkeep.files).toMatchObject({ hot: { count: 0 }, sealed: { count: 1 } });
  await bench.close(second);

  const file = join(dir, '20260102.db');
  const { all, samples } = blobBytes(file);
  const size = (name: string): number => statSync(join(dir, name)).size;
  expect(samples).toBeGreaterThan(TARGETS * SERIES * 1440 * 0.1);
  // Labels and directories on top of the samples, then SQLite's pages, keys and tables on top of both.
  expect(all / samples).toBeLessThan(1.01);
  expect(size('20260102.db') / all).toBeLessThan(1.06);
  // What is there however little is stored; the reserve is given up first when the disk is full.
  expect(readdirSync(dir).sort()).toEqual(['20260102.db', 'lock.db', 'log.db', 'reserve']);
  expect(size('lock.db')).toBeLessThanOrEqual(4096);
  expect(size('log.db')).toBeLessThanOrEqual(256 * 1024);
  expect(size('reserve')).toBe(256 * 1024);
});
