import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { freePort } from '../../src/testing/free-port.ts';
import { EXECUTABLE } from '../../test/harness/executable.ts';
import { eventually } from './timing.ts';

/** One series of an instant vector. */
export interface Sample {
  readonly value: [number, string];
}

/** The executable under test: started and ended again and again on one data directory, its clock set by a file. */
export class Monitor {
  starts = 0;
  readonly data: string;
  readonly logFile: string;
  readonly #folder: string;
  readonly #config: string;
  readonly #clockFile: string;
  readonly #port: number;
  readonly #endedByItself: (why: string) => void;
  #child: ChildProcess | undefined;
  #log = '';
  #isEndExpected = false;

  private constructor(options: MonitorOptions, port: number) {
    this.#folder = options.folder;
    this.data = options.data;
    this.#config = path.join(options.folder, 'belfry.yaml');
    this.logFile = path.join(options.folder, 'log');
    this.#clockFile = path.join(options.folder, 'clock');
    this.#port = port;
    this.#endedByItself = options.endedByItself;
    fs.writeFileSync(this.#config, options.config);
    this.setClock(0);
  }

  static async create(options: MonitorOptions): Promise<Monitor> {
    return new Monitor(options, await freePort());
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get isRunning(): boolean {
    return this.#child?.exitCode === null && this.#child.signalCode === null;
  }

  /** The end of what it has logged. */
  get logTail(): string {
    return this.#log.slice(-3000);
  }

  /** Sets its clock off by so much, ms. */
  setClock(byMs: number): void {
    fs.writeFileSync(this.#clockFile, String(byMs));
  }

  async start(): Promise<void> {
    this.starts++;
    const child = spawn(
      EXECUTABLE,
      ['serve', ...['--config', this.#config, '--data', this.data, '--listen', `127.0.0.1:${this.#port}`]],
      {
        cwd: this.#folder,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          ...process.env,
          NODE_OPTIONS: `--require ${path.join(import.meta.dirname, 'clock-shim.cjs')}`,
          SOAK_CLOCK_FILE: this.#clockFile,
        },
      },
    );
    this.#child = child;
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        this.#log = (this.#log + chunk).slice(-200_000);
        fs.appendFileSync(this.logFile, chunk);
      });
    child.on('exit', (code, signal) => {
      if (child === this.#child && !this.#isEndExpected)
        this.#endedByItself(`it ended by itself: code ${code}, signal ${signal}\n${this.logTail}`);
    });
    await eventually('it is ready', async () => (await fetch(`${this.url}/-/ready`)).ok, 300_000);
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    this.#isEndExpected = true;
    const gone = once(this.#child!, 'exit');
    this.#child!.kill(signal);
    await gone;
    this.#isEndExpected = false;
  }

  async ask<T>(pathname: string, form?: Record<string, string>): Promise<T> {
    const request = (): Promise<Response> =>
      fetch(this.url + pathname, form ? { method: 'POST', body: new URLSearchParams(form) } : {});
    let answer = await request();
    // A machine that is busy with other work may take longer than a query may.
    for (let again = 0; again < 5 && answer.status === 503; again++) answer = await request();
    if (!answer.ok) throw new Error(`${pathname}: ${answer.status} ${(await answer.text()).slice(0, 200)}`);
    return (await answer.json()) as T;
  }

  /** An instant query, at a time after every sample that a clock ahead may have left. */
  async query<T extends Sample>(query: string): Promise<readonly T[]> {
    const time = String((Date.now() + AHEAD_MS) / 1000);
    return (await this.ask<{ data: { result: T[] } }>('/api/v1/query', { query, time })).data.result;
  }

  /** One of its own metrics; undefined when it is not there. */
  async metric(name: string): Promise<number | undefined> {
    const page = await (await fetch(`${this.url}/metrics`)).text();
    const line = new RegExp(`^${name} (\\S+)$`, 'm').exec(page);
    return line ? Number(line[1]) : undefined;
  }

  /** Resident memory, MB, and open files. */
  figures(): { readonly rss: number; readonly files: number } {
    const pid = this.#child!.pid!;
    const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
    return {
      rss: Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1024),
      files: fs.readdirSync(`/proc/${pid}/fd`).length,
    };
  }
}

/** How far queries look beyond the real clock, ms. */
export const AHEAD_MS = 2 * 3_600_000;

export interface MonitorOptions {
  /** For its configuration, log and clock. */
  readonly folder: string;
  readonly data: string;
  /** Text of its configuration. */
  readonly config: string;
  endedByItself(why: string): void;
}
