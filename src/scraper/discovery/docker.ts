import type { DockerSdConfig } from '../../config/discovery/docker.ts';
import type { HttpClientConfig } from '../../config/http-client.ts';
import type { HttpClientDeps } from '../../net/client.ts';
import { PageBuffers } from '../page-buffers.ts';
import { createPageClient } from '../page-client.ts';
import type { Discoverer } from './discoverer.ts';
import { dockerTargets } from './docker-targets.ts';
import { expectList, parseJson } from './json.ts';
import { plainHttp } from './plain-http.ts';
import { refreshingDiscoverer } from './refresh.ts';

const BODY_LIMIT_BYTES = 32 * 1024 * 1024;

/** Containers of a Docker daemon, over its Unix socket or over TCP. */
export function dockerDiscoverer(
  config: DockerSdConfig,
  deps: HttpClientDeps & { readonly version: string },
): Discoverer {
  const { base, client: settings, socketPath } = dockerAccess(config);
  const filters: Record<string, Record<string, true>> = {};
  for (const { name, values } of config.filters) {
    for (const value of values) filters[name] = { ...filters[name], [value]: true };
  }
  const query = config.filters.length > 0 ? `?filters=${encodeURIComponent(JSON.stringify(filters))}` : '';
  return {
    async run(sink, signal) {
      const client = createPageClient(settings, new PageBuffers(), { ...deps, socketPath });
      const list = async (path: string, cut: AbortSignal): Promise<unknown[]> => {
        const { body } = await client.fetch({
          url: `${base}${path}`,
          headers: { accept: 'application/json', 'user-agent': `belfry/${deps.version}` },
          compressed: false,
          bodyLimitBytes: BODY_LIMIT_BYTES,
          expectedBytes: 0,
          signal: cut,
        });
        const from = `${config.host}${path}`;
        return expectList(parseJson(body, from), from);
      };
      const { run } = refreshingDiscoverer({
        clock: deps.clock,
        intervalMs: config.refresh_interval,
        async ask(cut) {
          const containers = await list(`/containers/json${query}`, cut);
          const networks = await list('/networks', cut);
          return [{ source: 'Docker', targets: dockerTargets(containers, networks, config), labels: {} }];
        },
      });
      await run(sink, signal);
      client.close();
    },
  };
}

/** HTTP settings are for `http` and `https` only, as upstream has it. */
function dockerAccess(config: DockerSdConfig): {
  readonly base: string;
  readonly client: HttpClientConfig;
  readonly socketPath?: string;
} {
  const url = new URL(config.host);
  switch (url.protocol) {
    case 'unix:':
      return { base: 'http://docker', client: plainHttp, socketPath: decodeURIComponent(url.pathname) };
    case 'tcp:':
      return { base: `http://${url.host}`, client: plainHttp };
    default:
      return { base: config.host.replace(/\/+$/, ''), client: config };
  }
}
