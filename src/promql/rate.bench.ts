import { test } from 'vitest';
import type { Histogram } from '../model/histogram.ts';
import { labelsFromObject } from '../model/labels.ts';
import { type Querier, type SeriesSamples, unlimited } from '../model/queryable.ts';
import { evaluateRange } from './evaluate.ts';
import { parseExpr } from './parse.ts';

const SERIES = 1000;
const HOURS = 24;
const SCRAPE_MS = 15_000;

const querierOf = (series: SeriesSamples[]): Querier => ({
  select: () => series,
  series: () => series.map(({ labels }) => labels),
  labelNames: () => [],
  labelValues: () => [],
  close: () => {},
});

/** A day of counters, as columns; built once. */
function counters(): Querier {
  const samples = (HOURS * 3_600_000) / SCRAPE_MS;
  const timestamps = Float64Array.from({ length: samples }, (_, i) => i * SCRAPE_MS);
  const series: SeriesSamples[] = Array.from({ length: SERIES }, (_, s) => ({
    labels: labelsFromObject({ __name__: 'requests_total', instance: `host-${s % 50}`, path: `/p/${s}` }),
    timestamps,
    values: Float64Array.from({ length: samples }, (_, i) => i * (s + 1) + ((i * 7919 + s) % 13)),
  }));
  return querierOf(series);
}

const QUERIES = [
  'rate(requests_total[5m])',
  'sum by (instance) (rate(requests_total[5m]))',
  'requests_total',
  'max_over_time(requests_total[5m])',
  'sum(requests_total) / count(requests_total)',
  'requests_total * on(instance, path) requests_total',
];

test(`${SERIES} series over ${HOURS} h, step 60 s`, async ({ bench }) => {
  const querier = counters();
  const range = { startMs: 3_600_000, endMs: HOURS * 3_600_000, stepMs: 60_000 };
  for (const query of QUERIES) {
    const expr = parseExpr(query);
    await bench(query, () => {
      evaluateRange(expr, range, querier, { budget: unlimited, query });
    }).run();
  }
});

/** Six hours of native histograms with 120 buckets, as scrapes bring them. */
function nativeHistograms(): Querier {
  const samples = (6 * 3_600_000) / SCRAPE_MS;
  const timestamps = Float64Array.from({ length: samples }, (_, i) => i * SCRAPE_MS);
  const positiveSpans = [
    { offset: -20, length: 60 },
    { offset: 2, length: 60 },
  ];
  const histogramAt = (i: number, s: number): Histogram => {
    const positiveBuckets = Array.from({ length: 120 }, (_, k) => i * ((k * 7 + s) % 5));
    return {
      schema: 3,
      count: positiveBuckets.reduce((sum, count) => sum + count, 0),
      sum: i * 3,
      zeroThreshold: 2 ** -128,
      zeroCount: 0,
      positiveSpans,
      positiveBuckets,
      negativeSpans: [],
      negativeBuckets: [],
      customValues: [],
      counterResetHint: 'unknown',
    };
  };
  const series: SeriesSamples[] = Array.from({ length: 20 }, (_, s) => ({
    labels: labelsFromObject({ __name__: 'seconds', instance: `host-${s}` }),
    timestamps,
    values: new Float64Array(samples),
    histograms: Array.from({ length: samples }, (_, i) => histogramAt(i, s)),
  }));
  return querierOf(series);
}

test('20 native histograms over 6 h, step 60 s', async ({ bench }) => {
  const querier = nativeHistograms();
  const range = { startMs: 600_000, endMs: 6 * 3_600_000, stepMs: 60_000 };
  for (const query of [
    'rate(seconds[5m])',
    'histogram_quantile(0.9, sum(rate(seconds[5m])))',
    'avg_over_time(seconds[5m])',
  ]) {
    const expr = parseExpr(query);
    await bench(query, () => {
      evaluateRange(expr, range, querier, { budget: unlimited, query });
    }).run();
  }
});

test('parsing', async ({ bench }) => {
  const query =
    'sum by (job) (rate(http_requests_total{status=~"5..",job="api"}[5m])) / sum by (job) (rate(http_requests_total[5m])) > 0.05';
  await bench(query, () => {
    parseExpr(query);
  }).run();
});
