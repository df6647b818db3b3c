import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { freePort } from '../../src/testing/free-port.ts';
import { EXECUTABLE } from './executable.ts';

export { freePort } from '../../src/testing/free-port.ts';

/** A running Belfry executable. */
export interface Appliance {
  readonly url: string;
  readonly pid: number;
  /** Everything it has printed so far. */
  output(): string;
  /** JSON of an API path; throws on anything but 2xx. */
  get<T = unknown>(pathname: string): Promise<T>;
  /** Result of an instant query as `[labels, value]` pairs. */
  query(expr: string): Promise<{ metric: Record<string, string>; value: number }[]>;
  kill(signal: NodeJS.Signals): void;
  /** Resolves with code and signal when the process has ended. */
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

export function temporaryFolder(prefix: string): string {
  return fs.mkdtempSync(path.join(os.tmpdir(), `belfry-${prefix}-`));
}

/** Waits until `probe` gives something; throws with `what` and the last error after `timeoutMs`. */
export async function eventually<T>(
  what: string,
  probe: () => Promise<T | undefined | false>,
  timeoutMs = 200_000,
): Promise<T> {
  const until = performance.now() + timeoutMs;
  let last: unknown;
  while (performance.now() < until) {
    try {
      const value = await probe();
      if (value !== undefined && value !== false) return value;
    } catch (error) {
      last = error;
    }
    await pause(100);
  }
  throw new Error(`waited ${timeoutMs} ms in vain for: ${what}${last ? ` (${last})` : ''}`);
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Runs the executable to its end. */
export function runToEnd(
  args: readonly string[],
  options: {
    cwd?: string;
    timeoutMs?: number;
    /** Standard input. */
    input?: string;
    env?: Readonly<Record<string, string>>;
  } = {},
) {
  const { status, stdout, stderr } = spawnSync(EXECUTABLE, args, {
    cwd: options.cwd ?? os.tmpdir(),
    encoding: 'utf8',
    timeout: options.timeoutMs ?? 300_000,
    input: options.input,
    env: { PATH: process.env.PATH, ...options.env },
  });
  return { status, stdout, stderr, output: stdout + stderr };
}

/** Starts `belfry serve` and waits until it is ready. Everything it starts ends with the test through `stack`. */
export async function startAppliance(
  stack: AsyncDisposableStack,
  options: {
    config?: string;
    data: string;
    port?: number;
    args?: readonly string[];
    cwd?: string;
    /** Instead of the loopback address. */
    listen?: string;
    /** Path everything is served under. */
    prefix?: string;
    env?: Readonly<Record<string, string>>;
  },
): Promise<Appliance> {
  const port = options.port ?? (await freePort());
  const url = `http://127.0.0.1:${port}`;
  const child: ChildProcess = spawn(
    EXECUTABLE,
    [
      'serve',
      ...(options.config ? ['--config', options.config] : []),
      '--data',
      options.data,
      '--listen',
      options.listen ?? `127.0.0.1:${port}`,
      ...(options.args ?? []),
    ],
    {
      cwd: options.cwd ?? os.tmpdir(),
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH, ...options.env },
    },
  );
  let output = '';
  for (const stream of [child.stdout!, child.stderr!])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')));
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) =>
    child.on('close', (code, signal) => resolve({ code, signal })),
  );
  stack.defer(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  let exited = false;
  void ended.then(() => (exited = true));
  await eventually('the appliance is ready', async () => {
    if (exited) throw new Error(`it ended:\n${output}`);
    return (await fetch(`${url}${options.prefix ?? ''}/-/ready`)).ok;
  }).catch((error) => {
    throw new Error(`${error}\n${output}`);
  });
  const get = async <T>(pathname: string): Promise<T> => {
    const response = await fetch(url + pathname);
    if (!response.ok) throw new Error(`${pathname}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  };
  return {
    url,
    pid: child.pid!,
    output: () => output,
    get,
    async query(expr) {
      type Answer = { data: { result: { metric: Record<string, string>; value: [number, string] }[] } };
      const answer = await get<Answer>(`/api/v1/query?query=${encodeURIComponent(expr)}`);
      return answer.data.result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
    },
    kill: (signal) => void child.kill(signal),
    ended,
  };
}
