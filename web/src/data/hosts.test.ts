import { expect, test } from 'vitest';
import type { ActiveTarget, ApiAlert } from './api-types.ts';
import { hostRows, shortError, targetKey } from './hosts.ts';

const target = (job: string, instance: string, health: ActiveTarget['health'] = 'up'): ActiveTarget => ({
  labels: { job, instance },
  discoveredLabels: {},
  scrapePool: job,
  scrapeUrl: `http://${instance}/metrics`,
  lastError: health === 'down' ? 'connection refused' : '',
  lastScrape: '2026-01-01T00:00:00Z',
  lastScrapeDuration: 0.002,
  health,
  scrapeInterval: '15s',
  scrapeTimeout: '10s',
});
const firing = (labels: Record<string, string>): ApiAlert => ({
  labels,
  annotations: {},
  state: 'firing',
  activeAt: '',
  value: '1',
});

test('hosts stand alone, the instances of a service share a row, the worst comes first', () => {
  const rows = hostRows(
    [
      target('app', 'a:1'),
      target('app', 'a:2', 'down'),
      target('node', 'h1'),
      target('node', 'h2'),
      target('x', 'new', 'unknown'),
    ],
    [firing({ alertname: 'A', instance: 'h2' })],
    new Set([targetKey('node', 'h1'), targetKey('node', 'h2')]),
  );
  expect(rows.map(({ name, health, up, isHost }) => [name, health, up, isHost])).toEqual([
    ['h2', 'firing', 1, true],
    ['app', 'firing', 1, false],
    ['x', 'unknown', 0, false],
    ['h1', 'ok', 1, true],
  ]);
  expect(rows[1]).toMatchObject({ lastError: 'connection refused', targets: { length: 2 } });
});

test('an alert without an instance concerns all of its job', () => {
  const rows = hostRows(
    [target('app', 'a:1'), target('db', 'd:1')],
    [firing({ alertname: 'A', job: 'app' })],
    new Set(),
  );
  expect(rows.map(({ name, health }) => [name, health])).toEqual([
    ['app', 'firing'],
    ['db', 'ok'],
  ]);
});

test.each([
  [
    'Get "http://10.0.0.1:9121/metrics": dial tcp 10.0.0.1:9121: connect: connection refused',
    'connection refused',
  ],
  ['Get "http://redis:9121/metrics": dial tcp: lookup redis: no such host', 'lookup redis: no such host'],
  ['Get "http://a/metrics": context deadline exceeded', 'context deadline exceeded'],
  [
    'server returned HTTP status 500 Internal Server Error',
    'server returned HTTP status 500 Internal Server Error',
  ],
])('of %j people are told %j', (error, words) => {
  expect(shortError(error)).toBe(words);
});
