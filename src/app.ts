import os from 'node:os';
import path from 'node:path';
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { type Access, type AccessSettings, createAccess } from './access/access.ts';
import { type Backups, createBackups } from './backup/backups.ts';
import { checkLanguages } from './cli/languages.ts';
import type { ServeOptions } from './cli/serve-flags.ts';
import type { Clock, Timer } from './clock.ts';
import type { Config } from './config/config.ts';
import { formatFinding } from './config/finding.ts';
import { defaultHttpClient } from './config/http-client.ts';
import { defaultConfig, type LoadedConfig, loadConfig, loadWebFile } from './config/load.ts';
import type { QueryConfig } from './config/query.ts';
import { reloadMetrics } from './config/reload-metrics.ts';
import { watchFiles } from './config/watch-files.ts';
import type { WebConfig } from './config/web.ts';
import { type AnnotationStore, createAnnotationStore } from './dashboards/annotation-store.ts';
import { createDashboardStore, type DashboardStore } from './dashboards/store.ts';
import { accessSettings, guardSettings } from './http/access-settings.ts';
import { type HttpServices, httpSurface } from './http/app.ts';
import { requireUsers } from './http/exposure.ts';
import type { GuardSettings } from './http/guard.ts';
import { type HttpServer, listen, parseListenAddress } from './http/listen.ts';
import { httpServices } from './http/services.ts';
import { tlsSettings, watchCertificates } from './http/tls.ts';
import { createImporter, type Importer } from './import/importer.ts';
import { labelsFromObject } from './model/labels.ts';
import type { Log } from './model/log.ts';
import { createHttpClient } from './net/client.ts';
import { createForwarder, type Forwarder, forwardServers } from './notifiers/forward.ts';
import { createNotifier, type Notifier } from './notifiers/notifier.ts';
import { createHttpTransport } from './notifiers/transport/http.ts';
import { loadAddon, type Platform } from './platform.ts';
import { parseExpr } from './promql/parse.ts';
import { formatExpr } from './promql/print.ts';
import { openActiveQueries } from './query/active-queries.ts';
import { type Background, createBackground } from './query/background.ts';
import { queryMetrics } from './query/metrics.ts';
import { createQueryPool, type QueryPool } from './query/pool.ts';
import { createRehearser, type Rehearser } from './query/rehearser.ts';
import { createRemotePool } from './query/remote-pool.ts';
import { createRulesLane } from './query/rules-lane.ts';
import { engineSettings, maxUnsentBytes, queryLimits } from './query/settings.ts';
import { queryWorker, rulesYoungGenerationMB, startThread } from './query/thread.ts';
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
import { createTemplateSet, type TemplateSet } from './templates/notification.ts';
import { readTemplateFiles } from './templates/template-files.ts';
import { createDamageReport, type DamageReport } from './tsdb/damage.ts';
import { hasHistory } from './tsdb/directory.ts';
import { retentionSettings } from './tsdb/retention-settings.ts';
import { openState } from './tsdb/state-db.ts';
import { openStore, type Store } from './tsdb/store.ts';
import { VERSION } from './version.ts';

export interface ApplianceDeps {
  readonly options: ServeOptions;
  readonly log: Log;
  readonly clock: Clock;
  readonly platform: Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Who had the configuration read again; the API's callers are in the audit log by name. */
export type ReloadCause = 'api' | 'SIGHUP' | 'changed file';

/** The whole monitor. */
export interface Appliance {
  /**
   * Resolves when it is ready.
   * @throws ConfigError when the configuration cannot be used; Error in plain words for everything else
   */
  start(): Promise<void>;
  /** Reads the configuration again and lives by it. @throws Error when it is refused; the old one goes on */
  reload(by: ReloadCause): Promise<void>;
  stop(): Promise<void>;
  /** Rejects when a part fails that the monitor cannot go on without. */
  readonly failed: Promise<never>;
}

const DEFAULT_LISTEN = '127.0.0.1:9797';
/** Longer than a process lives. */
const NO_LOOP_SAMPLING_MS = 2 ** 31 - 1;
/** Queries that may wait for a worker. */
const MAX_WAITING = 64;
/** A background worker that ends more often than this within that time will not get better by another try. */
const MAX_WORKER_EXITS = 5;
const WORKER_EXITS_WITHIN_MS = 60_000;
/** A background worker that is silent for so long is hung, at the least. */
const MIN_HUNG_MS = 300_000;
/** Longest time a rehearsal may take. */
const REHEARSAL_TIMEOUT_MS = 120_000;

/** Who gets in. */
interface Gate {
  readonly access: AccessSettings;
  readonly guard: GuardSettings;
}

/** A configuration that was read and can be used. */
interface Prepared {
  readonly loaded: LoadedConfig;
  readonly gate: Gate;
  readonly templates: TemplateSet;
}

/** What exists once the store is open. */
interface Parts {
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
  readonly background: Background;
  readonly rehearse: Rehearser;
  readonly backups: Backups;
  readonly importText: Importer;
  readonly remoteWriter: RemoteWriter;
}

export function createAppliance({ options, log, clock, platform, env }: ApplianceDeps): Appliance {
  const registry = new Registry();
  const startedAt = clock.now();
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => {});
  const reloads = reloadMetrics(registry);
  let loaded: LoadedConfig;
  let server: HttpServer | undefined;
  let parts: Parts | undefined;
  let services: HttpServices | undefined;
  let externalUrl = '';
  let certificates: Timer | undefined;
  let watching: Timer | undefined;
  let access: Access | undefined;
  /** Made anew with each configuration. */
  let gate: Gate;
  let prepared: Prepared;
  let listenHost = '';
  let reloading: Promise<void> = Promise.resolve();
  let stopWatching = (): void => {};

  const templatesOf = ({ templates }: Config): TemplateSet =>
    createTemplateSet({ files: readTemplateFiles(templates), now: clock.now });

  const load = (): LoadedConfig => {
    const read =
      options.configFile === undefined
        ? defaultConfig()
        : loadConfig(options.configFile, { env, cwd: process.cwd(), ...checkLanguages(clock.now) });
    for (const warning of read.warnings) log.warn({}, formatFinding(warning));
    if (options.webConfigFile === undefined) return read;
    const { web, warnings } = loadWebFile(options.webConfigFile, { env, cwd: process.cwd() });
    for (const warning of warnings) log.warn({}, formatFinding(warning));
    return { ...read, config: { ...read.config, web: { ...read.config.web, ...web } } };
  };

  /** @throws Error naming a file with a password's hash that cannot be used */
  const gateOf = (web: WebConfig): Gate => {
    const settings = accessSettings(web);
    const guard = guardSettings(web, settings.users.size, {
      externalUrl,
      hosts: [os.hostname()],
      prefix: pathOf(externalUrl),
      origins: options.corsOrigin,
    });
    return { access: settings, guard };
  };

  const start = async (): Promise<void> => {
    loaded = load();
    reloads.done(true, clock.now());
    const { config } = loaded;
    const address = parseListenAddress(options.listen ?? config.web.listen ?? DEFAULT_LISTEN);
    listenHost = address.host;
    requireUsers(listenHost, config.web);
    const addonFile = unpackAddon(platform, options);
    const addon = loadAddon(addonFile);
    const surface = httpSurface({
      log: log.child({ component: 'http' }),
      guard: { settings: () => gate.guard, access: () => access },
      services: () => services,
      webDir: platform.webDir,
      prefix: () => gate.guard.prefix,
    });
    const tls = config.web.tls_server_config;
    externalUrl = trimSlash(
      options.externalUrl ?? config.web.external_url ?? `http://${os.hostname()}:${address.port}`,
    );
    gate = gateOf(config.web);
    const prefix = routePrefix(options.routePrefix ?? pathOf(externalUrl));
    server = await listen(address, { ...surface, prefix }, tls && tlsSettings(tls));
    const { port, secure } = server;
    if (options.externalUrl === undefined && config.web.external_url === undefined) {
      externalUrl = `${tls ? 'https' : 'http'}://${os.hostname()}:${port}`;
      gate = gateOf(config.web);
    }
    if (options.autoReloadMs !== undefined) {
      watching = watchFiles({
        files: () => loaded.files,
        everyMs: options.autoReloadMs,
        clock,
        onChange: () => void reload('changed file').catch(() => {}),
      });
    }
    if (secure) {
      const watch = { clock, log: log.child({ component: 'http' }) };
      certificates = watchCertificates(secure, () => loaded.config.web.tls_server_config, watch);
    }
    processMetrics(registry);
    buildInfoMetric(registry);
    prepared = { loaded, gate, templates: templatesOf(config) };
    parts = openParts(addonFile, addon, port);
    access = createAccess({ db: parts.stateDb, clock, settings: () => gate.access });
    await parts.dashboards.load();
    stopWatching = parts.dashboards.watch();
    await applyConfig(parts, port);
    // The first sync starts the background worker; a person's first silence shall not wait for that.
    if (config.route) void parts.store.sync().catch(() => {});
    services = httpServices({
      ...parts,
      clock,
      registry,
      startedAt,
      flags: options.flags,
      features: options.features,
      loaded: () => loaded,
      lastReload: reloads.last,
      reload: () => reload('api'),
      externalUrl: () => externalUrl,
      access,
      guardSettings: () => gate.guard,
    });
    announce(parts, `${tls ? 'https' : 'http'}://${shownHost(address.host)}:${port}/`);
  };

  const openParts = (addonFile: string | undefined, addon: object | undefined, port: number): Parts => {
    const { config } = loaded;
    const stateFile = path.join(options.dataDir, 'state.db');
    const settings = engineSettings(config.query, config.global.evaluation_interval, options.features);
    const limits = queryLimits(config.query, os.totalmem());
    const damage = createDamageReport({
      dir: options.dataDir,
      log: log.child({ component: 'tsdb' }),
      registry,
    });
    const thread = (name: string) => ({
      file: platform.workerFile,
      addonFile,
      name,
      // A last guard only: budgets end a query long before. V8 counts no ArrayBuffers.
      maxHeapMB: Math.ceil((limits.maxBytes * 4) / 2 ** 20),
      onDamage: damage.note,
    });
    const background = createBackground({
      start: () => {
        const rules = loaded.ruleGroups.reduce((sum, group) => sum + group.rules.length, 0);
        return startThread({ ...thread('background'), youngGenerationMB: rulesYoungGenerationMB(rules) });
      },
      clock,
      // A rule may take the time of a query; twice that, and whatever the disk does meanwhile.
      hungMs: Math.max(MIN_HUNG_MS, 2 * limits.timeoutMs),
    });
    const engine = engineInit(config.query, env, limits.maxResultBytes);
    // Who restarts a monitor looks at it: the thread of the first query loads its code while the log is replayed.
    const isExpected = engine === undefined && hasHistory(options.dataDir);
    let spare = isExpected ? startThread(thread('query')) : undefined;
    const store = openStore({
      dir: options.dataDir,
      clock,
      log: log.child({ component: 'tsdb' }),
      registry,
      addon,
      retention: retentionSettings(config.storage, options.dataDir),
      maxExemplars: config.storage.exemplars.max_exemplars,
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
        failure.reject(new Error(`the background worker ends again and again: ${reason}`));
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
        environment: proxyVariables(env),
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
      templates: prepared.templates,
      db: stateDb,
      clock,
      log: notifierLog,
      registry,
      externalUrl,
      version: VERSION,
      synced: () => store.sync(),
      http: transport,
    });
    const forwarder = createForwarder({ transport, clock, log: notifierLog, registry });
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
      background,
      rehearse,
      backups,
      importText,
      remoteWriter,
    };
  };

  /** Puts the loaded configuration to work in every part. */
  const applyConfig = async (target: Parts, port: number): Promise<void> => {
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
  };

  /** Puts a configuration that was read, and what was made of it, to work. */
  const use = async (target: Parts, next: Prepared, port: number): Promise<void> => {
    loaded = next.loaded;
    gate = next.gate;
    target.notifier.apply(notifierConfig(next.loaded.config), next.templates);
    await applyConfig(target, port);
    await target.dashboards.load(next.loaded.config.dashboards);
  };

  /** @throws Error when anything in it cannot be used; nothing has changed then */
  const prepare = (): Prepared => {
    const next = load();
    requireUsers(listenHost, next.config.web);
    return { loaded: next, gate: gateOf(next.config.web), templates: templatesOf(next.config) };
  };

  const reload = (by: ReloadCause): Promise<void> => {
    const run = async (): Promise<void> => {
      if (!parts || !server) throw new Error('not started yet');
      const { port } = server;
      const before = prepared;
      const told = (status: number, detail: string): void => {
        if (by !== 'api') access?.record({ who: by, address: '', what: 'reload', status, detail });
      };
      try {
        prepared = prepare();
        try {
          await use(parts, prepared, port);
        } catch (error) {
          prepared = before;
          await use(parts, before, port);
          throw error;
        }
        reloads.done(true, clock.now());
        log.info({ file: options.configFile ?? 'built-in default', by }, 'configuration reloaded');
        told(200, options.configFile ?? '');
      } catch (error) {
        const problem = (error as Error).message;
        reloads.done(false, clock.now(), problem);
        log.error({ problem, by }, 'configuration refused; the old one goes on');
        told(500, problem);
        throw error;
      }
    };
    reloading = reloading.then(run, run);
    return reloading;
  };

  const stop = async (): Promise<void> => {
    services = undefined;
    certificates?.cancel();
    watching?.cancel();
    server?.close();
    if (!parts) return;
    const {
      rules,
      notifier,
      forwarder,
      alertmanagers,
      scraper,
      queries,
      store,
      stateDb,
      background,
      backups,
      remoteWriter,
    } = parts;
    stopWatching();
    queries.stop();
    backups.stop();
    alertmanagers.stop();
    await Promise.all([rules.stop(), scraper.stop()]);
    await Promise.all([notifier.stop(), forwarder.stop(), remoteWriter.stop()]);
    await store.close();
    await background.stop();
    stateDb.close();
  };

  const announce = ({ scraper }: Parts, url: string): void => {
    const { config, ruleGroups } = loaded;
    const ruleCount = ruleGroups.reduce((total, group) => total + group.rules.length, 0);
    log.info(
      {
        url,
        config: options.configFile ?? 'built-in default',
        data: options.dataDir,
        targets: scraper.targets().active.length,
        rules: ruleCount,
        receivers: config.receivers.length,
        tookMs: Math.round(clock.now() - startedAt),
      },
      'ready',
    );
  };

  return { start, reload, stop, failed: failure.promise };
}

function outgoing({ global, alerting }: Config, externalUrl: string) {
  const relabel = relabelling(alerting.alert_relabel_configs);
  return { externalLabels: global.external_labels, externalUrl, ...(relabel ? { relabel } : {}) };
}

const notifierConfig = ({ route, receivers, inhibit_rules, time_intervals, global }: Config) => ({
  route,
  receivers,
  inhibit_rules,
  time_intervals,
  global,
});

/** @throws Error naming the directory that cannot be used */
function unpackAddon(platform: Platform, { cacheDir }: ServeOptions): string | undefined {
  try {
    return platform.unpackAddon(cacheDir);
  } catch (error) {
    throw new Error(
      `cannot write to ${cacheDir}: ${(error as Error).message}; name another directory with --data or --cache-dir`,
    );
  }
}

/** The engine that is asked instead of the store, if there is one. */
function engineInit(
  { remote_url: url, http_config: config = defaultHttpClient }: QueryConfig,
  env: ApplianceDeps['env'],
  maxBytes: number,
): EngineInit | undefined {
  const userAgent = `Belfry/${VERSION}`;
  return url === undefined
    ? undefined
    : { url, config, userAgent, environment: proxyVariables(env), maxBytes };
}

/** The variables that name proxies, for threads that make requests. */
function proxyVariables(env: ApplianceDeps['env']): Record<string, string | undefined> {
  const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'];
  return Object.fromEntries(
    names.flatMap((name) => [name, name.toLowerCase()]).map((name) => [name, env[name]]),
  );
}
/** Of an address, without a slash at its end. */
const pathOf = (url: string): string => trimSlash(new URL(url).pathname);

const routePrefix = (path: string): string => trimSlash(`/${path}`.replace(/\/+/g, '/'));

const trimSlash = (url: string): string => url.replace(/\/+$/, '');

const shownHost = (host: string): string =>
  host === '' ? os.hostname() : host.includes(':') ? `[${host}]` : host;

/**
 * Node's own metrics. Without the ones that need the delay of the event loop sampled all the time: that wakes the process a hundred times
 * a second, which costs more than many a site's scrapes. The delay at the moment somebody asks is there.
 */
function processMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: NO_LOOP_SAMPLING_MS });
  for (const part of ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99'])
    registry.removeSingleMetric(`nodejs_eventloop_lag_${part}_seconds`);
}

function buildInfoMetric(registry: Registry): void {
  new Gauge({
    name: 'belfry_build_info',
    help: 'Always 1; the labels say what runs.',
    labelNames: ['version', 'nodeversion'],
    registers: [registry],
  }).set({ version: VERSION, nodeversion: process.version }, 1);
}
