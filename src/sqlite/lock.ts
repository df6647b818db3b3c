import { openDatabase, type SqliteAddon, type SqliteDatabase } from './database.ts';

export interface FileLock {
  release(): void;
}

/**
 * Takes a lock on a file, which is made when it is not there: SQLite's, a write transaction that never ends and never writes. The
 * operating system gives it up when the process dies. Undefined when another process or thread has it.
 * @throws Error of SQLite, when the file cannot be opened
 */
export function lockFile(file: string, addon: SqliteAddon): FileLock | undefined {
  let db: SqliteDatabase | undefined;
  try {
    // Another one that makes the file, or mends it after a kill, has it too.
    db = openDatabase(file, { addon, busyTimeoutMs: 0, isExclusive: true });
    db.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    db?.close();
    if (((error as { code?: string }).code ?? '').startsWith('SQLITE_BUSY')) return undefined;
    throw error;
  }
  const held = db;
  return { release: () => void held.close() };
}
