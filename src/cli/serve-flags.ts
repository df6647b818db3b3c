import path from 'node:path';
import { LOG_LEVELS, type LogLevel } from '../logging.ts';
import { type FlagSpec, type ParsedArgs, parseArgs, suggestion, UsageError } from './args.ts';
import { durationOf } from './flag-times.ts';

/** How the appliance is asked to run, all paths absolute. */
export interface ServeOptions {
  /** Undefined: the built-in default, this host and Belfry itself. */
  readonly configFile: string | undefined;
  readonly dataDir: string;
  readonly cacheDir: string;
  /** `host:port`; overrides the config's. */
  readonly listen: string | undefined;
  readonly externalUrl: string | undefined;
  /** Upstream's web config file, beside the `web` section. */
  readonly webConfigFile: string | undefined;
  /** Path under which everything is served, such as `/monitor`; undefined is that of the external URL. */
  readonly routePrefix: string | undefined;
  /** Regular expression of origins whose pages may read. */
  readonly corsOrigin: string | undefined;
  /** How long an alert that goes on firing is not handed on again, ms. */
  readonly resendDelayMs: number;
  /** How often the configuration's files are looked at; undefined: they are read when somebody says so. */
  readonly autoReloadMs: number | undefined;
  readonly features: ReadonlySet<string>;
  readonly logLevel: LogLevel;
  /** Of single components. */
  readonly logLevels: ReadonlyMap<string, LogLevel>;
  readonly logFormat: 'logfmt' | 'json';
  readonly warnings: readonly string[];
  /** As given or by default, for /api/v1/status/flags. */
  readonly flags: Readonly<Record<string, string>>;
}

const ALWAYS_ON = 'it is always on';
const DEFAULT_AUTO_RELOAD = '30s';
const RESEND_DELAY = 'rules.alert.resend-delay';
const GO_ONLY = 'it belongs to the other program';

export const SERVE_FLAGS: readonly FlagSpec[] = [
  {
    names: ['config', 'config.file'],
    kind: 'value',
    placeholder: 'FILE',
    help: 'configuration; ./belfry.yaml if there, else this host and itself',
  },
  {
    names: ['data', 'storage.tsdb.path', 'storage.path'],
    kind: 'value',
    placeholder: 'DIR',
    help: 'data directory (./data)',
  },
  {
    names: ['cache-dir'],
    kind: 'value',
    placeholder: 'DIR',
    help: 'where the native addon is unpacked (DATA/cache); must allow execution',
  },
  {
    names: ['listen', 'web.listen-address'],
    kind: 'value',
    placeholder: 'HOST:PORT',
    help: 'address to serve on (127.0.0.1:9797)',
  },
  {
    names: ['web.external-url'],
    kind: 'value',
    placeholder: 'URL',
    help: 'address people reach it by, for links',
  },
  {
    names: ['web.config.file'],
    kind: 'value',
    placeholder: 'FILE',
    help: 'TLS and users, as upstream has them in a file of their own',
  },
  {
    names: ['web.route-prefix'],
    kind: 'value',
    placeholder: 'PATH',
    help: 'path everything is served under (that of --web.external-url)',
  },
  {
    names: ['web.cors.origin'],
    kind: 'value',
    placeholder: 'REGEX',
    help: 'origins whose pages may read (none)',
  },
  {
    names: ['enable-feature'],
    kind: 'repeated',
    placeholder: 'NAME',
    help: 'promql-delayed-name-removal, use-start-timestamps, type-and-unit-labels, auto-reload-config',
  },
  {
    names: ['config.auto-reload-interval'],
    kind: 'value',
    placeholder: 'DURATION',
    help: 'reads the configuration again when its files change, looking this often',
  },
  {
    names: ['rules.alert.resend-delay'],
    kind: 'value',
    placeholder: 'DURATION',
    help: 'alerts that go on firing are handed on this often (1m)',
  },
  {
    names: ['log.level'],
    kind: 'value',
    placeholder: 'LEVEL',
    help: 'debug, info, warn or error, of components apart: info,scraper=debug (info)',
  },
  { names: ['log.format'], kind: 'value', placeholder: 'FORMAT', help: 'logfmt or json (logfmt)' },
  { names: ['web.enable-lifecycle'], kind: 'boolean', help: '', ignored: ALWAYS_ON },
  { names: ['web.enable-admin-api'], kind: 'boolean', help: '', ignored: ALWAYS_ON },
  { names: ['web.enable-remote-write-receiver'], kind: 'boolean', help: '', ignored: ALWAYS_ON },
  { names: ['web.console.libraries'], kind: 'value', help: '', ignored: GO_ONLY },
  { names: ['web.console.templates'], kind: 'value', help: '', ignored: GO_ONLY },
  { names: ['storage.tsdb.wal-compression'], kind: 'boolean', help: '', ignored: ALWAYS_ON },
  { names: ['cluster.listen-address'], kind: 'value', help: '', ignored: 'there is no cluster' },
];

/** Features of upstream that change results, off unless named. */
const FEATURES = new Set(['promql-delayed-name-removal', 'use-start-timestamps', 'type-and-unit-labels']);
/** Features of upstream that are simply there. */
const BUILT_IN_FEATURES = new Set([
  'auto-reload-config',
  'created-timestamp-zero-ingestion',
  'delayed-compaction',
  'exemplar-storage',
  'expand-external-labels',
  'extra-scrape-metrics',
  'memory-snapshot-on-shutdown',
  'metadata-wal-records',
  'native-histograms',
  'old-ui',
  'otlp-deltatocumulative',
  'otlp-native-delta-ingestion',
  'promql-at-modifier',
  'promql-binop-fill-modifiers',
  'promql-duration-expr',
  'promql-experimental-functions',
  'promql-extended-range-selectors',
  'promql-negative-offset',
  'promql-per-step-stats',
]);

/**
 * Reads the flags of `serve`.
 * @param exists whether a file is there
 * @throws UsageError
 */
export function serveOptions(
  argv: readonly string[],
  cwd: string,
  exists: (file: string) => boolean,
): ServeOptions {
  const args = parseArgs(argv, SERVE_FLAGS);
  if (args.positional.length > 0)
    throw new UsageError(`serve takes no arguments, got ${JSON.stringify(args.positional[0])}`);
  const warnings = [...args.warnings];
  const file = (name: string, fallback: string): string =>
    path.resolve(cwd, args.values.get(name) ?? fallback);
  const dataDir = file('data', 'data');
  const given = args.values.get('config');
  const webConfigFile = args.values.get('web.config.file');
  const byDefault = path.resolve(cwd, 'belfry.yaml');
  return {
    configFile: given !== undefined ? path.resolve(cwd, given) : exists(byDefault) ? byDefault : undefined,
    dataDir,
    cacheDir: file('cache-dir', path.join(dataDir, 'cache')),
    listen: args.values.get('listen'),
    externalUrl: args.values.get('web.external-url'),
    webConfigFile: webConfigFile === undefined ? undefined : path.resolve(cwd, webConfigFile),
    routePrefix: args.values.get('web.route-prefix'),
    corsOrigin: args.values.get('web.cors.origin'),
    resendDelayMs: durationOf(RESEND_DELAY, args.values.get(RESEND_DELAY) ?? '1m'),
    autoReloadMs: autoReload(args),
    features: features(args, warnings),
    ...logLevels(args.values.get('log.level') ?? 'info'),
    logFormat: choice(args, 'log.format', ['logfmt', 'json'], 'logfmt'),
    warnings,
    flags: shownFlags(args),
  };
}

/** Parts that name themselves in the log. */
export const LOG_COMPONENTS = [
  'access',
  'backup',
  'dashboards',
  'host',
  'http',
  'incidents',
  'notifiers',
  'query',
  'remote-write',
  'rules',
  'scraper',
  'tsdb',
] as const;

/** `info,scraper=debug` */
function logLevels(text: string): Pick<ServeOptions, 'logLevel' | 'logLevels'> {
  const levelOf = (given: string): LogLevel => {
    const level = LOG_LEVELS.find((one) => one === given);
    if (level) return level;
    throw new UsageError(`--log.level: expected ${LOG_LEVELS.join(', ')}, got ${JSON.stringify(given)}`);
  };
  let logLevel: LogLevel = 'info';
  const levels = new Map<string, LogLevel>();
  for (const part of text.split(',')) {
    const [component = '', level] = part.split('=');
    if (level === undefined) logLevel = levelOf(component);
    else if (LOG_COMPONENTS.some((one) => one === component)) levels.set(component, levelOf(level));
    else
      throw new UsageError(
        `--log.level: expected one of ${LOG_COMPONENTS.join(', ')} before "=", got ${JSON.stringify(component)}`,
      );
  }
  return { logLevel, logLevels: levels };
}

/** Upstream asks for the feature's name too; here the interval is enough, and so is the name. */
function autoReload(args: ParsedArgs): number | undefined {
  const isNamed = (args.lists.get('enable-feature') ?? [])
    .join(',')
    .split(',')
    .includes('auto-reload-config');
  const text = args.values.get('config.auto-reload-interval') ?? (isNamed ? DEFAULT_AUTO_RELOAD : undefined);
  if (text === undefined) return undefined;
  const everyMs = durationOf('config.auto-reload-interval', text);
  if (everyMs < 1000) throw new UsageError('--config.auto-reload-interval: expected at least 1s');
  return everyMs;
}

function features(args: ParsedArgs, warnings: string[]): ReadonlySet<string> {
  const wanted = (args.lists.get('enable-feature') ?? [])
    .flatMap((list) => list.split(','))
    .filter((name) => name !== '');
  for (const name of wanted) {
    if (FEATURES.has(name) || BUILT_IN_FEATURES.has(name)) continue;
    warnings.push(
      `--enable-feature: unknown feature ${JSON.stringify(name)}${suggestion(name, [...FEATURES]).replace('--', '')}`,
    );
  }
  return new Set(wanted.filter((name) => FEATURES.has(name)));
}

function choice<T extends string>(args: ParsedArgs, name: string, known: readonly T[], fallback: T): T {
  const text = args.values.get(name) ?? fallback;
  const found = known.find((value) => value === text);
  if (found === undefined)
    throw new UsageError(`--${name}: expected ${known.join(', ')}, got ${JSON.stringify(text)}`);
  return found;
}

function shownFlags(args: ParsedArgs): Record<string, string> {
  const shown: Record<string, string> = {};
  for (const { names } of SERVE_FLAGS.filter((spec) => spec.ignored === undefined)) {
    const name = names[0]!;
    shown[name] = args.values.get(name) ?? args.lists.get(name)?.join(',') ?? '';
  }
  return shown;
}
