import { formatFinding } from '../config/finding.ts';
import { type CheckedFile, checkFile, type LoadOptions } from '../config/load.ts';
import { UsageError } from './args.ts';
import { type CliIo, EXIT } from './io.ts';

/** What knows the languages inside a config; handed in by the program. */
export type CheckLanguages = Pick<LoadOptions, 'checkExpr' | 'checkTemplate'>;

const KIND_NAMES = { config: 'config', rules: 'rule file', web: 'web config' } as const;

/**
 * `belfry check FILE…`: prints `file:line:column: message` per finding to stderr and a verdict per file to stdout. Exits 0 when all
 * files are valid and 1 when one is not; warnings change nothing.
 */
export async function check(
  argv: readonly string[],
  io: CliIo,
  languages: CheckLanguages = {},
): Promise<number> {
  const option = argv.find((argument) => argument.startsWith('-') && argument !== '-');
  if (option !== undefined) throw new UsageError(`check: unknown option ${option}`);
  if (argv.length === 0) throw new UsageError('check: expected the name of a file, got none');
  let isValid = true;
  for (const file of argv) {
    const checked = checkFile(file, { env: io.env, cwd: io.cwd, ...languages });
    for (const finding of checked.errors) io.stderr(`${formatFinding(finding)}\n`);
    for (const { message, ...finding } of checked.warnings) {
      io.stderr(`${formatFinding({ ...finding, message: `warning: ${message}` })}\n`);
    }
    io.stdout(`${verdict(file, checked)}\n`);
    isValid &&= checked.errors.length === 0;
  }
  return isValid ? EXIT.ok : EXIT.failed;
}

function verdict(file: string, { kind, errors, rules }: CheckedFile): string {
  if (errors.length > 0) return `${file}: ${count(errors.length, 'error')}`;
  return `${file}: valid ${KIND_NAMES[kind]}${rules > 0 ? `, ${count(rules, 'rule')}` : ''}`;
}

const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;
