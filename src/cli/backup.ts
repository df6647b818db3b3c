import { createWriteStream, existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import {
  type BackupResult,
  holdDirectory,
  isBackupName,
  listBackups,
  PARTIAL,
  rotateBackups,
  verifyBackup,
  type WrittenBackup,
  writeBackup,
} from '../backup/backup.ts';
import { BackupError, MANIFEST, readManifest } from '../backup/manifest.ts';
import { restoreBackup } from '../backup/restore.ts';
import type { Clock } from '../clock.ts';
import type { SqliteAddon } from '../sqlite/database.ts';
import { DataDirectoryError, expectData, lockDirectory } from '../tsdb/directory.ts';
import { syncDirectory } from '../tsdb/partition/files.ts';
import { type FlagSpec, type ParsedArgs, parseArgs, UsageError } from './args.ts';
import { type CliIo, type Command, EXIT } from './io.ts';
import { REMOTE_FLAGS, type Remote, remoteOf } from './remote.ts';
import { commandOfWords, type Word } from './words.ts';

/** The answer comes when the backup is written and verified. */
const TIMEOUT = '1h';

const DATA: FlagSpec = {
  names: ['data', 'storage.tsdb.path'],
  kind: 'value',
  placeholder: 'DIR',
  help: 'data directory, which no server may be using (./data)',
};
const KEEP: FlagSpec = {
  names: ['keep'],
  kind: 'value',
  placeholder: 'N',
  help: 'afterwards remove all but the newest N backups in the directory',
};

export interface BackupDeps {
  readonly clock: Clock;
  /** Loads SQLite's addon; may put it into the data directory first. */
  readonly addon: (dataDir: string) => SqliteAddon;
  /** Loads SQLite's addon where there is no data directory; leaves nothing behind. */
  readonly passingAddon: () => SqliteAddon;
  readonly version: string;
}

/** `belfry backup`: of a stopped server's directory, or of a running server with `--url`. */
export function backupCommand(deps: BackupDeps): Command {
  return commandOfWords(
    'backup',
    'writes a verified copy of all data, of a stopped server or, with --url, of a running one',
    { create: create(deps), list, verify },
    'create',
  );
}

const create = (deps: BackupDeps): Word => ({
  usage: 'backup [create] DIR [--data DIR] | backup [create] [DIR] --url URL',
  summary:
    'writes a backup into a directory of its own in DIR; a running server writes it where its configuration says, and DIR gets a copy',
  flags: [DATA, KEEP, ...REMOTE_FLAGS],
  async run(args, io) {
    const directory = oneDirectory(args, io);
    const keep = args.values.get('keep');
    if (keep !== undefined && !/^[1-9]\d*$/.test(keep)) {
      throw new UsageError(`--keep: expected a number above zero, got ${JSON.stringify(keep)}`);
    }
    const isRemote = args.values.has('url');
    if (isRemote && args.values.has('data')) throw new UsageError('backup: expected either --data or --url');
    if (!isRemote && directory === undefined)
      throw new UsageError('backup: expected a directory to write to');
    try {
      const written = isRemote
        ? await fromServer(args, directory, io, deps.passingAddon)
        : await fromDirectory(path.resolve(io.cwd, args.values.get('data') ?? 'data'), directory!, deps);
      io.stdout(`${written.path}: ${written.files} files, ${written.bytes} bytes, verified\n`);
      for (const one of written.damaged)
        io.stderr(`damaged in the data directory, copied as it is: ${one}\n`);
      if (keep !== undefined && directory !== undefined) {
        for (const name of rotateBackups(directory, Number(keep))) io.stdout(`removed ${name}\n`);
      }
      return EXIT.ok;
    } catch (error) {
      return refuse(error, io, '; --url asks the server itself');
    }
  },
});

const list: Word = {
  usage: 'backup list DIR',
  summary: 'lists the backups in a directory, the newest first',
  flags: [],
  async run(args, io) {
    const directory = oneDirectory(args, io);
    if (directory === undefined) throw new UsageError('backup list: expected a directory');
    if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true) {
      io.stderr(
        `belfry: ${directory} is no directory of backups: ${existsSync(directory) ? 'it is not a directory' : 'it does not exist'}\n`,
      );
      return EXIT.failed;
    }
    for (const { name, createdAt, files, bytes } of listBackups(directory)) {
      io.stdout(`${name}  ${createdAt}  ${files} files  ${bytes} bytes\n`);
    }
    return EXIT.ok;
  },
};

const verify: Word = {
  usage: 'backup verify DIR',
  summary: 'compares a backup with its checksums',
  flags: [],
  async run(args, io) {
    const directory = oneDirectory(args, io);
    if (directory === undefined) throw new UsageError('backup verify: expected the directory of a backup');
    try {
      const { createdAt, files } = verifyBackup(directory);
      io.stdout(`${directory}: ${files.length} files of ${createdAt} are as they were written\n`);
      return EXIT.ok;
    } catch (error) {
      return refuse(error, io);
    }
  },
};

const RESTORE_FLAGS: readonly FlagSpec[] = [
  DATA,
  { names: ['force'], kind: 'boolean', help: 'sets aside what is in the data directory' },
];

/** `belfry restore`: puts a backup into a data directory; what is there is never overwritten. */
export function restoreCommand({ clock, addon }: Pick<BackupDeps, 'clock' | 'addon'>): Command {
  return {
    name: 'restore',
    usage: 'restore BACKUP [--data DIR] [--force]',
    summary: 'verifies a backup and puts it into a data directory that no server is using',
    flags: RESTORE_FLAGS,
    async run(argv, io) {
      const args = parseArgs(argv, RESTORE_FLAGS);
      const backup = oneDirectory(args, io);
      if (backup === undefined) throw new UsageError('restore: expected the directory of a backup');
      const dir = path.resolve(io.cwd, args.values.get('data') ?? 'data');
      try {
        const request = { backup, dir, force: args.switches.get('force') ?? false, now: clock.now() };
        // Before the addon is put there: the directory of a typing error must not come to be.
        readManifest(backup);
        const { manifest, replaced } = restoreBackup(request, addon(dir));
        if (replaced !== undefined) io.stdout(`what was there is now in ${replaced}\n`);
        io.stdout(`${dir}: restored ${manifest.files.length} files of ${manifest.createdAt}\n`);
        return EXIT.ok;
      } catch (error) {
        return refuse(error, io);
      }
    },
  };
}

async function fromDirectory(source: string, directory: string, deps: BackupDeps): Promise<WrittenBackup> {
  expectData(source);
  const addon = deps.addon(source);
  const lock = lockDirectory(source, addon);
  try {
    const { clock, version } = deps;
    return await writeBackup({ source, directory, now: clock.now(), version }, { addon });
  } finally {
    lock.release();
  }
}

async function fromServer(
  args: ParsedArgs,
  directory: string | undefined,
  io: CliIo,
  passingAddon: BackupDeps['passingAddon'],
): Promise<WrittenBackup> {
  const remote = remoteOf(args, io.env, TIMEOUT);
  const written = await remote.post<WrittenBackup>('/api/backups');
  if (directory === undefined) return written;
  if (!isBackupName(written.name)) {
    throw new BackupError(
      `the server names its backup ${JSON.stringify(written.name)}, which is no name of one`,
    );
  }
  const target = path.join(directory, written.name);
  if (existsSync(target)) {
    // The server writes to this very directory.
    if (path.resolve(target) === path.resolve(io.cwd, written.path)) return written;
    throw new BackupError(`${target} is there already`);
  }
  // The server's own lock ends before it answers: this is another one's turn.
  const lock = holdDirectory(directory, passingAddon());
  try {
    await fetchBackup(remote, written, target);
  } finally {
    lock.release();
  }
  return { ...written, path: target };
}

/** Fetches all files of a backup; what is at `target` in the end is whole and synced. */
async function fetchBackup(remote: Remote, written: BackupResult, target: string): Promise<void> {
  const partial = target + PARTIAL;
  mkdirSync(partial, { mode: 0o700 });
  try {
    await fetchFile(remote, written, MANIFEST, partial);
    for (const { name } of readManifest(partial).files) await fetchFile(remote, written, name, partial);
    verifyBackup(partial);
    syncDirectory(partial);
    renameSync(partial, target);
    syncDirectory(path.dirname(target));
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    throw error;
  }
}

async function fetchFile(remote: Remote, { name }: BackupResult, file: string, to: string): Promise<void> {
  const body = await remote.stream(`/api/backups/${name}/${file}`);
  await pipeline(body, createWriteStream(path.join(to, file), { mode: 0o600, flush: true }));
}

function oneDirectory({ positional }: ParsedArgs, io: CliIo): string | undefined {
  if (positional.length > 1) throw new UsageError(`expected one directory, got ${positional.length}`);
  return positional[0] === undefined ? undefined : path.resolve(io.cwd, positional[0]);
}

/** @param remedy what to do when a server uses the directory */
function refuse(error: unknown, io: CliIo, remedy = ''): number {
  if (error instanceof UsageError) throw error;
  const isLocked = error instanceof DataDirectoryError && error.kind === 'locked';
  io.stderr(`belfry: ${(error as Error).message}${isLocked ? remedy : ''}\n`);
  return isLocked ? EXIT.inUse : EXIT.failed;
}
