import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import sea from 'node:sea';
import type { Worker } from 'node:worker_threads';
import { makeDirectory } from './make-directory.ts';
import { filesIn, type ProgramFiles } from './program-files.ts';

/**
 * The only place that knows whether this is the packed executable or a checkout: where the worker's code, the page's files and the
 * SQLite addon come from.
 */
export interface Platform {
  readonly packed: boolean;
  readonly worker: WorkerProgram;
  /** Of the built page. */
  readonly web: ProgramFiles;
  /** A text that belongs to the program: `config.example.yaml`, `licenses.txt`, `sbom.json`, `build.json`. @throws Error when it is missing */
  text(name: string): string;
  /** The thread of the first query, if the loader has started it; once only. */
  takeEarlyThread(): Worker | undefined;
  /** Puts the SQLite addon where it can be loaded from; undefined in a checkout, where the package finds its own. */
  unpackAddon(cacheDir: string): string | undefined;
}

/** What a worker thread runs. */
export interface WorkerProgram {
  /** A file, or with `isText` the text itself. */
  readonly source: string;
  readonly isText: boolean;
}

/** What threads of the executable run: the loader; beside its files before it is packed. */
export function packedWorker(files: ProgramFiles): WorkerProgram {
  return sea.isSea()
    ? { source: files.read('main.cjs')!.toString('utf8'), isText: true }
    : { source: path.join(import.meta.dirname, 'main.cjs'), isText: false };
}

/** When the code of this thread was compiled; put on `process` by the loader, absent in a checkout. */
export const COMPILED = Symbol.for('belfry.compiled');
/** The thread that the loader has started for the first query. */
export const EARLY_THREAD = Symbol.for('belfry.early-thread');
/** The program's files, in a thread that the loader runs. */
export const FILES = Symbol.for('belfry.files');
export type LoadedProcess = NodeJS.Process & {
  [FILES]?: ProgramFiles;
  [COMPILED]?: 'at build' | 'at start';
  [EARLY_THREAD]?: Worker | undefined;
};

export function detectPlatform(): Platform {
  const here = import.meta.dirname;
  const { [FILES]: files } = process as LoadedProcess;
  if (!files) {
    return {
      packed: false,
      worker: { source: path.join(here, 'query/worker.ts'), isText: false },
      web: filesIn(path.join(here, '../dist/web')),
      text: (name) => textOf(filesIn(path.join(here, '..')), name),
      takeEarlyThread: () => undefined,
      unpackAddon: () => undefined,
    };
  }
  return {
    packed: true,
    get worker() {
      return packedWorker(files);
    },
    web: { read: (name) => files.read(`web/${name}`) },
    text: (name) => textOf(files, name),
    takeEarlyThread() {
      const { [EARLY_THREAD]: thread } = process as LoadedProcess;
      (process as LoadedProcess)[EARLY_THREAD] = undefined;
      return thread;
    },
    unpackAddon: (cacheDir) => unpack(files, cacheDir),
  };
}

function textOf(files: ProgramFiles, name: string): string {
  const bytes = files.read(name);
  if (!bytes) throw new Error(`${name} is missing`);
  return bytes.toString('utf8');
}

/**
 * Loads the addon into this thread. Every thread must load it by the same path, or SQLite's POSIX locks do not see each other.
 * @throws Error in plain words when the file system forbids it (noexec) or the C library is too old
 */
export function loadAddon(
  file: string | undefined,
  remedy = 'name another folder with --cache-dir',
): object | undefined {
  if (file === undefined) return undefined;
  const loaded = { exports: {} };
  try {
    process.dlopen(loaded, file, os.constants.dlopen.RTLD_NOW);
  } catch (error) {
    throw new Error(
      `cannot load ${file}: ${(error as Error).message}; if its file system is mounted noexec, ${remedy}`,
    );
  }
  return loaded.exports;
}

/** Loads the addon from a folder that is gone when it is loaded, for a command that has no data directory and one thread. */
export function loadPassingAddon(platform: Platform): object | undefined {
  if (!platform.packed) return undefined;
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'belfry-'));
  try {
    return loadAddon(platform.unpackAddon(folder), 'name another folder in TMPDIR');
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

const ADDON = 'better_sqlite3.node';

/**
 * What is there under the name of this very addon, as long as it should be, was synced before it got that name: it need not be read, which
 * would take a twentieth of a start.
 */
export function unpack(files: ProgramFiles, cacheDir: string): string {
  const [digest, size] = files.read(`${ADDON}.id`)!.toString('utf8').split(' ');
  const file = path.join(cacheDir, `better_sqlite3-${digest}.node`);
  if (fs.statSync(file, { throwIfNoEntry: false })?.size === Number(size)) return file;
  makeDirectory(cacheDir);
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    fs.writeFileSync(temporary, files.read(ADDON)!, { mode: 0o500, flush: true });
    fs.renameSync(temporary, file);
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    throw error;
  }
  return file;
}

/** What stands beside the packed addon: a name for its content, and its size. */
export const addonId = (bytes: Uint8Array): string =>
  `${createHash('sha256').update(bytes).digest('hex').slice(0, 16)} ${bytes.length}`;
