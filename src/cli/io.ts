/** What a subcommand may touch of the process; handed in, so that tests can look on. */
export interface CliIo {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

/** A subcommand; resolves with the exit code. */
export interface Command {
  readonly name: string;
  readonly usage: string;
  readonly summary: string;
  /** What `belfry help` says of it beside usage and summary. */
  readonly help?: string;
  run(argv: readonly string[], io: CliIo): Promise<number>;
}

/** Exit codes as upstream's. */
export const EXIT = { ok: 0, failed: 1, usage: 2, lint: 3 } as const;
