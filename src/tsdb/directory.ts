import fs from 'node:fs';
import path from 'node:path';
import { makeDirectory } from '../make-directory.ts';
import type { SqliteAddon } from '../sqlite/database.ts';
import { type FileLock, lockFile } from '../sqlite/lock.ts';
import { listPartitions } from './partition/directory.ts';

/** The data directory cannot be used; the message says which and why, in plain words. */
export class DataDirectoryError extends Error {
  readonly kind: 'locked' | 'unusable';
  constructor(kind: 'locked' | 'unusable', message: string) {
    super(message);
    this.name = 'DataDirectoryError';
    this.kind = kind;
  }
}

/** Stands in a directory while a restore moves files into it. */
export const RESTORE_MARK = 'restore-unfinished';

/**
 * Creates the data directory with its parents, for the owner only, and takes it for this process by a lock on
 * `lock.db`. Only a restore takes a directory that another one left half done.
 * @throws DataDirectoryError
 */
export function lockDirectory(
  dir: string,
  addon: SqliteAddon,
  { forRestore = false }: { readonly forRestore?: boolean } = {},
): FileLock {
  try {
    makeDirectory(dir);
    fs.accessSync(dir, fs.constants.R_OK | fs.constants.W_OK | fs.constants.X_OK);
  } catch (error) {
    throw unusable(dir, error);
  }
  let lock: FileLock | undefined;
  try {
    lock = lockFile(path.join(dir, 'lock.db'), addon);
  } catch (error) {
    throw unusable(dir, error, 'lock.db');
  }
  if (lock === undefined) {
    throw new DataDirectoryError('locked', `data directory ${dir} is in use by another process`);
  }
  if (!forRestore && fs.existsSync(path.join(dir, RESTORE_MARK))) {
    lock.release();
    throw new DataDirectoryError(
      'unusable',
      `data directory ${dir} cannot be used: a restore was cut off there; run "belfry restore" again`,
    );
  }
  return lock;
}

/** What the system says of a data directory, or of a file in it, in plain words. */
export const unusable = (dir: string, error: unknown, file?: string): DataDirectoryError =>
  new DataDirectoryError(
    'unusable',
    `data directory ${dir} cannot be used: ${file === undefined ? '' : `${file}: `}${reason(error)}`,
  );

/**
 * For a command that reads what is stored: a mistyped directory must not pass for an empty store.
 * @throws DataDirectoryError when the directory is none, or nothing was ever stored there
 */
export function expectData(dir: string): void {
  if (!fs.existsSync(dir)) throw new DataDirectoryError('unusable', `data directory ${dir} does not exist`);
  let isEmpty: boolean;
  try {
    const hasPartitions = listPartitions(dir).length > 0;
    isEmpty = !hasPartitions && !['log.db', 'state.db'].some((name) => fs.existsSync(path.join(dir, name)));
  } catch (error) {
    throw unusable(dir, error);
  }
  if (isEmpty) {
    throw new DataDirectoryError(
      'unusable',
      `${dir} is no data directory: expected log.db, state.db or a day such as 20260131.db there`,
    );
  }
}

/** What went wrong with a file or directory, in plain words. */
export function reason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return 'permission denied';
    case 'EROFS':
      return 'the file system is read-only';
    case 'ENOTDIR':
    case 'EEXIST':
      return 'it is not a directory';
    case 'ENOSPC':
    case 'SQLITE_FULL':
    case 'SQLITE_IOERR_SHMSIZE':
      return 'no space left on the device';
    default:
      return message;
  }
}
