import { expect, test } from 'vitest';
import { type KubernetesRole, kubernetesSdConfig } from '../../../config/discovery/kubernetes.ts';
import { hasOpenssl } from '../../../testing/certificate.ts';
import { fakeClock } from '../../../testing/fake-clock.ts';
import { runDiscoverer } from '../discoverer.fixture.ts';
import type { LabelRecord } from '../discoverer.ts';
import { KubernetesApiServer, type KubernetesObject } from './api-server.fixture.ts';
import { kubernetesDiscoverer } from './discoverer.ts';

/**
 * Each label that the documentation of Prometheus 3.14 has for a role, from objects that have all of it, over the API: a target has these
 * and no others.
 */

const meta = (name: string, more: object = {}): KubernetesObject['metadata'] => ({
  name,
  namespace: 'shop',
  labels: { 'app.kubernetes.io/name': `l-${name}` },
  annotations: { 'prometheus.io/scrape': `a-${name}` },
  ...more,
});
const ownedBy = (kind: string, name: string): object => ({
  ownerReferences: [
    { kind: 'Other', name: 'x' },
    { kind, name, controller: true },
  ],
});

const pod = (name: string, owner: object): KubernetesObject => ({
  metadata: meta(name, { uid: 'u-1', ...owner }),
  spec: {
    nodeName: 'n1',
    containers: [
      { name: 'app', image: 'app:1', ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }] },
    ],
  },
  status: {
    phase: 'Running',
    podIP: '10.1.0.1',
    hostIP: '192.168.0.1',
    conditions: [{ type: 'Ready', status: 'False' }],
    containerStatuses: [{ name: 'app', containerID: 'containerd://abc' }],
  },
});

const OBJECTS: Readonly<Record<string, readonly KubernetesObject[]>> = {
  namespaces: [{ metadata: { name: 'shop', labels: { team: 'x' }, annotations: { 'owner.io/mail': 'm' } } }],
  nodes: [
    {
      metadata: { name: 'n1', labels: { 'topology/zone': 'z' }, annotations: { 'node.io/b': 'c' } },
      spec: { providerID: 'cloud://n1' },
      status: {
        addresses: [
          { type: 'ExternalIP', address: '1.2.3.4' },
          { type: 'Hostname', address: 'n1' },
          { type: 'InternalIP', address: '192.168.0.1' },
          { type: 'InternalIP', address: '192.168.0.2' },
        ],
        conditions: [
          { type: 'Ready', status: 'True' },
          { type: 'DiskPressure', status: 'False' },
          { type: 'MemoryPressure', status: 'Unknown' },
        ],
        daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
      },
    },
  ],
  services: [
    {
      metadata: meta('web'),
      spec: {
        type: 'LoadBalancer',
        clusterIP: '10.96.0.1',
        loadBalancerIP: '9.9.9.9',
        ports: [{ name: 'http', port: 80, protocol: 'TCP' }],
      },
    },
    {
      metadata: meta('outside'),
      spec: {
        type: 'ExternalName',
        externalName: 'db.example',
        ports: [{ name: 'db', port: 5432, protocol: 'TCP' }],
      },
    },
  ],
  pods: [pod('web-1', ownedBy('ReplicaSet', 'web-rs')), pod('job-1', ownedBy('Job', 'nightly-1'))],
  replicasets: [{ metadata: meta('web-rs', ownedBy('Deployment', 'web')) }],
  jobs: [{ metadata: meta('nightly-1', ownedBy('CronJob', 'nightly')) }],
  endpoints: [
    {
      metadata: meta('web'),
      subsets: [
        {
          addresses: [
            {
              ip: '10.1.0.1',
              hostname: 'web-h',
              nodeName: 'n1',
              targetRef: { kind: 'Pod', namespace: 'shop', name: 'web-1' },
            },
            { ip: '192.168.0.1', targetRef: { kind: 'Node', name: 'n1' } },
          ],
          ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
        },
      ],
    },
  ],
  endpointslices: [
    {
      metadata: meta('web-s', { labels: { 'kubernetes.io/service-name': 'web' } }),
      addressType: 'IPv4',
      ports: [{ name: 'http', port: 8080, protocol: 'TCP', appProtocol: 'h2c' }],
      endpoints: [
        {
          addresses: ['10.1.0.1'],
          conditions: { ready: true, serving: true, terminating: false },
          hostname: 'web-h',
          nodeName: 'n1',
          zone: 'z',
          deprecatedTopology: { 'kubernetes.io/hostname': 'n1' },
          targetRef: { kind: 'Pod', namespace: 'shop', name: 'web-1' },
        },
        { addresses: ['192.168.0.1'], targetRef: { kind: 'Node', name: 'n1' } },
      ],
    },
  ],
  ingresses: [
    {
      metadata: meta('web'),
      spec: {
        ingressClassName: 'nginx',
        tls: [{ hosts: ['*.example'] }],
        rules: [{ host: 'shop.example', http: { paths: [{ path: '/cart' }] } }],
      },
    },
  ],
};

/** The four labels for the label and the annotation of an object made by `meta`. */
const described = (kind: string, name: string): LabelRecord => ({
  [`${kind}_name`]: name,
  [`${kind}_label_app_kubernetes_io_name`]: `l-${name}`,
  [`${kind}_labelpresent_app_kubernetes_io_name`]: 'true',
  [`${kind}_annotation_prometheus_io_scrape`]: `a-${name}`,
  [`${kind}_annotationpresent_prometheus_io_scrape`]: 'true',
});
const ofNamespace: LabelRecord = {
  namespace: 'shop',
  namespace_label_team: 'x',
  namespace_labelpresent_team: 'true',
  namespace_annotation_owner_io_mail: 'm',
  namespace_annotationpresent_owner_io_mail: 'true',
};
const ofNode: LabelRecord = {
  node_name: 'n1',
  node_label_topology_zone: 'z',
  node_labelpresent_topology_zone: 'true',
  node_annotation_node_io_b: 'c',
  node_annotationpresent_node_io_b: 'true',
};
const ofPod = (name: string, more: LabelRecord): LabelRecord => ({
  ...described('pod', name),
  pod_ip: '10.1.0.1',
  pod_ready: 'false',
  pod_phase: 'Running',
  pod_node_name: 'n1',
  pod_host_ip: '192.168.0.1',
  pod_uid: 'u-1',
  pod_container_name: 'app',
  pod_container_image: 'app:1',
  pod_container_init: 'false',
  pod_container_port_name: 'http',
  pod_container_port_number: '8080',
  pod_container_port_protocol: 'TCP',
  ...more,
});
const deployed: LabelRecord = {
  pod_controller_kind: 'ReplicaSet',
  pod_controller_name: 'web-rs',
  pod_deployment_name: 'web',
};

const EXPECTED: Readonly<Record<KubernetesRole, readonly LabelRecord[]>> = {
  node: [
    {
      ...ofNode,
      __address__: '192.168.0.1:10250',
      instance: 'n1',
      node_provider_id: 'cloud://n1',
      node_condition_ready: 'true',
      node_condition_diskpressure: 'false',
      node_condition_memorypressure: 'unknown',
      node_address_ExternalIP: '1.2.3.4',
      node_address_Hostname: 'n1',
      node_address_InternalIP: '192.168.0.1',
    },
  ],
  service: [
    {
      ...ofNamespace,
      ...described('service', 'outside'),
      __address__: 'outside.shop.svc:5432',
      service_port_name: 'db',
      service_port_number: '5432',
      service_port_protocol: 'TCP',
      service_type: 'ExternalName',
      service_external_name: 'db.example',
    },
    {
      ...ofNamespace,
      ...described('service', 'web'),
      __address__: 'web.shop.svc:80',
      service_port_name: 'http',
      service_port_number: '80',
      service_port_protocol: 'TCP',
      service_type: 'LoadBalancer',
      service_cluster_ip: '10.96.0.1',
      service_loadbalancer_ip: '9.9.9.9',
    },
  ],
  pod: [
    {
      ...ofNamespace,
      ...ofNode,
      ...ofPod('job-1', {
        pod_controller_kind: 'Job',
        pod_controller_name: 'nightly-1',
        pod_job_name: 'nightly-1',
        pod_cronjob_name: 'nightly',
      }),
      __address__: '10.1.0.1:8080',
      pod_container_id: 'containerd://abc',
    },
    {
      ...ofNamespace,
      ...ofNode,
      ...ofPod('web-1', deployed),
      __address__: '10.1.0.1:8080',
      pod_container_id: 'containerd://abc',
    },
  ],
  endpoints: [
    {
      ...ofNamespace,
      ...ofNode,
      ...described('endpoints', 'web'),
      ...described('service', 'web'),
      ...ofPod('web-1', deployed),
      __address__: '10.1.0.1:8080',
      endpoint_hostname: 'web-h',
      endpoint_node_name: 'n1',
      endpoint_ready: 'true',
      endpoint_port_name: 'http',
      endpoint_port_protocol: 'TCP',
      endpoint_address_target_kind: 'Pod',
      endpoint_address_target_name: 'web-1',
    },
    {
      ...ofNamespace,
      ...ofNode,
      ...described('endpoints', 'web'),
      ...described('service', 'web'),
      __address__: '192.168.0.1:8080',
      endpoint_ready: 'true',
      endpoint_port_name: 'http',
      endpoint_port_protocol: 'TCP',
      endpoint_address_target_kind: 'Node',
      endpoint_address_target_name: 'n1',
    },
  ],
  endpointslice: [
    {
      ...ofNamespace,
      ...ofNode,
      ...ofSlice(),
      ...described('service', 'web'),
      ...ofPod('web-1', deployed),
      __address__: '10.1.0.1:8080',
      endpointslice_address_target_kind: 'Pod',
      endpointslice_address_target_name: 'web-1',
      endpointslice_endpoint_conditions_ready: 'true',
      endpointslice_endpoint_conditions_serving: 'true',
      endpointslice_endpoint_conditions_terminating: 'false',
      endpointslice_endpoint_hostname: 'web-h',
      endpointslice_endpoint_node_name: 'n1',
      endpointslice_endpoint_zone: 'z',
      endpointslice_endpoint_topology_kubernetes_io_hostname: 'n1',
      endpointslice_endpoint_topology_present_kubernetes_io_hostname: 'true',
    },
    {
      ...ofNamespace,
      ...ofNode,
      ...ofSlice(),
      ...described('service', 'web'),
      __address__: '192.168.0.1:8080',
      endpointslice_address_target_kind: 'Node',
      endpointslice_address_target_name: 'n1',
    },
  ],
  ingress: [
    {
      ...ofNamespace,
      ...described('ingress', 'web'),
      __address__: 'shop.example',
      ingress_class_name: 'nginx',
      ingress_scheme: 'https',
      ingress_host: 'shop.example',
      ingress_path: '/cart',
    },
  ],
};

function ofSlice(): LabelRecord {
  return {
    endpointslice_name: 'web-s',
    endpointslice_label_kubernetes_io_service_name: 'web',
    endpointslice_labelpresent_kubernetes_io_service_name: 'true',
    endpointslice_annotation_prometheus_io_scrape: 'a-web-s',
    endpointslice_annotationpresent_prometheus_io_scrape: 'true',
    endpointslice_address_type: 'IPv4',
    endpointslice_port: '8080',
    endpointslice_port_name: 'http',
    endpointslice_port_protocol: 'TCP',
    endpointslice_port_app_protocol: 'h2c',
  };
}

/** What can be attached for each role. */
const ATTACHED: Readonly<Record<KubernetesRole, readonly string[]>> = {
  node: [],
  service: ['namespace'],
  pod: ['node', 'namespace', 'deployment', 'job', 'cronjob'],
  endpoints: ['node', 'namespace', 'deployment', 'job', 'cronjob'],
  endpointslice: ['node', 'namespace', 'deployment', 'job', 'cronjob'],
  ingress: ['namespace'],
};

/** By what is watched beside what is needed, and may come after it. */
const ATTACHED_LATE = /^pod_(deployment|cronjob)_name$/;

const withoutPrefix = (labels: LabelRecord): LabelRecord =>
  Object.fromEntries(
    Object.entries(labels).map(([name, value]) => [name.replace('__meta_kubernetes_', ''), value]),
  );
const inOrder = (targets: readonly LabelRecord[]): LabelRecord[] => {
  const key = ({ __address__, pod_name, service_name }: LabelRecord): string =>
    [__address__, pod_name, service_name].join();
  return [...targets].sort((a, b) => (key(a) < key(b) ? -1 : 1));
};

test.skipIf(!hasOpenssl).each(Object.entries(EXPECTED) as [KubernetesRole, readonly LabelRecord[]][])(
  'role %s has every label that is documented, with its value',
  async (role, expected) => {
    await using api = await new KubernetesApiServer().listen();
    for (const [collection, objects] of Object.entries(OBJECTS))
      for (const object of objects) api.put(collection, object);
    const config = kubernetesSdConfig.parse({
      role,
      api_server: api.url,
      authorization: { credentials: api.token },
      tls_config: { ca_file: api.certificate.certFile },
      attach_metadata: Object.fromEntries(ATTACHED[role].map((what) => [what, true])),
    });
    const deps = { clock: fakeClock(), version: '1', environment: {}, serviceAccountDir: '/nowhere' };
    await using running = runDiscoverer(kubernetesDiscoverer(config, deps));
    const found = (): LabelRecord[] => inOrder(running.targets().map(withoutPrefix));
    const attached = expected.flatMap((labels) =>
      Object.keys(labels).filter((name) => ATTACHED_LATE.test(name)),
    );
    await running.until(() => {
      const names = found().flatMap((labels) => Object.keys(labels));
      return found().length === expected.length && attached.every((name) => names.includes(name));
    });
    expect(found()).toEqual(inOrder(expected));
  },
);
