import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { StoreCounts } from './target-samples.ts';

/** What the scraper tells about itself. */
export interface ScrapeMetrics {
  readonly targets: Gauge;
  /** Rows that could not be stored, or scrapes that did not take place, because the one before took too long. */
  readonly skipped: Counter;
  scraped(durationSeconds: number, samples: number, counts: StoreCounts, hasFailed: boolean): void;
}

/** Durations that are kept for the next time metrics are read. */
const MAX_DURATIONS = 500;

const COUNTERS = {
  scrapes: ['belfry_scrapes_total', 'Scrapes done, failed ones included.'],
  failures: ['belfry_scrape_failures_total', 'Scrapes that gave no page.'],
  samples: ['belfry_scrape_samples_total', 'Samples on scraped pages, before relabelling.'],
  duplicates: ['belfry_scrape_samples_duplicate_total', 'Samples of a series that had one on the same page.'],
  outOfBounds: [
    'belfry_scrape_samples_out_of_bounds_total',
    'Samples with timestamps of their own that were not taken.',
  ],
  shadowed: [
    'belfry_scrape_samples_shadowed_total',
    'Samples left out because the target names them like the series that report on its scrape.',
  ],
  parked: [
    'belfry_scrape_series_parked_total',
    'New series that were not stored because the budget of their target or job was used up.',
  ],
  inconsistent: [
    'belfry_scrape_histograms_inconsistent_total',
    'Classic histograms that could not be converted to native ones: their counts contradict each other.',
  ],
} as const satisfies Record<
  'scrapes' | 'failures' | 'samples' | keyof StoreCounts,
  readonly [string, string]
>;

type Counts = Record<keyof typeof COUNTERS, number>;

/** Counts with additions; the library, which looks each value up by its labels, hears of them when metrics are read. */
function newCounts(registers: Registry[]): Counts {
  const waiting = {} as Counts;
  for (const [key, [name, help]] of Object.entries(COUNTERS) as [keyof Counts, readonly [string, string]][]) {
    waiting[key] = 0;
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.inc(waiting[key]);
        waiting[key] = 0;
      },
    });
  }
  return waiting;
}

/** @param underWay how many scrapes are under way at the moment */
export function createScrapeMetrics(registry: Registry, underWay: () => number): ScrapeMetrics {
  const registers = [registry];
  const totals = newCounts(registers);
  let durations: number[] = [];
  const observe = (): void => {
    const observed = durations;
    durations = [];
    for (const seconds of observed) duration.observe(seconds);
  };
  const duration = new Histogram({
    name: 'belfry_scrape_duration_seconds',
    help: 'Time from the request to the last sample read.',
    buckets: [0.005, 0.025, 0.1, 0.5, 2.5, 10],
    registers,
    collect: observe,
  });
  new Gauge({
    name: 'belfry_scrapes_in_flight',
    help: 'Scrapes under way.',
    registers,
    collect() {
      this.set(underWay());
    },
  });
  return {
    targets: new Gauge({ name: 'belfry_scrape_targets', help: 'Targets that are scraped.', registers }),
    skipped: new Counter({
      name: 'belfry_scrapes_skipped_total',
      help: 'Scrapes left out because the one before took too long.',
      registers,
    }),
    scraped(durationSeconds, samples, counts, hasFailed) {
      totals.scrapes++;
      if (hasFailed) totals.failures++;
      totals.samples += samples;
      totals.duplicates += counts.duplicates;
      totals.outOfBounds += counts.outOfBounds;
      totals.shadowed += counts.shadowed;
      totals.parked += counts.parked;
      totals.inconsistent += counts.inconsistent;
      if (durations.push(durationSeconds) >= MAX_DURATIONS) observe();
    },
  };
}

/** Tells how many series the budget has no room for. @param parked those on the last page of each target of each job */
export function createParkedMetric(
  registry: Registry,
  parked: () => readonly { readonly job: string; readonly series: number }[],
): void {
  new Gauge({
    name: 'belfry_scrape_series_parked',
    help: 'Series on the last pages that are not stored because a budget is used up.',
    labelNames: ['scrape_job'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { job, series } of parked()) this.inc({ scrape_job: job }, series);
    },
  });
}

/** Tells how much discovery finds. Gives the function that counts a failure. @param found what each job's discoveries have found by now */
export function createDiscoveryMetrics(
  registry: Registry,
  found: () => readonly { readonly job: string; readonly targets: number }[],
): (mechanism: string) => void {
  const registers = [registry];
  new Gauge({
    name: 'belfry_discovered_targets',
    help: 'Targets found by discovery, before relabelling.',
    labelNames: ['scrape_job'],
    registers,
    collect() {
      this.reset();
      for (const { job, targets } of found()) this.set({ scrape_job: job }, targets);
    },
  });
  const failures = new Counter({
    name: 'belfry_discovery_failures_total',
    help: 'Times that discovery could not tell what there is.',
    labelNames: ['mechanism'],
    registers,
  });
  return (mechanism) => failures.inc({ mechanism });
}
