import type { LabelRecord } from '../discoverer.ts';
import { type Json, list, mapping, number, optionalText, record, text, textList } from '../json.ts';

/**
 * What of the objects of a cluster makes labels. Read from the API's JSON field by field, so that a cluster's objects cost no more
 * memory than that, and an object that is not as expected gives empty values rather than a failure.
 */
export interface ObjectMeta {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** Differs whenever anything in the object does. */
  readonly version: string;
  readonly labels: LabelRecord;
  readonly annotations: LabelRecord;
  /** The owner that manages the object. */
  readonly controller: { readonly kind: string; readonly name: string } | undefined;
}

export interface ContainerPort {
  readonly name: string;
  readonly port: number;
  readonly protocol: string;
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly id: string;
  readonly isInit: boolean;
  readonly ports: readonly ContainerPort[];
}

export interface Pod {
  readonly meta: ObjectMeta;
  readonly ip: string;
  readonly hostIp: string;
  readonly phase: string;
  readonly nodeName: string;
  /** `true`, `false` or `unknown`. */
  readonly ready: string;
  readonly containers: readonly Container[];
}

export interface ServicePort {
  readonly name: string;
  readonly port: number;
  readonly protocol: string;
}

export interface Service {
  readonly meta: ObjectMeta;
  readonly type: string;
  readonly clusterIp: string;
  readonly externalName: string;
  readonly loadBalancerIp: string;
  readonly ipFamilyPolicy: string;
  readonly ipFamilies: readonly string[];
  readonly ports: readonly ServicePort[];
}

export interface ObjectReference {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

export interface EndpointAddress {
  readonly ip: string;
  readonly hostname: string;
  readonly nodeName: string | undefined;
  readonly target: ObjectReference | undefined;
}

export interface Endpoints {
  readonly meta: ObjectMeta;
  readonly subsets: readonly {
    readonly addresses: readonly EndpointAddress[];
    readonly notReady: readonly EndpointAddress[];
    readonly ports: readonly ServicePort[];
  }[];
}

export interface EndpointSlice {
  readonly meta: ObjectMeta;
  readonly addressType: string;
  readonly ports: readonly {
    readonly name: string | undefined;
    readonly port: number | undefined;
    readonly protocol: string | undefined;
    readonly appProtocol: string | undefined;
  }[];
  readonly endpoints: readonly {
    readonly addresses: readonly string[];
    /** `ready`, `serving` and `terminating`, as far as they are known. */
    readonly conditions: Readonly<Record<string, boolean>>;
    readonly hostname: string | undefined;
    readonly nodeName: string | undefined;
    readonly zone: string | undefined;
    readonly topology: LabelRecord;
    readonly target: ObjectReference | undefined;
  }[];
}

export interface Node {
  readonly meta: ObjectMeta;
  readonly providerId: string;
  readonly kubeletPort: number;
  readonly conditions: readonly { readonly type: string; readonly status: string }[];
  readonly addresses: readonly { readonly type: string; readonly address: string }[];
}

export interface Ingress {
  readonly meta: ObjectMeta;
  readonly className: string;
  readonly tlsHosts: readonly string[];
  readonly rules: readonly { readonly host: string; readonly paths: readonly string[] | undefined }[];
}

/** An object of which only its names, labels and owner count. */
export interface Plain {
  readonly meta: ObjectMeta;
}

export function readPlain(json: Json): Plain {
  const meta = mapping(json.metadata);
  const owner = list(meta.ownerReferences).find(({ controller }) => controller === true);
  return {
    meta: {
      namespace: text(meta.namespace),
      name: text(meta.name),
      uid: text(meta.uid),
      version: text(meta.resourceVersion),
      labels: record(meta.labels),
      annotations: record(meta.annotations),
      controller: owner && { kind: text(owner.kind), name: text(owner.name) },
    },
  };
}

export function readPod(json: Json): Pod {
  const spec = mapping(json.spec);
  const status = mapping(json.status);
  const ready = list(status.conditions).find(({ type }) => type === 'Ready');
  return {
    ...readPlain(json),
    ip: text(status.podIP),
    hostIp: text(status.hostIP),
    phase: text(status.phase),
    nodeName: text(spec.nodeName),
    ready: ready ? text(ready.status).toLowerCase() : 'unknown',
    containers: [
      ...readContainers(spec.containers, status.containerStatuses, false),
      ...readContainers(spec.initContainers, status.initContainerStatuses, true),
    ],
  };
}

function readContainers(containers: unknown, statuses: unknown, isInit: boolean): Container[] {
  const ids = new Map(list(statuses).map(({ name, containerID }) => [text(name), text(containerID)]));
  return list(containers).map(({ name, image, ports }) => ({
    name: text(name),
    image: text(image),
    id: ids.get(text(name)) ?? '',
    isInit,
    ports: list(ports).map((port) => ({
      name: text(port.name),
      port: number(port.containerPort),
      protocol: text(port.protocol),
    })),
  }));
}

const readPorts = (ports: unknown): ServicePort[] =>
  list(ports).map(({ name, port, protocol }) => ({
    name: text(name),
    port: number(port),
    protocol: text(protocol),
  }));

export function readService(json: Json): Service {
  const spec = mapping(json.spec);
  const ingress = list(mapping(mapping(json.status).loadBalancer).ingress);
  const ips = ingress.map(({ ip }) => text(ip)).filter((ip) => ip !== '');
  return {
    ...readPlain(json),
    type: text(spec.type),
    clusterIp: text(spec.clusterIP),
    externalName: text(spec.externalName),
    loadBalancerIp: ips.length > 0 ? ips.join(',') : text(spec.loadBalancerIP),
    ipFamilyPolicy: text(spec.ipFamilyPolicy),
    ipFamilies: textList(spec.ipFamilies),
    ports: readPorts(spec.ports),
  };
}

function readReference(value: unknown): ObjectReference | undefined {
  if (value === undefined || value === null) return undefined;
  const { kind, namespace, name } = mapping(value);
  return { kind: text(kind), namespace: text(namespace), name: text(name) };
}

export function readEndpoints(json: Json): Endpoints {
  const addresses = (value: unknown): EndpointAddress[] =>
    list(value).map((address) => ({
      ip: text(address.ip),
      hostname: text(address.hostname),
      nodeName: optionalText(address.nodeName),
      target: readReference(address.targetRef),
    }));
  return {
    ...readPlain(json),
    subsets: list(json.subsets).map((subset) => ({
      addresses: addresses(subset.addresses),
      notReady: addresses(subset.notReadyAddresses),
      ports: readPorts(subset.ports),
    })),
  };
}

export function readEndpointSlice(json: Json): EndpointSlice {
  return {
    ...readPlain(json),
    addressType: text(json.addressType),
    ports: list(json.ports).map(({ name, port, protocol, appProtocol }) => ({
      name: optionalText(name),
      port: typeof port === 'number' ? port : undefined,
      protocol: optionalText(protocol),
      appProtocol: optionalText(appProtocol),
    })),
    endpoints: list(json.endpoints).map((endpoint) => ({
      addresses: textList(endpoint.addresses),
      conditions: Object.fromEntries(
        Object.entries(mapping(endpoint.conditions)).filter(
          (entry): entry is [string, boolean] => typeof entry[1] === 'boolean',
        ),
      ),
      hostname: optionalText(endpoint.hostname),
      nodeName: optionalText(endpoint.nodeName),
      zone: optionalText(endpoint.zone),
      topology: record(endpoint.deprecatedTopology),
      target: readReference(endpoint.targetRef),
    })),
  };
}

export function readNode(json: Json): Node {
  const status = mapping(json.status);
  return {
    ...readPlain(json),
    providerId: text(mapping(json.spec).providerID),
    kubeletPort: number(mapping(mapping(status.daemonEndpoints).kubeletEndpoint).Port),
    conditions: list(status.conditions).map((one) => ({ type: text(one.type), status: text(one.status) })),
    addresses: list(status.addresses).map((one) => ({ type: text(one.type), address: text(one.address) })),
  };
}

export function readIngress(json: Json): Ingress {
  const spec = mapping(json.spec);
  return {
    ...readPlain(json),
    className: text(spec.ingressClassName),
    tlsHosts: list(spec.tls).flatMap(({ hosts }) => textList(hosts)),
    rules: list(spec.rules).map(({ host, http }) => ({
      host: text(host),
      paths:
        http === undefined || http === null
          ? undefined
          : list(mapping(http).paths).map(({ path }) => text(path)),
    })),
  };
}
