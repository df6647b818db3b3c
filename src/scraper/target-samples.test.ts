import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ScrapeProtocol } from '../config/global.ts';
import { labelsFromObject } from '../model/labels.ts';
import {
  metricFamilyPage,
  type SentFamily,
  type SentMetric,
  textPage,
} from '../testing/metric-family-page.ts';
import { hasNodeExporter, runNodeExporter } from '../testing/node-exporter.ts';
import { acceptHeader, type ExpositionFormat, formatOf } from './exposition-format.ts';
import { BodyLimitError } from './page-body.ts';
import { scrapedTarget } from './scraped-target.fixture.ts';

const family = (name: string, value: number): SentFamily => ({
  name,
  type: 'gauge',
  help: 'Help.',
  metrics: [{ value }],
});

test('samples get the labels of their target, and reports stand beside them', () => {
  const t = scrapedTarget();
  t.scrape('a{x="1"} 1\na{x="2"} 2\n');
  expect(t.appender.current()).toEqual({
    'a{instance="i", job="j", x="1"}': 1,
    'a{instance="i", job="j", x="2"}': 2,
    'scrape_duration_seconds{instance="i", job="j"}': 0.5,
    'scrape_samples_post_metric_relabeling{instance="i", job="j"}': 2,
    'scrape_samples_scraped{instance="i", job="j"}': 2,
    'scrape_series_added{instance="i", job="j"}': 2,
    'up{instance="i", job="j"}': 1,
  });
  t.scrape('a{x="1"} 3\na{x="2"} 2\na{x="3"} 0\n');
  expect(t.reports()).toEqual([1, 3, 3, 1]);
});

test('a series that is gone becomes stale, once, and comes back', () => {
  const t = scrapedTarget();
  for (const page of ['a 1\nb 1\n', 'b 1\n', 'b 2\n', 'a 5\nb 1\n']) t.scrape(page);
  expect(t.values('a{instance="i", job="j"}')).toEqual([1, 'stale', 5]);
  expect(t.values('b{instance="i", job="j"}')).toEqual([1, 1, 2, 1]);
});

test('a refused page makes everything stale and up 0, and the next page counts again', () => {
  const t = scrapedTarget();
  t.scrape('a 1\nb 1\n');
  expect(t.scrape('a 2\nb x\n')).toContain('line 2, column 3: expected a value');
  expect(t.values('a{instance="i", job="j"}')).toEqual([1, 'stale']);
  expect(t.reports()).toEqual([0, 1, 1, 0]);
  t.scrape('a 3\nb 1\n');
  expect(t.reports()).toEqual([1, 2, 2, 0]);
  expect(t.values('a{instance="i", job="j"}')).toEqual([1, 'stale', 3]);
  expect(t.values('up{instance="i", job="j"}')).toEqual([1, 0, 1]);
});

test.each<[string, string | Uint8Array, ExpositionFormat, string, number[]]>([
  ['a broken line', 'a 1\ngo_x 1\nc 1\nd x\ne 1\n', 'text', 'line 4', [0, 3, 2, 1]],
  ['an end that is missing', 'a 1\nc 1\n', 'openmetrics', 'data does not end with # EOF', [0, 2, 2, 1]],
  [
    'a label that is too long',
    'a 1\nc{x="12345"} 1\nd 1\n',
    'text',
    'label_value_length_limit',
    [0, 2, 1, 0],
  ],
  [
    'a broken protobuf page',
    Buffer.concat([metricFamilyPage([family('a', 1), family('c', 1)]), Buffer.from([9, 9])]),
    'protobuf',
    'protobuf',
    [0, 2, 2, 2],
  ],
])('%s: what came before it is counted, as upstream', (_, page, format, problem, reports) => {
  const t = scrapedTarget({
    metric_relabel_configs: [{ source_labels: ['__name__'], regex: 'go_.*', action: 'drop' }],
    label_value_length_limit: 4,
  });
  t.scrape('a 1\n');
  expect(t.scrape(page, format)).toContain(problem);
  expect(t.reports()).toEqual(reports);
  // The same once more: no series is new twice.
  expect(t.scrape(page, format)).toContain(problem);
  expect(t.reports()).toEqual([...reports.slice(0, 3), 0]);
});

test('labels that clash with those of the target are moved, or kept with honor_labels', () => {
  const page = 'a{job="own",exported_job="x",instance=""} 1\n';
  const moved = scrapedTarget();
  moved.scrape(page);
  expect(moved.appender.series()).toContain(
    'a{exported_exported_job="own", exported_job="x", instance="i", job="j"}',
  );
  const kept = scrapedTarget({ honor_labels: true });
  kept.scrape(page);
  expect(kept.appender.series()).toContain('a{exported_job="x", job="own"}');
});

test('metric_relabel_configs drop and change samples', () => {
  const t = scrapedTarget({
    metric_relabel_configs: [
      { source_labels: ['__name__'], regex: 'go_.*', action: 'drop' },
      { regex: 'noise', action: 'labeldrop' },
    ],
  });
  t.scrape('go_x 1\na{noise="1"} 2\n');
  t.scrape('go_x 2\na{noise="2"} 3\n');
  expect(t.values('a{instance="i", job="j"}')).toEqual([2, 3]);
  expect(t.appender.series().filter((series) => series.startsWith('go_'))).toEqual([]);
  expect(t.reports().slice(0, 3)).toEqual([1, 2, 1]);
});

test('of two lines of one series the first counts', () => {
  const t = scrapedTarget();
  t.scrape('a 1\na 2\nb 1\n');
  t.scrape('a 1\na 2\nb 1\n');
  expect(t.values('a{instance="i", job="j"}')).toEqual([1, 1]);
  expect(t.counts.duplicates).toBe(2);
});

test("a target's own `up` does not replace ours", () => {
  const t = scrapedTarget();
  t.scrape('up 7\nscrape_duration_seconds 9\na 1\nup{x="1"} 8\n');
  t.scrape('up 8\na 1\n');
  expect(t.values('up{instance="i", job="j"}')).toEqual([1, 1]);
  expect(t.values('scrape_duration_seconds{instance="i", job="j"}')).toEqual([0.5, 0.5]);
  expect(t.values('up{instance="i", job="j", x="1"}')).toEqual([8, 'stale']);
  expect(t.counts.shadowed).toBe(2);
});

test('timestamps of the page are taken, and such samples never become stale', () => {
  const t = scrapedTarget();
  t.scrape('a 1 500\nb 1\n');
  t.scrape('a 2 1500\nb 1\n');
  t.scrape('a 2 1500\nb 1\n');
  t.scrape('a 3 9999999999999\nb 1\n');
  t.scrape('b 1\n');
  expect(t.appender.samples('a{instance="i", job="j"}')).toEqual([
    { timestamp: 500, value: 1 },
    { timestamp: 1500, value: 2 },
  ]);
  expect(t.counts.outOfBounds).toBe(1);
});

test('a series may begin or cease to bring its timestamps', () => {
  const t = scrapedTarget();
  for (const page of ['a 1\n', 'a 2 1500\n', 'a 3 2500\n', 'a 4\n']) t.scrape(page);
  expect(t.appender.samples('a{instance="i", job="j"}')).toEqual([
    { timestamp: 1000, value: 1 },
    { timestamp: 1500, value: 2 },
    { timestamp: 2000, value: 'stale' },
    { timestamp: 2500, value: 3 },
    { timestamp: 4000, value: 4 },
  ]);
});

test('honor_timestamps: false stamps everything with the time of the scrape', () => {
  const t = scrapedTarget({ honor_timestamps: false });
  t.scrape('a 1 500\n');
  t.scrape('a 2 600\n');
  expect(t.appender.samples('a{instance="i", job="j"}').map(({ timestamp }) => timestamp)).toEqual([
    1000, 2000,
  ]);
});

test('track_timestamps_staleness marks such series stale when there is no page, too', () => {
  const t = scrapedTarget({ track_timestamps_staleness: true });
  t.scrape('a 1 500\n');
  t.scrape('broken');
  t.scrape('a 2 2500\n');
  expect(t.values('a{instance="i", job="j"}')).toEqual([1, 'stale', 2]);
});

test('track_timestamps_staleness marks such series stale too', () => {
  const t = scrapedTarget({ track_timestamps_staleness: true });
  t.scrape('a 1 500\n');
  t.scrape('b 1\n');
  t.scrape('b 1\n');
  expect(t.values('a{instance="i", job="j"}')).toEqual([1, 'stale']);
});

test.each([
  [
    { sample_limit: 2 },
    'a 1\nb 2\nc 3\n',
    'sample limit exceeded: 3 samples after relabelling, sample_limit 2',
    [0, 3, 3, 1],
  ],
  [
    { label_limit: 4 },
    'a{x="1",y="2"} 1\n',
    'label_limit exceeded (metric: a, number of labels: 5, limit: 4)',
    [0, 1, 0, 0],
  ],
  [
    { label_name_length_limit: 9 },
    'a{tenletters="1"} 1\n',
    'label_name_length_limit exceeded (metric: a, label name: tenletters, length: 10, limit: 9)',
    [0, 1, 0, 0],
  ],
  [
    { label_name_length_limit: 9 },
    'a{"ééééé"="1"} 1\n',
    'label_name_length_limit exceeded (metric: a, label name: ééééé, length: 10, limit: 9)',
    [0, 1, 0, 0],
  ],
  [
    { label_value_length_limit: 3 },
    'a{x="ééé"} 1\n',
    'label_value_length_limit exceeded (metric: a, label name: x, value: "ééé", length: 6, limit: 3)',
    [0, 1, 0, 0],
  ],
  [
    { metric_name_validation_scheme: 'legacy' },
    '{"a.b"} 1\n',
    'invalid metric name or label names: "a.b"',
    [0, 1, 0, 0],
  ],
  [{}, 'a{x="1",x="2"} 1\n', 'label "x" is given twice on {__name__="a", x="1", x="2"}', [0, 1, 0, 0]],
  [
    { metric_relabel_configs: [{ regex: '__name__', action: 'labeldrop' }] },
    'a 1\n',
    'missing metric name (__name__ label)',
    [0, 1, 0, 0],
  ],
])('with %j the page %j is refused', (keys, page, problem, reports) => {
  const t = scrapedTarget(keys);
  t.scrape('a 1\n');
  expect(t.scrape(page)).toContain(problem);
  expect(t.reports()).toEqual(reports);
  expect(t.appender.current()).not.toHaveProperty('a{instance="i", job="j"}');
});

test('a series counts as added once, though its page is refused: only those within the sample limit, as upstream', () => {
  const t = scrapedTarget({
    sample_limit: 2,
    metric_relabel_configs: [{ source_labels: ['__name__'], regex: 'go_.*', action: 'drop' }],
  });
  const added = (page: string): number => {
    t.scrape(page);
    return t.reports()[3]!;
  };
  expect(added('go_x 1\na 1\nb 1\nc 1\n')).toBe(2);
  expect(added('a 1\nb 1\nc 1\n')).toBe(0);
  expect(added('c 1\na 1\nb 1\n')).toBe(1);
  expect(added('go_x 1\nc 1\na 1\n')).toBe(0);
  expect(added('a 1\nd 1\ne 1\n')).toBe(1);
  expect(added('broken')).toBe(0);
  expect(added('a 1\nd 1\n')).toBe(0);
  expect(added('x 1\ny 1\n')).toBe(2);
});

test('a page within the sample limit after relabelling passes', () => {
  const drop = [{ source_labels: ['__name__'], regex: 'go_.*', action: 'drop' }];
  const t = scrapedTarget({ sample_limit: 2, metric_relabel_configs: drop });
  expect(t.scrape('go_a 1\na 1\ngo_b 1\nb 1\n')).toBe('');
});

test('a series that is said twice counts once for the sample limit, unless its line has a time of its own', () => {
  const t = scrapedTarget({ sample_limit: 2 });
  for (let scrape = 0; scrape < 3; scrape++) {
    expect(t.scrape('a 1\na 2\nb 1\nb 1\na 3\n')).toBe('');
    expect(t.reports().slice(1, 3)).toEqual([5, 5]);
    expect(t.scrape('a 1\na 2\nb 1\nc 1\n')).toContain('sample limit exceeded: 4 samples');
    expect(t.scrape('a 1\nb 1\na 2 500\n')).toContain('sample limit exceeded: 3 samples');
  }
  const own = scrapedTarget({ sample_limit: 2, honor_timestamps: false });
  expect(own.scrape('a 1\nb 1\na 2 500\n')).toBe('');
  const parked = scrapedTarget({ sample_limit: 3, series_budget: 1 });
  for (let scrape = 0; scrape < 2; scrape++) expect(parked.scrape('a 1\nb 1\nc 1\n')).toBe('');
  expect(parked.scrape('a 1\nb 1\nc 1\nd 1\n')).toContain('sample limit exceeded: 4 samples');
});

test('what is within the limits passes', () => {
  const t = scrapedTarget({
    sample_limit: 1,
    label_limit: 4,
    label_name_length_limit: 8,
    label_value_length_limit: 3,
  });
  expect(t.scrape('a{x="123"} 1\n')).toBe('');
});

test('series may come and go for long: slots are given back and found anew', () => {
  const t = scrapedTarget();
  for (let i = 0; i < 200; i++) t.scrape(`a{i="${i}"} ${i}\nsteady ${i}\nflaps${i % 3} 1\n`);
  expect(t.values('a{i="150", instance="i", job="j"}')).toEqual([150, 'stale']);
  expect(t.values('steady{instance="i", job="j"}')).toEqual(Array.from({ length: 200 }, (_, i) => i));
  for (let i = 0; i < 100; i++) t.scrape('broken');
  t.scrape('steady 1\na{i="0"} 9\n');
  expect(t.values('steady{instance="i", job="j"}').slice(-2)).toEqual(['stale', 1]);
  expect(t.values('a{i="0", instance="i", job="j"}')).toEqual([0, 'stale', 9]);
});

test('extra_scrape_metrics adds the timeout, the sample limit and the size of the page', () => {
  const t = scrapedTarget({ extra_scrape_metrics: true, sample_limit: 5 });
  const extra = (): (number | undefined)[] =>
    ['scrape_timeout_seconds', 'scrape_sample_limit', 'scrape_body_size_bytes'].map(
      (name) => t.appender.current()[`${name}{instance="i", job="j"}`],
    );
  t.scrape('a 1\n');
  expect(extra()).toEqual([10, 5, 4]);
  t.samples.expectPage();
  t.samples.storeFailure(5000, 1, new Error('refused'));
  expect(extra()).toEqual([10, 5, 0]);
  t.samples.storeFailure(6000, 1, new BodyLimitError(100));
  expect(extra()).toEqual([10, 5, -1]);
});

test('metadata of the page is told and kept', () => {
  const t = scrapedTarget();
  t.scrape('# HELP a Something.\n# TYPE a counter\na 1\n');
  expect(t.appender.metadataByMetric.get('a')).toEqual({ type: 'counter', help: 'Something.', unit: '' });
  expect([...t.samples.metadata.keys()]).toEqual(['a']);
  // Not once for each of its lines: what is noted there is kept for good.
  const told: unknown[] = [];
  const { metadata } = t.appender;
  t.appender.metadata = (...family) => {
    told.push(family);
    metadata(...family);
  };
  t.scrape('# HELP b Another.\n# TYPE b gauge\n# HELP a Something.\n# TYPE a counter\na 1\nb 1\n');
  expect(told).toEqual([['b', { type: 'gauge', help: 'Another.', unit: '' }]]);
});

test.each<[string, ExpositionFormat, (names: readonly string[], value: number) => string | Uint8Array]>([
  [
    'text',
    'text',
    (names, value) => names.map((name) => `# HELP ${name} Help.\n${name} ${value}\n`).join(''),
  ],
  ['protobuf', 'protobuf', (names, value) => metricFamilyPage(names.map((name) => family(name, value)))],
])('%s: metadata of a family that is gone stays for ten pages and more, then goes', (_, format, page) => {
  const t = scrapedTarget();
  const pages = (names: readonly string[], count: number): string[] => {
    for (let i = 0; i < count; i++) t.scrape(page(names, i), format);
    return [...t.samples.metadata.keys()];
  };
  expect(pages(['a', 'b', 'c'], 30)).toEqual(['a', 'b', 'c']);
  expect(pages(['a', 'c'], 10)).toEqual(['a', 'b', 'c']);
  expect(pages(['a', 'b', 'c'], 30)).toEqual(['a', 'b', 'c']);
  expect(pages(['a', 'c'], 22)).toEqual(['a', 'c']);
  expect(pages(['a', 'b'], 22)).toEqual(['a', 'b']);
});

test('a target that makes up families does not fill the memory with their metadata', () => {
  const t = scrapedTarget();
  for (let page = 0; page < 4; page++) {
    t.scrape(Array.from({ length: 4000 }, (_, i) => `# HELP a${page}_${i} x\n`).join(''));
  }
  expect(t.samples.metadata.size).toBe(10_000);
  // Nor does it keep out what comes later.
  for (let page = 0; page < 40; page++) t.scrape('# HELP b x\nb 1\n');
  expect([...t.samples.metadata.keys()]).toEqual(['b']);
});

const LATENCY: SentFamily = {
  name: 'latency',
  type: 'histogram',
  metrics: [
    {
      labels: { path: '/' },
      created: 500,
      histogram: {
        count: 6,
        sum: 3,
        schema: 2,
        positiveSpans: [[0, 4]],
        positiveDeltas: [1, 0, 1, 0],
        buckets: [[1, 2]],
        exemplars: [{ labels: { trace_id: 'x' }, value: 0.5, timestamp: 900 }],
      },
    },
  ],
};
const COUNTED: SentFamily = {
  name: 'hits_total',
  type: 'counter',
  metrics: [{ value: 7, created: 400, exemplar: { labels: { trace_id: 'y' }, value: 1 } }],
};
const LATENCY_SERIES = 'latency{instance="i", job="j", path="/"}';

test('a protobuf page: native histograms, start timestamps and exemplars reach the store and become stale', () => {
  const t = scrapedTarget({ scrape_native_histograms: true });
  t.scrape(metricFamilyPage([LATENCY, COUNTED]), 'protobuf');
  t.scrape(metricFamilyPage([COUNTED]), 'protobuf');
  expect(t.appender.samples(LATENCY_SERIES)).toEqual([
    {
      timestamp: 1000,
      start: 500,
      value: expect.objectContaining({ schema: 2, count: 6, positiveBuckets: [1, 1, 2, 2] }),
    },
    { timestamp: 2000, value: 'stale' },
  ]);
  expect(t.appender.exemplars(LATENCY_SERIES)).toEqual([
    { labels: labelsFromObject({ trace_id: 'x' }), value: 0.5, timestamp: 900 },
  ]);
  expect(t.appender.samples('hits_total{instance="i", job="j"}')).toEqual([
    { timestamp: 1000, value: 7, start: 400 },
    { timestamp: 2000, value: 7, start: 400 },
  ]);
  expect(t.appender.exemplars('hits_total{instance="i", job="j"}')).toEqual([
    { labels: labelsFromObject({ trace_id: 'y' }), value: 1, timestamp: 1000 },
  ]);
  expect(t.reports()).toEqual([1, 1, 1, 0]);
  t.scrape('hits_total 8\n');
  expect(t.appender.samples('hits_total{instance="i", job="j"}').at(-1)).toEqual({
    timestamp: 3000,
    value: 8,
  });
});

test('histograms are relabelled, limited and dropped like other samples', () => {
  const relabelled = scrapedTarget({
    scrape_native_histograms: true,
    metric_relabel_configs: [{ regex: 'latency', source_labels: ['__name__'], action: 'drop' }],
  });
  relabelled.scrape(metricFamilyPage([LATENCY, COUNTED]), 'protobuf');
  expect(relabelled.appender.samples(LATENCY_SERIES)).toEqual([]);
  expect(relabelled.reports()).toEqual([1, 2, 1, 1]);
  const limited = scrapedTarget({ scrape_native_histograms: true, sample_limit: 1 });
  expect(limited.scrape(metricFamilyPage([LATENCY, COUNTED]), 'protobuf')).toContain(
    'sample limit exceeded: 2',
  );
  expect(limited.reports()).toEqual([0, 2, 2, 1]);
});

const native = (histogram: SentFamily['metrics'][number]['histogram']): Uint8Array =>
  metricFamilyPage([{ name: 'h', type: 'histogram', metrics: [{ histogram }] }]);
const wide = {
  count: 8,
  schema: 3,
  positiveSpans: [[-3, 8]],
  positiveDeltas: [1, 0, 0, 0, 0, 0, 0, 0],
} as const;

test.each([
  ['as it is', {}, wide, { schema: 3, positiveBuckets: [1, 1, 1, 1, 1, 1, 1, 1] }],
  ['with fewer buckets', { native_histogram_bucket_limit: 3 }, wide, { schema: 1, positiveBuckets: [4, 4] }],
  [
    'no finer than wanted',
    { native_histogram_min_bucket_factor: 1.5 },
    wide,
    { schema: 0, positiveBuckets: [4, 4] },
  ],
  [
    'at the finest schema there is',
    {},
    { count: 2, schema: 10, positiveSpans: [[1, 2]], positiveDeltas: [1, 0] },
    { schema: 8, positiveBuckets: [2] },
  ],
])('a native histogram is stored %s', (_, keys, histogram, stored) => {
  const t = scrapedTarget({ scrape_native_histograms: true, ...keys });
  expect(t.scrape(native(histogram as never), 'protobuf')).toBe('');
  expect(t.values('h{instance="i", job="j"}')).toEqual([expect.objectContaining(stored)]);
});

test.each([
  [
    {},
    { schema: 100, positiveSpans: [[0, 1]], positiveDeltas: [1] },
    'invalid native histogram: histogram has an invalid schema, which must be between -4 and 8 for exponential buckets, or -53 for custom buckets, got schema 100',
  ],
  [
    {},
    { schema: 0, positiveSpans: [[0, 5]], positiveDeltas: [1] },
    'invalid native histogram: positive spans of 5 buckets',
  ],
  [
    {},
    { schema: 0, positiveSpans: [[0, 2]], positiveDeltas: [1, -2] },
    'invalid native histogram: a bucket with -1 observations',
  ],
  [
    { native_histogram_bucket_limit: 1 },
    { schema: -4, positiveSpans: [[0, 2]], positiveDeltas: [1, 0] },
    'histogram bucket limit exceeded',
  ],
])('with %j the native histogram %j is refused', (keys, histogram, problem) => {
  const t = scrapedTarget({ scrape_native_histograms: true, ...keys });
  expect(t.scrape(native(histogram as never), 'protobuf')).toContain(problem);
  expect(t.reports()[0]).toBe(0);
});

const BUCKETS = (a: number, b: number, c: number, example = ''): string =>
  `# TYPE h histogram
h_bucket{le="0.5",path="/"} ${a}
h_bucket{le="1",path="/"} ${b}${example}
h_bucket{le="+Inf",path="/"} ${c}
h_sum{path="/"} 1.5
h_count{path="/"} ${c}
# TYPE other gauge
other 1
`;
const CUSTOM_SERIES = 'h{instance="i", job="j", path="/"}';

test('classic histograms of a text page become native ones with custom buckets', () => {
  const t = scrapedTarget({ convert_classic_histograms_to_nhcb: true });
  t.scrape(BUCKETS(1, 3, 4));
  expect(t.reports()).toEqual([1, 2, 2, 2]);
  t.scrape(BUCKETS(2, 3, 5));
  // Counts that contradict each other give nothing; so does a histogram that is gone.
  t.scrape(BUCKETS(4, 3, 5));
  t.scrape(BUCKETS(4, 4, 5));
  t.scrape('other 1\n');
  expect(t.values(CUSTOM_SERIES)).toEqual([
    {
      schema: -53,
      count: 4,
      sum: 1.5,
      zeroThreshold: 0,
      zeroCount: 0,
      positiveSpans: [{ offset: 0, length: 3 }],
      positiveBuckets: [1, 2, 1],
      negativeSpans: [],
      negativeBuckets: [],
      customValues: [0.5, 1],
      counterResetHint: 'unknown',
    },
    expect.objectContaining({ positiveBuckets: [2, 1, 2] }),
    'stale',
    expect.objectContaining({ positiveBuckets: [4, 0, 1] }),
    'stale',
  ]);
  expect(t.counts.inconsistent).toBe(1);
  expect(t.appender.series().filter((series) => series.startsWith('h_'))).toEqual([]);
});

test('converted histograms keep their classic series when asked, and survive new lines around them', () => {
  const t = scrapedTarget({
    convert_classic_histograms_to_nhcb: true,
    always_scrape_classic_histograms: true,
  });
  t.scrape(BUCKETS(1, 3, 4));
  t.scrape(`new 1\n${BUCKETS(1, 3, 5)}`);
  t.scrape(`${BUCKETS(1, 3, 6)}# TYPE gone gauge\n`);
  expect(t.values(CUSTOM_SERIES)).toEqual([4, 5, 6].map((count) => expect.objectContaining({ count })));
  expect(t.values('h_bucket{instance="i", job="j", le="1.0", path="/"}')).toEqual([3, 3, 3]);
});

test('what only looks like a histogram stays what it is', () => {
  const t = scrapedTarget({ convert_classic_histograms_to_nhcb: true });
  t.scrape('# TYPE h histogram\nrequests_count 5\nh_bucket{le="odd"} 1\nloose_bucket{le="1"} 2\n');
  expect(t.values('requests_count{instance="i", job="j"}')).toEqual([5]);
  expect(t.values('h_bucket{instance="i", job="j", le="odd"}')).toEqual([1]);
});

test('_created of OpenMetrics says when the samples beside it began, and stays a series', () => {
  const t = scrapedTarget();
  const page = (created: string): string => `# TYPE foo counter
foo_total{a="1"} 17.0
foo_created{a="1"} ${created}
foo_total{a="2"} 1
# TYPE s summary
s{quantile="0.5"} 1
s_count 2
s_sum 3
s_created 9
# TYPE g gauge
g 5
g_created 7
# EOF
`;
  t.scrape(page('0.25'), 'openmetrics');
  t.scrape(page('1.5'), 'openmetrics');
  const starts = (series: string): (number | undefined)[] =>
    t.appender.samples(series).map(({ start }) => start);
  expect(starts('foo_total{a="1", instance="i", job="j"}')).toEqual([250, 1500]);
  expect(starts('foo_total{a="2", instance="i", job="j"}')).toEqual([undefined, undefined]);
  expect(starts('s{instance="i", job="j", quantile="0.5"}')).toEqual([9000, 9000]);
  expect(starts('s_sum{instance="i", job="j"}')).toEqual([9000, 9000]);
  expect(starts('g{instance="i", job="j"}')).toEqual([undefined, undefined]);
  expect(t.values('foo_created{a="1", instance="i", job="j"}')).toEqual([0.25, 1.5]);
});

test('exemplars of OpenMetrics go to the series of their line, those of converted histograms need a time', () => {
  const page = `${BUCKETS(1, 3, 4, ' # {trace_id="a"} 0.7 0.5').replace('le="1"', 'le="1.0"')}`.replace(
    'le="0.5",path="/"} 1',
    'le="0.5",path="/"} 1 # {trace_id="b"} 0.1',
  );
  const plain = scrapedTarget();
  plain.scrape(`${page}# EOF\n`, 'openmetrics');
  expect(plain.appender.exemplars('h_bucket{instance="i", job="j", le="0.5", path="/"}')).toEqual([
    { labels: labelsFromObject({ trace_id: 'b' }), value: 0.1, timestamp: 1000 },
  ]);
  const converted = scrapedTarget({ convert_classic_histograms_to_nhcb: true });
  converted.scrape(`${page}# EOF\n`, 'openmetrics');
  expect(converted.appender.exemplars(CUSTOM_SERIES)).toEqual([
    { labels: labelsFromObject({ trace_id: 'a' }), value: 0.7, timestamp: 500 },
  ]);
});

test('exemplars too far ahead are left out, and of very many on a page the first are taken', () => {
  const t = scrapedTarget();
  // Ten minutes and a second after the scrape; ten minutes.
  const page =
    '# TYPE a counter\na_total 1 # {id="x"} 1 602\n# TYPE b counter\nb_total 1 # {id="y"} 1 601\n# EOF\n';
  t.scrape(page, 'openmetrics');
  expect(t.appender.exemplars('a_total{instance="i", job="j"}')).toEqual([]);
  expect(t.appender.exemplars('b_total{instance="i", job="j"}')).toHaveLength(1);
  const many = Array.from({ length: 20_001 }, (_, i) => `c_total{i="${i}"} 1 # {id="z"} 1\n`).join('');
  t.scrape(`# TYPE c counter\n${many}# EOF\n`, 'openmetrics');
  expect(t.appender.exemplars('c_total{i="19999", instance="i", job="j"}')).toHaveLength(1);
  expect(t.appender.exemplars('c_total{i="20000", instance="i", job="j"}')).toEqual([]);
});

test('a page without a byte is one without samples, whatever its format', () => {
  const t = scrapedTarget();
  t.scrape('a 1\n');
  expect(t.scrape('', 'openmetrics')).toBe('');
  expect(t.reports()).toEqual([1, 0, 0, 0]);
  expect(t.values('a{instance="i", job="j"}')).toEqual([1, 'stale']);
});

const number = fc.oneof(fc.double(), fc.integer({ min: 0, max: 1e9 }));
const text = fc.oneof(
  fc.constantFrom('/a', 'é "quoted"', 'back\\slash\nnewline', 'x'),
  fc.string({ unit: 'grapheme', minLength: 1 }),
);
const bounds = fc
  .uniqueArray(fc.constantFrom(0.001, 0.00001, 0.5, 1, 2.5, 10, 1e6, 2e21, Number.POSITIVE_INFINITY), {
    minLength: 1,
  })
  .map((list) => list.toSorted((a, b) => a - b));
const metric: Record<string, fc.Arbitrary<SentMetric>> = {
  simple: fc.record({ value: number, timestamp: fc.constantFrom(0, 0, 500, 700) }),
  summary: fc.record({
    summary: fc.record({
      count: fc.nat(),
      sum: number,
      quantiles: fc
        .uniqueArray(fc.constantFrom(0, 0.5, 0.99, 1))
        .chain((list) => fc.tuple(...list.map((quantile) => fc.tuple(fc.constant(quantile), number)))),
    }),
  }),
  histogram: fc.record({
    histogram: fc.record({
      count: fc.nat(),
      sum: number,
      buckets: bounds.chain((list) =>
        fc.tuple(...list.map((bound) => fc.tuple(fc.constant(bound), fc.nat(1e6)))),
      ),
    }),
  }),
};
const families = fc
  .array(
    fc.record({
      type: fc.constantFrom('counter', 'gauge', 'untyped', 'summary', 'histogram', 'gaugehistogram'),
      values: fc.uniqueArray(text, { minLength: 1, maxLength: 4 }),
      help: fc.option(text, { nil: undefined }),
      seeds: fc.infiniteStream(fc.record(metric)),
    }),
    { maxLength: 6 },
  )
  .map((list) =>
    list.map(({ type, values, help, seeds }, i): SentFamily => {
      const kind = metric[type] ? type : type === 'gaugehistogram' ? 'histogram' : 'simple';
      const metrics = values.map((value) => ({
        labels: { path: value },
        ...((seeds.next().value as never)[kind] as SentMetric),
      }));
      return {
        name: `family_${i}`,
        type: type as SentFamily['type'],
        metrics,
        ...(help !== undefined && { help }),
      };
    }),
  );

test('a registry gives the same samples as protobuf and as text, scrape after scrape', () => {
  fc.assert(
    fc.property(fc.array(families, { minLength: 1, maxLength: 4 }), (registries) => {
      const protobuf = scrapedTarget({ track_timestamps_staleness: true });
      const plain = scrapedTarget({ track_timestamps_staleness: true });
      for (const registry of registries) {
        expect(protobuf.scrape(metricFamilyPage(registry), 'protobuf')).toBe('');
        expect(plain.scrape(textPage(registry))).toBe('');
        // A metric whose buckets changed counts as new as a whole.
        expect(protobuf.reports().slice(0, 3)).toEqual(plain.reports().slice(0, 3));
      }
      expect(protobuf.appender.series()).toEqual(plain.appender.series());
      for (const series of plain.appender.series()) {
        if (series.startsWith('scrape_series_added')) continue;
        expect(protobuf.appender.samples(series)).toEqual(plain.appender.samples(series));
      }
    }),
    { numRuns: 100 },
  );
});

test.skipIf(!hasNodeExporter)('node_exporter tells the same series as protobuf and as text', async () => {
  await using exporter = await runNodeExporter();
  const ask = async (protocol: ScrapeProtocol): Promise<[Uint8Array, ExpositionFormat]> => {
    const answer = await fetch(`http://${exporter.address}/metrics`, {
      headers: { accept: acceptHeader([protocol], 'allow-utf-8') },
    });
    const format = formatOf(answer.headers.get('content-type')!, undefined);
    return [new Uint8Array(await answer.arrayBuffer()), format];
  };
  // The first request is counted in the second.
  await ask('PrometheusText0.0.4');
  const seen = [];
  for (const protocol of ['PrometheusProto', 'PrometheusText0.0.4'] as const) {
    const t = scrapedTarget();
    const [page, format] = await ask(protocol);
    expect(t.scrape(page, format)).toBe('');
    seen.push({ format, series: t.appender.series(), reports: t.reports() });
  }
  expect(seen.map(({ format }) => format)).toEqual(['protobuf', 'text']);
  expect(seen[0]!.series.length).toBeGreaterThan(300);
  expect(seen[0]!.series).toEqual(seen[1]!.series);
});

test('histograms and series with times of their own count for the budget too', () => {
  const t = scrapedTarget({ series_budget: 8, scrape_native_histograms: true });
  t.scrape(
    metricFamilyPage([LATENCY, COUNTED, { ...LATENCY, name: 'b' }, { ...LATENCY, name: 'c' }]),
    'protobuf',
  );
  expect(t.samples.parked?.series).toBe(1);
  expect(t.appender.series().filter((series) => series.startsWith('c{'))).toEqual([]);
  const timed = scrapedTarget({ series_budget: 10 });
  for (let i = 0; i < 3; i++)
    timed.scrape(Array.from({ length: 50 }, (_, i) => `a{i="${i}"} 1 ${500 + i}\n`).join(''));
  expect(timed.samples.parked?.series).toBe(45);
});
