import type { Clock } from '../../clock.ts';
import type { ScrapeConfig } from '../../config/scrape.ts';
import type { Environment } from '../../net/proxy.ts';
import type { Discoverer } from './discoverer.ts';
import { type DnsSystem, dnsDiscoverer } from './dns.ts';
import { dockerDiscoverer } from './docker.ts';
import { fileDiscoverer } from './file.ts';
import { httpDiscoverer } from './http.ts';
import { kubernetesDiscoverer } from './kubernetes/discoverer.ts';

export interface DiscoveryDeps {
  readonly clock: Clock;
  /** Belfry's, for the User-Agent. */
  readonly version: string;
  readonly environment: Environment;
  readonly dns: DnsSystem;
  /** Where Kubernetes puts the files of a pod's service account. */
  readonly serviceAccountDir: string;
}

export interface NamedDiscoverer {
  /** Its key in the configuration. */
  readonly mechanism: string;
  /** Equal when a reload may leave it running. */
  readonly settings: string;
  create(): Discoverer;
}

/** The discoverers that a job asks for; `static_configs` needs none. */
export function discoverersOf(job: ScrapeConfig, deps: DiscoveryDeps): NamedDiscoverer[] {
  const each = <Config>(
    mechanism: string,
    configs: readonly Config[],
    create: (config: Config) => Discoverer,
  ): NamedDiscoverer[] =>
    configs.map((config) => ({
      mechanism,
      settings: `${mechanism} ${JSON.stringify(config)}`,
      create: () => create(config),
    }));
  return [
    ...each('file_sd_configs', job.file_sd_configs, (config) => fileDiscoverer(config, deps)),
    ...each('http_sd_configs', job.http_sd_configs, (config) => httpDiscoverer(config, deps)),
    ...each('dns_sd_configs', job.dns_sd_configs, (config) => dnsDiscoverer(config, deps)),
    ...each('docker_sd_configs', job.docker_sd_configs, (config) => dockerDiscoverer(config, deps)),
    ...each('kubernetes_sd_configs', job.kubernetes_sd_configs, (config) =>
      kubernetesDiscoverer(config, deps),
    ),
  ];
}
