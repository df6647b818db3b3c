import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterAll, expect, test } from 'vitest';
import { formatValue } from '../model/sample.ts';
import { crashOwnValue, crashSeries, crashTime, crashValue } from './crash-plan.fixture.ts';
import { type Contents, contents, storeBench } from './store.fixture.ts';

const bench = storeBench();
afterAll(bench.clean);

/** Runs the child until it has committed `rows` more rows, then kills it with SIGKILL; returns the last row it said was committed. */
async function killAfter(dir: string, from: number, rows: number): Promise<number> {
  const child = spawn(
    process.execPath,
    [`${import.meta.dirname}/crash-child.fixture.ts`, dir, String(from)],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let last = from - 1;
  for await (const line of createInterface({ input: child.stdout })) {
    last = Number(line);
    if (last >= from + rows) break;
  }
  child.kill('SIGKILL');
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return last;
}

function expected(rows: number): Contents {
  const all: Contents = {};
  for (const i of crashSeries.keys()) {
    const samples: [number, string][] = [];
    for (let row = 0; row < rows; row++) {
      const value = crashValue(i, row);
      if (value !== undefined) samples.push([crashTime(row), formatValue(value)]);
      else if (row > 0) samples.push([crashTime(row), 'stale']);
    }
    all[`m{i="${i}"}`] = samples;
  }
  all.own = Array.from({ length: rows }, (_, row) => [crashTime(row) + 500, formatValue(crashOwnValue(row))]);
  return all;
}

test('kill -9 loses nothing that was committed, again and again', async () => {
  const dir = bench.directory();
  let next = 0;
  for (const rows of [40, 350, 7, 520, 111, 260]) {
    const last = await killAfter(dir, next, rows);
    const store = bench.open(dir);
    const found = contents(store);
    await bench.close(store);
    const present = (found['m{i="1"}']!.at(-1)![0] - crashTime(0)) / 1000 + 1;
    expect(present).toBeGreaterThan(last);
    expect(found).toEqual(expected(present));
    next = present;
  }
}, 60_000);

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
  const [code] = await once(child, 'exit');
  expect(code).toBe(1);
  expect(output).toContain(`data directory ${dir} is in use by another process`);
  await bench.close(store);
});
