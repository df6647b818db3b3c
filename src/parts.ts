import os from 'node:os';
import path from 'node:path';
import { Counter, type Registry } from 'prom-client';
import { type Backups, createBackups } from './backup/backups.ts';
import type { ServeOptions } from './cli/serve-flags.ts';
import type { Clock } from './clock.ts';
import type { Config } from './config/config.ts';
import { defaultHttpClient } from './config/http-client.ts';
import type { LoadedConfig } from './config/load.ts';
import type { QueryConfig } from './config/query.ts';
import { type AnnotationStore, createAnnotationStore } from './dashboards/annotation-store.ts';
import { createDashboardStore, type DashboardStore } from './dashboards/store.ts';
import { createImporter, type Importer } from './import/importer.ts';
import { createIncidentStore, type IncidentStore, migrateIncidents } from './incidents/incident-store.ts';
import { createServiceDays, type ServiceDays } from './incidents/service-days.ts';
import { createServiceWatch, type ServiceWatch } from './incidents/service-watch.ts';
import type { LogTail } from './log-tail.ts';
import { labelsFromObject } from './model/labels.ts';
import type { Log } from './model/log.ts';
import { createHttpClient } from './net/client.ts';
import { createForwarder, type Forwarder, forwardServers } from './notifiers/forward.ts';
import { compileMatchers } from './notifiers/matching.ts';
import { createNotifier, type Notifier } from './notifiers/notifier.ts';
import { createAwsSigner } from './notifiers/transport/aws-signing.ts';
import { createHttpTransport } from './notifiers/transport/http.ts';
import type { Platform } from './platform.ts';
import { parseExpr } from './promql/parse.ts';
import { formatExpr } from './promql/print.ts';
import { openActiveQueries } from './query/active-queries.ts';
import { type Background, createBackground } from './query/background.ts';
import { queryMetrics } from './query/metrics.ts';
import { createQueryPool, type QueryPool } from './query/pool.ts';
import { createRehearser, type Rehearser } from './query/rehearser.ts';
import { createRemotePool } from './query/remote-pool.ts';
import { createRulesLane } from './query/rules-lane.ts';
import { engineSettings, maxHeapMB, maxUnsentBytes, queryLimits } from './query/settings.ts';
import { adoptThread, queryWorker, rulesYoungGenerationMB, startThread } from './query/thread.ts';
import type { EngineInit, LaneInit } from './query/worker.ts';
import { deliveredLogRow } from './remote/cursors.ts';
import { createEngineClient } from './remote/engine-client.ts';
import { shownUrl } from './remote/metrics.ts';
import { createRemoteWriter, type RemoteWriter } from './remote/remote-write.ts';
import { createRuleManager, type RuleManager } from './rules/manager.ts';
import { type AlertmanagerFinder, createAlertmanagerFinder } from './scraper/alertmanagers.ts';
import { allScraped } from './scraper/all-scraped.ts';
import { createScrapeManager, type ScrapeManager } from './scraper/manager.ts';
import { hostTarget, selfTarget } from './scraper/own-targets.ts';
import { relabelling } from './scraper/relabel-labels.ts';
import type { SqliteDatabase } from './sqlite/database.ts';
import type { TemplateSet } from './templates/notification.ts';
import { createDamageReport, type DamageReport } from './tsdb/damage.ts';
import { hasHistory } from './tsdb/history.ts';
import type { KeptIndex } from './tsdb/log/kept-index.ts';
import { retentionSettings } from './tsdb/retention-settings.ts';
import { openState } from './tsdb/state-db.ts';
import { openStore, type Store } from './tsdb/store.ts';
import { VERSION } from './version.ts';

export interface ApplianceDeps {
  readonly options: ServeOptions;
  readonly log: Log;
  /** Where the end of the log is. */
  readonly logTail: LogTail;
  readonly clock: Clock;
  readonly platform: Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What the parts are made of, and what does not change while they live. */
export interface PartsDeps extends ApplianceDeps {
  readonly registry: Registry;
  readonly addonFile: string | undefined;
  readonly addon: object | undefined;
  readonly port: number;
  readonly externalUrl: string;
  /** The first configuration; some of it holds until the process ends. */
  readonly loaded: LoadedConfig;
  readonly templates: TemplateSet;
  readonly keptIndex: KeptIndex | undefined;
  /** Rules of the configuration that is used now. */
  ruleCount(): number;
  /** Called when a part fails that the monitor cannot go on without. */
  onFailure(error: Error): void;
}

/** Queries that may wait for a worker. */
const MAX_WAITING = 64;
/** A background worker that ends more often than this within that time will not get better by another try. */
const MAX_WORKER_EXITS = 5;
const WORKER_EXITS_WITHIN_MS = 60_000;
/** A background worker that is silent for so long is hung, at the least. */
const MIN_HUNG_MS = 300_000;
/** Longest time a rehearsal may take. */
const REHEARSAL_TIMEOUT_MS = 120_000;

/** What exists once the store is open. */
export interface Parts {
  readonly damage: DamageReport;
  readonly store: Store;
  readonly stateDb: SqliteDatabase;
  readonly queries: QueryPool;
  readonly scraper: ScrapeManager;
  readonly rules: RuleManager;
  readonly notifier: Notifier;
  readonly forwarder: Forwarder;
  readonly alertmanagers: AlertmanagerFinder;
  readonly dashboards: DashboardStore;
  readonly annotations: AnnotationStore;
  readonly incidents: IncidentStore;
  readonly serviceDays: ServiceDays;
  readonly serviceWatch: ServiceWatch;
  readonly background: Background;
  readonly rehearse: Rehearser;
  readonly backups: Backups;
  readonly importText: Importer;
  readonly remoteWriter: RemoteWriter;
}

/** Makes the parts and joins them; none of them works before its configuration is applied. */
export function openParts(deps: PartsDeps): Parts {
  const { options, log, clock, platform, env, registry, addonFile, addon, port, loaded, externalUrl } = deps;
  const { config } = loaded;
  const stateFile = path.join(options.dataDir, 'state.db');
  const settings = engineSettings(config.query, config.global.evaluation_interval, options.features);
  const limits = queryLimits(config.query, os.totalmem());
  const damage = createDamageReport({
    dir: options.dataDir,
    log: log.child({ component: 'tsdb' }),
    registry,
    clock,
  });
  const thread = (name: string) => ({
    program: platform.worker,
    addonFile,
    name,
    maxHeapMB: maxHeapMB(limits.maxBytes),
    onDamage: damage.note,
  });
  const background = createBackground({
    start: () => {
      const rules = deps.ruleCount();
      return startThread({ ...thread('background'), youngGenerationMB: rulesYoungGenerationMB(rules) });
    },
    clock,
    // A rule may take the time of a query; twice that, and whatever the disk does meanwhile.
    hungMs: Math.max(MIN_HUNG_MS, 2 * limits.timeoutMs),
  });
  const engine = engineInit(config.query, env, limits.maxResultBytes);
  // Who starts a monitor looks at it: the thread of the first query loads its code meanwhile.
  const early = platform.takeEarlyThread();
  if (engine) void early?.terminate();
  let spare = early && !engine ? adoptThread(early, thread('query')) : undefined;
  const isExpected = engine === undefined && (spare !== undefined || hasHistory(options.dataDir));
  if (isExpected) spare ??= startThread(thread('query'));
  const store = openStore({
    dir: options.dataDir,
    clock,
    log: log.child({ component: 'tsdb' }),
    registry,
    addon,
    retention: retentionSettings(config.storage, options.dataDir),
    maxExemplars: config.storage.exemplars.max_exemplars,
    kept: deps.keptIndex,
    checkpoint: [stateFile],
    heldLogRow: config.remote_write.length > 0 ? deliveredLogRow(options.dataDir, addon) : undefined,
    connect: (init) => background.serve('storage', init),
  });
  const stateDb = openState(options.dataDir, stateFile, addon, log);
  const lane: LaneInit = { shared: store.shared, settings, limits, engine };
  const rulesLane = createRulesLane(() => background.serve('rules', lane));
  const exits: number[] = [];
  const workerReplaced = new Counter({
    name: 'belfry_background_worker_replaced_total',
    help: 'Times the thread of storage and rules ended or hung and was replaced.',
    registers: [registry],
  });
  background.onExit((reason) => {
    workerReplaced.inc();
    const now = clock.monotonic();
    exits.push(now);
    log.error({ reason }, 'the background worker ended; it is replaced');
    rulesLane.reset(`the background worker ended: ${reason}`);
    if (exits.filter((at) => now - at < WORKER_EXITS_WITHIN_MS).length > MAX_WORKER_EXITS) {
      deps.onFailure(new Error(`the background worker ends again and again: ${reason}`));
    }
  });
  const localQueries = createQueryPool({
    clock,
    log: log.child({ component: 'query' }),
    startWorker() {
      const started = spare ?? startThread(thread('query'));
      spare = undefined;
      return queryWorker(started, lane);
    },
    workers: Math.max(1, Math.min(config.query.max_concurrency, os.availableParallelism() - 1)),
    maxWaiting: MAX_WAITING,
    limits,
    maxUnsentBytes: maxUnsentBytes(config.query, limits),
    slowMs: config.query.log_slower_than,
    active: openActiveQueries(path.join(options.dataDir, 'cache', 'active-queries')),
  });
  if (isExpected) localQueries.prepare();
  const queries = engine
    ? createRemotePool({
        ask: createEngineClient(createHttpClient(engine.config, { clock, environment: env }), engine),
        local: localQueries,
        clock,
        registry,
        engine: shownUrl(engine.url),
        atOnce: config.query.max_concurrency,
        maxWaiting: MAX_WAITING,
        timeoutMs: limits.timeoutMs,
      })
    : localQueries;
  queryMetrics(registry, queries);
  const rehearse = createRehearser({
    clock,
    start: () => startThread(thread('rehearse')),
    init: lane,
    timeoutMs: REHEARSAL_TIMEOUT_MS,
  });
  const backups = createBackups({
    clock,
    log: log.child({ component: 'backup' }),
    registry,
    dataDir: options.dataDir,
    version: VERSION,
    startThread() {
      const started = startThread(thread('backup'));
      const port = started.serve('backup', undefined);
      return { port, onExit: started.onExit, end: () => void started.terminate() };
    },
    exclusively: (work) => store.exclusively(work),
    sync: () => store.sync(),
  });
  const importText = createImporter({
    store,
    startThread() {
      const started = startThread(thread('import'));
      const port = started.serve('import', store.shared);
      return { port, onExit: started.onExit, end: () => void started.terminate() };
    },
  });
  const remoteWriter = createRemoteWriter({
    clock,
    log: log.child({ component: 'remote-write' }),
    registry,
    start(init) {
      const sender = startThread(thread('remote-write'));
      return { ...sender, port: sender.serve('remote-write', init) };
    },
    init: {
      shared: store.shared,
      logFile: path.join(options.dataDir, 'log.db'),
      userAgent: `Belfry/${VERSION}`,
      environment: { ...proxyVariables(env), ...awsVariables(env) },
    },
    metadata: store.metricMetadata,
    place: () => ({ since: clock.now(), logRow: store.newestLogRow() }),
    holdLog: (row) => store.holdLog(row),
  });
  const scraper = createScrapeManager({
    appender: store,
    clock,
    log: log.child({ component: 'scraper' }),
    registry,
    version: VERSION,
    externalUrl,
    offsetSeed: os.hostname(),
  });
  const notifierLog = log.child({ component: 'notifiers' });
  const transport = createHttpTransport({ clock, userAgent: `Belfry/${VERSION}`, environment: env });
  const notifier = createNotifier({
    config: notifierConfig(config),
    templates: deps.templates,
    db: stateDb,
    clock,
    log: notifierLog,
    registry,
    externalUrl,
    version: VERSION,
    synced: () => store.sync(),
    http: transport,
  });
  const forwarder = createForwarder({
    transport,
    sign: createAwsSigner({ transport, clock, environment: env }),
    clock,
    log: notifierLog,
    registry,
  });
  const alertmanagers = createAlertmanagerFinder({
    clock,
    log: notifierLog,
    registry,
    version: VERSION,
    onFound: (found) => forwarder.apply(forwardServers(found, relabelling)),
  });
  const rules = createRuleManager({
    evaluator: rulesLane,
    appender: store,
    sink: {
      async accept(alerts) {
        await Promise.all([notifier.accept(alerts), forwarder.accept(alerts)]);
      },
    },
    clock,
    log: log.child({ component: 'rules' }),
    registry,
    db: stateDb,
    formatExpr: (expr) => formatExpr(parseExpr(expr)),
    targetsScraped: allScraped(clock, scraper),
    queryTimeoutMs: config.query.timeout,
    resendDelayMs: options.resendDelayMs,
    ...outgoing(config, externalUrl),
  });
  migrateIncidents(stateDb);
  const serviceDays = createServiceDays(stateDb);
  const serviceWatch = createServiceWatch({
    days: serviceDays,
    evaluator: rulesLane,
    firing: notifier.firing,
    compile: (matchers) => compileMatchers(matchers).matches,
    clock,
    log: log.child({ component: 'incidents' }),
    queryTimeoutMs: config.query.timeout,
  });
  const dashboards = createDashboardStore({
    files: config.dashboards,
    db: stateDb,
    clock,
    log: log.child({ component: 'dashboards' }),
  });
  log.info(
    {
      dir: options.dataDir,
      series: store.stats().series,
      replayMs: Math.round(store.stats().replay.durationMs),
      port,
    },
    'store is open',
  );
  return {
    store,
    damage,
    stateDb,
    queries,
    scraper,
    rules,
    notifier,
    forwarder,
    alertmanagers,
    dashboards,
    annotations: createAnnotationStore(stateDb),
    incidents: createIncidentStore(stateDb),
    serviceDays,
    serviceWatch,
    background,
    rehearse,
    backups,
    importText,
    remoteWriter,
  };
}

/** Puts the loaded configuration to work in every part. */
export async function applyConfig(
  target: Parts,
  loaded: LoadedConfig,
  { options, log, clock, registry, port, externalUrl }: PartsDeps,
): Promise<void> {
  const { config, ruleGroups } = loaded;
  const own = [
    ...(config.host
      ? [
          hostTarget({
            config: config.host,
            instance: os.hostname(),
            clock,
            log: log.child({ component: 'host' }),
          }),
        ]
      : []),
    ...(config.self
      ? [selfTarget({ config: config.self, instance: `${os.hostname()}:${port}`, registry })]
      : []),
  ];
  await target.scraper.apply(config.scrape_configs, own);
  target.store.setRetention(retentionSettings(config.storage, options.dataDir));
  target.backups.apply(config.backup);
  target.store.setMaxExemplars(config.storage.exemplars.max_exemplars);
  target.remoteWriter.apply(config.remote_write, labelsFromObject(config.global.external_labels));
  target.alertmanagers.apply(config.alerting.alertmanagers);
  target.rules.apply(ruleGroups, outgoing(config, externalUrl));
  target.serviceWatch.apply(config.status_page, settlesMs(loaded));
}

/** How long services may wait for the first scrapes and evaluations of a run. */
const MOST_SETTLING_MS = 120_000;

/** Until everything was scraped and then evaluated once: a service's last sample before a stop often says that it was stopping, too. */
function settlesMs({ config: { scrape_configs, host, self }, ruleGroups }: LoadedConfig): number {
  const scrapes = [...scrape_configs, ...[host, self].filter((own) => own !== undefined)];
  const longest = (intervals: readonly number[]): number => Math.max(0, ...intervals);
  return Math.min(
    MOST_SETTLING_MS,
    longest(scrapes.map(({ scrape_interval }) => scrape_interval)) +
      longest(ruleGroups.map(({ interval }) => interval)),
  );
}

/** In the order in which they hand work to each other, so that nothing is lost on its way. */
export async function stopParts(parts: Parts): Promise<void> {
  parts.queries.stop();
  parts.backups.stop();
  parts.alertmanagers.stop();
  parts.serviceWatch.stop();
  await Promise.all([parts.rules.stop(), parts.scraper.stop()]);
  await Promise.all([parts.notifier.stop(), parts.forwarder.stop(), parts.remoteWriter.stop()]);
  await parts.store.close();
  await parts.background.stop();
  parts.stateDb.close();
}

function outgoing({ global, alerting }: Config, externalUrl: string) {
  const relabel = relabelling(alerting.alert_relabel_configs);
  return { externalLabels: global.external_labels, externalUrl, ...(relabel ? { relabel } : {}) };
}

/** The sections that notifications are made by. */
export const notifierConfig = ({ route, receivers, inhibit_rules, time_intervals, global }: Config) => ({
  route,
  receivers,
  inhibit_rules,
  time_intervals,
  global,
});

/** The engine that is asked instead of the store, if there is one. */
function engineInit(
  { remote_url: url, http_config: config = defaultHttpClient() }: QueryConfig,
  env: ApplianceDeps['env'],
  maxBytes: number,
): EngineInit | undefined {
  const userAgent = `Belfry/${VERSION}`;
  return url === undefined
    ? undefined
    : { url, config, userAgent, environment: proxyVariables(env), maxBytes };
}

/** The variables that say who signs requests to AWS, and where that is written. */
const awsVariables = (env: ApplianceDeps['env']): Record<string, string | undefined> =>
  Object.fromEntries(Object.entries(env).filter(([name]) => name === 'HOME' || name.startsWith('AWS_')));

/** The variables that name proxies, for threads that make requests. */
function proxyVariables(env: ApplianceDeps['env']): Record<string, string | undefined> {
  const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'];
  return Object.fromEntries(
    names.flatMap((name) => [name, name.toLowerCase()]).map((name) => [name, env[name]]),
  );
}
