import { existsSync, linkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { openDatabase, type SqliteAddon, type SqliteDatabase } from '../sqlite/database.ts';
import { listPartitions } from '../tsdb/partition/directory.ts';
import { syncDirectory, syncFile } from '../tsdb/partition/files.ts';

/** What is copied beside the partitions; what the head holds is in the log. */
const LOG = 'log.db';
const STATE = 'state.db';
/** Pages copied before others of the thread get their turn: 1 MiB. */
const PAGES_PER_STEP = 256;
/** Times the directory is listed because a day was sealed or removed between listing and opening it. */
const MAX_LISTINGS = 20;

export interface CopyOptions {
  readonly source: string;
  /** An existing, empty directory. */
  readonly target: string;
  readonly addon: SqliteAddon;
  /** Leaves out what is in no partition yet. */
  readonly skipHead?: boolean;
  /** Sealed days, which never change, become second names of the same files where the file system can do that. */
  readonly linkSealed?: boolean;
  readonly onProgress?: (done: number, total: number) => void;
}

interface Pinned {
  readonly name: string;
  readonly db: SqliteDatabase;
  readonly isSealed: boolean;
}

/**
 * Copies the data of a directory as it is at one moment, whether or not a server is at work there, through SQLite alone. The log's moment is
 * the earliest: what is moved to a partition meanwhile is copied twice and merged by readers, never missed. Nothing may be deleted meanwhile.
 * @returns the names of the files, synced
 */
export async function copyData(options: CopyOptions): Promise<string[]> {
  const { source, target, addon, onProgress } = options;
  const pinned: Pinned[] = [];
  try {
    if (!options.skipHead) pinned.push(...pinExisting(source, [LOG], addon));
    pinned.push(...pinPartitions(source, addon));
    pinned.push(...pinExisting(source, [STATE], addon));
    for (const [i, { name, db, isSealed }] of pinned.entries()) {
      onProgress?.(i, pinned.length);
      const to = join(target, name);
      if (isSealed && options.linkSealed && link(join(source, name), to)) continue;
      await db.backup(to, { progress: () => PAGES_PER_STEP });
      syncFile(to);
    }
    syncDirectory(target);
    onProgress?.(pinned.length, pinned.length);
    return pinned.map(({ name }) => name);
  } finally {
    for (const { db } of pinned) db.close();
  }
}

function pinExisting(source: string, names: readonly string[], addon: SqliteAddon): Pinned[] {
  return names
    .filter((name) => existsSync(join(source, name)))
    .map((name) => ({ name, db: pin(join(source, name), addon), isSealed: false }));
}

function pinPartitions(source: string, addon: SqliteAddon): Pinned[] {
  for (let attempt = 0; attempt < MAX_LISTINGS; attempt++) {
    const pinned: Pinned[] = [];
    try {
      for (const { hot, sealed } of listPartitions(source)) {
        // The hot file first: when it is sealed in between, its samples are in both.
        for (const file of [hot, sealed]) {
          if (file === undefined) continue;
          pinned.push({ name: basename(file), db: pin(file, addon), isSealed: file === sealed });
        }
      }
      return pinned;
    } catch (error) {
      for (const { db } of pinned) db.close();
      if ((error as { code?: string }).code !== 'SQLITE_CANTOPEN') throw error;
    }
  }
  throw new Error(`partitions of ${source} could not be opened in ${MAX_LISTINGS} attempts`);
}

/** Opens a database in a read transaction that has begun: what is written from now on is not seen. */
function pin(file: string, addon: SqliteAddon): SqliteDatabase {
  const db = openDatabase(file, { addon, readonly: true, cacheKiB: 256 });
  try {
    db.exec('BEGIN');
    db.prepare('SELECT count(*) FROM sqlite_schema').get();
    return db;
  } catch (error) {
    db.close();
    throw Object.assign(new Error(`${file}: ${(error as Error).message}`), {
      code: (error as { code?: string }).code,
    });
  }
}

/** Whether the file has got a second name; not across file systems, and not where there are no hard links. */
function link(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch {
    return false;
  }
}
