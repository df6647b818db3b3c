/** The one command before a commit: types, lint and unit tests, side by side; stays under a minute. */
import { spawn } from 'node:child_process';

const steps: readonly (readonly [name: string, command: string, ...args: string[]])[] = [
  ['unit tests', 'vitest', 'run', '--project', 'unit', '--project', 'alone'],
  ['types', 'tsc', '--noEmit'],
  ['lint', 'biome', 'check', '.'],
  ['types of the page', 'tsc', '--noEmit', '-p', 'web'],
  ['types of its test server', 'tsc', '--noEmit', '-p', 'web/dev'],
];

/** Runs a step, prints all it said when it is done, and tells whether it went well. */
async function run([name, command, ...args]: (typeof steps)[number]): Promise<boolean> {
  const startedAt = performance.now();
  const env = process.stdout.isTTY ? { ...process.env, FORCE_COLOR: '1' } : process.env;
  const child = spawn(`node_modules/.bin/${command}`, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const said: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => said.push(bytes));
  const status = await new Promise<number | null>((resolve) => {
    child.on('error', (error) => {
      said.push(Buffer.from(`${error.message}\n`));
      resolve(null);
    });
    child.on('close', resolve);
  });
  process.stdout.write(Buffer.concat(said));
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`${status === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`);
  return status === 0;
}

const results = await Promise.all(steps.map(run));
process.exitCode = results.every(Boolean) ? 0 : 1;
