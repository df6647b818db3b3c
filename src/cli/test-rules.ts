import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { RE2JS } from 're2js';
import type { Clock } from '../clock.ts';
import { runRuleTest } from '../rules/unit-test/run.ts';
import { type FlagSpec, parseArgs, UsageError } from './args.ts';
import type { CheckLanguages } from './check.ts';
import { type CliIo, EXIT } from './io.ts';
import { type JunitSuite, junitXml } from './junit.ts';
import { readRuleTestFile } from './rule-test-file.ts';

export const TEST_RULES_FLAGS: readonly FlagSpec[] = [
  { names: ['run'], kind: 'repeated', placeholder: 'REGEX', help: 'only tests whose names match' },
  { names: ['junit'], kind: 'value', placeholder: 'FILE', help: 'writes the results as JUnit XML' },
  { names: ['diff'], kind: 'boolean', help: 'shows what differs, coloured, instead of both sides' },
  { names: ['debug'], kind: 'boolean', help: 'shows all series at the end of each test' },
  {
    names: ['enable-feature'],
    kind: 'repeated',
    placeholder: 'NAME',
    help: 'promql-delayed-name-removal changes results; other names are always on',
  },
];

export interface TestRulesDeps extends CheckLanguages {
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
}

/** `belfry test rules FILE…`: exits 0 when all tests pass, 1 when one fails or a file is no good. Output as promtool's. */
export async function testRules(argv: readonly string[], io: CliIo, deps: TestRulesDeps): Promise<number> {
  const args = parseArgs(argv, TEST_RULES_FLAGS);
  if (args.positional.length === 0) throw new UsageError('test rules: expected at least one FILE');
  const wanted = patternOf(args.lists.get('run') ?? []);
  const features = (args.lists.get('enable-feature') ?? []).flatMap((text) => text.split(','));
  const junit = args.values.get('junit');
  const suites: JunitSuite[] = [];
  for (const file of args.positional) {
    io.stdout(`Unit Testing:  ${file}\n`);
    const suite = runFile(file, io, deps, {
      wanted,
      diff: args.switches.get('diff') ?? false,
      debug: args.switches.get('debug') ?? false,
      delayedNameRemoval: features.includes('promql-delayed-name-removal'),
    });
    suites.push(suite);
    const errors = [
      ...(suite.error === undefined ? [] : [suite.error]),
      ...suite.cases.flatMap((one) => one.failures),
    ];
    if (errors.length === 0) io.stdout('  SUCCESS\n\n');
    else {
      io.stderr('  FAILED:\n');
      for (const error of errors) {
        io.stderr(`${error}\n`);
        io.stdout('\n');
      }
      io.stdout('\n');
    }
  }
  if (junit !== undefined) writeFileSync(path.resolve(io.cwd, junit), junitXml(suites));
  const isFailed = suites.some(
    ({ error, cases }) => error !== undefined || cases.some((one) => one.failures.length > 0),
  );
  return isFailed ? EXIT.failed : EXIT.ok;
}

interface RunOptions {
  readonly wanted: (name: string) => boolean;
  readonly diff: boolean;
  readonly debug: boolean;
  readonly delayedNameRemoval: boolean;
}

function runFile(
  file: string,
  io: CliIo,
  { clock, ...languages }: TestRulesDeps,
  options: RunOptions,
): JunitSuite {
  const timestamp = new Date(clock.now()).toISOString().slice(0, 19);
  try {
    const read = readRuleTestFile(file, { cwd: io.cwd, ...languages });
    for (const warning of read.warnings) io.stderr(`${warning}\n`);
    const { groups, evaluationIntervalMs, fuzzyCompare } = read;
    const cases = read.tests.flatMap((test, i) => {
      if (!options.wanted(test.name)) return [];
      const name = test.name || `unnamed#${i}`;
      const startedAt = clock.monotonic();
      if (options.debug) io.stderr(`DEBUG: Starting test ${name}\n`);
      const failures = runRuleTest(test, {
        groups,
        evaluationIntervalMs,
        fuzzyCompare,
        delayedNameRemoval: options.delayedNameRemoval,
        diff: options.diff,
        monotonic: clock.monotonic,
        ...(options.debug && {
          dump: (text: string) =>
            io.stderr(`DEBUG: Dump of all data (input_series and rules) at the end:\n${text}\n`),
        }),
      });
      if (options.debug)
        io.stderr(`DEBUG: Test ${name} finished, took ${(clock.monotonic() - startedAt).toFixed(1)}ms\n`);
      return [{ name, failures }];
    });
    return { name: file, timestamp, cases };
  } catch (error) {
    return { name: file, timestamp: '', cases: [], error: (error as Error).message };
  }
}

/** @throws UsageError for a pattern that is none */
function patternOf(patterns: readonly string[]): (name: string) => boolean {
  if (patterns.length === 0) return () => true;
  try {
    const pattern = RE2JS.compile(patterns.join('|'));
    return (name) => pattern.matcher(name).find();
  } catch (error) {
    throw new UsageError(`--run: expected a regular expression: ${(error as Error).message}`);
  }
}
