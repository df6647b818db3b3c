import type { CliIo, Command } from './io.ts';

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command, or what it does, to its end. */
export async function ran(
  command: Pick<Command, 'run'> | Command['run'],
  argv: readonly string[],
  { cwd = '/', env = {} }: Partial<Pick<CliIo, 'cwd' | 'env'>> = {},
): Promise<Ran> {
  const out: string[] = [];
  const err: string[] = [];
  const io: CliIo = {
    stdout: (text) => void out.push(text),
    stderr: (text) => void err.push(text),
    env,
    cwd,
  };
  const code = await (typeof command === 'function' ? command(argv, io) : command.run(argv, io));
  return { code, out: out.join(''), err: err.join('') };
}
