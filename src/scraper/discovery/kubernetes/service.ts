import type { LabelRecord } from '../discoverer.ts';
import { joinHostPort } from '../meta-labels.ts';
import { type Attach, type Found, type Look, metaLabels, namespaceLabels, PREFIX } from './meta.ts';
import type { Service } from './objects.ts';

/** A target for each port of a service, under its name in the cluster's DNS. */
export function serviceTargets(service: Service, look: Look, attach: Attach): Found {
  const { name, namespace } = service.meta;
  const own = `${PREFIX}service_`;
  const isExternal = service.type === 'ExternalName';
  const targets = service.ports.map((port) => ({
    __address__: joinHostPort(`${name}.${namespace}.svc`, port.port),
    [`${own}port_name`]: port.name,
    [`${own}port_number`]: String(port.port),
    [`${own}port_protocol`]: port.protocol,
    [`${own}type`]: service.type,
    [`${own}external_name`]: isExternal ? service.externalName : '',
    [`${own}cluster_ip`]: isExternal ? '' : service.clusterIp,
    [`${own}loadbalancer_ip`]: service.type === 'LoadBalancer' ? service.loadBalancerIp : '',
  }));
  return { targets, labels: { ...serviceLabels(service), ...namespaceLabels(namespace, look, attach) } };
}

/** What every target of a service gets, whichever role finds it. */
export function serviceLabels({ meta }: Service): LabelRecord {
  return { [`${PREFIX}namespace`]: meta.namespace, ...metaLabels(meta, 'service') };
}
