import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { loadConfig } from '../../config/load.ts';
import { hasOpenssl } from '../../testing/certificate.ts';
import { collectingAppender } from '../../testing/collecting-appender.ts';
import { countTurns } from '../../testing/count-turns.ts';
import { fakeClock } from '../../testing/fake-clock.ts';
import { httpTarget, sendPage } from '../../testing/http-target.ts';
import { scrapeJob } from '../../testing/scrape-job.ts';
import { silentLog } from '../../testing/silent-log.ts';
import { createScrapeManager } from '../manager.ts';
import { advanceUntil, until } from './discoverer.fixture.ts';
import { KubernetesApiServer } from './kubernetes/api-server.fixture.ts';
import { podObject } from './kubernetes/objects.fixture.ts';

function managed(discovery: Parameters<typeof createScrapeManager>[0]['discovery'] = {}) {
  const clock = fakeClock();
  const appender = collectingAppender();
  const log = silentLog();
  const registry = new Registry();
  const manager = createScrapeManager({ appender, clock, log, registry, version: '1.2.3', discovery });
  const dir = mkdtempSync(join(tmpdir(), 'belfry-manager-'));
  return {
    clock,
    appender,
    log,
    manager,
    registry,
    file: (name: string): string => join(dir, name),
    /** Writes a file of targets. */
    write: (name: string, ...addresses: string[]): void =>
      writeFileSync(join(dir, name), JSON.stringify([{ targets: addresses }])),
    active: (): string[] =>
      manager
        .targets()
        .active.map(({ labels }) => labels.instance!)
        .sort(),
    until: (holds: () => boolean, step = '10ms') => advanceUntil(clock, step, holds),
    async [Symbol.asyncDispose]() {
      await manager.stop();
      rmSync(dir, { recursive: true });
    },
  };
}

const fileJob = (name: string, files: string[], keys: Record<string, unknown> = {}) =>
  scrapeJob({ job_name: name, file_sd_configs: [{ files }], ...keys });

test('targets come and go; one that goes becomes stale, the others are scraped on', async () => {
  await using one = await httpTarget((_, response) => sendPage(response, 'a 1\n'));
  await using two = await httpTarget((_, response) => sendPage(response, 'a 2\n'));
  await using m = managed();
  m.write('a.json', one.address);
  await m.manager.apply([fileJob('files', [m.file('*.json')]), scrapeJob({ job_name: 'other' })]);
  expect(m.active()).toEqual([]);
  await until(() => m.manager.discovery()[0]!.targets === 1);
  await m.clock.advance('100ms');
  expect(m.active()).toEqual([one.address]);
  const first = m.manager.targets().active[0]!;
  expect(first.discoveredLabels).toMatchObject({ __meta_filepath: m.file('a.json'), job: 'files' });
  await m.until(() => one.requests.length === 2, '100ms');
  m.write('a.json', one.address, two.address);
  await m.until(() => two.requests.length === 1, '100ms');
  m.write('a.json', two.address);
  await m.until(() => m.active().join() === two.address, '100ms');
  const last = (series: string) => m.appender.samples(series).at(-1)!.value;
  expect(last(`a{instance="${one.address}", job="files"}`)).toBe('stale');
  expect(last(`up{instance="${one.address}", job="files"}`)).toBe('stale');
  const before = two.requests.length;
  await m.until(() => two.requests.length === before + 2, '100ms');
  // Its connection and its series are the ones it had.
  expect(two.connections()).toBe(1);
  const values = m.appender.samples(`a{instance="${two.address}", job="files"}`).map(({ value }) => value);
  expect(values).not.toContain('stale');
});

test('changes of one job are at least five seconds apart', async () => {
  await using m = managed();
  m.write('a.json', 'a:1');
  await m.manager.apply([fileJob('files', [m.file('a.json')])]);
  await m.until(() => m.active().join() === 'a:1');
  const first = m.clock.monotonic();
  m.write('a.json', 'a:2');
  await m.until(() => m.active().join() === 'a:2');
  expect(m.clock.monotonic() - first).toBeGreaterThan(4900);
});

test('a reload keeps what discovery has found, and relabels it anew', async () => {
  await using m = managed();
  m.write('a.json', 'a:1', 'b:1');
  const files = [m.file('a.json')];
  await m.manager.apply([fileJob('files', files)]);
  await m.until(() => m.active().length === 2);
  const relabel_configs = [{ source_labels: ['__address__'], regex: 'a:.*', action: 'drop' }];
  await m.manager.apply([fileJob('files', files, { relabel_configs })]);
  expect(m.active()).toEqual(['b:1']);
  expect(m.manager.droppedCounts()).toEqual({ files: 1 });
  expect(m.manager.targets().dropped).toMatchObject([
    { discoveredLabels: { __address__: 'a:1' }, reason: 'dropped by relabel_configs' },
  ]);
  await m.manager.apply([fileJob('files', [m.file('none.json')])]);
  await m.until(() => m.active().length === 0);
  await m.manager.apply([]);
  expect(m.manager.discovery()).toEqual([]);
});

test('a changed discovery that finds the same again interrupts nothing', async () => {
  await using one = await httpTarget((_, response) => sendPage(response, 'a 1\n'));
  await using m = managed();
  m.write('a.json', one.address);
  m.write('b.json', 'b:1');
  const apply = async (files: readonly string[]): Promise<void> => {
    const before = m.active();
    await m.manager.apply([fileJob('files', files.map(m.file))]);
    expect(m.active()).toEqual(before);
    // While files are read the clock stands still: it would outrun them, and the time to find things again would be over.
    await until(() => m.manager.discovery()[0]!.targets === files.length);
    await m.clock.advance('5s');
  };
  const values = () =>
    m.appender.samples(`a{instance="${one.address}", job="files"}`).map(({ value }) => value);
  await m.manager.apply([fileJob('files', [m.file('a.json')])]);
  await m.until(() => values().length === 1, '100ms');
  await apply(['b.json', 'a.json']);
  expect(m.active()).toEqual([one.address, 'b:1']);
  await apply(['b.json']);
  expect(m.active()).toEqual(['b:1']);
  expect(values()).toEqual([1, 'stale']);
});

test('a changed discovery that gives no answer keeps what there was for half a minute only', async () => {
  await using silent = await httpTarget(() => {});
  await using m = managed();
  m.write('a.json', 'a:1');
  await m.manager.apply([fileJob('files', [m.file('a.json')])]);
  await m.until(() => m.active().length === 1);
  const http_sd_configs = [{ url: `http://${silent.address}/` }];
  await m.manager.apply([scrapeJob({ job_name: 'files', http_sd_configs })]);
  const since = m.clock.monotonic();
  await m.until(() => m.active().length === 0, '100ms');
  expect(m.clock.monotonic() - since).toBeGreaterThanOrEqual(30_000);
  expect(m.clock.monotonic() - since).toBeLessThan(36_000);
});

test('what discovery has found and what is wrong with it is told', async () => {
  let answer = '[{"targets":["a:1","b:1"]},{"targets":["c:1"]}]';
  await using server = await httpTarget((_, response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(answer),
  );
  await using m = managed();
  const http_sd_configs = [{ url: `http://${server.address}/` }];
  await m.manager.apply([scrapeJob({ job_name: 'http', http_sd_configs })]);
  expect(m.manager.hasDiscovered()).toBe(false);
  expect(m.manager.discovery()).toEqual([
    {
      scrapePool: 'http',
      mechanism: 'http_sd_configs',
      groups: 0,
      targets: 0,
      lastUpdate: '0001-01-01T00:00:00Z',
      lastError: '',
    },
  ]);
  await until(() => m.manager.discovery()[0]!.targets === 3);
  expect(m.manager.hasDiscovered()).toBe(false);
  await m.clock.advance('100ms');
  expect(m.active()).toHaveLength(3);
  expect(m.manager.hasDiscovered()).toBe(true);
  answer = 'no list';
  await m.until(() => m.manager.discovery()[0]!.lastError !== '', '1s');
  await m.until(() => server.requests.length > 4, '1s');
  expect(m.manager.discovery()).toMatchObject([
    {
      groups: 2,
      targets: 3,
      lastError: expect.stringContaining('not valid JSON'),
      lastUpdate: expect.stringMatching(/^2026/),
    },
  ]);
  expect(m.active()).toEqual(['a:1', 'b:1', 'c:1']);
  const logged = m.log.events.filter(({ message }) => message.startsWith('discovery'));
  expect(logged).toMatchObject([{ level: 'error', fields: { job: 'http', mechanism: 'http_sd_configs' } }]);
  const metrics = await m.registry.metrics();
  expect(metrics).toContain('belfry_discovered_targets{scrape_job="http"} 3');
  expect(metrics).toMatch(/belfry_discovery_failures_total\{mechanism="http_sd_configs"\} [2-9]/);
});

test('a discovery that finds nothing has answered too', async () => {
  await using m = managed();
  await m.manager.apply([fileJob('files', [m.file('none.json')]), scrapeJob({ job_name: 'none' })]);
  expect(m.manager.hasDiscovered()).toBe(false);
  await until(() => m.manager.hasDiscovered());
});

test('a kind of discovery that is not served is told among the dropped targets', async () => {
  await using m = managed();
  await m.manager.apply([scrapeJob({ job_name: 'old', consul_sd_configs: [{ server: 'x' }] })]);
  expect(m.manager.targets()).toMatchObject({
    active: [],
    dropped: [
      {
        scrapePool: 'old',
        discoveredLabels: { job: 'old' },
        reason: 'no targets from consul_sd_configs: not supported, use http_sd_configs',
      },
    ],
  });
});

test('keep_dropped_targets limits what is shown, not what is counted', async () => {
  await using m = managed();
  const static_configs = [{ targets: ['a:1', 'b:1', 'c:1'] }];
  const relabel_configs = [{ action: 'drop', regex: '.*' }];
  await m.manager.apply([scrapeJob({ static_configs, relabel_configs, keep_dropped_targets: 2 })]);
  expect(m.manager.targets().dropped).toHaveLength(2);
  expect(m.manager.droppedCounts()).toEqual({ job: 3 });
});

test('many targets are planned in slices', async () => {
  await using m = managed();
  // Each look at the clock takes a millisecond, as it were.
  let now = 0;
  const { monotonic } = m.clock;
  m.clock.monotonic = () => monotonic() + now++;
  const static_configs = Array.from({ length: 50 }, (_, i) => ({ targets: [`h${i}:1`] }));
  using turns = countTurns();
  await m.manager.apply([scrapeJob({ static_configs })]);
  expect(m.active()).toHaveLength(50);
  expect(turns.count).toBeGreaterThan(5);
});

test.skipIf(!hasOpenssl)(
  "the guide's pods are found by their annotations and scraped under their paths",
  async () => {
    const file = resolve(import.meta.dirname, '../../../examples/guide/prometheus.yml');
    const { config } = loadConfig(file, { env: {}, cwd: process.cwd() });
    const job = config.scrape_configs.find(({ job_name }) => job_name === 'kubernetes-pods')!;
    await using target = await httpTarget((_, response) => sendPage(response, 'a 1\n'));
    await using api = await new KubernetesApiServer().listen();
    const serviceAccountDir = mkdtempSync(join(tmpdir(), 'belfry-guide-'));
    writeFileSync(join(serviceAccountDir, 'token'), api.token);
    writeFileSync(join(serviceAccountDir, 'ca.crt'), api.certificate.cert);
    const environment = { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: String(api.port) };
    await using m = managed({ environment, serviceAccountDir });

    const spec = { containers: [{ name: 'app', ports: [{ containerPort: target.port, protocol: 'TCP' }] }] };
    const pod = (name: string, annotations: object) =>
      podObject(name, { ip: '127.0.0.1', spec, annotations });
    api.put('pods', pod('quiet', {}));
    api.put('pods', pod('off', { 'prometheus.io/scrape': 'false' }));
    api.put('pods', pod('plain', { 'prometheus.io/scrape': 'true' }));
    await m.manager.apply([job]);
    await m.until(() => m.active().length === 1, '100ms');
    expect(m.manager.targets().active[0]!.scrapeUrl).toBe(`http://${target.address}/metrics`);
    expect(m.manager.droppedCounts()).toEqual({ 'kubernetes-pods': 2 });
    api.put('pods', pod('own-path', { 'prometheus.io/scrape': 'true', 'prometheus.io/path': '/custom' }));
    await m.until(() => target.requests.some(({ url }) => url === '/custom'), '100ms');
    await m.until(() => target.requests.some(({ url }) => url === '/metrics'), '100ms');
    api.remove('pods', 'own-path', 'default');
    await m.until(() => m.active().length === 1, '100ms');
    rmSync(serviceAccountDir, { recursive: true });
  },
);
