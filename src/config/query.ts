import * as z from 'zod';
import { httpClientConfig } from './http-client.ts';
import { count, duration, size, url } from './leaves.ts';

export const queryConfig = z.strictObject({
  timeout: duration().prefault('2m').describe('Longest time a query may take.'),
  max_samples: count().default(50_000_000).describe('Most samples a query may load.'),
  max_bytes: size()
    .optional()
    .describe('Most memory a query may use; an eighth of the memory, at least 64MB, unless given.'),
  max_result_bytes: size()
    .optional()
    .describe('Largest answer of a query; a quarter of `max_bytes`, at most 256MB, unless given.'),
  max_unsent_bytes: size()
    .optional()
    .describe('Most bytes of answers that wait for slow clients; a quarter of `max_bytes` unless given.'),
  max_concurrency: count().min(1).default(20).describe('Queries at once; up to 64 more wait.'),
  log_slower_than: duration()
    .prefault('5s')
    .describe('Queries whose evaluation takes this long are logged with their cost; `0s` logs all.'),
  remote_url: url()
    .optional()
    .describe(
      'Engine with Prometheus’ HTTP API that is asked instead of the store here, by people and rules.',
    ),
  http_config: httpClientConfig.optional().describe('How that engine is asked.'),
  lookback_delta: duration().prefault('5m').describe('How far back an instant selector looks for a sample.'),
});
export type QueryConfig = z.output<typeof queryConfig>;
