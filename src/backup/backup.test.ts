import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import { Registry } from 'prom-client';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { labelsFromObject } from '../model/labels.ts';
import { openDatabase } from '../sqlite/database.ts';
import { lockFile } from '../sqlite/lock.ts';
import { type FakeClock, fakeClock } from '../testing/fake-clock.ts';
import { silentLog } from '../testing/silent-log.ts';
import { DataDirectoryError, lockDirectory } from '../tsdb/directory.ts';
import { always, contents, storeBench } from '../tsdb/store.fixture.ts';
import type { Store } from '../tsdb/store.ts';
import { backupName, listBackups, rotateBackups, verifyBackup, writeBackup } from './backup.ts';
import { createBackups } from './backups.ts';
import { copyData } from './copy.ts';
import { BackupError } from './manifest.ts';
import { NotEmptyError, restoreBackup } from './restore.ts';
import { serveBackups } from './service.ts';

const bench = storeBench();
const threads = storeBench('worker');
const scratch = mkdtempSync(join(tmpdir(), 'belfry-backup-'));
let count = 0;
const fresh = (): string => join(scratch, String(++count));
afterEach(async () => {
  await bench.clean();
  await threads.clean();
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const NOW = Date.UTC(2026, 0, 3, 4, 5, 6);
const up = labelsFromObject({ __name__: 'up' });
const deps = { addon: undefined };

/** A store with a sealed day, a hot one, and samples in the log; and a state database. */
async function filled(clock: FakeClock = fakeClock(NOW)): Promise<{ store: Store; dir: string }> {
  const dir = bench.directory();
  const first = bench.open(dir, { clock });
  for (let hour = 0; hour < 50; hour++) first.append(up, Date.UTC(2026, 0, 1) + hour * 3_600_000, hour);
  await first.flush();
  await bench.close(first);
  // Days that are over are sealed after an hour without samples, or by the next process.
  const store = bench.open(dir, { clock });
  store.append(up, Date.UTC(2026, 0, 3, 2), 50);
  await store.flush();
  store.append(up, NOW, 99);
  await store.committed();
  const db = openDatabase(join(dir, 'state.db'), { addon: undefined });
  db.exec("CREATE TABLE silences (id TEXT); INSERT INTO silences VALUES ('s1')");
  db.close();
  return { store, dir };
}

async function backedUp(): Promise<{ store: Store; dir: string; directory: string; path: string }> {
  const made = await filled();
  const directory = fresh();
  const { path } = await writeBackup({ source: made.dir, directory, now: NOW, version: '1' }, deps);
  return { ...made, directory, path };
}

/** A copy of one backup, to be damaged. */
let pristine: string | undefined;
async function damageable(): Promise<string> {
  pristine ??= (await backedUp()).path;
  const copy = fresh();
  cpSync(pristine, copy, { recursive: true });
  return copy;
}

const restore = (backup: string, dir: string, force = false) =>
  restoreBackup({ backup, dir, force, now: NOW }, undefined);

describe('a backup of a running store', () => {
  test('holds what memory, log, partitions and state held, and checksums', async () => {
    const { store, path } = await backedUp();
    expect(readdirSync(path).sort()).toEqual([
      '20260101.db',
      '20260102.db',
      '20260103.hot.db',
      'log.db',
      'manifest.json',
      'state.db',
    ]);
    const { createdAt, version, files } = verifyBackup(path);
    expect({ createdAt, version }).toEqual({ createdAt: '2026-01-03T04:05:06.000Z', version: '1' });
    expect(files).toHaveLength(5);
    const dir = fresh();
    expect(restore(path, dir).replaced).toBeUndefined();
    expect(contents(bench.open(dir))).toEqual(contents(store));
    const db = openDatabase(join(dir, 'state.db'), { addon: undefined });
    expect(db.prepare('SELECT id FROM silences').pluck().all()).toEqual(['s1']);
    db.close();
  });

  test('is of one moment, while samples come, are moved to partitions and days are sealed', async () => {
    const dir = threads.directory();
    const store = threads.open(dir, { clock: fakeClock(NOW) });
    const at = (row: number): number => Date.UTC(2026, 0, 1) + row * 60_000;
    let row = 0;
    let isDone = false;
    const write = async (): Promise<void> => {
      while (!isDone) {
        for (let n = 0; n < 40; n++, row++) store.append(up, at(row), row);
        await store.committed();
        await store.flush();
      }
    };
    const writing = write();
    for (let round = 0; round < 6; round++) {
      const before = row;
      await store.committed();
      const target = fresh();
      mkdirSync(target);
      await copyData({ source: dir, target, ...deps });
      const times = contents(bench.open(target)).up?.map(([time]) => time) ?? [];
      expect(times.length).toBeGreaterThanOrEqual(before);
      expect(times).toEqual(times.map((_, i) => at(i)));
      await bench.clean();
    }
    isDone = true;
    await writing;
  });

  test('goes on without what is damaged already, and says so', async () => {
    const { store, dir } = await filled();
    await store.flush();
    await bench.close(store);
    const db = openDatabase(join(dir, '20260101.db'), { addon: undefined });
    const blob = db.prepare('SELECT b FROM block').pluck().get() as Buffer;
    blob[10]! ^= 1;
    db.prepare('UPDATE block SET b = ?').run(blob);
    db.pragma('journal_mode = DELETE');
    db.close();
    const { damaged, path } = await writeBackup(
      { source: dir, directory: fresh(), now: NOW, version: '1' },
      deps,
    );
    expect(damaged).toEqual([expect.stringMatching(/^20260101\.db: table block, row 0: checksum is/)]);
    expect(verifyBackup(path).files).toHaveLength(5);
  });

  test('whose copy is damaged on its way is none: the error names the file, and nothing is left', async () => {
    const { store, dir } = await filled();
    await store.flush();
    await bench.close(store);
    const directory = fresh();
    const onProgress = (done: number, total: number): void => {
      if (done < total) return;
      const partial = readdirSync(directory).find((name) => name.endsWith('.partial'))!;
      const db = openDatabase(join(directory, partial, '20260101.db'), { addon: undefined });
      db.prepare("UPDATE block SET b = x'00'").run();
      db.pragma('journal_mode = DELETE');
      db.close();
    };
    const request = { source: dir, directory, now: NOW, version: '1' };
    await expect(writeBackup(request, { ...deps, onProgress })).rejects.toThrow(
      /20260101\.db is damaged: table block/,
    );
    expect(readdirSync(directory)).toEqual(['.lock.db']);
  });

  test('that cannot be written leaves nothing', async () => {
    const { dir } = await filled();
    const file = fresh();
    writeFileSync(file, '');
    await expect(
      writeBackup({ source: dir, directory: join(file, 'x'), now: NOW, version: '1' }, deps),
    ).rejects.toThrow('takes no backup: it is not a directory');
  });

  test('of the same second gets a name of its own, and is the newer one', async () => {
    const { dir, directory, path } = await backedUp();
    const again = await writeBackup({ source: dir, directory, now: NOW, version: '1' }, deps);
    expect(again.name).toBe('belfry-20260103T040506Z.2');
    expect(listBackups(directory).map((one) => one.path)).toEqual([again.path, path]);
    expect(rotateBackups(directory, 1)).toEqual(['belfry-20260103T040506Z']);
  });

  test('is not written while another one is written to the same directory, whose files stay', async () => {
    const { dir } = await filled();
    const directory = fresh();
    const other = join(directory, 'belfry-20260103T040000Z.partial');
    mkdirSync(other, { recursive: true });
    const lock = lockFile(join(directory, '.lock.db'), undefined)!;
    const write = (): Promise<unknown> =>
      writeBackup({ source: dir, directory, now: NOW, version: '1' }, deps);
    await expect(write()).rejects.toThrow(`another backup is being written to ${directory}`);
    expect(existsSync(other)).toBe(true);
    lock.release();
    await write();
    expect(existsSync(other)).toBe(false);
  });
});

describe('a damaged backup', () => {
  test.each([
    [
      'a flipped bit',
      (file: string) => {
        const bytes = readFileSync(file);
        bytes[bytes.length >> 1]! ^= 1;
        writeFileSync(file, bytes);
      },
      /20260102\.db: expected SHA-256 \w{64}, found \w{64}/,
    ],
    [
      'a lost tail',
      (file: string) => truncateSync(file, statSync(file).size - 1),
      /20260102\.db: expected \d+ bytes, found \d+/,
    ],
    ['a lost file', (file: string) => rmSync(file), /20260102\.db is missing/],
    [
      'a lost manifest',
      (file: string) => rmSync(join(file, '..', 'manifest.json')),
      /is no backup: it has no manifest\.json/,
    ],
  ])('is refused and the file named: %s', async (_what, damage, message) => {
    const path = await damageable();
    damage(join(path, '20260102.db'));
    const dir = fresh();
    expect(() => restore(path, dir)).toThrow(BackupError);
    expect(() => restore(path, dir)).toThrow(message);
    expect(existsSync(dir)).toBe(false);
  });

  test('cannot name files outside of itself', async () => {
    const path = await damageable();
    const file = join(path, 'manifest.json');
    writeFileSync(file, readFileSync(file, 'utf8').replace('"log.db"', '"../log.db"'));
    expect(() => restore(path, fresh())).toThrow(`${file} is incomplete`);
  });

  test.each(['null', '[]', '{"format":1}', '{"format":1,"files":7}', '{"format":1,"files":[null]}'])(
    'with the manifest %s is none, and keeps no others from being listed',
    async (text) => {
      const path = await damageable();
      writeFileSync(join(path, 'manifest.json'), text);
      expect(() => verifyBackup(path)).toThrow(BackupError);
      expect(listBackups(join(path, '..')).map((one) => one.path)).not.toContain(path);
    },
  );
});

describe('a restore', () => {
  test('does not touch data without being told to, and then sets it aside', async () => {
    const { path } = await backedUp();
    const dir = bench.directory();
    const store = bench.open(dir);
    store.append(up, NOW, -1);
    await bench.close(store);
    const before = readdirSync(dir).sort();
    expect(() => restore(path, dir)).toThrow(NotEmptyError);
    expect(readdirSync(dir).sort()).toEqual(before);
    const { replaced } = restore(path, dir, true);
    expect(replaced).toBe(join(dir, 'replaced-20260103T040506Z'));
    expect(contents(bench.open(dir)).up).toHaveLength(52);
    expect(readdirSync(replaced!)).toContain('log.db');
    rmSync(join(replaced!, 'lock.db'), { force: true });
    expect(contents(bench.open(replaced!)).up).toEqual([[NOW, '-1']]);
  });

  test.each([
    'log.db',
    'state.db',
    'remote.db',
    '20260101.db',
    '20260101.hot.db',
    'change.json',
    'quarantine',
    'anything',
  ])(
    'takes %s alone for data, sets it aside when told to, and leaves backups and cache where they are',
    async (name) => {
      const { path } = await backedUp();
      const dir = fresh();
      for (const one of ['cache', 'backups', 'snapshots']) mkdirSync(join(dir, one), { recursive: true });
      writeFileSync(join(dir, name), 'mine');
      expect(() => restore(path, dir)).toThrow(NotEmptyError);
      expect(readFileSync(join(dir, name), 'utf8')).toBe('mine');
      const { replaced } = restore(path, dir, true);
      expect(readdirSync(replaced!)).toEqual([name]);
      expect(readFileSync(join(replaced!, name), 'utf8')).toBe('mine');
      expect(readdirSync(dir)).toEqual(expect.arrayContaining(['cache', 'backups', 'snapshots', 'log.db']));
    },
  );

  test('is refused while a server uses the directory', async () => {
    const { path, dir } = await backedUp();
    expect(() => restore(path, dir, true)).toThrow(DataDirectoryError);
    expect(() => restore(path, dir, true)).toThrow('is in use by another process');
  });

  test('that was cut off keeps a server from starting, until it is done again', async () => {
    const { path } = await backedUp();
    const dir = fresh();
    restore(path, dir);
    writeFileSync(join(dir, 'restore-unfinished'), '');
    rmSync(join(dir, 'log.db'));
    expect(() => lockDirectory(dir, undefined)).toThrow('a restore was cut off there');
    expect(() => bench.open(dir)).toThrow('a restore was cut off there');
    restore(path, dir, true);
    expect(contents(bench.open(dir)).up).toHaveLength(52);
  });
});

describe('rotation', () => {
  test('keeps the newest whole backups and touches nothing else', async () => {
    const { dir } = await filled();
    const directory = fresh();
    for (let day = 0; day < 4; day++) {
      await writeBackup({ source: dir, directory, now: NOW + day * 86_400_000, version: '1' }, deps);
    }
    mkdirSync(join(directory, 'belfry-20250101T000000Z'));
    mkdirSync(join(directory, 'mine'));
    expect(rotateBackups(directory, 2)).toEqual(['belfry-20260104T040506Z', 'belfry-20260103T040506Z']);
    expect(listBackups(directory).map(({ name }) => name)).toEqual([
      'belfry-20260106T040506Z',
      'belfry-20260105T040506Z',
    ]);
    expect(readdirSync(directory).sort()).toEqual([
      '.lock.db',
      'belfry-20250101T000000Z',
      'belfry-20260105T040506Z',
      'belfry-20260106T040506Z',
      'mine',
    ]);
  });

  test('with damage in all that are kept the newest whole one stays, until there is a newer whole one', async () => {
    const { store, dir } = await filled();
    await store.flush();
    await bench.close(store);
    const directory = fresh();
    const write = (day: number) =>
      writeBackup({ source: dir, directory, now: NOW + day * 86_400_000, version: '1' }, deps);
    const whole = [await write(0), await write(1)];
    const kept = join(fresh(), '20260101.db');
    cpSync(join(dir, '20260101.db'), kept);
    const db = openDatabase(join(dir, '20260101.db'), { addon: undefined });
    db.prepare("UPDATE block SET b = x'00'").run();
    db.pragma('journal_mode = DELETE');
    db.close();
    const damaged = [await write(2), await write(3), await write(4)];
    expect(damaged.map((one) => one.damaged.length)).toEqual([1, 1, 1]);
    expect(rotateBackups(directory, 2)).toEqual([damaged[0]!.name, whole[0]!.name]);
    expect(verifyBackup(whole[1]!.path).damaged).toBeUndefined();
    expect(verifyBackup(damaged[2]!.path).damaged).toEqual(['20260101.db']);
    cpSync(kept, join(dir, '20260101.db'));
    await write(5);
    expect(rotateBackups(directory, 2)).toEqual([damaged[1]!.name, whole[1]!.name]);
  });

  test('that is killed at any step leaves nothing behind', async () => {
    const { dir } = await filled();
    const directory = fresh();
    const first = await writeBackup({ source: dir, directory, now: NOW, version: '1' }, deps);
    const kept = join(fresh(), 'kept');
    cpSync(first.path, kept, { recursive: true });
    let now = NOW;
    const add = (): void => cpSync(kept, join(directory, backupName((now += 1000))), { recursive: true });
    const preload = new URL('../testing/kill-at-change.ts', import.meta.url).href;
    const script = `${import.meta.dirname}/rotation-child.fixture.ts`;
    for (let killAt = 1; ; killAt++) {
      for (let count = listBackups(directory).length; count < 3; count++) add();
      const env = { ...process.env, KILL_AT: String(killAt) };
      const { signal, status } = spawnSync(process.execPath, ['--import', preload, script, directory], {
        env,
      });
      for (const whole of listBackups(directory)) verifyBackup(whole.path);
      if (signal === null) {
        expect(status).toBe(0);
        expect(killAt).toBeGreaterThan(5);
        break;
      }
      expect(signal).toBe('SIGKILL');
    }
    await writeBackup({ source: dir, directory, now: now + 1000, version: '1' }, deps);
    rotateBackups(directory, 2);
    expect(readdirSync(directory).filter((name) => name.startsWith('belfry-'))).toHaveLength(2);
  });
});

describe('backups of a server', () => {
  /** With the thread's work done in this one. */
  async function manager() {
    const clock = fakeClock(NOW);
    const { store, dir } = await filled(clock);
    const registry = new Registry();
    const events = silentLog();
    const backups = createBackups({
      clock,
      log: events,
      registry,
      dataDir: dir,
      version: '1',
      startThread() {
        const { port1, port2 } = new MessageChannel();
        serveBackups(port2, undefined);
        return { port: port1, onExit: () => {}, end: () => port1.close() };
      },
      exclusively: store.exclusively,
      sync: () => store.sync(),
    });
    const metric = async (name: string): Promise<number | undefined> =>
      Number(new RegExp(`^${name} (.*)$`, 'm').exec(await registry.metrics())?.[1]);
    return { clock, store, dir, backups, metric, events: events.events };
  }

  /** Until a real thread's work is done, however long the clock stands still. */
  async function settled(isSettled: () => boolean): Promise<void> {
    while (!isSettled()) await new Promise((resolve) => setTimeout(resolve, 2));
  }

  test('are written by schedule, in its time zone, and the oldest go', async () => {
    const { clock, dir, backups, metric } = await manager();
    backups.apply({ schedule: '30 5 * * *', timezone: 'Europe/Berlin', keep: 2 });
    expect(await metric('belfry_backup_last_success_timestamp_seconds')).toBe(0);
    for (let day = 0; day < 3; day++) {
      await clock.advance(30 * 60_000);
      await settled(() => !backups.status().isRunning && backups.list().length === Math.min(2, day + 1));
      clock.jump(86_400_000 - 30 * 60_000);
    }
    expect(backups.list().map(({ name }) => name)).toEqual([
      'belfry-20260105T043000Z',
      'belfry-20260104T043000Z',
    ]);
    expect(readdirSync(join(dir, 'backups')).filter((name) => name !== '.lock.db')).toHaveLength(2);
    expect(await metric('belfry_backup_last_success_timestamp_seconds')).toBe(
      Date.UTC(2026, 0, 5, 4, 30) / 1000,
    );
    expect(await metric('belfry_backups_total{result="ok"}')).toBe(3);
    expect(backups.status()).toMatchObject({
      schedule: '30 5 * * *',
      lastSuccess: '2026-01-05T04:30:00.000Z',
      last: { name: 'belfry-20260105T043000Z', damaged: [] },
    });
    backups.stop();
  });

  test('that fail are told, counted, and leave the older ones', async () => {
    const { dir, backups, metric, events } = await manager();
    await backups.run();
    const file = fresh();
    writeFileSync(file, '');
    backups.apply({ directory: join(file, 'x'), keep: 1 });
    await expect(backups.run()).rejects.toThrow('takes no backup: it is not a directory');
    expect(backups.status().last).toMatchObject({ error: expect.stringContaining('it is not a directory') });
    expect(await metric('belfry_backup_last_failed')).toBe(1);
    expect(await metric('belfry_backups_total{result="failed"}')).toBe(1);
    expect(events.at(-1)).toMatchObject({ level: 'error', message: 'backup failed' });
    expect(listBackups(join(dir, 'backups'))).toHaveLength(1);
    backups.apply({ directory: join(dir, 'backups'), keep: 1 });
    expect(backups.status().lastSuccess).toBe('2026-01-03T04:05:06.000Z');
  });

  test('and deletions wait for each other', async () => {
    const { store, backups } = await manager();
    const [written, deleted] = await Promise.all([
      backups.run(),
      store.delete({ selectors: [[{ name: '__name__', op: '=', value: 'up' }]], range: always }, false),
    ]);
    expect(deleted.samples).toBe(52);
    expect(contents(store)).toEqual({});
    const dir = fresh();
    restore(written.path, dir);
    expect(contents(bench.open(dir)).up).toHaveLength(52);
  });

  test('give the files of a backup and no others', async () => {
    const { backups } = await manager();
    const { name, path } = await backups.run();
    expect(backups.fileOf(name, 'log.db')).toBe(join(path, 'log.db'));
    expect(backups.fileOf(name, 'manifest.json')).toBe(join(path, 'manifest.json'));
    for (const other of ['../log.db', 'lock.db', '', '..'])
      expect(backups.fileOf(name, other)).toBeUndefined();
    expect(backups.fileOf('..', 'log.db')).toBeUndefined();
  });

  test.each([false, true])(
    'a snapshot is a directory one can start with; without the head: %s',
    async (skipHead) => {
      const { store, dir, backups } = await manager();
      const name = await backups.snapshot(skipHead);
      expect(name).toMatch(/^20260103T040506Z-[0-9a-f]{16}$/);
      const place = join(dir, 'snapshots', name);
      expect(statSync(join(place, '20260101.db')).ino).toBe(statSync(join(dir, '20260101.db')).ino);
      const deletion = { selectors: [[{ name: '__name__', op: '=', value: 'up' } as const]], range: always };
      await store.delete(deletion, false);
      expect(contents(bench.open(place)).up).toHaveLength(skipHead ? 51 : 52);
    },
  );
});
