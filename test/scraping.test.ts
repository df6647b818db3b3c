import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { httpTarget, rawTarget, sendPage } from '../src/testing/http-target.ts';
import {
  metricFamilyPage,
  PROTOBUF_CONTENT_TYPE,
  type SentFamily,
} from '../src/testing/metric-family-page.ts';
import { type Appliance, eventually, pause, startAppliance, temporaryFolder } from './harness/appliance.ts';

/**
 * One well-behaved target among twenty that are not, against the executable: each of those fails its own scrape with a message
 * that says why, the other one is scraped on time as if it were alone, and the process stays small.
 */
const stack = new AsyncDisposableStack();
const MB = 1024 * 1024;
const folder = temporaryFolder('scraping');
const GOOD_INTERVAL_MS = 1000;
/** A machine with other work on it is late by itself, so how late is judged only where it was asked for: `npm run hostile`. */
const isPunctualityJudged = process.env.HOSTILE_SECONDS !== undefined;
let belfry: Appliance;
let idle = 0;
/** Scrapes these jobs from then on, beside the two that behave. */
let reload: (jobs: string) => void;
let hostileJob = '';
let churningAddress = '';

const TEXT = { 'content-type': 'text/plain; version=0.0.4' };
const noise = Buffer.alloc(256 * 1024, 'noise{a="b"} 1\n');
const bomb = zlib.gzipSync(Buffer.alloc(400 * MB, '0'), { level: 1 });
let names = 0;

/** Writes `chunk` until the other end has had enough. */
function endless(response: import('node:http').ServerResponse, chunk: Buffer): void {
  const more = (): void => {
    while (!response.destroyed && response.write(chunk));
  };
  response.on('drain', more);
  more();
}

type Answer = import('node:http').RequestListener;

/** What each target does, and what is said about it. */
const hostile: Readonly<Record<string, readonly [Answer, RegExp]>> = {
  'an endless body': [
    (_, response) => endless(response.writeHead(200, TEXT), noise),
    /body size limit exceeded|context deadline exceeded/,
  ],
  'a huge declared body': [
    (_, response) => endless(response.writeHead(200, { ...TEXT, 'content-length': String(1e12) }), noise),
    /body size limit exceeded/,
  ],
  'a gzip bomb': [
    (_, response) => response.writeHead(200, { ...TEXT, 'content-encoding': 'gzip' }).end(bomb),
    /body size limit exceeded|context deadline exceeded/,
  ],
  'another encoding': [
    (_, response) => response.writeHead(200, { ...TEXT, 'content-encoding': 'zstd' }).end('a 1\n'),
    /zstd/,
  ],
  'a line without an end': [
    (_, response) => {
      response.writeHead(200, TEXT).write('a{b="');
      endless(response, Buffer.alloc(256 * 1024, 'x'));
    },
    /body size limit exceeded|context deadline exceeded|line 1/,
  ],
  'a million labels': [
    (_, response) =>
      response
        .writeHead(200, TEXT)
        .end(`a{${Array.from({ length: 1_000_000 }, (_, i) => `l${i}="v"`).join(',')}} 1\n`),
    /line 1/,
  ],
  'a long value of a label': [
    (_, response) => response.writeHead(200, TEXT).end(`a{b="${'x'.repeat(10 * MB)}"} 1\n`),
    /line 1/,
  ],
  'no answer': [() => {}, /context deadline exceeded/],
  'an answer byte by byte': [
    (_, response) => {
      response.writeHead(200, TEXT);
      const drip = setInterval(() => response.write('a'), 50);
      response.on('close', () => clearInterval(drip));
    },
    /context deadline exceeded/,
  ],
  'a body cut short': [
    (_, response) => {
      response.writeHead(200, { ...TEXT, 'content-length': '1000' }).write('a 1\n');
      setTimeout(() => response.destroy(), 20);
    },
    /unexpected EOF/,
  ],
  'a page of HTML': [
    (_, response) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end('<script>alert(1)</script>'),
    /received unsupported Content-Type "text\/html"/,
  ],
  'an error': [(_, response) => response.writeHead(503, TEXT).end('x'.repeat(MB)), /HTTP status 503/],
  'redirects in a circle': [
    (request, response) => response.writeHead(302, { location: request.url ?? '/' }).end(),
    /redirect/,
  ],
  'a redirect to a file': [
    (_, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
    /file/,
  ],
  'a NUL byte': [(_, response) => sendPage(response, 'a 1\nb\0c 2\n'), /line 2/],
  'broken UTF-8': [
    (_, response) =>
      response
        .writeHead(200, TEXT)
        .end(Buffer.concat([Buffer.from('a{b="'), Buffer.from([0xff, 0xfe]), Buffer.from('"} 1\n')])),
    /line 1/,
  ],
  'a lie about protobuf': [
    (_, response) =>
      response
        .writeHead(200, { 'content-type': PROTOBUF_CONTENT_TYPE })
        .end(Buffer.from([0xff, 0xff, 0xff, 0xff, 0x7f, 1, 2, 3])),
    /protobuf|byte|message/,
  ],
  'a histogram of many buckets': [
    (_, response) => {
      const span: SentFamily = {
        name: 'h',
        type: 'histogram',
        metrics: [
          {
            histogram: {
              count: 1,
              sum: 1,
              schema: 8,
              positiveSpans: [[0, 2_000_000_000]],
              positiveDeltas: [1],
            },
          },
        ],
      };
      response.writeHead(200, { 'content-type': PROTOBUF_CONTENT_TYPE }).end(metricFamilyPage([span]));
    },
    /bucket|span/,
  ],
};

const LATENCY: SentFamily = {
  name: 'latency_seconds',
  type: 'histogram',
  metrics: [
    {
      histogram: {
        count: 6,
        sum: 3,
        schema: 0,
        zeroThreshold: 1e-128,
        positiveSpans: [[0, 2]],
        positiveDeltas: [2, 2],
      },
    },
  ],
};

beforeAll(async () => {
  // In a process of its own: that of this test is busy with the endless bodies.
  const good = spawn(
    process.execPath,
    [
      '-e',
      `require('http').createServer((_, r) => { r.setHeader('content-type', 'text/plain; version=0.0.4'); r.end('seconds ' + Date.now() / 1000 + '\\n'); })
        .listen(0, '127.0.0.1', function () { console.log(this.address().port); })`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  stack.defer(() => void good.kill());
  const [port] = (await once(good.stdout, 'data')) as [Buffer];
  const native = stack.use(
    await httpTarget((_, response) =>
      response.writeHead(200, { 'content-type': PROTOBUF_CONTENT_TYPE }).end(metricFamilyPage([LATENCY])),
    ),
  );
  const churning = stack.use(
    await httpTarget((_, response) =>
      sendPage(
        response,
        `known 1\n${Array.from({ length: 5000 }, () => `user{id="${names++}"} 1`).join('\n')}\n`,
      ),
    ),
  );
  const garbage = stack.use(await rawTarget((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n')));
  const targets: string[] = [];
  for (const [name, [answer]] of Object.entries(hostile)) {
    const server = stack.use(await httpTarget(answer));
    targets.push(`{targets: ['${server.address}'], labels: {kind: '${name}'}}`);
  }
  targets.push(`{targets: ['${garbage.address}'], labels: {kind: 'another protocol'}}`);
  const config = path.join(folder, 'belfry.yaml');
  const write = (jobs: string): void =>
    fs.writeFileSync(
      config,
      `global: {scrape_interval: 10s, scrape_timeout: 10s}
scrape_configs:
  - {job_name: good, scrape_interval: ${GOOD_INTERVAL_MS}ms, scrape_timeout: ${GOOD_INTERVAL_MS}ms, static_configs: [{targets: ['127.0.0.1:${String(port).trim()}']}]}
  - {job_name: native, scrape_interval: 2s, scrape_timeout: 2s, scrape_native_histograms: true, static_configs: [{targets: ['${native.address}']}]}
${jobs}`,
    );
  write('');
  belfry = await startAppliance(stack, { config, data: path.join(folder, 'data') });
  await eventually('the first scrapes', async () => (await belfry.query('up == 1')).length === 2);
  idle = peak();
  reload = (jobs) => {
    write(jobs);
    belfry.kill('SIGHUP');
  };
  churningAddress = churning.address;
  hostileJob = `  - {job_name: hostile, scrape_native_histograms: true, static_configs: [${targets.join(', ')}]}\n`;
  reload(`${churningJob('')}${hostileJob}`);
  await eventually('all are scraped', async () => (await belfry.query('up')).length === targets.length + 3);
});
afterAll(async () => {
  await stack.disposeAsync();
  fs.rmSync(folder, { recursive: true, force: true });
});

/** @param rules for `metric_relabel_configs`, as they are shown */
const churningJob = (rules: string): string => `  - job_name: churning
    scrape_interval: 5s
    scrape_timeout: 5s
    series_budget: 6000
    static_configs: [{targets: ['${churningAddress}']}]
    metric_relabel_configs:${rules === '' ? ' []' : `\n${rules.replace(/^(?=.)/gm, '      ')}`}
`;

const peak = (): number =>
  Number(/VmHWM:\s+(\d+) kB/.exec(fs.readFileSync(`/proc/${belfry.pid}/status`, 'utf8'))![1]) / 1024;

interface ActiveTarget {
  readonly labels: Readonly<Record<string, string>>;
  readonly health: string;
  readonly lastError: string;
  readonly parked?: { readonly series: number; readonly metrics: readonly { readonly rule: string }[] };
}
const active = async (): Promise<ActiveTarget[]> =>
  (await belfry.get<{ data: { activeTargets: ActiveTarget[] } }>('/api/v1/targets?state=active')).data
    .activeTargets;

test('each hostile target hurts itself, and is told why', async () => {
  const since = Date.now();
  const expected = new Map(Object.entries(hostile).map(([kind, [, message]]) => [kind, message]));
  expected.set('another protocol', /malformed HTTP response/);
  // On a busy machine any of them may run out of its time now and then.
  const missing = new Map(expected);
  const said = new Map<string, string>();
  await eventually('each has been told why', async () => {
    for (const { labels, lastError, health } of await active()) {
      const kind = labels.kind!;
      if (labels.job !== 'hostile' || lastError === '') continue;
      expect([kind, health]).toEqual([kind, 'down']);
      expect(lastError.length).toBeLessThan(600);
      if (missing.get(kind)?.test(lastError)) missing.delete(kind);
      said.set(kind, lastError);
    }
    return missing.size === 0;
  }).catch((error) => {
    throw new Error(
      `${error}\n${[...missing.keys()].map((kind) => `${kind}: ${said.get(kind)}`).join('\n')}`,
    );
  });
  console.log([...said].map(([kind, text]) => `${kind}: ${text.slice(0, 160)}`).join('\n'));
  if (isPunctualityJudged) await pause(1000 * Number(process.env.HOSTILE_SECONDS));
  await eventually('the good one goes on', async () => {
    const [up] = await belfry.query(
      `sum_over_time(up{job="good"}[${Math.ceil((Date.now() - since) / 1000)}s])`,
    );
    return up !== undefined && up.value >= 10;
  });

  type Matrix = { data: { result: { values: [number, string][] }[] } };
  const seconds = Math.floor((Date.now() - since) / 1000);
  const { data } = await belfry.get<Matrix>(`/api/v1/query?query=up{job="good"}[${seconds}s]`);
  const times = data.result[0]!.values.map(([at]) => at * 1000);
  const late = times
    .slice(1)
    .map((at, i) => Math.abs(at - times[i]! - GOOD_INTERVAL_MS))
    .sort((a, b) => a - b);
  console.log(
    `${times.length} scrapes, jitter p99 ${late[Math.floor(late.length * 0.99)]} ms; ${peak().toFixed(0)} MB, ${idle.toFixed(0)} before`,
  );
  if (isPunctualityJudged) {
    expect(data.result[0]!.values.every(([, up]) => up === '1')).toBe(true);
    expect(times.length).toBeGreaterThanOrEqual((seconds * 1000) / GOOD_INTERVAL_MS - 1);
    expect(late.at(-1)).toBeLessThan(GOOD_INTERVAL_MS);
  }
  // Two bodies of 50 MiB while they grow, and what is made of them.
  expect(peak()).toBeLessThan(idle + 400);
});

test('a target that makes up series is kept to its budget, its known series go on, and the rule that is shown ends it', async () => {
  const churning = async (): Promise<ActiveTarget> =>
    (await active()).find(({ labels }) => labels.job === 'churning')!;
  const target = await eventually('its second page was scraped', async () => {
    const found = await churning();
    return found.health === 'up' && (found.parked?.series ?? 0) > 1000 && found;
  });
  expect(target).toMatchObject({ lastError: '', parked: { metrics: [{ metric: 'user', label: 'id' }] } });
  expect(await belfry.query('last_over_time(known[1h])')).toHaveLength(1);
  const [stored] = await belfry.query('count(count_over_time(user[1h]))');
  expect(stored!.value).toBeLessThanOrEqual(6000);

  const [{ rule }] = target.parked!.metrics as [{ rule: string }];
  reload(`${churningJob(rule)}${hostileJob}`);
  await eventually('nothing is parked', async () => {
    const { health, parked } = await churning();
    return health === 'up' && parked === undefined;
  });
  expect(await belfry.query('user')).toHaveLength(0);
});

test('native histograms of a protobuf page are there to be asked for', async () => {
  expect(await belfry.query('histogram_count(last_over_time(latency_seconds[1h]))')).toMatchObject([
    { value: 6 },
  ]);
  expect(await belfry.query('histogram_quantile(0.5, last_over_time(latency_seconds[1h]))')).toMatchObject([
    { value: expect.closeTo(2 ** 0.25, 9) },
  ]);
});
