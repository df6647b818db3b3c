import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { Counter, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { hostConfig } from '../config/host.ts';
import { selfConfig } from '../config/self.ts';
import { TextParser } from '../exposition/text-parser.ts';
import { formatSeries, labelsOf } from '../model/labels.ts';
import { collectingAppender } from '../testing/collecting-appender.ts';
import { fakeClock } from '../testing/fake-clock.ts';
import { httpTarget, rawTarget, sendPage } from '../testing/http-target.ts';
import { metricFamilyPage, PROTOBUF_CONTENT_TYPE } from '../testing/metric-family-page.ts';
import { hasNodeExporter, runNodeExporter } from '../testing/node-exporter.ts';
import { scrapeJob } from '../testing/scrape-job.ts';
import { silentLog } from '../testing/silent-log.ts';
import { createScrapeManager } from './manager.ts';
import { hostTarget, selfTarget } from './own-targets.ts';

function managed() {
  const clock = fakeClock();
  const appender = collectingAppender();
  const log = silentLog();
  const registry = new Registry();
  const manager = createScrapeManager({
    appender,
    clock,
    log,
    registry,
    version: '1.2.3',
    externalUrl: 'http://monitor.example:9797/',
  });
  return {
    clock,
    appender,
    log,
    manager,
    registry,
    [Symbol.asyncDispose]: () => manager.stop(),
    /** Lets one interval pass in small steps, each scrape getting the time it needs; those of hanging targets do not end. */
    async round(hanging = 0): Promise<void> {
      const inFlight = registry.getSingleMetric('belfry_scrapes_in_flight')!;
      for (let step = 0; step < 60; step++) {
        await clock.advance(250);
        while ((await inFlight.get()).values[0]!.value > hanging) await new Promise(setImmediate);
      }
    },
  };
}

const job = (name: string, addresses: string[], keys: Record<string, unknown> = {}) =>
  scrapeJob({ job_name: name, static_configs: [{ targets: addresses }], ...keys });

test('a page is asked for to be looked at, whatever its target is, and stored nowhere', async () => {
  const long = `# ${'x'.repeat(300_000)}\n`;
  const binary = metricFamilyPage([{ name: 'a', type: 'counter', metrics: [{ value: 1 }] }]);
  let asked = 0;
  await using target = await httpTarget((request, response) => {
    asked++;
    if (request.url === '/broken') response.writeHead(500).end();
    else if (request.url === '/long') sendPage(response, long);
    else if (request.url === '/binary')
      response.writeHead(200, { 'content-type': PROTOBUF_CONTENT_TYPE }).end(binary);
    else if (request.url !== '/hangs') sendPage(response, 'a 1\n');
  });
  await using m = managed();
  const paths = ['metrics', 'broken', 'long', 'binary', 'hangs'];
  await m.manager.apply(
    paths.map((name) =>
      job(name, [target.address], { metrics_path: `/${name}`, scrape_native_histograms: name === 'binary' }),
    ),
  );
  const look = (name: string) => m.manager.look(name, `http://${target.address}/${name}`);
  expect(await look('metrics')).toEqual({ format: 'text', bytes: 4, text: 'a 1\n' });
  await expect(look('broken')).rejects.toThrow('server returned HTTP status 500');
  expect(await look('long')).toMatchObject({ bytes: long.length, text: long.slice(0, 256 * 1024) });
  expect(await look('binary')).toEqual({ format: 'protobuf', bytes: binary.length, text: undefined });
  expect(m.appender.series()).toEqual([]);
  const late = expect(look('hangs')).rejects.toThrow('no complete answer within 10s');
  await m.clock.advance('10s');
  await late;
  expect(look('other')).toBeUndefined();
  expect(m.manager.look('metrics', `http://${target.address}/broken`)).toBeUndefined();
  expect(asked).toBeGreaterThan(4);
});

test('targets are scraped over HTTP and shown', async () => {
  await using target = await httpTarget((_, response) => sendPage(response, '# TYPE a gauge\na{x="y"} 1\n'));
  await using m = managed();
  await m.manager.apply([job('web', [target.address])]);
  expect(m.manager.targets().active[0]).toMatchObject({
    health: 'unknown',
    lastScrape: '0001-01-01T00:00:00Z',
  });
  await m.round();
  expect(m.appender.current()).toMatchObject({
    [`a{instance="${target.address}", job="web", x="y"}`]: 1,
    [`up{instance="${target.address}", job="web"}`]: 1,
    [`scrape_samples_scraped{instance="${target.address}", job="web"}`]: 1,
  });
  expect(m.manager.targets()).toEqual({
    active: [
      {
        discoveredLabels: {
          __address__: target.address,
          __always_scrape_classic_histograms__: 'false',
          __convert_classic_histograms_to_nhcb__: 'false',
          __metrics_path__: '/metrics',
          __scheme__: 'http',
          __scrape_native_histograms__: 'false',
          __scrape_interval__: '15s',
          __scrape_timeout__: '10s',
          job: 'web',
        },
        labels: { instance: target.address, job: 'web' },
        scrapePool: 'web',
        scrapeUrl: `http://${target.address}/metrics`,
        globalUrl: `http://monitor.example:${target.port}/metrics`,
        lastError: '',
        lastScrape: expect.stringMatching(/^2026-01-01T00:00:/),
        lastScrapeDuration: expect.any(Number),
        health: 'up',
        scrapeInterval: '15s',
        scrapeTimeout: '10s',
      },
    ],
    dropped: [],
  });
  expect(m.manager.metadata()[0]!.metrics.get('a')).toEqual({ type: 'gauge', help: '', unit: '' });
  expect(target.requests[0]!.headers).toMatchObject({
    'user-agent': 'belfry/1.2.3',
    'x-prometheus-scrape-timeout-seconds': '10',
    'accept-encoding': 'identity',
    accept: expect.stringMatching(/^application\/openmetrics-text;version=1\.0\.0;.*\*;q=0\.2$/),
  });
});

test('hostile targets hurt only themselves', async () => {
  await using good = await httpTarget((_, response) => sendPage(response, 'a 1\n'));
  await using hangs = await httpTarget(() => {});
  await using garbage = await rawTarget((socket) => socket.end(Buffer.alloc(100_000, 0xfe)));
  await using early = await rawTarget((socket) => socket.destroy());
  await using endlessLine = await httpTarget((_, response) => {
    response.writeHead(200, { 'content-type': 'text/plain' });
    const pump = (): void => {
      while (!response.destroyed && response.write('x'.repeat(1 << 20)));
    };
    response.on('drain', pump);
    pump();
  });
  await using html = await httpTarget((_, response) =>
    response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
  );
  await using nul = await httpTarget((_, response) => sendPage(response, 'a 1\n\0\nb 2\n'));
  await using m = managed();
  const bad = [hangs, garbage, early, endlessLine, html, nul].map((target) => target.address);
  await m.manager.apply([job('good', [good.address]), job('bad', bad)]);
  await m.round(1);
  await m.round(1);
  const states = m.manager.targets().active.map((target) => target.health);
  expect(states.toSorted()).toEqual([...Array(6).fill('down'), 'up']);
  const problems = Object.fromEntries(
    m.manager.targets().active.map((target) => [target.labels.instance, target.lastError]),
  );
  expect(problems[good.address]).toBe('');
  expect(problems[hangs.address]).toBe(
    'context deadline exceeded: no complete answer within 10s (scrape_timeout)',
  );
  expect(problems[garbage.address]).toContain('malformed HTTP response');
  expect(problems[early.address]).toBe(`Get "http://${early.address}/metrics": EOF`);
  expect(problems[endlessLine.address]).toContain('body size limit exceeded');
  expect(problems[html.address]).toContain('received unsupported Content-Type "text/html"');
  expect(problems[nul.address]).toContain('line 2, column 1');
  const ups = Object.entries(m.appender.current()).filter(([series]) => series.startsWith('up{'));
  expect(ups.filter(([, value]) => value === 1).map(([series]) => series)).toEqual([
    `up{instance="${good.address}", job="good"}`,
  ]);
  expect(ups.length).toBe(7);
});

test('a reload leaves untouched targets alone, changes changed ones and ends removed ones', async () => {
  await using target = await httpTarget((_, response) => sendPage(response, 'a 1\n'));
  await using other = await httpTarget((_, response) => sendPage(response, 'b 1\n'));
  await using m = managed();
  await m.manager.apply([
    job('same', [target.address]),
    job('changed', [target.address]),
    job('gone', [other.address]),
  ]);
  await m.round();
  const before = m.manager.targets().active.find((t) => t.scrapePool === 'same')!.lastScrape;
  await m.manager.apply([
    job('same', [target.address, other.address]),
    job('changed', [target.address], { metric_relabel_configs: [{ target_label: 'new', replacement: 'x' }] }),
  ]);
  const same = m.manager.targets().active.filter((t) => t.scrapePool === 'same');
  expect(same.map((t) => t.lastScrape)).toEqual([before, '0001-01-01T00:00:00Z']);
  const last = (series: string) => m.appender.samples(series).at(-1)!.value;
  expect(last(`b{instance="${other.address}", job="gone"}`)).toBe('stale');
  expect(last(`up{instance="${other.address}", job="gone"}`)).toBe('stale');
  expect(last(`a{instance="${target.address}", job="changed"}`)).toBe(1);
  await m.round();
  expect(last(`a{instance="${target.address}", job="changed"}`)).toBe('stale');
  expect(last(`a{instance="${target.address}", job="changed", new="x"}`)).toBe(1);
  expect(last(`b{instance="${other.address}", job="same"}`)).toBe(1);
  const ups = m.appender.samples(`up{instance="${target.address}", job="changed"}`);
  expect(ups.map(({ value }) => value)).toEqual([1, 1]);
});

test('reloads, whatever they change elsewhere, move no scrape: each comes on its grid, over one connection', async () => {
  await using target = await httpTarget((_, response) => sendPage(response, 'a 1\n'));
  await using other = await httpTarget((_, response) => sendPage(response, 'b 1\n'));
  await using m = managed();
  const changing = (n: number) => [
    job('same', [target.address, ...(n % 3 === 0 ? [other.address] : [])], {
      relabel_configs: [{ source_labels: ['__address__'], regex: `nothing${n}`, action: 'drop' }],
    }),
    job(`other${n % 2}`, [other.address], { scrape_timeout: `${1 + (n % 5)}s` }),
  ];
  await m.manager.apply(changing(0));
  const inFlight = m.registry.getSingleMetric('belfry_scrapes_in_flight')!;
  for (let n = 1; n < 100; n++) {
    await m.clock.advance(700);
    while ((await inFlight.get()).values[0]!.value > 0) await new Promise(setImmediate);
    await m.manager.apply(changing(n));
  }
  const ups = m.appender.samples(`up{instance="${target.address}", job="same"}`);
  const [first] = ups;
  expect(ups.map(({ value }) => value)).toEqual(
    Array(Math.ceil((69_300 - (first!.timestamp % 15_000)) / 15_000)).fill(1),
  );
  expect(ups.map(({ timestamp }) => timestamp - first!.timestamp)).toEqual(ups.map((_, i) => i * 15_000));
  expect(target.requests.length).toBe(ups.length);
  expect(target.connections()).toBe(1);
});

/** A target whose first answer waits until it is let go. */
async function heldTarget() {
  let release: (() => void) | undefined;
  const target = await httpTarget((_, response) => {
    const answer = (): void => sendPage(response, 'a 1\n');
    if (target.requests.length > 1) answer();
    else release = answer;
  });
  return Object.assign(target, { release: () => release!() });
}

test('a reload in the midst of a scrape lets it end when its job stays the same', async () => {
  await using target = await heldTarget();
  await using m = managed();
  const jobs = (sample_limit: number) => [job('same', [target.address]), job('other', [], { sample_limit })];
  await m.manager.apply(jobs(10));
  while (target.requests.length < 1) await m.clock.advance(250);
  await m.manager.apply(jobs(20));
  target.release();
  const rows = () => m.appender.samples(`a{instance="${target.address}", job="same"}`);
  while (rows().length < 1) await new Promise(setImmediate);
  expect(target.requests.length).toBe(1);
  expect(target.connections()).toBe(1);
});

test('a scrape that is cut because its job changes is made up for at once', async () => {
  await using target = await heldTarget();
  await using m = managed();
  await m.manager.apply([job('changed', [target.address])]);
  while (target.requests.length < 1) await m.clock.advance(250);
  await m.manager.apply([job('changed', [target.address], { sample_limit: 10 })]);
  const ups = () => m.appender.samples(`up{instance="${target.address}", job="changed"}`);
  for (let turn = 0; turn < 1000 && ups().length < 1; turn++) {
    await m.clock.advance(1);
    await new Promise(setImmediate);
  }
  await m.round();
  await m.round();
  const [madeUp, next, last] = ups();
  expect(ups().map(({ value }) => value)).toEqual([1, 1, 1]);
  expect(next!.timestamp - madeUp!.timestamp).toBeLessThan(15_000);
  expect(last!.timestamp - next!.timestamp).toBe(15_000);
});

test('a target that is asked at another address is never missing, and what it no longer has ends', async () => {
  await using target = await httpTarget((request, response) =>
    sendPage(response, request.url === '/old' ? 'a 1\nold 1\n' : 'a 2\nnew 2\n'),
  );
  await using m = managed();
  const at = (metrics_path: string) => [job('web', [target.address], { metrics_path })];
  const labels = `{instance="${target.address}", job="web"}`;
  const told = (metric: string) =>
    m.appender.samples(metric + labels).map(({ timestamp, value }) => [timestamp, value]);
  await m.manager.apply(at('/old'));
  await m.round();
  const [[first]] = told('up') as [[number]];
  await m.manager.apply(at('/new'));
  expect(told('up')).toEqual([[first, 1]]);
  await m.round();
  const [, , [second]] = told('up') as [unknown, unknown, [number]];
  const changed = [
    [first, 1],
    [second - 1, 'stale'],
  ];
  expect(told('up')).toEqual([...changed, [second, 1]]);
  expect(told('a')).toEqual([...changed, [second, 2]]);
  expect(told('old')).toEqual(changed);
  // There and back before the new one was scraped, and away before that.
  await m.manager.apply(at('/other'));
  await m.manager.apply(at('/new'));
  await m.round();
  expect(told('up').at(-1)![1]).toBe(1);
  await m.manager.apply(at('/other'));
  expect(told('up').at(-1)![1]).toBe(1);
  await m.manager.apply([job('web', [])]);
  expect(told('up').at(-1)![1]).toBe('stale');
  expect(m.appender.openSources()).toEqual([]);
});

test('a target that moves to another job with its labels is never missing, whichever job comes first', async () => {
  await using target = await httpTarget((_, response) => sendPage(response, 'a 1\n'));
  await using m = managed();
  const labels = '{instance="i", job="web"}';
  const at = (name: string, more: Record<string, unknown> = {}) =>
    scrapeJob({
      job_name: name,
      static_configs: [{ targets: [target.address], labels: { job: 'web', instance: 'i' } }],
      ...more,
    });
  const told = (metric: string) => m.appender.samples(metric + labels);
  await m.manager.apply([at('first')]);
  await m.round();
  for (const jobs of [
    [at('second'), job('other', [])],
    [job('other', []), at('third')],
    [at('third', { static_configs: [] }), at('other')],
  ]) {
    await m.manager.apply(jobs);
    expect(told('a').at(-1)!.value).toBe(1);
    await m.round();
  }
  for (const metric of ['a', 'up']) {
    const rows = told(metric);
    expect(rows.map(({ value }) => value)).toEqual([1, 'stale', 1, 'stale', 1, 'stale', 1]);
    const ends = rows.filter(({ value }) => value === 'stale').map(({ timestamp }) => timestamp);
    const begins = rows.slice(2).filter(({ value }) => value === 1);
    expect(begins.map(({ timestamp }) => timestamp - 1)).toEqual(ends);
  }
  // Gone for good, from a job that is gone.
  await m.manager.apply([job('third', [])]);
  expect(told('a').at(-1)!.value).toBe('stale');
  expect(m.appender.openSources()).toEqual([]);
});

test('at the end of the process nothing becomes stale', async () => {
  await using target = await httpTarget((_, response) => sendPage(response, 'a 1\n'));
  const m = managed();
  await m.manager.apply([job('web', [target.address])]);
  await m.round();
  await m.manager.stop();
  await m.clock.advance('1m');
  expect(m.appender.samples(`a{instance="${target.address}", job="web"}`).map(({ value }) => value)).toEqual([
    1,
  ]);
});

test('targets dropped or invalid are shown with the reason; too many fail them all', async () => {
  await using m = managed();
  await m.manager.apply([
    job('some', ['keep:1', 'drop:1', 'a b:1'], {
      relabel_configs: [{ source_labels: ['__address__'], regex: 'drop.*', action: 'drop' }],
    }),
    job('many', ['a:1', 'b:1'], { target_limit: 1 }),
    job('enough', ['127.0.0.1:1', '127.0.0.2:1'], { target_limit: 2 }),
  ]);
  expect(m.manager.targets().dropped.map(({ reason }) => reason)).toEqual([
    'dropped by relabel_configs',
    'expected a scheme, host and path that make a URL, got "http://a b:1/metrics"',
  ]);
  await m.clock.advance('15s');
  const many = m.manager.targets().active.filter((t) => t.scrapePool === 'many');
  expect(many.map((t) => t.lastError)).toEqual(
    Array(2).fill('target_limit exceeded (number of targets: 2, limit: 1)'),
  );
  const enough = m.manager.targets().active.filter((t) => t.scrapePool === 'enough');
  expect(enough.some((t) => t.lastError.startsWith('target_limit'))).toBe(false);
  expect(m.manager.pools()).toEqual(['some', 'many', 'enough']);
});

test('scrapes of many targets are spread over the interval, the same way each time', async () => {
  const times = async (): Promise<number[]> => {
    await using m = managed();
    await m.manager.apply([
      job(
        'many',
        Array.from({ length: 40 }, (_, i) => `h${i}:1`),
        { target_limit: 1 },
      ),
    ]);
    await m.clock.advance('15s');
    return m.manager.targets().active.map((t) => Date.parse(t.lastScrape) % 15_000);
  };
  const first = await times();
  expect(await times()).toEqual(first);
  for (let part = 0; part < 3; part++) {
    const inPart = first.filter((time) => Math.floor(time / 5000) === part);
    expect(inPart.length).toBeGreaterThan(5);
  }
});

test('targets that share buffers do not mix their pages', async () => {
  const rounds = new Map<string, number>();
  await using target = await httpTarget((request, response) => {
    const t = new URL(request.url!, 'http://x').searchParams.get('t')!;
    const round = (rounds.get(t) ?? 0) + 1;
    rounds.set(t, round);
    const lines = Array.from(
      { length: 400 + ((round * Number(t)) % 7) },
      (_, i) => `a{i="${i}"} ${Number(t) * 1e6 + i + round}\n`,
    );
    sendPage(response, lines.join(''));
  });
  await using m = managed();
  const static_configs = Array.from({ length: 12 }, (_, t) => ({
    targets: [target.address],
    labels: { t: String(t), __param_t: String(t) },
  }));
  await m.manager.apply([scrapeJob({ job_name: 'many', static_configs })]);
  for (let round = 1; round <= 4; round++) {
    await m.round();
    const current = m.appender.current();
    for (let t = 0; t < 12; t++) {
      const values = Object.entries(current).filter(
        ([series]) => series.startsWith('a{') && series.endsWith(`t="${t}"}`),
      );
      expect(values).toHaveLength(400 + ((round * t) % 7));
      for (const [series, value] of values) {
        expect(value).toBe(t * 1e6 + Number(/i="(\d+)"/.exec(series)![1]) + round);
      }
    }
  }
});

test('built-in targets go the same way without HTTP', async () => {
  await using m = managed();
  const own = new Registry();
  new Counter({ name: 'own_total', help: 'Own.', registers: [own] }).inc(3);
  const config = { ...selfConfig.parse({ labels: { site: 'x' } }), scrape_interval: 15_000 };
  const self = selfTarget({ config, instance: 'localhost:9797', registry: own });
  await m.manager.apply([], [self]);
  await m.round();
  expect(m.appender.current()).toMatchObject({
    'own_total{instance="localhost:9797", job="belfry", site="x"}': 3,
    'up{instance="localhost:9797", job="belfry", site="x"}': 1,
  });
  expect(m.manager.pools()).toEqual(['belfry']);
  expect(m.manager.targets().active[0]).toMatchObject({
    scrapePool: 'belfry',
    health: 'up',
    scrapeUrl: 'built-in:self',
  });
});

test('this host is a target', async () => {
  await using m = managed();
  const config = { ...hostConfig.parse({ instance: 'here' }), scrape_interval: 15_000 };
  await m.manager.apply([], [hostTarget({ config, instance: 'vm:9797', clock: m.clock, log: m.log })]);
  await m.round();
  expect(m.appender.current()['node_memory_MemTotal_bytes{instance="here", job="node"}']).toBeGreaterThan(0);
  expect(m.appender.current()['up{instance="here", job="node"}']).toBe(1);
});

test.skipIf(!hasNodeExporter)('a real node_exporter, end to end', async () => {
  await using exporter = await runNodeExporter();
  await using m = managed();
  await m.manager.apply([job('node', [exporter.address])]);
  await m.round();
  await m.round();
  expect(m.manager.targets().active[0]!.lastError).toBe('');
  const page = new TextEncoder().encode(await exporter.page());
  const current = m.appender.current();
  const parser = new TextParser(page);
  let samples = 0;
  const missing: string[] = [];
  for (let kind = parser.next(); kind !== 'end'; kind = parser.next()) {
    if (kind !== 'sample') continue;
    samples++;
    const written = parser.labels();
    const pairs: [string, string][] = [
      ['job', 'node'],
      ['instance', exporter.address],
    ];
    for (let i = 0; i < written.length; i += 2) pairs.push([written[i]!, written[i + 1]!]);
    const series = formatSeries(labelsOf(pairs));
    if (!(series in current)) missing.push(series);
  }
  expect(samples).toBeGreaterThan(200);
  // Processes and connections come into and leave their states between two scrapes.
  expect(missing.length).toBeLessThan(10);
  expect(Object.keys(current).length).toBeGreaterThan(samples - 20);
});

function temporaryFolder(): { path: string } & Disposable {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'belfry-scraper-'));
  return { path: folder, [Symbol.dispose]: () => fs.rmSync(folder, { recursive: true }) };
}

test('a job with native histograms asks for protobuf first and reads it', async () => {
  const page = metricFamilyPage([
    {
      name: 'h',
      type: 'histogram',
      metrics: [{ histogram: { count: 3, positiveSpans: [[0, 1]], positiveDeltas: [3] } }],
    },
  ]);
  await using target = await httpTarget((_, response) =>
    response.writeHead(200, { 'content-type': PROTOBUF_CONTENT_TYPE }).end(page),
  );
  await using m = managed();
  await m.manager.apply([job('web', [target.address], { scrape_native_histograms: true })]);
  await m.round();
  expect(target.requests[0]!.headers.accept).toBe(
    'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1',
  );
  expect(m.appender.samples(`h{instance="${target.address}", job="web"}`)[0]!.value).toMatchObject({
    count: 3,
  });
});

test('a label sends the scrapes of a target to a Unix socket', async () => {
  using folder = temporaryFolder();
  const sockets = ['one', 'two'].map((name) => path.join(folder.path, name));
  const servers = sockets.map((file) =>
    http
      .createServer((request, response) => sendPage(response, `at{path="${request.url}"} ${file.length}\n`))
      .listen(file),
  );
  await Promise.all(servers.map((server) => once(server, 'listening')));
  await using m = managed();
  const static_configs = sockets.map((file, i) => ({
    targets: ['localhost'],
    labels: { __unix_socket__: file, instance: `i${i}` },
  }));
  const missing = { targets: ['localhost'], labels: { __unix_socket__: '/nowhere.sock', instance: 'none' } };
  await m.manager.apply([scrapeJob({ job_name: 'web', static_configs: [...static_configs, missing] })]);
  await m.round();
  expect(m.appender.current()).toMatchObject({
    'at{instance="i0", job="web", path="/metrics"}': sockets[0]!.length,
    'at{instance="i1", job="web", path="/metrics"}': sockets[1]!.length,
  });
  expect(m.manager.targets().active.find(({ labels }) => labels.instance === 'none')!.lastError).toBe(
    'Get "http://localhost/metrics": dial unix /nowhere.sock: connect: no such file or directory',
  );
  await m.manager.stop();
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
});

test('failed scrapes are written to the file that a job names', async () => {
  using folder = temporaryFolder();
  const file = path.join(folder.path, 'failures.jsonl');
  await using target = await httpTarget((_, response) => response.writeHead(503).end());
  const m = managed();
  await m.manager.apply([job('web', [target.address], { scrape_failure_log_file: file })]);
  await m.round();
  await m.manager.stop();
  const line = (): string => fs.readFileSync(file, 'utf8').split('\n')[0]!;
  while (!fs.existsSync(file) || line() === '') await new Promise(setImmediate);
  expect(JSON.parse(line())).toEqual({
    time: expect.stringMatching(/^2026-01-01T00:00:/),
    level: 'ERROR',
    msg: 'server returned HTTP status 503 Service Unavailable',
    job_name: 'web',
    target: `http://${target.address}/metrics`,
  });
});

test('what a budget has no room for is shown with its target, in the log and as metrics', async () => {
  let series = 10;
  await using target = await httpTarget((_, response) =>
    sendPage(response, Array.from({ length: series }, (_, i) => `a{id="${i}"} 1\n`).join('')),
  );
  await using m = managed();
  await m.manager.apply([job('web', [target.address], { series_budget: 30 })]);
  await m.round();
  expect(m.manager.targets().active[0]).not.toHaveProperty('parked');
  series = 100;
  await m.round();
  expect(m.manager.targets().active[0]).toMatchObject({
    health: 'up',
    parked: { series: 75, metrics: [{ metric: 'a', label: 'id', series: 75 }] },
  });
  expect(await m.registry.getSingleMetric('belfry_scrape_series_parked')!.get()).toMatchObject({
    values: [{ labels: { scrape_job: 'web' }, value: 75 }],
  });
  expect(m.log.events.filter(({ message }) => message === 'new series are not stored')).toMatchObject([
    { level: 'warn', fields: { job: 'web', parked: 75, metric: 'a', label: 'id' } },
  ]);
  series = 10;
  await m.round();
  expect(m.manager.targets().active[0]).not.toHaveProperty('parked');
});
