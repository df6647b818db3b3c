import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { V8_FLAGS } from './pack.ts';

/** By then a thread has compiled what its first minutes need. */
const SECONDS = 8;
/** A program that is not through by then is ended. */
const DEADLINE_MS = 120_000;
/** By bundle and thread. */
const KEPT = ['server.cjs.main.code', 'worker.cjs.background.code', 'worker.cjs.query.code'];
const KEPT_OF_COMMANDS = ['belfry.cjs.main.code'];

/** What people and tools ask for first; the last one by a graph. */
const REQUESTS = [
  '/',
  '/metrics',
  '/api/v1/targets',
  '/api/v1/rules',
  '/api/v1/query?query=sum by (job) (rate(prometheus_tsdb_head_samples_appended_total[5m]))',
  `/api/v1/query_range?query=rate(node_cpu_seconds_total[1m])&start=${Date.now() / 1000 - 300}&end=${Date.now() / 1000}&step=15`,
];

/**
 * Runs the staged program on the example configuration and keeps, beside each bundle, what V8 compiled of it for each thread. Only for the
 * Node and the processor that run this; an executable without these files compiles at every start.
 */
export async function recordCode(stage: string): Promise<void> {
  const data = fs.mkdtempSync(path.join(os.tmpdir(), 'belfry-code-'));
  try {
    await record(stage, ['check', 'config.example.yaml'], KEPT_OF_COMMANDS);
    const words = ['serve', '--config', 'config.example.yaml', '--data', data, '--listen', '127.0.0.1:0'];
    await record(stage, words, KEPT);
  } finally {
    fs.rmSync(data, { recursive: true, force: true });
  }
}

/** @param kept what is there when the program may end */
async function record(stage: string, words: readonly string[], kept: readonly string[]): Promise<void> {
  const recorder = path.resolve('scripts/code-recorder.cjs');
  const program = spawn(
    process.execPath,
    [...V8_FLAGS, '--require', recorder, path.resolve(stage, 'main.cjs'), ...words],
    { env: { STAGE: path.resolve(stage), SECONDS: `${SECONDS}` }, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const missing = (): string[] => kept.filter((name) => !fs.existsSync(path.join(stage, name)));
  const ended = once(program, 'exit');
  setTimeout(() => program.kill('SIGKILL'), DEADLINE_MS).unref();
  let said = '';
  try {
    for await (const line of createInterface(program.stdout)) {
      said += `${line}\n`;
      const url = /msg=ready url=(\S+)\//.exec(line)?.[1];
      if (url === undefined) continue;
      for (const request of REQUESTS) await (await fetch(url + request)).arrayBuffer();
      while (program.signalCode === null && program.exitCode === null && missing().length > 0)
        await pause(100);
      program.kill();
    }
  } finally {
    program.kill();
    await ended;
  }
  if (missing().length > 0) throw new Error(`${missing()} missing in ${stage}; the program said:\n${said}`);
}
