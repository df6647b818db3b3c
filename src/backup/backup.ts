import { accessSync, constants, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { makeDirectory } from '../make-directory.ts';
import { openDatabase, type SqliteAddon } from '../sqlite/database.ts';
import { type FileLock, lockFile } from '../sqlite/lock.ts';
import { reason } from '../tsdb/directory.ts';
import { checkBlobs } from '../tsdb/partition/check-blobs.ts';
import { syncDirectory } from '../tsdb/partition/files.ts';
import { parsePartitionName } from '../tsdb/partition/names.ts';
import { copyData } from './copy.ts';
import {
  BackupError,
  describeFiles,
  MANIFEST,
  type Manifest,
  readManifest,
  verifyFiles,
  writeManifest,
} from './manifest.ts';

const NAME = /^belfry-\d{8}T\d{6}Z(\.\d+)?$/;
/** Ending of the name of a copy until it is complete and verified, and of one that is being removed. */
export const PARTIAL = '.partial';
/** Held while a backup is written. */
const LOCK = '.lock.db';

export interface BackupRequest {
  /** Data directory; a server may be at work there. */
  readonly source: string;
  /** Where backups go, each into a directory of its own. */
  readonly directory: string;
  /** Unix ms. */
  readonly now: number;
  readonly version: string;
}

export interface BackupDeps {
  readonly addon: SqliteAddon;
  readonly onProgress?: (done: number, total: number) => void;
}

export interface BackupResult {
  readonly name: string;
  readonly path: string;
  readonly createdAt: string;
  readonly files: number;
  readonly bytes: number;
}

export interface WrittenBackup extends BackupResult {
  /** What is damaged in the data directory itself, and was copied as it is. */
  readonly damaged: readonly string[];
}

/** `belfry-20260102T030405Z`; `.2` and so on follow when there is one of that second. */
export const backupName = (now: number): string => `belfry-${compactTime(now)}`;

export const compactTime = (now: number): string =>
  new Date(now).toISOString().replace(/\.\d+/, '').replaceAll(/[-:]/g, '');

/**
 * Copies a data directory, checks the copy, and gives it its name when it is whole. Damage that was there before does not keep the rest
 * from being copied.
 * @throws Error when it could not be written, BackupError when what was written is damaged; nothing is left then
 */
export async function writeBackup(request: BackupRequest, deps: BackupDeps): Promise<WrittenBackup> {
  const lock = holdDirectory(request.directory, deps.addon);
  try {
    return await writeInto(request, deps);
  } finally {
    lock.release();
  }
}

/**
 * Makes a directory of backups the caller's own until it is released, and removes what a kill left of another one's work.
 * @throws Error when another process or thread writes there, or nobody may
 */
export function holdDirectory(directory: string, addon: SqliteAddon): FileLock {
  try {
    makeDirectory(directory);
    accessSync(directory, constants.W_OK);
  } catch (error) {
    throw new BackupError(`${directory} takes no backup: ${reason(error)}`);
  }
  // Else one would take the unfinished backup of another for a leftover.
  const lock = lockFile(join(directory, LOCK), addon);
  if (lock === undefined) throw new Error(`another backup is being written to ${directory}`);
  removePartial(directory);
  return lock;
}

/** Removes what a kill left of a copy, or of one that was to be removed. */
export function removePartial(directory: string): void {
  if (!existsSync(directory)) return;
  for (const left of readdirSync(directory)) {
    if (left.endsWith(PARTIAL)) rmSync(join(directory, left), { recursive: true, force: true });
  }
}

async function writeInto(
  { source, directory, now, version }: BackupRequest,
  deps: BackupDeps,
): Promise<WrittenBackup> {
  let name = backupName(now);
  for (let n = 2; existsSync(join(directory, name)); n++) name = `${backupName(now)}.${n}`;
  const path = join(directory, name);
  const partial = `${path}${PARTIAL}`;
  mkdirSync(partial, { mode: 0o700 });
  try {
    const names = await copyData({ source, target: partial, ...deps });
    const files = describeFiles(partial, names);
    const createdAt = new Date(now).toISOString();
    const damaged: string[] = [];
    const damagedNames: string[] = [];
    for (const { file, problem } of damagedFiles(partial, names, deps.addon)) {
      if (problemOf(join(source, file), deps.addon) === undefined) {
        throw new BackupError(`${join(partial, file)} is damaged: ${problem}`);
      }
      damaged.push(`${file}: ${problem}`);
      damagedNames.push(file);
    }
    writeManifest(partial, {
      createdAt,
      version,
      files,
      ...(damagedNames.length > 0 && { damaged: damagedNames }),
    });
    syncDirectory(partial);
    renameSync(partial, path);
    syncDirectory(directory);
    return { name, path, createdAt, damaged, ...sizeOf(files) };
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    throw error;
  }
}

/** Compares a backup with its manifest. @throws BackupError naming the first file that is not as it was written */
export function verifyBackup(path: string): Manifest {
  const manifest = readManifest(path);
  verifyFiles(path, manifest);
  return manifest;
}

/** Whether a directory of this name is one of ours, and in no other place than where it is looked for. */
export const isBackupName = (name: string): boolean => NAME.test(name);

/** Backups of a directory, the newest first; what is no whole one is passed over. */
export function listBackups(directory: string): BackupResult[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => isBackupName(name) && existsSync(join(directory, name, MANIFEST)))
    .sort()
    .reverse()
    .flatMap((name) => {
      const path = join(directory, name);
      try {
        const { createdAt, files } = readManifest(path);
        return [{ name, path, createdAt, ...sizeOf(files) }];
      } catch (error) {
        if (error instanceof BackupError) return [];
        throw error;
      }
    });
}

/**
 * Removes all but the newest `keep` backups of a directory; returns their names. When all of those hold files that were damaged before, the
 * newest one that does not stays as well: it is where the damaged days can still be had. Nothing else there is touched.
 */
export function rotateBackups(directory: string, keep: number): string[] {
  const all = listBackups(directory);
  const whole = all.findIndex(({ path }) => (readManifest(path).damaged ?? []).length === 0);
  const old = all.filter((_, i) => i >= keep && i !== whole);
  for (const { path } of old) {
    // Under that name it is no backup any more, and the next one removes what a kill leaves of it.
    const going = `${path}${PARTIAL}`;
    renameSync(path, going);
    rmSync(going, { recursive: true, force: true });
  }
  return old.map(({ name }) => name);
}

function sizeOf(files: Manifest['files']): Pick<BackupResult, 'files' | 'bytes'> {
  return { files: files.length, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0) };
}

function* damagedFiles(
  directory: string,
  names: readonly string[],
  addon: SqliteAddon,
): Generator<{ readonly file: string; readonly problem: string }> {
  for (const file of names) {
    const problem = problemOf(join(directory, file), addon);
    // Looking into a database in WAL mode leaves these.
    for (const suffix of ['-wal', '-shm']) rmSync(join(directory, file + suffix), { force: true });
    if (problem !== undefined) yield { file, problem };
  }
}

/** What is wrong inside a database of ours, or undefined. One that is gone has no problem. */
function problemOf(file: string, addon: SqliteAddon): string | undefined {
  if (!existsSync(file)) return undefined;
  if (parsePartitionName(basename(file))) return checkBlobs(file, addon);
  try {
    const db = openDatabase(file, { addon, readonly: true });
    try {
      const found = db.pragma('quick_check(1)', { simple: true }) as string;
      return found === 'ok' ? undefined : found;
    } finally {
      db.close();
    }
  } catch (error) {
    return (error as Error).message;
  }
}
