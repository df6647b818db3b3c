import fs from 'node:fs';
import path from 'node:path';
import { type Appliance, createAppliance } from './app.ts';
import { UsageError } from './cli/args.ts';
import { commands } from './cli/commands.ts';
import { commandHelp, generalHelp, unknownCommand } from './cli/help.ts';
import { type CliIo, EXIT } from './cli/io.ts';
import { translated } from './cli/other-names.ts';
import { secretReader } from './cli/secret-input.ts';
import { serveOptions } from './cli/serve-flags.ts';
import { systemClock } from './clock.ts';
import { ConfigError } from './config/config-error.ts';
import { createLogTail } from './log-tail.ts';
import { createLog } from './logging.ts';
import { detectPlatform } from './platform.ts';

/** After this long, a stop that hangs is cut off; upstream's tools expect an answer to SIGTERM within seconds. */
const STOP_DEADLINE_MS = 3500;

/** Colours are for a person at a terminal who has not asked for none (no-color.org). */
const isColoured = process.stdout.isTTY === true && !process.env.NO_COLOR;

const io: CliIo = {
  stdout: (text) => void process.stdout.write(isColoured ? text : withoutColours(text)),
  stderr: (text) => void process.stderr.write(text),
  env: process.env,
  cwd: process.cwd(),
};

const COMMANDS = commands({
  clock: systemClock,
  platform: detectPlatform(),
  serve,
  out: process.stdout,
  io,
  isWatched: process.stderr.isTTY === true,
  readSecret: secretReader(process.stdin, io.stderr),
  isPerson: process.stdin.isTTY === true,
});

// Whoever reads the output may go away (`belfry help | head`): no failure of a command, and no reason to stop monitoring.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

void main(ownWords(process.argv.slice(2), process.argv0)).then((code) => {
  process.exitCode = code;
});

/** Called promtool or amtool, by a link or by its first word, the program takes their words. */
function ownWords(argv: readonly string[], startedAs: string): readonly string[] {
  const isOther = (name: string | undefined): name is 'promtool' | 'amtool' =>
    name === 'promtool' || name === 'amtool';
  const linked = path.basename(startedAs);
  const [program, rest] = isOther(linked) ? [linked, argv] : [argv[0], argv.slice(1)];
  if (!isOther(program)) return argv;
  const words = translated(program, rest);
  if (typeof words === 'object') return words;
  io.stderr(`belfry: ${program} ${rest.join(' ')}: ${words ?? `this is no word of ${program}`}\n`);
  process.exit(EXIT.usage);
}

function withoutColours(text: string): string {
  return text.includes('\u001b') ? text.replace(/\u001b\[[\d;]*m/g, '') : text;
}

/** Runs the command the arguments name; gives the exit code. */
async function main(argv: readonly string[]): Promise<number> {
  const [first = 'serve', ...rest] = argv;
  if (['help', '--help', '-h'].includes(first)) {
    const command = COMMANDS.find(({ name }) => name === rest[0]);
    io.stdout(command ? commandHelp(command, rest[1]) : generalHelp(COMMANDS));
    return EXIT.ok;
  }
  if (first === '--version') return main(['version']);
  const command = first.startsWith('-') ? COMMANDS[0]! : COMMANDS.find(({ name }) => name === first);
  if (!command) {
    io.stderr(unknownCommand(first, COMMANDS));
    return EXIT.usage;
  }
  const args = first.startsWith('-') ? argv : rest;
  if (args.includes('--help') || args.includes('-h')) {
    io.stdout(commandHelp(command, args[0]));
    return EXIT.ok;
  }
  try {
    return await command.run(args, io);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    io.stderr(`belfry: ${error.message}\nTry "belfry help ${command.name}".\n`);
    return EXIT.usage;
  }
}

/** Runs the appliance until a signal ends it. */
async function serve(argv: readonly string[]): Promise<number> {
  const options = serveOptions(argv, io.cwd, (file) => fs.existsSync(file));
  const logTail = createLogTail();
  const log = createLog({
    tail: logTail,
    level: options.logLevel,
    levels: options.logLevels,
    format: options.logFormat,
    out: io.stdout,
  });
  showName();
  const stop = Promise.withResolvers<string>();
  // A SIGHUP that comes before all is loaded asks for a reload then; unheard it would end the process.
  const started = Promise.withResolvers<Appliance>();
  process.on(
    'SIGHUP',
    () => void started.promise.then((running) => running.reload('SIGHUP')).catch(() => {}),
  );
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.resolve(signal));
  for (const warning of options.warnings) log.warn({}, warning);

  const appliance = createAppliance({
    options,
    log,
    logTail,
    clock: systemClock,
    platform: detectPlatform(),
    env: io.env,
  });
  try {
    await appliance.start();
  } catch (error) {
    if (error instanceof ConfigError) {
      io.stderr(`${error.message}\n`);
      return exitNow(EXIT.usage);
    }
    log.error({}, (error as Error).message);
    log.debug({ error }, 'start failed');
    return exitNow(EXIT.failed);
  }
  started.resolve(appliance);
  appliance.failed.catch((error: Error) => {
    log.error({ error }, 'a part that cannot be missed has failed; ending');
    process.exit(EXIT.failed);
  });

  const signal = await stop.promise;
  log.info({ signal }, 'stopping');
  systemClock.after(STOP_DEADLINE_MS, () => {
    log.warn({}, 'the stop took too long and is cut off; nothing stored is lost');
    exitNow(EXIT.ok);
  });
  await appliance.stop();
  log.info({}, 'stopped');
  return exitNow(EXIT.ok);
}

/** The name by which `pgrep` and `top` know the process: Node calls its main thread MainThread. */
function showName(): void {
  try {
    fs.writeFileSync('/proc/self/comm', 'belfry');
  } catch {
    // No Linux, or no /proc: it goes by Node's name.
  }
}

/** Ends the process at once: threads and sockets of hung peers must not keep it. */
function exitNow(code: number): never {
  process.exit(code);
}
