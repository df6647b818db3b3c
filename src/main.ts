import path from 'node:path';
import { UsageError } from './cli/args.ts';
import { commands } from './cli/commands.ts';
import { commandHelp, generalHelp, unknownCommand } from './cli/help.ts';
import { EXIT } from './cli/io.ts';
import { translated } from './cli/other-names.ts';
import { secretReader } from './cli/secret-input.ts';
import { systemClock } from './clock.ts';
import { detectPlatform } from './platform.ts';
import { processIo, serve, usageText } from './serve.ts';

const io = processIo();

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
    io.stderr(usageText(error, command.name));
    return EXIT.usage;
  }
}
