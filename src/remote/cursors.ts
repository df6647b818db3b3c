import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { migrate, openDatabase, type SqliteAddon } from '../sqlite/database.ts';
import type { StartPlace } from './protocol.ts';

/**
 * How far a source's samples were delivered: everything up to `done`, and of what lies in `(done, to]` the series below `ref`. Times are
 * Unix ms; for the samples that bring their own times (source 0) they are rows of the log.
 */
export interface Cursor {
  readonly done: number;
  readonly to?: number | undefined;
  readonly ref?: number | undefined;
}

/** Source of the samples that bring their own times. */
export const OWN_TIMES = 0;

/** The place of one endpoint in the store. */
export interface EndpointCursors {
  /** Samples up to this instant are none of the endpoint's business, unless their source has a cursor; Unix ms. */
  readonly since: number;
  readonly sources: ReadonlyMap<number, Cursor>;
  save(changes: ReadonlyMap<number, Cursor>): void;
  /** Says that everything up to `since` was delivered, of every source there is. */
  raise(since: number): void;
}

export interface CursorDb {
  /** Finds or makes the place of an endpoint: a new one begins after `since`, and after row `logRow` of the log. */
  endpoint(name: string, start: StartPlace): EndpointCursors;
  /** Forgets all endpoints but these. */
  keepOnly(names: readonly string[]): void;
  checkpoint(): void;
  close(): void;
}

const MIGRATIONS = [
  `CREATE TABLE endpoint (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, since INTEGER NOT NULL);
   CREATE TABLE cursor (
     endpoint INTEGER NOT NULL,
     source INTEGER NOT NULL,
     done INTEGER NOT NULL,
     upto INTEGER,
     ref INTEGER,
     PRIMARY KEY (endpoint, source)
   ) WITHOUT ROWID;`,
];

const fileIn = (dir: string): string => join(dir, 'remote.db');

/** `remote.db`: what was delivered to whom. Written by the thread that sends, alone. Format: docs/formats/remote.md. */
export function openCursorDb(dir: string, addon: SqliteAddon): CursorDb {
  const db = openDatabase(fileIn(dir), { addon, cacheKiB: 256 });
  migrate(db, 'remote', MIGRATIONS);
  const find = db.prepare<[string], { id: number; since: number }>(
    'SELECT id, since FROM endpoint WHERE name = ?',
  );
  const insert = db.prepare<[string, number]>('INSERT INTO endpoint (name, since) VALUES (?, ?)');
  const cursors = db.prepare<[number], { source: number; done: number; upto: number; ref: number }>(
    'SELECT source, done, upto, ref FROM cursor WHERE endpoint = ?',
  );
  const put = db.prepare<[number, number, number, number | null, number | null]>(
    'INSERT OR REPLACE INTO cursor VALUES (?, ?, ?, ?, ?)',
  );
  const names = db.prepare<[], { id: number; name: string }>('SELECT id, name FROM endpoint');
  const forget = db.transaction((id: number): void => {
    db.prepare('DELETE FROM cursor WHERE endpoint = ?').run(id);
    db.prepare('DELETE FROM endpoint WHERE id = ?').run(id);
  });
  const save = db.transaction((id: number, changes: ReadonlyMap<number, Cursor>): void => {
    for (const [source, { done, to, ref }] of changes) put.run(id, source, done, to ?? null, ref ?? null);
  });
  const begin = db.transaction((name: string, now: number, logRow: number): void => {
    const id = Number(insert.run(name, now).lastInsertRowid);
    put.run(id, OWN_TIMES, logRow, null, null);
  });
  const raise = db.transaction((id: number, since: number): void => {
    db.prepare('UPDATE endpoint SET since = ? WHERE id = ?').run(since, id);
    db.prepare('DELETE FROM cursor WHERE endpoint = ? AND source <> ? AND done <= ? AND upto IS NULL').run(
      id,
      OWN_TIMES,
      since,
    );
  });
  return {
    endpoint(name, start) {
      if (!find.get(name)) begin(name, start.since, start.logRow);
      const { id, since } = find.get(name)!;
      const sources = new Map<number, Cursor>();
      for (const { source, done, upto, ref } of cursors.iterate(id)) {
        sources.set(source, upto === null ? { done } : { done, to: upto, ref });
      }
      return {
        since,
        sources,
        save: (changes) => save(id, changes),
        raise: (instant) => raise(id, instant),
      };
    },
    keepOnly(kept) {
      for (const { id, name } of names.all()) if (!kept.includes(name)) forget(id);
    },
    checkpoint: () => void db.pragma('wal_checkpoint(PASSIVE)'),
    close: () => void db.close(),
  };
}

/**
 * The last row of the log that no endpoint needs any more, read before anybody sends; undefined when there are no endpoints. Rows after
 * it may hold samples that bring their own times and were not delivered.
 */
export function deliveredLogRow(dir: string, addon: SqliteAddon): number | undefined {
  if (!existsSync(fileIn(dir))) return undefined;
  const db = openDatabase(fileIn(dir), { addon, cacheKiB: 64 });
  try {
    migrate(db, 'remote', MIGRATIONS);
    const row = db.prepare('SELECT min(done) FROM cursor WHERE source = ?').pluck().get(OWN_TIMES);
    return (row as number | null) ?? undefined;
  } finally {
    db.close();
  }
}
