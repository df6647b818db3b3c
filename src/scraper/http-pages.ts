import { isIP } from 'node:net';
import type { ScrapeConfig } from '../config/scrape.ts';
import { acceptHeader, type ExpositionFormat, formatOf } from './exposition-format.ts';
import { requestError } from './http-errors.ts';
import type { PageSource } from './loop.ts';
import type { PageClient } from './page-client.ts';
import type { Target } from './target.ts';

/** Largest page of a job without `body_size_limit`: half a million series. No exporter's memory use is ours. */
const DEFAULT_BODY_LIMIT_BYTES = 50 * 1024 * 1024;

/** The pages of a target as its exporter serves them. */
export function httpPages(
  job: ScrapeConfig,
  target: Target,
  client: PageClient,
  version: string,
): PageSource {
  const headers = {
    accept: acceptHeader(job.scrape_protocols, job.metric_name_escaping_scheme),
    'user-agent': `belfry/${version}`,
    'x-prometheus-scrape-timeout-seconds': String(target.timeoutMs / 1000),
  };
  // Unpacking costs more than all the rest of a scrape; between processes of one host there is no wire to spare.
  const isHere = target.socketPath !== undefined || isLoopback(new URL(target.url).hostname);
  const compressed = job.enable_compression ?? !isHere;
  const bodyLimitBytes = job.body_size_limit > 0 ? job.body_size_limit : DEFAULT_BODY_LIMIT_BYTES;
  const page = client.page({ url: target.url, headers, compressed });
  /** Of the last page: a target hardly ever says another. */
  let last: { readonly contentType: string; readonly format: ExpositionFormat } | undefined;
  const format = (contentType: string): ExpositionFormat => {
    if (last?.contentType !== contentType)
      last = { contentType, format: formatOf(contentType, job.fallback_scrape_protocol) };
    return last.format;
  };
  return {
    async fetch(signal, expectedBytes) {
      const { body, contentType } = await page({ bodyLimitBytes, expectedBytes, signal }).catch(
        (error: Error) => Promise.reject(requestError(target.url, error)),
      );
      // Upstream asks an empty page for nothing.
      if (body.length === 0) return { body, format: 'text' };
      return { body, format: format(contentType) };
    },
  };
}

function isLoopback(hostname: string): boolean {
  if (hostname === 'localhost' || hostname === '[::1]') return true;
  return isIP(hostname) === 4 && hostname.startsWith('127.');
}
