import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, expect, test } from 'vitest';
import { CrashRounds } from './crash-rounds.fixture.ts';
import { storeBench } from './store.fixture.ts';

const bench = storeBench();
afterAll(bench.clean);

/** Kills once this many more lines of a kind have come. */
const after = (count: number, kind: RegExp, ms = 0): ((line: string) => number | undefined) => {
  let seen = 0;
  return (line) => (kind.test(line) && ++seen >= count ? ms : undefined);
};

// A hundred random rounds: npm run soak-store.
test('kill -9 loses nothing that was committed and leaves no deletion half done, again and again', async () => {
  const rounds = new CrashRounds(bench, bench.directory());
  for (const killWhen of [
    after(15, /stored/),
    after(1, /deleting/, 12),
    after(3, /deleted/),
    after(2, /deleting/, 30),
    after(5, /stored/),
    after(4, /deleting/, 4),
    after(3, /deleting/, 60),
  ]) {
    expect((await rounds.round(killWhen)).problems).toEqual([]);
  }
  // At once when it is told of: sooner or later a kill falls into a deletion.
  for (;;) {
    const { problems, deletion } = await rounds.round(after(1, /deleting/));
    expect(problems).toEqual([]);
    if (deletion !== undefined) return;
  }
});

test('a second process is told that the directory is in use', async () => {
  const dir = bench.directory();
  const store = bench.open(dir);
  const child = spawn(process.execPath, [`${import.meta.dirname}/crash-child.fixture.ts`, dir, '0'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let output = '';
  child.stderr.on('data', (chunk) => {
    output += chunk;
  });
  const [code] = await once(child, 'close');
  expect(code).toBe(1);
  expect(output).toContain(`data directory ${dir} is in use by another process`);
  await bench.close(store);
});
