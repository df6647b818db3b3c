import os from 'node:os';
import { Gauge, Registry } from 'prom-client';
import { type Access, type AccessSettings, createAccess } from './access/access.ts';
import { checkLanguages } from './cli/languages.ts';
import type { ServeOptions } from './cli/serve-flags.ts';
import type { Timer } from './clock.ts';
import type { Config } from './config/config.ts';
import { formatFinding } from './config/finding.ts';
import { defaultConfig, type LoadedConfig, loadConfig, loadWebFile } from './config/load.ts';
import { reloadMetrics } from './config/reload-metrics.ts';
import { watchFiles } from './config/watch-files.ts';
import type { WebConfig } from './config/web.ts';
import { accessSettings, guardSettings } from './http/access-settings.ts';
import { type HttpServices, httpSurface } from './http/app.ts';
import { requireUsers } from './http/exposure.ts';
import type { GuardSettings } from './http/guard.ts';
import { type HttpServer, listen, parseListenAddress } from './http/listen.ts';
import { processMetrics } from './http/process-metrics.ts';
import { httpServices } from './http/services.ts';
import { tlsSettings, watchCertificates } from './http/tls.ts';
import {
  type ApplianceDeps,
  applyConfig,
  notifierConfig,
  openParts,
  type Parts,
  type PartsDeps,
  stopParts,
} from './parts.ts';
import { loadAddon, type Platform } from './platform.ts';
import { createTemplateSet, type TemplateSet } from './templates/notification.ts';
import { readTemplateFiles } from './templates/template-files.ts';
import { keptIndexFile, readKeptIndex } from './tsdb/log/kept-index.ts';
import { VERSION } from './version.ts';

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

export function createAppliance(deps: ApplianceDeps): Appliance {
  const { options, log, clock, platform, env } = deps;
  const registry = new Registry();
  const startedAt = clock.now();
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => {});
  const reloads = reloadMetrics(registry);
  let loaded: LoadedConfig;
  let server: HttpServer | undefined;
  let parts: Parts | undefined;
  let partsDeps: PartsDeps;
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

  const ruleCount = (): number => loaded.ruleGroups.reduce((total, group) => total + group.rules.length, 0);

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
    const keptIndex = readKeptIndex(keptIndexFile(options.dataDir));
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
      web: platform.web,
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
    partsDeps = {
      ...deps,
      registry,
      addonFile,
      addon,
      port,
      externalUrl,
      loaded,
      templates: prepared.templates,
      keptIndex: await keptIndex,
      ruleCount,
      onFailure: failure.reject,
    };
    parts = openParts(partsDeps);
    access = createAccess({
      db: parts.stateDb,
      clock,
      log: log.child({ component: 'access' }),
      settings: () => gate.access,
    });
    await parts.dashboards.load();
    stopWatching = parts.dashboards.watch();
    await applyConfig(parts, loaded, partsDeps);
    // The first sync starts the background worker; a person's first silence shall not wait for that.
    if (config.route) void parts.store.sync().catch(() => {});
    services = httpServices({
      ...parts,
      web: platform.web,
      logTail: deps.logTail,
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

  /** Puts a configuration that was read, and what was made of it, to work. */
  const use = async (target: Parts, next: Prepared): Promise<void> => {
    loaded = next.loaded;
    gate = next.gate;
    target.notifier.apply(notifierConfig(next.loaded.config), next.templates);
    await applyConfig(target, loaded, partsDeps);
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
      if (!parts) throw new Error('not started yet');
      const before = prepared;
      const told = (status: number, detail: string): void => {
        if (by !== 'api') access?.record({ who: by, address: '', what: 'reload', status, detail });
      };
      try {
        prepared = prepare();
        try {
          await use(parts, prepared);
        } catch (error) {
          prepared = before;
          await use(parts, before);
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
    stopWatching();
    await stopParts(parts);
  };

  const announce = ({ scraper }: Parts, url: string): void => {
    const { config } = loaded;
    log.info(
      {
        url,
        config: options.configFile ?? 'built-in default',
        data: options.dataDir,
        targets: scraper.targets().active.length,
        rules: ruleCount(),
        receivers: config.receivers.length,
        tookMs: Math.round(clock.now() - startedAt),
      },
      'ready',
    );
  };

  return { start, reload, stop, failed: failure.promise };
}

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

/** Of an address, without a slash at its end. */
const pathOf = (url: string): string => trimSlash(new URL(url).pathname);

const routePrefix = (path: string): string => trimSlash(`/${path}`.replace(/\/+/g, '/'));

const trimSlash = (url: string): string => url.replace(/\/+$/, '');

const shownHost = (host: string): string =>
  host === '' ? os.hostname() : host.includes(':') ? `[${host}]` : host;

function buildInfoMetric(registry: Registry): void {
  new Gauge({
    name: 'belfry_build_info',
    help: 'Always 1; the labels say what runs.',
    labelNames: ['version', 'nodeversion'],
    registers: [registry],
  }).set({ version: VERSION, nodeversion: process.version }, 1);
}
