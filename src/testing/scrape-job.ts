import { completeGlobal, globalConfig } from '../config/global.ts';
import { completeScrape, type ScrapeConfig, scrapeConfig } from '../config/scrape.ts';

/** A scrape job as configuration gives it, from keys as one writes them. */
export function scrapeJob(keys: Readonly<Record<string, unknown>> = {}): ScrapeConfig {
  const global = completeGlobal(globalConfig.parse({ scrape_interval: '15s' }));
  return completeScrape(scrapeConfig.parse({ job_name: 'job', ...keys }), global);
}
