/**
 * Runs every fuzz test with many cases: the test files that take their number from `src/testing/fuzz-cases.ts`. A case that fails is printed
 * with its seed and path, and exits 1.
 *
 *     npm run fuzz -- [CASES, default 100000]
 */
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';

const cases = Number(process.argv[2] ?? 100_000);
if (!Number.isInteger(cases) || cases < 1)
  throw new Error(`expected a number of cases, got ${process.argv[2]}`);
const files = globSync('src/**/*.test.ts').filter((file) =>
  readFileSync(file, 'utf8').includes('testing/fuzz-cases.ts'),
);
console.log(`${cases} cases of each fuzz test in ${files.length} files`);
const { status } = spawnSync(
  process.execPath,
  [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--project=unit',
    '--project=faults',
    '--reporter=verbose',
    '--testTimeout=36000000',
    ...files,
  ],
  { stdio: 'inherit', env: { ...process.env, CI: '', BELFRY_FUZZ_CASES: String(cases) } },
);
process.exitCode = status ?? 1;
