import path from 'node:path';
import type { Writable } from 'node:stream';
import type { Clock } from '../clock.ts';
import { createLog } from '../logging.ts';
import { loadAddon, type Platform } from '../platform.ts';
import { parseSelector } from '../query/selector.ts';
import type { SqliteAddon } from '../sqlite/database.ts';
import { VERSION } from '../version.ts';
import { alertCommand } from './alert.ts';
import { UsageError } from './args.ts';
import { backupCommand, restoreCommand } from './backup.ts';
import { check, checkSummary } from './check.ts';
import { deleteCommand } from './delete.ts';
import { exportCommand } from './export.ts';
import { hashPasswordCommand } from './hash-password.ts';
import { importCommand } from './import.ts';
import { type CliIo, type Command, EXIT } from './io.ts';
import { checkLanguages } from './languages.ts';
import { probe } from './probe.ts';
import { testReceiver } from './receiver.ts';
import { rehearseCommand } from './rehearse.ts';
import { routeCommand } from './route.ts';
import type { ReadSecret } from './secret-input.ts';
import { silenceCommand } from './silence.ts';
import { testPromql } from './test-promql.ts';
import { testRules, testRulesSummary } from './test-rules.ts';
import { tokenCommand } from './token.ts';
import { versionText } from './version.ts';
import { whyCommand } from './why.ts';
import { runWord } from './words.ts';

export interface CommandDeps {
  readonly clock: Clock;
  readonly platform: Platform;
  readonly serve: Command['run'];
  /** Standard output, for what is larger than a text. */
  readonly out: Writable;
  readonly io: CliIo;
  /** Whether a person watches standard error. */
  readonly isWatched: boolean;
  readonly readSecret: ReadSecret;
  /** Whether a person types at standard input. */
  readonly isPerson: boolean;
}

/** Every subcommand; the first is what runs without one. */
export function commands(deps: CommandDeps): readonly Command[] {
  const { clock, platform, serve, out, io, isWatched, readSecret, isPerson } = deps;
  const log = createLog({ level: 'warn', format: 'logfmt', out: io.stderr });
  const addon = (dataDir: string): SqliteAddon =>
    loadAddon(platform.unpackAddon(path.join(dataDir, 'cache')));
  return [
    {
      name: 'serve',
      usage: 'serve [--config FILE] [--data DIR] [--listen HOST:PORT]',
      summary: 'runs the monitor (the default command)',
      run: serve,
    },
    {
      name: 'check',
      usage: 'check [--lint] FILE…',
      summary: checkSummary,
      run: (argv, to) => check(argv, to, checkLanguages(clock.now), { fetch, now: clock.now }),
    },
    {
      name: 'test',
      usage: 'test promql FILE… | test rules FILE… | test receiver NAME',
      summary: `runs PromQL scripts, unit tests of rules, or a receiver\n\ntest rules: ${testRulesSummary}`,
      run: (argv, to) => test(argv, to, clock),
    },
    rehearseCommand({ clock, fetch, ...checkLanguages(clock.now) }),
    whyCommand(clock.now),
    alertCommand,
    silenceCommand(clock.now),
    routeCommand,
    tokenCommand,
    hashPasswordCommand(readSecret, isPerson),
    importCommand({ clock, addon, log, isWatched }),
    exportCommand({ clock, addon, log, parseSelector, out }),
    deleteCommand,
    backupCommand({ clock, addon, version: VERSION }),
    restoreCommand({ clock, addon, version: VERSION }),
    {
      name: 'healthy',
      usage: 'healthy [--url URL]',
      summary: 'asks a running monitor whether it lives',
      run: probe('/-/healthy'),
    },
    {
      name: 'ready',
      usage: 'ready [--url URL]',
      summary: 'asks a running monitor whether it is ready',
      run: probe('/-/ready'),
    },
    {
      name: 'version',
      usage: 'version',
      summary: 'prints version and build',
      run: async (_argv, to) => {
        to.stdout(versionText());
        return EXIT.ok;
      },
    },
  ];
}

async function test(argv: readonly string[], io: CliIo, clock: Clock): Promise<number> {
  const [what = '', ...rest] = argv;
  switch (what) {
    case 'promql':
      return testPromql(rest, io);
    case 'rules':
      return testRules(rest, io, { clock, ...checkLanguages(clock.now) });
    case 'receiver':
      return runWord(testReceiver, rest, io);
    default:
      throw new UsageError(`test: expected promql, rules or receiver, got ${JSON.stringify(what)}`);
  }
}
