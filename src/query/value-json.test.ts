import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CUSTOM_BUCKETS_SCHEMA, type Histogram } from '../model/histogram.ts';
import { labelsFromObject } from '../model/labels.ts';
import { formatValue } from '../model/sample.ts';
import type { QueryValue } from '../promql/evaluate.ts';
import { JsonWriter } from './json.ts';
import { TimeTexts, writeValueText } from './point-bytes.ts';
import { writeValue } from './value-json.ts';

const textOf = (value: number): string => {
  const bytes = new Uint8Array(64);
  return Buffer.from(bytes.subarray(0, writeValueText(bytes, 0, value))).toString('latin1');
};

test.each([
  0,
  -0,
  1,
  -1,
  10,
  999,
  1000,
  0.5,
  -0.25,
  0.001,
  -0.001,
  0.0005,
  1.001,
  21.5,
  0.1,
  0.3,
  1 / 3,
  2_147_483.647,
  2_147_483.648,
  2_147_483_647,
  -2_147_483_648,
  2_147_483_648,
  1e21,
  1e-7,
  5e-324,
  1.7976931348623157e308,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
])('%d is written as everywhere else', (value) => {
  expect(textOf(value)).toBe(formatValue(value));
});

test('columns have a number for each step, and nothing that JSON cannot say', () => {
  const written = (timestamps: readonly number[], values: readonly number[]): unknown => {
    const writer = new JsonWriter({ maxBytes: 1e7, charge: () => {} });
    const series = {
      labels: labelsFromObject({ a: 'b' }),
      timestamps: Float64Array.from(timestamps),
      values: Float64Array.from(values),
    };
    writeValue(writer, { kind: 'matrix', series: [series] } as QueryValue, undefined, {
      startMs: 5000,
      stepMs: 15_000,
    });
    return JSON.parse(`{${Buffer.concat(writer.finish()).toString()}}`);
  };
  const column = (from: number, numbers: readonly (number | null)[]): unknown => ({
    resultType: 'matrix',
    result: [{ metric: { a: 'b' }, from, column: numbers }],
  });
  expect(written([35_000, 50_000, 95_000], [1.5, -2, 1e-7])).toEqual(column(2, [1.5, -2, null, null, 1e-7]));
  expect(written([5000, 20_000, 35_000], [Number.NaN, 1e21, Number.POSITIVE_INFINITY])).toEqual(
    column(0, [null, 1e21, null]),
  );
  const steps = Array.from({ length: 2000 }, (_, i) => i);
  expect(
    written(
      steps.map((i) => 5000 + i * 30_000),
      steps.map((i) => i / 7),
    ),
  ).toEqual(column(0, steps.flatMap((i) => [i / 7, null]).slice(0, -1)));
});

test('any value is written as everywhere else', () => {
  const value = fc.oneof(
    fc.double(),
    fc.integer(),
    fc.integer({ min: -5_000_000_000, max: 5_000_000_000 }).map((scaled) => scaled / 1000),
    fc.integer({ min: -100_000, max: 100_000 }).map((scaled) => scaled / 10_000),
  );
  fc.assert(
    fc.property(value, (one) => {
      expect(textOf(one)).toBe(formatValue(one));
    }),
    { numRuns: 5000 },
  );
});

test('times are the same in any order, also beyond those that are kept', () => {
  const times = new TimeTexts(3);
  const asked = [1000, 2000, 3000, 1000, 2500, 2000, 3000, 4001, 1000, -1500, 1000, 2000];
  expect(asked.map((time) => Buffer.from(times.of(time)).toString())).toEqual([
    '1',
    '2',
    '3',
    '1',
    '2.500',
    '2',
    '3',
    '4.001',
    '1',
    '-1.500',
    '1',
    '2',
  ]);
});

function write(value: QueryValue, limit?: number): unknown {
  const writer = new JsonWriter({ maxBytes: 1e9, charge: () => {} });
  writer.raw('{');
  const isCut = writeValue(writer, value, limit);
  writer.raw('}');
  return { ...(JSON.parse(Buffer.concat(writer.finish()).toString()) as object), isCut };
}

test('a matrix holds every point of every series', () => {
  const count = 1300;
  const timestamps = Float64Array.from({ length: count }, (_, i) => 1e12 + i * 500);
  const series = ['ä"', 'b'].map((name, at) => ({
    labels: labelsFromObject({ __name__: name }),
    timestamps: timestamps.subarray(at * 600),
    values: Float64Array.from({ length: count - at * 600 }, (_, i) => i / (at + 3)),
  }));
  const expected = series.map(({ timestamps: times, values }, at) => ({
    metric: { __name__: ['ä"', 'b'][at] },
    values: Array.from(times, (time, i) => [time / 1000, formatValue(values[i]!)]),
  }));
  expect(write({ kind: 'matrix', series })).toEqual({ resultType: 'matrix', result: expected, isCut: false });
  expect(write({ kind: 'matrix', series }, 1)).toEqual({
    resultType: 'matrix',
    result: expected.slice(0, 1),
    isCut: true,
  });
});

test('floats and histograms of one series stand apart', () => {
  const histogram = {
    schema: 0,
    count: 3,
    sum: 4.5,
    zeroThreshold: 0.5,
    zeroCount: 1,
    positiveSpans: [{ offset: 0, length: 1 }],
    positiveBuckets: [2],
    negativeSpans: [],
    negativeBuckets: [],
    customValues: [],
    counterResetHint: 'unknown',
  } as const;
  const json = {
    count: '3',
    sum: '4.5',
    buckets: [
      [3, '-0.5', '0.5', '1'],
      [0, '0.5', '1', '2'],
    ],
  };
  const of = (histograms: readonly (typeof histogram | undefined)[]) =>
    write({
      kind: 'matrix',
      series: [
        {
          labels: labelsFromObject({ a: 'b' }),
          timestamps: Float64Array.from(histograms, (_, i) => i * 1000),
          values: Float64Array.from(histograms, (_, i) => i),
          histograms,
        },
      ],
    });
  const result = (points: object) => ({
    resultType: 'matrix',
    result: [{ metric: { a: 'b' }, ...points }],
    isCut: false,
  });
  expect(of([undefined, histogram, undefined])).toEqual(
    result({
      values: [
        [0, '0'],
        [2, '2'],
      ],
      histograms: [[1, json]],
    }),
  );
  expect(of([histogram])).toEqual(result({ histograms: [[0, json]] }));
});

test('buckets say which of their bounds belong to them, as upstream', () => {
  const base = { count: 9, sum: 1, zeroThreshold: 0, counterResetHint: 'unknown' } as const;
  const bucketsOf = (histogram: Histogram): unknown => {
    const sample = { labels: labelsFromObject({}), timestamp: 0, value: 0, histogram };
    const { result } = write({ kind: 'vector', samples: [sample] }) as {
      result: [{ histogram: [0, object] }];
    };
    return (result[0].histogram[1] as { buckets: unknown }).buckets;
  };
  const one = [{ offset: 0, length: 1 }];
  const exponential: Histogram = {
    ...base,
    schema: 0,
    zeroCount: 1,
    positiveSpans: one,
    positiveBuckets: [2],
    negativeSpans: one,
    negativeBuckets: [3],
    customValues: [],
  };
  expect(bucketsOf(exponential)).toEqual([
    [1, '-1', '-0.5', '3'],
    [3, '-0', '0', '1'],
    [0, '0.5', '1', '2'],
  ]);
  const custom: Histogram = {
    ...base,
    schema: CUSTOM_BUCKETS_SCHEMA,
    zeroCount: 0,
    positiveSpans: [{ offset: 0, length: 3 }],
    positiveBuckets: [1, 2, 3],
    negativeSpans: [],
    negativeBuckets: [],
    customValues: [-1, 5],
  };
  expect(bucketsOf(custom)).toEqual([
    [3, '-Inf', '-1', '1'],
    [0, '-1', '5', '2'],
    [0, '5', '+Inf', '3'],
  ]);
});
