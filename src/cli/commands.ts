import path from 'node:path';
import type { Writable } from 'node:stream';
import type { Clock } from '../clock.ts';
import { createLog } from '../logging.ts';
import { loadAddon, loadPassingAddon, type Platform } from '../platform.ts';
import { parseSelector } from '../promql/parse.ts';
import type { SqliteAddon } from '../sqlite/database.ts';
import { unusable } from '../tsdb/directory.ts';
import { VERSION } from '../version.ts';
import { alertCommand } from './alert.ts';
import { UsageError } from './args.ts';
import { backupCommand, restoreCommand } from './backup.ts';
import { CHECK_FLAGS, check } from './check.ts';
import { completionScript, SHELLS } from './completion.ts';
import { configCommand } from './config.ts';
import { debugCommand } from './debug.ts';
import { deleteCommand } from './delete.ts';
import { discoverCommand } from './discover.ts';
import { exportCommand } from './export.ts';
import { hashPasswordCommand } from './hash-password.ts';
import { importCommand } from './import.ts';
import { initCommand } from './init.ts';
import { type CliIo, type Command, EXIT } from './io.ts';
import { checkLanguages } from './languages.ts';
import { manualPage } from './manual.ts';
import { metricsCommand } from './metrics.ts';
import { PROBE_FLAGS, probe } from './probe.ts';
import { promqlCommand } from './promql.ts';
import { queryCommand } from './query.ts';
import { testReceiver } from './receiver.ts';
import { rehearseCommand } from './rehearse.ts';
import { reloadCommand } from './reload.ts';
import { routeCommand } from './route.ts';
import type { ReadSecret } from './secret-input.ts';
import { bucketsCommand, seriesCommand, valuesCommand } from './series.ts';
import { SERVE_FLAGS } from './serve-flags.ts';
import { silenceCommand } from './silence.ts';
import { storageCommand } from './storage.ts';
import { templateCommand } from './template.ts';
import { testPromql } from './test-promql.ts';
import { TEST_RULES_FLAGS, testRules } from './test-rules.ts';
import { tokenCommand } from './token.ts';
import { VERSION_FLAGS, version } from './version.ts';
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
  const addon = (dataDir: string): SqliteAddon => {
    let file: string | undefined;
    try {
      file = platform.unpackAddon(path.join(dataDir, 'cache'));
    } catch (error) {
      throw unusable(dataDir, error);
    }
    return loadAddon(file);
  };
  const all: readonly Command[] = [
    {
      name: 'serve',
      usage: 'serve [--config FILE] [--data DIR] [--listen HOST:PORT]',
      summary: 'runs the monitor (the default command)',
      flags: SERVE_FLAGS,
      run: serve,
    },
    initCommand(() => platform.text('config.example.yaml')),
    {
      name: 'check',
      usage: 'check [--lint] FILE…',
      summary: 'checks configuration, rule and web config files',
      flags: CHECK_FLAGS,
      run: (argv, to) => check(argv, to, checkLanguages(clock.now), { fetch, now: clock.now }),
    },
    {
      name: 'test',
      usage: 'test promql FILE… | test rules FILE… | test receiver NAME',
      summary: 'runs PromQL scripts, unit tests of rules, or a receiver',
      words: [
        { name: 'promql', usage: 'test promql FILE…', summary: 'runs PromQL test scripts', flags: [] },
        {
          name: 'rules',
          usage: 'test rules FILE…',
          summary: "runs unit tests of rules in promtool's format",
          flags: TEST_RULES_FLAGS,
        },
        { name: 'receiver', ...testReceiver },
      ],
      run: (argv, to) => test(argv, to, clock),
    },
    rehearseCommand({ clock, fetch, ...checkLanguages(clock.now) }),
    queryCommand(clock.now),
    seriesCommand(clock.now),
    valuesCommand(clock.now),
    bucketsCommand(clock.now),
    promqlCommand,
    metricsCommand(clock.now),
    discoverCommand({ clock, version: VERSION }),
    templateCommand(clock.now),
    whyCommand(clock.now),
    alertCommand,
    silenceCommand(clock.now),
    routeCommand,
    tokenCommand,
    reloadCommand,
    configCommand,
    hashPasswordCommand(readSecret, isPerson),
    importCommand({ clock, addon, log, isWatched }),
    exportCommand({ clock, addon, log, parseSelector, out }),
    deleteCommand,
    storageCommand({ clock, addon, log, parseSelector }),
    debugCommand,
    backupCommand({ clock, addon, passingAddon: () => loadPassingAddon(platform), version: VERSION }),
    restoreCommand({ clock, addon }),
    {
      name: 'healthy',
      usage: 'healthy [--url URL]',
      summary: 'asks a running monitor whether it lives',
      flags: PROBE_FLAGS,
      run: probe('/-/healthy'),
    },
    {
      name: 'ready',
      usage: 'ready [--url URL]',
      summary: 'asks a running monitor whether it is ready',
      flags: PROBE_FLAGS,
      run: probe('/-/ready'),
    },
    {
      name: 'version',
      usage: 'version [--licenses | --sbom]',
      summary: 'prints version and build, or what the program is made of',
      flags: VERSION_FLAGS,
      run: (argv, to) => version(argv, to, platform.text),
    },
    {
      name: 'completion',
      usage: `completion ${SHELLS.join('|')}`,
      summary: 'prints a script by which a shell completes the command line',
      values: SHELLS,
      async run([shell], to) {
        const known = SHELLS.find((one) => one === shell);
        if (!known) throw new UsageError(`completion: expected ${SHELLS.join(', ')}`);
        to.stdout(completionScript(known, all));
        return EXIT.ok;
      },
    },
    {
      name: 'man',
      usage: 'man',
      summary: 'prints the manual page; to read it: belfry man | man -l -',
      flags: [],
      async run(_argv, to) {
        to.stdout(manualPage(all, VERSION));
        return EXIT.ok;
      },
    },
  ];
  return all;
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
