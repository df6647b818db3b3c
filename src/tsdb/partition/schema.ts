import { CorruptBlockError } from '../../encoding/corrupt-block.ts';
import { openDatabase, type SqliteAddon, type SqliteDatabase } from '../../sqlite/database.ts';

/**
 * Layouts of partition files, all of which this program reads: docs/formats/partition.md. The second has blocks with histograms or start
 * timestamps; a file without any stays in the first.
 */
const PARTITION_FORMAT = { plain: 1, extended: 2 } as const;

/** Marks our files among SQLite databases ("Blfp"). */
const APPLICATION_ID = 0x426c6670;

/** Series per group, so that one row holds neighbours and reading one series does not decode a whole target. */
export const GROUP_SERIES = 32;

/** Rows of one owner stand together: its number above, a running one below. */
const ROWS_PER_OWNER = 2 ** 26;
export const rowId = (owner: number, sequence: number): number => owner * ROWS_PER_OWNER + sequence;
export const sequenceOf = (id: number): number => id % ROWS_PER_OWNER;
export const ownerOf = (id: number): number => Math.floor(id / ROWS_PER_OWNER);
/** Rows of table block stand in the order they are written: blocks one after the other, each with its groups. */
export const blockId = (sequence: number, group: number): number => rowId(sequence, group);
/** First and last possible row of an owner. */
export const rowsOf = (owner: number): [number, number] => [rowId(owner, 0), rowId(owner + 1, 0) - 1];

/** What the checksum of a blob starts from: the row it belongs to, and what else about the row must be right. */
export function identityOf(...numbers: readonly number[]): number {
  let hash = 0x811c9dc5;
  for (const number of numbers) {
    hash = Math.imul(hash ^ (number % 2 ** 32), 0x01000193);
    hash = Math.imul(hash ^ Math.floor(number / 2 ** 32), 0x01000193);
  }
  return hash >>> 0;
}

export type PartitionKind = 'hot' | 'sealed';

/** What the meta table says. */
export interface PartitionMeta {
  readonly kind: PartitionKind;
  /** First instant of the day, Unix ms. */
  readonly day: number;
  /** Of a hot file: told apart from another one of the same day. Of a sealed one: the hot file it was made from. */
  readonly hotId: string;
  /** Batches appended to the hot file; of a sealed file: how many of them it contains. */
  readonly batches: number;
  /** Of a sealed file: how many series and groups it has; rows that got lost are noticed by that. */
  readonly series?: number;
  readonly groups?: number;
}

/** How much a partition holds, noted as it is written: nothing is counted anew. */
export interface PartitionCounts {
  readonly series: number;
  /** Of a hot file as they were appended: those that came twice count twice. */
  readonly samples: number;
  /** Rows with columns of a group. */
  readonly blocks: number;
  /** Times of the first and the last sample, Unix ms; NaN when there is none. */
  readonly first: number;
  readonly last: number;
}

/** 0 for what a file of an older program does not say. */
export function readCounts(db: SqliteDatabase): PartitionCounts {
  const rows = db
    .prepare(
      "SELECT key, value FROM meta WHERE key IN ('series', 'samples', 'blocks', 'groups', 'first', 'last')",
    )
    .all() as { key: string; value: unknown }[];
  const values = new Map(rows.map(({ key, value }) => [key, Number(value)]));
  const {
    series = 0,
    samples = 0,
    groups = 0,
    first = Number.NaN,
    last = Number.NaN,
  } = Object.fromEntries(values);
  return { series, samples, blocks: values.get('blocks') ?? groups, first, last };
}

/** As SQLite keeps them, so that a damaged schema is told from ours by comparison. */
const TABLES = [
  'CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID',
  'CREATE TABLE series (id INTEGER PRIMARY KEY, b BLOB NOT NULL)',
  'CREATE TABLE grp (id INTEGER PRIMARY KEY, b BLOB NOT NULL)',
  'CREATE TABLE ts (id INTEGER PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL, merged INTEGER NOT NULL, b BLOB NOT NULL)',
  'CREATE TABLE block (id INTEGER PRIMARY KEY, b BLOB NOT NULL)',
  'CREATE TABLE own (id INTEGER PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL, ts BLOB NOT NULL, b BLOB NOT NULL)',
];

export function createTables(db: SqliteDatabase, meta: PartitionMeta): void {
  db.transaction(() => {
    for (const sql of TABLES) db.exec(sql);
    db.pragma(`application_id = ${APPLICATION_ID}`);
    const insert = db.prepare('INSERT INTO meta VALUES (?, ?)');
    for (const [key, value] of Object.entries({ format: PARTITION_FORMAT.plain, ...meta }))
      insert.run(key, value);
  })();
}

/** Says in a file that it has extended blocks now; within the transaction that writes the first. */
export function markExtended(db: SqliteDatabase): void {
  db.prepare("UPDATE meta SET value = ? WHERE key = 'format'").run(PARTITION_FORMAT.extended);
}

/** Row numbers of the tables that are only added to. */
export interface StoredBlob {
  readonly id: number;
  readonly b: Buffer;
}

/** @throws CorruptBlockError when the database is not a partition that this program can read */
export function readMeta(db: SqliteDatabase): PartitionMeta {
  return corruptionAt(db.name, () => {
    if (db.pragma('application_id', { simple: true }) !== APPLICATION_ID) {
      throw new CorruptBlockError('is not a partition of belfry');
    }
    const tables = db.prepare('SELECT sql FROM sqlite_schema ORDER BY rowid').pluck().all();
    if (tables[0] !== TABLES[0]) throw new CorruptBlockError('has no table meta of ours');
    const rows = db.prepare('SELECT key, value FROM meta').all() as { key: string; value: unknown }[];
    const meta: Record<string, unknown> = Object.fromEntries(rows.map(({ key, value }) => [key, value]));
    const { format, kind, day, hotId, batches, series, groups } = meta;
    if (format !== PARTITION_FORMAT.plain && format !== PARTITION_FORMAT.extended) {
      throw new CorruptBlockError(
        `expected partition format 1 or ${PARTITION_FORMAT.extended}, found ${String(format)}`,
      );
    }
    if (tables.length !== TABLES.length || tables.some((sql, i) => sql !== TABLES[i])) {
      throw new CorruptBlockError(`its tables are not those of partition format ${format}`);
    }
    if (
      (kind !== 'hot' && kind !== 'sealed') ||
      typeof day !== 'number' ||
      typeof hotId !== 'string' ||
      typeof batches !== 'number' ||
      (kind === 'sealed' && (typeof series !== 'number' || typeof groups !== 'number'))
    ) {
      throw new CorruptBlockError('table meta is incomplete');
    }
    return kind === 'hot'
      ? { kind, day, hotId, batches }
      : { kind, day, hotId, batches, series: Number(series), groups: Number(groups) };
  });
}

/** Opens a partition for reading. @throws CorruptBlockError when it is none or damaged */
export function openPartitionFile(
  file: string,
  addon: SqliteAddon,
): { readonly db: SqliteDatabase; readonly meta: PartitionMeta } {
  return corruptionAt(file, () => {
    const db = openDatabase(file, { addon, readonly: true, cacheKiB: 512 });
    try {
      db.pragma('cell_size_check = ON');
      return { db, meta: readMeta(db) };
    } catch (error) {
      db.close();
      throw error;
    }
  });
}

const DAMAGED = new Set(['SQLITE_CORRUPT', 'SQLITE_NOTADB', 'SQLITE_FORMAT']);

/** Runs `work`; what it finds damaged, be it by us or by SQLite, is thrown as CorruptBlockError with `where` in front. */
export function corruptionAt<T>(where: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof CorruptBlockError) throw error.where.startsWith(where) ? error : error.at(where);
    const { code, message } = error as { code?: string; message?: string };
    const isDamaged =
      typeof code === 'string' &&
      (DAMAGED.has(code) ||
        code.startsWith('SQLITE_CORRUPT') ||
        (code === 'SQLITE_ERROR' && message === 'unsupported file format'));
    if (isDamaged) {
      throw new CorruptBlockError(`${message} (${code})`, where);
    }
    throw error;
  }
}

/** A sealed file says how much it holds: SQLite itself does not notice rows that went missing. @throws CorruptBlockError when some did */
export function checkCount(what: string, found: number, expected: number | undefined): void {
  if (expected !== undefined && found !== expected) {
    throw new CorruptBlockError(`expected ${expected} ${what}, found ${found}`);
  }
}
