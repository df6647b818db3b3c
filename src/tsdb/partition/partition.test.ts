import { once } from 'node:events';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Histogram } from '../../model/histogram.ts';
import { formatLabels } from '../../model/labels.ts';
import { unlimited } from '../../model/queryable.ts';
import { wordsOf, writeStaleAt } from '../../model/sample.ts';
import type { SourceId } from '../block.ts';
import { writeHistogramAt } from '../histogram-cell.ts';
import { PARTITION_MS } from '../partition.ts';
import { type AppendBatch, type HotPartition, openHotPartition } from './hot.ts';
import { NUMBERS_PER_STEP } from './hot-merge.ts';
import { partitionPath } from './names.ts';
import { openPartitionReader } from './reader.ts';
import {
  batch,
  DAY,
  entry,
  ModelStore,
  ownColumn,
  readAll,
  scratchDirectory,
  sealAll,
  sourceBlock,
} from './testing.ts';

let directory: ReturnType<typeof scratchDirectory>;
let file: string;
beforeEach(() => {
  directory = scratchDirectory();
  file = join(directory.path, '20260102.hot.db');
});
afterEach(() => directory.remove());

const END = DAY + PARTITION_MS;
const openWriter = (): HotPartition => openHotPartition(file, { addon: undefined, day: DAY });
const openReader = () => openPartitionReader(file, { addon: undefined });
const LATER = END + PARTITION_MS;

function mergeAll(writer: HotPartition, now = LATER): number {
  let steps = 0;
  while (writer.mergeStep(now)) steps++;
  return steps;
}

describe('a hot partition', () => {
  test('is whole whenever another thread lists and opens it', async () => {
    const wanted = 12;
    const lister = new Worker(new URL('./listing-worker.fixture.ts', import.meta.url), {
      workerData: { directory: directory.path, wanted },
    });
    expect(await once(lister, 'message')).toEqual(['begun']);
    const told = once(lister, 'message');
    for (let i = 0; i < wanted; i++) {
      const day = DAY + i * PARTITION_MS;
      openHotPartition(partitionPath(directory.path, day, 'hot'), { addon: undefined, day }).close();
    }
    expect(await told).toEqual([wanted]);
  });

  test('gives back what was appended, before and after merging and reopening', () => {
    const writer = openWriter();
    const model = new ModelStore();
    const series = Array.from({ length: 70 }, (_, i) => entry(i + 1, 1, { __name__: 'm', i: `${i}` }));
    for (let flush = 0; flush < 20; flush++) {
      const seconds = Array.from({ length: 32 }, (_, i) => (flush * 32 + i) * 15);
      const columns = Object.fromEntries(
        series.map(({ ref }) => [
          ref,
          seconds.map((second) => (second % (ref + 3) === 0 ? undefined : second * ref)),
        ]),
      );
      const given = batch({ series, blocks: [sourceBlock(1, seconds, columns)] });
      model.append(given);
      writer.append(given);
    }
    const reader = openReader();
    expect(readAll(reader, DAY, END)).toEqual(model.read(DAY, END));
    expect(mergeAll(writer)).toBe(2);
    expect(readAll(reader, DAY, END)).toEqual(model.read(DAY, END));
    expect(readAll(reader, DAY + 1_000_000, DAY + 2_000_001)).toEqual(
      model.read(DAY + 1_000_000, DAY + 2_000_001),
    );
    writer.checkpoint();
    writer.close();
    const again = openWriter();
    expect(again.mergeStep(LATER)).toBe(false);
    again.close();
    expect(readAll(reader, DAY, END)).toEqual(model.read(DAY, END));
    reader.close();
  });

  test.each(['with the times of a scrape', 'with own times'])(
    'histograms %s are merged in bounded steps, and appends come between them',
    (times) => {
      // Rows of own times that are large already are left as they are.
      const SERIES = times === 'with own times' ? 8 : 32;
      const BUCKETS = 60;
      const writer = openWriter();
      const series = Array.from({ length: SERIES }, (_, i) => entry(i + 1, 1, { __name__: 'h', i: `${i}` }));
      const histogramOf = (second: number, ref: number): Histogram => ({
        schema: 3,
        count: second,
        sum: second / 7 + ref,
        zeroThreshold: 0,
        zeroCount: 0,
        positiveSpans: [{ offset: -30, length: BUCKETS }],
        positiveBuckets: Array.from({ length: BUCKETS }, (_, i) => Math.floor((second * (i + ref)) / 100)),
        negativeSpans: [],
        negativeBuckets: [],
        customValues: [],
        counterResetHint: 'not_reset',
      });
      const append = (from: number): void => {
        const seconds = Array.from({ length: 32 }, (_, i) => from + i * 15);
        const timestamps = Float64Array.from(seconds, (second) => DAY + second * 1000);
        const columns = series.map(({ ref }) => {
          const values = new Float64Array(seconds.length);
          for (let i = 0; i < seconds.length; i++) writeHistogramAt(wordsOf(values), i);
          return { ref, values, histograms: seconds.map((second) => histogramOf(second, ref)) };
        });
        writer.append(
          times === 'with own times'
            ? batch({ series, own: columns.map((column) => ({ ...column, timestamps })) })
            : batch({ series, blocks: [{ source: 1 as SourceId, timestamps, columns }] }),
        );
      };
      const sums = (): Record<string, [number, number][]> => {
        const reader = openReader();
        reader.begin();
        const found = reader.read(reader.match([]), { from: DAY, to: END }, unlimited);
        const out = Object.fromEntries(
          found.map(({ ref, timestamps, histograms }) => [
            ref,
            Array.from(timestamps, (time, i): [number, number] => [time, histograms![i]!.sum]),
          ]),
        );
        reader.end();
        reader.close();
        return out;
      };
      const expected = (rows: number): Record<string, [number, number][]> =>
        Object.fromEntries(
          series.map(({ ref }) => [
            ref,
            Array.from({ length: rows }, (_, i) => [DAY + i * 15_000, (i * 15) / 7 + ref]),
          ]),
        );

      let rows = 0;
      for (; rows < 14 * 32; rows += 32) append(rows * 15);
      const perSeries = 14 * 32 * (BUCKETS + 7);
      let steps = 0;
      while (writer.mergeStep(LATER)) {
        steps++;
        expect(writer.packed).toBeLessThan(NUMBERS_PER_STEP + perSeries);
        // In the middle of a group.
        if (steps === 1 || steps === 3) {
          append(rows * 15);
          rows += 32;
        }
        if (steps % 5 === 0) expect(sums()).toEqual(expected(rows));
      }
      expect(steps).toBeGreaterThanOrEqual(Math.floor((SERIES * perSeries) / (NUMBERS_PER_STEP + perSeries)));
      expect(sums()).toEqual(expected(16 * 32));
      writer.close();
      expect(sums()).toEqual(expected(16 * 32));
    },
  );

  test('a group that is cut off in the middle of its merge is merged anew', () => {
    const writer = openHotPartition(file, { addon: undefined, day: DAY, numbersPerStep: 50 });
    const model = new ModelStore();
    const series = Array.from({ length: 20 }, (_, i) => entry(i + 1, 1, { i: `${i}` }));
    for (let flush = 0; flush < 4; flush++) {
      const seconds = Array.from({ length: 20 }, (_, i) => (flush * 20 + i) * 15);
      const columns = Object.fromEntries(
        series.map(({ ref }) => [ref, seconds.map((second) => second / ref)]),
      );
      const given = batch({ series, blocks: [sourceBlock(1, seconds, columns)] });
      model.append(given);
      writer.append(given);
    }
    expect(writer.mergeStep(LATER)).toBe(true);
    expect(writer.packed).toBe(80);
    writer.close();
    const again = openWriter();
    mergeAll(again);
    again.close();
    const reader = openReader();
    expect(readAll(reader, DAY, END)).toEqual(model.read(DAY, END));
    reader.close();
  });

  test('merges a window only once its source has gone beyond it', () => {
    const writer = openWriter();
    const series = [entry(1, 1, { a: 'b' })];
    const half = DAY + 3_600_000;
    writer.append(
      batch({ series, blocks: [sourceBlock(1, [0, 60], { 1: [1, 2] }), sourceBlock(1, [90], { 1: [3] })] }),
    );
    expect(writer.mergeStep(half)).toBe(false);
    writer.append(batch({ blocks: [sourceBlock(1, [7200], { 1: [4] })] }));
    expect(writer.mergeStep(half)).toBe(true);
    expect(writer.mergeStep(half)).toBe(false);
    writer.close();
  });

  test('an append that fails leaves nothing behind', () => {
    const writer = openWriter();
    const good = batch({
      series: [entry(1, 1, { a: '1' })],
      blocks: [sourceBlock(1, [1, 2], { 1: [1, 2] })],
    });
    writer.append(good);
    const stranger = batch({
      series: [entry(2, 1, { a: '2' })],
      blocks: [sourceBlock(1, [3], { 1: [3], 2: [9] }), sourceBlock(1, [4], { 7: [1] })],
    });
    expect(() => writer.append(stranger)).toThrow(/samples of series 7, which was never added/);
    const outside = batch({ blocks: [sourceBlock(1, [86_400], { 1: [3] })] });
    expect(() => writer.append(outside)).toThrow(/lies outside of 2026-01-02/);
    const fixed = batch({
      series: [entry(2, 1, { a: '2' })],
      blocks: [sourceBlock(1, [3], { 1: [3], 2: [9] })],
    });
    writer.append(fixed);
    const model = new ModelStore();
    model.append(good);
    model.append(fixed);
    const reader = openReader();
    expect(readAll(reader, DAY, END)).toEqual(model.read(DAY, END));
    reader.close();
    writer.close();
  });

  test('of two values for one time the first stays', () => {
    const writer = openWriter();
    const series = [entry(1, 0, { a: '1' }), entry(2, 1, { a: '2' })];
    writer.append(
      batch({
        series,
        own: [
          ownColumn(1, [
            [5, 1],
            [7, 2],
          ]),
        ],
        blocks: [sourceBlock(1, [5, 6], { 2: [1, undefined] })],
      }),
    );
    writer.append(
      batch({
        own: [
          ownColumn(1, [
            [6, 3],
            [7, 9],
          ]),
        ],
        blocks: [sourceBlock(1, [5, 6], { 2: [8, 2] })],
      }),
    );
    const expected = { 1: [1, 3, 2], 2: [1, 2] };
    const reader = openReader();
    const values = (): Record<number, number[]> => {
      reader.begin();
      const found = reader.read(reader.match([]), { from: DAY, to: END }, unlimited);
      reader.end();
      return Object.fromEntries(found.map((one) => [one.ref, [...one.values]]));
    };
    expect(values()).toEqual(expected);
    mergeAll(writer);
    expect(values()).toEqual(expected);
    reader.close();
    writer.close();
  });

  test('many small rows of own timestamps become few', () => {
    const writer = openWriter();
    const model = new ModelStore();
    const series = [1, 2, 3].map((ref) => entry(ref, 0, { a: `${ref}` }));
    for (let i = 0; i < 40; i++) {
      const given = batch({
        series,
        own: [
          ownColumn(1, [[i * 10, i]]),
          ownColumn(2, [[i * 10, i * 2]]),
          ownColumn(3, [[i * 10 + (i % 3), i / 7]]),
        ],
      });
      model.append(given);
      writer.append(given);
      while (writer.mergeStep(DAY));
    }
    const reader = openReader();
    expect(readAll(reader, DAY, END)).toEqual(model.read(DAY, END));
    expect(readAll(reader, DAY + 50_000, DAY + 60_000)).toEqual(model.read(DAY + 50_000, DAY + 60_000));
    reader.close();
    writer.close();
    const db = new Database(file, { readonly: true });
    expect(db.prepare('SELECT count(*) FROM own').pluck().get()).toBeLessThan(15);
    db.close();
  });

  test('a read is charged for its samples, and ends when they are too many', () => {
    const writer = openWriter();
    const series = [entry(1, 1, { a: '1' }), entry(2, 1, { a: '2' })];
    const block = sourceBlock(1, [1, 2, 3], { 1: [1, 2, 3], 2: [4, 5, 6] });
    writer.append(batch({ series, blocks: [block] }));
    const reader = openReader();
    reader.begin();
    let charged = 0;
    const limited = (most: number) => ({
      ...unlimited,
      samples(count: number) {
        charged += count;
        if (charged > most) throw new Error('too many samples');
      },
    });
    reader.read(reader.match([]), { from: DAY, to: END }, limited(6));
    expect(charged).toBe(6);
    charged = 0;
    expect(() => reader.read(reader.match([]), { from: DAY, to: END }, limited(5))).toThrow(
      'too many samples',
    );
    reader.end();
    reader.close();
    writer.close();
  });

  test('a reader sees one state from begin to end while the writer goes on', () => {
    const writer = openWriter();
    const series = [entry(1, 1, { a: '1' })];
    for (let i = 0; i < 10; i++) writer.append(batch({ series, blocks: [sourceBlock(1, [i], { 1: [i] })] }));
    const reader = openReader();
    reader.begin();
    const count = (): number =>
      reader.read(reader.match([]), { from: DAY, to: END }, unlimited)[0]!.values.length;
    writer.append(
      batch({ series: [entry(2, 1, { a: '2' })], blocks: [sourceBlock(1, [20], { 1: [20], 2: [1] })] }),
    );
    mergeAll(writer);
    writer.checkpoint();
    expect([count(), reader.match([]).length]).toEqual([10, 1]);
    reader.end();
    reader.begin();
    expect([count(), reader.match([]).length]).toEqual([11, 2]);
    reader.end();
    reader.close();
    writer.close();
  });
});

describe('a crash', () => {
  /** The states a writer goes through: nothing, then one more batch each. */
  function growing(batches: number): { given: AppendBatch[]; states: ReturnType<ModelStore['read']>[] } {
    const model = new ModelStore();
    const series = Array.from({ length: 40 }, (_, i) => entry(i + 1, 1, { i: `${i}` }));
    const states = [model.read(DAY, END)];
    const given = Array.from({ length: batches }, (_, n) => {
      const columns = series.map(({ ref }) => [ref, [n * ref, n + ref / 10]] as const);
      const one = batch({
        series,
        blocks: [sourceBlock(1, [n * 30, n * 30 + 15], Object.fromEntries(columns))],
        own: [ownColumn(3, [[n * 30 + 7, n]])],
      });
      model.append(one);
      states.push(model.read(DAY, END));
      return one;
    });
    return { given, states };
  }

  const read = (path: string): ReturnType<typeof readAll> => {
    const reader = openPartitionReader(path, { addon: undefined });
    try {
      return readAll(reader, DAY, END);
    } finally {
      reader.close();
    }
  };

  test('without any closing leaves all that was appended', () => {
    const { given, states } = growing(6);
    const writer = openWriter();
    for (const one of given) writer.append(one);
    const copy = join(directory.path, 'copy.hot.db');
    cpSync(file, copy);
    cpSync(`${file}-wal`, `${copy}-wal`);
    writer.close();
    expect(read(copy)).toEqual(states[6]);
    const again = openHotPartition(copy, { addon: undefined, day: DAY });
    while (again.mergeStep(LATER));
    again.close();
    expect(read(copy)).toEqual(states[6]);
  });

  test('that cuts the log off anywhere leaves whole batches', () => {
    const { given, states } = growing(6);
    const writer = openWriter();
    writer.append(given[0]!);
    writer.checkpoint();
    for (const one of given.slice(1)) writer.append(one);
    const log = readFileSync(`${file}-wal`);
    const copy = join(directory.path, 'copy.hot.db');
    const seen = new Set<number>();
    for (let length = 0; length <= log.length; length += 1500) {
      cpSync(file, copy);
      rmSync(`${copy}-shm`, { force: true });
      writeFileSync(`${copy}-wal`, log.subarray(0, length));
      const found = JSON.stringify(read(copy));
      const state = states.findIndex((one) => JSON.stringify(one) === found);
      expect(state, `log cut off at byte ${length}`).toBeGreaterThanOrEqual(1);
      seen.add(state);
    }
    expect(seen.size).toBeGreaterThan(3);
    writer.close();
  });
});

describe('label matching', () => {
  test.each([
    [
      [{ name: 'job', op: '=', value: 'a' }],
      ['{__name__="up", job="a"}', '{__name__="up", host="1", job="a"}'],
    ],
    [[{ name: 'host', op: '=', value: '' }], ['{__name__="up", job="a"}', '{__name__="down", job="b"}']],
    [[{ name: 'host', op: '!=', value: '' }], ['{__name__="up", host="1", job="a"}']],
    [
      [
        { name: 'job', op: '=~', value: 'a|c' },
        { name: 'host', op: '!~', value: '1.*' },
      ],
      ['{__name__="up", job="a"}'],
    ],
    [[{ name: '__name__', op: '!=', value: 'up' }], ['{__name__="down", job="b"}']],
    [[{ name: 'nosuch', op: '=', value: 'x' }], []],
    [
      [
        { name: 'nosuch', op: '!=', value: 'x' },
        { name: 'job', op: '=~', value: '.+' },
      ],
      ['{__name__="up", job="a"}', '{__name__="up", host="1", job="a"}', '{__name__="down", job="b"}'],
    ],
  ] as const)('%j', (matchers, expected) => {
    const writer = openWriter();
    writer.append(batch({ series: [entry(1, 1, { __name__: 'up', job: 'a' })] }));
    writer.append(
      batch({
        series: [
          entry(2, 1, { __name__: 'up', job: 'a', host: '1' }),
          entry(9, 2, { __name__: 'down', job: 'b' }),
        ],
      }),
    );
    const reader = openReader();
    reader.begin();
    const found = reader.match(matchers).map(({ labels }) => formatLabels(labels));
    expect(found.sort()).toEqual([...expected].sort());
    reader.end();
    reader.close();
    writer.close();
  });
});

function expectSealed(path: string, model: ModelStore): void {
  const result = sealAll(path);
  const expected = model.read(DAY, END);
  expect(result).toMatchObject({
    series: Object.keys(expected).length,
    samples: Object.values(expected).reduce((sum, samples) => sum + samples.length, 0),
    hotRemains: false,
  });
  if (result.file === undefined) return;
  const reader = openPartitionReader(result.file, { addon: undefined });
  expect(readAll(reader, DAY, END)).toEqual(expected);
  reader.close();
}

test('random sources, gaps, rewrites and own timestamps equal a naive model', () => {
  const cell = fc.oneof(
    { weight: 5, arbitrary: fc.integer({ min: 0, max: 50 }).map(Number) },
    { weight: 1, arbitrary: fc.constantFrom(undefined, undefined, 0.1, -0, Number.POSITIVE_INFINITY) },
    { weight: 1, arbitrary: fc.constant('stale' as const) },
    { weight: 1, arbitrary: fc.double() },
  );
  // Few distinct times, so that blocks overlap; some in the next window.
  const second = fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 7190, max: 7230 }));
  const seconds = fc.uniqueArray(second, { minLength: 1, maxLength: 8 });
  const sorted = seconds.map((some) => some.sort((a, b) => a - b));
  const block = fc.record({
    source: fc.constantFrom(1, 2),
    seconds: sorted,
  });
  // A scrape has one value per series and time, however often it is written.
  const scraped = fc.array(cell, { minLength: 24, maxLength: 24 });
  const own = fc.record({
    ref: fc.integer({ min: 1, max: 8 }),
    seconds: sorted,
    cells: fc.array(cell, { minLength: 8, maxLength: 8 }),
  });
  const step = fc.oneof(
    fc.record({ blocks: fc.array(block, { maxLength: 3 }), own: fc.array(own, { maxLength: 3 }) }),
    fc.constantFrom('merge' as const, 'reopen' as const),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), scraped, sorted, (steps, pool, window) => {
      const place = scratchDirectory();
      const path = join(place.path, '20260102.hot.db');
      // A step packs a few samples, so that much comes between the steps of a merge.
      const open = () => openHotPartition(path, { addon: undefined, day: DAY, numbersPerStep: 5 });
      let writer = open();
      const reader = openPartitionReader(path, { addon: undefined });
      const model = new ModelStore();
      const series = Array.from({ length: 8 }, (_, i) => entry(i + 1, 1 + (i >> 2), { i: `${i}` }));
      try {
        for (const one of steps) {
          if (one === 'merge') {
            writer.mergeStep(LATER);
          } else if (one === 'reopen') {
            writer.close();
            writer = open();
          } else {
            const given: AppendBatch = {
              series,
              blocks: one.blocks.map(({ source, seconds: at }) => {
                const columns = [0, 1, 2].map(
                  (k) => [source * 4 - 3 + k, at.map((time) => pool[(time * 7 + k) % pool.length])] as const,
                );
                const numbers = sourceBlock(
                  source,
                  at,
                  Object.fromEntries(columns.map(([ref, c]) => [ref, c.map((x) => (x === 'stale' ? 0 : x))])),
                );
                columns.forEach(([, c], k) => {
                  c.forEach((x, i) => {
                    if (x === 'stale') writeStaleAt(wordsOf(numbers.columns[k]!.values), i);
                  });
                });
                return numbers;
              }),
              own: one.own.map(({ ref, seconds: at, cells }) => {
                const column = ownColumn(
                  ref,
                  at.map((second, i) => [second, typeof cells[i] === 'number' ? cells[i] : 1]),
                );
                at.forEach((_, i) => {
                  if (cells[i] === 'stale') writeStaleAt(wordsOf(column.values), i);
                });
                return column;
              }),
            };
            model.append(given);
            writer.append(given);
          }
          const [from, to] = [DAY + window[0]! * 1000, DAY + window.at(-1)! * 1000];
          expect(readAll(reader, DAY, END)).toEqual(model.read(DAY, END));
          expect(readAll(reader, from, to)).toEqual(model.read(from, to));
        }
        writer.close();
        expectSealed(place.path, model);
        writer = openHotPartition(join(place.path, 'late.hot.db'), { addon: undefined, day: DAY });
      } finally {
        reader.close();
        writer.close();
        place.remove();
      }
    }),
    { numRuns: 60 },
  );
});
