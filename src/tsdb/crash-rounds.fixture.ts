import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { formatValue } from '../model/sample.ts';
import { type LoggedEvent, silentLog } from '../testing/silent-log.ts';
import {
  CRASH_STEP_MS,
  type CrashDeletion,
  crashDeletion,
  crashOwnValue,
  crashSeries,
  crashTime,
  crashValue,
} from './crash-plan.fixture.ts';
import { keptIndexFile, readKeptIndex } from './log/kept-index.ts';
import { checkBlobs } from './partition/check-blobs.ts';
import { PARTITION_MS } from './partition.ts';
import { type Bench, type Contents, contents } from './store.fixture.ts';

/** What a round has shown; anything that is not as it must be is in `problems`. */
export interface CrashRound {
  /** Rows that were there after the kill, and those the process had said were stored. */
  readonly rows: number;
  readonly promised: number;
  /** Row that this round began with. */
  readonly from: number;
  /** What became of the deletion the kill fell into, if it fell into one. */
  readonly deletion: 'done' | 'not done' | undefined;
  /** Whether it came to its end before it was killed. */
  readonly ended: boolean;
  readonly problems: readonly string[];
}

/** At which system call a process is killed. */
export interface AtCall {
  /** Names of calls, with commas: the first of its threads that makes the `nth` of these is killed before it. */
  readonly calls: string;
  readonly nth: number;
  /** Rows after which it ends in order. */
  readonly rows: number;
  /** How much is kept, bytes; the oldest days go. */
  readonly sizeBytes: number;
}

/** What a process told before it was killed or ended: the last row it said was stored, and the deletion it was in. */
interface Run {
  readonly stored: number;
  readonly deleting: number | undefined;
  readonly ended: boolean;
}

/** Starts the crash process on one directory again and again, kills it, and compares what is stored with what must be. */
export class CrashRounds {
  readonly #bench: Bench;
  readonly #dir: string;
  /** Rows after which a deletion has been done. */
  readonly #deleted = new Set<number>();
  #next = 0;

  constructor(bench: Bench, dir: string) {
    this.#bench = bench;
    this.#dir = dir;
  }

  /** @param killWhen decides at each line the process prints, and at its start, when to kill: ms from now, or undefined for not yet */
  async round(killWhen: (line: string) => number | undefined): Promise<CrashRound> {
    const run = await this.#run([process.execPath], [], killWhen);
    if (run.ended) throw new Error('the crash process ended by itself');
    return this.#check(run);
  }

  /** Kills at a system call; needs strace. */
  async roundAtCall({ calls, nth, rows, sizeBytes }: AtCall): Promise<CrashRound> {
    const inject = ['-e', `trace=${calls}`, '-e', `inject=${calls}:signal=KILL:when=${nth}`];
    const strace = ['strace', '-f', '-qq', '-o', '/dev/null', ...inject];
    const command = [...strace, process.execPath];
    return this.#check(await this.#run(command, [String(rows), String(sizeBytes)], () => undefined));
  }

  async #check({ stored, deleting, ended }: Run): Promise<CrashRound> {
    const events: LoggedEvent[] = [];
    const kept = await readKeptIndex(keptIndexFile(this.#dir));
    const store = this.#bench.open(this.#dir, { log: silentLog(events), kept, keepsIndexFrom: 1 });
    const found = contents(store);
    await this.#bench.close(store);
    const problems = events
      .filter(({ level }) => level === 'error' || level === 'warn')
      .map(({ message, fields }) => `log: ${message} ${JSON.stringify(fields)}`);
    const rows = rowsOf(found);
    if (rows <= stored) problems.push(`row ${stored} was stored, and ${rows} rows are there`);
    let deletion: CrashRound['deletion'];
    if (deleting !== undefined) {
      const isDone = isGone(found, crashDeletion(deleting)!);
      if (isDone) this.#deleted.add(deleting);
      deletion = isDone ? 'done' : 'not done';
    }
    const first = firstRow(found);
    if (first > 0 && crashTime(first) % PARTITION_MS >= CRASH_STEP_MS) {
      problems.push(`the first row left is ${first}, in the middle of a day`);
    }
    const expected = this.#expected(first, rows);
    for (const series of new Set([...Object.keys(expected), ...Object.keys(found)])) {
      const difference = differenceOf(expected[series] ?? [], found[series] ?? []);
      if (difference) problems.push(`${series}: ${difference}`);
    }
    problems.push(...this.#damage());
    const from = this.#next;
    this.#next = rows;
    return { from, rows, promised: stored + 1, deletion, ended, problems };
  }

  /** Runs the process until it is killed or ends. */
  async #run(
    [command, ...before]: readonly string[],
    args: readonly string[],
    killWhen: (line: string) => number | undefined,
  ): Promise<Run> {
    const script = `${import.meta.dirname}/crash-child.fixture.ts`;
    const child = spawn(command!, [...before, script, this.#dir, String(this.#next), ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let stored = this.#next - 1;
    let deleting: number | undefined;
    let timer: NodeJS.Timeout | undefined;
    const kill = (line: string): void => {
      if (timer !== undefined) return;
      const ms = killWhen(line);
      if (ms !== undefined) timer = setTimeout(() => child.kill('SIGKILL'), ms);
    };
    kill('');
    // What it printed before it died counts, even when it is read afterwards.
    for await (const line of createInterface({ input: child.stdout })) {
      const [what, text] = line.split(' ');
      const row = Number(text);
      if (what === 'stored') stored = row;
      if (what === 'deleting') deleting = row;
      if (what === 'deleted') {
        this.#deleted.add(row);
        deleting = undefined;
      }
      kill(line);
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    const ended = child.exitCode === 0;
    if (!ended && child.signalCode !== 'SIGKILL') {
      throw new Error(`the crash process failed: ${child.exitCode ?? child.signalCode}`);
    }
    return { stored, deleting, ended };
  }

  #expected(first: number, rows: number): Contents {
    const all: Contents = {};
    const deletions = [...this.#deleted].map((row) => crashDeletion(row)!);
    for (const i of crashSeries.keys()) {
      const gone = deletions.filter(({ series }) => series === i);
      const samples: [number, string][] = [];
      for (let row = first; row < rows; row++) {
        if (gone.some(({ from, to }) => row >= from && row < to)) continue;
        const value = crashValue(i, row);
        if (value !== undefined) samples.push([crashTime(row), formatValue(value)]);
        else if (row > 0) samples.push([crashTime(row), 'stale']);
      }
      all[`m{i="${i}"}`] = samples;
    }
    all.own = Array.from({ length: rows - first }, (_, i) => [
      crashTime(first + i) + 500,
      formatValue(crashOwnValue(first + i)),
    ]);
    return all;
  }

  /** Checksums of all partitions, and what was set aside or left lying. */
  #damage(): string[] {
    const problems: string[] = [];
    for (const name of readdirSync(this.#dir)) {
      if (/^\d{8}(\.hot)?\.db$/.test(name)) {
        const problem = checkBlobs(join(this.#dir, name), undefined);
        if (problem !== undefined) problems.push(`${name}: ${problem}`);
      }
      if (/\.(sealing|changed|making|tmp)$|^change\.json/.test(name)) problems.push(`${name} was left lying`);
    }
    if (existsSync(join(this.#dir, 'quarantine'))) problems.push('files were set aside');
    return problems;
  }
}

function rowsOf(found: Contents): number {
  const last = found['m{i="1"}']?.at(-1)?.[0];
  return last === undefined ? 0 : (last - crashTime(0)) / CRASH_STEP_MS + 1;
}

/** Those before it went with days that were too much. */
function firstRow({ own = [] }: Contents): number {
  return own[0] === undefined ? 0 : (own[0][0] - 500 - crashTime(0)) / CRASH_STEP_MS;
}

/** Whether a deletion was done; done in part, the comparison that follows will tell. */
function isGone(found: Contents, { series, to }: CrashDeletion): boolean {
  // The last row: an earlier deletion may have taken the others.
  return !(found[`m{i="${series}"}`] ?? []).some(([time]) => time === crashTime(to - 1));
}

function differenceOf(expected: Contents[string], found: Contents[string]): string | undefined {
  for (let i = 0; i < Math.max(expected.length, found.length); i++) {
    const [wanted, got] = [expected[i], found[i]];
    if (wanted?.[0] === got?.[0] && wanted?.[1] === got?.[1]) continue;
    return `expected ${JSON.stringify(wanted)} as sample ${i} of ${expected.length}, found ${JSON.stringify(got)} of ${found.length}`;
  }
  return undefined;
}
