/**
 * Prints what the executable costs before it does anything for anyone: size, start to ready, memory when idle.
 * `npm run footprint [-- ROUNDS IDLE_SECONDS]`, after `npm run build`. Linux only: reads /proc.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { cpuOf, memoryOf } from './process-figures.ts';

const [rounds = 9, idleSeconds = 60] = process.argv.slice(2).map(Number);
const exe = path.resolve('dist/belfry');
const example = path.resolve('config.example.yaml');
const port = 29_797;

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'belfry-footprint-'));
const empty = path.join(folder, 'empty.yaml');
fs.writeFileSync(empty, '');

const wallMs: number[] = [];
const cpuMs: number[] = [];
for (let round = 0; round < rounds; round++) {
  const { child, readyMs } = await start(empty, path.join(folder, `data-${round}`));
  wallMs.push(readyMs);
  cpuMs.push(cpuOf(child));
  await stop(child);
}
console.log(`executable            ${(fs.statSync(exe).size / 1e6).toFixed(1)} MB`);
console.log(
  `start to ready        ${median(wallMs)} ms (${Math.min(...wallMs)}-${Math.max(...wallMs)}), ${median(cpuMs)} ms CPU, empty directory`,
);

for (const [name, config] of [
  ['nothing configured', empty],
  ['config.example.yaml', example],
] as const) {
  const { child } = await start(config, path.join(folder, `idle-${path.basename(config)}`));
  const before = cpuOf(child);
  await new Promise((resolve) => setTimeout(resolve, idleSeconds * 1000));
  const { rss, anonymous, threads } = memoryOf(child);
  const share = ((cpuOf(child) - before) / (idleSeconds * 10)).toFixed(2);
  console.log(
    `idle, ${name.padEnd(20)} RSS ${rss.toFixed(1)} MB, anonymous ${anonymous.toFixed(1)} MB, ${threads} threads, ${share} % of a core over ${idleSeconds} s`,
  );
  await stop(child);
}
fs.rmSync(folder, { recursive: true, force: true });
console.log(`load average ${os.loadavg()[0]!.toFixed(1)} on ${os.availableParallelism()} cores`);

async function start(config: string, data: string): Promise<{ child: ChildProcess; readyMs: number }> {
  const startedAt = performance.now();
  const child = spawn(exe, ['serve', '--config', config, '--data', data, '--listen', `127.0.0.1:${port}`], {
    stdio: 'ignore',
  });
  while (performance.now() - startedAt < 30_000) {
    const ready = await fetch(`http://127.0.0.1:${port}/-/ready`).then(
      (response) => response.ok,
      () => false,
    );
    if (ready) return { child, readyMs: Math.round(performance.now() - startedAt) };
    await new Promise((resolve) => setTimeout(resolve, 3));
  }
  throw new Error('not ready after 30 s');
}

async function stop(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.on('close', resolve));
  child.kill('SIGTERM');
  await ended;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
