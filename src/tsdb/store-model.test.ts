import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import type { ScrapeAppender } from '../model/appender.ts';
import { CUSTOM_BUCKETS_SCHEMA, type Histogram } from '../model/histogram.ts';
import { formatSeries, type Labels, labelsFromObject, labelValue } from '../model/labels.ts';
import type { Matcher } from '../model/matcher.ts';
import type { TimeRange } from '../model/time.ts';
import { type FakeClock, fakeClock } from '../testing/fake-clock.ts';
import { keptIndexFile, readKeptIndex } from './log/kept-index.ts';
import { compileMatcher } from './matching.ts';
import {
  ask,
  type Bench,
  type Contents,
  contents,
  type NotANumber,
  numberOf,
  sampleText,
  storeBench,
} from './store.fixture.ts';
import type { Store } from './store.ts';

const START = Date.UTC(2026, 0, 2) - 900_000;

/** Series that ended are forgotten at every opportunity. */
const renewal = { fewest: 1, share: 0, apartMs: 20_000 };

/** What the store should say, as plainly as possible. */
class Model {
  readonly samples = new Map<string, Map<number, string>>();
  /** Series of each source's last scrape that had a sample there. */
  readonly live = new Map<string, Set<string>>();
  /** Start timestamps that hold in each source, by series. */
  readonly starts = new Map<string, Map<string, number>>();

  add(series: string, time: number, value: string): void {
    const known = this.samples.get(series) ?? new Map<number, string>();
    this.samples.set(series, known);
    if (!known.has(time)) known.set(time, value);
  }

  startsOf(source: string): Map<string, number> {
    const starts = this.starts.get(source) ?? new Map<string, number>();
    this.starts.set(source, starts);
    return starts;
  }

  scrape(source: string, time: number, values: ReadonlyMap<string, number | Histogram>): void {
    const starts = this.startsOf(source);
    for (const [series, value] of values) this.add(series, time, sampleText(value, starts.get(series)));
    for (const series of this.live.get(source) ?? [])
      if (!values.has(series)) this.add(series, time, sampleText('stale', starts.get(series)));
    this.live.set(source, new Set(values.keys()));
  }

  /** Removes samples, or only counts them. */
  remove(matchers: readonly Matcher[], range: TimeRange, isPreview: boolean) {
    const removed = { series: 0, samples: 0 };
    for (const set of matching(matchers)) {
      const samples = this.samples.get(formatSeries(set));
      const times = [...(samples?.keys() ?? [])].filter((time) => time >= range.from && time < range.to);
      if (times.length > 0) removed.series++;
      removed.samples += times.length;
      if (isPreview) continue;
      for (const time of times) samples!.delete(time);
      if (samples?.size === 0) this.samples.delete(formatSeries(set));
    }
    return removed;
  }

  contents(): Contents {
    return Object.fromEntries(
      [...this.samples].map(([series, samples]) => [series, [...samples].sort(([a], [b]) => a - b)]),
    );
  }
}

const labels: readonly Labels[] = Array.from({ length: 40 }, (_, i) =>
  labelsFromObject({ __name__: `m${i % 5}`, i: String(i), ...(i % 3 === 0 ? { code: '500' } : {}) }),
);
const matching = (matchers: readonly Matcher[]): readonly Labels[] =>
  labels.filter((set) => matchers.every((one) => compileMatcher(one).matches(labelValue(set, one.name))));

const histogram = (parts: Partial<Histogram>): Histogram => ({
  schema: 0,
  count: 5,
  sum: 18.4,
  zeroThreshold: 1e-128,
  zeroCount: 1,
  positiveSpans: [{ offset: 0, length: 2 }],
  positiveBuckets: [1, 3],
  negativeSpans: [],
  negativeBuckets: [],
  customValues: [],
  counterResetHint: 'unknown',
  ...parts,
});

/** NaNs that only samples with their own times can bring: quiet and signalling, with either sign. */
const notNumbers: readonly NotANumber[] = [
  { low: 0, high: 0x7ff80000 },
  { low: 1, high: 0xfff80000 },
  { low: 0x12345678, high: 0x7ff00000 },
  { low: 0xffffffff, high: 0xffffffff },
];

const values: readonly (number | Histogram)[] = [
  ...[0, -0, 1, 2, 3, 0.1, -1e300, 2 ** 51, 2 ** 53, Number.POSITIVE_INFINITY, Number.NaN, 1e-7],
  histogram({}),
  histogram({ count: 6, positiveBuckets: [2, 3] }),
  histogram({ sum: numberOf({ low: 77, high: 0xfff80000 }) }),
  histogram({
    schema: 3,
    count: 9.5,
    sum: Number.NEGATIVE_INFINITY,
    positiveSpans: [
      { offset: -2, length: 1 },
      { offset: 3, length: 2 },
    ],
    positiveBuckets: [1.5, 0, 2 ** 53],
    negativeSpans: [{ offset: 1, length: 1 }],
    negativeBuckets: [-0],
    counterResetHint: 'gauge',
  }),
  histogram({
    schema: CUSTOM_BUCKETS_SCHEMA,
    zeroCount: 0,
    zeroThreshold: 0,
    positiveSpans: [{ offset: 0, length: 3 }],
    positiveBuckets: [0, 4, 1],
    customValues: [0.5, 2],
  }),
];

type Command =
  | {
      kind: 'scrape';
      source: number;
      series: number[];
      values: number[];
      start: number;
      times: number;
      afterMs: number;
    }
  | { kind: 'abort'; source: number }
  | { kind: 'stale'; source: number }
  | { kind: 'release'; source: number }
  | { kind: 'reopenSource'; source: number }
  | { kind: 'own'; series: number; at: number; value: number; stale: boolean; start: number }
  | { kind: 'query'; matchers: Matcher[]; from: number; seconds: number; isRecent: boolean }
  | { kind: 'flush' }
  | { kind: 'renew' }
  | { kind: 'delete'; matchers: Matcher[]; from: number; seconds: number; isPreview: boolean }
  | { kind: 'wait'; seconds: number }
  | { kind: 'reopen'; isKept: boolean };

const source = fc.integer({ min: 0, max: 2 });
const secondsAround = fc.integer({ min: -1000, max: 2000 });
const matchers = fc.array(
  fc.constantFrom<Matcher>(
    { name: '__name__', op: '=', value: 'm2' },
    { name: '__name__', op: '!=', value: 'm1' },
    { name: 'i', op: '=~', value: '1.?|2[0-5]' },
    { name: 'code', op: '=', value: '' },
    { name: 'code', op: '!~', value: '4..' },
    { name: 'i', op: '=~', value: '.*' },
  ),
  { maxLength: 3 },
);
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('scrape' as const),
      source,
      series: fc.uniqueArray(fc.nat(39), { maxLength: 40 }),
      values: fc.array(fc.nat(values.length - 1), { minLength: 1, maxLength: 6 }),
      start: fc.constantFrom(-1, -1, 0, 5, 1_000_000),
      times: fc.integer({ min: 1, max: 12 }),
      afterMs: fc.constantFrom(1, 1000, 15_000, 300_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('abort' as const), source }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('stale' as const), source }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('release' as const), source }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reopenSource' as const), source }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('own' as const),
      series: fc.nat(39),
      at: fc.integer({ min: -40, max: 40 }),
      value: fc.nat(values.length + notNumbers.length - 1),
      stale: fc.boolean(),
      start: fc.constantFrom(0, 0, 7, START - 100_000),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('query' as const),
      matchers,
      from: secondsAround,
      seconds: fc.integer({ min: 0, max: 2500 }),
      isRecent: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('flush' as const) }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('renew' as const) }) },
  {
    // It writes the days anew: what comes for them afterwards stands beside them, until the next one.
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('delete' as const),
      matchers,
      from: secondsAround,
      seconds: fc.integer({ min: 1, max: 1500 }),
      isPreview: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), seconds: fc.constantFrom(1, 3, 700) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('reopen' as const), isKept: fc.boolean() }) },
);

/** One run: the store, its model, and the times of the sources. Each source and the own path have times nobody else uses. */
async function run(bench: Bench, commands: readonly Command[]): Promise<void> {
  const dir = bench.directory();
  const clock: FakeClock = fakeClock(START);
  let store: Store = bench.open(dir, { clock, keepsIndexFrom: 1, renewal });
  const model = new Model();
  let sources: (ScrapeAppender | undefined)[] = [];
  const times = [0, 0, 0];
  /** Series by slot, for each source. */
  const slots = [0, 1, 2].map(() => new Map<number, string>());
  const opened = (place: number): ScrapeAppender => (sources[place] ??= store.source(`source ${place}`));
  const next = (place: number, afterMs: number): number => {
    times[place]! += 4 * afterMs;
    return START + times[place]! + place;
  };
  const release = (place: number): void => {
    for (const slot of opened(place).releaseUnused()) {
      model.startsOf(`source ${place}`).delete(slots[place]!.get(slot)!);
    }
  };
  for (const one of commands) {
    switch (one.kind) {
      case 'scrape':
        for (let n = 0; n < one.times; n++) {
          const time = next(one.source, one.afterMs);
          const scraper = opened(one.source);
          expect(scraper.begin(time)).toBe(true);
          const expected = new Map<string, number | Histogram>();
          for (const [i, series] of one.series.entries()) {
            if ((i + n) % 7 === 6) continue;
            const value = values[one.values[(i + n) % one.values.length]!]!;
            const slot = scraper.slot(labels[series]!);
            const key = formatSeries(labels[series]!);
            slots[one.source]!.set(slot, key);
            const isSet =
              typeof value === 'number' ? scraper.set(slot, value) : scraper.setHistogram(slot, value);
            expect(isSet).toBe(true);
            if (one.start >= 0 && (i + n) % 5 === 4) {
              const start = one.start === 0 ? 0 : one.start + i;
              scraper.setStart(slot, start);
              model.startsOf(`source ${one.source}`).set(key, start);
            }
            expected.set(key, value);
          }
          expect(scraper.commit().appended).toBe(expected.size);
          model.scrape(`source ${one.source}`, time, expected);
        }
        break;
      case 'abort': {
        const scraper = opened(one.source);
        scraper.begin(next(one.source, 1000));
        scraper.setHistogram(scraper.slot(labels[0]!), histogram({}));
        scraper.abort();
        break;
      }
      case 'stale': {
        const time = next(one.source, 1000);
        opened(one.source).markAllStale(time);
        model.scrape(`source ${one.source}`, time, new Map());
        break;
      }
      case 'release':
        release(one.source);
        break;
      case 'reopenSource':
        opened(one.source).close();
        sources[one.source] = undefined;
        break;
      case 'own': {
        const time = START + one.at * 40_000 + 3;
        const value = values[one.value] ?? notNumbers[one.value - values.length]!;
        const set = labels[one.series]!;
        if (one.stale) store.appendStale(set, time);
        else if (typeof value === 'object' && 'high' in value)
          store.appendBits(set, time, value.low, value.high, one.start);
        else if (typeof value === 'number') store.append(set, time, value, one.start);
        else store.appendHistogram(set, time, value, one.start);
        model.add(formatSeries(set), time, one.stale ? 'stale' : sampleText(value, one.start));
        break;
      }
      case 'query': {
        // Near the last scrapes the head may answer alone.
        const from = START + one.from * 1000 + (one.isRecent ? Math.max(...times) - 1_500_000 : 0);
        expectSame(store, model, one.matchers, { from, to: from + one.seconds * 1000 });
        break;
      }
      case 'flush':
        await store.flush();
        break;
      case 'renew':
        // What is in partitions, and in no scrape any more, is forgotten after two looks.
        await store.flush();
        for (const place of [0, 1, 2]) release(place);
        await clock.advance(3 * renewal.apartMs);
        break;
      case 'delete': {
        const from = START + one.from * 1000;
        const range = { from, to: from + one.seconds * 1000 };
        const expected = model.remove(one.matchers, range, one.isPreview);
        const deletion = { selectors: [one.matchers], range };
        expect(await store.delete(deletion, one.isPreview)).toMatchObject(expected);
        break;
      }
      case 'wait':
        // A source that nobody opens for long is forgotten, which is a matter of its own.
        for (const place of [0, 1, 2]) opened(place);
        await clock.advance(one.seconds * 1000);
        break;
      case 'reopen':
        await bench.close(store);
        store = bench.open(dir, {
          clock,
          keepsIndexFrom: 1,
          renewal,
          kept: one.isKept ? await readKeptIndex(keptIndexFile(dir)) : undefined,
        });
        sources = [];
        break;
    }
  }
  expect(contents(store)).toEqual(model.contents());
  await store.committed();
  expect(contents(store, 'committed')).toEqual(model.contents());
  await bench.close(store);
  expect(contents(bench.open(dir, { clock }))).toEqual(model.contents());
}

/** A selector over a range, and what the label APIs say about it: those look at whole days once samples are in partitions. */
function expectSame(store: Store, model: Model, matchers: readonly Matcher[], range: TimeRange): void {
  const expectedSeries = matching(matchers).map(formatSeries);
  const all = model.contents();
  const expected: Contents = {};
  for (const series of expectedSeries) {
    const samples = (all[series] ?? []).filter(([time]) => time >= range.from && time < range.to);
    if (samples.length > 0) expected[series] = samples;
  }
  expect(contents(store, 'appended', matchers, range)).toEqual(expected);
  const { found, numbers, names } = ask(store, 'appended', (querier) => ({
    found: querier.series([matchers], range).map(formatSeries),
    numbers: querier.labelValues('i', [matchers], range),
    names: querier.labelNames([matchers], range),
  }));
  expect(new Set(found).size).toBe(found.length);
  expect(found).toEqual(expect.arrayContaining(Object.keys(expected)));
  expect(expectedSeries).toEqual(expect.arrayContaining(found));
  expect(numbers).toEqual([...new Set(numbers)].sort());
  expect(numbers).toHaveLength(found.length);
  expect(names).toEqual(
    found.length === 0
      ? []
      : found.some((series) => series.includes('code='))
        ? ['__name__', 'code', 'i']
        : ['__name__', 'i'],
  );
}

describe('the store and a naive model say the same', () => {
  const here = storeBench('here');
  const worker = storeBench('worker');
  afterAll(async () => {
    await here.clean();
    await worker.clean();
  });

  test('with the storage service in this thread', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 30 }), (commands) =>
        run(here, commands).finally(() => here.clean()),
      ),
      { numRuns: 60 },
    );
  });

  test('with the storage service in a worker', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 20, maxLength: 40 }), (commands) =>
        run(worker, commands).finally(() => worker.clean()),
      ),
      // What the worker does meanwhile is another each time, so smaller input says little.
      { numRuns: 5, endOnFailure: true },
    );
  });
});
