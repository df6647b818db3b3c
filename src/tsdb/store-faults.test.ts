import { cpSync, existsSync, mkdirSync, readdirSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import Database from 'better-sqlite3';
import { Registry } from 'prom-client';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { labelsFromObject } from '../model/labels.ts';
import { openDatabase } from '../sqlite/database.ts';
import { fakeClock } from '../testing/fake-clock.ts';
import { type LoggedEvent, silentLog } from '../testing/silent-log.ts';
import { Head } from './head/head.ts';
import { type LogDb, openLogDb } from './log/log-db.ts';
import { createLogWriter } from './log/log-writer.ts';
import { replayLog } from './log/replay.ts';
import { HotPartition } from './partition/hot.ts';
import { createReserve } from './reserve.ts';
import { type Bench, contents, storeBench } from './store.fixture.ts';
import type { Store } from './store.ts';

const bench = storeBench();
const threads = storeBench('worker');
afterEach(async () => {
  vi.restoreAllMocks();
  await bench.clean();
  await threads.clean();
});

const up = labelsFromObject({ __name__: 'up' });
const own = labelsFromObject({ __name__: 'own' });

/** Ten rows of one source, each in a log row of its own. */
async function tenRows(store: Store): Promise<void> {
  const source = store.source('a');
  const slot = source.slot(up);
  for (let row = 0; row < 10; row++) {
    source.begin(1000 * row);
    source.set(slot, row);
    source.commit();
    store.append(own, 1000 * row, row);
    await store.committed();
  }
}

async function closedStore(target: Bench): Promise<string> {
  const dir = target.directory();
  const store = target.open(dir);
  await tenRows(store);
  await target.close(store);
  return dir;
}

/** Flips a bit in the middle of a row's blob. */
function damage(dir: string, table: 'log' | 'definitions', seq: number): void {
  const db = openDatabase(join(dir, 'log.db'), { addon: undefined });
  const blob = db.prepare(`SELECT b FROM ${table} WHERE seq = ?`).pluck().get(seq) as Buffer;
  blob[blob.length >> 1]! ^= 4;
  db.prepare(`UPDATE ${table} SET b = ? WHERE seq = ?`).run(blob, seq);
  db.close();
}

const times = (store: Store, series: string): number[] | undefined =>
  contents(store)[series]?.map(([time]) => time / 1000);

describe('a damaged log', () => {
  test('loses its last row and says so', async () => {
    const dir = await closedStore(bench);
    damage(dir, 'log', 10);
    const events: LoggedEvent[] = [];
    const store = bench.open(dir, { log: silentLog(events) });
    expect(times(store, 'up')).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(times(store, 'own')).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(String(events.find((event) => event.level === 'error')?.fields.err)).toContain(
      `${join(dir, 'log.db')}: table log, row 10: checksum is`,
    );
    const source = store.source('a');
    expect(source.begin(9000)).toBe(true);
    source.set(source.slot(up), 99);
    source.commit();
    await bench.close(store);
    expect(contents(bench.open(dir)).up!.at(-1)).toEqual([9000, '99']);
  });

  test('keeps what stands on its own after a row in its middle', async () => {
    const dir = await closedStore(bench);
    damage(dir, 'log', 5);
    const store = bench.open(dir);
    // Rows of a source continue one another until the next whole one; samples with their own times do not.
    expect(times(store, 'up')).toEqual([0, 1, 2, 3]);
    expect(times(store, 'own')).toEqual([0, 1, 2, 3, 5, 6, 7, 8, 9]);
  });

  test('without its definitions yields nothing, and takes new samples', async () => {
    const dir = await closedStore(bench);
    damage(dir, 'definitions', 1);
    const store = bench.open(dir);
    expect(contents(store)).toEqual({});
    await tenRows(store);
    expect(times(store, 'up')).toHaveLength(10);
  });

  test('is set aside when it is no database', async () => {
    const dir = bench.directory();
    writeFileSync(join(dir, 'log.db'), 'not a database at all, but long enough to look at'.repeat(100));
    const events: LoggedEvent[] = [];
    const store = bench.open(dir, { log: silentLog(events) });
    await tenRows(store);
    expect(times(store, 'up')).toHaveLength(10);
    expect(readdirSync(join(dir, 'quarantine'))).toEqual(['log.db']);
    expect(events.some((event) => event.message.startsWith('set aside log.db'))).toBe(true);
  });
});

describe('a log that cannot be written', () => {
  const full = Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });

  /** A head on a real log that refuses to be written while `isFull` is set. */
  function rig(dir: string) {
    const clock = fakeClock();
    const events: LoggedEvent[] = [];
    const log = silentLog(events);
    const real = openLogDb(join(dir, 'log.db'), undefined);
    const disk = { isFull: false, reserves: 0 };
    const db: LogDb = {
      ...real,
      append(seq, batch) {
        if (disk.isFull) throw full;
        return real.append(seq, batch);
      },
    };
    let head: Head | undefined;
    const writer = createLogWriter({
      db,
      clock,
      log,
      onStored: () => head?.commit(),
      onFull: () => {
        if (disk.reserves === 0) return false;
        disk.reserves--;
        disk.isFull = false;
        return true;
      },
      onLost: () => head?.relog(),
    });
    head = new Head(1, writer);
    return { clock, events, disk, writer, head, close: () => real.close() };
  }

  function replayed(dir: string): { rows: number; own: number } {
    const again = rig(dir);
    const db = openLogDb(join(dir, 'log.db'), undefined);
    replayLog(db, again.head, silentLog(), again.clock);
    db.close();
    again.close();
    const [source] = again.head.sources();
    return { rows: source!.ring.appended, own: again.head.own.samples };
  }

  test('lets samples be seen from memory, and stores them when there is room again', async () => {
    const dir = bench.directory();
    const { clock, events, disk, writer, head, close } = rig(dir);
    const source = head.source('a');
    const slot = source.slot(up);
    const scrape = (time: number): void => {
      source.begin(time);
      source.set(slot, time);
      source.commit();
      head.append(own, time, time);
    };
    scrape(1);
    await writer.committed();
    disk.isFull = true;
    scrape(2);
    await writer.committed();
    scrape(3);
    await clock.advance('10s');
    const [ring] = [...head.sources()].map((one) => one.ring);
    expect(ring!.committed).toBe(3);
    expect(writer.failure).toBe(full);
    expect(events.filter((event) => event.level === 'error')).toHaveLength(1);
    disk.isFull = false;
    await clock.advance('1s');
    expect(writer.failure).toBeUndefined();
    expect(events.at(-1)!.message).toBe('the log can be written again');
    close();
    expect(replayed(dir)).toEqual({ rows: 3, own: 3 });
  });

  test('first gets the reserve’s room', async () => {
    const dir = bench.directory();
    const { events, disk, writer, head, close } = rig(dir);
    Object.assign(disk, { isFull: true, reserves: 1 });
    head.append(own, 1, 1);
    await writer.committed();
    expect(writer.failure).toBeUndefined();
    expect(events.map((event) => event.message)).toEqual(['the disk is full: the reserve is given up']);
    close();
  });

  test('is written from the head when too much has piled up', async () => {
    const dir = bench.directory();
    const { clock, disk, writer, head, close } = rig(dir);
    const source = head.source('a');
    const slots = Array.from({ length: 3000 }, (_, i) =>
      source.slot(labelsFromObject({ __name__: 'm', i: String(i) })),
    );
    disk.isFull = true;
    for (let row = 0; row < 900; row++) {
      source.begin(row);
      for (const slot of slots) source.set(slot, row + 0.1);
      source.commit();
      if (row % 100 === 99) await clock.advance('1s');
    }
    head.append(own, 1, 1);
    disk.isFull = false;
    await clock.advance('2s');
    expect(writer.failure).toBeUndefined();
    close();
    expect(replayed(dir)).toEqual({ rows: 900, own: 1 });
  });
});

describe('a partition that cannot be written while the log can', () => {
  test('leaves its samples in memory and in the log, is named until it can, and then all of them are moved', async () => {
    const dir = bench.directory();
    const clock = fakeClock();
    const events: LoggedEvent[] = [];
    const registry = new Registry();
    const store = bench.open(dir, { clock, log: silentLog(events), registry });
    // What stands there is no file and cannot be read as one.
    const place = join(dir, '19700101.hot.db');
    mkdirSync(place);
    await tenRows(store);
    for (let attempt = 0; attempt < 3; attempt++) {
      await expect(store.flush()).rejects.toThrow(/^flush failed: .*(open|I\/O|directory)/);
    }
    expect(store.degraded()).toMatch(/open|I\/O|directory/);
    const metrics = await registry.metrics();
    expect(metrics).toMatch(/^belfry_tsdb_degraded 1$/m);
    expect(metrics).toMatch(/^belfry_tsdb_flush_failures_total 3$/m);
    const stats = store.stats();
    expect(stats.flush).toMatchObject({ failures: 3, flushes: 0, samples: 0 });
    expect(stats.log.failures).toBe(0);
    const said = 'samples could not be moved to a partition; they stay in memory and in the log';
    expect(events.filter(({ message }) => message === said)).toHaveLength(1);
    expect(times(store, 'up')).toHaveLength(10);
    expect(times(store, 'own')).toHaveLength(10);
    const copy = bench.directory();
    cpSync(join(dir, 'log.db'), join(copy, 'log.db'));
    cpSync(join(dir, 'log.db-wal'), join(copy, 'log.db-wal'));
    expect(times(bench.open(copy), 'up')).toHaveLength(10);

    rmdirSync(place);
    await store.flush();
    expect(store.degraded()).toBeUndefined();
    expect(events.map(({ message }) => message)).toContain('samples can be moved to partitions again');
    expect(store.stats().flush).toMatchObject({ failures: 3, samples: 20 });
    expect(await registry.metrics()).toMatch(/^belfry_tsdb_degraded 0$/m);
    expect(times(store, 'up')).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(times(store, 'own')).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test('holds no memory of the head once it can be written again', async () => {
    /** A source that is wider from scrape to scrape: its ring is made anew, and what it had before is free again. */
    const grownBytes = async (fails: boolean): Promise<number> => {
      const dir = bench.directory();
      const store = bench.open(dir, { clock: fakeClock() });
      const place = join(dir, '19700101.hot.db');
      const source = store.source('a');
      const scrape = (width: number): void => {
        source.begin(width);
        for (let i = 0; i < width; i++) source.set(source.slot(labelsFromObject({ i: `${i}` })), i);
        source.commit();
      };
      scrape(10);
      if (fails) {
        mkdirSync(place);
        await expect(store.flush()).rejects.toThrow('flush failed');
        rmdirSync(place);
      }
      await store.flush();
      for (let width = 50; width < 5000; width *= 2) scrape(width);
      await store.flush();
      return store.stats().headBytes;
    };
    expect(await grownBytes(true)).toBe(await grownBytes(false));
  });
});

describe('a day that the disk does not let be written', () => {
  const DAY = 86_400_000;

  /** Lets one step on the first day's file fail, and says on which files it was tried. */
  function failing(step: 'mergeStep' | 'checkpoint') {
    const tried = new Set<string>();
    const real = HotPartition.prototype[step] as (this: HotPartition, now: number) => never;
    const spy = vi.spyOn(HotPartition.prototype, step).mockImplementation(function (this: HotPartition, now) {
      tried.add(basename(this.file));
      if (this.file.endsWith('19700101.hot.db')) {
        throw new Database.SqliteError('disk I/O error', 'SQLITE_IOERR_WRITE');
      }
      return real.call(this, now);
    });
    return { tried, mend: () => spy.mockRestore() };
  }

  test('keeps neither other days nor the log from being synced', async () => {
    const dir = bench.directory();
    const store = bench.open(dir);
    for (const day of [0, DAY]) store.append(own, day, 1);
    const { tried, mend } = failing('checkpoint');
    await expect(store.flush()).rejects.toThrow('disk I/O error');
    expect([...tried]).toEqual(['19700101.hot.db', '19700102.hot.db']);
    // The log's file alone, without what waits to be copied into it, has them.
    const copy = bench.directory();
    cpSync(join(dir, 'log.db'), join(copy, 'log.db'));
    expect(times(bench.open(copy), 'own')).toEqual([0, DAY / 1000]);
    mend();
    await store.flush();
  });

  test('keeps no other day from being merged, is tried again in a minute, and named once', async () => {
    const clock = fakeClock(DAY + 8 * 3600_000);
    const events: LoggedEvent[] = [];
    const store = bench.open(bench.directory(), { clock, log: silentLog(events) });
    for (let part = 0; part < 4; part++) {
      for (const day of [DAY - 4 * 3600_000, DAY]) {
        for (let n = 0; n < 50; n++) store.append(own, day + 1000 * (50 * part + n), n / 7);
      }
      await store.flush();
    }
    const { tried, mend } = failing('mergeStep');
    store.append(own, DAY - 1000, 1);
    store.append(own, DAY + 3600_000, 1);
    await store.flush();
    expect([...tried]).toEqual(['19700101.hot.db', '19700102.hot.db']);
    await clock.advance('5m');
    const complaints = () => events.filter(({ level }) => level === 'error');
    expect(complaints().map(({ fields, message }) => [fields.day, message])).toEqual([
      ['1970-01-01', 'blocks of a day cannot be merged; trying again in a minute'],
    ]);
    mend();
    await clock.advance('2m');
    expect(complaints()).toHaveLength(1);
    expect(contents(store).own).toHaveLength(402);
  });
});

describe('the background worker', () => {
  test('is replaced when it dies, and nothing is missing', async () => {
    const dir = threads.directory();
    const clock = fakeClock();
    const store = threads.open(dir, { clock });
    await tenRows(store);
    await store.flush();
    store.append(own, 20_000, 20);
    await threads.killWorkers();
    await expect(store.flush().then(() => store.flush())).resolves.toBeUndefined();
    expect(times(store, 'own')).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 20]);
    expect(existsSync(join(dir, '19700101.hot.db')) || existsSync(join(dir, '19700101.db'))).toBe(true);
  });
});

describe('the reserve', () => {
  test('takes room, gives it up once, and takes it again', async () => {
    const dir = bench.directory();
    const reserve = createReserve(dir);
    expect(reserve.giveUp()).toBe(false);
    await reserve.restore();
    expect(statSync(join(dir, 'reserve')).size).toBe(256 * 1024);
    expect(createReserve(dir).giveUp()).toBe(true);
    expect(readdirSync(dir)).toEqual([]);
    expect(reserve.giveUp()).toBe(true);
    expect(reserve.giveUp()).toBe(false);
    writeFileSync(join(dir, 'data'), new Uint8Array(50 * 2 ** 20));
    await reserve.restore();
    expect(statSync(join(dir, 'reserve')).size).toBe(2 ** 20);
  });
});

describe('a disk that stays full', () => {
  test('costs the oldest rows once memory is spent, and growing stops', () => {
    const clock = fakeClock();
    const store = bench.open(bench.directory(), { clock, maxHeadBytes: 1 << 20 });
    const source = store.source('a');
    const slots = Array.from({ length: 500 }, (_, i) =>
      source.slot(labelsFromObject({ __name__: 'm', i: String(i) })),
    );
    // Nothing is flushed, because the clock stands still.
    for (let row = 0; row < 2000; row++) {
      source.begin(row);
      for (const slot of slots) source.set(slot, row);
      source.commit();
    }
    const { headBytes, lostRows } = store.stats();
    expect(headBytes).toBeLessThan(3 << 20);
    const kept = contents(store)['m{i="7"}']!;
    expect(kept).toHaveLength(2000 - lostRows);
    expect(kept.at(-1)).toEqual([1999, '1999']);
    expect(lostRows).toBeGreaterThan(1000);
  });
});

describe('upkeep', () => {
  test('seals days that are over, again when something came late', async () => {
    const start = Date.UTC(2026, 0, 1, 20);
    const clock = fakeClock(start);
    const dir = bench.directory();
    const store = bench.open(dir, { clock });
    const source = store.source('a');
    const slot = source.slot(up);
    for (let row = 0; row < 500; row++) {
      source.begin(start + 60_000 * row);
      source.set(slot, row);
      source.commit();
    }
    const partitions = (): string[] => readdirSync(dir).filter((name) => /^2026.*\.db$/.test(name));
    await store.flush();
    expect(partitions()).toEqual(['20260101.hot.db', '20260102.hot.db']);
    await clock.advance('6h');
    expect(partitions()).toEqual(['20260101.db', '20260102.hot.db']);
    expect(contents(store).up).toHaveLength(500);
    store.append(own, start, 1);
    store.append(up, start + 1, 2);
    await store.flush();
    expect(partitions()).toEqual(['20260101.db', '20260101.hot.db', '20260102.hot.db']);
    expect(contents(store).up).toHaveLength(501);
    await clock.advance('2h');
    expect(partitions()).toEqual(['20260101.db', '20260102.hot.db']);
    expect(contents(store).up).toHaveLength(501);
    expect(contents(store).own).toEqual([[start, '1']]);
    const { upkeep } = store.stats();
    expect(upkeep).toMatchObject({ seals: 2, sealFailures: 0, removedByTime: 0 });
    expect(upkeep.files).toMatchObject({ hot: { count: 1 }, sealed: { count: 1 } });
    expect(upkeep.files.sealed.bytes).toBe(statSync(join(dir, '20260101.db')).size);
  });

  test('removes days past their retention, and says when a sample is too old', async () => {
    const clock = fakeClock(Date.UTC(2026, 0, 20));
    const dir = bench.directory();
    const day = 86_400_000;
    const store = bench.open(dir, { clock, retention: { timeMs: 15 * day, sizeBytes: 0 } });
    for (const age of [16, 14, 13, 2]) {
      expect(store.append(own, clock.now() - age * day, age)).toBe(age > 15 ? 'too_old' : 'ok');
    }
    await store.flush();
    expect(contents(store).own!.map(([, value]) => value)).toEqual(['14', '13', '2']);
    clock.jump(2 * day);
    await clock.advance('2m');
    expect(contents(store).own!.map(([, value]) => value)).toEqual(['13', '2']);
    store.setRetention({ timeMs: day, sizeBytes: 0 });
    await store.flush();
    expect(contents(store)).toEqual({});
  });

  test('trims the log once partitions are synced', async () => {
    const clock = fakeClock();
    const store = bench.open(bench.directory(), { clock });
    const source = store.source('a');
    const slot = source.slot(up);
    for (let row = 0; row < 400; row++) {
      source.begin(clock.now());
      source.set(slot, row);
      source.commit();
      store.append(own, clock.now(), row);
      await clock.advance('1s');
    }
    expect(store.stats().log.rowsWritten).toBeGreaterThanOrEqual(400);
    await store.flush();
    source.begin(clock.now());
    source.commit();
    await clock.advance('5s');
    await store.flush();
    expect(store.stats().log.rows).toBeLessThan(20);
    expect(contents(store).up).toHaveLength(401);
  });

  test('forgets a source that nobody opened for ten minutes, not its samples', async () => {
    const clock = fakeClock();
    const dir = await closedStore(bench);
    const store = bench.open(dir, { clock });
    const before = store.stats().headBytes;
    expect(before).toBeGreaterThan(0);
    await clock.advance('15m');
    expect(store.stats().headBytes).toBe(0);
    expect(times(store, 'up')).toHaveLength(10);
    const source = store.source('a');
    source.begin(50_000);
    source.set(source.slot(up), 50);
    expect(source.commit()).toEqual({ appended: 1, seriesAdded: 1, wentStale: 0 });
    expect(times(store, 'up')).toHaveLength(11);
    await bench.close(store);
    expect(times(bench.open(dir), 'up')).toHaveLength(11);
  });

  test('slots of series that left are given to others', async () => {
    const store = bench.open(bench.directory());
    const source = store.source('a');
    let released = 0;
    let highest = 0;
    for (let row = 0; row < 200; row++) {
      source.begin(1000 * row);
      const slot = source.slot(labelsFromObject({ __name__: 'm', version: String(row >> 3) }));
      highest = Math.max(highest, slot);
      source.set(slot, row);
      source.commit();
      if (row % 40 === 39) {
        await store.flush();
        released += source.releaseUnused().length;
      }
    }
    expect(highest).toBeLessThan(15);
    expect(released).toBeGreaterThan(10);
    const found = contents(store);
    for (let version = 0; version < 25; version++) {
      expect(found[`m{version="${version}"}`]!.map(([, value]) => value).slice(0, 8)).toEqual(
        Array.from({ length: 8 }, (_, i) => String(version * 8 + i)),
      );
    }
  });
});

describe('a clock that is set', () => {
  test.each([3_600_000, -3_600_000])('by %d ms costs no sample, and the store goes on', async (by) => {
    const start = Date.UTC(2026, 0, 1, 23, 30);
    const clock = fakeClock(start);
    const dir = bench.directory();
    const store = bench.open(dir, { clock, retention: { timeMs: 86_400_000, sizeBytes: 0 } });
    const source = store.source('a');
    const slot = source.slot(up);
    const taken: number[] = [];
    const owns: number[] = [];
    const scrape = async (times: number): Promise<void> => {
      for (let n = 0; n < times; n++) {
        // What is not later than the source's last scrape is refused; samples with their own times may come in any order.
        if (source.begin(clock.now())) {
          source.set(slot, 1);
          source.commit();
          taken.push(clock.now());
        }
        if (store.append(own, clock.now(), 1) === 'ok') owns.push(clock.now());
        await clock.advance('1m');
      }
    };
    await scrape(20);
    clock.jump(by);
    await scrape(80);
    await store.flush();
    clock.jump(-by);
    await scrape(80);
    const expected = (all: number[]) => [...new Set(all)].sort((a, b) => a - b);
    const at = (series: string) => contents(store)[series]!.map(([time]) => time);
    expect(at('up')).toEqual(expected(taken));
    expect(at('own')).toEqual(expected(owns));
    expect(taken.length).toBeGreaterThanOrEqual(120);
    expect(owns.length).toBeGreaterThanOrEqual(120);
    await bench.close(store);
    const again = bench.open(dir, { clock });
    expect(contents(again).up).toHaveLength(expected(taken).length);
  });
});
