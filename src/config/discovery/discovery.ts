import * as z from 'zod';
import { labelMap, text } from '../leaves.ts';
import { type DnsSdConfig, dnsSdConfig } from './dns.ts';
import { type DockerSdConfig, dockerSdConfig } from './docker.ts';
import { type FileSdConfig, fileSdConfig } from './file.ts';
import { type HttpSdConfig, httpSdConfig } from './http.ts';
import { type KubernetesSdConfig, kubernetesSdConfig } from './kubernetes.ts';

export interface StaticConfig {
  readonly targets: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/** Kinds of discovery that are read but find no targets; the job is served without them and a warning says so. */
export const UNSERVED_DISCOVERY = [
  'aws',
  'azure',
  'consul',
  'digitalocean',
  'dockerswarm',
  'ec2',
  'ecs',
  'elasticache',
  'eureka',
  'gce',
  'hetzner',
  'ionos',
  'kuma',
  'lightsail',
  'linode',
  'marathon',
  'msk',
  'nerve',
  'nomad',
  'oci',
  'openstack',
  'outscale',
  'ovhcloud',
  'puppetdb',
  'rds',
  'scaleway',
  'serverset',
  'stackit',
  'triton',
  'uyuni',
  'vultr',
] as const;
export type UnservedKey = `${(typeof UNSERVED_DISCOVERY)[number]}_sd_configs`;

const staticConfig = z.lazy(() =>
  z.strictObject({
    targets: z.array(text()).default([]).describe('Targets, `host:port`.'),
    labels: labelMap().default({}).describe('Labels of these targets.'),
  }),
);

/** The kinds of discovery that find targets. */
const servedDiscoveryShape = {
  static_configs: z.array(staticConfig).default([]).describe('Targets written down here.'),
  file_sd_configs: z.array(fileSdConfig).default([]).describe('Targets listed in files.'),
  http_sd_configs: z.array(httpSdConfig).default([]).describe('Targets that an HTTP server lists.'),
  dns_sd_configs: z.array(dnsSdConfig).default([]).describe('Targets from DNS records.'),
  docker_sd_configs: z.array(dockerSdConfig).default([]).describe('Containers of a Docker daemon.'),
  kubernetes_sd_configs: z.array(kubernetesSdConfig).default([]).describe('Objects of a Kubernetes cluster.'),
};

const unserved = z
  .array(z.record(text(), z.unknown()))
  .default([])
  .describe('Read, but finds no targets; a warning says so.');

/** Every kind of discovery; those that are not served as lists of mappings not looked into. */
export const discoveryShape = {
  ...servedDiscoveryShape,
  ...(Object.fromEntries(UNSERVED_DISCOVERY.map((kind) => [`${kind}_sd_configs`, unserved])) as Record<
    UnservedKey,
    typeof unserved
  >),
};

/** What finds targets: for a job, or the servers of an Alertmanager section. */
export interface ServedDiscovery {
  readonly static_configs: readonly StaticConfig[];
  readonly file_sd_configs: readonly FileSdConfig[];
  readonly http_sd_configs: readonly HttpSdConfig[];
  readonly dns_sd_configs: readonly DnsSdConfig[];
  readonly docker_sd_configs: readonly DockerSdConfig[];
  readonly kubernetes_sd_configs: readonly KubernetesSdConfig[];
}

/** Reports whole addresses among static targets, where no relabelling could make more of them. */
export function checkStaticTargets(
  keys: { readonly static_configs: readonly StaticConfig[]; readonly relabel_configs: readonly unknown[] },
  context: z.RefinementCtx,
): void {
  if (keys.relabel_configs.length > 0) return;
  keys.static_configs.forEach(({ targets }, i) => {
    targets.forEach((target, j) => {
      if (!target.includes('/')) return;
      context.addIssue({
        code: 'custom',
        path: ['static_configs', i, 'targets', j],
        message: `expected host:port without a scheme or path, got ${JSON.stringify(target)}`,
      });
    });
  });
}

/** The kinds of discovery in use that find nothing, as keys of the configuration. */
export function unservedIn(section: object): UnservedKey[] {
  return UNSERVED_DISCOVERY.map((kind) => `${kind}_sd_configs` as const).filter((key) => {
    const list: unknown = Reflect.get(section, key);
    return Array.isArray(list) && list.length > 0;
  });
}
