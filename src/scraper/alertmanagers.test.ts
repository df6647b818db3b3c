import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import type { AlertmanagerConfig } from '../config/alerting.ts';
import { configFromData } from '../config/config.ts';
import { fakeClock } from '../testing/fake-clock.ts';
import { silentLog } from '../testing/silent-log.ts';
import { createAlertmanagerFinder } from './alertmanagers.ts';
import { advanceUntil } from './discovery/discoverer.fixture.ts';

type Keys = NonNullable<
  NonNullable<Parameters<typeof configFromData>[0]['alerting']>['alertmanagers']
>[number];

const sections = (...alertmanagers: Keys[]): readonly AlertmanagerConfig[] =>
  configFromData({ alerting: { alertmanagers } }).alerting.alertmanagers;

function finder() {
  const clock = fakeClock();
  const log = silentLog();
  const registry = new Registry();
  const changes: string[][] = [];
  const found = createAlertmanagerFinder({
    clock,
    log,
    registry,
    version: '1.2.3',
    onFound: (all) => changes.push(all.flatMap(({ urls }) => urls)),
  });
  const dir = mkdtempSync(join(tmpdir(), 'belfry-alertmanagers-'));
  return {
    ...found,
    log,
    registry,
    changes,
    file: join(dir, 'am.json'),
    write: (...addresses: string[]): void =>
      writeFileSync(join(dir, 'am.json'), JSON.stringify([{ targets: addresses }])),
    until: (urls: string[]) => advanceUntil(clock, '10ms', () => changes.at(-1)?.join() === urls.join()),
    advanceUntil: (holds: () => boolean) => advanceUntil(clock, '10ms', holds),
    [Symbol.dispose]() {
      found.stop();
      rmSync(dir, { recursive: true });
    },
  };
}

test('addresses are made of scheme, address and path, and relabelling has its say', () => {
  using found = finder();
  found.apply(
    sections(
      { static_configs: [{ targets: ['plain:9093', 'plain:9093'] }] },
      { scheme: 'https', path_prefix: '/am/', static_configs: [{ targets: ['secure'] }] },
      {
        static_configs: [
          { targets: ['a:1', 'b:1', 'c:1', 'd:1'], labels: { __alerts_path__: '/of group', zone: 'x' } },
        ],
        relabel_configs: [
          { source_labels: ['__address__'], regex: 'b:.*', action: 'drop' },
          {
            source_labels: ['__address__', 'zone'],
            regex: 'c:1;x',
            target_label: '__scheme__',
            replacement: 'https',
          },
          { source_labels: ['__address__'], regex: 'd:.*', target_label: '__address__', replacement: 'x/y' },
        ],
      },
    ),
  );
  expect(found.found().map(({ urls, dropped }) => ({ urls, dropped }))).toEqual([
    { urls: ['http://plain:9093/api/v2/alerts'], dropped: [] },
    { urls: ['https://secure/am/api/v2/alerts'], dropped: [] },
    { urls: ['http://a:1/of%20group', 'https://c:1/of%20group'], dropped: ['http://b:1/of%20group'] },
  ]);
  expect(found.log.events).toMatchObject([
    { level: 'error', fields: { problem: 'expected host:port as address, got "x/y"', count: 1 } },
  ]);
});

test('files change which there are, also across a reload that changes something else', async () => {
  using found = finder();
  const section = (timeout: string): Keys => ({
    timeout,
    file_sd_configs: [{ files: [found.file] }],
    static_configs: [{ targets: ['always'] }],
  });
  const url = (host: string): string => `http://${host}/api/v2/alerts`;
  found.write('one');
  found.apply(sections(section('1s')));
  expect(found.changes).toEqual([[url('always')]]);
  await found.until([url('always'), url('one')]);
  found.apply(sections({ static_configs: [{ targets: ['first'] }] }, section('2s')));
  expect(found.changes.at(-1)).toEqual([url('first'), url('always'), url('one')]);
  expect(found.found()[1]!.config.timeout).toBe(2000);
  found.write('one', 'two');
  await found.until([url('first'), url('always'), url('one'), url('two')]);
  found.write('two');
  await found.until([url('first'), url('always'), url('two')]);
  const { length } = found.changes;
  found.apply([]);
  found.write('three');
  expect(found.found()).toEqual([]);
  expect(found.changes).toHaveLength(length + 1);
});

test('an HTTP server that fails is counted, and what it said before stays', async () => {
  let answer: { status: number; body: string } = { status: 200, body: '[{"targets": ["one"]}]' };
  const server = createServer((_, response) => {
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  using found = finder();
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    found.apply(sections({ http_sd_configs: [{ url, refresh_interval: '1s' }] }));
    await found.until(['http://one/api/v2/alerts']);
    answer = { status: 500, body: '' };
    const failures = found.registry.getSingleMetric('belfry_alertmanager_discovery_failures_total')!;
    let count = 0;
    await found.advanceUntil(() => {
      void failures.get().then(({ values }) => {
        count = values[0]?.value ?? 0;
      });
      return count > 0;
    });
    expect(found.found()[0]!.urls).toEqual(['http://one/api/v2/alerts']);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
