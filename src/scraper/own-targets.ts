import type { Registry } from 'prom-client';
import type { Clock } from '../clock.ts';
import type { HostConfig } from '../config/host.ts';
import type { SelfConfig } from '../config/self.ts';
import type { Log } from '../model/log.ts';
import type { BuiltInTarget } from './built-in.ts';
import { createHostPage } from './host/host-page.ts';

/** Upstream's default, as far as the interval allows. */
const TIMEOUT_MS = 10_000;

/** This host as a target, under the names of node_exporter. @param instance unless the configuration has one */
export function hostTarget(deps: {
  readonly config: HostConfig;
  readonly instance: string;
  readonly clock: Clock;
  readonly log: Log;
}): BuiltInTarget {
  return ownTarget(deps.config, deps.instance, 'host', createHostPage(deps));
}

/** Our own metrics as a target. @param instance unless the configuration has one */
export function selfTarget(deps: {
  readonly config: SelfConfig;
  readonly instance: string;
  readonly registry: Registry;
}): BuiltInTarget {
  return ownTarget(deps.config, deps.instance, 'self', () => deps.registry.metrics());
}

function ownTarget(
  config: HostConfig | SelfConfig,
  instance: string,
  kind: string,
  collect: () => Promise<string>,
): BuiltInTarget {
  return {
    job: config.job_name,
    instance: config.instance ?? instance,
    labels: config.labels,
    intervalMs: config.scrape_interval,
    timeoutMs: Math.min(TIMEOUT_MS, config.scrape_interval),
    settings: JSON.stringify(config),
    url: `built-in:${kind}`,
    collect,
  };
}
