import fs from 'node:fs';
import { openDatabase, type SqliteAddon, type SqliteDatabase } from '../sqlite/database.ts';
import { syncFile } from './partition/files.ts';

/** Copies the write-ahead log of a database into its file and syncs it; afterwards a power loss takes nothing of what was committed. */
export function checkpoint(db: SqliteDatabase): void {
  const [result] = db.pragma('wal_checkpoint(PASSIVE)') as { log: number; checkpointed: number }[];
  // A reader with an old snapshot, a backup say, holds the checkpoint back, and then SQLite may not have synced the log either.
  if (result!.checkpointed < result!.log) syncFile(`${db.name}-wal`);
}

/** Checkpoints a database that another thread writes, whenever that has written to it. */
export class Checkpointer {
  readonly #file: string;
  readonly #addon: SqliteAddon;
  #db: SqliteDatabase | undefined;
  /** Size and time of the write-ahead log that was checkpointed last. */
  #seen = '';

  constructor(file: string, addon: SqliteAddon) {
    this.#file = file;
    this.#addon = addon;
  }

  /** @throws Error when it cannot be checkpointed */
  checkpoint(): void {
    const wal = fs.statSync(`${this.#file}-wal`, { throwIfNoEntry: false });
    if (!wal || wal.size === 0) return;
    const seen = `${wal.size} ${wal.mtimeMs}`;
    if (seen === this.#seen) return;
    this.#db ??= openDatabase(this.#file, { addon: this.#addon, cacheKiB: 256, busyTimeoutMs: 0 });
    checkpoint(this.#db);
    this.#seen = seen;
  }

  close(): void {
    this.#db?.close();
  }
}
