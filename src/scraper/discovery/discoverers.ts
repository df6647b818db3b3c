import type { Clock } from '../../clock.ts';
import type { ServedDiscovery } from '../../config/discovery/discovery.ts';
import type { Environment } from '../../net/proxy.ts';
import type { Discoverer } from './discoverer.ts';
import { type DnsSystem, dnsDiscoverer, hostDns } from './dns.ts';
import { dockerDiscoverer } from './docker.ts';
import { fileDiscoverer } from './file.ts';
import { httpDiscoverer } from './http.ts';
import { SERVICE_ACCOUNT_DIR } from './kubernetes/access.ts';
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

/** @param given how the world around is found, where it is not this process's */
export const hostDiscovery = (
  clock: Clock,
  version: string,
  given: Partial<Pick<DiscoveryDeps, 'environment' | 'dns' | 'serviceAccountDir'>> = {},
): DiscoveryDeps => ({
  clock,
  version,
  environment: process.env,
  dns: hostDns,
  serviceAccountDir: SERVICE_ACCOUNT_DIR,
  ...given,
});

export interface NamedDiscoverer {
  /** Its key in the configuration. */
  readonly mechanism: string;
  /** Equal when a reload may leave it running. */
  readonly settings: string;
  create(): Discoverer;
}

/** The discoverers that a section of the configuration asks for; `static_configs` needs none. */
export function discoverersOf(section: ServedDiscovery, deps: DiscoveryDeps): NamedDiscoverer[] {
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
    ...each('file_sd_configs', section.file_sd_configs, (config) => fileDiscoverer(config, deps)),
    ...each('http_sd_configs', section.http_sd_configs, (config) => httpDiscoverer(config, deps)),
    ...each('dns_sd_configs', section.dns_sd_configs, (config) => dnsDiscoverer(config, deps)),
    ...each('docker_sd_configs', section.docker_sd_configs, (config) => dockerDiscoverer(config, deps)),
    ...each('kubernetes_sd_configs', section.kubernetes_sd_configs, (config) =>
      kubernetesDiscoverer(config, deps),
    ),
  ];
}
