import { Counter, type Registry } from 'prom-client';
import type { Clock } from '../clock.ts';
import type { AlertmanagerConfig } from '../config/alerting.ts';
import type { Log } from '../model/log.ts';
import type { LabelRecord, TargetGroup } from './discovery/discoverer.ts';
import { discoverersOf, hostDiscovery } from './discovery/discoverers.ts';
import { createJobDiscovery, type JobDiscovery } from './discovery/job-discovery.ts';
import { createSettling } from './discovery/settling.ts';
import { staticGroups } from './discovery/static.ts';
import { compileRelabel, type LabelBuilder, type Relabel } from './relabel.ts';

/** A section of `alerting.alertmanagers` with the servers found for it. */
export interface FoundAlertmanagers {
  readonly config: AlertmanagerConfig;
  /** Addresses that alerts are posted to; each once. */
  readonly urls: readonly string[];
  /** Those that `relabel_configs` drops. */
  readonly dropped: readonly string[];
}

/** Finds the Alertmanagers that alerts of own rules go to, by the same discoveries as targets. */
export interface AlertmanagerFinder {
  /** Makes these the sections that are served. A discovery that stays the same goes on with what it has found. */
  apply(sections: readonly AlertmanagerConfig[]): void;
  found(): readonly FoundAlertmanagers[];
  stop(): void;
}

interface Section {
  readonly config: AlertmanagerConfig;
  readonly relabel: Relabel;
  /** Equal when a discovery may go on. */
  readonly settings: string;
  readonly discovery: JobDiscovery;
}

/** @param deps.onFound called with each change, `apply` included */
export function createAlertmanagerFinder(deps: {
  readonly clock: Clock;
  readonly log: Log;
  readonly registry: Registry;
  /** Belfry's, for the User-Agent. */
  readonly version: string;
  readonly onFound: (found: readonly FoundAlertmanagers[]) => void;
}): AlertmanagerFinder {
  const { clock, log } = deps;
  const discoveryDeps = hostDiscovery(clock, deps.version);
  const failures = new Counter({
    name: 'belfry_alertmanager_discovery_failures_total',
    help: 'Times that discovery could not tell which Alertmanagers there are.',
    labelNames: ['mechanism'],
    registers: [deps.registry],
  });
  const onFailure = (mechanism: string): void => failures.inc({ mechanism });
  let sections: readonly Section[] = [];
  let found: readonly FoundAlertmanagers[] = [];

  const look = (): void => {
    found = sections.map((section) => {
      const { urls, dropped, problems } = alertmanagersOf(section);
      if (problems.length > 0)
        log.error({ count: problems.length, problem: problems[0] }, 'alertmanagers left out');
      return { config: section.config, urls, dropped };
    });
    deps.onFound(found);
  };
  const settling = createSettling(clock, look);

  return {
    apply(configs) {
      const before = new Set(sections);
      sections = configs.map((config): Section => {
        const discoverers = discoverersOf(config, discoveryDeps);
        const settings = discoverers.map((discoverer) => discoverer.settings).join('\n');
        const known = [...before].find((section) => section.settings === settings);
        if (known) before.delete(known);
        const discovery =
          known?.discovery ?? createJobDiscovery({ clock, log, onChange: settling.news, onFailure });
        if (!known) discovery.apply(discoverers);
        return { config, relabel: compileRelabel(config.relabel_configs), settings, discovery };
      });
      for (const { discovery } of before) void discovery.stop();
      look();
    },
    found: () => found,
    stop() {
      settling.cancel();
      // Whatever discovery is in the middle of ends by itself; nobody waits for it.
      for (const { discovery } of sections) void discovery.stop();
    },
  };
}

function alertmanagersOf({ config, relabel, discovery }: Section) {
  const urls = new Set<string>();
  const dropped: string[] = [];
  const problems: string[] = [];
  for (const group of [...staticGroups(config.static_configs), ...discovery.groups()]) {
    for (const target of group.targets) {
      const labels = labelsOf(config, group, target);
      const before = urlOf(labels);
      const address = relabel(labels) ? (labels.get('__address__') ?? '') : undefined;
      if (address === undefined) dropped.push(before);
      else if (address === '' || address.includes('/'))
        problems.push(`expected host:port as address, got ${JSON.stringify(address)}`);
      else urls.add(urlOf(labels));
    }
  }
  return { urls: [...urls], dropped, problems };
}

/** A target's own labels cannot change scheme and path, those of its group can; relabelling can change everything. */
function labelsOf(config: AlertmanagerConfig, group: TargetGroup, target: LabelRecord): LabelBuilder {
  const path = `/${config.path_prefix}/api/${config.api_version}/alerts`.replace(/\/+/g, '/');
  const labels: Record<string, string> = { ...target, __scheme__: config.scheme, __alerts_path__: path };
  for (const [name, value] of Object.entries(group.labels)) if (!(name in target)) labels[name] = value;
  return new Map(Object.entries(labels).filter(([, value]) => value !== ''));
}

function urlOf(labels: LabelBuilder): string {
  const path = labels.get('__alerts_path__') ?? '';
  const rooted = path === '' || path.startsWith('/') ? path : `/${path}`;
  return `${labels.get('__scheme__') ?? ''}://${labels.get('__address__') ?? ''}${encodeURI(rooted)}`;
}
