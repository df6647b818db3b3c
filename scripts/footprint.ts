/**
 * Prints what the executable costs before it does anything for anyone: size, start to ready, memory when idle, and what Node alone takes of
 * that. `npm run footprint [-- ROUNDS IDLE_SECONDS]`, after `npm run build`. Linux only: reads /proc.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { V8_DEFAULTS, V8_FLAGS } from './pack.ts';
import { setV8Defaults } from './v8-defaults.ts';

const [rounds = 9, idleSeconds = 60] = process.argv.slice(2).map(Number);
const exe = path.resolve('dist/belfry');
const example = path.resolve('config.example.yaml');
const port = 29_797;
const TICKS_PER_SECOND = 100;

/** What every program like this one needs of Node: an HTTP server and threads that wait for messages. */
const BARE = `const { createServer } = require('node:http');
const { Worker } = require('node:worker_threads');
createServer((request, response) => response.end()).listen(${port}, '127.0.0.1');
for (let i = 0; i < Number(process.argv[1]); i++)
  new Worker("require('node:worker_threads').parentPort.on('message', () => {})", {
    eval: true,
    resourceLimits: { maxYoungGenerationSizeMb: 6 },
  });`;

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'belfry-footprint-'));
const empty = path.join(folder, 'empty.yaml');
fs.writeFileSync(empty, '');

evict(exe);
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

const node = path.join(folder, 'node');
fs.copyFileSync(process.execPath, node);
setV8Defaults(node, V8_DEFAULTS);
evict(node);
for (const threads of [0, 1]) {
  const child = spawn(node, [...V8_FLAGS, '-e', BARE, String(threads)], { stdio: 'ignore' });
  await pause(2000);
  console.log(`Node, an HTTP server and ${threads} threads: ${memoryOf(child)}`);
  await stop(child);
}
for (const [name, config] of [
  ['nothing configured', empty],
  ['config.example.yaml', example],
] as const) {
  const { child } = await start(config, path.join(folder, `idle-${path.basename(config)}`));
  const before = cpuOf(child);
  await pause(idleSeconds * 1000);
  const share = ((cpuOf(child) - before) / (idleSeconds * 10)).toFixed(2);
  console.log(`idle, ${name.padEnd(20)} ${memoryOf(child)}, ${share} % of a core over ${idleSeconds} s`);
  await stop(child);
}
fs.rmSync(folder, { recursive: true, force: true });
console.log(`load average ${os.loadavg()[0]!.toFixed(1)} on ${os.availableParallelism()} cores`);

/**
 * Has the system forget what it holds of a file, so that it is read from the disk by the first start, as after a boot: what was just written
 * may lie in memory in larger pieces, of which each touch maps one whole (see `pack`).
 */
function evict(file: string): void {
  const opened = fs.openSync(file, 'r');
  fs.fsyncSync(opened);
  fs.closeSync(opened);
  execFileSync('dd', [`if=${file}`, 'of=/dev/null', 'iflag=nocache', 'count=0', 'status=none']);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

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
    await pause(3);
  }
  throw new Error('not ready after 30 s');
}

async function stop(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.on('close', resolve));
  child.kill('SIGTERM');
  await ended;
}

/** User and system time so far, ms. */
function cpuOf(child: ChildProcess): number {
  const fields = fs.readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND;
}

function memoryOf(child: ChildProcess): string {
  const status = fs.readFileSync(`/proc/${child.pid}/status`, 'utf8');
  const kB = (name: string): string =>
    ((Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)![1]) * 1024) / 1e6).toFixed(1);
  const threads = /Threads:\s+(\d+)/.exec(status)![1];
  return `RSS ${kB('VmRSS')} MB, anonymous ${kB('RssAnon')} MB, of files ${kB('RssFile')} MB, ${threads} threads`;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
