import type { KubernetesRole } from '../../../config/discovery/kubernetes.ts';
import { endpointsTargets } from './endpoints.ts';
import { endpointSliceTargets } from './endpointslice.ts';
import { ingressTargets } from './ingress.ts';
import type { Attach, Found, Look } from './meta.ts';
import { nodeTargets } from './node.ts';
import { podTargets } from './pod.ts';
import type { Kind, Objects } from './resources.ts';
import { serviceTargets } from './service.ts';

interface Role<K extends Kind> {
  readonly targets: (object: Objects[K], look: Look, attach: Attach) => Found;
  /** First part of its groups' names, upstream's. */
  readonly source: string;
  /** Kinds it needs beside its own. */
  readonly beside: readonly Kind[];
  /** What `attach_metadata` may add for it. */
  readonly attachable: readonly (keyof Attach)[];
}

const OF_PODS = ['node', 'namespace', 'deployment', 'job', 'cronjob'] as const;

export const roles: { readonly [K in KubernetesRole]: Role<K> } = {
  pod: { targets: podTargets, source: 'pod', beside: [], attachable: OF_PODS },
  service: { targets: serviceTargets, source: 'svc', beside: [], attachable: ['namespace'] },
  endpoints: {
    targets: endpointsTargets,
    source: 'endpoints',
    beside: ['service', 'pod'],
    attachable: OF_PODS,
  },
  endpointslice: {
    targets: endpointSliceTargets,
    source: 'endpointslice',
    beside: ['service', 'pod'],
    attachable: OF_PODS,
  },
  node: { targets: nodeTargets, source: 'node', beside: [], attachable: [] },
  ingress: { targets: ingressTargets, source: 'ingress', beside: [], attachable: ['namespace'] },
};

const ATTACHED: Readonly<Record<keyof Attach, Kind | undefined>> = {
  node: 'node',
  namespace: 'namespace',
  deployment: 'replicaset',
  // The name of a pod's job is the pod's to tell.
  job: undefined,
  cronjob: 'job',
};

/** The kinds to watch for a role. Nothing is found before those in `needed` are known; the others add what they can. */
export function watchedKinds(role: KubernetesRole, attach: Attach): { needed: Kind[]; extra: Kind[] } {
  const { beside, attachable } = roles[role];
  const attached = attachable.flatMap((what) => (attach[what] ? (ATTACHED[what] ?? []) : []));
  const watched = [...new Set<Kind>([role, ...beside, ...attached])];
  const isExtra = (kind: Kind): boolean => kind === 'replicaset' || kind === 'job';
  return { needed: watched.filter((kind) => !isExtra(kind)), extra: watched.filter(isExtra) };
}
