import type { Scenario } from './fake-api.ts';

/** Series of users that a target made up. */
const PARKED = {
  series: 81_234,
  since: '2026-01-01T10:00:00.000Z',
  reason: 'series_budget of 200000 used up by 200000 series of the target',
  metrics: [
    {
      metric: 'http_requests_total',
      series: 80_112,
      label: 'user_id',
      values: 100,
      rule: '- source_labels: [__name__, user_id]\n  regex: "http_requests_total;.+"\n  action: drop\n',
    },
    {
      metric: 'carts_open',
      series: 1122,
      label: 'session',
      values: 31,
      rule: '- source_labels: [__name__, session]\n  regex: "carts_open;.+"\n  action: drop\n',
    },
  ],
};

export function fakeTargets(scenario: Scenario, now: number): unknown[] {
  if (scenario === 'empty') return [];
  const target = (
    job: string,
    instance: string,
    ms: number,
    health = 'up',
    lastError = '',
    path = '/metrics',
  ) => ({
    labels: { job, instance },
    discoveredLabels: { __address__: instance },
    scrapePool: job,
    scrapeUrl: `http://${instance}${path}`,
    globalUrl: `http://${instance}${path}`,
    lastError,
    lastScrape: health === 'unknown' ? '0001-01-01T00:00:00Z' : new Date(now - 7000 - ms * 10).toISOString(),
    lastScrapeDuration: ms / 1000,
    health,
    scrapeInterval: '15s',
    scrapeTimeout: '10s',
  });
  const isBusy = scenario === 'busy';
  return [
    target('node', 'host-1:9100', 2.1),
    target('node', 'host-2:9100', 3.4),
    target('backend', 'backend-1:8000', 11.2),
    target('backend', 'backend-2:8000', 12.9),
    target('belfry', '127.0.0.1:9797', 1.3),
    isBusy
      ? target('redis', 'redis:9121', 0.8, 'down', 'connect ECONNREFUSED 10.0.4.7:9121')
      : target('redis', 'redis:9121', 1.9),
    ...(isBusy ? [{ ...target('shop', 'shop-1:8080', 42), parked: PARKED }] : []),
    ...(isBusy ? [target('postgres', 'db-1:9187', 0, 'unknown')] : []),
  ];
}

export const DROPPED = ['backend-3:8000', 'backend-canary:8000'].map((address) => ({
  discoveredLabels: {
    __address__: address,
    __meta_dns_name: 'backend.internal',
    __metrics_path__: '/metrics',
    __scheme__: 'http',
    job: 'backend',
  },
  scrapePool: 'backend',
}));
