import type { LabelRecord } from './discoverer.ts';
import { type Json, list, mapping, number, record, text, textList } from './json.ts';
import { joinHostPort, sanitizeLabelName } from './meta-labels.ts';

/** What of an item of `GET /containers/json` counts. */
interface Container {
  readonly id: string;
  /** The first of its names; empty when it has none. */
  readonly name: string;
  readonly image: string;
  readonly imageId: string;
  readonly labels: LabelRecord;
  readonly networkMode: string;
  /** By name of the network. */
  readonly endpoints: readonly Endpoint[];
  readonly ports: readonly Port[];
}

interface Endpoint {
  readonly networkId: string;
  readonly ip: string;
}

interface Port {
  readonly privatePort: number;
  /** 0 for a port that is not published. */
  readonly publicPort: number;
  readonly publicIp: string;
}

interface DockerSettings {
  readonly port: number;
  readonly host_networking_host: string;
  readonly match_first_network: boolean;
}

const PREFIX = '__meta_docker_';

/**
 * One target for each container, network and TCP port; for a container without ports one for each network.
 * @param containers answer to `GET /containers/json`
 * @param networks answer to `GET /networks`
 */
export function dockerTargets(
  containers: readonly unknown[],
  networks: readonly unknown[],
  settings: DockerSettings,
): LabelRecord[] {
  const all = containers.map((container) => readContainer(mapping(container)));
  const byId = new Map(all.map((container) => [container.id, container]));
  const networkLabels = new Map(
    networks.map(mapping).map((network) => [text(network.Id), labelsOfNetwork(network)]),
  );
  const targets: LabelRecord[] = [];
  for (const container of all) {
    if (container.name === '') continue;
    const common = labelsOfContainer(container);
    for (const { networkId, ip } of endpointsOf(container, byId, settings.match_first_network)) {
      const shared = { ...common, ...networkLabels.get(networkId), [`${PREFIX}network_ip`]: ip };
      for (const port of container.ports) targets.push({ ...shared, ...labelsOfPort(port, ip) });
      if (container.ports.length > 0) continue;
      const isHost = container.networkMode === 'host';
      const address = isHost ? settings.host_networking_host : joinHostPort(ip, settings.port);
      targets.push({ ...shared, __address__: address });
    }
  }
  return targets;
}

function readContainer(json: Json): Container {
  const endpoints = Object.entries(mapping(mapping(json.NetworkSettings).Networks))
    .filter(([, endpoint]) => endpoint !== null)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, endpoint]) => mapping(endpoint));
  return {
    id: text(json.Id),
    name: textList(json.Names)[0] ?? '',
    image: text(json.Image),
    imageId: text(json.ImageID),
    labels: record(json.Labels),
    networkMode: text(mapping(json.HostConfig).NetworkMode),
    endpoints: endpoints.map((endpoint) => ({
      networkId: text(endpoint.NetworkID),
      ip: text(endpoint.IPAddress) || text(endpoint.GlobalIPv6Address),
    })),
    ports: list(json.Ports)
      .filter(({ Type }) => Type === 'tcp')
      .map((port) => ({
        privatePort: number(port.PrivatePort),
        publicPort: number(port.PublicPort),
        publicIp: text(port.IP),
      })),
  };
}

/** Where a container is on the network: for one that shares another's, where that one is. */
function endpointsOf(
  container: Container,
  byId: ReadonlyMap<string, Container>,
  firstOnly: boolean,
): readonly Endpoint[] {
  let holder = container;
  const seen = new Set<string>();
  while (holder.endpoints.length === 0 && !seen.has(holder.id)) {
    seen.add(holder.id);
    const other = /^container:(.+)$/.exec(holder.networkMode)?.[1];
    const next = other === undefined ? undefined : byId.get(other);
    if (!next) break;
    holder = next;
  }
  return firstOnly ? holder.endpoints.slice(0, 1) : holder.endpoints;
}

function labelsOfContainer(container: Container): LabelRecord {
  const prefix = `${PREFIX}container_`;
  return {
    [`${prefix}id`]: container.id,
    [`${prefix}name`]: container.name,
    [`${prefix}network_mode`]: container.networkMode,
    [`${prefix}image`]: container.image,
    [`${prefix}image_id`]: container.imageId,
    ...prefixed(`${prefix}label_`, container.labels),
  };
}

function labelsOfNetwork(network: Json): LabelRecord {
  const prefix = `${PREFIX}network_`;
  return {
    [`${prefix}id`]: text(network.Id),
    [`${prefix}name`]: text(network.Name),
    [`${prefix}scope`]: text(network.Scope),
    [`${prefix}internal`]: String(network.Internal === true),
    [`${prefix}ingress`]: String(network.Ingress === true),
    ...prefixed(`${prefix}label_`, record(network.Labels)),
  };
}

function prefixed(prefix: string, labels: LabelRecord): LabelRecord {
  return Object.fromEntries(
    Object.entries(labels).map(([name, value]) => [`${prefix}${sanitizeLabelName(name)}`, value]),
  );
}

function labelsOfPort({ privatePort, publicPort, publicIp }: Port, ip: string): LabelRecord {
  const labels = {
    __address__: joinHostPort(ip, privatePort),
    [`${PREFIX}port_private`]: String(privatePort),
  };
  if (publicPort === 0) return labels;
  return { ...labels, [`${PREFIX}port_public`]: String(publicPort), [`${PREFIX}port_public_ip`]: publicIp };
}
