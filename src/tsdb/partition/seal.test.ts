import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CorruptBlockError } from '../../encoding/corrupt-block.ts';
import { openDatabase } from '../../sqlite/database.ts';
import { silentLog } from '../../testing/silent-log.ts';
import { PARTITION_MS } from '../partition.ts';
import { ColumnCache } from './column-cache.ts';
import { applyRetention, listPartitions, recoverPartitions } from './directory.ts';
import { type AppendBatch, openHotPartition } from './hot.ts';
import { openPartitionReader } from './reader.ts';
import { sealDay } from './seal.ts';
import {
  batch,
  DAY,
  entry,
  ModelStore,
  ownColumn,
  readAll,
  scratchDirectory,
  sealAll,
  sourceBlock,
} from './testing.ts';

let directory: ReturnType<typeof scratchDirectory>;
let path: string;
beforeEach(() => {
  directory = scratchDirectory();
  path = directory.path;
});
afterEach(() => directory.remove());

const END = DAY + PARTITION_MS;
const HOT = '20260102.hot.db';
const SEALED = '20260102.db';
const setting = () => ({ addon: undefined, log: silentLog() });

function write(batches: readonly AppendBatch[], day = DAY, name = HOT): void {
  const writer = openHotPartition(join(path, name), { addon: undefined, day });
  for (const one of batches) writer.append(one);
  writer.close();
}

/** 40 series of one target over five blocks, two series with own times. */
function sampleDay(): AppendBatch[] {
  const series = Array.from({ length: 40 }, (_, i) => entry(i + 1, 3, { __name__: 'm', i: `${i}` }));
  const own = [entry(50, 0, { a: '1' }), entry(51, 0, { a: '2' })];
  const batches: AppendBatch[] = [];
  for (let flush = 0; flush < 5; flush++) {
    const seconds = Array.from({ length: 32 }, (_, i) => (flush * 32 + i) * 15);
    const columns = series.map(({ ref }) => [
      ref,
      seconds.map((s) => (flush === 3 && ref === 7 ? undefined : s * ref)),
    ]);
    batches.push(
      batch({
        series: [...series, ...own],
        blocks: [sourceBlock(3, seconds, Object.fromEntries(columns))],
        own: [
          ownColumn(50, [[flush, flush / 10]]),
          ownColumn(51, [
            [flush, 1],
            [flush + 100, 2],
          ]),
        ],
      }),
    );
  }
  return batches;
}

function modelOf(batches: readonly AppendBatch[]): ModelStore {
  const model = new ModelStore();
  for (const one of batches) model.append(one);
  return model;
}

function contents(file = join(path, SEALED)): ReturnType<typeof readAll> {
  const reader = openPartitionReader(file, { addon: undefined });
  try {
    return readAll(reader, DAY, END);
  } finally {
    reader.close();
  }
}

const names = (): string[] => readdirSync(path).sort();

describe('sealing', () => {
  test('leaves one file, out of WAL mode, that holds the same samples', () => {
    const day = sampleDay();
    write(day);
    expect(sealAll(path)).toMatchObject({ series: 42, hotRemains: false });
    expect(names()).toEqual([SEALED]);
    expect(contents()).toEqual(modelOf(day).read(DAY, END));
    // Bytes 18 and 19 of an SQLite file are 2 in WAL mode.
    expect([...readFileSync(join(path, SEALED)).subarray(18, 20)]).toEqual([1, 1]);
    expect(names()).toEqual([SEALED]);
  });

  test('answers the same from columns kept decoded, whatever part of the day is asked for', () => {
    write(sampleDay());
    sealAll(path);
    const cache = new ColumnCache(1 << 20);
    const kept = openPartitionReader(join(path, SEALED), { addon: undefined, cache });
    const plain = openPartitionReader(join(path, SEALED), { addon: undefined });
    for (const [from, to] of [
      [DAY, END],
      [DAY + 100_000, DAY + 100_001],
      [DAY + 1_000_000, DAY + 2_000_000],
      [DAY + 1_440_000, DAY + 1_920_000],
      [END - 1, END],
      [DAY, END],
    ]) {
      expect(readAll(kept, from!, to!)).toEqual(readAll(plain, from!, to!));
    }
    expect(cache.bytes).toBeGreaterThan(0);
    kept.close();
    plain.close();
  });

  test('takes late samples in when sealed again, and what was there first stays', () => {
    const day = sampleDay();
    write(day);
    sealAll(path);
    const late = batch({
      series: [
        entry(60, 0, { late: 'yes' }),
        entry(7, 3, { __name__: 'm', i: '6' }),
        entry(50, 0, { a: '1' }),
      ],
      own: [
        ownColumn(60, [[1, 1]]),
        ownColumn(50, [
          [3, 99],
          [77, 5],
        ]),
        ownColumn(7, [[40_000, 1]]),
      ],
    });
    write([late]);
    expect(listPartitions(path)).toEqual([{ day: DAY, hot: join(path, HOT), sealed: join(path, SEALED) }]);
    expect(sealAll(path)).toMatchObject({ series: 43, hotRemains: false });
    expect(contents()).toEqual(modelOf([...day, late]).read(DAY, END));
    expect(names()).toEqual([SEALED]);
  });

  test('keeps the hot file when it got samples meanwhile', () => {
    const day = sampleDay();
    write(day);
    const steps = sealDay({ directory: path, day: DAY, addon: undefined });
    steps.next();
    steps.next();
    const late = batch({ own: [ownColumn(50, [[500, 5]])] });
    write([late]);
    let step = steps.next();
    while (!step.done) step = steps.next();
    expect(step.value.hotRemains).toBe(true);
    expect(contents()).toEqual(modelOf(day).read(DAY, END));
    expect(recoverPartitions(path, setting())).toMatchObject([
      { hot: join(path, HOT), sealed: join(path, SEALED) },
    ]);
    expect(sealAll(path).hotRemains).toBe(false);
    expect(contents()).toEqual(modelOf([...day, late]).read(DAY, END));
  });

  test('cut off at any step, it is done again from what is there', () => {
    const day = sampleDay();
    const expected = modelOf(day).read(DAY, END);
    write(day);
    const steps = sealDay({ directory: path, day: DAY, addon: undefined });
    for (let n = 0; ; n++) {
      const copy = scratchDirectory();
      cpSync(path, copy.path, { recursive: true });
      recoverPartitions(copy.path, setting());
      expect(readdirSync(copy.path).filter((name) => name.includes('sealing'))).toEqual([]);
      sealAll(copy.path);
      expect(contents(join(copy.path, SEALED)), `cut off after step ${n}`).toEqual(expected);
      copy.remove();
      if (steps.next().done) break;
    }
    // Renamed, but the hot file is still there.
    const sealed = readFileSync(join(path, SEALED));
    write(day);
    expect(recoverPartitions(path, setting())).toHaveLength(1);
    expect(names()).toContain(HOT);
    expect(readFileSync(join(path, SEALED))).toEqual(sealed);
  });

  test('a hot file that the sealed one holds entirely goes at start', () => {
    write(sampleDay());
    const kept = readFileSync(join(path, HOT));
    sealAll(path);
    writeFileSync(join(path, HOT), kept);
    const options = setting();
    expect(recoverPartitions(path, options)).toEqual([{ day: DAY, sealed: join(path, SEALED) }]);
    expect(options.log.events.map(({ message }) => message)).toEqual(['finished a seal that was cut off']);
  });

  /** Leaves a file as a kill leaves it that falls into a transaction kept in a rollback journal. */
  function killInTransaction(file: string): void {
    const db = openDatabase(file, { addon: undefined, cacheKiB: 1 });
    db.pragma('journal_mode = DELETE');
    db.exec('BEGIN; CREATE TABLE filler (b); INSERT INTO filler VALUES (zeroblob(200000))');
    for (const suffix of ['', '-journal']) cpSync(file + suffix, `${file}.cut${suffix}`);
    db.close();
    for (const suffix of ['', '-journal']) renameSync(`${file}.cut${suffix}`, file + suffix);
  }

  test.each([HOT, SEALED])(
    'a transaction outside of WAL mode that a kill cut off in %s is undone at start',
    (name) => {
      write(sampleDay());
      if (name === SEALED) sealAll(path);
      const file = join(path, name);
      const before = contents(file);
      killInTransaction(file);
      const options = setting();
      expect(recoverPartitions(path, options)).toHaveLength(1);
      expect(options.log.events).toEqual([]);
      expect(contents(file)).toEqual(before);
      killInTransaction(file);
      expect(contents(file)).toEqual(before);
    },
  );

  test('a hot file whose making a kill cut off goes at start', () => {
    const file = join(path, HOT);
    killInTransaction(file);
    expect(recoverPartitions(path, setting())).toEqual([]);
    expect(names()).toEqual([]);
  });

  test('a file the disk does not give stays where it is and is named; the others can be used', () => {
    write(sampleDay());
    // Reading it is an error of the system, as reading a bad sector is.
    mkdirSync(join(path, '20260101.db'));
    const options = setting();
    expect(recoverPartitions(path, options)).toHaveLength(2);
    expect(options.log.events.map(({ level, message }) => [level, message])).toEqual([
      ['error', 'cannot read partition 20260101.db'],
    ]);
    expect(names()).toContain('20260101.db');
  });

  test('a day without samples leaves no file', () => {
    write([batch({ series: [entry(1, 1, { a: 'b' })] })]);
    expect(sealAll(path)).toMatchObject({ file: undefined, samples: 0, hotRemains: false });
    expect(names()).toEqual([]);
  });
});

describe('damage', () => {
  /** Overwrites 40 bytes at each of many places in turn and hands what was read to `check`; counts how often damage was found. */
  function garble(name: string, step: number, check: (found: ReturnType<typeof contents>) => void): number {
    const file = join(path, name);
    const whole = readFileSync(file);
    let damaged = 0;
    for (let at = 0; at + 40 <= whole.length; at += step) {
      const changed = Buffer.from(whole);
      changed.fill(changed[at]! ^ 0x5a, at, at + 40);
      writeFileSync(file, changed);
      let found: ReturnType<typeof contents>;
      try {
        found = contents(file);
      } catch (error) {
        if (!(error instanceof CorruptBlockError)) throw error;
        expect(error.message).toContain(file);
        damaged++;
        continue;
      }
      check(found);
    }
    return damaged;
  }

  test('a sealed file garbled anywhere is found damaged or reads as before', () => {
    const day = sampleDay();
    write(day);
    sealAll(path);
    const expected = JSON.stringify(modelOf(day).read(DAY, END));
    const damaged = garble(SEALED, 53, (found) => expect(JSON.stringify(found) === expected).toBe(true));
    expect(damaged).toBeGreaterThan(30);
  });

  test('a hot file garbled anywhere never gives samples that were not written', () => {
    const day = sampleDay();
    write(day);
    const expected = modelOf(day).read(DAY, END);
    const written = new Map(Object.entries(expected).map(([ref, samples]) => [ref, new Map(samples)]));
    const damaged = garble(HOT, 211, (found) => {
      for (const [ref, samples] of Object.entries(found)) {
        expect(samples.every(([time, bits]) => written.get(ref)!.get(time) === bits)).toBe(true);
      }
    });
    expect(damaged).toBeGreaterThan(20);
  });

  test.each([0, 1, 100, 1024, 4096, 5000])('a file cut off at byte %d is found', (length) => {
    write(sampleDay());
    sealAll(path);
    const file = join(path, SEALED);
    writeFileSync(file, readFileSync(file).subarray(0, length));
    expect(() => contents(file)).toThrow(CorruptBlockError);
  });

  test('a sealed file that has lost its directory is found', () => {
    write(sampleDay());
    sealAll(path);
    const db = openDatabase(join(path, SEALED), { addon: undefined });
    db.exec('UPDATE grp SET id = 0 WHERE id = 1');
    db.pragma('journal_mode = DELETE');
    db.close();
    expect(() => contents()).toThrow(/expected \d+ groups, found 0/);
  });

  test('a header that names a format SQLite does not know is damage, not a reason to end', () => {
    write(sampleDay());
    sealAll(path);
    const bytes = readFileSync(join(path, SEALED));
    bytes[47]! ^= 128;
    writeFileSync(join(path, SEALED), bytes);
    expect(recoverPartitions(path, setting())).toEqual([]);
    expect(readdirSync(join(path, 'quarantine'))).toEqual([SEALED]);
  });

  test('foreign and damaged files are set aside and named', () => {
    write(sampleDay());
    writeFileSync(join(path, '20260101.db'), 'not a database at all'.repeat(50));
    write([], DAY - 2 * PARTITION_MS, '20250101.hot.db');
    writeFileSync(join(path, '20260105.hot.db'), '');
    writeFileSync(join(path, '20260106.db.sealing'), 'x');
    writeFileSync(join(path, '20260107.db-wal'), 'x');
    writeFileSync(join(path, '20269999.db'), 'not one of ours');
    mkdirSync(join(path, 'quarantine'));
    writeFileSync(join(path, 'quarantine', '20260101.db'), 'an older one');
    const options = setting();
    expect(recoverPartitions(path, options)).toEqual([{ day: DAY, hot: join(path, HOT) }]);
    const quarantined = readdirSync(join(path, 'quarantine')).filter((name) => !/-(wal|shm)$/.test(name));
    expect(quarantined.sort()).toEqual(['20250101.hot.db', '20260101.db', '20260101.db.1']);
    expect(options.log.events.map(({ message }) => message)).toEqual([
      'set aside 20250101.hot.db: expected the hot partition of 2025-01-01, found a hot one of 2025-12-31',
      'set aside 20260101.db: file is not a database (SQLITE_NOTADB)',
    ]);
    expect(names().filter((name) => !name.startsWith(HOT))).toEqual(['20269999.db', 'quarantine']);
  });
});

describe('retention', () => {
  function days(count: number): void {
    for (let n = 1; n <= count; n++) {
      const day = DAY + (n - 2) * PARTITION_MS;
      write([], day, `2026010${n}.hot.db`);
    }
  }

  test('removes days that ended before the instant given', () => {
    days(4);
    const removed = applyRetention(path, { keepFrom: DAY + PARTITION_MS });
    expect(removed.map(({ day, reason }) => [day, reason])).toEqual([
      [DAY - PARTITION_MS, 'time'],
      [DAY, 'time'],
    ]);
    expect(names()).toEqual(['20260103.hot.db', '20260104.hot.db']);
  });

  test('removes the oldest days beyond the size, never the newest', () => {
    days(4);
    const size = statSync(join(path, '20260101.hot.db')).size;
    expect(applyRetention(path, { maxBytes: 2 * size }).map(({ reason }) => reason)).toEqual([
      'size',
      'size',
    ]);
    expect(applyRetention(path, { maxBytes: 1 })).toHaveLength(1);
    expect(names()).toEqual(['20260104.hot.db']);
    expect(existsSync(join(path, '20260104.hot.db'))).toBe(true);
  });
});
