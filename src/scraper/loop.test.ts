import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { labelsFromObject } from '../model/labels.ts';
import { collectingAppender } from '../testing/collecting-appender.ts';
import { fakeClock } from '../testing/fake-clock.ts';
import { createScrapeLoop, type PageSource } from './loop.ts';
import { PageBuffers } from './page-buffers.ts';
import { createRounds } from './rounds.ts';
import { createScrapeMetrics } from './scrape-metrics.ts';
import type { Target } from './target.ts';
import { TargetSamples } from './target-samples.ts';

const START = Date.UTC(2026, 0, 1);
const labels = labelsFromObject({ job: 'j' });
const histograms = {
  scrape_native_histograms: false,
  always_scrape_classic_histograms: false,
  convert_classic_histograms_to_nhcb: false,
};
const target: Target = {
  key: 'k',
  job: 'j',
  labels,
  discoveredLabels: labels,
  url: 'http://x/metrics',
  intervalMs: 10_000,
  timeoutMs: 5000,
  histograms,
};
const rules = {
  relabel: () => true,
  honor_labels: false,
  honor_timestamps: true,
  track_timestamps_staleness: false,
  sample_limit: 0,
  label_limit: 0,
  label_name_length_limit: 0,
  label_value_length_limit: 0,
  metric_name_validation_scheme: 'utf8',
  extra_scrape_metrics: false,
  series_budget: 0,
  ...histograms,
  native_histogram_bucket_limit: 0,
  native_histogram_min_bucket_factor: 0,
} as const;

function runningLoop(fetch: PageSource['fetch'], due = 3000) {
  const clock = fakeClock(START);
  const appender = collectingAppender();
  const source = appender.source('k');
  const samples = new TargetSamples({
    source,
    appender,
    target: labels,
    rules,
    timeoutMs: 5000,
    buffers: new PageBuffers(),
    seed: 1,
  });
  const failures: string[] = [];
  const registry = new Registry();
  const rounds = createRounds(clock, '', () => {});
  const loop = createScrapeLoop({
    target,
    pages: { fetch },
    samples,
    clock,
    rounds,
    metrics: createScrapeMetrics(registry, () => rounds.underWay),
    onParking() {},
    onChange: (failure) => failures.push(failure?.message ?? 'works again'),
  });
  loop.start(due);
  return { clock, appender, loop, failures, registry, ups: () => appender.samples('up{job="j"}') };
}

const page = (text: string) => ({ body: new TextEncoder().encode(text), format: 'text' as const });
const never = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));

test('a target is scraped after its offset and then on the grid of its interval', async () => {
  const { clock, ups, loop } = runningLoop(async () => page('a 1\n'));
  expect(loop.state).toEqual({ health: 'unknown', lastError: '', lastScrape: 0, lastDurationSeconds: 0 });
  await clock.advance(2999);
  expect(ups()).toEqual([]);
  await clock.advance(1);
  await clock.advance('20s');
  expect(ups().map(({ timestamp }) => timestamp - START)).toEqual([3000, 13_000, 23_000]);
  expect(loop.state).toMatchObject({ health: 'up', lastScrape: START + 23_000 });
});

test('what was due before is scraped at once, and then on the grid it was due on', async () => {
  const { clock, ups } = runningLoop(async () => page('a 1\n'), -4000);
  await clock.advance(0);
  expect(ups().map(({ timestamp }) => timestamp - START)).toEqual([0]);
  await clock.advance('6s');
  clock.jump(2);
  await clock.advance('10s');
  expect(ups().map(({ timestamp }) => timestamp - START)).toEqual([0, 6000, 16_000]);
});

test('a scrape that starts a little late is stamped with the time of the grid, one that starts later with its own', async () => {
  const { clock, ups } = runningLoop(async () => page('a 1\n'));
  await clock.advance(3000);
  clock.jump(2);
  await clock.advance('10s');
  clock.jump(5);
  await clock.advance('10s');
  clock.jump(-7);
  await clock.advance('10s');
  expect(ups().map(({ timestamp }) => timestamp - START)).toEqual([3000, 13_000, 23_007, 33_000]);
});

test('a target that hangs costs a timeout and no more', async () => {
  let hangs = false;
  const { clock, ups, loop, failures } = runningLoop((signal) =>
    hangs ? never(signal) : Promise.resolve(page('a 1\n')),
  );
  await clock.advance(3000);
  hangs = true;
  await clock.advance('15s');
  const problem = 'context deadline exceeded: no complete answer within 5s (scrape_timeout)';
  expect(loop.state).toEqual({
    health: 'down',
    lastError: problem,
    lastScrape: START + 13_000,
    lastDurationSeconds: 5,
  });
  hangs = false;
  await clock.advance('10s');
  expect(ups().map(({ timestamp, value }) => [timestamp - START, value])).toEqual([
    [3000, 1],
    [13_000, 0],
    [23_000, 1],
  ]);
  expect(failures).toEqual([problem, 'works again']);
});

test('a page source that does not listen is left behind all the same', async () => {
  const { clock, loop, ups } = runningLoop(() => new Promise(() => {}));
  await clock.advance('9s');
  expect(loop.state.health).toBe('down');
  await clock.advance('5s');
  await loop.stop();
  expect(ups().map(({ value }) => value)).toEqual([0]);
});

test('a failure is told once until it changes', async () => {
  let problem = 'refused';
  const { clock, failures } = runningLoop(() => Promise.reject(new Error(problem)));
  await clock.advance('30s');
  problem = 'reset';
  await clock.advance('20s');
  expect(failures).toEqual(['refused', 'reset']);
});

test('a stopped loop cuts its scrape and stores nothing more', async () => {
  let wasCut = false;
  const { clock, loop, appender } = runningLoop((signal) => {
    signal.addEventListener('abort', () => {
      wasCut = true;
    });
    return never(signal);
  });
  await clock.advance(3000);
  await loop.stop();
  await clock.advance('1m');
  expect(wasCut).toBe(true);
  expect(appender.series()).toEqual([]);
});

test('a clock set back costs the scrapes until it has caught up, and they are counted', async () => {
  const { clock, ups, registry } = runningLoop(async () => page('a 1\n'));
  await clock.advance('15s');
  clock.jump(-15_000);
  await clock.advance('30s');
  expect(ups().map(({ timestamp }) => timestamp - START)).toEqual([3000, 13_000, 18_000, 28_000]);
  expect(await registry.getSingleMetricAsString('belfry_scrapes_skipped_total')).toContain(' 1');
});

test('whoever stops a loop in the middle of a scrape hears of its end, also when another one did before', async () => {
  const { clock, loop, ups } = runningLoop(never);
  await clock.advance(3000);
  const ends = await Promise.race([
    Promise.all([loop.stop(), loop.stop()]),
    new Promise((resolve) => setImmediate(() => setImmediate(resolve, 'nobody told'))),
  ]);
  expect(ends).toEqual([true, true]);
  expect(await loop.stop()).toBe(false);
  expect(ups()).toEqual([]);
});
