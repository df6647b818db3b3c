import { crc32 } from 'node:zlib';
import { CorruptBlockError } from '../../encoding/corrupt-block.ts';
import { type Compression, FrameKind, frame, unframe } from '../../encoding/frame.ts';
import { migrate, openDatabase, type SqliteAddon, type SqliteDatabase } from '../../sqlite/database.ts';
import { ExemplarRows } from './exemplar-rows.ts';
import type { DefinitionsMark } from './kept-index.ts';

const MIGRATIONS = [
  `CREATE TABLE log (seq INTEGER PRIMARY KEY, b BLOB NOT NULL);
   CREATE TABLE definitions (seq INTEGER PRIMARY KEY, b BLOB NOT NULL);`,
  'CREATE TABLE exemplars (seq INTEGER PRIMARY KEY, n INTEGER NOT NULL, b BLOB NOT NULL);',
];

/** Of one batch, all of which may be empty. */
export interface LogBatch {
  readonly records: Uint8Array;
  readonly definitions: Uint8Array;
  readonly exemplars: Uint8Array;
  readonly exemplarCount: number;
}

/** Rows of samples live for minutes; below this size packing them costs more than writing them. */
const RECORDS: Compression = { level: 1, atLeast: 64 * 1024 };
const DEFINITIONS: Compression = { level: 1, atLeast: 4096 };

export interface LogDb {
  readonly file: string;
  /** Above every row there is and was. */
  readonly nextSeq: number;
  /** Stores a batch in one transaction. Returns the bytes stored. @throws SqliteError, e.g. when the disk is full */
  append(seq: number, batch: LogBatch): number;
  /** Definitions in the order they were written; a damaged row goes to `damaged` and is passed over. */
  definitions(damaged: (error: CorruptBlockError) => void): Generator<Uint8Array>;
  records(damaged: (error: CorruptBlockError) => void): Generator<{ seq: number; records: Uint8Array }>;
  /** Rows of exemplars, oldest first. */
  exemplars(damaged: (error: CorruptBlockError) => void): Generator<Uint8Array>;
  /** How many exemplars are of use; older rows go when more are added. */
  keepExemplars(count: number): void;
  /** Which definitions there are; reads them all. */
  definitionsMark(): DefinitionsMark;
  /** Replaces all definitions by these. */
  rewriteDefinitions(seq: number, definitions: Uint8Array): void;
  /** Deletes rows of definitions before `seq`, at most `limit` of them, oldest first; returns how many. */
  trimDefinitions(seq: number, limit: number): number;
  /** Deletes rows before `seq`, at most `limit` of them, oldest first; returns how many. */
  trim(seq: number, limit: number): number;
  /** Rows of samples, and the pages of the file. Cheap. */
  stats(): { rows: number; pages: number; pageSize: number };
  close(): void;
}

/** `log.db`: what the head holds and no partition does yet. Main is its only writer. Format: docs/formats/log.md. */
export function openLogDb(file: string, addon: SqliteAddon): LogDb {
  const db = openDatabase(file, { addon, cacheKiB: 1024 });
  try {
    migrate(db, 'log', MIGRATIONS);
    return logDb(db, file);
  } catch (error) {
    db.close();
    throw error;
  }
}

function logDb(db: SqliteDatabase, file: string): LogDb {
  const insertLog = db.prepare<[number, Uint8Array]>('INSERT INTO log VALUES (?, ?)');
  const insertDefinitions = db.prepare<[number, Uint8Array]>('INSERT INTO definitions VALUES (?, ?)');
  const deleteLog = db.prepare<[number, number]>(
    'DELETE FROM log WHERE seq IN (SELECT seq FROM log WHERE seq < ? ORDER BY seq LIMIT ?)',
  );
  const deleteDefinitions = db.prepare<[number, number]>(
    'DELETE FROM definitions WHERE seq IN (SELECT seq FROM definitions WHERE seq < ? ORDER BY seq LIMIT ?)',
  );
  const last = db
    .prepare<[], number>(
      `SELECT max(coalesce((SELECT max(seq) FROM log), 0), coalesce((SELECT max(seq) FROM definitions), 0),
         coalesce((SELECT max(seq) FROM exemplars), 0))`,
    )
    .pluck()
    .get()!;
  const selectFrom = (table: 'log' | 'definitions') =>
    db.prepare<[number], Row>(`SELECT seq, b FROM ${table} WHERE seq > ? ORDER BY seq LIMIT 1`);
  const nextLog = selectFrom('log');
  const nextDefinitions = selectFrom('definitions');
  const exemplarRows = new ExemplarRows(db);
  let rows = db.prepare<[], number>('SELECT count(*) FROM log').pluck().get()!;
  const appendRecords = (seq: number, records: Uint8Array): number => {
    const blob = frame(FrameKind.logRecords, records, RECORDS, seq >>> 0);
    insertLog.run(seq, blob);
    return blob.length;
  };
  const appendAll = db.transaction((seq: number, batch: LogBatch): number => {
    let bytes = 0;
    if (batch.definitions.length > 0) {
      const blob = frame(FrameKind.logDefinitions, batch.definitions, DEFINITIONS, seq >>> 0);
      insertDefinitions.run(seq, blob);
      bytes += blob.length;
    }
    if (batch.exemplars.length > 0) {
      bytes += exemplarRows.append(seq, batch.exemplarCount, batch.exemplars);
    }
    return bytes + (batch.records.length > 0 ? appendRecords(seq, batch.records) : 0);
  });
  const rewrite = db.transaction((seq: number, definitions: Uint8Array): void => {
    db.exec('DELETE FROM definitions');
    insertDefinitions.run(seq, frame(FrameKind.logDefinitions, definitions, DEFINITIONS, seq >>> 0));
  });
  return {
    file,
    nextSeq: last + 1,
    append(seq, batch) {
      const { records, definitions, exemplars } = batch;
      let bytes: number;
      // A single statement is a transaction by itself.
      if (definitions.length === 0 && exemplars.length === 0) bytes = appendRecords(seq, records);
      else {
        try {
          bytes = appendAll(seq, batch);
        } catch (error) {
          exemplarRows.load();
          throw error;
        }
      }
      if (records.length > 0) rows++;
      return bytes;
    },
    *definitions(damaged) {
      for (let seq = -1, row = nextDefinitions.get(seq); row; row = nextDefinitions.get(seq)) {
        seq = later(file, seq, row.seq);
        const body = bodyOf(row, FrameKind.logDefinitions, `${file}: table definitions, row ${seq}`, damaged);
        if (body) yield body;
      }
    },
    *records(damaged) {
      for (let seq = -1, row = nextLog.get(seq); row; row = nextLog.get(seq)) {
        seq = later(file, seq, row.seq);
        const body = bodyOf(row, FrameKind.logRecords, `${file}: table log, row ${seq}`, damaged);
        if (body) yield { seq, records: body };
      }
    },
    *exemplars(damaged) {
      for (const row of exemplarRows.stored()) {
        const where = `${file}: table exemplars, row ${row.seq}`;
        const body = bodyOf(row, FrameKind.logExemplars, where, damaged);
        if (body) yield body;
      }
    },
    keepExemplars(count) {
      exemplarRows.kept = count;
    },
    definitionsMark() {
      let mark = { rows: 0, lastSeq: 0, crc: 0 };
      for (let row = nextDefinitions.get(-1); row; row = nextDefinitions.get(row.seq)) {
        const lastSeq = later(file, mark.lastSeq - 1, row.seq);
        mark = { rows: mark.rows + 1, lastSeq, crc: crc32(row.b, mark.crc) };
      }
      return mark;
    },
    rewriteDefinitions: rewrite,
    trimDefinitions: (seq, limit) => deleteDefinitions.run(seq, limit).changes,
    trim(seq, limit) {
      const { changes } = deleteLog.run(seq, limit);
      rows -= changes;
      return changes;
    },
    stats: () => ({
      rows,
      pages: db.pragma('page_count', { simple: true }) as number,
      pageSize: db.pragma('page_size', { simple: true }) as number,
    }),
    close: () => void db.close(),
  };
}

/** A damaged tree gives rows again and again. @throws Error with SQLite's code when `seq` is none above `last` */
function later(file: string, last: number, seq: number): number {
  if (seq > last) return seq;
  throw Object.assign(new Error(`${file}: row ${seq} after row ${last}`), { code: 'SQLITE_CORRUPT' });
}

interface Row {
  readonly seq: number;
  readonly b: Uint8Array;
}

function bodyOf(
  row: Row,
  kind: FrameKind,
  where: string,
  damaged: (error: CorruptBlockError) => void,
): Uint8Array | undefined {
  try {
    return unframe(kind, row.b, row.seq >>> 0);
  } catch (error) {
    if (!(error instanceof CorruptBlockError)) throw error;
    damaged(error.at(where));
    return undefined;
  }
}
