import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net, { type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { completeGlobal, globalConfig } from '../config/global.ts';
import { completeScrape, scrapeConfig } from '../config/scrape.ts';
import { type CollectedSample, collectingAppender } from '../testing/collecting-appender.ts';
import { fakeClock } from '../testing/fake-clock.ts';
import { metricFamilyPage, PROTOBUF_CONTENT_TYPE } from '../testing/metric-family-page.ts';
import { scrapeJob } from '../testing/scrape-job.ts';
import { silentLog } from '../testing/silent-log.ts';
import { createScrapeManager, type ScrapeManager } from './manager.ts';

/** What an exporter answers: a page of text, a page with its type, or a whole answer. */
type Answer =
  | string
  | { readonly type: string; readonly body: string | Uint8Array }
  | { readonly raw: string };

/** An exporter that notes what it is asked, byte by byte. */
async function exporter(answer: (path: string, times: number) => Answer) {
  const heads: string[] = [];
  const sockets = new Set<Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      const head = bytes.toString('latin1');
      heads.push(head);
      // The first byte of TLS, which is not spoken here.
      if (head.charCodeAt(0) === 0x16) return void socket.destroy();
      const said = answer(head.split(' ')[1]!, heads.length);
      if (typeof said !== 'string' && 'raw' in said) return void socket.end(said.raw);
      const { type, body } = typeof said === 'string' ? { type: 'text/plain', body: said } : said;
      const content = Buffer.from(body);
      socket.write(`HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\nContent-Length: ${content.length}\r\n\r\n`);
      socket.write(content);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    heads,
    address: `127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** What half a minute of scraping brought about. */
interface Outcome {
  /** Requests as they were sent. */
  readonly heads: readonly string[];
  readonly address: string;
  header(name: string): string | undefined;
  /** Paths asked for. */
  paths(): string[];
  /** Series of a metric, sorted. */
  series(metric: string): string[];
  samples(metric: string): CollectedSample[];
  /** What is wrong with the first target. */
  problem(): string;
  readonly targets: ReturnType<ScrapeManager['targets']>;
}

async function scrape(
  keysOf: (address: string) => Readonly<Record<string, unknown>>,
  answer: (path: string, times: number) => Answer,
): Promise<Outcome> {
  await using target = await exporter(answer);
  const clock = fakeClock();
  const appender = collectingAppender();
  const registry = new Registry();
  const manager = createScrapeManager({ appender, clock, log: silentLog(), registry, version: '1.2.3' });
  const static_configs = [{ targets: [target.address], labels: { instance: 'i' } }];
  await manager.apply([scrapeJob({ static_configs, ...keysOf(target.address) })]);
  const inFlight = registry.getSingleMetric('belfry_scrapes_in_flight')!;
  for (let step = 0; step < 120; step++) {
    await clock.advance(250);
    while ((await inFlight.get()).values[0]!.value > 0) await new Promise(setImmediate);
  }
  const { active, dropped } = manager.targets();
  const targets = { active, dropped };
  await manager.stop();
  const series = (metric: string): string[] =>
    appender.series().filter((name) => name.startsWith(`${metric}{`) || name.startsWith(`${metric}_`));
  return {
    heads: [...target.heads],
    address: target.address,
    header: (name) => new RegExp(`^${name}: (.*)\r$`, 'm').exec(target.heads[0]!)?.[1],
    paths: () => target.heads.map((head) => head.split(' ')[1]!),
    series,
    samples: (metric) => series(metric).flatMap((name) => appender.samples(name)),
    problem: () => active[0]!.lastError,
    targets,
  };
}

interface Row {
  readonly value: unknown;
  /** Other keys of the job, with and without. */
  readonly beside?: Readonly<Record<string, unknown>>;
  readonly answer?: (path: string, times: number) => Answer;
  readonly see: (outcome: Outcome) => unknown;
  readonly without: unknown;
  readonly with: unknown;
}

const folder = mkdtempSync(join(tmpdir(), 'belfry-keys-'));
const tokenFile = join(folder, 'token');
writeFileSync(tokenFile, 'from-file\n');
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

const ACCEPT_TEXT =
  'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2';
const OWN_TIME = Date.UTC(2026, 0, 1) - 1000;

const histogramPage = {
  type: PROTOBUF_CONTENT_TYPE,
  body: metricFamilyPage([
    {
      name: 'h',
      type: 'histogram',
      metrics: [
        {
          histogram: {
            count: 8,
            sum: 9,
            schema: 3,
            buckets: [[1, 8]],
            positiveSpans: [[0, 4]],
            positiveDeltas: [2, 0, 0, 0],
          },
        },
      ],
    },
  ]),
};
const classicPage = '# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="+Inf"} 2\nh_sum 3\nh_count 2\n';
const manySeries = Array.from({ length: 10 }, (_, i) => `a{id="${i}"} 1\n`).join('');
const schemaOf = ({ samples }: Outcome): unknown => {
  const { value } = samples('h')[0]!;
  return typeof value === 'object' && value.schema;
};
const authorization = (outcome: Outcome): unknown => outcome.header('Authorization');
const problem = (outcome: Outcome): string => outcome.problem();
const path = ({ paths }: Outcome): unknown => paths()[0];
const SMALL_BUDGET = 8;

/** Each key of a scrape config: what can be seen without it, and what with it. */
const ROWS: Readonly<Record<string, Row>> = {
  job_name: {
    value: 'other',
    see: ({ series }) => series('up'),
    without: ['up{instance="i", job="job"}'],
    with: ['up{instance="i", job="other"}'],
  },
  scrape_interval: { value: '5s', see: ({ heads }) => heads.length, without: 2, with: 6 },
  scrape_timeout: {
    value: '2500ms',
    see: ({ header }) => header('X-Prometheus-Scrape-Timeout-Seconds'),
    without: '10',
    with: '2.5',
  },
  scrape_protocols: {
    value: ['PrometheusText0.0.4', 'OpenMetricsText1.0.0'],
    see: ({ header }) => header('Accept'),
    without: ACCEPT_TEXT,
    with: 'text/plain;version=0.0.4;q=0.6,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,*/*;q=0.4',
  },
  fallback_scrape_protocol: {
    value: 'OpenMetricsText1.0.0',
    answer: () => ({ type: 'text/html', body: 'a 1\n# EOF\n' }),
    see: problem,
    without:
      'received unsupported Content-Type "text/html" and no fallback_scrape_protocol specified for target',
    with: '',
  },
  scrape_native_histograms: {
    value: true,
    answer: () => histogramPage,
    see: ({ series, header }) => [series('h').length, header('Accept')!.slice(0, 31)],
    without: [4, 'application/openmetrics-text;ve'],
    with: [1, 'application/vnd.google.protobuf'],
  },
  always_scrape_classic_histograms: {
    value: true,
    beside: { scrape_native_histograms: true },
    answer: () => histogramPage,
    see: ({ series }) => series('h').length,
    without: 1,
    with: 5,
  },
  convert_classic_histograms_to_nhcb: {
    value: true,
    answer: () => classicPage,
    see: ({ series }) => series('h'),
    without: [
      'h_bucket{instance="i", job="job", le="+Inf"}',
      'h_bucket{instance="i", job="job", le="1.0"}',
      'h_count{instance="i", job="job"}',
      'h_sum{instance="i", job="job"}',
    ],
    with: ['h{instance="i", job="job"}'],
  },
  extra_scrape_metrics: {
    value: true,
    see: ({ series }) => series('scrape').map((name) => name.split('{')[0]),
    without: [
      'scrape_duration_seconds',
      'scrape_samples_post_metric_relabeling',
      'scrape_samples_scraped',
      'scrape_series_added',
    ],
    with: [
      'scrape_body_size_bytes',
      'scrape_duration_seconds',
      'scrape_sample_limit',
      'scrape_samples_post_metric_relabeling',
      'scrape_samples_scraped',
      'scrape_series_added',
      'scrape_timeout_seconds',
    ],
  },
  honor_labels: {
    value: true,
    answer: () => 'a{job="own"} 1\n',
    see: ({ series }) => series('a'),
    without: ['a{exported_job="own", instance="i", job="job"}'],
    with: ['a{instance="i", job="own"}'],
  },
  honor_timestamps: {
    value: false,
    answer: () => `a 1 ${OWN_TIME}\n`,
    see: ({ samples }) => samples('a').some(({ timestamp }) => timestamp === OWN_TIME),
    without: true,
    with: false,
  },
  track_timestamps_staleness: {
    value: true,
    answer: (_, times) => (times === 1 ? `a 1 ${OWN_TIME}\n` : 'b 1\n'),
    see: ({ samples }) => samples('a').map(({ value }) => value),
    without: [1],
    with: [1, 'stale'],
  },
  params: {
    value: { 'match[]': ['{a="b c"}', 'up'], module: ['x~y*z'] },
    see: path,
    without: '/metrics',
    with: '/metrics?match%5B%5D=%7Ba%3D%22b+c%22%7D&match%5B%5D=up&module=x~y%2Az',
  },
  metrics_path: { value: '/probe', see: path, without: '/metrics', with: '/probe' },
  scheme: { value: 'https', see: ({ heads }) => heads[0]!.charCodeAt(0), without: 0x47, with: 0x16 },
  enable_compression: {
    value: true,
    see: ({ header }) => header('Accept-Encoding'),
    without: 'identity',
    with: 'gzip',
  },
  body_size_limit: {
    value: '4B',
    see: problem,
    without: '',
    with: 'body size limit exceeded: the page has 4 bytes or more (body_size_limit)',
  },
  sample_limit: {
    value: 9,
    answer: () => manySeries,
    see: problem,
    without: '',
    with: 'sample limit exceeded: 10 samples after relabelling, sample_limit 9',
  },
  target_limit: {
    value: 1,
    beside: { static_configs: [{ targets: ['127.0.0.1:1', '127.0.0.2:1'] }] },
    see: problem,
    without: 'Get "http://127.0.0.1:1/metrics": dial tcp 127.0.0.1:1: connect: connection refused',
    with: 'target_limit exceeded (number of targets: 2, limit: 1)',
  },
  label_limit: {
    value: 3,
    answer: () => 'a{x="1"} 1\n',
    see: problem,
    without: '',
    with: 'label_limit exceeded (metric: a, number of labels: 4, limit: 3)',
  },
  label_name_length_limit: {
    value: 8,
    answer: () => 'a{longer_one="1"} 1\n',
    see: problem,
    without: '',
    with: 'label_name_length_limit exceeded (metric: a, label name: longer_one, length: 10, limit: 8)',
  },
  label_value_length_limit: {
    value: 3,
    answer: () => 'a{x="four"} 1\n',
    see: problem,
    without: '',
    with: 'label_value_length_limit exceeded (metric: a, label name: x, value: "four", length: 4, limit: 3)',
  },
  native_histogram_bucket_limit: {
    value: 2,
    beside: { scrape_native_histograms: true },
    answer: () => histogramPage,
    see: schemaOf,
    without: 3,
    with: 1,
  },
  native_histogram_min_bucket_factor: {
    value: 4,
    beside: { scrape_native_histograms: true },
    answer: () => histogramPage,
    see: schemaOf,
    without: 3,
    with: -1,
  },
  series_budget: {
    value: SMALL_BUDGET,
    answer: () => manySeries,
    see: ({ series }) => series('a').length,
    without: 10,
    with: 3,
  },
  job_series_budget: {
    value: SMALL_BUDGET,
    answer: () => manySeries,
    see: ({ series }) => series('a').length,
    without: 10,
    with: 3,
  },
  keep_dropped_targets: {
    value: 1,
    beside: { static_configs: [{ targets: ['a:1', 'b:1', 'c:1'] }], relabel_configs: [{ action: 'drop' }] },
    see: ({ targets }) => targets.dropped.length,
    without: 3,
    with: 1,
  },
  metric_name_validation_scheme: {
    value: 'legacy',
    answer: () => '{"with.dot"} 1\n',
    see: ({ problem: wrong, header }) => [wrong(), header('Accept')!.slice(0, 57)],
    without: ['', 'application/openmetrics-text;version=1.0.0;escaping=allow'],
    with: [
      'invalid metric name or label names: "with.dot" (metric_name_validation_scheme legacy)',
      'application/openmetrics-text;version=1.0.0;escaping=under',
    ],
  },
  metric_name_escaping_scheme: {
    value: 'dots',
    see: ({ header }) => header('Accept'),
    without: ACCEPT_TEXT,
    with: ACCEPT_TEXT.replaceAll('allow-utf-8', 'dots'),
  },
  basic_auth: {
    value: { username: 'me', password: 'secret' },
    see: authorization,
    without: undefined,
    with: 'Basic bWU6c2VjcmV0',
  },
  authorization: {
    value: { type: 'Key', credentials: 'k' },
    see: authorization,
    without: undefined,
    with: 'Key k',
  },
  bearer_token: { value: 't', see: authorization, without: undefined, with: 'Bearer t' },
  bearer_token_file: { value: tokenFile, see: authorization, without: undefined, with: 'Bearer from-file' },
  oauth2: {
    value: (address: string) => ({ client_id: 'c', token_url: `http://${address}/token` }),
    answer: (asked) =>
      asked === '/token' ? { type: 'application/json', body: '{"access_token":"given"}' } : 'a 1\n',
    see: ({ heads }) => heads.flatMap((head) => /^Authorization: Bearer (.*)\r$/m.exec(head)?.[1] ?? []),
    without: [],
    with: ['given', 'given'],
  },
  follow_redirects: {
    value: false,
    answer: (asked) =>
      asked === '/metrics'
        ? { raw: 'HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n' }
        : 'a 1\n',
    see: problem,
    without: '',
    with: 'server returned HTTP status 302 Found',
  },
  proxy_url: {
    value: (address: string) => `http://${address}`,
    beside: { static_configs: [{ targets: ['127.0.0.1:1'] }] },
    see: path,
    without: undefined,
    with: 'http://127.0.0.1:1/metrics',
  },
  no_proxy: {
    value: '127.0.0.0/8',
    beside: { proxy_url: 'http://127.0.0.1:1' },
    see: path,
    without: undefined,
    with: '/metrics',
  },
  http_headers: {
    value: { 'x-tenant': { values: ['a'], secrets: ['b'] } },
    see: ({ heads }) => heads[0]!.match(/^X-Tenant: .*/gm)?.map((line) => line.trim()),
    without: undefined,
    with: ['X-Tenant: a', 'X-Tenant: b'],
  },
  relabel_configs: {
    value: [{ target_label: 'instance', replacement: 'changed' }],
    see: ({ series }) => series('up'),
    without: ['up{instance="i", job="job"}'],
    with: ['up{instance="changed", job="job"}'],
  },
  metric_relabel_configs: {
    value: [{ source_labels: ['__name__'], regex: 'a', action: 'drop' }],
    see: ({ series, samples }) => [
      series('a').length,
      samples('scrape_samples_post_metric_relabeling')[0]!.value,
    ],
    without: [1, 1],
    with: [0, 0],
  },
  static_configs: {
    value: [{ targets: ['127.0.0.1:1'], labels: { zone: 'z' } }],
    see: ({ series }) => series('up'),
    without: ['up{instance="i", job="job"}'],
    with: ['up{instance="127.0.0.1:1", job="job", zone="z"}'],
  },
};

test.each(Object.entries(ROWS))('%s', async (key, row) => {
  const answer = row.answer ?? ((): Answer => 'a 1\n');
  const before = await scrape(() => ({ ...row.beside }), answer);
  expect(row.see(before)).toEqual(row.without);
  const valueAt = (address: string): unknown =>
    typeof row.value === 'function' ? row.value(address) : row.value;
  const after = await scrape((address) => ({ ...row.beside, [key]: valueAt(address) }), answer);
  expect(row.see(after)).toEqual(row.with);
});

/** Keys that need more of a world than an exporter, and the tests that have it. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  scrape_failure_log_file: 'manager.test.ts',
  tls_config: 'http-client-tls.test.ts',
  proxy_from_environment: 'http-proxy.test.ts',
  proxy_connect_header: 'http-tunnel.test.ts',
  file_sd_configs: 'discovery/file.test.ts',
  http_sd_configs: 'discovery/http.test.ts',
  dns_sd_configs: 'discovery/dns.test.ts',
  docker_sd_configs: 'discovery/docker.test.ts',
  kubernetes_sd_configs: 'discovery/kubernetes/discoverer.test.ts',
};
/** Named as such in the documentation. */
const WITHOUT_EFFECT = /^No effect:|^Read, but finds no targets/;

test('no key is left out', () => {
  const { shape } = scrapeConfig.unwrap();
  const left = Object.entries(shape)
    .filter(([key]) => !(key in ROWS) && !(key in ELSEWHERE))
    .filter(([, schema]) => !WITHOUT_EFFECT.test(schema.description ?? ''))
    .map(([key]) => key);
  expect(left).toEqual([]);
  expect([...Object.keys(ROWS), ...Object.keys(ELSEWHERE)].filter((key) => !(key in shape))).toEqual([]);
});

const INHERITED = Object.keys(ROWS).filter((key) => key in globalConfig.shape);

test.each(INHERITED)('global.%s is what a job has unless it says otherwise', (key) => {
  const { value } = ROWS[key]!;
  const plain = completeGlobal(globalConfig.parse({}));
  const own = completeScrape(scrapeConfig.parse({ job_name: 'job', [key]: value }), plain);
  const given = completeGlobal(globalConfig.parse({ [key]: value }));
  const inherited = completeScrape(scrapeConfig.parse({ job_name: 'job' }), given);
  expect(Reflect.get(inherited, key)).toEqual(Reflect.get(own, key));
  expect(Reflect.get(own, key)).not.toEqual(
    Reflect.get(completeScrape(scrapeConfig.parse({ job_name: 'job' }), plain), key),
  );
});

test('a request is what upstream sends, to the byte, but for the name and the kept connection', async () => {
  const { heads, address } = await scrape(
    () => ({}),
    () => 'a 1\n',
  );
  expect(heads[0]).toBe(
    [
      'GET /metrics HTTP/1.1',
      `Host: ${address}`,
      'Connection: keep-alive',
      `Accept: ${ACCEPT_TEXT}`,
      'User-Agent: belfry/1.2.3',
      'X-Prometheus-Scrape-Timeout-Seconds: 10',
      'Accept-Encoding: identity',
      '\r\n',
    ].join('\r\n'),
  );
});
