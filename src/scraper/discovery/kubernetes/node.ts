import { joinHostPort, sanitizeLabelName } from '../meta-labels.ts';
import { type Found, metaLabels, PREFIX } from './meta.ts';
import type { Node } from './objects.ts';

/** Kinds of addresses, the best first. */
const PREFERRED = ['InternalIP', 'InternalDNS', 'ExternalIP', 'ExternalDNS', 'LegacyHostIP', 'Hostname'];

/** A node's kubelet. */
export function nodeTargets(node: Node): Found {
  const labels: Record<string, string> = { [`${PREFIX}node_provider_id`]: node.providerId };
  for (const { type, status } of node.conditions)
    labels[`${PREFIX}node_condition_${sanitizeLabelName(type.toLowerCase())}`] = status.toLowerCase();
  const target: Record<string, string> = { instance: node.meta.name };
  for (const { type, address } of node.addresses)
    target[sanitizeLabelName(`${PREFIX}node_address_${type}`)] ??= address;
  const [best] = PREFERRED.flatMap((type) => node.addresses.filter((address) => address.type === type));
  const targets = best ? [{ ...target, __address__: joinHostPort(best.address, node.kubeletPort) }] : [];
  return { targets, labels: { ...labels, ...metaLabels(node.meta, 'node') } };
}
