import { expect, test } from 'vitest';
import { dockerTargets } from './docker-targets.ts';

const settings = { port: 80, host_networking_host: 'localhost', match_first_network: true };

const networks = [
  {
    Id: 'n1',
    Name: 'app_default',
    Scope: 'local',
    Internal: false,
    Ingress: false,
    Labels: { 'com.example/x': 'y' },
  },
  { Id: 'n2', Name: 'backend', Scope: 'local', Internal: true },
];

const container = (more: object): object => ({
  Id: 'c1',
  Names: ['/web'],
  HostConfig: { NetworkMode: 'app_default' },
  NetworkSettings: { Networks: { app_default: { NetworkID: 'n1', IPAddress: '172.19.0.2' } } },
  ...more,
});

const addresses = (containers: object[], more: Partial<typeof settings> = {}): (string | undefined)[] =>
  dockerTargets(containers, networks, { ...settings, ...more }).map(({ __address__ }) => __address__);

test('a container has a target for each TCP port, with all that is known of it', () => {
  const web = container({
    Image: 'nginx:1',
    ImageID: 'sha256:1',
    Labels: { 'com.docker.compose.service': 'web', 'prometheus-job': 'web' },
    Ports: [
      { Type: 'tcp', PrivatePort: 9113, PublicPort: 19113, IP: '0.0.0.0' },
      { Type: 'udp', PrivatePort: 53 },
      { Type: 'tcp', PrivatePort: 443 },
    ],
  });
  const common = {
    __meta_docker_container_id: 'c1',
    __meta_docker_container_name: '/web',
    __meta_docker_container_network_mode: 'app_default',
    __meta_docker_container_image: 'nginx:1',
    __meta_docker_container_image_id: 'sha256:1',
    __meta_docker_container_label_com_docker_compose_service: 'web',
    __meta_docker_container_label_prometheus_job: 'web',
    __meta_docker_network_id: 'n1',
    __meta_docker_network_name: 'app_default',
    __meta_docker_network_scope: 'local',
    __meta_docker_network_internal: 'false',
    __meta_docker_network_ingress: 'false',
    __meta_docker_network_label_com_example_x: 'y',
    __meta_docker_network_ip: '172.19.0.2',
  };
  expect(dockerTargets([web], networks, settings)).toEqual([
    {
      ...common,
      __address__: '172.19.0.2:9113',
      __meta_docker_port_private: '9113',
      __meta_docker_port_public: '19113',
      __meta_docker_port_public_ip: '0.0.0.0',
    },
    { ...common, __address__: '172.19.0.2:443', __meta_docker_port_private: '443' },
  ]);
});

test('a container without TCP ports is given the port; one in the network of its host, the host', () => {
  expect(addresses([container({ Ports: [{ Type: 'udp', PrivatePort: 53 }] })])).toEqual(['172.19.0.2:80']);
  const host = container({
    HostConfig: { NetworkMode: 'host' },
    NetworkSettings: { Networks: { host: { NetworkID: 'h', IPAddress: '' } } },
  });
  expect(addresses([host], { host_networking_host: 'docker.example' })).toEqual(['docker.example']);
  // Its own mode counts: in the network of one that is in the host's, as upstream.
  const beside = container({
    Id: 'c2',
    HostConfig: { NetworkMode: 'container:c1' },
    NetworkSettings: { Networks: {} },
  });
  expect(addresses([host, beside])).toEqual(['localhost', ':80']);
});

test('a container without a network is no target', () => {
  const networkless = { HostConfig: { NetworkMode: 'none' }, NetworkSettings: { Networks: {} } };
  expect(addresses([container({ ...networkless, Ports: [{ Type: 'tcp', PrivatePort: 80 }] })])).toEqual([]);
});

test('a container in the network of another is where that one is', () => {
  const sidecar = container({
    Id: 'c2',
    Names: ['/sidecar'],
    HostConfig: { NetworkMode: 'container:c1' },
    NetworkSettings: { Networks: {} },
    Ports: [{ Type: 'tcp', PrivatePort: 9100 }],
  });
  const main = container({ Ports: [{ Type: 'tcp', PrivatePort: 8080 }] });
  expect(addresses([sidecar, main])).toEqual(['172.19.0.2:9100', '172.19.0.2:8080']);
  expect(addresses([sidecar])).toEqual([]);
  const circular = container({ HostConfig: { NetworkMode: 'container:c1' }, NetworkSettings: null });
  expect(addresses([circular])).toEqual([]);
});

test('of several networks the first by name counts, or all of them', () => {
  const both = container({
    NetworkSettings: {
      Networks: {
        backend: { NetworkID: 'n2', IPAddress: '172.20.0.2' },
        app_default: { NetworkID: 'n1', IPAddress: '', GlobalIPv6Address: 'fd00::2' },
        gone: null,
      },
    },
  });
  expect(addresses([both])).toEqual(['[fd00::2]:80']);
  expect(addresses([both], { match_first_network: false })).toEqual(['[fd00::2]:80', '172.20.0.2:80']);
});

test('a container without a name is left out', () => {
  expect(addresses([container({ Names: [] }), container({ Names: null })])).toEqual([]);
});
