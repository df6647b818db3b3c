/**
 * Kills a process that stores, flushes, seals and deletes at random instants, a hundred times, and checks after each what must be there. Then, where
 * strace is installed, kills it before the first, second, third … system call that changes a file, over changes of the day, with days that retention
 * removes and the index that a stop leaves. Then flips a bit of each byte of a small sealed file: a reader must find it or read the same, and a query answer the same or say what it lacks. Prints what was checked; exits 1 when anything was not as it must be.
 *
 *     npm run soak-store -- [--rounds 100] [--calls 60] [--flips no] [--seed N]
 */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CorruptBlockError } from '../src/encoding/corrupt-block.ts';
import { formatSeries } from '../src/model/labels.ts';
import { unlimited } from '../src/model/queryable.ts';
import { CrashRounds } from '../src/tsdb/crash-rounds.fixture.ts';
import { openQueryable } from '../src/tsdb/open-queryable.ts';
import { openHotPartition } from '../src/tsdb/partition/hot.ts';
import { openPartitionReader } from '../src/tsdb/partition/reader.ts';
import {
  batch,
  DAY,
  entry,
  ownColumn,
  readAll,
  sealAll,
  sourceBlock,
} from '../src/tsdb/partition/testing.ts';
import { PARTITION_MS } from '../src/tsdb/partition.ts';
import { always, storeBench } from '../src/tsdb/store.fixture.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '100' },
    calls: { type: 'string', default: '60' },
    flips: { type: 'string', default: 'yes' },
    seed: { type: 'string' },
  },
});
const seed = Number(values.seed ?? Date.now() % 1_000_000);
const random = randomFrom(seed);
const startedAt = performance.now();
let problems = 0;
const bad = (text: string): void => {
  problems++;
  console.log(`  PROBLEM ${text}`);
};

console.log(`seed ${seed}, load ${readFileSync('/proc/loadavg', 'utf8').split(' ')[0]}`);
if (Number(values.rounds) > 0) await kills(Number(values.rounds));
if (Number(values.calls) > 0) await killsAtCalls(Number(values.calls));
if (values.flips === 'yes') await flips();
console.log(`${problems === 0 ? 'all as it must be' : `${problems} problems`}, ${elapsed(startedAt)} s`);
process.exitCode = problems === 0 ? 0 : 1;

async function kills(count: number): Promise<void> {
  const from = performance.now();
  const bench = storeBench();
  const rounds = new CrashRounds(bench, bench.directory());
  const fell = { done: 0, 'not done': 0 };
  let rows = 0;
  for (let n = 1; n <= count; n++) {
    // Anywhere within half a second of work, the start included; every third round within a deletion.
    const wait = Math.floor(random() * 900);
    const within = Math.floor(random() * 120);
    const round = await rounds.round((line) =>
      n % 3 === 0 ? (line.startsWith('deleting') ? within : undefined) : line === '' ? wait : undefined,
    );
    rows = round.rows;
    if (round.deletion) fell[round.deletion]++;
    for (const problem of round.problems) bad(`round ${n}: ${problem}`);
  }
  await bench.clean();
  console.log(
    [
      `kill -9, ${count} rounds on one directory, ${rows} rows of 21 series in the end, ${elapsed(from)} s. After each kill:`,
      '  every row the process had said was committed is there, every value and staleness marker bit for bit, each once, in order;',
      `  a deletion the kill fell into is done whole or not at all (${fell.done} done, ${fell['not done']} not), one that was answered is done;`,
      '  the log replays without a damaged row, all checksums of all partitions hold, nothing was set aside or left lying.',
    ].join('\n'),
  );
}

/** Of each kind of call so many places: those of names, sizes and syncs one by one, writes in steps. */
async function killsAtCalls(count: number): Promise<void> {
  if (spawnSync('strace', ['-V'], { stdio: 'ignore' }).status !== 0) {
    console.log('kills at system calls: left out, strace is not installed');
    return;
  }
  const from = performance.now();
  const told = { killed: 0, ended: 0, rows: 0 };
  for (const { calls, step } of [
    { calls: 'rename,unlink,ftruncate,mkdir,fsync', step: 1 },
    { calls: 'pwrite64', step: 5 },
  ]) {
    const bench = storeBench();
    const rounds = new CrashRounds(bench, bench.directory());
    for (let n = 1; n <= count; n++) {
      const round = await rounds.roundAtCall({ calls, nth: n * step, rows: 500, sizeBytes: 400_000 });
      told[round.ended ? 'ended' : 'killed']++;
      told.rows += round.rows - round.from;
      for (const problem of round.problems) bad(`before call ${n * step} of ${calls}: ${problem}`);
    }
    await bench.clean();
  }
  console.log(
    `kill -9 before a system call, each of ${told.killed} another one, ${told.rows} rows over ${Math.floor(told.rows / 360)} midnights, days removed by size, the index left at ${told.ended + 2 * count} stops, ${elapsed(from)} s: the same holds after each.`,
  );
}

async function flips(): Promise<void> {
  const from = performance.now();
  const directory = mkdtempSync(join(tmpdir(), 'belfry-soak-'));
  const bench = storeBench();
  try {
    const writer = openHotPartition(join(directory, '20260102.hot.db'), { addon: undefined, day: DAY });
    const seconds = Array.from({ length: 20 }, (_, i) => i * 15);
    writer.append(
      batch({
        series: [
          entry(1, 1, { __name__: 'a' }),
          entry(2, 1, { __name__: 'b', i: '1' }),
          entry(3, 0, { own: 'c' }),
        ],
        blocks: [sourceBlock(1, seconds, { 1: seconds.map((s) => s * 2), 2: seconds.map((s) => s / 7) })],
        own: [
          ownColumn(3, [
            [1, 1.5],
            [2, -1],
          ]),
        ],
      }),
    );
    writer.close();
    const { file } = sealAll(directory);
    const read = (path: string) => {
      const reader = openPartitionReader(path, { addon: undefined });
      try {
        return JSON.stringify(readAll(reader, DAY, DAY + PARTITION_MS));
      } finally {
        reader.close();
      }
    };
    const expected = read(file!);
    const bytes = readFileSync(file!);
    // A head without anything: answers come from the partition.
    const { head } = bench.open(bench.directory()).shared;
    const place = mkdtempSync(join(directory, 'one-'));
    const copy = join(place, '20260102.db');
    const ask = (): { readonly samples: Set<string>; readonly warnings: readonly string[] } => {
      const queryable = openQueryable({ dir: place, head }, { addon: undefined, visibility: 'committed' });
      const querier = queryable.querier(unlimited);
      const samples = new Set<string>();
      for (const { labels, timestamps, values } of querier.select([], always)) {
        for (const [i, time] of timestamps.entries())
          samples.add(`${formatSeries(labels)} ${time} ${values[i]}`);
      }
      const warnings = [...querier.warnings!];
      querier.close();
      queryable.close();
      return { samples, warnings };
    };
    writeFileSync(copy, bytes);
    const whole = ask().samples;
    let found = 0;
    let warned = 0;
    for (let at = 0; at < bytes.length; at++) {
      const damaged = Buffer.from(bytes);
      damaged[at]! ^= 1 << (at % 8);
      writeFileSync(copy, damaged);
      try {
        if (read(copy) !== expected) bad(`bit ${at % 8} of byte ${at} flipped: other samples were read`);
      } catch (error) {
        if (!(error instanceof CorruptBlockError)) bad(`byte ${at}: ${(error as Error).stack}`);
        found++;
      }
      const { samples, warnings } = ask();
      if (warnings.length > 0) warned++;
      if (warnings.length === 0 && samples.size !== whole.size)
        bad(`byte ${at}: samples are missing without a word`);
      for (const sample of samples) if (!whole.has(sample)) bad(`byte ${at}: ${sample} was never stored`);
    }
    console.log(
      `bit flips, one at each of the ${bytes.length} bytes of a sealed file, ${elapsed(from)} s: ${found} were found, the others change no sample; ${warned} answers lack some and say so, the others are whole.`,
    );
  } finally {
    await bench.clean();
    rmSync(directory, { recursive: true, force: true });
  }
}

function elapsed(from: number): string {
  return ((performance.now() - from) / 1000).toFixed(0);
}

/** Mulberry32, after Tommy Ettinger (public domain). */
function randomFrom(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
