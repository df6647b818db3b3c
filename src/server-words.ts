import path from 'node:path';

const ASKS_FOR_TEXT = ['-h', '--help', '--version'];

/**
 * What is to be served with, when the process is started as a server.
 * @param startedAs the name by which it was called
 * @returns undefined for every other command
 */
export function serverWords(argv: readonly string[], startedAs: string): readonly string[] | undefined {
  const [command = 'serve', ...rest] = argv;
  const isServer = command === 'serve' || command.startsWith('-');
  if (!isServer || ['promtool', 'amtool'].includes(path.basename(startedAs))) return undefined;
  if (argv.some((word) => ASKS_FOR_TEXT.includes(word))) return undefined;
  return command === 'serve' ? rest : argv;
}
