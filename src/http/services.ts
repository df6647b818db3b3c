import { readFileSync } from 'node:fs';
import os from 'node:os';
import type { Hono } from 'hono';
import { Registry } from 'prom-client';
import type { Access } from '../access/access.ts';
import type { Backups } from '../backup/backups.ts';
import { checkLanguages } from '../cli/languages.ts';
import type { Clock } from '../clock.ts';
import { formatFinding } from '../config/finding.ts';
import type { LoadedConfig } from '../config/load.ts';
import { redactConfig, redactedAlertmanagerConfig, redactedScrapeConfig } from '../config/redact.ts';
import type { LastReload } from '../config/reload-metrics.ts';
import type { AnnotationStore } from '../dashboards/annotation-store.ts';
import type { DashboardStore } from '../dashboards/store.ts';
import type { Importer } from '../import/importer.ts';
import type { IncidentStore } from '../incidents/incident-store.ts';
import type { ServiceDays } from '../incidents/service-days.ts';
import type { ServiceWatch } from '../incidents/service-watch.ts';
import { statusView } from '../incidents/status-view.ts';
import type { LogTail } from '../log-tail.ts';
import { formatDuration } from '../model/duration.ts';
import { eachLabel } from '../model/labels.ts';
import type { MetricMetadata } from '../model/queryable.ts';
import { compileMatchers } from '../notifiers/matching.ts';
import type { Notifier } from '../notifiers/notifier.ts';
import type { ProgramFiles } from '../program-files.ts';
import { checkExpr } from '../promql/parse.ts';
import type { QueryPool } from '../query/pool.ts';
import { shownUrl } from '../remote/metrics.ts';
import type { RemoteWriter } from '../remote/remote-write.ts';
import type { RuleManager } from '../rules/manager.ts';
import { alertCounts } from '../rules/views.ts';
import type { AlertmanagerFinder } from '../scraper/alertmanagers.ts';
import type { ScrapeManager } from '../scraper/manager.ts';
import { explainRelabel } from '../scraper/relabel-steps.ts';
import type { DamageReport } from '../tsdb/damage.ts';
import type { Store } from '../tsdb/store.ts';
import { PROMETHEUS_LEVEL, VERSION } from '../version.ts';
import { accessRoutes } from './access.ts';
import { alertHistoryRoutes } from './alert-history.ts';
import { annotationRoutes } from './annotations.ts';
import { adminRoutes } from './api-v1/admin.ts';
import { featureList } from './api-v1/features.ts';
import { federateRoutes } from './api-v1/federate.ts';
import type { MonitoringSource } from './api-v1/monitoring.ts';
import { relabelStepsRoutes } from './api-v1/relabel-steps.ts';
import { remoteReadRoutes } from './api-v1/remote-read.ts';
import { remoteWriteRoutes } from './api-v1/remote-write.ts';
import { scrapePoolRoutes } from './api-v1/scrape-pools.ts';
import { searchRoutes } from './api-v1/search.ts';
import { selfMetricsJson } from './api-v1/self-metrics.ts';
import type { StatusSource } from './api-v1/status.ts';
import { notificationRoutes } from './api-v2/notifications.ts';
import { apiV2Routes } from './api-v2/routes.ts';
import type { HttpServices } from './app.ts';
import { backupRoutes } from './backups.ts';
import { batchRoutes } from './batch.ts';
import { dashboardRoutes } from './dashboards.ts';
import type { GuardSettings } from './guard.ts';
import { importRoutes } from './import.ts';
import { incidentRoutes } from './incidents.ts';
import { logRoutes } from './log.ts';
import { openMetricsPage } from './open-metrics-page.ts';
import { ownRoutes } from './own.ts';
import { type RehearseDeps, rehearseRoutes, routingOf } from './rehearse.ts';
import { statusPageRoutes } from './status-page.ts';
import { targetPageRoutes } from './target-page.ts';

/** What the appliance hands to HTTP. */
export interface ServiceParts {
  readonly clock: Clock;
  readonly registry: Registry;
  readonly store: Store;
  readonly damage: DamageReport;
  readonly queries: QueryPool;
  readonly scraper: ScrapeManager;
  readonly rules: RuleManager;
  readonly notifier: Notifier;
  readonly alertmanagers: Pick<AlertmanagerFinder, 'found'>;
  readonly dashboards: DashboardStore;
  readonly annotations: AnnotationStore;
  readonly incidents: IncidentStore;
  readonly serviceDays: ServiceDays;
  readonly serviceWatch: ServiceWatch;
  readonly web: ProgramFiles;
  readonly logTail: LogTail;
  /** Unix ms. */
  readonly startedAt: number;
  readonly flags: Readonly<Record<string, string>>;
  /** Given to --enable-feature. */
  readonly features: ReadonlySet<string>;
  /** The running configuration. */
  readonly loaded: () => LoadedConfig;
  readonly lastReload: () => LastReload;
  readonly reload: () => Promise<void>;
  readonly externalUrl: () => string;
  readonly backups: Backups;
  readonly importText: Importer;
  readonly rehearse: RehearseDeps['run'];
  readonly remoteWriter: RemoteWriter;
  readonly access: Access;
  readonly guardSettings: () => GuardSettings;
}

/** Joins the parts to what the routes ask for. */
export function httpServices(parts: ServiceParts): HttpServices {
  const { clock, registry, store, queries, notifier, dashboards, loaded } = parts;
  const languages = checkLanguages(clock.now);
  const own = ownRoutes({ queries, status: () => applianceStatus(parts), flush: () => store.flush() });
  own.route('/', batchRoutes({ queries, clock }));
  own.route('/', annotationRoutes({ annotations: parts.annotations, clock }));
  own.route('/', notificationRoutes({ notifier }));
  own.route('/', alertHistoryRoutes({ rules: parts.rules, clock }));
  own.route(
    '/',
    incidentRoutes({
      incidents: parts.incidents,
      services: parts.serviceWatch.services,
      statusPage: () => loaded().config.status_page,
      rules: parts.rules,
      compile: (matchers) => compileMatchers(matchers).matches,
      clock,
    }),
  );
  own.route('/', backupRoutes({ backups: parts.backups }));
  own.route('/', importRoutes({ importText: parts.importText }));
  own.route('/', targetPageRoutes({ look: parts.scraper.look }));
  own.route('/', logRoutes({ tail: parts.logTail }));
  own.get('/discovery', (c) => c.json(parts.scraper.discovery()));
  return {
    query: { queries, clock },
    monitoring: monitoringSource(parts),
    status: statusSource(parts),
    federate: federateRoutes({
      queries,
      clock,
      externalLabels: () => loaded().config.global.external_labels,
    }),
    remote: remoteRoutes(parts),
    search: searchRoutes({ queries, clock, metadata: () => metricMetadata(parts) }),
    admin: adminRoutes({ store, backups: parts.backups }),
    apiV2: apiV2Routes({
      notifier,
      clock,
      configText: () => redactedAlertmanagerConfig(loaded().text),
      version: { version: VERSION, revision: '' },
    }),
    dashboards: dashboardRoutes({ dashboards }),
    statusPage: statusPageRoutes({
      view() {
        const config = loaded().config.status_page;
        const { incidents, serviceDays: days, serviceWatch } = parts;
        return (
          config &&
          statusView({ config, services: serviceWatch.services(), days, incidents, now: clock.now() })
        );
      },
      clock,
      web: parts.web,
      prefix: () => parts.guardSettings().prefix,
    }),
    rehearse: rehearseRoutes({
      clock,
      groups: () => loaded().ruleGroups,
      checkExpr,
      externalLabels: () => loaded().config.global.external_labels,
      externalUrl: parts.externalUrl,
      run: parts.rehearse,
      routing: () => routingOf(loaded().config, notifier.silences()),
      alertRelabelConfigs: () => loaded().config.alerting.alert_relabel_configs,
      checkTemplate: (text) => languages.checkTemplate?.(text, 'rule'),
    }),
    access: accessRoutes({ access: parts.access, clock, settings: parts.guardSettings }),
    own,
    async metrics(openMetrics) {
      const text = await registry.metrics();
      return openMetrics
        ? { type: Registry.OPENMETRICS_CONTENT_TYPE, text: openMetricsPage(text) }
        : { type: Registry.PROMETHEUS_CONTENT_TYPE, text };
    },
    reload: parts.reload,
  };
}

/** What of /api/v1 others send, and how a target came to be. */
function remoteRoutes({ store, queries, clock, registry, scraper, loaded }: ServiceParts): Hono {
  const app = remoteReadRoutes({ queries, clock });
  app.route(
    '/',
    relabelStepsRoutes({
      explain(pool, labels) {
        const job = scraper.job(pool);
        return job && explainRelabel(job, labels);
      },
    }),
  );
  app.route('/', scrapePoolRoutes({ configYaml: (pool) => scrapePoolYaml(loaded(), pool) }));
  app.route('/', remoteWriteRoutes({ appender: store, degraded: () => store.degraded(), clock, registry }));
  return app;
}

/** A pool's configuration as written, in the config file or in one of `scrape_config_files`. */
function scrapePoolYaml({ text, files }: LoadedConfig, pool: string): string | undefined {
  const found = redactedScrapeConfig(text, pool);
  if (found !== undefined) return found;
  for (const file of files) {
    const own = SCRAPE_FILE.test(file) ? redactedScrapeConfig(readFileSync(file, 'utf8'), pool) : undefined;
    if (own !== undefined) return own;
  }
  return undefined;
}

const SCRAPE_FILE = /\.(?:ya?ml|json)$/;

/** What is known of each metric: as the first target says it, else as it was pushed. */
function metricMetadata({ scraper, store }: ServiceParts): ReadonlyMap<string, MetricMetadata> {
  const known = new Map(store.metricMetadata);
  const scraped = new Map<string, MetricMetadata>();
  for (const { metrics } of scraper.metadata())
    for (const [metric, about] of metrics) if (!scraped.has(metric)) scraped.set(metric, about);
  for (const [metric, about] of scraped) known.set(metric, about);
  return known;
}

function monitoringSource(parts: ServiceParts): MonitoringSource {
  const { scraper, rules, alertmanagers, store, clock } = parts;
  return {
    clock,
    activeTargets: () => scraper.targets().active,
    droppedTargets: () => scraper.targets().dropped,
    droppedTargetCounts: () => scraper.droppedCounts(),
    scrapePools: () => scraper.pools(),
    targetMetadata: () =>
      scraper.metadata().flatMap(({ target, metrics }) => {
        const labels = Object.fromEntries(eachLabel(target.labels));
        return [...metrics].map(([metric, about]) => ({ target: labels, metric, ...about }));
      }),
    storedMetadata: () => store.metricMetadata,
    ruleGroups: () => rules.groups(),
    alerts: () => rules.alerts(),
    alertmanagers: () => ({
      activeAlertmanagers: alertmanagers.found().flatMap(({ urls }) => urls.map((url) => ({ url }))),
      droppedAlertmanagers: alertmanagers.found().flatMap(({ dropped }) => dropped.map((url) => ({ url }))),
    }),
  };
}

function statusSource(parts: ServiceParts): StatusSource {
  const { clock, registry, damage, startedAt, flags, features, loaded, lastReload } = parts;
  return {
    buildInfo: () => ({
      version: PROMETHEUS_LEVEL,
      revision: '',
      branch: '',
      buildUser: '',
      buildDate: '',
      goVersion: '',
      application: 'belfry',
      belfryVersion: VERSION,
      nodeVersion: process.version,
    }),
    runtimeInfo: () => ({
      startTime: isoTime(startedAt),
      CWD: process.cwd(),
      hostname: os.hostname(),
      serverTime: isoTime(clock.now()),
      reloadConfigSuccess: lastReload().isSuccessful,
      lastConfigTime: isoTime(lastReload().successAt),
      corruptionCount: damage.places,
      goroutineCount: 0,
      GOMAXPROCS: os.availableParallelism(),
      GOMEMLIMIT: 0,
      GOGC: '',
      GODEBUG: '',
      storageRetention: retentionText(loaded()),
    }),
    flags: () => flags,
    configYaml: () => redactConfig(loaded().text),
    // The log is replayed before anything is served.
    walReplay: () => ({ min: 0, max: 0, current: 0, state: 'done' }),
    features: () => featureList(features),
    notifications: () => notificationList(parts),
    selfMetrics: async (isWanted) => selfMetricsJson(await registry.getMetricsAsJSON(), isWanted),
  };
}

function notificationList({ store, damage, clock, startedAt, lastReload }: ServiceParts) {
  const notes: { text: string; date: string; active: boolean }[] = [];
  const degraded = store.degraded();
  if (degraded !== undefined) {
    notes.push({ text: `Samples are in memory only: ${degraded}`, date: isoTime(clock.now()), active: true });
  }
  const date = isoTime(clock.now());
  for (const { file, loss, detail, places } of damage.partitions()) {
    const text = `Partition ${file} ${loss}, answers lack samples: ${detail}${places > 1 ? ` and ${places - 1} more places` : ''}`;
    notes.push({ text, date, active: true });
  }
  for (const file of damage.setAside()) {
    notes.push({
      text: `Partition ${file} was damaged and is set aside in quarantine/.`,
      date,
      active: true,
    });
  }
  const { isSuccessful, successAt } = lastReload();
  if (!isSuccessful) {
    const date = isoTime(Math.max(startedAt, successAt));
    notes.push({ text: 'Configuration reload has failed.', date, active: true });
  }
  return notes;
}

function applianceStatus({
  store,
  scraper,
  rules,
  damage,
  queries,
  notifier,
  backups,
  remoteWriter,
  startedAt,
  loaded,
  lastReload,
}: ServiceParts): Record<string, unknown> {
  const reload = lastReload();
  return {
    version: VERSION,
    startedAt: isoTime(startedAt),
    /** Why samples are in memory only; null while they are stored. */
    degraded: store.degraded() ?? null,
    /** What `belfry check` says of the running configuration, and what became of the last attempt to read it. */
    config: {
      isSuccessful: reload.isSuccessful,
      readAt: isoTime(reload.successAt),
      triedAt: isoTime(reload.triedAt),
      problem: reload.problem ?? null,
      warnings: loaded().warnings.map(formatFinding),
    },
    targets: scraper.targetCounts(),
    alerts: alertCounts([
      ...rules.alerts(),
      ...Array.from(notifier.others(), ({ startsAt }) => ({ state: 'firing' as const, activeAt: startsAt })),
    ]),
    store: store.stats(),
    /** Partitions of which some cannot be read, and files that were set aside. */
    damage: { partitions: damage.partitions(), setAside: damage.setAside() },
    queries: queries.counts(),
    notifier: notifier.status(),
    backup: backups.status(),
    remoteWrite: remoteWriter.status().map(({ durations: _, url, highestSent, trouble, ...report }) => ({
      ...report,
      url: shownUrl(url),
      sentUpTo: highestSent === 0 ? null : isoTime(highestSent),
      trouble: trouble ?? null,
    })),
  };
}

function retentionText({ config }: LoadedConfig): string {
  const { time, size, percentage } = config.storage.tsdb.retention;
  return [
    ...(time ? [formatDuration(time)] : []),
    ...(size ? [`${size}B`] : []),
    ...(percentage ? [`${percentage}%`] : []),
  ].join(' or ');
}

const isoTime = (ms: number): string => new Date(ms).toISOString();
