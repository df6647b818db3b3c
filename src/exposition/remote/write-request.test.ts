import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CUSTOM_BUCKETS_SCHEMA, type Histogram } from '../../model/histogram.ts';
import { labelsFromObject, labelsToObject } from '../../model/labels.ts';
import { isStaleAt } from '../../model/sample.ts';
import { ProtobufReader, ProtobufWriter } from './protobuf.ts';
import { WireError } from './wire-error.ts';
import { type SentSeries, writeRequestV1, writeRequestV2 } from './write-request.fixture.ts';
import { readWriteRequestV1, readWriteRequestV2, type WriteItem } from './write-request.ts';

/** Items as plain values, runs of one series joined; the columns are copied, as callers must. */
function collect(items: Iterable<WriteItem | undefined>) {
  const series: {
    labels: unknown;
    samples: (readonly [number, number | 'stale', number?])[];
    histograms: unknown[];
    exemplars: unknown[];
  }[] = [];
  const metadata: unknown[] = [];
  let last: unknown;
  for (const item of items) {
    if (item === undefined) continue;
    if (item.kind === 'metadata') {
      metadata.push([item.metric, item.metadata]);
      continue;
    }
    if (item.labels !== last || series.length === 0) {
      const labels = typeof item.labels === 'string' ? item.labels : labelsToObject(item.labels);
      series.push({ labels, samples: [], histograms: [], exemplars: [] });
      last = item.labels;
    }
    const current = series.at(-1)!;
    if (item.kind === 'histogram') current.histograms.push([item.timestamp, item.histogram, item.start]);
    else if (item.kind === 'exemplar') current.exemplars.push(item.exemplar);
    else {
      for (let i = 0; i < item.count; i++) {
        const value = isStaleAt(item.words, i) ? 'stale' : item.values[i]!;
        const start = item.starts[i]!;
        current.samples.push(
          start === 0 ? [item.timestamps[i]!, value] : [item.timestamps[i]!, value, start],
        );
      }
    }
  }
  return { series, metadata };
}

const whole: Histogram = {
  schema: -4,
  count: 21,
  sum: 18.4,
  zeroThreshold: 0.001,
  zeroCount: 2,
  positiveSpans: [
    { offset: -3, length: 2 },
    { offset: 1, length: 1 },
  ],
  positiveBuckets: [3, 11, 1],
  negativeSpans: [{ offset: 2, length: 2 }],
  negativeBuckets: [0, 4],
  customValues: [],
  counterResetHint: 'not_reset',
};

const custom: Histogram = {
  ...whole,
  schema: CUSTOM_BUCKETS_SCHEMA,
  zeroThreshold: 0,
  zeroCount: 0,
  positiveSpans: [{ offset: 0, length: 3 }],
  negativeSpans: [],
  negativeBuckets: [],
  customValues: [0.1, 0.5],
  counterResetHint: 'unknown',
};

const empty: Histogram = {
  ...whole,
  count: 0,
  sum: 0,
  zeroCount: 0,
  positiveSpans: [],
  positiveBuckets: [],
  negativeSpans: [],
  negativeBuckets: [],
};

const versions = [
  ['1.0', writeRequestV1, readWriteRequestV1],
  ['2.0', writeRequestV2, readWriteRequestV2],
] as const;

const anySeries = fc.record({
  name: fc.constantFrom('up', 'node_load1', 'größe'),
  value: fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' }),
  samples: fc.array(
    fc.tuple(
      fc.integer({ min: -1e12, max: 4e12 }),
      fc.oneof(fc.double({ noNaN: true }), fc.constant('stale' as const)),
    ),
    { minLength: 1, maxLength: 20 },
  ),
});

describe.each(versions)('a remote write %s request', (_, write, read) => {
  test('is read as it was written', () => {
    fc.assert(
      fc.property(fc.array(anySeries, { maxLength: 10 }), (list) => {
        const sent = list.map(({ name, value, samples }, i) => ({
          labels: [
            ['__name__', name],
            ['index', String(i)],
            ['label', value],
          ],
          samples,
        })) as SentSeries[];
        const { series } = collect(read(write(sent)));
        expect(series.map((one) => ({ labels: one.labels, samples: one.samples }))).toEqual(
          list.map(({ name, value, samples }, i) => ({
            labels: { __name__: name, index: String(i), label: value },
            samples,
          })),
        );
      }),
    );
  });

  test('a long series comes in runs and loses nothing', () => {
    const samples = Array.from({ length: 2000 }, (_, i) => [1e12 + i, i] as const);
    const bytes = write([{ labels: [['__name__', 'long']], samples }]);
    expect([...read(bytes)].length).toBeGreaterThan(3);
    expect(collect(read(bytes)).series).toEqual([
      { labels: { __name__: 'long' }, samples, histograms: [], exemplars: [] },
    ]);
  });

  test('histograms of whole and of float counts, and exemplars', () => {
    const bytes = write([
      {
        labels: [['__name__', 'h']],
        histograms: [
          [1, whole],
          [2, { ...whole, count: 10.5, negativeBuckets: [0.25, 1], counterResetHint: 'gauge' }],
          [3, custom],
          [4, 'stale'],
          [5, { ...whole, isFloat: true }],
          [6, empty],
          [7, { ...empty, isFloat: true }],
        ],
        exemplars: [
          { labels: labelsFromObject({ trace_id: 'a', span_id: 'b' }), value: 0.5, timestamp: 900 },
          { labels: labelsFromObject({}), value: Number.NEGATIVE_INFINITY, timestamp: 901 },
        ],
      },
    ]);
    expect(collect(read(bytes)).series).toEqual([
      {
        labels: { __name__: 'h' },
        samples: [],
        histograms: [
          [1, whole, 0],
          [2, { ...whole, count: 10.5, negativeBuckets: [0.25, 1], counterResetHint: 'gauge' }, 0],
          [3, custom, 0],
          [4, 'stale', 0],
          [5, { ...whole, isFloat: true }, 0],
          [6, empty, 0],
          [7, { ...empty, isFloat: true }, 0],
        ],
        exemplars: [
          { labels: ['span_id', 'b', 'trace_id', 'a'], value: 0.5, timestamp: 900 },
          { labels: [], value: Number.NEGATIVE_INFINITY, timestamp: 901 },
        ],
      },
    ]);
  });

  test('labels are sorted and empty ones left out', () => {
    const bytes = write([
      {
        labels: [
          ['z', '1'],
          ['a', ''],
          ['__name__', 'h'],
        ],
        samples: [[1, 2]],
      },
    ]);
    expect(collect(read(bytes)).series).toMatchObject([
      { labels: { __name__: 'h', z: '1' }, samples: [[1, 2]] },
    ]);
  });

  test.each([
    ['no name', [['job', 'a']], /expected a metric name/],
    [
      'a name twice',
      [
        ['__name__', 'a'],
        ['b', '1'],
        ['b', '2'],
      ],
      /label "b" is given twice/,
    ],
    [
      'an empty label name',
      [
        ['', 'x'],
        ['__name__', 'a'],
      ],
      /empty one with the value "x"/,
    ],
  ] as const)('labels with %s are told, not thrown', (_, labels, message) => {
    const [series] = collect(read(write([{ labels, samples: [[1, 1]] }]))).series;
    expect(series!.labels).toMatch(message);
    expect(series!.samples).toHaveLength(1);
  });

  test('cut or changed bytes are read or refused by name', () => {
    const sent = write([
      {
        labels: [
          ['__name__', 'up'],
          ['job', 'a'],
        ],
        samples: [
          [1, 2],
          [3, 'stale'],
        ],
        histograms: [[1, whole]],
        exemplars: [{ labels: labelsFromObject({ trace_id: 'a' }), value: 0.5, timestamp: 900 }],
      },
    ]);
    fc.assert(
      fc.property(fc.nat(sent.length - 1), fc.nat(255), fc.nat(sent.length), (at, byte, length) => {
        const bytes = sent.slice(0, length);
        if (at < length) bytes[at] = byte;
        try {
          collect(read(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

test('start timestamps of version 2.0, of samples, histograms and, in its first form, of series', () => {
  const sent: SentSeries = {
    labels: [['__name__', 'h']],
    samples: [
      [1000, 1, 400],
      [2000, 2],
    ],
    histograms: [[3000, whole, 500]],
  };
  expect(collect(readWriteRequestV2(writeRequestV2([sent]))).series).toMatchObject([
    {
      samples: [
        [1000, 1, 400],
        [2000, 2],
      ],
      histograms: [[3000, whole, 500]],
    },
  ]);
  const series = new ProtobufWriter();
  series.bytes(1, Uint8Array.of(1, 2));
  series.bytes(2, Uint8Array.of(16, 5));
  series.number(6, 300);
  const request = new ProtobufWriter();
  for (const text of ['', '__name__', 'h']) request.string(4, text);
  request.bytes(5, series.view());
  expect(collect(readWriteRequestV2(request.finish())).series).toMatchObject([{ samples: [[5, 0, 300]] }]);
});

test('metadata of both versions', () => {
  const about = { type: 'counter', help: 'Requests.', unit: 'requests' } as const;
  expect(collect(readWriteRequestV1(writeRequestV1([], [['requests_total', about]]))).metadata).toEqual([
    ['requests_total', about],
  ]);
  const sent = writeRequestV2([
    { labels: [['__name__', 'requests_total']], samples: [[1, 1]], metadata: about },
  ]);
  expect(collect(readWriteRequestV2(sent)).metadata).toEqual([['requests_total', about]]);
});

test('a text that is no UTF-8 is refused, the replacement character itself is not', () => {
  const label = (value: number[]) => [
    10,
    7 + value.length,
    10,
    5 + value.length,
    10,
    1,
    97,
    18,
    value.length,
    ...value,
  ];
  expect(() => [...readWriteRequestV1(Uint8Array.from(label([0xff])))]).toThrow('expected valid UTF-8');
  expect([...readWriteRequestV1(Uint8Array.from(label([0xef, 0xbf, 0xbd])))]).toEqual([]);
});

test('a reference outside the symbols is refused', () => {
  const writer = new ProtobufWriter();
  writer.string(4, '');
  writer.bytes(5, Uint8Array.from([10, 2, 7, 8]));
  expect(() => [...readWriteRequestV2(writer.finish())]).toThrow('one of 1 symbols, got 7');
});

test.each([
  0,
  1,
  127,
  128,
  2 ** 31,
  1_700_000_000_000,
  Number.MAX_SAFE_INTEGER,
  -1,
  -1000,
  -62_135_596_800_000,
])('varint %d', (value) => {
  const writer = new ProtobufWriter();
  writer.varint(value);
  expect(new ProtobufReader(writer.finish()).varint()).toBe(value);
});
