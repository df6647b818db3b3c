/**
 * How long storage keeps the main thread from anything else while it scrapes, and how long a step of the background worker is:
 * `npm run storage-stall [-- TARGETS SERIES SECONDS]`. While rows come in, the worker seals a day and merges a window of two hours, and all of
 * memory is once flushed at once. CPU time of a thread is given beside wall-clock time: it says the same on a machine that is busy.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import {
  isMainThread,
  MessageChannel,
  type MessagePort,
  parentPort,
  Worker,
  workerData,
} from 'node:worker_threads';
import { Registry } from 'prom-client';
import { systemClock } from '../src/clock.ts';
import type { ScrapeAppender, Slot } from '../src/model/appender.ts';
import { labelsFromObject } from '../src/model/labels.ts';
import { silentLog } from '../src/testing/silent-log.ts';
import { PartitionKeeper } from '../src/tsdb/partition-keeper.ts';
import type { StorageInit } from '../src/tsdb/protocol.ts';
import { createStorageService } from '../src/tsdb/storage-service.ts';
import { openStore, type Store } from '../src/tsdb/store.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** A window of two hours at one scrape a minute, but for the last one. */
const ROWS = 119;
const TURN_MS = 5;

interface WorkerData {
  readonly port: MessagePort;
  readonly init: StorageInit;
}

if (isMainThread) await measure();
else serve(workerData as WorkerData);

/** CPU time of this thread, ms. */
function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** The worker, with a look at the clock around each step of merging and sealing. */
function serve({ port, init }: WorkerData): void {
  const steps: number[] = [];
  const { step } = PartitionKeeper.prototype;
  PartitionKeeper.prototype.step = function (now) {
    const before = cpuMs();
    const hasMore = step.call(this, now);
    if (hasMore) steps.push(cpuMs() - before);
    return hasMore;
  };
  parentPort!.on('message', () => parentPort!.postMessage(steps));
  createStorageService(port, init, { clock: systemClock, addon: undefined });
}

interface Target {
  readonly source: ScrapeAppender;
  readonly slots: readonly Slot[];
  rows: number;
}

async function measure(): Promise<void> {
  const [targets = 100, series = 1000, seconds = 60] = process.argv.slice(2).map(Number);
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'belfry-stall-'));
  try {
    // In the future: windows of the past are merged as soon as they are written.
    const tomorrow = (Math.floor(Date.now() / DAY) + 1) * DAY;
    const before = open(dir);
    fill(before.store, targets, series, tomorrow - 4 * DAY);
    await before.store.flush();
    fill(before.store, targets, series, tomorrow);
    await before.store.flush();
    await before.store.close();

    const { store, steps } = open(dir);
    const all = targetsOf(store, targets, series);
    const turns: number[] = [];
    const delays: number[] = [];
    let isOver = false;
    const turn = (cpu: number, at: number): void => {
      if (isOver) return;
      setTimeout(() => {
        turns.push(cpuMs() - cpu);
        delays.push(performance.now() - at - TURN_MS);
        turn(cpuMs(), performance.now());
      }, TURN_MS);
    };
    turn(cpuMs(), performance.now());
    // One after the other, spread over five seconds.
    const everyMs = 5000 / targets;
    const startedAt = performance.now();
    let scraped = 0;
    let flushing: Promise<void> | undefined;
    while (performance.now() - startedAt < 1000 * seconds) {
      const due = (performance.now() - startedAt) / everyMs;
      for (; scraped < due; scraped++) {
        const target = all[scraped % targets]!;
        scrape(target, tomorrow + 2 * HOUR + 5000 * target.rows, target.rows);
        target.rows++;
        store.pause();
      }
      if (!flushing && performance.now() - startedAt > 400 * seconds) flushing = store.flush();
      await new Promise((resolve) => setTimeout(resolve, everyMs / 2));
    }
    isOver = true;
    await flushing;
    const { upkeep, flush } = store.stats();
    console.log(
      `${targets} targets of ${series} series each 5 s, ${scraped} scrapes in ${seconds} s; load ${os.loadavg()[0]!.toFixed(1)}`,
    );
    console.log(
      `meanwhile                ${upkeep.seals} day sealed, ${flush.samples} samples flushed, ${(await steps()).length} steps of merging and sealing`,
    );
    console.log(`main thread, CPU a turn  ${quantiles(turns)}; scrapes included`);
    console.log(`main thread, delay       ${quantiles(delays)}; wall clock`);
    console.log(`worker, CPU a step       ${quantiles(await steps())}`);
    await store.close();
  } finally {
    fs.rmSync(dir, { recursive: true });
  }
}

function open(dir: string): { store: Store; steps(): Promise<number[]> } {
  let worker: Worker | undefined;
  const store = openStore({
    dir,
    clock: systemClock,
    log: silentLog(),
    registry: new Registry(),
    addon: undefined,
    retention: { timeMs: 0, sizeBytes: 0 },
    connect(init) {
      const { port1, port2 } = new MessageChannel();
      const data: WorkerData = { port: port2, init };
      worker = new Worker(new URL(import.meta.url), { workerData: data, transferList: [port2] });
      worker.unref();
      return port1;
    },
  });
  const steps = (): Promise<number[]> =>
    new Promise((resolve) => {
      worker!.once('message', resolve);
      worker!.postMessage('steps');
    });
  return { store, steps };
}

function targetsOf(store: Store, targets: number, series: number): Target[] {
  return Array.from({ length: targets }, (_, target) => {
    const source = store.source(`target ${target}`);
    const slots = Array.from({ length: series }, (_, i) =>
      source.slot(
        labelsFromObject({
          __name__: `metric_${i % 50}`,
          instance: `${target}`,
          handler: `/api/v1/${i}`,
          job: 'a',
        }),
      ),
    );
    return { source, slots, rows: 0 };
  });
}

/** Half of the values are new in each row. */
function scrape({ source, slots }: Target, timestamp: number, n: number): void {
  source.begin(timestamp);
  for (let i = 0; i < slots.length; i++) source.set(slots[i]!, i % 2 ? i : 1000 * i + n * (7 + i));
  source.commit();
}

function fill(store: Store, targets: number, series: number, from: number): void {
  for (const target of targetsOf(store, targets, series)) {
    for (let row = 0; row < ROWS; row++) scrape(target, from + 60_000 * row + 1, row);
    target.source.close();
  }
}

function quantiles(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): string =>
    (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0).toFixed(1);
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)}, p99.9 ${at(0.999)}, at most ${at(1)}`;
}
