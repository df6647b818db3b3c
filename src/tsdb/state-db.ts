import type { Log } from '../model/log.ts';
import { openDatabase, type SqliteAddon, type SqliteDatabase } from '../sqlite/database.ts';
import { setAside } from './quarantine.ts';

/** Opens state.db; a file that SQLite cannot read is set aside and a new one begun, because monitoring must go on. */
export function openState(dir: string, file: string, addon: SqliteAddon, log: Log): SqliteDatabase {
  const open = (): SqliteDatabase => {
    const db = openDatabase(file, { addon });
    try {
      const [problem] = db.pragma('quick_check(1)') as { quick_check: string }[];
      if (problem && problem.quick_check !== 'ok') throw new Error(problem.quick_check);
      return db;
    } catch (error) {
      db.close();
      throw error;
    }
  };
  try {
    return open();
  } catch (error) {
    setAside(dir, file, (error as Error).message, log);
    return open();
  }
}
