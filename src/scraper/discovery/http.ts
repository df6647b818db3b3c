import { createHash } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import type { HttpSdConfig } from '../../config/discovery/http.ts';
import type { HttpClientDeps } from '../../net/client.ts';
import { PageBuffers } from '../page-buffers.ts';
import { createPageClient } from '../page-client.ts';
import type { Discoverer } from './discoverer.ts';
import { parseGroupsJson } from './group-list.ts';
import { refreshingDiscoverer } from './refresh.ts';

const BODY_LIMIT_BYTES = 16 * 1024 * 1024;
const JSON_TYPE = /^application\/json(;\s*charset=("utf-8"|utf-8))?$/i;

/** Targets that an HTTP server lists. */
export function httpDiscoverer(
  config: HttpSdConfig,
  deps: HttpClientDeps & { readonly clock: Clock; readonly version: string },
): Discoverer {
  const headers = {
    accept: 'application/json',
    'user-agent': `belfry/${deps.version}`,
    'x-prometheus-refresh-interval-seconds': String(config.refresh_interval / 1000),
  };
  return {
    async run(sink, signal) {
      const client = createPageClient(config, new PageBuffers(), deps);
      let last = '';
      const { run } = refreshingDiscoverer({
        clock: deps.clock,
        intervalMs: config.refresh_interval,
        async ask(cut) {
          const { body, contentType } = await client.fetch({
            url: config.url,
            headers,
            compressed: true,
            bodyLimitBytes: BODY_LIMIT_BYTES,
            expectedBytes: 0,
            signal: cut,
          });
          if (!JSON_TYPE.test(contentType.trim()))
            throw new Error(`expected content of type application/json, got ${JSON.stringify(contentType)}`);
          const digest = createHash('sha256').update(body).digest('base64');
          if (digest === last) return undefined;
          const text = new TextDecoder().decode(body);
          const groups = parseGroupsJson(text, (index) => `${config.url}:${index}`, {
            __meta_url: config.url,
          });
          last = digest;
          return groups;
        },
      });
      await run(sink, signal);
      client.close();
    },
  };
}
