import { expect, test } from 'vitest';
import { formatFinding } from './finding.ts';
import { checkFile } from './load.ts';

/**
 * Every key that the configuration page of Prometheus 3.14 has for scraping, in use: the outcome says whether it is served, or what the
 * warning says that tells it is not.
 */
function outcome(text: string): string {
  const { errors, warnings } = checkFile('/c.yml', {
    env: {},
    cwd: '/etc',
    files: { read: () => text, glob: () => [] },
  });
  const shown = (finding: Parameters<typeof formatFinding>[0]): string =>
    formatFinding(finding).replace(/^\/c.yml:\d+:\d+: /, '');
  if (errors.length > 0) return `refused: ${errors.map(shown).join('; ')}`;
  return warnings.length > 0 ? warnings.map(shown).join('; ') : 'served';
}

const job = (keys: string): string => `scrape_configs: [{job_name: a, ${keys}}]`;

const SCRAPE_KEYS = [
  'scrape_interval: 20s',
  'scrape_timeout: 5s',
  'scrape_protocols: [PrometheusProto, OpenMetricsText1.0.0, OpenMetricsText0.0.1, PrometheusText1.0.0, PrometheusText0.0.4]',
  'fallback_scrape_protocol: PrometheusText0.0.4',
  'metrics_path: /probe',
  'honor_labels: true',
  'honor_timestamps: false',
  'track_timestamps_staleness: true',
  'scheme: https',
  'params: {module: [http_2xx, b]}',
  'enable_compression: false',
  'scrape_failure_log_file: failures.log',
  'static_configs: [{targets: ["a:80"], labels: {b: c}}]',
  'relabel_configs: [{source_labels: [__address__, b], separator: ";", target_label: c, regex: "(.*)", modulus: 3, replacement: $1, action: replace}]',
  'relabel_configs: [{source_labels: [__address__], target_label: __tmp_hash, modulus: 3, action: hashmod}]',
  'metric_relabel_configs: [{regex: "id_.*", action: labeldrop}]',
  'body_size_limit: 10MB',
  'sample_limit: 1000',
  'label_limit: 30',
  'label_name_length_limit: 200',
  'label_value_length_limit: 1000',
  'target_limit: 100',
  'keep_dropped_targets: 10',
  'metric_name_validation_scheme: legacy',
  'metric_name_escaping_scheme: dots',
  'native_histogram_bucket_limit: 160',
  'native_histogram_min_bucket_factor: 1.1',
  'scrape_native_histograms: true',
  'convert_classic_histograms_to_nhcb: true',
  'always_scrape_classic_histograms: true',
  'extra_scrape_metrics: true',
];

const GLOBAL_KEYS = [
  ...SCRAPE_KEYS.filter((keys) =>
    /^(scrape_|body_size|sample|label_|target_limit|keep_dropped|metric_name|always|convert|extra)/.test(
      keys,
    ),
  ),
  'evaluation_interval: 30s',
  'rule_query_offset: 1m',
  'external_labels: {a: b}',
];

const RELABEL_ACTIONS = [
  'action: replace, target_label: a',
  'action: lowercase, target_label: a',
  'action: uppercase, target_label: a',
  'action: keep',
  'action: drop',
  'action: keepequal, target_label: a, source_labels: [b]',
  'action: dropequal, target_label: a, source_labels: [b]',
  'action: hashmod, target_label: a, modulus: 4',
  'action: labelmap, regex: "a_(.+)", replacement: "b_$1"',
  'action: labeldrop, regex: a',
  'action: labelkeep, regex: a',
];

const HTTP_KEYS = [
  'basic_auth: {username: u, password: p}',
  'basic_auth: {username_file: u, password_file: p}',
  'authorization: {type: Token, credentials: secret}',
  'authorization: {credentials_file: secret}',
  'oauth2: {client_id: a, client_secret: b, scopes: [c], token_url: "https://t", endpoint_params: {d: e}}',
  'oauth2: {client_id: a, client_secret_file: b, token_url: "https://t", tls_config: {ca_file: c}}',
  'oauth2: {client_id: a, grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", client_certificate_key_file: k, client_certificate_key_id: i, signature_algorithm: RS512, iss: i, audience: u, claims: {c: d}, token_url: "https://t"}',
  'oauth2: {client_id: a, client_certificate_key: k, grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", token_url: "https://t"}',
  'oauth2: {client_id: a, token_url: "https://t", proxy_url: "http://p", no_proxy: x, proxy_connect_header: {h: [v]}}',
  'oauth2: {client_id: a, token_url: "https://t", proxy_from_environment: true}',
  'follow_redirects: false',
  'enable_http2: true',
  'enable_http2: false',
  'tls_config: {ca: c, cert: d, key: e, server_name: s, insecure_skip_verify: true, min_version: TLS12, max_version: TLS13}',
  'tls_config: {ca_file: c, cert_file: d, key_file: e}',
  'proxy_url: "http://p", no_proxy: "a,10.0.0.0/8"',
  'proxy_from_environment: true',
  'proxy_url: "http://p", proxy_connect_header: {h: [v]}',
  'http_headers: {X-A: {values: [a], secrets: [b], files: [c]}}',
];

const DISCOVERY = [
  'file_sd_configs: [{files: [a.json, "b/*.yml", c.yaml], refresh_interval: 1m}]',
  'http_sd_configs: [{url: "http://a", refresh_interval: 1m}]',
  'dns_sd_configs: [{names: [a], type: MX, port: 80, refresh_interval: 1m}]',
  ...['SRV', 'NS'].map((type) => `dns_sd_configs: [{names: [a], type: ${type}, port: 80}]`),
  ...['A', 'AAAA'].map((type) => `dns_sd_configs: [{names: [a], type: ${type}, port: 80}]`),
  'docker_sd_configs: [{host: "unix:///var/run/docker.sock", port: 80, host_networking_host: localhost, match_first_network: true, filters: [{name: label, values: [a, b]}], refresh_interval: 1m}]',
  'kubernetes_sd_configs: [{role: pod, api_server: "https://a", namespaces: {names: [a]}, selectors: [{role: pod, label: "a=b", field: "c=d"}], attach_metadata: {node: true, namespace: true, deployment: true, job: true, cronjob: true}}]',
  'kubernetes_sd_configs: [{role: pod, kubeconfig_file: k}]',
  'kubernetes_sd_configs: [{role: pod, namespaces: {own_namespace: true}}]',
  ...['node', 'service', 'endpoints', 'endpointslice', 'ingress'].map(
    (role) => `kubernetes_sd_configs: [{role: ${role}}]`,
  ),
];

const UNSERVED =
  'aws azure consul digitalocean dockerswarm ec2 eureka gce hetzner ionos kuma lightsail linode marathon nerve nomad oci openstack outscale ovhcloud puppetdb scaleway serverset stackit triton uyuni vultr'.split(
    ' ',
  );

const SIGV4 =
  'sigv4: {region: a, access_key: b, secret_key: c, profile: d, role_arn: e, external_id: f, service_name: g, use_fips_sts_endpoint: true}';

const REMOTE_WRITE = [
  'protobuf_message: io.prometheus.write.v2.Request',
  'remote_timeout: 10s',
  'headers: {X-Scope-OrgID: a}',
  'write_relabel_configs: [{action: drop, regex: a}]',
  'name: a',
  'send_exemplars: true',
  'send_native_histograms: true',
  'queue_config: {capacity: 10, max_shards: 9, min_shards: 2, max_samples_per_send: 5, batch_send_deadline: 1s, min_backoff: 1s, max_backoff: 2s, retry_on_http_429: true, sample_age_limit: 1h}',
  'metadata_config: {send: true, send_interval: 1m, max_samples_per_send: 500}',
  SIGV4,
  'sigv4: {}',
  ...HTTP_KEYS,
];

test.each([
  ...SCRAPE_KEYS.map(job),
  ...GLOBAL_KEYS.map((keys) => `global: {${keys}}`),
  ...RELABEL_ACTIONS.map((keys) => job(`relabel_configs: [{${keys}}]`)),
  ...HTTP_KEYS.map(job),
  ...DISCOVERY.map(job),
  // Where a discovery asks over HTTP it has those keys, too.
  ...HTTP_KEYS.map((keys) => job(`http_sd_configs: [{url: "http://a", ${keys}}]`)),
  ...HTTP_KEYS.map((keys) => job(`docker_sd_configs: [{host: "tcp://a", ${keys}}]`)),
  ...HTTP_KEYS.map((keys) => job(`kubernetes_sd_configs: [{role: pod, api_server: "https://a", ${keys}}]`)),
  ...[SIGV4, 'sigv4: {}', ...HTTP_KEYS].map(
    (keys) => `alerting: {alertmanagers: [{scheme: https, path_prefix: /a, timeout: 5s, ${keys}}]}`,
  ),
  ...REMOTE_WRITE.map((keys) => `remote_write: [{url: "http://a", ${keys}}]`),
])('%s is served', (text) => {
  expect(outcome(text)).toBe('served');
});

test.each(UNSERVED)('%s_sd_configs is read, and a warning says that it finds no targets', (kind) => {
  expect(outcome(job(`${kind}_sd_configs: [{server: a, refresh_interval: 1m}]`))).toBe(
    `scrape_configs[0].${kind}_sd_configs: job "a" gets no targets from ${kind}_sd_configs: not supported, use http_sd_configs`,
  );
});

test.each([
  ['round_robin_dns: true', 'has no effect: addresses are taken in the order the resolver gives'],
  ['azuread: {cloud: a}', 'not supported: Azure AD; nothing is sent to this endpoint'],
  ['google_iam: {credentials_file: a}', 'not supported: Google IAM; nothing is sent to this endpoint'],
])('remote write with %s is read, and a warning says what becomes of it', (keys, warning) => {
  expect(outcome(`remote_write: [{url: "http://a", ${keys}}]`)).toBe(
    `remote_write[0].${keys.split(':')[0]}: ${warning}`,
  );
});

test.each([
  ['sigv4: {region: a}', 'basic_auth: {username: a, password: b}'],
  ['sigv4: {region: a}', 'bearer_token: a'],
  ['azuread: {cloud: a}', 'sigv4: {region: a}'],
  ['google_iam: {}', 'oauth2: {client_id: a, client_secret: b, token_url: "http://a"}'],
])('remote write with %s and %s is refused, as upstream', (one, other) => {
  expect(outcome(`remote_write: [{url: "http://a", ${one}, ${other}}]`)).toMatch(
    /^refused: .*expected one way to authenticate, got/,
  );
});

test.each([
  job('scrape_intervall: 1m'),
  job('basic_auth: {user: a}'),
  job('dns_sd_configs: [{names: [a], typ: A}]'),
  job('docker_sd_configs: [{host: "tcp://a", socket: a}]'),
  job('kubernetes_sd_configs: [{role: pod, namespace: a}]'),
  job('relabel_configs: [{action: replace, target: a}]'),
  'remote_write: [{url: "http://a", queue: {}}]',
])('what is no key is refused: %s', (text) => {
  expect(outcome(text)).toMatch(/^refused: .*expected (a known key|one of [a-z_, ]+), got/);
});
