import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import type { CounterResetHint, Histogram } from '../model/histogram.ts';
import { formatSeries, type Labels, labelsFromObject } from '../model/labels.ts';
import { parseSelector } from '../promql/parse.ts';
import { fakeClock } from '../testing/fake-clock.ts';
import { silentLog } from '../testing/silent-log.ts';
import { type Contents, contents, sampleText, storeBench } from '../tsdb/store.fixture.ts';
import { exportCommand } from './export.ts';
import { importCommand } from './import.ts';
import { ran } from './ran.fixture.ts';

const bench = storeBench();
afterEach(bench.clean);

const DAY = 86_400_000;
const START = Date.UTC(2026, 0, 2);

async function exported(
  dir: string,
  format: string,
  ...flags: string[]
): Promise<{ out: string; err: string }> {
  let written = '';
  const out = new Writable({
    write(chunk, _encoding, done) {
      written += chunk;
      done();
    },
  });
  const command = exportCommand({
    clock: fakeClock(),
    addon: () => undefined,
    log: silentLog(),
    parseSelector,
    out,
  });
  const { code, err } = await ran(command, ['--data', dir, '--format', format, ...flags]);
  expect(code).toBe(0);
  await new Promise<void>((resolve) => void out.end(resolve));
  return { out: written, err };
}

async function imported(text: string): Promise<Contents> {
  const dir = bench.directory();
  const file = join(dir, 'in.om');
  writeFileSync(file, text);
  const command = importCommand({
    clock: fakeClock(),
    addon: () => undefined,
    log: silentLog(),
    isWatched: false,
  });
  expect(await ran(command, ['openmetrics', file, '--data', dir])).toMatchObject({ code: 0, err: '' });
  rmSync(file);
  const store = bench.open(dir);
  const found = contents(store);
  await bench.close(store);
  return found;
}

interface Sample {
  readonly value: number | Histogram | 'stale';
  /** 0: not known. */
  readonly start: number;
}

const float = fc.oneof(
  fc.double(),
  fc.constantFrom(0, -0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN),
  fc.constantFrom(5e-324, 1e21, 1e-7, 0.1, 2 ** 53, 123456.789),
);
const count = fc.oneof(fc.nat(1e6), fc.double({ min: 0, max: 1e9, noNaN: true }));
const buckets = fc.array(count, { maxLength: 4 });
const histogram: fc.Arbitrary<Histogram> = fc
  .record({
    schema: fc.constantFrom(-4, 0, 3, 8, -53),
    count,
    sum: float,
    zeroThreshold: fc.constantFrom(0, 1e-128, 0.001),
    zeroCount: count,
    positive: buckets,
    negative: buckets,
    offset: fc.integer({ min: -20, max: 20 }),
    counterResetHint: fc.constantFrom<CounterResetHint>('unknown', 'gauge'),
  })
  .map(({ schema, count, sum, zeroThreshold, zeroCount, positive, negative, offset, counterResetHint }) => {
    const isCustom = schema === -53;
    const spans = (list: number[], from: number) =>
      list.length > 0 ? [{ offset: from, length: list.length }] : [];
    return {
      schema,
      count,
      sum,
      zeroThreshold: isCustom ? 0 : zeroThreshold,
      zeroCount: isCustom ? 0 : zeroCount,
      positiveSpans: spans(positive, isCustom ? 0 : offset),
      positiveBuckets: positive,
      negativeSpans: isCustom ? [] : spans(negative, offset),
      negativeBuckets: isCustom ? [] : negative,
      customValues: isCustom ? [0.1, 1, 2.5] : [],
      counterResetHint,
    };
  });
const sample: fc.Arbitrary<Sample> = fc.record({
  value: fc.oneof({ weight: 3, arbitrary: float }, histogram, fc.constant<'stale'>('stale')),
  start: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: START })),
});
/** Samples of a series by time, Unix ms; some before 1970, some below a second apart. */
const samples = fc
  .uniqueArray(
    fc.oneof(fc.integer({ min: -DAY, max: DAY }), fc.integer({ min: START - DAY, max: START + DAY })),
    {
      minLength: 1,
      maxLength: 12,
    },
  )
  .chain((times) =>
    fc
      .array(sample, { minLength: times.length, maxLength: times.length })
      .map((list) => times.sort((a, b) => a - b).map((time, i): [number, Sample] => [time, list[i]!])),
  );
const name = fc.constantFrom('m', 'm:rate', 'weird name', 'später', 'x_total');
const value = fc.constantFrom('a', 'q"uo\nte\\', 'ünï,{}=', ' ');
const store = fc.uniqueArray(
  fc.tuple(fc.record({ __name__: name, job: value, 'odd label': value }).map(labelsFromObject), samples),
  { minLength: 1, maxLength: 4, selector: ([labels]) => formatSeries(labels) },
);

type Stored = readonly (readonly [Labels, readonly (readonly [number, Sample])[]])[];

async function storeAll(series: Stored, isFlushed: boolean): Promise<string> {
  const dir = bench.directory();
  const one = bench.open(dir, { clock: fakeClock(START + 2 * DAY) });
  for (const [labels, list] of series) {
    for (const [time, { value, start }] of list) {
      const outcome =
        value === 'stale'
          ? one.appendStale(labels, time)
          : typeof value === 'number'
            ? one.append(labels, time, value, start)
            : one.appendHistogram(labels, time, value, start);
      expect(outcome).toBe('ok');
    }
  }
  if (isFlushed) await one.flush();
  await bench.close(one);
  return dir;
}

const isHistogram = (value: Sample['value']): value is Histogram => typeof value === 'object';

/** Contents of the samples that a format holds. */
function held(series: Stored, textOf: (sample: Sample) => string | undefined): Contents {
  const found: Contents = {};
  for (const [labels, list] of series) {
    const kept = list.flatMap(([time, sample]): [number, string][] => {
      const text = textOf(sample);
      return text === undefined ? [] : [[time, text]];
    });
    if (kept.length > 0) found[formatSeries(labels)] = kept;
  }
  return found;
}

/** Reads JSON lines as docs/operations.md describes them. */
function readJsonLines(text: string): Contents {
  const found: Contents = {};
  const number = (shown: number | string | null): number => (shown === null ? Number.NaN : Number(shown));
  for (const line of text.split('\n').slice(0, -1)) {
    const { metric, values, histograms, timestamps, startTimestamps = [] } = JSON.parse(line);
    const into = (found[formatSeries(labelsFromObject(metric))] ??= []);
    expect(values ?? histograms).toHaveLength(timestamps.length);
    for (const [i, time] of timestamps.entries()) {
      const start = startTimestamps[i] ?? 0;
      if (values) {
        into.push([time, sampleText(number(values[i]), start)]);
        continue;
      }
      const one = histograms[i];
      const spans = (list: [number, number][] = []) => list.map(([offset, length]) => ({ offset, length }));
      const counts = (list: number[] = []) => list.map(number);
      const read: Histogram = {
        schema: one.schema,
        count: number(one.count),
        sum: number(one.sum),
        zeroThreshold: number(one.zero_threshold),
        zeroCount: number(one.zero_count),
        positiveSpans: spans(one.positive_spans),
        positiveBuckets: counts(one.positive_counts),
        negativeSpans: spans(one.negative_spans),
        negativeBuckets: counts(one.negative_counts),
        customValues: counts(one.custom_values),
        counterResetHint: one.reset_hint,
      };
      into.push([time, sampleText(read, start)]);
    }
  }
  for (const list of Object.values(found)) list.sort(([a], [b]) => a - b);
  return found;
}

test('what a format holds comes back from it, and the rest is counted', async () => {
  await fc.assert(
    fc.asyncProperty(store, fc.boolean(), async (series, isFlushed) => {
      const dir = await storeAll(series, isFlushed);
      const all = series.flatMap(([, list]) => list.map(([, one]) => one));
      const histograms = all.filter(({ value }) => isHistogram(value)).length;
      const starts = all.filter(({ value, start }) => value !== 'stale' && start > 0).length;
      const told = (...parts: (string | false)[]): string => {
        const left = parts.filter(Boolean).join(', ');
        return left === ''
          ? ''
          : `belfry export: left out, because the format has no place for them: ${left}; --format jsonl has\n`;
      };

      const text = await exported(dir, 'openmetrics');
      expect(text.err).toBe(
        told(histograms > 0 && `${histograms} native histograms`, starts > 0 && `${starts} start timestamps`),
      );
      expect(await imported(text.out)).toEqual(
        held(series, ({ value }) => (typeof value === 'number' ? sampleText(value) : undefined)),
      );

      const lines = await exported(dir, 'jsonl');
      expect(lines.err).toBe('');
      expect(readJsonLines(lines.out)).toEqual(
        held(series, ({ value, start }) => (value === 'stale' ? undefined : sampleText(value, start))),
      );

      const table = await exported(dir, 'csv');
      expect(table.err).toBe(told(starts > 0 && `${starts} start timestamps`));
      await bench.clean();
    }),
    { numRuns: 12 },
  );
});

test('exemplars of the series that are exported are counted, since no format has them, and an import tells of those it passes over', async () => {
  const dir = bench.directory();
  const one = bench.open(dir, { clock: fakeClock(START), maxExemplars: 100 });
  for (const [n, job] of ['a', 'a', 'b'].entries()) {
    const labels = labelsFromObject({ __name__: 'requests_total', job });
    one.append(labels, START + n, n);
    one.exemplar(labels, { labels: labelsFromObject({ trace_id: `${n}` }), value: n, timestamp: START + n });
  }
  await bench.close(one);
  const told = (count: number): string =>
    `belfry export: left out, because no format has them: ${count} exemplars\n`;
  for (const format of ['openmetrics', 'jsonl', 'csv']) {
    expect((await exported(dir, format)).err).toBe(told(3));
  }
  expect((await exported(dir, 'openmetrics', '--match', '{job="a"}')).err).toBe(told(2));
  expect((await exported(dir, 'openmetrics', '--match', '{job="c"}')).err).toBe('');
  expect((await exported(dir, 'openmetrics', '--to', String(START / 1000))).err).toBe('');
});

test('histograms stand in lines of their own in JSON lines, and as JSON in a cell of CSV', async () => {
  const native: Histogram = {
    schema: 0,
    count: 3,
    sum: 7.5,
    zeroThreshold: 0.001,
    zeroCount: 1,
    positiveSpans: [{ offset: 3, length: 1 }],
    positiveBuckets: [2],
    negativeSpans: [],
    negativeBuckets: [],
    customValues: [],
    counterResetHint: 'gauge',
  };
  const labels = labelsFromObject({ __name__: 'latency', job: 'a' });
  const dir = await storeAll(
    [
      [
        labels,
        [
          [1000, { value: 1, start: 0 }],
          [2000, { value: native, start: 500 }],
          [3000, { value: 'stale', start: 0 }],
          [4000, { value: 2, start: 0 }],
        ],
      ],
    ],
    false,
  );
  const json =
    '{"count":3,"sum":7.5,"schema":0,"zero_threshold":0.001,"zero_count":1,"positive_spans":[[3,1]],"positive_counts":[2],"reset_hint":"gauge"}';
  expect((await exported(dir, 'jsonl')).out).toBe(
    `{"metric":{"__name__":"latency","job":"a"},"values":[1,2],"timestamps":[1000,4000]}\n{"metric":{"__name__":"latency","job":"a"},"histograms":[${json}],"timestamps":[2000],"startTimestamps":[500]}\n`,
  );
  const series = '"latency{job=""a""}"';
  expect((await exported(dir, 'csv')).out).toBe(
    `series,timestamp,value\n${series},1970-01-01T00:00:01.000Z,1\n${series},1970-01-01T00:00:02.000Z,"${json.replaceAll('"', '""')}"\n${series},1970-01-01T00:00:04.000Z,2\n`,
  );
});
