import Database from 'better-sqlite3';

export type { Database };
export type SqliteDatabase = Database.Database;

/** The addon's exports, loaded once per thread from the process's one addon file; undefined lets the package find its own build. */
export type SqliteAddon = object | undefined;

export interface OpenOptions {
  readonly addon: SqliteAddon;
  /** Opens an existing file for reading only. */
  readonly readonly?: boolean;
  /** Memory for the page cache, KiB. Small by default: blobs are read once and decoded. */
  readonly cacheKiB?: number;
  /** Page size of a file that does not exist yet, bytes. */
  readonly pageSize?: number;
  /** How long a statement waits for another connection's lock, ms. */
  readonly busyTimeoutMs?: number;
  /** Nobody else may open it meanwhile; then SQLite needs no index file beside it, which takes 32 KiB of disk. */
  readonly isExclusive?: boolean;
}

/**
 * Opens a database the way all of ours are opened: WAL, `synchronous=NORMAL`, no automatic checkpoint on the writing thread (the
 * background worker checkpoints), a small cache. What a crash cut off is undone, also when the file is opened for reading only.
 * @throws SqliteError when the file is not a database, cannot be opened or is damaged
 */
export function openDatabase(file: string, options: OpenOptions): SqliteDatabase {
  try {
    return open(file, options);
  } catch (error) {
    if ((error as { code?: string }).code !== 'SQLITE_READONLY_ROLLBACK') throw error;
    rollBack(file, options.addon);
    return open(file, options);
  }
}

function open(file: string, options: OpenOptions): SqliteDatabase {
  const db = new Database(file, {
    ...(options.addon ? { nativeBinding: options.addon as unknown as string } : {}),
    readonly: options.readonly ?? false,
    fileMustExist: options.readonly ?? false,
    timeout: options.busyTimeoutMs ?? 5000,
  });
  try {
    if (!options.readonly) {
      if (options.isExclusive) db.pragma('locking_mode = EXCLUSIVE');
      if (options.pageSize) db.pragma(`page_size = ${options.pageSize}`);
      db.pragma('journal_mode = WAL');
      db.pragma('synchronous = NORMAL');
      db.pragma('wal_autocheckpoint = 0');
    }
    db.pragma(`cache_size = -${options.cacheKiB ?? 2048}`);
    db.pragma('temp_store = MEMORY');
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Undoes the transaction that a crash cut off while the file was not yet, or never, in WAL mode: only one who may write can. */
function rollBack(file: string, addon: SqliteAddon): void {
  const db = new Database(file, addon ? { nativeBinding: addon as unknown as string } : {});
  try {
    db.prepare('SELECT 1 FROM sqlite_schema').get();
  } finally {
    db.close();
  }
}

/** One step of a schema's history; `sql` runs once, inside the transaction that records it. Steps are only ever added. */
export type Migration = string;

/**
 * Brings the tables of one package to its newest version. Packages share a file without knowing each other: each has its own
 * line in `schema_version`.
 * @throws Error when the file was written by a newer version of the package
 */
export function migrate(db: SqliteDatabase, owner: string, steps: readonly Migration[]): void {
  db.exec(
    'CREATE TABLE IF NOT EXISTS schema_version (owner TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID',
  );
  const row = db.prepare('SELECT version FROM schema_version WHERE owner = ?').get(owner) as
    | { version: number }
    | undefined;
  const version = row?.version ?? 0;
  if (version > steps.length) {
    throw new Error(
      `${db.name}: tables of "${owner}" have version ${version}, this program knows up to ${steps.length}: it was written by a newer belfry`,
    );
  }
  // What is up to date is not written to: a full disk may hold no page more.
  if (version === steps.length) return;
  db.transaction(() => {
    for (const sql of steps.slice(version)) db.exec(sql);
    db.prepare('INSERT OR REPLACE INTO schema_version VALUES (?, ?)').run(owner, steps.length);
  })();
}
