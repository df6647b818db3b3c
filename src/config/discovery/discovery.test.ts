import { expect, test } from 'vitest';
import { formatFinding } from '../finding.ts';
import { checkFile } from '../load.ts';
import { scrapeConfig } from '../scrape.ts';
import { fieldSelectorFault, labelSelectorFault } from './selectors.ts';

/** What is wrong with a job that has this discovery, as `path: message`. */
function faults(discovery: string): string[] {
  const text = `scrape_configs: [{job_name: a, ${discovery}}]`;
  const { errors } = checkFile('/c.yml', {
    env: {},
    cwd: '/etc',
    files: { read: () => text, glob: () => [] },
  });
  return errors.map((error) => formatFinding(error).replace(/^.*?: scrape_configs\[0\]\.?/, ''));
}

test.each([
  'file_sd_configs: [{files: [foo/*.slow.json, single/file.yml], refresh_interval: 10m}]',
  'http_sd_configs: [{url: "http://example.com/prometheus"}]',
  'http_sd_configs: [{url: "https://example.com/", bearer_token: x, tls_config: {ca_file: a}}]',
  'dns_sd_configs: [{names: [a.example.com]}, {names: [b], type: a, port: 9100}]',
  'docker_sd_configs: [{host: "unix:///var/run/docker.sock"}, {host: "tcp://a:2375", filters: [{name: label, values: [x]}]}]',
  'kubernetes_sd_configs: [{role: pod}]',
  'kubernetes_sd_configs: [{role: endpoints, api_server: "https://localhost:1234", basic_auth: {username: u, password: p}}]',
  'kubernetes_sd_configs: [{role: endpoints, api_server: ""}]',
  'kubernetes_sd_configs: [{role: endpointslice, kubeconfig_file: /tmp/kubeconfig}]',
  'kubernetes_sd_configs: [{role: pod, namespaces: {own_namespace: true, names: [a, b]}}]',
  'kubernetes_sd_configs: [{role: pod, attach_metadata: {node: true, cronjob: true}}]',
  'kubernetes_sd_configs: [{role: endpoints, selectors: [{role: pod, label: "foo=bar"}, {role: service, field: "metadata.name=x"}]}]',
  'consul_sd_configs: [{anything: goes}]',
])('%s is accepted', (discovery) => {
  expect(faults(discovery)).toEqual([]);
});

test.each<[discovery: string, faults: string[]]>([
  [
    'file_sd_configs: [{files: []}]',
    ['file_sd_configs[0].files: expected at least one file, got an empty list'],
  ],
  [
    'file_sd_configs: [{files: ["/a/*/b.json", /c.txt]}]',
    [
      'file_sd_configs[0].files[0]: expected a .json, .yml or .yaml file with wildcards in its last part only, got "/a/*/b.json"',
      'file_sd_configs[0].files[1]: expected a .json, .yml or .yaml file with wildcards in its last part only, got "/c.txt"',
    ],
  ],
  ['http_sd_configs: [{}]', ['http_sd_configs[0].url: expected a text, got nothing']],
  [
    'http_sd_configs: [{url: "ftp://example.com"}]',
    [
      'http_sd_configs[0].url: expected an address such as "https://example.org/path", got "ftp://example.com"',
    ],
  ],
  [
    'http_sd_configs: [{url: "http://a", basic_auth: {username: a}, bearer_token: b}]',
    ['http_sd_configs[0].bearer_token: expected one way to authenticate, got basic_auth and bearer_token'],
  ],
  ['dns_sd_configs: [{names: [a], type: MX}]', ['dns_sd_configs[0]: expected a port for records of type MX']],
  [
    'dns_sd_configs: [{names: [a], type: TXT}]',
    ['dns_sd_configs[0].type: expected one of SRV, A, AAAA, MX, NS, got "TXT"'],
  ],
  [
    'docker_sd_configs: [{host: "npipe:////./pipe/docker"}]',
    [
      'docker_sd_configs[0].host: expected an address such as "unix:///var/run/docker.sock" or "tcp://host:2375", got "npipe:////./pipe/docker"',
    ],
  ],
  [
    'kubernetes_sd_configs: [{role: gateway}]',
    [
      'kubernetes_sd_configs[0].role: expected one of pod, service, endpoints, endpointslice, node, ingress, got "gateway"',
    ],
  ],
  [
    'kubernetes_sd_configs: [{role: pod, api_server: "http://a", kubeconfig_file: b}]',
    ['kubernetes_sd_configs[0].kubeconfig_file: expected either api_server or kubeconfig_file, got both'],
  ],
  [
    'kubernetes_sd_configs: [{role: pod, bearer_token: a}]',
    ['kubernetes_sd_configs[0].bearer_token: expected api_server beside bearer_token'],
  ],
  [
    'kubernetes_sd_configs: [{role: pod, kubeconfig_file: b, tls_config: {ca_file: a}}]',
    [
      'kubernetes_sd_configs[0].tls_config: expected no tls_config beside kubeconfig_file, which says how requests are made',
    ],
  ],
  [
    'kubernetes_sd_configs: [{role: pod, api_server: "http://a", namespaces: {own_namespace: true}}]',
    ['kubernetes_sd_configs[0].namespaces.own_namespace: expected no own_namespace beside api_server'],
  ],
  [
    'kubernetes_sd_configs: [{role: pod, selectors: [{role: pod}, {role: pod}, {role: service}]}]',
    [
      'kubernetes_sd_configs[0].selectors[1].role: expected one selector for each role, got pod again',
      'kubernetes_sd_configs[0].selectors[2].role: expected pod or node with role pod, got service',
    ],
  ],
  [
    'kubernetes_sd_configs: [{role: node, selectors: [{role: node, label: "foo>bar", field: "metadata.status-Running"}]}]',
    [
      'kubernetes_sd_configs[0].selectors[0].label: expected a label selector such as "app=web,tier in (a,b),!canary", got "foo>bar"',
      'kubernetes_sd_configs[0].selectors[0].field: expected a field selector such as "spec.nodeName=a,status.phase!=Failed", got "metadata.status-Running"',
    ],
  ],
  [
    'kubernetes_sd_configs: [{role: pod, namespace: {names: [a]}}]',
    ['kubernetes_sd_configs[0].namespace: expected a known key, got "namespace"; did you mean "namespaces"?'],
  ],
])('%s is refused', (discovery, expected) => {
  expect(faults(discovery)).toEqual(expected);
});

test('defaults are those of upstream', () => {
  const job = scrapeConfig.parse({
    job_name: 'a',
    file_sd_configs: [{ files: ['a.json'] }],
    http_sd_configs: [{ url: 'http://a/' }],
    dns_sd_configs: [{ names: ['a'] }],
    docker_sd_configs: [{ host: 'tcp://a:1' }],
    kubernetes_sd_configs: [{ role: 'pod' }],
  });
  expect(job).toMatchObject({
    file_sd_configs: [{ refresh_interval: 300_000 }],
    http_sd_configs: [{ refresh_interval: 60_000, follow_redirects: true }],
    dns_sd_configs: [{ type: 'SRV', refresh_interval: 30_000 }],
    docker_sd_configs: [
      {
        port: 80,
        host_networking_host: 'localhost',
        match_first_network: true,
        refresh_interval: 60_000,
        filters: [],
      },
    ],
    kubernetes_sd_configs: [
      { namespaces: { own_namespace: false, names: [] }, attach_metadata: { node: false, namespace: false } },
    ],
  });
});

test.each([
  ['', true],
  ['a', true],
  ['!a', true],
  ['app.kubernetes.io/name=web, tier in (a, b),x notin (c),y!=z,w==', true],
  ['a>5', true],
  ['a in (b', false],
  ['-a=b', false],
  ['a=b c', false],
])('label selector %j is valid: %s', (selector, isValid) => {
  expect(labelSelectorFault(selector) === undefined).toBe(isValid);
});

test.each([
  ['', true],
  ['metadata.name=a', true],
  ['status.phase!=Failed,spec.nodeName==b', true],
  ['metadata.name', false],
  ['=a', false],
])('field selector %j is valid: %s', (selector, isValid) => {
  expect(fieldSelectorFault(selector) === undefined).toBe(isValid);
});
