import type { LabelRecord } from './discoverer.ts';
import { joinHostPort, sanitizeLabelName } from './meta-labels.ts';

/** The parts of `GET /containers/json` that count; any of them may be missing. */
export interface DockerContainer {
  readonly Id: string;
  readonly Names?: readonly string[] | null;
  readonly Image?: string;
  readonly ImageID?: string;
  readonly Labels?: LabelRecord | null;
  readonly HostConfig?: { readonly NetworkMode?: string };
  readonly NetworkSettings?: {
    readonly Networks?: Readonly<Record<string, DockerEndpoint | null>> | null;
  } | null;
  readonly Ports?: readonly DockerPort[] | null;
}

interface DockerEndpoint {
  readonly NetworkID?: string;
  readonly IPAddress?: string;
  readonly GlobalIPv6Address?: string;
}

interface DockerPort {
  readonly Type?: string;
  readonly PrivatePort?: number;
  readonly PublicPort?: number;
  readonly IP?: string;
}

/** The parts of `GET /networks` that count. */
export interface DockerNetwork {
  readonly Id: string;
  readonly Name?: string;
  readonly Scope?: string;
  readonly Internal?: boolean;
  readonly Ingress?: boolean;
  readonly Labels?: LabelRecord | null;
}

interface DockerSettings {
  readonly port: number;
  readonly host_networking_host: string;
  readonly match_first_network: boolean;
}

const PREFIX = '__meta_docker_';

/** One target for each container, network and TCP port; for a container without ports one for each network. */
export function dockerTargets(
  containers: readonly DockerContainer[],
  networks: readonly DockerNetwork[],
  settings: DockerSettings,
): LabelRecord[] {
  const byId = new Map(containers.map((container) => [container.Id, container]));
  const networkLabels = new Map(networks.map((network) => [network.Id, labelsOfNetwork(network)]));
  const targets: LabelRecord[] = [];
  for (const container of containers) {
    if (!container.Names?.length) continue;
    const common = labelsOfContainer(container);
    for (const endpoint of endpointsOf(container, byId, settings.match_first_network)) {
      const ip = endpoint.IPAddress || endpoint.GlobalIPv6Address || '';
      const shared = {
        ...common,
        ...networkLabels.get(endpoint.NetworkID ?? ''),
        [`${PREFIX}network_ip`]: ip,
      };
      const ports = (container.Ports ?? []).filter(({ Type }) => Type === 'tcp');
      for (const port of ports) targets.push({ ...shared, ...labelsOfPort(port, ip) });
      if (ports.length > 0) continue;
      const isHost = networkMode(container) === 'host';
      const address = isHost ? settings.host_networking_host : joinHostPort(ip, settings.port);
      targets.push({ ...shared, __address__: address });
    }
  }
  return targets;
}

const networkMode = (container: DockerContainer): string => container.HostConfig?.NetworkMode ?? '';

/** Where a container is on the network: for one that shares another's, where that one is. */
function endpointsOf(
  container: DockerContainer,
  byId: ReadonlyMap<string, DockerContainer>,
  firstOnly: boolean,
): DockerEndpoint[] {
  let holder = container;
  const seen = new Set<string>();
  while (Object.keys(holder.NetworkSettings?.Networks ?? {}).length === 0 && !seen.has(holder.Id)) {
    seen.add(holder.Id);
    const other = /^container:(.+)$/.exec(networkMode(holder))?.[1];
    const next = other === undefined ? undefined : byId.get(other);
    if (!next) break;
    holder = next;
  }
  const endpoints = Object.entries(holder.NetworkSettings?.Networks ?? {})
    .filter((entry): entry is [string, DockerEndpoint] => entry[1] !== null)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, endpoint]) => endpoint);
  return firstOnly ? endpoints.slice(0, 1) : endpoints;
}

function labelsOfContainer(container: DockerContainer): LabelRecord {
  const prefix = `${PREFIX}container_`;
  const labels: Record<string, string> = {
    [`${prefix}id`]: container.Id,
    [`${prefix}name`]: container.Names![0]!,
    [`${prefix}network_mode`]: networkMode(container),
    [`${prefix}image`]: container.Image ?? '',
    [`${prefix}image_id`]: container.ImageID ?? '',
  };
  for (const [name, value] of Object.entries(container.Labels ?? {}))
    labels[`${prefix}label_${sanitizeLabelName(name)}`] = value;
  return labels;
}

function labelsOfNetwork(network: DockerNetwork): LabelRecord {
  const prefix = `${PREFIX}network_`;
  const labels: Record<string, string> = {
    [`${prefix}id`]: network.Id,
    [`${prefix}name`]: network.Name ?? '',
    [`${prefix}scope`]: network.Scope ?? '',
    [`${prefix}internal`]: String(network.Internal ?? false),
    [`${prefix}ingress`]: String(network.Ingress ?? false),
  };
  for (const [name, value] of Object.entries(network.Labels ?? {}))
    labels[`${prefix}label_${sanitizeLabelName(name)}`] = value;
  return labels;
}

function labelsOfPort(port: DockerPort, ip: string): LabelRecord {
  const number = String(port.PrivatePort ?? 0);
  const labels = { __address__: joinHostPort(ip, number), [`${PREFIX}port_private`]: number };
  if (!port.PublicPort) return labels;
  return {
    ...labels,
    [`${PREFIX}port_public`]: String(port.PublicPort),
    [`${PREFIX}port_public_ip`]: port.IP ?? '',
  };
}
