import { cpSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { labelsFromObject } from '../model/labels.ts';
import { fakeClock } from '../testing/fake-clock.ts';
import { silentLog } from '../testing/silent-log.ts';
import { type Contents, contents, storeBench } from './store.fixture.ts';

const bench = storeBench();
afterAll(() => bench.clean());

const START = Date.UTC(2026, 0, 5);
const HOUR = 3_600_000;
const series = Array.from({ length: 30 }, (_, i) => labelsFromObject({ __name__: 'm', i: String(i) }));
const own = labelsFromObject({ __name__: 'own' });
/** A directory as a kill leaves it: a sealed day, a hot one and a log, the last two with what SQLite has not copied into them yet. */
let killed = '';
let whole: Contents = {};

beforeAll(async () => {
  const dir = bench.directory();
  const clock = fakeClock(START);
  const first = bench.open(dir, { clock });
  first.append(own, START, 0);
  for (let hour = 1; hour < 40; hour++) first.append(own, START + hour * HOUR, hour);
  await first.flush();
  await bench.close(first);
  const store = bench.open(dir, { clock: fakeClock(START + 41 * HOUR) });
  const source = store.source('a');
  const slots = series.map((one) => source.slot(one));
  const scrape = async (row: number): Promise<void> => {
    source.begin(START + 40 * HOUR + row * 15_000);
    for (const [i, slot] of slots.entries()) source.set(slot, row * i);
    source.commit();
    store.append(own, START + 40 * HOUR + row * 15_000, row);
    await store.committed();
  };
  for (let row = 0; row < 40; row++) await scrape(row);
  await store.flush();
  for (let row = 40; row < 80; row++) await scrape(row);
  whole = contents(store);
  killed = bench.directory();
  cpSync(dir, killed, { recursive: true });
});

const FILES = ['log.db', 'log.db-wal', '20260105.db', '20260106.hot.db', '20260106.hot.db-wal'];

test('what a kill leaves is what these tests are about', () => {
  expect(readdirSync(killed)).toEqual(expect.arrayContaining(FILES));
});

/** Bytes of one page in a write-ahead log: each row of the log takes one or more. */
const FRAME = 24 + 4096;

/** Whether a sample may be gone because something is wrong with a file: it was in that one, or on its way out of it. */
function mayGo(file: string, time: number): boolean {
  const row = (time - START - 40 * HOUR) / 15_000;
  if (file.startsWith('log.db')) return row >= 40;
  return file.startsWith('20260105') ? time < START + 24 * HOUR : time >= START + 24 * HOUR && row < 40;
}

/** Lengths of a lost tail: a few bytes, a sector, pages, most of the file. */
const tails = (size: number): number[] =>
  [1, 37, 512, 4096, 9000, size >> 1, size - 100].filter((length) => length > 0 && length < size);

test.each(FILES)('a tail of %s that is lost or garbled costs no more than what was in it', async (name) => {
  const file = join(killed, name);
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  for (const tail of tails(size)) {
    for (const how of ['lost', 'garbled'] as const) {
      const dir = bench.directory();
      cpSync(killed, dir, { recursive: true });
      const bytes = readFileSync(file);
      if (how === 'garbled')
        for (let at = size - tail; at < size; at++) bytes[at] = (bytes[at]! * 31 + at) & 255;
      writeFileSync(join(dir, name), how === 'lost' ? bytes.subarray(0, size - tail) : bytes);
      const log = silentLog();
      const store = bench.open(dir, { clock: fakeClock(START + 41 * HOUR), log });
      const found = contents(store);
      const where = `${how}: ${tail} bytes of ${name}`;
      const lost = new Set<number>();
      for (const [one, samples] of Object.entries(whole)) {
        const there = new Map(found[one] ?? []);
        for (const [time, value] of samples) {
          if (there.delete(time))
            expect([where, found[one]!.find(([at]) => at === time)![1]]).toEqual([where, value]);
          else lost.add(time);
        }
        expect([where, one, [...there]]).toEqual([where, one, []]);
      }
      expect([where, Object.keys(found).filter((one) => !(one in whole))]).toEqual([where, []]);
      expect([where, [...lost].filter((time) => !mayGo(name, time))]).toEqual([where, []]);
      if (name === 'log.db-wal') expect(lost.size).toBeLessThanOrEqual(Math.ceil(tail / FRAME) + 1);
      if (lost.size > 0 && name === 'log.db') {
        expect([where, log.events.some(({ level }) => level === 'error')]).toEqual([where, true]);
      }
      // Life goes on.
      store.append(own, START + 41 * HOUR, 4711);
      await store.flush().catch(() => store.flush());
      expect([where, contents(store).own!.at(-1)]).toEqual([where, [START + 41 * HOUR, '4711']]);
      await bench.close(store);
    }
  }
});
