import type { LabelRecord } from '../discoverer.ts';
import { joinHostPort, sanitizeLabelName } from '../meta-labels.ts';
import { EndpointPods } from './endpoint-pods.ts';
import {
  type Attach,
  attachedNodeLabels,
  type Found,
  type Look,
  metaLabels,
  namespaceLabels,
  PREFIX,
} from './meta.ts';
import type { EndpointSlice, Service } from './objects.ts';
import { keyOf } from './resources.ts';
import { serviceLabels } from './service.ts';

const SERVICE_NAME = 'kubernetes.io/service-name';
const OWN = `${PREFIX}endpointslice_`;

type Endpoint = EndpointSlice['endpoints'][number];
type Port = EndpointSlice['ports'][number];

/** As for endpoints, for one slice of them. */
export function endpointSliceTargets(slice: EndpointSlice, look: Look, attach: Attach): Found {
  const { namespace, labels: given } = slice.meta;
  const serviceName = given[SERVICE_NAME];
  const service = serviceName === undefined ? undefined : look('service', keyOf(namespace, serviceName));
  const labels = {
    [`${PREFIX}namespace`]: namespace,
    [`${OWN}address_type`]: slice.addressType,
    ...metaLabels(slice.meta, 'endpointslice'),
    ...(service ? serviceLabels(service) : {}),
    ...namespaceLabels(namespace, look, attach),
  };
  if (service && isSecondFamily(service, slice)) return { targets: [], labels };
  const pods = new EndpointPods(look, attach);
  const targets = slice.endpoints.flatMap((endpoint) =>
    slice.ports.flatMap((port) =>
      endpoint.addresses.map((address) => ({
        __address__: port.port === undefined ? address : joinHostPort(address, port.port),
        ...portLabels(port),
        ...endpointLabels(endpoint),
        ...attachedNodeLabels(nodeOf(endpoint), look, attach),
        ...pods.labelsFor(endpoint.target, port.port),
      })),
    ),
  );
  return { targets: [...targets, ...pods.uncovered()], labels };
}

/** Slices of the second address family of a service have the same endpoints once more. */
function isSecondFamily({ ipFamilyPolicy, ipFamilies }: Service, slice: EndpointSlice): boolean {
  const isDual = ipFamilyPolicy === 'PreferDualStack' || ipFamilyPolicy === 'RequireDualStack';
  return isDual && ipFamilies.length > 0 && ipFamilies[0] !== slice.addressType;
}

function portLabels({ name, port, protocol, appProtocol }: Port): LabelRecord {
  return {
    [`${OWN}port_name`]: name ?? '',
    [`${OWN}port_protocol`]: protocol ?? '',
    [`${OWN}port`]: port === undefined ? '' : String(port),
    [`${OWN}port_app_protocol`]: appProtocol ?? '',
  };
}

function endpointLabels(endpoint: Endpoint): LabelRecord {
  const labels: Record<string, string> = {
    [`${OWN}endpoint_hostname`]: endpoint.hostname ?? '',
    [`${OWN}endpoint_node_name`]: endpoint.nodeName ?? '',
    [`${OWN}endpoint_zone`]: endpoint.zone ?? '',
    [`${OWN}address_target_kind`]: endpoint.target?.kind ?? '',
    [`${OWN}address_target_name`]: endpoint.target?.name ?? '',
  };
  for (const condition of ['ready', 'serving', 'terminating']) {
    const value = endpoint.conditions[condition];
    if (value !== undefined) labels[`${OWN}endpoint_conditions_${condition}`] = String(value);
  }
  for (const [name, value] of Object.entries(endpoint.topology)) {
    const sanitized = sanitizeLabelName(name);
    labels[`${OWN}endpoint_topology_${sanitized}`] = value;
    labels[`${OWN}endpoint_topology_present_${sanitized}`] = 'true';
  }
  return labels;
}

function nodeOf({ target, nodeName }: Endpoint): string | undefined {
  return target?.kind === 'Node' ? target.name : nodeName;
}
