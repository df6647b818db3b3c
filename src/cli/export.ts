import path from 'node:path';
import type { Writable } from 'node:stream';
import type { Clock } from '../clock.ts';
import type { Log } from '../model/log.ts';
import type { Matcher } from '../model/matcher.ts';
import type { SqliteAddon } from '../sqlite/database.ts';
import { expectData } from '../tsdb/directory.ts';
import { openOffline } from '../tsdb/offline-queryable.ts';
import { type FlagSpec, parseArgs, UsageError } from './args.ts';
import { exportFormats } from './export-formats.ts';
import { type ExportSelection, exported, type LeftOut } from './export-stream.ts';
import { momentOf } from './flag-times.ts';
import { type Command, EXIT } from './io.ts';
import { createOutput } from './output.ts';

const EXPORT_FLAGS: readonly FlagSpec[] = [
  {
    names: ['data', 'storage.tsdb.path'],
    kind: 'value',
    placeholder: 'DIR',
    help: 'data directory; a server may be using it (./data)',
  },
  {
    names: ['match'],
    kind: 'repeated',
    placeholder: 'SELECTOR',
    help: 'series such as \'up{job="node"}\'; several add up (all series)',
  },
  {
    names: ['from', 'start'],
    kind: 'value',
    placeholder: 'TIME',
    help: 'samples from then on: RFC 3339, Unix seconds, or how long ago, such as 30d (all)',
  },
  {
    names: ['to', 'end'],
    kind: 'value',
    placeholder: 'TIME',
    help: 'samples before then, in the same forms (all)',
  },
  {
    names: ['format'],
    kind: 'value',
    placeholder: 'FORMAT',
    help: 'openmetrics, jsonl (has native histograms and start timestamps), csv, or prom and seriesjson as promtool dumps them (openmetrics)',
  },
];

export interface ExportDeps {
  readonly clock: Clock;
  /** Loads SQLite's addon. */
  readonly addon: (dataDir: string) => SqliteAddon;
  readonly log: Log;
  /** Reads a series selector. @throws Error with PromQL's text */
  readonly parseSelector: (text: string) => readonly Matcher[];
  /** Where the samples go: the process's standard output. */
  readonly out: Writable;
}

/** `belfry export`: writes stored samples, series by series, beside a running server or without one. */
export function exportCommand(deps: ExportDeps): Command {
  return {
    name: 'export',
    usage: 'export [--data DIR] [--match SELECTOR]… [--from TIME] [--to TIME] [--format FORMAT]',
    summary: 'writes stored samples to standard output',
    flags: EXPORT_FLAGS,
    async run(argv, io) {
      const options = optionsOf(argv, io.cwd, deps.parseSelector, deps.clock.now());
      const output = createOutput(deps.out);
      try {
        expectData(options.dir);
        const { addon, clock, log } = deps;
        const leftOut: LeftOut = { histograms: 0, startTimestamps: 0, exemplars: 0, unread: new Set() };
        const store = openOffline(options.dir, { addon: addon(options.dir), clock, log });
        try {
          for (const text of exported(store, options, leftOut)) if (!(await output.write(text))) break;
        } finally {
          store.close();
        }
        await output.drained();
        const missing = missingOf(leftOut);
        if (missing !== '') io.stderr(`belfry export: ${missing}\n`);
        if (leftOut.exemplars > 0) {
          io.stderr(`belfry export: left out, because no format has them: ${leftOut.exemplars} exemplars\n`);
        }
        for (const warning of leftOut.unread) io.stderr(`belfry export: ${warning}\n`);
        return leftOut.unread.size === 0 ? EXIT.ok : EXIT.failed;
      } catch (error) {
        io.stderr(`belfry export: ${(error as Error).message}\n`);
        return EXIT.failed;
      } finally {
        output.release();
      }
    },
  };
}

/** What an export had to leave out, and which format has it; empty when nothing. */
function missingOf({ histograms, startTimestamps }: LeftOut): string {
  const parts: string[] = [];
  if (histograms > 0) parts.push(`${histograms} native histograms`);
  if (startTimestamps > 0) parts.push(`${startTimestamps} start timestamps`);
  return parts.length > 0
    ? `left out, because the format has no place for them: ${parts.join(', ')}; --format jsonl has`
    : '';
}

function optionsOf(
  argv: readonly string[],
  cwd: string,
  parseSelector: ExportDeps['parseSelector'],
  now: number,
): ExportSelection {
  const args = parseArgs(argv, EXPORT_FLAGS);
  if (args.positional.length > 0)
    throw new UsageError(`export: unexpected ${JSON.stringify(args.positional[0])}`);
  const name = args.values.get('format') ?? 'openmetrics';
  if (!Object.hasOwn(exportFormats, name)) {
    const known = Object.keys(exportFormats).join(', ');
    throw new UsageError(`--format: expected one of ${known}, got ${JSON.stringify(name)}`);
  }
  const time = (flag: string): number | undefined => {
    const text = args.values.get(flag);
    return text === undefined ? undefined : momentOf(flag, text, now);
  };
  const range = {
    from: time('from') ?? -8.64e15,
    to: time('to') ?? 8.64e15,
  };
  if (range.to <= range.from) throw new UsageError('--to: expected a time after --from');
  return {
    dir: path.resolve(cwd, args.values.get('data') ?? 'data'),
    sets: (args.lists.get('match') ?? []).map((text) => {
      try {
        return parseSelector(text);
      } catch (error) {
        throw new UsageError(`--match ${JSON.stringify(text)}: ${(error as Error).message}`);
      }
    }),
    range,
    format: exportFormats[name as keyof typeof exportFormats],
  };
}
