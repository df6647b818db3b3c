import type { FlagSpec } from './args.ts';

/** What a subcommand may touch of the process; handed in, so that tests can look on. */
export interface CliIo {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

/** A word after the command, such as `add` in `silence add`, as help, completions and the manual tell of it. */
export interface DescribedWord {
  readonly name: string;
  readonly usage: string;
  readonly summary: string;
  readonly flags: readonly FlagSpec[];
}

/** A subcommand; resolves with the exit code. */
export interface Command {
  readonly name: string;
  readonly usage: string;
  readonly summary: string;
  /** Its own, when it has no words. */
  readonly flags?: readonly FlagSpec[];
  readonly words?: readonly DescribedWord[];
  /** Values its arguments may have, for completion; files unless given. */
  readonly values?: readonly string[];
  run(argv: readonly string[], io: CliIo): Promise<number>;
}

/** Exit codes as upstream's; `inUse` when another process holds the data directory. */
export const EXIT = { ok: 0, failed: 1, usage: 2, lint: 3, inUse: 3 } as const;

/** Why `fetch` failed: its own message says no more than that it did. */
export function fetchProblem(error: unknown): string {
  const { cause, message } = error as Error & { cause?: { message?: string } };
  return cause?.message || message;
}
