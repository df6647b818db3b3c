import type { LabelRecord } from '../discoverer.ts';
import { joinHostPort } from '../meta-labels.ts';
import {
  type Attach,
  attachedNodeLabels,
  type Found,
  type Look,
  metaLabels,
  namespaceLabels,
  PREFIX,
} from './meta.ts';
import type { Container, ContainerPort, Pod } from './objects.ts';
import { keyOf } from './resources.ts';

/** A target for each port of a pod's containers; for a container without ports one without a port. */
export function podTargets(pod: Pod, look: Look, attach: Attach): Found {
  const none: Found = { targets: [], labels: {} };
  // A pod that is starting or was evicted has no address.
  if (pod.ip === '') return none;
  // Nodes that a selector leaves out take their pods with them.
  if (attach.node && !look('node', pod.nodeName)) return none;
  const labels = {
    ...podLabels(pod, look, attach),
    [`${PREFIX}namespace`]: pod.meta.namespace,
    ...attachedNodeLabels(pod.nodeName, look, attach),
    ...namespaceLabels(pod.meta.namespace, look, attach),
  };
  const targets = pod.containers.flatMap((container): LabelRecord[] => {
    const own = { [`${PREFIX}pod_container_id`]: container.id, ...containerLabels(container) };
    if (container.ports.length === 0) return [{ __address__: pod.ip, ...own }];
    return container.ports.map((port) => ({
      __address__: joinHostPort(pod.ip, port.port),
      ...own,
      ...portLabels(port),
    }));
  });
  return { targets, labels };
}

/** What every target of a pod gets, whichever role finds it. */
export function podLabels(pod: Pod, look: Look, attach: Attach): LabelRecord {
  return {
    [`${PREFIX}pod_ip`]: pod.ip,
    [`${PREFIX}pod_ready`]: pod.ready,
    [`${PREFIX}pod_phase`]: pod.phase,
    [`${PREFIX}pod_node_name`]: pod.nodeName,
    [`${PREFIX}pod_host_ip`]: pod.hostIp,
    [`${PREFIX}pod_uid`]: pod.meta.uid,
    ...metaLabels(pod.meta, 'pod'),
    ...controllerLabels(pod, look, attach),
  };
}

function controllerLabels({ meta }: Pod, look: Look, attach: Attach): LabelRecord {
  const { controller, namespace } = meta;
  if (!controller) return {};
  const labels: Record<string, string> = {
    [`${PREFIX}pod_controller_kind`]: controller.kind,
    [`${PREFIX}pod_controller_name`]: controller.name,
  };
  const key = keyOf(namespace, controller.name);
  if (controller.kind === 'ReplicaSet' && attach.deployment) {
    const owner = look('replicaset', key)?.meta.controller;
    if (owner?.kind === 'Deployment') labels[`${PREFIX}pod_deployment_name`] = owner.name;
  }
  if (controller.kind !== 'Job') return labels;
  if (attach.job) labels[`${PREFIX}pod_job_name`] = controller.name;
  const owner = attach.cronjob ? look('job', key)?.meta.controller : undefined;
  if (owner?.kind === 'CronJob') labels[`${PREFIX}pod_cronjob_name`] = owner.name;
  return labels;
}

export function containerLabels(container: Container): LabelRecord {
  return {
    [`${PREFIX}pod_container_name`]: container.name,
    [`${PREFIX}pod_container_image`]: container.image,
    [`${PREFIX}pod_container_init`]: String(container.isInit),
  };
}

export function portLabels({ name, port, protocol }: ContainerPort): LabelRecord {
  return {
    [`${PREFIX}pod_container_port_name`]: name,
    [`${PREFIX}pod_container_port_number`]: String(port),
    [`${PREFIX}pod_container_port_protocol`]: protocol,
  };
}
