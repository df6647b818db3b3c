import { execFile, execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type Appliance,
  eventually,
  runToEnd,
  startAppliance,
  temporaryFolder,
} from './harness/appliance.ts';
import { EXECUTABLE } from './harness/executable.ts';
import { peer } from './harness/peers.ts';

/** The words of promtool and amtool on the executable, beside Debian's own where it has the word. */
const stack = new AsyncDisposableStack();
const promtool = peer('promtool');
const amtool = peer('amtool');
const folder = temporaryFolder('promtool');
let belfry: Appliance;
afterAll(async () => {
  await stack.disposeAsync();
  fs.rmSync(folder, { recursive: true, force: true });
});

interface Ended {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

function theirs(program: string, argv: readonly string[], input = ''): Ended {
  const { status, stdout, stderr } = spawnSync(program, argv, { cwd: folder, encoding: 'utf8', input });
  return { status, out: stdout, err: stderr };
}
function ours(argv: readonly string[], input = ''): Ended {
  const { status, stdout, stderr } = runToEnd(argv, { cwd: folder, input });
  return { status, out: stdout, err: stderr };
}
/** Both, by the words of promtool. */
const both = (argv: readonly string[], input?: string): readonly [Ended, Ended] => [
  ours(['promtool', ...argv], input),
  theirs(promtool.file, argv, input),
];
const lines = (text: string): string[] => text.split('\n').filter(Boolean).sort();
const file = (name: string, text: string): string => {
  fs.writeFileSync(path.join(folder, name), text);
  return name;
};

const PAGE = `# HELP req_seconds How long
# TYPE req_seconds histogram
req_seconds_bucket{path="a\\"b",le="0.5"} 1
req_seconds_bucket{path="a\\"b",le="+Inf"} 3
req_seconds_sum{path="a\\"b"} 4.5
req_seconds_count{path="a\\"b"} 3
# TYPE pushed_total counter
pushed_total{job="own",big="1"} 12345678
# HELP quantiles A summary
# TYPE quantiles summary
quantiles{quantile="0.99"} 1e+07
quantiles_sum 3
quantiles_count 2
`;
const BAD_PAGE = `# TYPE http_requestsTotal counter
http_requestsTotal{fooBar="x"} 1
# HELP wait_millis_milliseconds x
# TYPE wait_millis_milliseconds gauge
wait_millis_milliseconds{le="1"} 1
wait_millis_milliseconds{le="2",quantile="1"} 1
lat_ms 3
# TYPE a_total gauge
a_total 3
# TYPE x_gauge_y gauge
x_gauge_y 1
# TYPE z:bucket_count counter
z:bucket_count 1
# TYPE h_bucket summary
h_bucket{quantile="0.1",le="2"} 1
`;

beforeAll(async () => {
  const config = path.join(folder, 'belfry.yaml');
  fs.writeFileSync(
    config,
    `scrape_configs:
  - job_name: shut
    basic_auth: { username: u, password: s3cret }
    static_configs: [{ targets: ['127.0.0.1:1'], labels: { __param_key: shown } }]
route: { receiver: hook }
receivers: [{ name: hook, webhook_configs: [{ url: 'http://u:s3cret@127.0.0.1:1/s3cret' }] }]
`,
  );
  belfry = await startAppliance(stack, { config, data: path.join(folder, 'served') });
});

test.skipIf(!promtool.isThere)('check metrics finds the same', () => {
  const [here, there] = both(['check', 'metrics'], BAD_PAGE);
  expect(here).toEqual(there);
  expect(here.status).toBe(3);
  expect(lines(here.err).length).toBeGreaterThan(15);
  const [counted, expected] = both(
    ['check', 'metrics', '--extended'],
    PAGE.replace('# TYPE pushed', '# HELP pushed_total x\n# TYPE pushed'),
  );
  expect(counted).toEqual(expected);
  const [broken, brokenThere] = both(['check', 'metrics'], 'a{b="c" 1\n');
  expect([broken.status, broken.out]).toEqual([brokenThere.status, '']);
});

test('check metrics says what promlint has learned since, and the same of a page that is no page', () => {
  expect(ours(['metrics', 'check'], '# HELP a x\n# TYPE a gauge\na{b="1"} 1\na{b="1"} 2\n')).toEqual({
    status: 3,
    out: '',
    err: 'a metric not unique\n',
  });
  expect(ours(['metrics', 'check'], '# HELP a x\n# HELP a y\na 1\n')).toMatchObject({
    status: 1,
    err: 'error while linting: second HELP line for metric name "a"\n',
  });
  expect(ours(['metrics', 'check', '--lint=none']).status).toBe(2);
});

test('push metrics, query instant, query range, query series, query labels, query analyze', async () => {
  file('page.prom', PAGE);
  const pushed = ours(['promtool', 'push', 'metrics', `${belfry.url}/api/v1/write`, 'page.prom']);
  expect(pushed).toEqual({
    status: 0,
    out: 'Parsing metrics file page.prom\n  SUCCESS: metrics file page.prom pushed to remote write.\n',
    err: '',
  });
  expect(
    ours(
      [
        'metrics',
        'push',
        '--url',
        belfry.url,
        '--label',
        'job=two',
        '--protobuf_message',
        'io.prometheus.write.v2.Request',
      ],
      'two_total 1\n',
    ).status,
  ).toBe(0);
  expect(ours(['metrics', 'push', '--url', belfry.url], 'a{ 1\n')).toMatchObject({
    status: 1,
    err: expect.stringContaining('FAILED'),
  });
  expect(ours(['metrics', 'push', '--url', belfry.url, '--path', '/nowhere'], 'a 1\n')).toMatchObject({
    status: 1,
    err: expect.stringContaining('404'),
  });
  await eventually('all is stored', async () => {
    const { out } = ours(['series', '{job="two"}', '--url', belfry.url]);
    return (
      out === '{__name__="two_total", job="two"}\n'.replace(', ', ',') ||
      out === '{__name__="two_total", job="two"}\n'
    );
  });
  expect(lines(ours(['series', '{job="promtool"}', '--url', belfry.url]).out)).toEqual([
    '{__name__="pushed_total", big="1", exported_job="own", job="promtool"}',
    '{__name__="quantiles", job="promtool", quantile="0.99"}',
    '{__name__="quantiles_count", job="promtool"}',
    '{__name__="quantiles_sum", job="promtool"}',
    '{__name__="req_seconds_bucket", job="promtool", le="+Inf", path="a\\"b"}',
    '{__name__="req_seconds_bucket", job="promtool", le="0.5", path="a\\"b"}',
    '{__name__="req_seconds_count", job="promtool", path="a\\"b"}',
    '{__name__="req_seconds_sum", job="promtool", path="a\\"b"}',
  ]);
  // A second sample of each, for what looks at changes.
  await new Promise((resolve) => setTimeout(resolve, 1100));
  ours(['promtool', 'push', 'metrics', belfry.url, 'page.prom']);
  const metadata = await belfry.get<{ data: Record<string, unknown> }>('/api/v1/metadata?metric=req_seconds');
  expect(metadata.data.req_seconds).toEqual([{ type: 'histogram', help: 'How long', unit: '' }]);
  if (!promtool.isThere) return;
  const now = String(Math.floor(Date.now() / 1000));
  const time = `--time=${now}`;
  for (const argv of [
    ['query', 'instant', time, belfry.url, 'pushed_total'],
    ['query', 'instant', time, belfry.url, 'nothing_there'],
    ['query', 'instant', time, belfry.url, '1e9'],
    ['query', 'instant', time, '-o', 'json', belfry.url, '{job="promtool"}'],
    ['query', 'instant', time, belfry.url, 'pushed_total[1m]'],
    [
      'query',
      'range',
      `--start=${Number(now) - 60}`,
      `--end=${now}`,
      '--step=20s',
      belfry.url,
      'vector(time())',
    ],
    ['query', 'range', `--end=${now}`, belfry.url, 'vector(1)'],
    ['query', 'range', `--start=${Number(now) - 9000}`, `--end=${now}`, belfry.url, 'vector(1)'],
    ['query', 'series', '--match=req_seconds_bucket', '--match', 'quantiles', belfry.url],
    ['query', 'series', '--match=none', belfry.url],
    ['query', 'series', '--match=two_total', '-o', 'json', belfry.url],
    ['query', 'labels', belfry.url, 'job'],
    ['query', 'labels', '--match=two_total', belfry.url, 'job', '--format=json'],
  ]) {
    const [here, there] = both(argv);
    expect([argv, here.status, lines(here.out)]).toEqual([argv, there.status, lines(there.out)]);
  }
  const [wrong, wrongThere] = both(['query', 'instant', belfry.url, 'up{']);
  expect([wrong.status, wrong.out]).toEqual([wrongThere.status, wrongThere.out]);
});

test('query analyze tells how many buckets are used', () => {
  const { status, out } = ours([
    'promtool',
    'query',
    'analyze',
    `--server=${belfry.url}`,
    '--type=histogram',
    '--match=req_seconds_bucket',
  ]);
  expect(status).toBe(0);
  expect(out).toContain('- req_seconds_bucket{job="promtool", path="a\\"b"} (classic): 2/2.000/2\n');
  expect(out).toContain(
    '\nClassic histogram series (1 in total):\n- min populated: 2/2.000/2\n- avg populated: 2/2.000/2\n- max populated: 2/2.000/2\n',
  );
  expect(out.endsWith('- max populated: 2/2.000/2\n')).toBe(true);
});

test('debug collects what there is, without a secret', () => {
  const { status, out } = ours(['promtool', 'debug', 'all', belfry.url]);
  expect([status, out.split('\n').at(-2)]).toEqual([
    0,
    'Compiling debug information complete, all files written in "debug.tar.gz".',
  ]);
  const archive = path.join(folder, 'debug.tar.gz');
  expect(fs.statSync(archive).mode & 0o777).toBe(0o600);
  const names = execFileSync('tar', ['tzf', archive], { encoding: 'utf8' }).trim().split('\n');
  expect(names).toEqual(expect.arrayContaining(['metrics.txt', 'config.json', 'log.json', 'targets.json']));
  expect(execFileSync('tar', ['xzOf', archive, 'metrics.txt'], { encoding: 'utf8' })).toContain(
    'belfry_build_info',
  );
  const whole = gunzipSync(fs.readFileSync(archive));
  expect(whole.length % 512).toBe(0);
  expect(whole.toString()).toContain('127.0.0.1:1');
  expect(whole.toString()).not.toContain('s3cret');
});

test.each(['debug pprof http://x', 'tsdb bench write'])('promtool %s ends with 2 and a sentence', (line) => {
  expect(ours(['promtool', ...line.split(' ')])).toMatchObject({
    status: 2,
    err: expect.stringMatching(/^belfry: promtool .*: .{20,}\n$/),
  });
});

test('check service-discovery: files, HTTP and a static list, dropped ones and a broken one', async () => {
  const server = http.createServer((_request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end('[{"targets":["h:1"],"labels":{"from":"http"}}]');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stack.defer(() => void server.close());
  file('targets.json', '[{"targets":["f:1","drop:1"],"labels":{"from":"<file>"}}]');
  file(
    'sd.yml',
    `scrape_configs:
  - job_name: some
    static_configs: [{ targets: ['s:1', 's:1'], labels: { a: b } }]
    file_sd_configs: [{ files: ['targets.json'] }]
    relabel_configs:
      - { source_labels: [__address__], regex: 'drop.*', action: drop }
      - { source_labels: [from], target_label: place }
  - job_name: list
    scheme: https
    params: { module: [a, b] }
    static_configs: [{ targets: ['s:1', 'drop:2'], labels: { a: '<b>', __meta_x: y } }]
    relabel_configs:
      - { source_labels: [__address__], regex: 'drop.*', action: drop }
      - { source_labels: [__meta_x], target_label: place }
  - { job_name: web, http_sd_configs: [{ url: 'http://127.0.0.1:${(server.address() as AddressInfo).port}/' }] }
`,
  );
  expect(ours(['discover', 'sd.yml', 'nope'])).toMatchObject({
    status: 1,
    err: 'Job nope not found. Select one of:\n\tsome\n\tlist\n\tweb\n',
  });
  interface Found {
    readonly discoveredLabels: Record<string, string>;
    readonly labels: Record<string, string>;
  }
  const found = (ended: Ended): Found[] => {
    const all = JSON.parse(ended.out) as Found[];
    const name = ({ discoveredLabels }: Found): string => discoveredLabels.__address__!;
    return all.sort((a, b) => (name(a) < name(b) ? -1 : 1));
  };
  const argv = ['check', 'service-discovery', '--timeout=2s', 'sd.yml', 'some'];
  const here = found(ours(['promtool', ...argv]));
  expect(here.map(({ labels }) => [labels.instance, labels.place, labels.a])).toEqual([
    [undefined, undefined, undefined],
    ['f:1', '<file>', undefined],
    ['s:1', undefined, 'b'],
  ]);
  // Not to its end at once: the server it asks lives in this process.
  const { stdout } = await promisify(execFile)(EXECUTABLE, ['discover', 'sd.yml', 'web'], { cwd: folder });
  expect(JSON.parse(stdout)).toMatchObject([
    { labels: { instance: 'h:1', from: 'http', __scheme__: 'http' } },
  ]);
  if (!promtool.isThere) return;
  // Its discovery from files panics at the end of the time: only a static list is compared.
  const ofList = ['check', 'service-discovery', '--timeout=1s', 'sd.yml', 'list'];
  // What was found later has more labels that say how a target is scraped.
  const comparable = (all: Found[]): unknown =>
    all.map(({ discoveredLabels, labels }) =>
      [discoveredLabels, labels].map((one) =>
        Object.fromEntries(Object.entries(one).filter(([name]) => !/histogram/.test(name))),
      ),
    );
  expect(comparable(found(ours(['promtool', ...ofList])))).toEqual(
    comparable(found(theirs(promtool.file, ofList))),
  );
});

const EXPRESSIONS = [
  'sum by(job)(rate(http_requests_total{code=~"5..",job="a"}[5m] offset 1h))/on(job) group_left sum(rate(http_requests_total[5m]))',
  'a + b{x!="y"} @ end()',
  'max_over_time(up[1h:5m])',
];

test('promql format, label-matchers set and delete', () => {
  const run = (...argv: string[]): string => ours(['promtool', '--experimental', 'promql', ...argv]).out;
  expect(
    run('format', EXPRESSIONS[0]!),
  ).toBe(`  sum by (job) (rate(http_requests_total{code=~"5..",job="a"}[5m] offset 1h))
/ on (job) group_left ()
  sum(rate(http_requests_total[5m]))
`);
  expect(run('label-matchers', 'set', EXPRESSIONS[1]!, 'x', 'z')).toBe('a{x="z"} + b{x="z"} @ end()\n');
  expect(run('label-matchers', 'set', '-t', '=~', EXPRESSIONS[2]!, 'cluster', 'a|b')).toBe(
    'max_over_time(up{cluster=~"a|b"}[1h:5m])\n',
  );
  expect(run('label-matchers', 'delete', EXPRESSIONS[1]!, 'x')).toBe('a + b @ end()\n');
  expect(ours(['promql', 'format', 'sum(']).status).toBe(1);
});

const OPEN_METRICS = `# TYPE a gauge
a{x="1",y="two words"} 1 1767225600
a{x="1",y="two words"} 1e7 1767225660
a{x="2",y="c"} -0.00001 1767225600
# TYPE b gauge
b{x="1"} NaN 1767225630
b{x="1"} 123456789 1767229230.5
# EOF
`;

test.skipIf(!promtool.isThere)('tsdb dump, dump-openmetrics, list and analyze on the same samples', () => {
  file('a.om', OPEN_METRICS);
  expect(
    theirs(
      promtool.file,
      ['tsdb', 'create-blocks-from', 'openmetrics', 'a.om', 'theirs', '-q'].filter((arg) => arg !== '-q'),
    ).status,
  ).toBe(0);
  expect(ours(['promtool', 'tsdb', 'create-blocks-from', 'openmetrics', 'a.om', 'ours', '-q'])).toEqual({
    status: 0,
    out: '',
    err: '',
  });
  // It wants a log beside the blocks.
  fs.mkdirSync(path.join(folder, 'theirs/wal'), { recursive: true });
  for (const argv of [
    ['tsdb', 'dump'],
    ['tsdb', 'dump', '--match={x="1"}'],
    ['tsdb', 'dump', '--min-time=1767225601000', '--max-time', '1767225660000'],
  ]) {
    const there = theirs(promtool.file, [...argv, 'theirs']);
    const here = ours(['promtool', ...argv, 'ours']);
    expect([argv, here.status, lines(here.out)]).toEqual([argv, there.status, lines(there.out)]);
  }
  expect(lines(ours(['promtool', 'tsdb', 'dump', '--format=seriesjson', 'ours']).out)).toEqual([
    '{"__name__":"a","x":"1","y":"two words"}',
    '{"__name__":"a","x":"2","y":"c"}',
    '{"__name__":"b","x":"1"}',
  ]);
  const table = (text: string): string[][] =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/ {2,}/))
      .map((cells) => cells.slice(1, 5).concat(cells[6]!));
  const [here, there] = [
    ours(['promtool', 'tsdb', 'list', 'ours']).out,
    theirs(promtool.file, ['tsdb', 'list', 'theirs']).out,
  ];
  // The end of a block lies a millisecond behind its last sample.
  expect(table(here)[0]).toEqual(table(there)[0]);
  expect(table(here)[1]).toEqual(['1767225600000', '1767229230500', '1h0m30.5s', '5', '3']);
  expect(table(there)[1]).toEqual(['1767225600000', '1767229230501', '1h0m30.501s', '5', '3']);
  expect(ours(['promtool', 'tsdb', 'list', '-r', 'ours']).out).toContain('2026-01-01 00:00:00 +0000 UTC  ');

  const sections = (text: string): string[][] => text.split('\n\n').map(lines);
  const [analyzed, expected] = [
    ours(['promtool', 'tsdb', 'analyze', 'ours']).out,
    theirs(promtool.file, ['tsdb', 'analyze', 'theirs']).out,
  ];
  const [head, ...rest] = sections(analyzed);
  // 2.42 says `Series`.
  const [headThere, ...restThere] = sections(expected.replace('\nSeries:', '\nTotal Series:'));
  const withoutTimes = (all: string[]): string[] => all.filter((line) => !/^(Block ID|Duration)/.test(line));
  expect(withoutTimes(head!)).toEqual(withoutTimes(headThere!));
  expect(rest).toEqual(restThere);
  expect(ours(['storage', 'analyze', '20250101', '--data', 'ours']).status).toBe(1);
  expect(ours(['storage', 'analyze', '--data', 'ours', '--match', '{x="2"}', '--limit=1']).out).toContain(
    'Matched series: 1\n',
  );
});

const TEMPLATES = [
  '{{ template "own" . }} {{ .Receiver }} {{ .CommonLabels.SortedPairs.Values }}',
  '{{ range .Alerts }}{{ .Labels.Names }}{{ .GeneratorURL }}{{ end }}',
  'plain',
  '{{ .CommonAnnotations.commonannotationkey1 | toUpper | printf "<%s>" }}',
];

test('template render, with made-up alerts and with data of a file, as text and as HTML', () => {
  file(
    'own.tmpl',
    '{{ define "own" }}{{ range .Alerts }}{{ .Labels.instance }} {{ .Fingerprint }};{{ end }}{{ end }}',
  );
  file(
    'data.json',
    JSON.stringify({
      receiver: 'r<b>',
      status: 'firing',
      alerts: [
        {
          status: 'firing',
          labels: { instance: 'i&1' },
          annotations: {},
          startsAt: '2026-01-02T03:04:05Z',
          endsAt: '0001-01-01T00:00:00Z',
          generatorURL: 'http://g',
          fingerprint: 'f',
        },
      ],
      groupLabels: {},
      commonLabels: { a: 'b' },
      commonAnnotations: { commonannotationkey1: 'x"y' },
      externalURL: 'http://e',
    }),
  );
  const argv = (text: string, ...more: string[]): string[] => [
    'template',
    'render',
    '--template.glob=*.tmpl',
    `--template.text=${text}`,
    ...more,
  ];
  for (const text of TEMPLATES) {
    const withData = argv(text, '--template.data=data.json');
    const asHtml = [...withData, '--template.type=html'];
    const here = [withData, asHtml].map((one) => ours(['amtool', ...one]));
    expect(here.map(({ status }) => status)).toEqual([0, 0]);
    if (amtool.isThere) expect(here).toEqual([withData, asHtml].map((one) => theirs(amtool.file, one)));
    if (amtool.isThere) expect(ours(['amtool', ...argv(text)]).out).toBe(theirs(amtool.file, argv(text)).out);
  }
  expect(ours(['amtool', ...argv(TEMPLATES[0]!, '--template.data=data.json')]).out).toBe('i&1 f; r<b> [b]');
  // Debian's amtool lacks the default templates.
  expect(
    ours(['amtool', ...argv('{{ template "slack.default.title" . }}', '--template.data=data.json')]).out,
  ).toBe('[FIRING:1]  (b)');
  expect(ours(['amtool', ...argv('{{ template "none" . }}')])).toMatchObject({
    status: 1,
    err: expect.stringContaining('template "none" not defined'),
  });
});

test('amtool cluster show ends with 2 and says that there is none', () => {
  expect(ours(['amtool', 'cluster', 'show'])).toMatchObject({
    status: 2,
    err: expect.stringContaining('no cluster'),
  });
});
