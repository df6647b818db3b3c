/** Runs the micro-benchmarks that stand beside the code: `npm run bench [-- FILTER]`. Figures and comparisons: docs/performance.md. */
import { spawnSync } from 'node:child_process';

const { status } = spawnSync(
  'node_modules/.bin/vitest',
  ['bench', '--run', '--project', 'unit (bench)', ...process.argv.slice(2)],
  {
    stdio: 'inherit',
  },
);
process.exitCode = status ?? 1;
