import type { Statement } from 'better-sqlite3';
import type { SqliteDatabase } from '../../sqlite/database.ts';

/** What is asked of a partition file, prepared once per connection. */
export type ReaderStatements = ReturnType<typeof readerStatements>;

export function readerStatements(db: SqliteDatabase) {
  const pluck = (sql: string): Statement => db.prepare(sql).pluck();
  return {
    begin: db.prepare('BEGIN'),
    rollback: db.prepare('ROLLBACK'),
    lastSeries: pluck('SELECT coalesce(max(id), 0) FROM series'),
    lastGroups: pluck('SELECT coalesce(max(id), 0) FROM grp'),
    series: db.prepare('SELECT id, b FROM series ORDER BY id'),
    groups: db.prepare('SELECT id, b FROM grp WHERE id > ? ORDER BY id'),
    times: db.prepare('SELECT id, first, last, b FROM ts WHERE id BETWEEN ? AND ? ORDER BY id'),
    block: pluck('SELECT b FROM block WHERE id = ?'),
    // The first byte of a blob says what it is.
    blockKind: pluck("SELECT instr(x'00010203040506', substr(b, 1, 1)) - 1 FROM block WHERE id = ?"),
    ownKinds: pluck("SELECT instr(x'00010203040506', substr(b, 1, 1)) - 1 FROM own WHERE id BETWEEN ? AND ?"),
    own: db.prepare(
      'SELECT id, first, last, ts, CASE WHEN first < ? AND last >= ? THEN b END AS b FROM own WHERE id BETWEEN ? AND ? ORDER BY id',
    ),
    blockBytes: pluck(
      'SELECT (SELECT coalesce(sum(length(b)), 0) FROM block) + (SELECT coalesce(sum(length(b)), 0) FROM own)',
    ),
  };
}
