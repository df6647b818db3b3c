import fs from 'node:fs';
import path from 'node:path';
import type { Clock } from '../clock.ts';
import { LineError, TextImport } from '../import/text-import.ts';
import type { Log } from '../model/log.ts';
import type { SqliteAddon } from '../sqlite/database.ts';
import { DataDirectoryError, unusable } from '../tsdb/directory.ts';
import { type Import, openImport } from '../tsdb/import/import.ts';
import type { ImportResult } from '../tsdb/import/write-days.ts';
import { type FlagSpec, type ParsedArgs, parseArgs, UsageError } from './args.ts';
import { type CliIo, type Command, EXIT } from './io.ts';
import { createProgress, type Progress } from './progress.ts';
import { REMOTE_FLAGS, remoteOf } from './remote.ts';

/** The answer comes when all is stored. */
const TIMEOUT = '6h';
const SENT_AT_ONCE = 256 * 1024;
const NEWLINE = 0x0a;

const IMPORT_FLAGS: readonly FlagSpec[] = [
  {
    names: ['data', 'storage.tsdb.path'],
    kind: 'value',
    placeholder: 'DIR',
    help: 'data directory, which no server may be using (./data)',
  },
  { names: ['quiet'], kind: 'boolean', help: 'no progress and no report' },
  ...REMOTE_FLAGS,
];

export interface ImportDeps {
  readonly clock: Clock;
  /** Loads SQLite's addon; may put it into the data directory first. */
  readonly addon: (dataDir: string) => SqliteAddon;
  /** Hears of trouble with files that were in the directory before. */
  readonly log: Log;
  /** Whether a person watches stderr. */
  readonly isWatched: boolean;
}

/**
 * `belfry import openmetrics FILE --data DIR`, or `--url URL` of a running server: exits 0 when all is stored, 1 when the file or the
 * directory is no good (then nothing is), 2 for wrong flags, 3 when the directory is in use.
 */
export function importCommand(deps: ImportDeps): Command {
  return {
    name: 'import',
    usage: 'import openmetrics FILE [--data DIR | --url URL]',
    summary: 'stores the samples of an OpenMetrics file, in a directory or, with --url, in a running server',
    words: [
      {
        name: 'openmetrics',
        usage: 'import openmetrics FILE [--data DIR | --url URL]',
        summary: 'all of the file is stored, or nothing',
        flags: IMPORT_FLAGS,
      },
    ],
    async run(argv, io) {
      const { file, dir, isQuiet, args } = optionsOf(argv, io.cwd);
      const startedAt = deps.clock.monotonic();
      const progress = createProgress(deps.isWatched && !isQuiet ? io.stderr : undefined, deps.clock);
      try {
        const result = args.values.has('url')
          ? await sendFile(file, args, io.env, progress)
          : importFile(file, dir, deps, progress);
        const seconds = (deps.clock.monotonic() - startedAt) / 1000;
        progress.clear();
        if (!isQuiet) io.stdout(report(result, seconds));
        return EXIT.ok;
      } catch (error) {
        progress.clear();
        if (error instanceof UsageError) throw error;
        io.stderr(`${(error as Error).message}\n`);
        return error instanceof DataDirectoryError && error.kind === 'locked' ? EXIT.inUse : EXIT.failed;
      }
    },
  };
}

function optionsOf(
  argv: readonly string[],
  cwd: string,
): { readonly file: string; readonly dir: string; readonly isQuiet: boolean; readonly args: ParsedArgs } {
  const args = parseArgs(argv, IMPORT_FLAGS);
  const [format, file, ...more] = args.positional;
  if (format !== 'openmetrics') {
    throw new UsageError(`import: expected "openmetrics", got ${JSON.stringify(format ?? '')}`);
  }
  if (file === undefined || more.length > 0) {
    throw new UsageError(`import openmetrics: expected one FILE, got ${args.positional.length - 1}`);
  }
  if (args.values.has('url') && args.values.has('data')) {
    throw new UsageError('import: expected either --data or --url');
  }
  return {
    file,
    dir: path.resolve(cwd, args.values.get('data') ?? 'data'),
    isQuiet: args.switches.get('quiet') ?? false,
    args,
  };
}

function importFile(file: string, dir: string, deps: ImportDeps, progress: Progress): ImportResult {
  let addon: { readonly loaded: SqliteAddon } | undefined;
  const descriptor = openInput(file);
  let target: Import | undefined;
  try {
    target = openImport({
      dir,
      addon: () => (addon ??= { loaded: deps.addon(dir) }).loaded,
      clock: deps.clock,
      log: deps.log,
    });
    readFile(file, descriptor, target, progress);
    const steps = target.store();
    for (;;) {
      const { done, value } = steps.next();
      if (done) return value;
      progress.stored(value.day, value.days);
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw code === 'ENOSPC' || code === 'SQLITE_FULL' ? unusable(dir, error) : error;
  } finally {
    target?.close();
    fs.closeSync(descriptor);
  }
}

function openInput(file: string): number {
  const reasons: Record<string, string> = { ENOENT: 'no such file', EACCES: 'permission denied' };
  try {
    const descriptor = fs.openSync(file, 'r');
    if (!fs.fstatSync(descriptor).isDirectory()) return descriptor;
    fs.closeSync(descriptor);
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    throw new Error(`${file}: ${reasons[code] ?? message}`);
  }
  throw new Error(`${file}: is a directory`);
}

/** @throws Error with the place in front, `FILE:line: message` */
function readFile(file: string, descriptor: number, target: Import, progress: Progress): void {
  const text = new TextImport(target.gatherer, (metric, part) => target.metadata(metric, part));
  const total = fs.fstatSync(descriptor).size;
  let bytes = 0;
  try {
    for (let isLast = false; !isLast; ) {
      const count = fs.readSync(descriptor, text.room);
      isLast = count === 0;
      bytes += count;
      text.take(count, isLast);
      progress.read(bytes, total, text.line);
    }
  } catch (error) {
    if (error instanceof LineError) throw new Error(`${file}:${error.line}: ${error.message}`);
    throw error;
  }
}

/** Sends the file to a running server, which stores all of it or nothing. */
async function sendFile(
  file: string,
  args: ParsedArgs,
  env: CliIo['env'],
  progress: Progress,
): Promise<ImportResult> {
  const descriptor = openInput(file);
  const total = fs.fstatSync(descriptor).size;
  let bytes = 0;
  let lines = 0;
  // Not Readable.toWeb: it reads ahead without end, in chunks that it counts as one byte each.
  const text = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of fs.createReadStream('', { fd: descriptor, highWaterMark: SENT_AT_ONCE })) {
      bytes += chunk.length;
      for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, at + 1)) lines++;
      progress.read(bytes, total, lines);
      yield chunk;
    }
  };
  const answer = await remoteOf(args, env, TIMEOUT).upload(
    '/api/import/openmetrics',
    ReadableStream.from(text()),
  );
  if (answer.status === 200) return answer.body as ImportResult;
  const { error, line } = answer.body as { error?: string; line?: number };
  throw new Error(line === undefined ? (error ?? `answered ${answer.status}`) : `${file}:${line}: ${error}`);
}

function report(result: ImportResult, seconds: number): string {
  const { added, duplicates, conflicts, series, days, bytes, exemplars } = result;
  const perSample = added > 0 && bytes > 0 ? `, ${(bytes / added).toFixed(2)} bytes per sample` : '';
  const lines = [
    `imported ${added} samples of ${series} series in ${days} days: ${bytes} bytes${perSample}, ${seconds.toFixed(1)} s`,
  ];
  if (duplicates > 0) lines.push(`${duplicates} samples were there already`);
  if (conflicts > 0) lines.push(`${conflicts} samples were left out: another value is stored for their time`);
  if (exemplars > 0) lines.push(`${exemplars} exemplars were left out: an import stores none`);
  return `${lines.join('\n')}\n`;
}
