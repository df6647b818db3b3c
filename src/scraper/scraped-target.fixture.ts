import { labelsFromObject } from '../model/labels.ts';
import { type CollectingAppender, collectingAppender } from '../testing/collecting-appender.ts';
import { scrapeJob } from '../testing/scrape-job.ts';
import type { ExpositionFormat } from './exposition-format.ts';
import { PageBuffers } from './page-buffers.ts';
import { compileRelabel } from './relabel.ts';
import { JobBudget } from './series-budget.ts';
import { TargetSamples } from './target-samples.ts';

const target = labelsFromObject({ job: 'j', instance: 'i' });

/** A target whose pages are given as text; each is a scrape, a second after the one before. */
export function scrapedTarget(
  keys: Record<string, unknown> = {},
  jobBudget = new JobBudget(),
  intervalMs = 1000,
) {
  const appender: CollectingAppender = collectingAppender();
  const job = scrapeJob(keys);
  const rules = { ...job, relabel: compileRelabel(job.metric_relabel_configs) };
  const source = appender.source('key');
  const samples = new TargetSamples({
    source,
    appender,
    target,
    rules,
    timeoutMs: 10_000,
    buffers: new PageBuffers(),
    seed: 1,
    jobBudget,
  });
  const counts = { duplicates: 0, outOfBounds: 0, shadowed: 0, parked: 0, inconsistent: 0 };
  let now = 0;
  return {
    appender,
    samples,
    counts,
    scrape(page: string | Uint8Array, format: ExpositionFormat = 'text'): string {
      now += intervalMs;
      samples.expectPage();
      try {
        const body = typeof page === 'string' ? new TextEncoder().encode(page) : page;
        for (const _ of samples.read(body, format, () => false));
      } catch (error) {
        samples.storeFailure(now, 0.5, error as Error);
        return (error as Error).message;
      }
      samples.store(now, 0.5, counts);
      return '';
    },
    /** Samples of a series of the target: values in order, `stale` among them. */
    values: (series: string): unknown[] => appender.samples(series).map(({ value }) => value),
    reports(): number[] {
      const now = appender.current();
      const at = (name: string): number => now[`${name}{instance="i", job="j"}`]!;
      return [
        at('up'),
        at('scrape_samples_scraped'),
        at('scrape_samples_post_metric_relabeling'),
        at('scrape_series_added'),
      ];
    },
  };
}
