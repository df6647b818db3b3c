import { type Json, mapping } from '../json.ts';
import {
  type EndpointSlice,
  type Endpoints,
  type Ingress,
  type Node,
  type Plain,
  type Pod,
  readEndpointSlice,
  readEndpoints,
  readIngress,
  readNode,
  readPlain,
  readPod,
  readService,
  type Service,
} from './objects.ts';

/** The kinds of objects that are watched. */
export interface Objects {
  pod: Pod;
  service: Service;
  endpoints: Endpoints;
  endpointslice: EndpointSlice;
  node: Node;
  ingress: Ingress;
  namespace: Plain;
  replicaset: Plain;
  job: Plain;
}
export type Kind = keyof Objects;

interface Resource<Object> {
  /** Where the API has them. */
  readonly api: string;
  readonly plural: string;
  readonly isNamespaced: boolean;
  readonly read: (json: Json) => Object;
}

export const resources: { readonly [K in Kind]: Resource<Objects[K]> } = {
  pod: { api: '/api/v1', plural: 'pods', isNamespaced: true, read: readPod },
  service: { api: '/api/v1', plural: 'services', isNamespaced: true, read: readService },
  endpoints: { api: '/api/v1', plural: 'endpoints', isNamespaced: true, read: readEndpoints },
  endpointslice: {
    api: '/apis/discovery.k8s.io/v1',
    plural: 'endpointslices',
    isNamespaced: true,
    read: readEndpointSlice,
  },
  node: { api: '/api/v1', plural: 'nodes', isNamespaced: false, read: readNode },
  ingress: { api: '/apis/networking.k8s.io/v1', plural: 'ingresses', isNamespaced: true, read: readIngress },
  namespace: { api: '/api/v1', plural: 'namespaces', isNamespaced: false, read: readPlain },
  replicaset: { api: '/apis/apps/v1', plural: 'replicasets', isNamespaced: true, read: readPlain },
  job: { api: '/apis/batch/v1', plural: 'jobs', isNamespaced: true, read: readPlain },
};

/** Path of a collection; of all namespaces for the empty one. */
export function collectionPath(kind: Kind, namespace: string): string {
  const { api, plural, isNamespaced } = resources[kind];
  return isNamespaced && namespace !== ''
    ? `${api}/namespaces/${encodeURIComponent(namespace)}/${plural}`
    : `${api}/${plural}`;
}

/** What names an object among those of its kind: `namespace/name`, or the name of one that has no namespace. */
export function keyOf(namespace: string, name: string): string {
  return namespace === '' ? name : `${namespace}/${name}`;
}

export function jsonKey(json: unknown): string {
  const { namespace, name } = mapping(mapping(json).metadata);
  return keyOf(String(namespace ?? ''), String(name ?? ''));
}
