import fs from 'node:fs';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { runToEnd, startAppliance, temporaryFolder } from './harness/appliance.ts';

const stack = new AsyncDisposableStack();
const folder = temporaryFolder('import');
afterAll(async () => {
  await stack.disposeAsync();
  fs.rmSync(folder, { recursive: true, force: true });
});

const START = Date.UTC(2026, 0, 3) / 1000;
const SERIES = 200;
const SAMPLES = 2000;

/** Some 16 MB of OpenMetrics text, a series after the other. */
function write(file: string, bad?: number): void {
  const out = fs.openSync(file, 'w');
  fs.writeSync(out, '# TYPE m gauge\n');
  for (let i = 0; i < SERIES; i++) {
    const lines = Array.from(
      { length: SAMPLES },
      (_, n) => `m{i="${i}",job="import"} ${i * n} ${START + n * 60}\n`,
    );
    if (i === SERIES - 1 && bad !== undefined) lines[bad] = `m{i="${i}",job="import"} ${START}\n`;
    fs.writeSync(out, lines.join(''));
  }
  fs.writeSync(out, '# EOF\n');
  fs.closeSync(out);
}

test('a file is imported into a running server, all of it or nothing', async () => {
  const config = path.join(folder, 'belfry.yaml');
  fs.writeFileSync(config, 'storage: {tsdb: {retention: {time: 100y}}}\n');
  const belfry = await startAppliance(stack, { config, data: path.join(folder, 'data') });
  const at = START + SAMPLES * 60;
  const count = async (): Promise<number> => {
    const query = encodeURIComponent('sum(count_over_time(m[10d]))');
    type Answer = { data: { result: { value: [number, string] }[] } };
    const { data } = await belfry.get<Answer>(`/api/v1/query?query=${query}&time=${at}`);
    return Number(data.result[0]?.value[1] ?? 0);
  };
  const file = path.join(folder, 'm.om');
  write(file, 17);
  const refused = runToEnd(['import', 'openmetrics', file, '--url', belfry.url], { timeoutMs: 60_000 });
  expect(refused.status).toBe(1);
  expect(refused.stderr).toMatch(`${file}:${1 + (SERIES - 1) * SAMPLES + 18}: `);
  expect(await count()).toBe(0);
  write(file);
  const stored = runToEnd(['import', 'openmetrics', file, '--url', belfry.url], { timeoutMs: 60_000 });
  expect(stored).toMatchObject({ status: 0, stderr: '' });
  expect(stored.stdout).toMatch(/^imported 400000 samples of 200 series in 2 days/);
  expect(await count()).toBe(SERIES * SAMPLES);
  belfry.kill('SIGKILL');
  await belfry.ended;
  const again = await startAppliance(stack, { config, data: path.join(folder, 'data') });
  expect((await again.query(`sum(count_over_time(m[100y]))`))[0]?.value).toBe(SERIES * SAMPLES);
  expect(runToEnd(['import', 'openmetrics', file, '--url', 'http://127.0.0.1:1']).status).toBe(1);
});
