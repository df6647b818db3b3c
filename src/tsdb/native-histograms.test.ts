import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, describe, expect, test } from 'vitest';
import { CorruptBlockError } from '../encoding/corrupt-block.ts';
import type { Histogram } from '../model/histogram.ts';
import { labelsFromObject } from '../model/labels.ts';
import { unlimited } from '../model/queryable.ts';
import { evaluateInstant } from '../promql/evaluate.ts';
import { parseExpr } from '../promql/parse.ts';
import { fakeClock } from '../testing/fake-clock.ts';
import { openQueryable } from './open-queryable.ts';
import { GroupDecoder } from './partition/group-decoder.ts';
import { GroupEncoder } from './partition/group-encoder.ts';
import { mergeSamples } from './partition/samples.ts';
import { contents, sampleText, storeBench } from './store.fixture.ts';
import type { Store } from './store.ts';

const bench = storeBench();
afterEach(bench.clean);

const DAY = 86_400_000;
const START = Date.UTC(2026, 0, 2);
const latency = labelsFromObject({ __name__: 'latency', job: 'a' });
const up = labelsFromObject({ __name__: 'up', job: 'a' });

/** Now and then one of floats, though its counts are whole. */
const scrapedOf = (n: number): Histogram => histogramOf(n, n % 7 === 3 ? { isFloat: true } : {});

const histogramOf = (n: number, parts: Partial<Histogram> = {}): Histogram => ({
  schema: 3,
  count: 3 + 2 * n,
  sum: 0.1 * n,
  zeroThreshold: 2 ** -128,
  zeroCount: 1,
  positiveSpans: [{ offset: -3, length: n > 20 ? 3 : 2 }],
  positiveBuckets: n > 20 ? [n, n + 1, 1] : [n, n + 1],
  negativeSpans: [{ offset: 0, length: 1 }],
  negativeBuckets: [1],
  customValues: [],
  counterResetHint: 'unknown',
  ...parts,
});

/** Formats of the partition files. */
function formats(dir: string): Record<string, number> {
  const files = readdirSync(dir).filter((name) => /^\d{8}(\.hot)?\.db$/.test(name));
  return Object.fromEntries(
    files.map((name) => {
      const db = new Database(join(dir, name), { readonly: true });
      const format = db.prepare("SELECT value FROM meta WHERE key = 'format'").pluck().get() as number;
      db.close();
      return [name, format];
    }),
  );
}

describe('native histograms', () => {
  test('are the same in memory, after a flush, a merge, a seal and a restart', async () => {
    const dir = bench.directory();
    const clock = fakeClock(START);
    const store = bench.open(dir, { clock });
    const source = store.source('a');
    const expected: [number, string][] = [];
    for (let n = 0; n < 200; n++) {
      const time = START + 60_000 * n;
      source.begin(time);
      source.set(source.slot(up), 1);
      const slot = source.slot(latency);
      // For a while the series brings floats, as after a change of its exporter.
      if (n >= 90 && n < 95) source.set(slot, n);
      else source.setHistogram(slot, scrapedOf(n));
      if (n === 0) source.setStart(slot, START - 5000);
      if (n === 120) source.setStart(slot, time - 1);
      const start = n < 120 ? START - 5000 : START + 120 * 60_000 - 1;
      expected.push([time, sampleText(n >= 90 && n < 95 ? n : scrapedOf(n), start)]);
      expect(source.commit().appended).toBe(2);
      if (n === 50 || n === 150) await store.flush();
    }
    const series = 'latency{job="a"}';
    expect(contents(store)[series]).toEqual(expected);
    await bench.close(store);
    const later = bench.open(dir, { clock: fakeClock(START + 12 * 3_600_000) });
    await later.flush();
    expect(contents(later)[series]).toEqual(expected);
    expect(formats(dir)).toEqual({ '20260102.hot.db': 2 });
    await bench.close(later);
    const again = bench.open(dir, { clock: fakeClock(START + 2 * DAY) });
    await again.flush();
    expect(formats(dir)).toEqual({ '20260102.db': 2 });
    expect(contents(again)[series]).toEqual(expected);
    expect(
      contents(again, 'committed', [], { from: START + 93 * 60_000, to: START + 96 * 60_000 })[series],
    ).toEqual(expected.slice(93, 96));
  });

  test('a day without any stays in the format that older programs read', async () => {
    const dir = bench.directory();
    const clock = fakeClock(START);
    const store = bench.open(dir, { clock });
    store.append(up, START, 1);
    await store.flush();
    expect(formats(dir)).toEqual({ '20260102.hot.db': 1 });
    store.append(up, START + 1000, 1, START - 1000);
    await store.flush();
    expect(formats(dir)).toEqual({ '20260102.hot.db': 2 });
  });

  test('with their own times: the same again is a duplicate, another one a conflict, a malformed one invalid', () => {
    const store = bench.open(bench.directory());
    expect(store.appendHistogram(latency, 1000, histogramOf(1))).toBe('ok');
    expect(store.appendHistogram(latency, 1000, histogramOf(1))).toBe('duplicate');
    expect(store.appendHistogram(latency, 1000, histogramOf(2))).toBe('conflict');
    expect(store.appendHistogram(latency, 1000, histogramOf(1, { isFloat: true }))).toBe('conflict');
    expect(store.append(latency, 1000, 0.1)).toBe('conflict');
    expect(store.appendHistogram(latency, 2000, histogramOf(1, { positiveSpans: [] }))).toBe('invalid');
    expect(store.appendHistogram(latency, 2000, histogramOf(1, { schema: 9 }))).toBe('invalid');
    const source = store.source('a');
    source.begin(3000);
    expect(source.setHistogram(source.slot(latency), histogramOf(1, { positiveSpans: [] }))).toBe(false);
    expect(source.setHistogram(source.slot(latency), histogramOf(3))).toBe(true);
    expect(source.setHistogram(source.slot(latency), histogramOf(4))).toBe(false);
    expect(source.set(source.slot(latency), 1)).toBe(false);
    source.commit();
    expect(contents(store)).toEqual({
      'latency{job="a"}': [
        [1000, sampleText(histogramOf(1))],
        [3000, sampleText(histogramOf(3))],
      ],
    });
  });

  test('a query pays for them', async () => {
    const store = bench.open(bench.directory());
    for (let n = 0; n < 100; n++) store.appendHistogram(latency, 1000 * n, histogramOf(n));
    const bytesOf = (): number => {
      let bytes = 0;
      const queryable = openQueryable(store.shared, { addon: undefined, visibility: 'appended' });
      const budget = { ...unlimited, bytes: (count: number) => void (bytes += count) };
      queryable.querier(budget).select([], { from: 0, to: 1e6 });
      queryable.close();
      return bytes;
    };
    expect(bytesOf()).toBeGreaterThan(100 * 200);
    await store.flush();
    expect(bytesOf()).toBeGreaterThan(100 * 200);
  });

  test('what a histogram says about the one before it goes when another comes between', () => {
    const columns = (times: number[], histograms: Histogram[]) => ({
      timestamps: Float64Array.from(times),
      values: new Float64Array(times.length),
      histograms,
    });
    const goesOn = histogramOf(1, { counterResetHint: 'not_reset' });
    const gauge = histogramOf(1, { counterResetHint: 'gauge' });
    const merged = mergeSamples(
      columns([1, 3, 4], [goesOn, goesOn, goesOn]),
      columns([2, 5, 6], [gauge, goesOn, goesOn]),
    );
    expect(merged.histograms!.map((one) => one?.counterResetHint)).toEqual([
      'not_reset',
      'gauge',
      'unknown',
      'not_reset',
      'unknown',
      'not_reset',
    ]);
  });
});

describe('a block of columns with histograms and start timestamps', () => {
  const encoder = new GroupEncoder();
  encoder.begin(4, { level: 3, atLeast: 64 });
  const mark = new Float64Array(4);
  new Uint32Array(mark.buffer).set([0, 0x7ffa4831, 0, 0x7ffa4831, 0, 0, 0, 0x7ffa4831]);
  const histograms = [histogramOf(1), histogramOf(2), undefined, histogramOf(30)];
  encoder.addRows(Float64Array.of(1, 2, 3, 4), undefined, {});
  encoder.addRows(mark, undefined, { histograms, starts: Float64Array.of(5, 5, 5, 0) });
  encoder.addAbsent();
  encoder.addRows(Float64Array.of(1, 0, 0, 2), Uint8Array.of(0b1001), {
    starts: Float64Array.of(7, 0, 0, 9),
  });
  const blob = encoder.finish(99);

  test('is read as it was written', () => {
    const decoder = new GroupDecoder();
    decoder.open(blob, 99);
    expect([0, 1, 2, 3].map((column) => decoder.values.count(column))).toEqual([4, 4, 0, 2]);
    expect(decoder.histograms(1)).toEqual(histograms.filter(Boolean));
    expect(decoder.histograms(0)).toEqual([]);
    expect([0, 1, 2, 3].map((column) => decoder.starts(column))).toEqual([
      undefined,
      Float64Array.of(5, 5, 5, 0),
      undefined,
      Float64Array.of(7, 9),
    ]);
  });

  test('cut off anywhere, with any bit turned over or under another row it is found', () => {
    const decoder = new GroupDecoder();
    for (let length = 0; length < blob.length; length++) {
      expect(() => decoder.open(blob.subarray(0, length), 99)).toThrow(CorruptBlockError);
    }
    for (let bit = 0; bit < 8 * blob.length; bit++) {
      const broken = blob.slice();
      broken[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => decoder.open(broken, 99)).toThrow(CorruptBlockError);
    }
    expect(() => decoder.open(blob, 98)).toThrow(CorruptBlockError);
  });
});

describe('start timestamps', () => {
  const increase = (store: Store, useStartTimestamps: boolean): number => {
    const queryable = openQueryable(store.shared, { addon: undefined, visibility: 'appended' });
    const { value } = evaluateInstant(parseExpr('increase(requests_total[1m])'), START + 60_000, queryable, {
      lookbackMs: 300_000,
      defaultSubqueryStepMs: 60_000,
      delayedNameRemoval: false,
      typeAndUnitLabels: false,
      useStartTimestamps,
      budget: unlimited,
      query: '',
    });
    queryable.close();
    return value.kind === 'vector' ? value.samples[0]!.value : Number.NaN;
  };

  test('tell rate functions of resets that the values hide', async () => {
    const store = bench.open(bench.directory(), { clock: fakeClock(START) });
    const source = store.source('a');
    const slot = source.slot(labelsFromObject({ __name__: 'requests_total' }));
    for (let n = 0; n <= 4; n++) {
      source.begin(START + 15_000 * n);
      source.set(slot, [100, 110, 120, 130, 140][n]!);
      // Between the third scrape and the fourth it began anew, and grew beyond what it was.
      source.setStart(slot, n < 3 ? START - 1_000_000 : START + 31_000);
      source.commit();
    }
    const before = [increase(store, false), increase(store, true)];
    expect(before[0]).toBeLessThan(45);
    expect(before[1]).toBeGreaterThan(140);
    await store.flush();
    expect([increase(store, false), increase(store, true)]).toEqual(before);
  });

  test('hold until they are set anew, and are forgotten with the slot', async () => {
    const store = bench.open(bench.directory());
    const source = store.source('a');
    const scrape = (time: number, start?: number): void => {
      source.begin(time);
      source.set(source.slot(up), time);
      if (start !== undefined) source.setStart(source.slot(up), start);
      source.commit();
    };
    scrape(1000, 400.4);
    scrape(2000);
    scrape(3000, Number.NaN);
    scrape(4000, 3500);
    source.markAllStale(5000);
    await store.flush();
    source.begin(6000);
    source.set(source.slot(latency), 1);
    source.commit();
    await store.flush();
    expect(source.releaseUnused()).toHaveLength(1);
    scrape(7000);
    expect(contents(store)['up{job="a"}']).toEqual([
      [1000, '1000 from 400'],
      [2000, '2000 from 400'],
      [3000, '3000'],
      [4000, '4000 from 3500'],
      [5000, 'stale from 3500'],
      [7000, '7000'],
    ]);
  });
});

test('a log of the version before is opened and goes on', async () => {
  const dir = bench.directory();
  const store = bench.open(dir);
  store.append(up, 1000, 1);
  store.metadata('up', { type: 'gauge', help: 'Whether.', unit: '' });
  await bench.close(store);
  const db = new Database(join(dir, 'log.db'));
  db.exec("DROP TABLE exemplars; UPDATE schema_version SET version = 1 WHERE owner = 'log'");
  db.close();
  const again = bench.open(dir, { maxExemplars: 10 });
  expect(contents(again)).toEqual({ 'up{job="a"}': [[1000, '1']] });
  expect(again.metricMetadata.get('up')).toEqual({ type: 'gauge', help: 'Whether.', unit: '' });
  expect(again.exemplar(up, { labels: labelsFromObject({ id: '1' }), value: 1, timestamp: 1 })).toBe('ok');
  await again.committed();
});
