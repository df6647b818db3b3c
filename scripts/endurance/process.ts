import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { freePort } from '../../src/testing/free-port.ts';
import { EXECUTABLE } from '../../test/harness/executable.ts';
import { eventually } from '../soak/timing.ts';
import { Inspector } from './inspector.ts';

/**
 * As fetch does, again when the connection was closed under it: its server ends one that is idle for five seconds of its own time, which
 * a client in real time cannot know.
 */
export async function ask(url: string, init: RequestInit = {}): Promise<Response> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await fetch(url, init);
    } catch (error) {
      const { code } = ((error as Error).cause ?? {}) as { code?: string };
      if (attempt === 5 || !(code === 'ECONNRESET' || code === 'UND_ERR_SOCKET')) throw error;
    }
  }
}

/** Two and a half hours before a midnight: a day is sealed on the way, and what a new one costs once is over before half of the run is. Unix ms. */
const BEGIN_MS = Date.UTC(2026, 2, 9, 21, 30);

/** The executable with a clock that runs faster than the real one: all of its clocks, timers and waits, by libfaketime. */
export class FastProcess {
  readonly url: string;
  readonly data: string;
  readonly inspector: Inspector;
  readonly #child: ChildProcess;
  readonly #now: () => number;
  readonly #output: () => string;

  private constructor(parts: {
    url: string;
    data: string;
    inspector: Inspector;
    child: ChildProcess;
    now: () => number;
    output: () => string;
  }) {
    this.url = parts.url;
    this.data = parts.data;
    this.inspector = parts.inspector;
    this.#child = parts.child;
    this.#now = parts.now;
    this.#output = parts.output;
  }

  /** @throws Error when libfaketime is not installed */
  static async start(options: {
    folder: string;
    config: string;
    speed: number;
    log: string;
  }): Promise<FastProcess> {
    const [library] = fs.globSync('/usr/lib/*/faketime/libfaketimeMT.so.1');
    if (!library) throw new Error("expected libfaketime: install Debian's package faketime");
    const data = path.join(options.folder, 'data');
    const [port, inspectorPort] = [await freePort(), await freePort()];
    const startedAt = performance.now();
    const child = spawn(
      EXECUTABLE,
      ['serve', '--config', options.config, '--data', data, '--listen', `127.0.0.1:${port}`],
      {
        cwd: options.folder,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          PATH: process.env.PATH,
          TZ: 'UTC',
          LD_PRELOAD: library,
          FAKETIME: `@${new Date(BEGIN_MS).toISOString().slice(0, 19).replace('T', ' ')} x${options.speed}`,
          NO_FAKE_STAT: '1',
          NODE_OPTIONS: `--inspect=127.0.0.1:${inspectorPort}`,
        },
      },
    );
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        output = (output + chunk).slice(-5000);
        fs.appendFileSync(options.log, chunk);
      });
    const url = `http://127.0.0.1:${port}`;
    await eventually('it is ready', async () => (await fetch(`${url}/-/ready`)).ok, 60_000).catch((error) => {
      child.kill('SIGKILL');
      throw new Error(`${error.message}\n${output}`);
    });
    return new FastProcess({
      url,
      data,
      inspector: await Inspector.connect(inspectorPort),
      child,
      now: () => Math.round(BEGIN_MS + (performance.now() - startedAt) * options.speed),
      output: () => output,
    });
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** The end of what it has logged. */
  get logTail(): string {
    return this.#output();
  }

  /** Its own time, Unix ms. */
  now = (): number => this.#now();

  async reload(): Promise<number> {
    return (await ask(`${this.url}/-/reload`, { method: 'POST' })).status;
  }

  /** @returns its exit code */
  async stop(): Promise<number | null> {
    const ended = once(this.#child, 'exit');
    this.inspector.close();
    this.#child.kill('SIGTERM');
    const [code] = (await ended) as [number | null];
    return code;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** Figures by name: what the system, the inspector and the data directory tell of it. Bytes are MB. */
  async sample(options: { countTimers: boolean }): Promise<Map<string, number>> {
    const threads = await this.inspector.threads(options);
    const proc = `/proc/${this.#child.pid}`;
    const status = fs.readFileSync(`${proc}/status`, 'utf8');
    const statusOf = (key: string): number => Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(status)![1]);
    const figures = new Map([
      ['resident memory', statusOf('VmRSS') / 1024],
      ['anonymous memory', statusOf('RssAnon') / 1024],
      ['open files', fs.readdirSync(`${proc}/fd`).length],
      ['threads', statusOf('Threads')],
      ...dataSizes(this.data),
      ...stateRows(this.data),
    ]);
    for (const thread of threads) {
      figures.set(`heap of ${thread.name}`, thread.heapBytes / 1e6);
      figures.set(`memory beside the heap of ${thread.name}`, thread.externalBytes / 1e6);
      if (thread.timers !== undefined) figures.set(`timers of ${thread.name}`, thread.timers);
      if (thread.longTimers !== undefined)
        figures.set(`timers of a minute or more of ${thread.name}`, thread.longTimers);
      figures.set(`handles of ${thread.name}`, thread.handles);
    }
    const metrics = await (await ask(`${this.url}/metrics`)).text();
    for (const [name, metric] of [
      ['series in the head', 'belfry_tsdb_series'],
      ['samples', 'belfry_tsdb_samples_appended_total'],
    ] as const)
      figures.set(name, Number(new RegExp(`^${metric} (\\S+)$`, 'm').exec(metrics)?.[1]));
    return figures;
  }
}

/** Of each kind of file in the data directory, MB. */
function dataSizes(data: string): [string, number][] {
  const sizes = new Map<string, number>();
  for (const file of fs.readdirSync(data)) {
    if (!/\.db(-wal)?$/.test(file)) continue;
    const isPartition = /^\d{8}\./.test(file);
    const name = !isPartition ? file : file.endsWith('-wal') ? 'WAL of partitions' : 'partitions';
    const bytes = fs.statSync(path.join(data, file), { throwIfNoEntry: false })?.size ?? 0;
    sizes.set(name, (sizes.get(name) ?? 0) + bytes / 1e6);
  }
  return [...sizes].map(([name, bytes]) => [`size of ${name}`, bytes]);
}

/** Rows of each table of state.db. */
function stateRows(data: string): [string, number][] {
  using db = Object.assign(new Database(path.join(data, 'state.db'), { readonly: true, timeout: 2000 }), {
    [Symbol.dispose](this: Database.Database) {
      this.close();
    },
  });
  const tables = db
    .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    .pluck()
    .all() as string[];
  return tables.map((table) => [
    `rows of ${table}`,
    db.prepare(`SELECT count(*) FROM "${table}"`).pluck().get() as number,
  ]);
}
