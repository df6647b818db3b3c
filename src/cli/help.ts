import { describeFlags } from './args.ts';
import type { Command } from './io.ts';
import { SERVE_FLAGS } from './serve-flags.ts';

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
    describeFlags(SERVE_FLAGS),
    '',
    'Exit codes: 0 done, 1 failed, 2 wrong flags or a configuration that cannot be loaded, 3 lint findings or a directory in use.',
    '',
  ].join('\n');
}

export function commandHelp(command: Command): string {
  const flags = command.name === 'serve' ? `\n\nFlags:\n${describeFlags(SERVE_FLAGS)}` : '';
  const more = command.help ? `\n\n${command.help.trimEnd()}` : '';
  return `belfry ${command.usage}\n\n${command.summary}${flags}${more}\n`;
}

export function unknownCommand(name: string, commands: readonly Command[]): string {
  const names = commands.map((command) => command.name);
  const near = names.find((known) => isNear(name, known));
  return `belfry: unknown command ${JSON.stringify(name)}${near ? ` (did you mean "${near}"?)` : ''}; there are: ${names.join(', ')}, help\n`;
}

/** One letter added, missing, wrong or swapped. */
function isNear(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false;
  let i = 0;
  while (i < a.length && a[i] === b[i]) i++;
  const rests = [
    [a.slice(i + 1), b.slice(i)],
    [a.slice(i), b.slice(i + 1)],
    [a.slice(i + 1), b.slice(i + 1)],
    [(a[i + 1] ?? '') + (a[i] ?? '') + a.slice(i + 2), b.slice(i)],
  ];
  return rests.some(([x, y]) => x === y);
}
