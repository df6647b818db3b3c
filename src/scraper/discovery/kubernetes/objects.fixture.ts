import type { KubernetesObject } from './api-server.fixture.ts';

/** A pod as the API has it: one container with one port. */
export function podObject(
  name: string,
  more: {
    namespace?: string;
    ip?: string;
    node?: string;
    annotations?: object;
    labels?: object;
    spec?: object;
    owners?: object[];
  } = {},
): KubernetesObject {
  const { namespace = 'default', ip = '10.1.0.1', node = 'node-1' } = more;
  return {
    metadata: {
      name,
      namespace,
      uid: `uid-${name}`,
      labels: more.labels ?? {},
      annotations: more.annotations ?? {},
      ownerReferences: more.owners ?? [],
      managedFields: [{ manager: 'kubelet' }],
    },
    spec: {
      nodeName: node,
      containers: [
        {
          name: 'app',
          image: 'app:1',
          ports: [{ name: 'web', containerPort: 8080, protocol: 'TCP' }],
        },
      ],
      ...more.spec,
    },
    status: {
      phase: 'Running',
      podIP: ip,
      hostIP: '192.168.0.1',
      conditions: [
        { type: 'Initialized', status: 'True' },
        { type: 'Ready', status: 'True' },
      ],
      containerStatuses: [{ name: 'app', containerID: 'containerd://1' }],
    },
  };
}

export function nodeObject(name: string, labels: object = {}): KubernetesObject {
  return {
    metadata: { name, labels },
    spec: { providerID: `cloud://${name}` },
    status: {
      addresses: [
        { type: 'Hostname', address: name },
        { type: 'InternalIP', address: '192.168.0.1' },
        { type: 'InternalIP', address: 'fd00::1' },
      ],
      conditions: [
        { type: 'Ready', status: 'True' },
        { type: 'MemoryPressure', status: 'Unknown' },
      ],
      daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
    },
  };
}

export function serviceObject(name: string, spec: object = {}, status: object = {}): KubernetesObject {
  return {
    metadata: { name, namespace: 'default', labels: { app: name } },
    spec: {
      type: 'ClusterIP',
      clusterIP: '10.96.0.1',
      ports: [{ name: 'http', port: 80, protocol: 'TCP' }],
      ...spec,
    },
    status,
  };
}
