import { formatFinding } from '../config/finding.ts';
import { type CheckedFile, checkFile, type LoadOptions } from '../config/load.ts';

export interface CheckIo {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  readonly env: LoadOptions['env'];
  /** Absolute. */
  readonly cwd: string;
}

/** What knows the languages inside a config; handed in by the program. */
export type CheckLanguages = Pick<LoadOptions, 'checkExpr' | 'checkTemplate'>;

const USAGE = `Usage: belfry check FILE…

Checks config files (belfry.yaml, prometheus.yml, alertmanager.yml), rule files and web config files.
The kind of a file is told from its top-level keys. Prints file:line:column: message for each finding.

Exit code: 0 valid, 1 invalid, 2 wrong usage.
`;

const KIND_NAMES = { config: 'config', rules: 'rule file', web: 'web config' } as const;

/** `belfry check FILE…`: 0 when all files are valid, 1 when one is not, 2 when called wrongly. */
export async function check(
  argv: readonly string[],
  io: CheckIo,
  languages: CheckLanguages = {},
): Promise<number> {
  if (argv.includes('-h') || argv.includes('--help')) {
    io.stdout.write(USAGE);
    return 0;
  }
  const option = argv.find((argument) => argument.startsWith('-') && argument !== '-');
  if (option !== undefined || argv.length === 0) {
    io.stderr.write(option === undefined ? USAGE : `belfry check: unknown option ${option}\n${USAGE}`);
    return 2;
  }
  let isValid = true;
  for (const file of argv) {
    const checked = checkFile(file, { env: io.env, cwd: io.cwd, ...languages });
    for (const finding of checked.errors) io.stderr.write(`${formatFinding(finding)}\n`);
    for (const { message, ...finding } of checked.warnings) {
      io.stderr.write(`${formatFinding({ ...finding, message: `warning: ${message}` })}\n`);
    }
    io.stdout.write(`${verdict(file, checked)}\n`);
    isValid &&= checked.errors.length === 0;
  }
  return isValid ? 0 : 1;
}

function verdict(file: string, { kind, errors, rules }: CheckedFile): string {
  if (errors.length > 0) return `${file}: ${count(errors.length, 'error')}`;
  return `${file}: valid ${KIND_NAMES[kind]}${rules > 0 ? `, ${count(rules, 'rule')}` : ''}`;
}

const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;
