import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { createScrapeMetrics } from './scrape-metrics.ts';

test('what scrapes count is there each time metrics are read, and counted once', async () => {
  const registry = new Registry();
  const metrics = createScrapeMetrics(registry, () => 3);
  const counts = { duplicates: 1, outOfBounds: 2, shadowed: 3, parked: 4, inconsistent: 5 };
  const read = async (): Promise<string[]> =>
    (await registry.metrics())
      .split('\n')
      .filter((line) => /^belfry_scrape\w*(_total|_count|_sum|flight) /.test(line));
  expect((await read()).filter((line) => !/ 0$/.test(line))).toEqual(['belfry_scrapes_in_flight 3']);
  for (let i = 0; i < 1200; i++) metrics.scraped(0.25, 10, counts, i % 3 === 0);
  const expected = [
    'belfry_scrapes_total 1200',
    'belfry_scrape_failures_total 400',
    'belfry_scrape_samples_total 12000',
    'belfry_scrape_samples_duplicate_total 1200',
    'belfry_scrape_samples_out_of_bounds_total 2400',
    'belfry_scrape_samples_shadowed_total 3600',
    'belfry_scrape_series_parked_total 4800',
    'belfry_scrape_histograms_inconsistent_total 6000',
    'belfry_scrape_duration_seconds_sum 300',
    'belfry_scrape_duration_seconds_count 1200',
    'belfry_scrapes_in_flight 3',
    'belfry_scrapes_skipped_total 0',
  ];
  expect(await read()).toEqual(expected);
  expect(await read()).toEqual(expected);
  metrics.scraped(1, 1, counts, false);
  expect((await read())[0]).toBe('belfry_scrapes_total 1201');
});
