/** The one command before a commit: types, lint and unit tests; stays under a minute. */
import { spawnSync } from 'node:child_process';

const steps: readonly (readonly [name: string, command: string, ...args: string[]])[] = [
  ['types', 'tsc', '--noEmit'],
  ['types of the page', 'tsc', '--noEmit', '-p', 'web'],
  ['types of its test server', 'tsc', '--noEmit', '-p', 'web/dev'],
  ['lint', 'biome', 'check', '.'],
  ['unit tests', 'vitest', 'run', '--project', 'unit'],
];

let failed = false;
for (const [name, command, ...args] of steps) {
  const startedAt = performance.now();
  const { status } = spawnSync(`node_modules/.bin/${command}`, args, { stdio: 'inherit' });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`${status === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`);
  failed ||= status !== 0;
}
process.exitCode = failed ? 1 : 0;
