import type { Log } from '../model/log.ts';
import { openDatabase, type SqliteAddon, type SqliteDatabase } from '../sqlite/database.ts';
import { unusable } from './directory.ts';
import { setAside } from './quarantine.ts';

/**
 * Opens state.db; a damaged file is set aside and a new one begun, because monitoring must go on.
 * @throws DataDirectoryError when it cannot be opened for another reason, a full disk say: what is in it must not be lost for that
 */
export function openState(dir: string, file: string, addon: SqliteAddon, log: Log): SqliteDatabase {
  const open = (): SqliteDatabase => {
    const db = openDatabase(file, { addon });
    try {
      const [problem] = db.pragma('quick_check(1)') as { quick_check: string }[];
      if (problem && problem.quick_check !== 'ok') throw new DamagedError(problem.quick_check);
      return db;
    } catch (error) {
      db.close();
      throw error;
    }
  };
  try {
    return open();
  } catch (error) {
    if (!isDamage(error)) throw unusable(dir, error, 'state.db');
    setAside(dir, file, (error as Error).message, log);
    return open();
  }
}

/** What it holds is wrong, or the disk does not give it. */
const DAMAGE = /^SQLITE_(CORRUPT|NOTADB|IOERR_(READ|SHORT_READ|DATA|CORRUPTFS))/;

/** What SQLite's own check found. */
class DamagedError extends Error {}

function isDamage(error: unknown): boolean {
  if (error instanceof DamagedError) return true;
  return DAMAGE.test((error as { code?: string }).code ?? '');
}
