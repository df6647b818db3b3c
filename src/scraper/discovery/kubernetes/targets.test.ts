import { expect, test } from 'vitest';
import type { KubernetesRole } from '../../../config/discovery/kubernetes.ts';
import type { LabelRecord } from '../discoverer.ts';
import type { KubernetesObject } from './api-server.fixture.ts';
import { ClusterView } from './cluster-view.ts';
import type { Attach } from './meta.ts';
import { nodeObject, podObject, serviceObject } from './objects.fixture.ts';
import type { Kind } from './resources.ts';

const NOTHING: Attach = { node: false, namespace: false, deployment: false, job: false, cronjob: false };

/** Targets of a role with the labels of their groups, empty ones left out, and the prefix `__meta_kubernetes_`. */
function targets(
  role: KubernetesRole,
  objects: [Kind, KubernetesObject][],
  attach: Partial<Attach> = {},
): LabelRecord[] {
  const view = new ClusterView(role, { ...NOTHING, ...attach });
  for (const [kind, object] of objects) view.put(kind, object);
  return [...view.changes(() => true)].flatMap((group) =>
    group.targets.map((target) =>
      Object.fromEntries(
        Object.entries({ ...group.labels, ...target })
          .filter(([, value]) => value !== '')
          .map(([name, value]) => [name.replace('__meta_kubernetes_', ''), value]),
      ),
    ),
  );
}

const podLabels = {
  namespace: 'default',
  pod_name: 'a',
  pod_ip: '10.1.0.1',
  pod_ready: 'true',
  pod_phase: 'Running',
  pod_node_name: 'node-1',
  pod_host_ip: '192.168.0.1',
  pod_uid: 'uid-a',
};

const containerLabels = {
  pod_container_name: 'app',
  pod_container_image: 'app:1',
  pod_container_init: 'false',
  pod_container_port_name: 'web',
  pod_container_port_number: '8080',
  pod_container_port_protocol: 'TCP',
};

test('role pod: a target for each port, or one without port', () => {
  const pod = podObject('a', {
    labels: { 'app.kubernetes.io/name': 'web' },
    annotations: { 'prometheus.io/scrape': 'true' },
    owners: [
      { kind: 'Other', name: 'x' },
      { kind: 'StatefulSet', name: 'db', controller: true },
    ],
    spec: {
      containers: [
        {
          name: 'app',
          image: 'app:1',
          ports: [
            { containerPort: 9100, protocol: 'TCP' },
            { name: 'b', containerPort: 53, protocol: 'UDP' },
          ],
        },
        { name: 'side', image: 'side:1' },
      ],
      initContainers: [{ name: 'init', image: 'init:1' }],
    },
  });
  const shared = {
    ...podLabels,
    pod_label_app_kubernetes_io_name: 'web',
    pod_labelpresent_app_kubernetes_io_name: 'true',
    pod_annotation_prometheus_io_scrape: 'true',
    pod_annotationpresent_prometheus_io_scrape: 'true',
    pod_controller_kind: 'StatefulSet',
    pod_controller_name: 'db',
  };
  const app = {
    ...shared,
    pod_container_name: 'app',
    pod_container_image: 'app:1',
    pod_container_id: 'containerd://1',
    pod_container_init: 'false',
  };
  expect(targets('pod', [['pod', pod]])).toEqual([
    {
      ...app,
      __address__: '10.1.0.1:9100',
      pod_container_port_number: '9100',
      pod_container_port_protocol: 'TCP',
    },
    {
      ...app,
      __address__: '10.1.0.1:53',
      pod_container_port_name: 'b',
      pod_container_port_number: '53',
      pod_container_port_protocol: 'UDP',
    },
    {
      ...shared,
      __address__: '10.1.0.1',
      pod_container_name: 'side',
      pod_container_image: 'side:1',
      pod_container_init: 'false',
    },
    {
      ...shared,
      __address__: '10.1.0.1',
      pod_container_name: 'init',
      pod_container_image: 'init:1',
      pod_container_init: 'true',
    },
  ]);
  expect(targets('pod', [['pod', podObject('a', { ip: '' })]])).toEqual([]);
  expect(targets('pod', [['pod', podObject('a', { ip: 'fd00::2' })]])[0]!.__address__).toBe('[fd00::2]:8080');
});

test('role pod with metadata of node, namespace, deployment, job and cron job', () => {
  const attach = { node: true, namespace: true, deployment: true, job: true, cronjob: true };
  const owned = (kind: string, name: string): KubernetesObject['metadata'] => ({
    name: 'owner',
    namespace: 'default',
    ownerReferences: [{ kind, name, controller: true }],
  });
  const objects: [Kind, KubernetesObject][] = [
    ['node', nodeObject('node-1', { zone: 'a' })],
    ['namespace', { metadata: { name: 'default', labels: { team: 'x' } } }],
    ['replicaset', { metadata: owned('Deployment', 'web') }],
    ['job', { metadata: owned('CronJob', 'nightly') }],
  ];
  const podOf = (kind: string): KubernetesObject =>
    podObject('a', { owners: [{ kind, name: 'owner', controller: true }] });
  const [deployed] = targets('pod', [...objects, ['pod', podOf('ReplicaSet')]], attach);
  expect(deployed).toMatchObject({
    node_name: 'node-1',
    node_label_zone: 'a',
    node_labelpresent_zone: 'true',
    namespace: 'default',
    namespace_label_team: 'x',
    pod_deployment_name: 'web',
  });
  const [nightly] = targets('pod', [...objects, ['pod', podOf('Job')]], attach);
  expect(nightly).toMatchObject({ pod_job_name: 'owner', pod_cronjob_name: 'nightly' });
  expect(targets('pod', [['pod', podObject('a', { node: 'elsewhere' })], ...objects], attach)).toEqual([]);
  const [plain] = targets('pod', [...objects, ['pod', podOf('Job')]]);
  expect(Object.keys(plain!).filter((name) => /^node|^namespace_|job_name|deployment/.test(name))).toEqual(
    [],
  );
});

test('role node: the kubelet, at the best address', () => {
  expect(targets('node', [['node', nodeObject('node-1', { zone: 'a' })]])).toEqual([
    {
      __address__: '192.168.0.1:10250',
      instance: 'node-1',
      node_name: 'node-1',
      node_provider_id: 'cloud://node-1',
      node_label_zone: 'a',
      node_labelpresent_zone: 'true',
      node_condition_ready: 'true',
      node_condition_memorypressure: 'unknown',
      node_address_Hostname: 'node-1',
      node_address_InternalIP: '192.168.0.1',
    },
  ]);
});

test('role service: its name in the DNS, for each port', () => {
  const shared = {
    namespace: 'default',
    service_name: 'web',
    service_label_app: 'web',
    service_labelpresent_app: 'true',
    service_port_name: 'http',
    service_port_number: '80',
    service_port_protocol: 'TCP',
    __address__: 'web.default.svc:80',
  };
  expect(targets('service', [['service', serviceObject('web')]])).toEqual([
    { ...shared, service_type: 'ClusterIP', service_cluster_ip: '10.96.0.1' },
  ]);
  const external = serviceObject('web', { type: 'ExternalName', externalName: 'db.example' });
  expect(targets('service', [['service', external]])).toEqual([
    { ...shared, service_type: 'ExternalName', service_external_name: 'db.example' },
  ]);
  const balanced = serviceObject(
    'web',
    { type: 'LoadBalancer', loadBalancerIP: '1.1.1.1' },
    { loadBalancer: { ingress: [{ ip: '2.2.2.2' }, { hostname: 'x' }, { ip: '3.3.3.3' }] } },
  );
  expect(targets('service', [['service', balanced]])[0]).toMatchObject({
    service_type: 'LoadBalancer',
    service_loadbalancer_ip: '2.2.2.2,3.3.3.3',
  });
});

test('role endpoints: addresses, what is behind them, and the other ports of their pods', () => {
  const pod = podObject('a', {
    spec: {
      containers: [
        {
          name: 'app',
          image: 'app:1',
          ports: [
            { name: 'web', containerPort: 8080, protocol: 'TCP' },
            { name: 'admin', containerPort: 9000, protocol: 'TCP' },
          ],
        },
      ],
    },
  });
  const endpoints: KubernetesObject = {
    metadata: { name: 'web', namespace: 'default', labels: { of: 'web' } },
    subsets: [
      {
        addresses: [
          {
            ip: '10.1.0.1',
            nodeName: 'node-1',
            hostname: 'a-0',
            targetRef: { kind: 'Pod', name: 'a', namespace: 'default' },
          },
        ],
        notReadyAddresses: [{ ip: '10.9.0.9' }],
        ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
      },
    ],
  };
  const found = targets('endpoints', [
    ['pod', pod],
    ['service', serviceObject('web')],
    ['endpoints', endpoints],
  ]);
  const shared = {
    namespace: 'default',
    service_name: 'web',
    service_label_app: 'web',
    service_labelpresent_app: 'true',
    endpoints_name: 'web',
    endpoints_label_of: 'web',
    endpoints_labelpresent_of: 'true',
  };
  expect(found).toEqual([
    {
      ...shared,
      ...podLabels,
      ...containerLabels,
      __address__: '10.1.0.1:8080',
      endpoint_port_name: 'http',
      endpoint_port_protocol: 'TCP',
      endpoint_ready: 'true',
      endpoint_node_name: 'node-1',
      endpoint_hostname: 'a-0',
      endpoint_address_target_kind: 'Pod',
      endpoint_address_target_name: 'a',
    },
    {
      ...shared,
      __address__: '10.9.0.9:8080',
      endpoint_port_name: 'http',
      endpoint_port_protocol: 'TCP',
      endpoint_ready: 'false',
    },
    {
      ...shared,
      ...podLabels,
      ...containerLabels,
      __address__: '10.1.0.1:9000',
      pod_container_port_name: 'admin',
      pod_container_port_number: '9000',
    },
  ]);
});

const slice = (more: object = {}): KubernetesObject => ({
  metadata: { name: 'web-x1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'web' } },
  addressType: 'IPv4',
  ports: [{ name: 'http', port: 8080, protocol: 'TCP', appProtocol: 'http' }],
  endpoints: [
    {
      addresses: ['10.1.0.1'],
      conditions: { ready: true, serving: true, terminating: false },
      nodeName: 'node-1',
      zone: 'a',
      deprecatedTopology: { 'topology.kubernetes.io/region': 'r' },
      targetRef: { kind: 'Pod', name: 'a', namespace: 'default' },
    },
  ],
  ...more,
});

test('role endpointslice: the same of a slice', () => {
  const objects: [Kind, KubernetesObject][] = [
    ['pod', podObject('a')],
    ['node', nodeObject('node-1', { zone: 'a' })],
    ['service', serviceObject('web')],
  ];
  expect(targets('endpointslice', [...objects, ['endpointslice', slice()]], { node: true })).toEqual([
    {
      ...podLabels,
      ...containerLabels,
      __address__: '10.1.0.1:8080',
      service_name: 'web',
      service_label_app: 'web',
      service_labelpresent_app: 'true',
      endpointslice_name: 'web-x1',
      endpointslice_label_kubernetes_io_service_name: 'web',
      endpointslice_labelpresent_kubernetes_io_service_name: 'true',
      endpointslice_address_type: 'IPv4',
      endpointslice_port_name: 'http',
      endpointslice_port_protocol: 'TCP',
      endpointslice_port: '8080',
      endpointslice_port_app_protocol: 'http',
      endpointslice_endpoint_conditions_ready: 'true',
      endpointslice_endpoint_conditions_serving: 'true',
      endpointslice_endpoint_conditions_terminating: 'false',
      endpointslice_endpoint_node_name: 'node-1',
      endpointslice_endpoint_zone: 'a',
      endpointslice_endpoint_topology_topology_kubernetes_io_region: 'r',
      endpointslice_endpoint_topology_present_topology_kubernetes_io_region: 'true',
      endpointslice_address_target_kind: 'Pod',
      endpointslice_address_target_name: 'a',
      node_name: 'node-1',
      node_label_zone: 'a',
      node_labelpresent_zone: 'true',
    },
  ]);
  const withoutPort = slice({ ports: [{ name: '' }], endpoints: [{ addresses: ['10.1.0.7'] }] });
  expect(targets('endpointslice', [['endpointslice', withoutPort]])[0]!.__address__).toBe('10.1.0.7');
});

test('role endpointslice: the second address family of a service has no targets of its own', () => {
  const dual = serviceObject('web', { ipFamilyPolicy: 'PreferDualStack', ipFamilies: ['IPv6', 'IPv4'] });
  expect(
    targets('endpointslice', [
      ['service', dual],
      ['endpointslice', slice()],
    ]),
  ).toEqual([]);
  const single = serviceObject('web', { ipFamilyPolicy: 'SingleStack', ipFamilies: ['IPv6'] });
  expect(
    targets('endpointslice', [
      ['service', single],
      ['endpointslice', slice()],
    ]),
  ).toHaveLength(1);
});

test('role ingress: a target for each host and path, https where it is', () => {
  const ingress: KubernetesObject = {
    metadata: { name: 'web', namespace: 'default', annotations: { a: 'b' } },
    spec: {
      ingressClassName: 'nginx',
      tls: [{ hosts: ['*.example', 'x.y'] }],
      rules: [
        { host: 'a.example', http: { paths: [{ path: '/a' }, {}] } },
        { host: 'a.b.example' },
        { host: 'example', http: { paths: [] } },
      ],
    },
  };
  const shared = {
    namespace: 'default',
    ingress_name: 'web',
    ingress_class_name: 'nginx',
    ingress_annotation_a: 'b',
    ingress_annotationpresent_a: 'true',
  };
  expect(targets('ingress', [['ingress', ingress]])).toEqual([
    {
      ...shared,
      __address__: 'a.example',
      ingress_host: 'a.example',
      ingress_scheme: 'https',
      ingress_path: '/a',
    },
    {
      ...shared,
      __address__: 'a.example',
      ingress_host: 'a.example',
      ingress_scheme: 'https',
      ingress_path: '/',
    },
    {
      ...shared,
      __address__: 'a.b.example',
      ingress_host: 'a.b.example',
      ingress_scheme: 'http',
      ingress_path: '/',
    },
  ]);
});

test('an object that is not as expected gives no error', () => {
  const broken = {
    metadata: { name: 'a', namespace: 'b', labels: [1], ownerReferences: 'x' },
    spec: 5,
    status: null,
  } as unknown as KubernetesObject;
  for (const role of ['pod', 'service', 'endpoints', 'endpointslice', 'node', 'ingress'] as const)
    expect(targets(role, [[role, broken]])).toEqual([]);
});

test('only groups that a change may touch are made anew', () => {
  const view = new ClusterView('pod', { ...NOTHING, node: true, namespace: true });
  const changed = (): string[] =>
    [...view.changes(() => true)].map(({ source, targets: { length } }) => `${source} ${length}`);
  view.put('pod', podObject('a', { node: 'node-1' }));
  view.put('pod', podObject('b', { node: 'node-2' }));
  expect(changed()).toEqual(['pod/default/a 0', 'pod/default/b 0']);
  view.put('node', nodeObject('node-1'));
  expect(changed()).toEqual(['pod/default/a 1']);
  view.put('namespace', { metadata: { name: 'default' } });
  expect(changed()).toEqual(['pod/default/a 1']);
  view.put('namespace', { metadata: { name: 'other' } });
  view.put('node', nodeObject('node-3'));
  expect(changed()).toEqual([]);
  view.keepOnly('pod', 'elsewhere', new Set());
  view.keepOnly('pod', 'default', new Set(['default/b']));
  expect(changed()).toEqual(['pod/default/a 0']);
  view.remove('node', 'node-1');
  expect(changed()).toEqual([]);
});
