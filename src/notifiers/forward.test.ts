import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import type { AlertmanagerConfig } from '../config/alerting.ts';
import { labelsFromObject } from '../model/labels.ts';
import { fakeClock } from '../testing/fake-clock.ts';
import { silentLog } from '../testing/silent-log.ts';
import { createForwarder, type ForwardServer } from './forward.ts';
import type { HttpRequest } from './kinds/exchange.ts';
import { alert, plainHttp } from './notifier.fixture.ts';

const config: AlertmanagerConfig = {
  ...plainHttp,
  scheme: 'http',
  path_prefix: '',
  timeout: 10_000,
  api_version: 'v2',
  static_configs: [],
  file_sd_configs: [],
  http_sd_configs: [],
  dns_sd_configs: [],
  docker_sd_configs: [],
  kubernetes_sd_configs: [],
  relabel_configs: [],
  alert_relabel_configs: [],
};
const server = (url: string, relabel: ForwardServer['relabel'] = (labels) => labels): ForwardServer => ({
  url,
  config,
  relabel,
});

function setup(answer: (url: string, signal: AbortSignal) => Promise<{ status: number }>) {
  const clock = fakeClock();
  const log = silentLog();
  const registry = new Registry();
  const requests: HttpRequest[] = [];
  const forwarder = createForwarder({
    sign: async (request) => request,
    clock,
    log,
    registry,
    transport: async (request, _config, signal) => {
      requests.push(request);
      return { ...(await answer(request.url, signal)), headers: {}, body: '' };
    },
  });
  const counted = async (name: string): Promise<number> => {
    const metric = await registry.getSingleMetric(name)!.get();
    return metric.values.reduce((total, { value }) => total + value, 0);
  };
  return { clock, log, requests, forwarder, counted };
}

test('an alert goes to every server, as each relabels it', async () => {
  const { forwarder, requests, counted } = setup(async () => ({ status: 200 }));
  forwarder.apply([
    server('http://a:9093/api/v2/alerts'),
    server('http://b:9093/am/api/v2/alerts', () => labelsFromObject({ alertname: 'Renamed' })),
    server('http://c:9093', () => undefined),
  ]);
  await forwarder.accept([alert({ labels: { alertname: 'DiskFull' } })]);
  expect(requests.map(({ url, body }) => [url, JSON.parse(body)[0].labels.alertname])).toEqual([
    ['http://a:9093/api/v2/alerts', 'DiskFull'],
    ['http://b:9093/am/api/v2/alerts', 'Renamed'],
  ]);
  await new Promise(setImmediate);
  expect(await counted('belfry_alertmanager_alerts_sent_total')).toBe(2);
  expect(await counted('belfry_alertmanager_alerts_failed_total')).toBe(0);
  expect(await counted('belfry_alertmanagers')).toBe(3);
});

test('a server that hangs delays only itself, is given up after its timeout and complained of once a minute', async () => {
  const { clock, log, forwarder, requests, counted } = setup((url, signal) =>
    url.includes('hung')
      ? new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      : Promise.resolve({ status: 200 }),
  );
  forwarder.apply([server('http://hung:9093'), server('http://well:9093')]);
  for (let i = 0; i < 3; i++) {
    await forwarder.accept([alert({ labels: { alertname: 'A' } })]);
    await clock.advance('10s');
  }
  expect(requests.filter(({ url }) => url.includes('well'))).toHaveLength(3);
  for (const outcome of ['dropped', 'failed'])
    expect(await counted(`belfry_alertmanager_alerts_${outcome}_total`)).toBe(3);
  expect(log.events.filter(({ level }) => level === 'warn')).toHaveLength(1);
});

test('alerts go in batches of 256, and of too many the oldest are dropped', async () => {
  const { forwarder, requests, counted } = setup(() => new Promise(() => {}));
  forwarder.apply([server('http://hung:9093')]);
  await forwarder.accept([alert({ labels: { alertname: 'first' } })]);
  await forwarder.accept(Array.from({ length: 10_050 }, () => alert({ labels: { alertname: 'A' } })));
  expect(JSON.parse(requests[0]!.body)).toHaveLength(1);
  expect(await counted('belfry_alertmanager_queue_length')).toBe(10_000);
  expect(await counted('belfry_alertmanager_alerts_dropped_total')).toBe(50);
});

test('a server that stays through a change of the list loses nothing that waits for it; one that goes leaves no series', async () => {
  const answers: ((answer: { status: number }) => void)[] = [];
  const { forwarder, requests, counted } = setup(() => new Promise((resolve) => answers.push(resolve)));
  forwarder.apply([server('http://stays'), server('http://goes')]);
  await forwarder.accept([alert({ labels: { alertname: 'first' } })]);
  await forwarder.accept([alert({ labels: { alertname: 'second' } })]);
  forwarder.apply([server('http://new'), server('http://stays'), server('http://stays')]);
  expect(await counted('belfry_alertmanager_queue_length')).toBe(1);
  for (const answer of answers) answer({ status: 200 });
  await new Promise(setImmediate);
  const names = requests.map(({ url, body }) => `${url} ${JSON.parse(body)[0].labels.alertname}`);
  expect(names).toEqual(['http://stays first', 'http://goes first', 'http://stays second']);
  expect(await counted('belfry_alertmanager_alerts_sent_total')).toBe(1);
});

test('what waits is sent before the end; a server that fails, or hangs, gets nothing more', async () => {
  const { clock, forwarder, requests, counted } = setup((url, signal) =>
    url.includes('hung')
      ? new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      : Promise.resolve({ status: url.includes('ill') ? 503 : 200 }),
  );
  forwarder.apply([server('http://well'), server('http://ill'), server('http://hung')]);
  const count = 3 * 256;
  await forwarder.accept(Array.from({ length: count }, () => alert({ labels: { alertname: 'A' } })));
  const stopped = forwarder.stop();
  await clock.advance('5s');
  await stopped;
  const sent = (name: string) => requests.filter(({ url }) => url.includes(name)).length;
  expect([sent('well'), sent('ill'), sent('hung')]).toEqual([3, 1, 1]);
  expect(await counted('belfry_alertmanager_alerts_dropped_total')).toBe(2 * count);
  await forwarder.accept([alert({ labels: { alertname: 'late' } })]);
  expect(requests).toHaveLength(5);
});
