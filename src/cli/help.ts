import { nearest } from '../config/nearest.ts';
import { describeFlags } from './args.ts';
import type { Command, DescribedWord } from './io.ts';

export function generalHelp(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  const lines = commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary.split('\n')[0]}`);
  return [
    'belfry: scrapes, stores, evaluates PromQL, alerts and shows, in one process.',
    '',
    'Usage: belfry [COMMAND] …, and belfry help COMMAND for each',
    '',
    'Commands:',
    ...lines,
    '',
    'Flags of serve:',
    describeFlags(commands[0]?.flags ?? []),
    '',
    'Exit codes: 0 done, 1 failed, 2 wrong flags or a configuration that cannot be loaded, 3 lint findings or a directory in use.',
    '',
  ].join('\n');
}

/** @param word one of the command's, for help of it alone */
export function commandHelp(command: Command, word?: string): string {
  const one = command.words?.find(({ name }) => name === word);
  if (one) return wordHelp(one);
  const flags = command.flags?.length ? `\n\nFlags:\n${describeFlags(command.flags)}` : '';
  const words = command.words ? `\n\n${command.words.map(wordHelp).join('\n').trimEnd()}` : '';
  return `belfry ${command.usage}\n\n${command.summary}${flags}${words}\n`;
}

function wordHelp({ usage, summary, flags }: DescribedWord): string {
  return `belfry ${usage}\n  ${summary}\n${flags.length > 0 ? `${describeFlags(flags)}\n` : ''}`;
}

export function unknownCommand(name: string, commands: readonly Command[]): string {
  const names = commands.map((command) => command.name);
  const near = nearest(name, names);
  return `belfry: unknown command ${JSON.stringify(name)}${near ? ` (did you mean "${near}"?)` : ''}; there are: ${names.join(', ')}, help\n`;
}
