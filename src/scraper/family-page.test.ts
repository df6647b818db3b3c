import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Histogram } from '../model/histogram.ts';
import { formatSeries, labelsOf } from '../model/labels.ts';
import { fuzzCases } from '../testing/fuzz-cases.ts';
import { metricFamilyPage, type SentFamily } from '../testing/metric-family-page.ts';
import { FamilyPageParser, type HistogramRules } from './family-page.ts';
import type { PageReader } from './page.ts';

const NO_RULES: HistogramRules = {
  scrape_native_histograms: false,
  always_scrape_classic_histograms: false,
  convert_classic_histograms_to_nhcb: false,
};

/** A target whose pages are read one after the other. */
function pageReader(rules: Partial<HistogramRules> = {}) {
  const parser = new FamilyPageParser(1, { ...NO_RULES, ...rules });
  const names: string[] = [];
  const told: string[] = [];
  const reader: PageReader = {
    series(written) {
      const flat = written.labels();
      const pairs = flat.flatMap((name, i) => (i % 2 === 0 ? [[name, flat[i + 1]!] as const] : []));
      return names.push(formatSeries(labelsOf(pairs))) - 1;
    },
    exemplar(line, written) {
      const { labels, value, timestamp } = written.exemplar();
      told.push(`${names[parser.columns.series[line]!]} # ${labels.join('=')} ${value} @${timestamp}`);
    },
    help: (family, text) => void told.push(`help ${family}: ${text}`),
    type: (family, type) => void told.push(`type ${family}: ${type}`),
    unit: (family, unit) => void told.push(`unit ${family}: ${unit}`),
  };
  const read = (bytes: Uint8Array): { floats: string[]; histograms: Record<string, Histogram> } => {
    for (const _ of parser.parse(bytes, reader, () => false));
    const { columns } = parser;
    const floats = Array.from({ length: columns.count }, (_, i) => {
      const at = columns.timestamp?.[i] ?? Number.NaN;
      const start = columns.start?.[i] ?? 0;
      const extra = `${Number.isNaN(at) ? '' : ` @${at}`}${start === 0 ? '' : ` since ${start}`}`;
      return `${names[columns.series[i]!]} = ${columns.value[i]}${extra}`;
    });
    const histograms = Object.fromEntries(
      parser.histograms.map(({ series, histogram }) => [names[series]!, histogram]),
    );
    return { floats, histograms };
  };
  return { parser, told, read, readFamilies: (families: SentFamily[]) => read(metricFamilyPage(families)) };
}

const NATIVE: SentFamily = {
  name: 'latency_seconds',
  type: 'histogram',
  help: 'How long.',
  metrics: [
    {
      labels: { path: '/' },
      created: 1_700_000_000_123,
      histogram: {
        count: 175,
        sum: 0.5,
        schema: 3,
        zeroThreshold: 1e-128,
        zeroCount: 2,
        positiveSpans: [
          [-2, 2],
          [3, 1],
        ],
        positiveDeltas: [1, 2, -1],
        negativeSpans: [[-5, 1]],
        negativeDeltas: [4],
        buckets: [
          [0.5, 100],
          [2, 170],
        ],
        exemplars: [
          { labels: { trace: 'b' }, value: 2, timestamp: 2000 },
          { labels: { trace: 'none' }, value: 2 },
          { labels: { trace: 'a' }, value: 1, timestamp: 1000 },
        ],
      },
    },
  ],
};

test('counters, gauges, untyped metrics and summaries, with times and exemplars', () => {
  const { readFamilies, told } = pageReader();
  const page: SentFamily[] = [
    {
      name: 'requests_total',
      type: 'counter',
      help: 'Requests.',
      unit: 'requests',
      metrics: [
        {
          labels: { code: '200' },
          value: 7,
          created: 1_600_000_000_500,
          exemplar: { labels: { trace_id: 'x' }, value: 0.5, timestamp: 1_600_000_001_250 },
        },
        { labels: { code: '500' }, value: 1, timestamp: 1234 },
      ],
    },
    { name: 'empty', type: 'gauge', metrics: [] },
    { name: 'temp.celsius', type: 'gauge', metrics: [{ value: -4.5 }] },
    { name: 'odd', type: 'untyped', metrics: [{ value: Number.NaN }] },
    {
      name: 'rpc',
      type: 'summary',
      metrics: [
        {
          created: 5000,
          summary: {
            count: 3,
            sum: 1.5,
            quantiles: [
              [0.5, 0.1],
              [0.99, Number.NaN],
            ],
          },
        },
      ],
    },
  ];
  expect(readFamilies(page).floats).toEqual([
    'requests_total{code="200"} = 7 since 1600000000500',
    'requests_total{code="500"} = 1 @1234',
    '{"temp.celsius"} = -4.5',
    'odd = NaN',
    'rpc_count = 3 since 5000',
    'rpc_sum = 1.5 since 5000',
    'rpc{quantile="0.5"} = 0.1 since 5000',
    'rpc{quantile="0.99"} = NaN since 5000',
  ]);
  expect(told.splice(0)).toEqual([
    'help requests_total: Requests.',
    'type requests_total: counter',
    'unit requests_total: requests',
    'requests_total{code="200"} # trace_id=x 0.5 @1600000001250',
    'help temp.celsius: ',
    'type temp.celsius: gauge',
    'help odd: ',
    'type odd: unknown',
    'help rpc: ',
    'type rpc: summary',
  ]);
  readFamilies(page);
  expect(told.filter((text) => text.includes('#'))).toEqual([]);
});

test('a classic histogram has its buckets by bound, one for everything included', () => {
  const { readFamilies, told } = pageReader();
  const buckets = [
    [1e-5, 1],
    [0.5, 3, { labels: { t: '1' }, value: 0.25 }],
    [1_000_000, 4.5],
  ] as const;
  const page: SentFamily[] = [
    { name: 'h', type: 'histogram', metrics: [{ histogram: { count: 9, sum: 12.5, buckets } }] },
    {
      name: 'g',
      type: 'gaugehistogram',
      metrics: [{ histogram: { countFloat: 2.5, buckets: [[Number.POSITIVE_INFINITY, 2.5]] } }],
    },
  ];
  expect(readFamilies(page)).toEqual({
    floats: [
      'h_count = 9',
      'h_sum = 12.5',
      'h_bucket{le="1e-05"} = 1',
      'h_bucket{le="0.5"} = 3',
      'h_bucket{le="1e+06"} = 4.5',
      'h_bucket{le="+Inf"} = 9',
      'g_count = 2.5',
      'g_sum = 0',
      'g_bucket{le="+Inf"} = 2.5',
    ],
    histograms: {},
  });
  expect(told.filter((text) => text.includes('#'))).toEqual(['h_bucket{le="0.5"} # t=1 0.25 @NaN']);
});

test('a native histogram is one sample, its classic buckets only when asked for', () => {
  const histogram: Histogram = {
    schema: 3,
    count: 175,
    sum: 0.5,
    zeroThreshold: 1e-128,
    zeroCount: 2,
    positiveSpans: [
      { offset: -2, length: 2 },
      { offset: 3, length: 1 },
    ],
    positiveBuckets: [1, 3, 2],
    negativeSpans: [{ offset: -5, length: 1 }],
    negativeBuckets: [4],
    customValues: [],
    counterResetHint: 'unknown',
  };
  const native = pageReader({ scrape_native_histograms: true });
  expect(native.readFamilies([NATIVE])).toEqual({
    floats: [],
    histograms: { 'latency_seconds{path="/"}': histogram },
  });
  const [sample] = native.parser.histograms;
  expect(sample!.start).toBe(1_700_000_000_123);
  expect(sample!.exemplars).toEqual([
    { labels: ['trace', 'a'], value: 1, timestamp: 1000 },
    { labels: ['trace', 'b'], value: 2, timestamp: 2000 },
  ]);
  const both = pageReader({ scrape_native_histograms: true, always_scrape_classic_histograms: true });
  expect(both.readFamilies([NATIVE])).toEqual({
    floats: [
      'latency_seconds_count{path="/"} = 175 since 1700000000123',
      'latency_seconds_sum{path="/"} = 0.5 since 1700000000123',
      'latency_seconds_bucket{le="0.5", path="/"} = 100 since 1700000000123',
      'latency_seconds_bucket{le="2.0", path="/"} = 170 since 1700000000123',
      'latency_seconds_bucket{le="+Inf", path="/"} = 175 since 1700000000123',
    ],
    histograms: { 'latency_seconds{path="/"}': histogram },
  });
  expect(Object.keys(pageReader().readFamilies([NATIVE]).histograms)).toEqual([]);
});

test('native histograms of floats, gauges, and without observations', () => {
  const { readFamilies } = pageReader({ scrape_native_histograms: true });
  const { histograms } = readFamilies([
    {
      name: 'f',
      type: 'gaugehistogram',
      metrics: [
        {
          histogram: {
            countFloat: 3.5,
            zeroCountFloat: 1,
            schema: -1,
            positiveSpans: [[0, 2]],
            positiveCounts: [1.5, 0.5],
            negativeSpans: [[1, 1]],
            negativeCounts: [0.5],
          },
        },
      ],
    },
    { name: 'e', type: 'histogram', metrics: [{ histogram: { positiveSpans: [[0, 0]], schema: 2 } }] },
  ]);
  expect(histograms.f).toMatchObject({
    schema: -1,
    count: 3.5,
    zeroCount: 1,
    positiveBuckets: [1.5, 0.5],
    negativeBuckets: [0.5],
    counterResetHint: 'gauge',
  });
  expect(histograms.e).toMatchObject({ schema: 2, count: 0, positiveBuckets: [] });
});

test('a classic histogram becomes one with custom buckets when asked for', () => {
  const family: SentFamily = {
    name: 'h',
    type: 'histogram',
    metrics: [
      {
        labels: { a: '1' },
        histogram: {
          count: 10,
          sum: 3,
          buckets: [
            [0.5, 4, { labels: { t: 'no time' }, value: 0.1 }],
            [1, 7, { labels: { t: 'x' }, value: 0.7, timestamp: 9000 }],
          ],
        },
      },
      {
        labels: { a: 'shrinks' },
        histogram: {
          count: 10,
          buckets: [
            [1, 7],
            [2, 6],
          ],
        },
      },
    ],
  };
  const { readFamilies, parser } = pageReader({ convert_classic_histograms_to_nhcb: true });
  const { floats, histograms } = readFamilies([family]);
  expect(floats).toEqual([]);
  expect(histograms).toEqual({
    'h{a="1"}': {
      schema: -53,
      count: 10,
      sum: 3,
      zeroThreshold: 0,
      zeroCount: 0,
      positiveSpans: [{ offset: 0, length: 3 }],
      positiveBuckets: [4, 3, 3],
      negativeSpans: [],
      negativeBuckets: [],
      customValues: [0.5, 1],
      counterResetHint: 'unknown',
    },
  });
  expect(parser.inconsistent).toBe(1);
  expect(parser.histograms[0]!.exemplars.map(({ labels }) => labels)).toEqual([['t', 'x']]);
});

test('series are asked for once, wherever their metric stands', () => {
  const { readFamilies, parser, told } = pageReader();
  const family = (names: readonly string[], bounds: readonly number[] = [1]): SentFamily[] => [
    {
      name: 'h',
      type: 'histogram',
      metrics: names.map((name, i) => ({
        labels: { name },
        histogram: { count: i, buckets: bounds.map((bound) => [bound, i] as const) },
      })),
    },
  ];
  const first = readFamilies(family(['a', 'b', 'c', 'd']));
  expect(parser.stats).toMatchObject({ changed: 0, parsed: 4 });
  expect(readFamilies(family(['a', 'b', 'c', 'd']))).toEqual(first);
  expect(parser.stats).toMatchObject({ changed: 4, parsed: 0 });
  expect(readFamilies(family(['d', 'new', 'a'])).floats).toEqual(
    pageReader().readFamilies(family(['d', 'new', 'a'])).floats,
  );
  expect(parser.stats).toMatchObject({ changed: 2, parsed: 1 });
  readFamilies(family(['d', 'new', 'a'], [2]));
  expect(parser.stats).toMatchObject({ changed: 0, parsed: 3 });
  expect(told.length).toBeGreaterThan(0);
});

test.each([
  ['a length beyond the page', Buffer.from('7f0a0161', 'hex'), /expected 127 bytes/],
  ['a length of gigabytes', Buffer.from('ffffffff0f0a0161', 'hex'), /expected \d+ bytes/],
  ['text', Buffer.from('# HELP a b\na 1\n'), /protobuf/],
  [
    'a family without a name',
    metricFamilyPage([{ name: '', type: 'gauge', metrics: [] }]),
    /expected a metric name/,
  ],
  ['an unknown type', Buffer.from('050a01611809', 'hex'), /unknown metric type for metric "a": 9/],
  [
    'a label without a name',
    metricFamilyPage([{ name: 'a', type: 'gauge', metrics: [{ labels: { '': 'x' } }] }]),
    /expected a label name/,
  ],
  [
    'more labels than a line may have',
    metricFamilyPage([{ name: 'a', type: 'gauge', metrics: [{ labels: { x: 'y'.repeat(65_536) } }] }]),
    /at most 65536 bytes/,
  ],
  [
    'more buckets than one histogram may have',
    metricFamilyPage([
      {
        name: 'a',
        type: 'histogram',
        metrics: [{ histogram: { positiveSpans: [[0, 1]], positiveDeltas: new Array(20_001).fill(1) } }],
      },
    ]),
    /at most 20000 buckets/,
  ],
])('%s is refused', (_, bytes, problem) => {
  const { read } = pageReader({ scrape_native_histograms: true });
  expect(() => read(bytes)).toThrow(problem);
});

test('a damaged page is refused or read, and never reads beyond its end', () => {
  const base = metricFamilyPage([
    NATIVE,
    { name: 'c', type: 'counter', metrics: [{ labels: { a: 'b' }, value: 1, created: 5000 }] },
  ]);
  fc.assert(
    fc.property(fc.nat(base.length - 1), fc.nat(255), fc.nat(base.length), (at, byte, cut) => {
      const { read, parser } = pageReader({ scrape_native_histograms: true });
      const bytes = Uint8Array.from(base).subarray(0, base.length - (cut % 7));
      if (at < bytes.length) bytes[at] = byte;
      try {
        read(bytes);
      } catch (error) {
        expect((error as Error).name).toBe('WireError');
        parser.reset();
      }
      expect(parser.columns.count).toBeLessThan(50);
    }),
    { numRuns: fuzzCases(5000) },
  );
});
