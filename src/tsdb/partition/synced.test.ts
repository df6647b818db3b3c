import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openHotPartition } from './hot.ts';
import { openPartitionReader } from './reader.ts';
import { batch, DAY, entry, ownColumn, scratchDirectory, sealAll } from './testing.ts';

const HOT = '20260102.hot.db';
const SEALED = '20260102.db';

/** What was synced, and which partitions stood under their names by then. */
const synced: string[] = [];
let directory: ReturnType<typeof scratchDirectory>;

vi.mock('./files.ts', async (original) => {
  const files = await original<typeof import('./files.ts')>();
  const noted =
    (sync: (path: string) => void) =>
    (path: string): void => {
      sync(path);
      const what = path === directory.path ? 'directory' : basename(path);
      const there = [HOT, SEALED].filter((name) => existsSync(join(directory.path, name)));
      synced.push(`${what} with ${there.join(' and ') || 'nothing'}`);
    };
  return { syncFile: noted(files.syncFile), syncDirectory: noted(files.syncDirectory) };
});

beforeEach(() => {
  directory = scratchDirectory();
  synced.length = 0;
});
afterEach(() => directory.remove());

const open = () => openHotPartition(join(directory.path, HOT), { addon: undefined, day: DAY });
const one = batch({ series: [entry(1, 0, { __name__: 'm' })], own: [ownColumn(1, [[1, 2]])] });

test('a new file is on the disk before it gets its name, and its name before it is used', () => {
  const writer = open();
  expect(synced).toEqual([`${HOT}.making with nothing`, `directory with ${HOT}`]);
  writer.close();
});

test('a sealed file is on the disk before it gets its name, and its name before the hot one goes', () => {
  const writer = open();
  writer.append(one);
  writer.checkpoint();
  writer.close();
  synced.length = 0;
  sealAll(directory.path);
  expect(synced).toEqual([
    `${SEALED}.sealing with ${HOT}`,
    `directory with ${HOT} and ${SEALED}`,
    `directory with ${SEALED}`,
  ]);
});

test('a checkpoint that a reader holds back syncs the write-ahead log instead', () => {
  const writer = open();
  writer.append(one);
  const reader = openPartitionReader(join(directory.path, HOT), { addon: undefined });
  reader.begin();
  writer.append(batch({ own: [ownColumn(1, [[2, 3]])] }));
  synced.length = 0;
  writer.checkpoint();
  expect(synced).toEqual([`${HOT}-wal with ${HOT}`]);
  reader.end();
  writer.checkpoint();
  expect(synced).toHaveLength(1);
  reader.close();
  writer.close();
});
