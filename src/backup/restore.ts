import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import type { SqliteAddon } from '../sqlite/database.ts';
import { lockDirectory, RESTORE_MARK } from '../tsdb/directory.ts';
import { syncDirectory, syncFile } from '../tsdb/partition/files.ts';
import { compactTime, verifyBackup } from './backup.ts';
import { type Manifest, verifyFiles } from './manifest.ts';

/** What a directory may hold that is no data of a server, or is not to be touched: it stays where it is. */
const STAYS = /^(lock\.db(-\w+)?|cache|backups|snapshots|replaced-.*|restore-.*)$/;
const STAGING = 'restore-staging';

/** The directory holds data, and nobody said that it may be replaced. */
export class NotEmptyError extends Error {
  constructor(dir: string) {
    super(`data directory ${dir} is not empty; --force sets aside what is there`);
    this.name = 'NotEmptyError';
  }
}

export interface RestoreRequest {
  /** A backup's directory. */
  readonly backup: string;
  readonly dir: string;
  /** Sets aside what is in the directory; otherwise it must be empty. */
  readonly force: boolean;
  /** Unix ms. */
  readonly now: number;
}

export interface RestoreResult {
  readonly manifest: Manifest;
  /** Where the data went that was there before. */
  readonly replaced: string | undefined;
}

/**
 * Puts a backup into a data directory that no server is using. The backup is verified first and the copy of it afterwards; only then
 * the directory changes. A crash meanwhile leaves a mark that no server starts with.
 * @throws BackupError, NotEmptyError, DataDirectoryError
 */
export function restoreBackup(
  { backup, dir, force, now }: RestoreRequest,
  addon: SqliteAddon,
): RestoreResult {
  const manifest = verifyBackup(backup);
  const lock = lockDirectory(dir, addon, { forRestore: true });
  try {
    const before = readdirSync(dir).filter((name) => !STAYS.test(name));
    if (before.length > 0 && !force) throw new NotEmptyError(dir);
    const staging = join(dir, STAGING);
    rmSync(staging, { recursive: true, force: true });
    mkdirSync(staging, { mode: 0o700 });
    try {
      for (const { name } of manifest.files) {
        copyFileSync(join(backup, name), join(staging, name));
        syncFile(join(staging, name));
      }
      verifyFiles(staging, manifest);
    } catch (error) {
      rmSync(staging, { recursive: true, force: true });
      throw error;
    }
    const mark = join(dir, RESTORE_MARK);
    closeSync(openSync(mark, 'w', 0o600));
    syncDirectory(dir);
    const replaced = before.length > 0 ? setAside(dir, before, now) : undefined;
    for (const { name } of manifest.files) renameSync(join(staging, name), join(dir, name));
    syncDirectory(dir);
    rmSync(mark);
    rmSync(staging, { recursive: true });
    syncDirectory(dir);
    return { manifest, replaced };
  } finally {
    lock.release();
  }
}

/** Within the directory: it may be a volume of its own, or the place of a service that may write nowhere else. */
function setAside(dir: string, names: readonly string[], now: number): string {
  let replaced = join(dir, `replaced-${compactTime(now)}`);
  for (let n = 1; existsSync(replaced); n++) replaced = join(dir, `replaced-${compactTime(now)}.${n}`);
  mkdirSync(replaced, { mode: 0o700 });
  for (const name of names) renameSync(join(dir, name), join(replaced, name));
  return replaced;
}
