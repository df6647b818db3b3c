import type { LabelRecord } from '../discoverer.ts';
import { joinHostPort } from '../meta-labels.ts';
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
import type { EndpointAddress, Endpoints, ServicePort } from './objects.ts';
import { keyOf } from './resources.ts';
import { serviceLabels } from './service.ts';

/** A target for each address and port of a service's endpoints, and for the other ports of the pods behind them. */
export function endpointsTargets(endpoints: Endpoints, look: Look, attach: Attach): Found {
  const { meta } = endpoints;
  const service = look('service', keyOf(meta.namespace, meta.name));
  const labels = {
    [`${PREFIX}namespace`]: meta.namespace,
    ...(service ? serviceLabels(service) : {}),
    ...metaLabels(meta, 'endpoints'),
    ...namespaceLabels(meta.namespace, look, attach),
  };
  const pods = new EndpointPods(look, attach);
  const targetOf = (address: EndpointAddress, port: ServicePort, ready: boolean): LabelRecord => ({
    __address__: joinHostPort(address.ip, port.port),
    ...addressLabels(address),
    [`${PREFIX}endpoint_port_name`]: port.name,
    [`${PREFIX}endpoint_port_protocol`]: port.protocol,
    [`${PREFIX}endpoint_ready`]: String(ready),
    ...attachedNodeLabels(nodeOf(address), look, attach),
    ...pods.labelsFor(address.target, port.port, port.protocol),
  });
  const targets = endpoints.subsets.flatMap(({ addresses, notReady, ports }) =>
    ports.flatMap((port) => [
      ...addresses.map((address) => targetOf(address, port, true)),
      ...notReady.map((address) => targetOf(address, port, false)),
    ]),
  );
  return { targets: [...targets, ...pods.uncovered()], labels };
}

function addressLabels({ target, nodeName, hostname }: EndpointAddress): LabelRecord {
  return {
    [`${PREFIX}endpoint_address_target_kind`]: target?.kind ?? '',
    [`${PREFIX}endpoint_address_target_name`]: target?.name ?? '',
    [`${PREFIX}endpoint_node_name`]: nodeName ?? '',
    [`${PREFIX}endpoint_hostname`]: hostname,
  };
}

function nodeOf({ nodeName, target }: EndpointAddress): string | undefined {
  return nodeName ?? (target?.kind === 'Node' ? target.name : undefined);
}
