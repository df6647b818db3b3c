import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, expect, test } from 'vitest';
import { systemClock } from '../../clock.ts';
import { formatSeries, labelsFromObject, labelsOf } from '../../model/labels.ts';
import { unlimited } from '../../model/queryable.ts';
import { formatValue } from '../../model/sample.ts';
import { fakeClock } from '../../testing/fake-clock.ts';
import { silentLog } from '../../testing/silent-log.ts';
import { lockDirectory } from '../directory.ts';
import { openOffline } from '../offline-queryable.ts';
import { openPartitionReader } from '../partition/reader.ts';
import { always, type Contents, contents, storeBench } from '../store.fixture.ts';
import { SampleGatherer } from './gatherer.ts';
import { begin, history, type ImportedSeries, importAll } from './import.fixture.ts';

const bench = storeBench();
afterAll(bench.clean);
afterEach(bench.killWorkers);

const DAY_MS = 86_400_000;
const NOON = Date.UTC(2026, 0, 10, 12);

/** What imported series are read back as. */
function expected(all: readonly ImportedSeries[]): Contents {
  return Object.fromEntries(
    all.map(({ series, samples }) => {
      const pairs = ['__name__', ...series];
      const labels = labelsOf(
        Array.from({ length: pairs.length / 2 }, (_, i): [string, string] => [
          pairs[2 * i]!,
          pairs[2 * i + 1]!,
        ]),
      );
      return [
        formatSeries(labels),
        samples.map(([time, value]): [number, string] => [time, formatValue(value)]),
      ];
    }),
  );
}

/** All that is stored, read without a server. */
function stored(dir: string): Contents {
  const store = openOffline(dir, { addon: undefined, clock: systemClock, log: silentLog() });
  const querier = store.querier(unlimited);
  const found: Contents = {};
  for (const { labels, timestamps, values } of querier.select([], always)) {
    found[formatSeries(labels)] = Array.from(timestamps, (time, i) => [time, formatValue(values[i]!)]);
  }
  querier.close();
  store.close();
  return found;
}

/** Names and bytes of the partitions of a directory. */
const partitions = (dir: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(dir)
      .filter((name) => /^\d{8}/.test(name))
      .map((name) => [name, readFileSync(join(dir, name)).toString('base64')]),
  );

test('what is imported is read back, by a server too, and imported again changes nothing', async () => {
  const dir = join(bench.directory(), 'not/there/yet');
  const all = history(3, 5);
  const samples = all.reduce((sum, one) => sum + one.samples.length, 0);
  expect(importAll(dir, all)).toMatchObject({
    added: samples,
    duplicates: 0,
    conflicts: 0,
    series: 9,
    days: 5,
  });
  expect(stored(dir)).toEqual(expected(all));
  const before = partitions(dir);
  expect(importAll(dir, all)).toMatchObject({ added: 0, duplicates: samples, conflicts: 0, bytes: 0 });
  expect(partitions(dir)).toEqual(before);
  const store = bench.open(dir);
  expect(contents(store)).toEqual(expected(all));
  await bench.close(store);
});

test('series of one target share a column of timestamps, whatever stood between them', () => {
  const dir = bench.directory();
  const times = Array.from({ length: 50 }, (_, i) => NOON + 15_000 * i + (i % 7));
  const all = ['a', 'b', 'c'].flatMap((name) =>
    ['x', 'y'].map(
      (instance, target): ImportedSeries => ({
        series: [name, 'job', 'j', 'instance', instance],
        samples: times.map((time, i) => [time + 333 * target, i]),
      }),
    ),
  );
  importAll(dir, all);
  const reader = openPartitionReader(join(dir, '20260110.db'), { addon: undefined });
  reader.begin();
  expect(reader.groups().members.map((refs) => refs.length)).toEqual([3, 3]);
  expect(new Set(reader.groups().timelines).size).toBe(2);
  reader.end();
  reader.close();
});

test('samples that come interleaved need no more memory than allowed, and are all there', () => {
  const dir = bench.directory();
  const gatherer = new SampleGatherer(dir, 200);
  const numbers = Array.from({ length: 20 }, (_, i) => gatherer.series(['__name__', 'm', 'i', String(i)]));
  for (let row = 0; row < 300; row++) {
    for (const n of numbers) {
      gatherer.samples(n, Float64Array.of(NOON + 600_000 * row), Float64Array.of(row * n), 1);
    }
  }
  gatherer.finish();
  expect(gatherer.written).toBe(6000);
  let seen = 0;
  for (const day of gatherer.days()) {
    for (const column of gatherer.columnsOf(day)) {
      const times = gatherer.timestampsOf(column);
      const values = gatherer.valuesOf(column);
      expect(times.every((time) => time >= day && time < day + DAY_MS)).toBe(true);
      expect([...values]).toEqual(Array.from(times, (time) => ((time - NOON) / 600_000) * column.series));
      seen += times.length;
    }
  }
  expect(seen).toBe(6000);
  expect(readdirSync(dir)).toEqual([]);
  gatherer.close();
});

test('of samples given twice the first counts; out of order is refused', () => {
  const dir = bench.directory();
  const series = ['m'];
  const result = importAll(dir, [
    {
      series,
      samples: [
        [NOON, 1],
        [NOON, 1],
        [NOON, 2],
        [NOON + 1, 3],
      ],
    },
  ]);
  expect(result).toMatchObject({ added: 2, duplicates: 1, conflicts: 1 });
  expect(stored(dir)).toEqual({
    m: [
      [NOON, '1'],
      [NOON + 1, '3'],
    ],
  });
  expect(() =>
    begin(bench.directory(), [
      {
        series,
        samples: [
          [NOON, 1],
          [NOON - 1, 1],
        ],
      },
    ]),
  ).toThrow(
    'expected the samples of a series in the order of time, found 1768046399.999 after 1768046400.000',
  );
  expect(() => begin(bench.directory(), [{ series, samples: [[NOON * 1000, 1]] }])).toThrow(
    'expected a time in seconds between the years 1 and 9999',
  );
  expect(() => begin(bench.directory(), [{ series: ['m', 'a', '1', 'a', '2'], samples: [] }])).toThrow(
    'expected each label once, found "a" twice',
  );
});

test('two spellings of a series are one', () => {
  const dir = bench.directory();
  importAll(dir, [
    { series: ['m', 'a', '1', 'b', '2'], samples: [[NOON, 1]] },
    { series: ['m', 'b', '2', 'empty', '', 'a', '1'], samples: [[NOON + 1, 2]] },
  ]);
  expect(stored(dir)).toEqual({
    'm{a="1", b="2"}': [
      [NOON, '1'],
      [NOON + 1, '2'],
    ],
  });
});

test.each(['in the log', 'in a hot file', 'in a sealed file', 'in a sealed and a hot file'])(
  'what is stored %s stays, and what it lacks is added',
  async (place) => {
    const dir = bench.directory();
    const clock = fakeClock(NOON);
    const labels = { __name__: 'm', job: 'j', instance: 'h' };
    const store = bench.open(dir, { clock });
    const source = store.source('target');
    const scrape = (from: number, to: number): void => {
      for (let row = from; row < to; row++) {
        source.begin(NOON + 1000 * row);
        source.set(source.slot(labelsFromObject(labels)), row);
        source.commit();
      }
    };
    scrape(0, 10);
    await store.committed();
    if (place !== 'in the log') await store.flush();
    if (place.includes('sealed')) {
      clock.jump(2 * DAY_MS);
      await clock.advance('2h');
      await store.flush();
      expect(existsSync(join(dir, '20260110.db'))).toBe(true);
    }
    if (place.includes('and a hot')) {
      for (let row = 10; row < 20; row++) store.append(labelsFromObject(labels), NOON + 1000 * row, row);
      await store.flush();
      expect(existsSync(join(dir, '20260110.hot.db'))).toBe(true);
    }
    await bench.close(store);

    const rows = place.includes('and a hot') ? 20 : 10;
    const samples: [number, number][] = [];
    // Half of them equal, half of them not, and between and after them what is new.
    for (let row = 0; row < 30; row++) {
      samples.push([NOON + 1000 * row, row % 2 === 0 || row >= rows ? row : -1]);
      samples.push([NOON + 1000 * row + 500, 1000 + row]);
    }
    const all = [
      { series: Object.entries(labels).flat().slice(1), samples },
      { series: ['other'], samples: [[NOON, 7]] },
    ] as const;
    expect(importAll(dir, all)).toMatchObject({
      added: 60 - rows + 1,
      duplicates: rows / 2,
      conflicts: rows / 2,
    });

    const merged: [number, string][] = [];
    for (let row = 0; row < 30; row++) {
      merged.push([NOON + 1000 * row, String(row)], [NOON + 1000 * row + 500, String(1000 + row)]);
    }
    const all2 = { 'm{instance="h", job="j"}': merged, other: [[NOON, '7']] };
    expect(stored(dir)).toEqual(all2);
    const later = fakeClock(NOON + 3 * DAY_MS);
    const again = bench.open(dir, { clock: later });
    expect(contents(again)).toEqual(all2);
    // A seal of the day makes one file of it, in which the same is read.
    await again.flush();
    await later.advance(DAY_MS / 12);
    await again.flush();
    expect(existsSync(join(dir, '20260110.hot.db'))).toBe(false);
    expect(contents(again)).toEqual(all2);
    await bench.close(again);
  },
);

test('imports one after the other, in any order of days and series, are as one store where the first sample counts', () => {
  // Half days, so that series and days come again with some of their times; values seldom equal.
  const sample = fc.tuple(
    fc.integer({ min: 0, max: 40 }).map((n) => NOON + 8_640_000 * n),
    fc.integer({ min: 0, max: 3 }),
  );
  const given = fc.tuple(
    fc.constantFrom('a', 'b', 'c', 'd'),
    fc
      .uniqueArray(sample, { maxLength: 30, selector: ([time]) => time })
      .map((all) => all.sort(([x], [y]) => x - y)),
  );
  const oneImport = fc.uniqueArray(given, { maxLength: 4, selector: ([name]) => name });
  fc.assert(
    fc.property(fc.array(oneImport, { minLength: 1, maxLength: 5 }), (imports) => {
      const dir = bench.directory();
      const model = new Map<string, Map<number, number>>();
      for (const all of imports) {
        const counts = { added: 0, duplicates: 0, conflicts: 0 };
        for (const [name, samples] of all) {
          const known = model.get(name) ?? new Map<number, number>();
          model.set(name, known);
          for (const [time, value] of samples) {
            if (!known.has(time)) counts.added++;
            else if (known.get(time) === value) counts.duplicates++;
            else counts.conflicts++;
            if (!known.has(time)) known.set(time, value);
          }
        }
        expect(
          importAll(
            dir,
            all.map(([name, samples]) => ({ series: [name], samples })),
          ),
        ).toMatchObject(counts);
      }
      const whole: Contents = {};
      for (const [name, samples] of model) {
        if (samples.size === 0) continue;
        whole[name] = [...samples].sort(([x], [y]) => x - y).map(([time, value]) => [time, String(value)]);
      }
      expect(existsSync(join(dir, 'log.db')) ? stored(dir) : {}).toEqual(whole);
    }),
    { numRuns: 25 },
  );
});

test('new series of a server get refs that no imported one has', async () => {
  const dir = bench.directory();
  importAll(dir, [{ series: ['imported'], samples: [[NOON, 1]] }]);
  const clock = fakeClock(NOON + DAY_MS / 4);
  const store = bench.open(dir, { clock });
  store.append(labelsFromObject({ __name__: 'own' }), NOON + 1, 2);
  await store.flush();
  clock.jump(2 * DAY_MS);
  await clock.advance('2h');
  await store.flush();
  expect(contents(store)).toEqual({ imported: [[NOON, '1']], own: [[NOON + 1, '2']] });
  await bench.close(store);
});

test('metadata is kept for metrics that have none', () => {
  const dir = bench.directory();
  for (const help of ['first', 'second']) {
    const target = begin(dir, [{ series: ['m'], samples: [[NOON, help.length]] }]);
    target.metadata('m', { type: 'gauge' });
    target.metadata('m', { help });
    for (const _ of target.store());
    target.close();
  }
  const store = openOffline(dir, { addon: undefined, clock: systemClock, log: silentLog() });
  expect(store.metadata.get('m')).toEqual({ type: 'gauge', help: 'first', unit: '' });
  store.close();
});

test('a directory in use is left alone', () => {
  const dir = bench.directory();
  const lock = lockDirectory(dir, undefined);
  expect(() => begin(dir, [])).toThrow(expect.objectContaining({ kind: 'locked' }));
  lock.release();
  expect(partitions(dir)).toEqual({});
});

test('nothing comes of an import without samples', () => {
  const dir = join(bench.directory(), 'd');
  expect(importAll(dir, [])).toMatchObject({ added: 0, days: 0 });
  expect(existsSync(dir)).toBe(false);
});

test.each([0, 1, 3, 4])(
  'kill -9 after %d of 4 days leaves what there was, and the next import stores all',
  (steps) => {
    const dir = bench.directory();
    const before: ImportedSeries = { series: ['before'], samples: [[Date.UTC(2025, 11, 30, 5), 5]] };
    importAll(dir, [before]);
    const files = readdirSync(dir).filter((name) => /^\d{8}\.db$/.test(name));
    const child = spawnSync(process.execPath, [
      `${import.meta.dirname}/import-child.fixture.ts`,
      dir,
      String(steps),
    ]);
    expect(child.signal).toBe('SIGKILL');
    expect(readdirSync(dir).filter((name) => /^\d{8}\.db$/.test(name))).toEqual(files);
    expect(stored(dir)).toEqual(expected([before]));
    const all = history(2, 4);
    importAll(dir, all);
    expect(stored(dir)).toEqual(expected([before, ...all]));
    expect(readdirSync(dir).filter((name) => name.includes('change') || name.includes('spill'))).toEqual([]);
  },
);
