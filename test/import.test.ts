import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { runToEnd, startAppliance, temporaryFolder } from './harness/appliance.ts';
import { EXECUTABLE } from './harness/executable.ts';

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
  const refused = runToEnd(['import', 'openmetrics', file, '--url', belfry.url]);
  expect(refused.status).toBe(1);
  expect(refused.stderr).toMatch(`${file}:${1 + (SERIES - 1) * SAMPLES + 18}: `);
  expect(await count()).toBe(0);
  write(file);
  const stored = runToEnd(['import', 'openmetrics', file, '--url', belfry.url]);
  expect(stored).toMatchObject({ status: 0, stderr: '' });
  expect(stored.stdout).toMatch(/^imported 400000 samples of 200 series in 2 days/);
  expect(await count()).toBe(SERIES * SAMPLES);
  belfry.kill('SIGKILL');
  await belfry.ended;
  const again = await startAppliance(stack, { config, data: path.join(folder, 'data') });
  expect((await again.query(`sum(count_over_time(m[100y]))`))[0]?.value).toBe(SERIES * SAMPLES);
  expect(runToEnd(['import', 'openmetrics', file, '--url', 'http://127.0.0.1:1']).status).toBe(1);
});

const MB = 1024 * 1024;

/** Text of about so many bytes in the order of time, as an exporter of history writes it: 2000 series at each instant. */
function writeHistory(file: string, bytes: number): number {
  const names = Array.from(
    { length: 2000 },
    (_, i) => `http_requests_total{instance="10.0.0.${i % 50}:9100",job="app",path="/api/v1/p${i}"}`,
  );
  const out = fs.openSync(file, 'w');
  let written = fs.writeSync(out, '# TYPE http_requests counter\n');
  let samples = 0;
  for (let n = 0; written < bytes; n++) {
    const time = START + 15 * n;
    written += fs.writeSync(out, names.map((name, i) => `${name} ${n * (i + 1)} ${time}\n`).join(''));
    samples += names.length;
  }
  fs.writeSync(out, '# EOF\n');
  fs.closeSync(out);
  return samples;
}

/** Runs the executable and watches its memory; the kernel's own mark of the highest, read to the end. */
async function peakOf(
  args: readonly string[],
): Promise<{ code: number | null; out: string; peakBytes: number }> {
  const child = spawn(EXECUTABLE, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  let peakBytes = 0;
  child.stdout.on('data', (chunk) => (out += chunk));
  const watch = setInterval(() => {
    try {
      const mark = /VmHWM:\s+(\d+) kB/.exec(fs.readFileSync(`/proc/${child.pid}/status`, 'utf8'));
      if (mark) peakBytes = Math.max(peakBytes, 1024 * Number(mark[1]));
    } catch {
      // It ended between two looks.
    }
  }, 20);
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  clearInterval(watch);
  return { code, out, peakBytes };
}

test('the memory of an import does not grow with the file', async () => {
  const file = path.join(folder, 'history.om');
  const args = (data: string) => ['import', 'openmetrics', file, '--data', path.join(folder, data)];
  const [small, large] = [48 * MB, 480 * MB];
  writeHistory(file, small);
  const first = await peakOf(args('small'));
  const samples = writeHistory(file, large);
  const second = await peakOf(args('large'));
  fs.rmSync(file);
  expect([first.code, second.code]).toEqual([0, 0]);
  expect(second.out).toContain(`imported ${samples} samples of 2000 series`);
  console.log(
    `peak memory of importing ${small / MB} and ${large / MB} MB: ${[first, second].map(({ peakBytes }) => Math.round(peakBytes / MB)).join(' and ')} MB`,
  );
  expect(second.peakBytes).toBeLessThan(large / 2);
  // Columns under way are bounded; what the smaller file needs of them is less than the bound.
  expect(second.peakBytes - first.peakBytes).toBeLessThan(large / 4);
});
