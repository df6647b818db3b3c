import fs from 'node:fs';
import { type Appliance, createAppliance } from './app.ts';
import type { UsageError } from './cli/args.ts';
import { type CliIo, EXIT } from './cli/io.ts';
import { serveOptions } from './cli/serve-flags.ts';
import { systemClock } from './clock.ts';
import { ConfigError } from './config/config-error.ts';
import { createLogTail } from './log-tail.ts';
import { createLog } from './logging.ts';
import { detectPlatform } from './platform.ts';

/** After this long, a stop that hangs is cut off; upstream's tools expect an answer to SIGTERM within seconds. */
const STOP_DEADLINE_MS = 3500;

/** What a command may touch of this process. Colours are for a person at a terminal who has not asked for none (no-color.org). */
export function processIo(): CliIo {
  const isColoured = process.stdout.isTTY === true && !process.env.NO_COLOR;
  // Whoever reads the output may go away (`belfry help | head`): no failure of a command, and no reason to stop monitoring.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  return {
    stdout: (text) => void process.stdout.write(isColoured ? text : withoutColours(text)),
    stderr: (text) => void process.stderr.write(text),
    env: process.env,
    cwd: process.cwd(),
  };
}

function withoutColours(text: string): string {
  return text.includes('\u001b') ? text.replace(/\u001b\[[\d;]*m/g, '') : text;
}

/** What is said of words that a command cannot use. */
export const usageText = (error: UsageError, command: string): string =>
  `belfry: ${error.message}\nTry "belfry help ${command}".\n`;

/** Runs the appliance until a signal ends it. */
export async function serve(argv: readonly string[], io: CliIo): Promise<number> {
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
