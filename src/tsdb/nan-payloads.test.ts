import { readdirSync } from 'node:fs';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { ProtobufReader } from '../exposition/remote/protobuf.ts';
import { writeSamplesResponse } from '../exposition/remote/read-response.ts';
import { decodeSnappy } from '../exposition/remote/snappy.ts';
import { type SentSeries, writeRequestV1 } from '../exposition/remote/write-request.fixture.ts';
import { readWriteRequestV1, type WriteItem } from '../exposition/remote/write-request.ts';
import type { Histogram } from '../model/histogram.ts';
import { formatSeries, labelsFromObject } from '../model/labels.ts';
import { unlimited } from '../model/queryable.ts';
import { fakeClock } from '../testing/fake-clock.ts';
import { openQueryable } from './open-queryable.ts';
import {
  always,
  type Contents,
  contents,
  type NotANumber,
  numberOf,
  sampleText,
  storeBench,
} from './store.fixture.ts';
import type { Store } from './store.ts';

const bench = storeBench();
afterEach(bench.clean);

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = Date.UTC(2026, 0, 2);

const nan: fc.Arbitrary<NotANumber> = fc
  .tuple(fc.nat(0xffffffff), fc.nat(0xfffff), fc.boolean())
  .map(([low, high, isNegative]) => ({
    // Some bit of the mantissa is set, or it would be an infinity.
    low: high === 0 && low === 0 ? 1 : low,
    high: ((isNegative ? 0xfff00000 : 0x7ff00000) | high) >>> 0,
  }))
  // The mark of histograms is no float's; the staleness marker has tests of its own.
  .filter(({ low, high }) => high !== 0x7ffa4831 && !(high === 0x7ff00000 && low === 2));

/** The same float again and again is stored in another way than one among others, and that in another than one among integers. */
const float = fc.oneof({ weight: 3, arbitrary: nan }, fc.integer(), fc.double({ noNaN: true }));

const histogram = (sum: NotANumber | number, n: number, isFloat: boolean): Histogram => ({
  schema: 1,
  count: 3 + n,
  sum: typeof sum === 'number' ? sum : numberOf(sum),
  zeroThreshold: 0.001,
  zeroCount: 1,
  positiveSpans: [{ offset: 0, length: 2 }],
  positiveBuckets: [1, 1 + n],
  negativeSpans: [],
  negativeBuckets: [],
  customValues: [],
  counterResetHint: 'gauge',
  ...(isFloat ? { isFloat: true } : {}),
});

type Sent = readonly (NotANumber | number | Histogram)[];

/** What a sender says, as a remote write request, read as a receiver reads it. */
function request(series: ReadonlyMap<string, Sent>): Iterable<WriteItem> {
  const sent: SentSeries[] = [];
  for (const [name, values] of series) {
    const floats: (readonly [number, number | NotANumber])[] = [];
    const histograms: (readonly [number, Histogram])[] = [];
    for (const [i, value] of values.entries()) {
      const time = DAY + i * MINUTE;
      if (typeof value === 'object' && 'schema' in value) histograms.push([time, value]);
      else floats.push([time, value]);
    }
    sent.push({ labels: [['__name__', name]], samples: floats, histograms });
  }
  return readWriteRequestV1(writeRequestV1(sent));
}

function receive(store: Store, items: Iterable<WriteItem>): void {
  for (const item of items) {
    if (item.kind === 'metadata' || item.kind === 'exemplar' || typeof item.labels === 'string') continue;
    if (item.kind === 'histogram') {
      if (item.histogram === 'stale') throw new Error('no staleness marker was sent');
      expect(store.appendHistogram(item.labels, item.timestamp, item.histogram)).toBe('ok');
      continue;
    }
    const { words } = item;
    for (let i = 0; i < item.count; i++) {
      const [low, high] = [words[2 * i]!, words[2 * i + 1]!];
      expect(store.appendBits(item.labels, item.timestamps[i]!, low, high)).toBe('ok');
      expect(store.appendBits(item.labels, item.timestamps[i]!, low, high)).toBe('duplicate');
    }
  }
}

/** What a remote read of everything answers. */
function remoteRead(store: Store): Contents {
  const queryable = openQueryable(store.shared, { addon: undefined, visibility: 'committed' });
  const querier = queryable.querier(unlimited);
  const body = writeSamplesResponse([querier.select([], always)], () => {});
  queryable.close();
  const reader = new ProtobufReader(decodeSnappy(body, 1e8));
  expect(reader.next()).toBe(1);
  const length = reader.length();
  const at = reader.take(length);
  const found: Contents = {};
  // A query result holds series under the same field as a write request.
  for (const item of readWriteRequestV1(reader.bytes.subarray(at, at + length))) {
    if (item.kind === 'metadata' || item.kind === 'exemplar' || typeof item.labels === 'string') continue;
    const list = (found[formatSeries(item.labels)] ??= []);
    if (item.kind === 'histogram') list.push([item.timestamp, sampleText(item.histogram)]);
    else {
      for (let i = 0; i < item.count; i++) {
        const bits = { low: item.words[2 * i]!, high: item.words[2 * i + 1]! };
        const value = item.values[i]!;
        list.push([item.timestamps[i]!, sampleText(Number.isNaN(value) ? bits : value)]);
      }
    }
  }
  for (const list of Object.values(found)) list.sort(([a], [b]) => a - b);
  return found;
}

const textOf = (values: Sent): [number, string][] =>
  values.map((value, i) => [DAY + i * MINUTE, sampleText(value)]);

test('every bit of every float and of every sum survives memory, log, restart, blocks, merge, deletion, seal and remote read', async () => {
  const sums = fc.array(fc.tuple(fc.oneof(nan, fc.double({ noNaN: true })), fc.boolean()), {
    minLength: 1,
    maxLength: 40,
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(float, { minLength: 1, maxLength: 200 }),
      nan,
      fc.array(fc.oneof({ weight: 9, arbitrary: fc.integer() }, nan), { minLength: 1, maxLength: 200 }),
      sums,
      async (mixed, same, counts, histograms) => {
        const series = new Map<string, Sent>([
          ['counts', counts],
          ['histograms', histograms.map(([sum, isFloat], n) => histogram(sum, n, isFloat))],
          ['mixed', mixed],
          ['same', Array.from(mixed, () => same)],
          ['victim', [1, 2, 3]],
        ]);
        const expected: Contents = Object.fromEntries(
          Array.from(series, ([name, values]) => [name, textOf(values)]),
        );
        const dir = bench.directory();
        const files = (): string[] =>
          readdirSync(dir)
            .filter((name) => /^\d{8}(\.hot)?\.db$/.test(name))
            .sort();
        let store = bench.open(dir, { clock: fakeClock(DAY) });
        const expectAll = (): void => {
          expect(contents(store)).toEqual(expected);
          expect(remoteRead(store)).toEqual(expected);
        };
        receive(store, request(series));
        await store.committed();
        expectAll();
        await bench.close(store);
        store = bench.open(dir, { clock: fakeClock(DAY) });
        expectAll();
        await store.flush();
        expect(files()).toEqual(['20260102.hot.db']);
        expectAll();
        await bench.close(store);
        store = bench.open(dir, { clock: fakeClock(DAY + 12 * HOUR) });
        await store.flush();
        expectAll();
        // Writes the day anew.
        const selectors = [[{ name: '__name__', op: '=' as const, value: 'victim' }]];
        await store.delete({ selectors, range: always }, false);
        delete expected.victim;
        expectAll();
        await bench.close(store);
        store = bench.open(dir, { clock: fakeClock(DAY + 40 * HOUR) });
        await store.flush();
        expect(files()).toEqual(['20260102.db']);
        expectAll();
        await bench.close(store);
        await bench.clean();
      },
    ),
    { numRuns: 8 },
  );
});

test('a number that is none is upstream’s normal NaN, scraped or with a time of its own', async () => {
  const store = bench.open(bench.directory());
  const up = labelsFromObject({ __name__: 'up' });
  const own = labelsFromObject({ __name__: 'own' });
  const source = store.source('a');
  const slot = source.slot(up);
  for (const [n, high] of [0x7ff80000, 0x7ff00000, 0xfff80000].entries()) {
    source.begin(1000 + n);
    source.set(slot, numberOf({ low: 2, high }));
    source.commit();
    store.append(own, 1000 + n, numberOf({ low: 2, high }));
  }
  const bitsOf = (): string[] => {
    const queryable = openQueryable(store.shared, { addon: undefined, visibility: 'appended' });
    const found = queryable.querier(unlimited).select([], always);
    const bits = found.flatMap(({ values }) =>
      Array.from(new BigUint64Array(values.slice().buffer), (word) => word.toString(16)),
    );
    queryable.close();
    return bits;
  };
  const normal = Array.from({ length: 6 }, () => '7ff8000000000001');
  expect(bitsOf()).toEqual(normal);
  await store.flush();
  expect(bitsOf()).toEqual(normal);
});

test('a float with the mark of histograms becomes the normal NaN, and the staleness marker is one however it comes', () => {
  const store = bench.open(bench.directory());
  const own = labelsFromObject({ __name__: 'own' });
  const before = store.stats().samplesAppended;
  expect(store.appendBits(own, 1, 12, 0x7ffa4831)).toBe('ok');
  expect(store.appendBits(own, 2, 2, 0x7ff00000)).toBe('ok');
  expect(store.appendBits(own, 2, 2, 0x7ff80000)).toBe('conflict');
  expect(contents(store)).toEqual({
    own: [
      [1, 'NaN'],
      [2, 'stale'],
    ],
  });
  expect(store.stats().samplesAppended - before).toBe(1);
});
