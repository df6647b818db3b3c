import { type Finding, formatFinding } from '../config/finding.ts';
import type { FileKind } from '../config/kind.ts';
import { type CheckedFile, checkFile, type LoadOptions } from '../config/load.ts';
import { LINT_CHECKS } from '../rules/lint/finding.ts';
import type { StoreSource } from '../rules/lint/stored.ts';
import { type FlagSpec, parseArgs, UsageError } from './args.ts';
import { type CliIo, EXIT, fetchProblem } from './io.ts';
import { lintFiles } from './lint-files.ts';
import { destinationOf } from './remote.ts';
import { apiSource } from './store-source.ts';

/** What knows the languages inside a config; handed in by the program. */
export type CheckLanguages = Pick<LoadOptions, 'checkExpr' | 'checkTemplate'>;

/** What `--url` asks over. */
export interface CheckNetwork {
  readonly fetch: typeof fetch;
  readonly now: () => number;
}

export const CHECK_FLAGS: readonly FlagSpec[] = [
  { names: ['lint'], kind: 'boolean', help: 'also tells what is valid and probably not meant' },
  { names: ['lint-fatal'], kind: 'boolean', help: 'the same, and exits 3 when there is any' },
  {
    names: ['only'],
    kind: 'repeated',
    placeholder: 'CHECK',
    help: 'with lint: tells only what this check finds, by the name it is printed with; may be repeated',
  },
  {
    names: ['url'],
    kind: 'value',
    placeholder: 'URL',
    help: 'with lint: a running monitor, to check rules against what it has stored',
  },
  {
    names: ['user'],
    kind: 'value',
    placeholder: 'NAME:PASSWORD',
    help: 'basic authentication there (also from BELFRY_USER)',
  },
];

const KIND_NAMES = { config: 'config', rules: 'rule file', web: 'web config' } as const;

/**
 * `belfry check FILE…`: prints `file:line:column: message` per finding to stderr and a verdict per file to stdout. Exits 0 when all
 * files are valid, 1 when one is not, and 3 when lint finds something and `--lint-fatal` is given; warnings change nothing.
 */
export async function check(
  argv: readonly string[],
  io: CliIo,
  languages: CheckLanguages = {},
  network?: CheckNetwork,
): Promise<number> {
  const args = usage(() => parseArgs(argv, CHECK_FLAGS));
  const url = args.values.get('url');
  const isFatal = args.switches.get('lint-fatal') ?? false;
  const isLinted = isFatal || (args.switches.get('lint') ?? false) || url !== undefined;
  const only = args.lists.get('only') ?? [];
  for (const name of only) {
    if (!LINT_CHECKS.some((known) => known === name))
      throw new UsageError(
        `check: --only: expected one of ${LINT_CHECKS.join(', ')}, got ${JSON.stringify(name)}`,
      );
  }
  if (args.positional.length === 0) throw new UsageError('check: expected the name of a file, got none');
  if (url !== undefined && !network) throw new UsageError('check: --url needs a network');
  const options: LoadOptions = { env: io.env, cwd: io.cwd, ...languages };
  const valid: { file: string; kind: FileKind }[] = [];
  for (const file of args.positional) {
    const checked = checkFile(file, options);
    for (const finding of checked.errors) io.stderr(`${formatFinding(finding)}\n`);
    for (const finding of checked.warnings) io.stderr(`${formatFinding(marked('warning', finding))}\n`);
    io.stdout(`${verdict(file, checked)}\n`);
    if (checked.errors.length === 0) valid.push({ file, kind: checked.kind });
  }
  let found = 0;
  if (isLinted) {
    const to = url === undefined ? undefined : destinationOf(args, io.env);
    const source: StoreSource | undefined =
      !to || !network ? undefined : apiSource(to.url, network, to.authorization);
    try {
      for (const { check: name, ...finding } of await lintFiles(valid, options, source)) {
        if (only.length > 0 && !only.includes(name)) continue;
        io.stderr(`${formatFinding(marked(`lint (${name})`, finding))}\n`);
        found++;
      }
    } catch (error) {
      io.stderr(`belfry: ${fetchProblem(error)}\n`);
      return EXIT.failed;
    }
    io.stdout(`lint: ${found === 0 ? 'nothing found' : count(found, 'finding')}\n`);
  }
  if (valid.length < args.positional.length) return EXIT.failed;
  return isFatal && found > 0 ? EXIT.lint : EXIT.ok;
}

const marked = (mark: string, finding: Finding): Finding => ({
  ...finding,
  message: `${mark}: ${finding.message}`,
});

/** @throws UsageError that says whose flags were wrong */
function usage<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof UsageError) throw new UsageError(`check: ${error.message}`);
    throw error;
  }
}

function verdict(file: string, { kind, errors, rules }: CheckedFile): string {
  if (errors.length > 0) return `${file}: ${count(errors.length, 'error')}`;
  return `${file}: valid ${KIND_NAMES[kind]}${rules > 0 ? `, ${count(rules, 'rule')}` : ''}`;
}

const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;
