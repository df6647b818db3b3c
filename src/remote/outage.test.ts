import { cpSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { Histogram } from '../model/histogram.ts';
import { labelsFromObject } from '../model/labels.ts';
import { type FakeClock, fakeClock } from '../testing/fake-clock.ts';
import { sampleText, storeBench } from '../tsdb/store.fixture.ts';
import type { Store } from '../tsdb/store.ts';
import { deliveredLogRow } from './cursors.ts';
import { type FakeReceiver, type Running, receiver, start } from './sender.fixture.ts';

const bench = storeBench();
afterEach(() => bench.clean());

const MINUTE = 60_000;
const START = Date.UTC(2026, 0, 2);

const native = (n: number): Histogram => ({
  schema: 3,
  count: 2 + 2 * n,
  sum: 0.1 * n,
  zeroThreshold: 2 ** -128,
  zeroCount: 1,
  positiveSpans: [{ offset: -3, length: 2 }],
  positiveBuckets: [n, n + 1],
  negativeSpans: [],
  negativeBuckets: [],
  customValues: [],
  counterResetHint: n % 40 === 17 ? 'gauge' : 'unknown',
  ...(n % 7 === 3 ? { isFloat: true } : {}),
});

/** When what is counted in minute `n` began, anew every so many minutes; 0, not known, for a while in between. */
const beginning = (n: number, every: number): number => {
  const lives = Math.floor(n / every);
  return lives % 3 === 2 ? 0 : START + lives * every * MINUTE - 1234;
};

/** A site that scrapes two targets and is pushed a series, and all that its receiver should get of it. */
class Site {
  readonly expected: string[] = [];
  #store!: Store;
  #sources: ReturnType<Store['source']>[] = [];
  #live = new Map<string, boolean>();
  #clock: FakeClock;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  runOn(store: Store): void {
    this.#store = store;
    this.#sources = ['fast', 'slow'].map((key) => store.source(key));
  }

  /** What happens in minute `n`. */
  minute(n: number): void {
    this.#clock.jump(START + n * MINUTE - this.#clock.now());
    this.#scrape(0, 'fast', n);
    if (n % 6 === 0) this.#scrape(1, 'slow', n);
    if (n % 4 < 2) this.#push(n);
  }

  #scrape(at: number, job: string, n: number): void {
    const source = this.#sources[at]!;
    const time = START + n * MINUTE;
    source.begin(time);
    const slotOf = (name: string): number => source.slot(labelsFromObject({ __name__: name, job }));
    const put = (name: string, value: number | Histogram | undefined, began = 0): void => {
      const series = `${name}{job="${job}", site="north"}`;
      const wasLive = this.#live.get(series) ?? false;
      this.#live.set(series, value !== undefined);
      if (value === undefined) {
        // What was there the last time and is not now gets a staleness marker.
        if (wasLive) this.expected.push(`${series} ${time} stale`);
        return;
      }
      if (typeof value === 'number') source.set(slotOf(name), value);
      else source.setHistogram(slotOf(name), value);
      source.setStart(slotOf(name), began);
      this.expected.push(`${series} ${time} ${sampleText(value, began)}`);
    };
    put('up', 1);
    put('total', n * 3 + 0.25, beginning(n, 200));
    put('latency', n % 90 < 70 ? native(n) : undefined, beginning(n, 130));
    // A name for each hour, as those of containers.
    for (const hour of [Math.floor(n / 60) - 1, Math.floor(n / 60)]) {
      if (hour >= 0)
        put(`pod_${hour}`, hour === Math.floor(n / 60) ? n : undefined, START + hour * 60 * MINUTE);
    }
    source.commit();
  }

  /** Samples that bring their own times: from the past as well, and histograms. */
  #push(n: number): void {
    const time = START + n * MINUTE - 7 * MINUTE;
    const series = n % 8 === 0 ? 'pushed' : 'pushed_native';
    const labels = labelsFromObject({ __name__: series });
    const isEnd = n % 60 === 52 || n % 60 === 56;
    const began = isEnd ? 0 : beginning(n, 300);
    if (isEnd) this.#store.appendStale(labels, time);
    else if (n % 8 === 0) this.#store.append(labels, time, n, began);
    else this.#store.appendHistogram(labels, time, native(n), began);
    const value = isEnd ? 'stale' : n % 8 === 0 ? n : native(n);
    this.expected.push(`${series}{site="north"} ${time} ${sampleText(value, began)}`);
  }
}

const sorted = (samples: readonly string[]): string[] => [...samples].sort();

/** The store as a kill leaves it, opened by the next process. */
async function killed(store: Store, dir: string, clock: FakeClock): Promise<{ store: Store; dir: string }> {
  await store.committed();
  const next = path.join(bench.directory(), 'next');
  cpSync(dir, next, { recursive: true, filter: (file) => !/lock\.db|reserve/.test(file) });
  const heldLogRow = deliveredLogRow(next, undefined);
  return { store: bench.open(next, { clock, heldLogRow }), dir: next };
}

const SMALL_REQUESTS = {
  protobuf_message: 'io.prometheus.write.v2.Request',
  send_native_histograms: true,
  queue_config: { max_samples_per_send: 60, capacity: 700, max_shards: 3 },
};

/** Lets a sender work until nothing waits, or its receiver hangs. */
async function work(time: FakeClock, sender: Running, to: FakeReceiver): Promise<void> {
  for (let quiet = 0; quiet < 3; ) {
    const before = to.requests.length;
    await time.advance('7s');
    quiet =
      to.requests.length === before && (sender.report()?.pending === 0 || before >= to.limit) ? quiet + 1 : 0;
  }
}

test('a receiver that is away for 30 hours, across flushes, merges, a sealed day and kills, gets every sample once, with its start', async () => {
  // Hours pass without anybody's timers: a day is sealed an hour after the last that was written to it.
  const standing = fakeClock(START);
  const clock: FakeClock = { ...standing, monotonic: () => standing.now() - START };
  let dir = bench.directory();
  let store = bench.open(dir, { clock });
  const site = new Site(clock);
  site.runOn(store);
  const to = receiver();
  /** Each sender has timers of its own: those of the store stand still but where a flush is waited for. */
  const begin = (on: Store): { sender: Running; time: FakeClock } => {
    const timers = fakeClock();
    const time: FakeClock = { ...timers, now: () => clock.now() };
    const sender = start(on, time, to);
    sender.apply(SMALL_REQUESTS, { since: clock.now() - 1, logRow: on.newestLogRow() });
    return { sender, time };
  };
  const crash = async (sender: Running): Promise<void> => {
    sender.kill();
    ({ store, dir } = await killed(store, dir, clock));
    site.runOn(store);
  };

  let { sender, time } = begin(store);
  let n = 0;
  const liveUntil = async (end: number): Promise<void> => {
    for (; n < end; n += 2) {
      site.minute(n);
      if (n % 60 === 58) await store.flush();
    }
  };
  await liveUntil(20);
  await store.committed();
  await work(time, sender, to);
  expect(sorted(to.samples)).toEqual(sorted(site.expected));

  to.answer = { status: 503, text: 'away' };
  await liveUntil(12 * 60 + 8);
  await time.advance('10s');
  expect(sender.report()!.trouble).toBe('status 503: away');
  await crash(sender);
  ({ sender, time } = begin(store));
  await liveUntil(30 * 60);
  await store.flush();
  expect(readdirSync(dir).filter((name) => /^\d{8}/.test(name) && !/-(wal|shm)$/.test(name))).toEqual([
    '20260101.db',
    '20260102.db',
    '20260103.hot.db',
  ]);

  // It is back, and there is a kill after some of the requests: in the first day, and behind its end.
  to.answer = undefined;
  let reread = 0;
  for (const more of [3, 20, 41]) {
    to.limit = to.requests.length + more;
    await work(time, sender, to);
    expect(to.requests).toHaveLength(to.limit);
    reread += sender.report()!.reread;
    await crash(sender);
    await liveUntil(n + 4);
    ({ sender, time } = begin(store));
  }
  to.limit = Number.POSITIVE_INFINITY;
  await liveUntil(n + 40);
  await store.committed();
  await work(time, sender, to);
  expect(reread).toBeGreaterThan(3000);
  expect(to.samples).toHaveLength(site.expected.length);
  expect(sorted(to.samples)).toEqual(sorted(site.expected));
  const last = new Map<string, number>();
  for (const sample of to.samples.filter((text) => text.includes('job='))) {
    const [, series, at] = /^(.*?\}) (\d+)/.exec(sample)!;
    expect(Number(at), sample).toBeGreaterThan(last.get(series!) ?? 0);
    last.set(series!, Number(at));
  }
  await sender.close();
});
