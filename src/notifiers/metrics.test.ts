import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { createMetrics } from './metrics.ts';

test('what is configured is counted from 0, so that increase() sees its first failure', async () => {
  const registry = new Registry();
  const sources = {
    alerts: () => ({ active: 0, suppressed: 0 }),
    silences: () => [],
    outbox: () => [],
    now: () => 0,
  };
  const metrics = createMetrics(registry, sources);
  metrics.configured(['webhook', 'email', 'webhook']);
  const lines = async () =>
    (await registry.metrics()).split('\n').filter((line) => /^belfry_notifications_\w+{/.test(line));
  expect(await lines()).toContain(
    'belfry_notifications_failed_total{integration="email",reason="authError"} 0',
  );
  expect(await lines()).toHaveLength(2 + 2 * 7);
  metrics.ended('webhook', 'serverError');
  metrics.configured(['webhook']);
  expect(await lines()).toContain(
    'belfry_notifications_failed_total{integration="webhook",reason="serverError"} 1',
  );
});
