import fs from 'node:fs';
import path from 'node:path';
import type { Clock } from '../clock.ts';
import { ExpositionError } from '../exposition/exposition-error.ts';
import { OpenMetricsStream, STREAM_WINDOW_BYTES } from '../exposition/openmetrics-stream.ts';
import { METRIC_TYPES } from '../exposition/parser.ts';
import type { Log } from '../model/log.ts';
import type { SqliteAddon } from '../sqlite/database.ts';
import { DataDirectoryError } from '../tsdb/directory.ts';
import { type Import, type ImportResult, openImport } from '../tsdb/import/import.ts';
import { ImportError } from '../tsdb/import/import-error.ts';
import { type FlagSpec, parseArgs, UsageError } from './args.ts';
import { type Command, EXIT } from './io.ts';
import { createProgress, type Progress } from './progress.ts';

/** Exit code when another process holds the data directory. */
const IN_USE = 3;

export const IMPORT_FLAGS: readonly FlagSpec[] = [
  {
    names: ['data', 'storage.tsdb.path'],
    kind: 'value',
    placeholder: 'DIR',
    help: 'data directory, which no server may be using (./data)',
  },
  { names: ['quiet'], kind: 'boolean', help: 'no progress and no report' },
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
 * `belfry import openmetrics FILE --data DIR`: exits 0 when all is stored, 1 when the file or the directory is no good (then nothing
 * is), 2 for wrong flags, 3 when the directory is in use.
 */
export function importCommand(deps: ImportDeps): Command {
  return {
    name: 'import',
    usage: 'import openmetrics FILE [--data DIR]',
    summary: 'stores the samples of an OpenMetrics file',
    async run(argv, io) {
      const { file, dir, isQuiet } = optionsOf(argv, io.cwd);
      const startedAt = deps.clock.monotonic();
      const progress = createProgress(deps.isWatched && !isQuiet ? io.stderr : undefined, deps.clock);
      try {
        const result = importFile(file, dir, deps, progress);
        const seconds = (deps.clock.monotonic() - startedAt) / 1000;
        progress.clear();
        if (!isQuiet) io.stdout(report(result, seconds));
        return EXIT.ok;
      } catch (error) {
        progress.clear();
        io.stderr(`${(error as Error).message}\n`);
        return error instanceof DataDirectoryError && error.kind === 'locked' ? IN_USE : EXIT.failed;
      }
    },
  };
}

function optionsOf(
  argv: readonly string[],
  cwd: string,
): { readonly file: string; readonly dir: string; readonly isQuiet: boolean } {
  const args = parseArgs(argv, IMPORT_FLAGS);
  const [format, file, ...more] = args.positional;
  if (format !== 'openmetrics') {
    throw new UsageError(`import: expected "openmetrics", got ${JSON.stringify(format ?? '')}`);
  }
  if (file === undefined || more.length > 0) {
    throw new UsageError(`import openmetrics: expected one FILE, got ${args.positional.length - 1}`);
  }
  return {
    file,
    dir: path.resolve(cwd, args.values.get('data') ?? 'data'),
    isQuiet: args.switches.get('quiet') ?? false,
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
  const { gatherer } = target;
  const stream = new OpenMetricsStream({
    series: (labels) => gatherer.series(labels),
    samples: (series, timestamps, values, count) => gatherer.samples(series, timestamps, values, count),
    type: (family, type) => target.metadata(family, { type: METRIC_TYPES[type]! }),
    help: (family, help) => target.metadata(family, { help }),
    unit: (family, unit) => target.metadata(family, { unit }),
  });
  const total = fs.fstatSync(descriptor).size;
  const window = new Uint8Array(STREAM_WINDOW_BYTES);
  let kept = 0;
  let bytes = 0;
  try {
    for (let isLast = false; !isLast; ) {
      const count = fs.readSync(descriptor, window, kept, window.length - kept, null);
      isLast = count === 0;
      bytes += count;
      const length = kept + count;
      const used = stream.read(window, length, isLast);
      window.copyWithin(0, used, length);
      kept = length - used;
      progress.read(bytes, total, stream.line);
    }
  } catch (error) {
    if (error instanceof ExpositionError) throw new Error(`${file}:${error.line}: ${error.problem}`);
    if (error instanceof ImportError)
      throw new Error(`${file}:${stream.line - error.samplesAfter}: ${error.message}`);
    throw error;
  }
}

function report(result: ImportResult, seconds: number): string {
  const { added, duplicates, conflicts, series, days, bytes } = result;
  const perSample = added > 0 && bytes > 0 ? `, ${(bytes / added).toFixed(2)} bytes per sample` : '';
  const lines = [
    `imported ${added} samples of ${series} series in ${days} days: ${bytes} bytes${perSample}, ${seconds.toFixed(1)} s`,
  ];
  if (duplicates > 0) lines.push(`${duplicates} samples were there already`);
  if (conflicts > 0) lines.push(`${conflicts} samples were left out: another value is stored for their time`);
  return `${lines.join('\n')}\n`;
}
