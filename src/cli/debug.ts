import fs from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { type FlagSpec, UsageError } from './args.ts';
import { type Command, EXIT } from './io.ts';
import { CommandError, REMOTE_FLAGS, remoteOf } from './remote.ts';
import { tarArchive } from './tar.ts';
import { commandOfWords, type Word } from './words.ts';

/** What helps others to understand a monitor, by the file it becomes. Secrets stand in none of it: the API gives none. */
const PAGES = {
  'metrics.txt': '/metrics',
  'status.json': '/api/status',
  'config.json': '/api/v1/status/config',
  'flags.json': '/api/v1/status/flags',
  'build.json': '/api/v1/status/buildinfo',
  'runtime.json': '/api/v1/status/runtimeinfo',
  'storage.json': '/api/v1/status/tsdb',
  'targets.json': '/api/v1/targets',
  'rules.json': '/api/v1/rules',
  'alerts.json': '/api/v2/alerts',
  'log.json': '/api/log',
} as const;

const OUT: FlagSpec = {
  names: ['out'],
  kind: 'value',
  placeholder: 'FILE',
  help: 'the archive that is written (debug.tar.gz)',
};

const collecting = (
  word: string,
  summary: string,
  pages: readonly (readonly [file: string, page: string])[],
): Word => ({
  usage: `debug ${word} [--out FILE]`,
  summary,
  flags: [OUT, ...REMOTE_FLAGS],
  async run(args, io) {
    if (args.positional.length > 0)
      throw new UsageError(`debug ${word}: unexpected ${JSON.stringify(args.positional[0])}`);
    const out = args.values.get('out') ?? 'debug.tar.gz';
    const remote = remoteOf(args, io.env);
    const files: { name: string; text: string }[] = [];
    for (const [name, page] of pages) {
      io.stdout(`collecting: ${page}\n`);
      try {
        files.push({ name, text: await remote.text(page) });
      } catch (error) {
        if (!(error instanceof CommandError)) throw error;
        // What this caller may not see is left out; the rest helps, too.
        io.stderr(`left out: ${error.message}\n`);
      }
    }
    if (files.length === 0) return EXIT.failed;
    try {
      // For its owner: names of hosts and people stand in it.
      fs.writeFileSync(path.resolve(io.cwd, out), gzipSync(tarArchive(files)), { mode: 0o600 });
    } catch (error) {
      throw new CommandError((error as Error).message);
    }
    io.stdout(`Compiling debug information complete, all files written in ${JSON.stringify(out)}.\n`);
    return EXIT.ok;
  },
});

/** `belfry debug`: promtool's `debug all` and `debug metrics`. */
export const debugCommand: Command = commandOfWords(
  'debug',
  'collects into an archive what helps to understand a running monitor, without its secrets',
  {
    all: collecting(
      'all',
      'state, configuration, targets, rules, alerts, the end of the log and metrics',
      Object.entries(PAGES),
    ),
    metrics: collecting('metrics', 'its own metrics', [['metrics.txt', PAGES['metrics.txt']]]),
  },
  'all',
);
