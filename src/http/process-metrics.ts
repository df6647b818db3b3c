import perfHooks from 'node:perf_hooks';
import { collectDefaultMetrics, type Registry } from 'prom-client';

/**
 * Node's own metrics. Without the ones that need the delay of the event loop sampled all the time: that wakes the process a hundred times
 * a second, which costs more than many a site's scrapes, and takes 370 KB. The delay at the moment somebody asks is there.
 */
export function processMetrics(registry: Registry): void {
  // prom-client samples wherever Node can.
  const { monitorEventLoopDelay } = perfHooks;
  Object.assign(perfHooks, { monitorEventLoopDelay: undefined });
  try {
    collectDefaultMetrics({ register: registry });
  } finally {
    Object.assign(perfHooks, { monitorEventLoopDelay });
  }
  for (const part of ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99'])
    registry.removeSingleMetric(`nodejs_eventloop_lag_${part}_seconds`);
}
