import perfHooks from 'node:perf_hooks';
import { Registry } from 'prom-client';
import { expect, test, vi } from 'vitest';
import { processMetrics } from './process-metrics.ts';

test('the delay of the event loop is told, but not sampled', async () => {
  const monitor = vi.spyOn(perfHooks, 'monitorEventLoopDelay');
  const registry = new Registry();
  processMetrics(registry);
  expect(monitor).not.toHaveBeenCalled();
  expect(perfHooks.monitorEventLoopDelay).toBe(monitor);
  const names = (await registry.getMetricsAsJSON()).map(({ name }) => name);
  expect(names.filter((name) => name.includes('eventloop'))).toEqual(['nodejs_eventloop_lag_seconds']);
  monitor.mockRestore();
});
