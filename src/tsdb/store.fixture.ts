import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { Registry } from 'prom-client';
import type { Clock } from '../clock.ts';
import type { Histogram } from '../model/histogram.ts';
import { formatSeries } from '../model/labels.ts';
import type { Log } from '../model/log.ts';
import type { Matcher } from '../model/matcher.ts';
import { type Querier, unlimited, withWholeView } from '../model/queryable.ts';
import { formatValue, isStaleAt, NORMAL_NAN_HIGH, NORMAL_NAN_LOW, wordsOf } from '../model/sample.ts';
import type { TimeRange } from '../model/time.ts';
import { fakeClock } from '../testing/fake-clock.ts';
import { silentLog } from '../testing/silent-log.ts';
import type { Visibility } from './head/own-reader.ts';
import { openQueryable } from './open-queryable.ts';
import type { StorageInit } from './protocol.ts';
import { createStorageService } from './storage-service.ts';
import { openStore, type Store, type StoreOptions } from './store.ts';
import type { StorageWorkerData } from './worker.fixture.ts';

export const always = { from: -8e15, to: 8e15 };

/** Directories and stores of a test file; `clean` closes and removes them all. */
export interface Bench {
  directory(): string;
  open(dir: string, options?: Partial<StoreOptions> & { readonly clock?: Clock; readonly log?: Log }): Store;
  close(store: Store): Promise<void>;
  /** Ends the workers of all stores, whatever they do. */
  killWorkers(): Promise<void>;
  clean(): Promise<void>;
}

/** @param serve where the storage service runs: in this thread, on the store's clock, or in a worker */
export function storeBench(serve: 'here' | 'worker' = 'here'): Bench {
  const directories: string[] = [];
  const stores = new Set<Store>();
  const workers: Worker[] = [];
  const close = async (store: Store): Promise<void> => {
    if (stores.delete(store)) await store.close();
  };
  const killWorkers = async (): Promise<void> => {
    for (const worker of workers.splice(0)) await worker.terminate();
  };
  return {
    directory() {
      const dir = mkdtempSync(join(tmpdir(), 'belfry-store-'));
      directories.push(dir);
      return dir;
    },
    open(dir, options = {}) {
      const clock = options.clock ?? fakeClock();
      const here = (init: StorageInit): MessagePort => {
        const { port1, port2 } = new MessageChannel();
        createStorageService(port2, init, { clock, addon: undefined });
        return port1;
      };
      const store = openStore({
        dir,
        clock,
        log: silentLog(),
        registry: new Registry(),
        addon: undefined,
        retention: { timeMs: 0, sizeBytes: 0 },
        connect: serve === 'here' ? here : (init) => startWorker(init, workers),
        ...options,
      });
      stores.add(store);
      return store;
    },
    close,
    killWorkers,
    async clean() {
      for (const store of stores) await close(store);
      await killWorkers();
      for (const dir of directories.splice(0)) rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Runs the storage service in a thread of its own. */
export function startWorker(init: StorageInit, workers: Worker[] = []): MessagePort {
  const { port1, port2 } = new MessageChannel();
  const data: StorageWorkerData = { port: port2, init, addonFile: undefined };
  const worker = new Worker(new URL('./worker.fixture.ts', import.meta.url), {
    workerData: data,
    transferList: [port2],
  });
  worker.unref();
  workers.push(worker);
  return port1;
}

export type Contents = Record<string, [time: number, value: string][]>;

/** A NaN by its bits; as a number it is only good for writing them. */
export interface NotANumber {
  readonly low: number;
  readonly high: number;
}

/** The number with these bits, as far as a number has any. */
export function numberOf({ low, high }: NotANumber): number {
  const values = new Float64Array(1);
  wordsOf(values).set([low, high]);
  return values[0]!;
}

/** `NaN` for the normal one, of others their bits. */
function nanText({ low, high }: NotANumber): string {
  if (low === NORMAL_NAN_LOW && high === NORMAL_NAN_HIGH) return 'NaN';
  return `NaN:${high.toString(16)}${low.toString(16).padStart(8, '0')}`;
}

/** JSON in which NaN, infinities and -0 are themselves. */
const histogramText = (histogram: Histogram): string =>
  JSON.stringify(histogram, (_, value) => {
    if (typeof value !== 'number' || (Number.isFinite(value) && !Object.is(value, -0))) return value;
    if (!Number.isNaN(value)) return formatValue(value);
    const [low, high] = wordsOf(Float64Array.of(value));
    return nanText({ low: low!, high: high! });
  });

/** A sample as text: `stale`, a number, a NaN's bits, or a histogram as JSON, and its start timestamp when it is known. */
export function sampleText(value: number | NotANumber | Histogram | 'stale', start = 0): string {
  const text =
    value === 'stale'
      ? value
      : typeof value === 'number'
        ? formatValue(value)
        : 'high' in value
          ? nanText(value)
          : histogramText(value);
  return start === 0 ? text : `${text} from ${start}`;
}

/** What the store answers to a selector, by default everything; samples as `sampleText` says. */
export function contents(
  store: Store,
  visibility: Visibility = 'appended',
  matchers: readonly Matcher[] = [],
  range: TimeRange = always,
): Contents {
  return ask(store, visibility, (querier) => {
    const found: Contents = {};
    for (const { labels, timestamps, values, histograms, startTimestamps } of querier.select(
      matchers,
      range,
    )) {
      const words = wordsOf(values);
      found[formatSeries(labels)] = Array.from(timestamps, (time, i) => {
        const bits = { low: words[2 * i]!, high: words[2 * i + 1]! };
        const float = isStaleAt(words, i) ? 'stale' : Number.isNaN(values[i]!) ? bits : values[i]!;
        const value = histograms?.[i] ?? float;
        return [time, sampleText(value, startTimestamps?.[i])];
      });
    }
    return found;
  });
}

/** What a query finds; asked anew, as the query service does, when a flush or a deletion moved data under it. */
export function ask<T>(store: Store, visibility: Visibility, query: (querier: Querier) => T): T {
  const queryable = openQueryable(store.shared, { addon: undefined, visibility });
  try {
    return withWholeView(() => {
      const querier = queryable.querier(unlimited);
      try {
        return query(querier);
      } finally {
        querier.close();
      }
    });
  } finally {
    queryable.close();
  }
}
