import { type FlagSpec, parseArgs } from './args.ts';
import { type CliIo, type Command, EXIT, fetchProblem } from './io.ts';
import { DEFAULT_URL } from './remote.ts';

const TIMEOUT_MS = 5000;

export const PROBE_FLAGS: readonly FlagSpec[] = [
  {
    names: ['url'],
    kind: 'value',
    placeholder: 'URL',
    help: `address of the monitor (BELFRY_URL, else ${DEFAULT_URL})`,
  },
];

/** A command that asks a running monitor one of its health paths: exit 0 when it answers 200, else 1. For container health checks. */
export function probe(path: string): Command['run'] {
  return async (argv: readonly string[], io: CliIo) => {
    const args = parseArgs(argv, PROBE_FLAGS);
    const url = (args.values.get('url') ?? io.env.BELFRY_URL ?? DEFAULT_URL).replace(/\/+$/, '') + path;
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
      io.stdout(await response.text());
      return response.ok ? EXIT.ok : EXIT.failed;
    } catch (error) {
      io.stderr(`belfry: ${url}: ${fetchProblem(error)}\n`);
      return EXIT.failed;
    }
  };
}
