import type { ScrapeConfig } from '../config/scrape.ts';
import { formatDuration, parseDuration } from '../model/duration.ts';
import { eachLabel, filterLabels, type Labels, labelsOf, labelValue, textsKey } from '../model/labels.ts';
import type { HistogramRules } from './family-page.ts';
import type { LabelBuilder, Relabel } from './relabel.ts';

/** Something to scrape. */
export interface Target {
  /** Names the target's source in the store; the same over restarts as long as job, labels and URL are. */
  readonly key: string;
  readonly job: string;
  /** What its samples get: without the labels that start with `__`. */
  readonly labels: Labels;
  /** As found, before relabelling. */
  readonly discoveredLabels: Labels;
  readonly url: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** What becomes of its histograms: labels may say other than the job. */
  readonly histograms: HistogramRules;
  /** The Unix socket its requests go to, instead of the host of its URL. */
  readonly socketPath?: string;
}

export interface DroppedTarget {
  readonly job: string;
  readonly discoveredLabels: Labels;
  readonly reason: string;
}

export type TargetOutcome =
  /** `labels` are those after relabelling, with the reserved ones that say how it is scraped. */
  | { readonly kind: 'active'; readonly target: Target; readonly labels: Labels }
  | { readonly kind: 'dropped'; readonly dropped: DroppedTarget }
  | { readonly kind: 'invalid'; readonly discoveredLabels: Labels; readonly problem: string };

const HISTOGRAM_KEYS = [
  'scrape_native_histograms',
  'always_scrape_classic_histograms',
  'convert_classic_histograms_to_nhcb',
] as const;

/** As Go's ParseBool reads them. */
const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ...['1', 't', 'T', 'true', 'TRUE', 'True'].map((text) => [text, true] as const),
  ...['0', 'f', 'F', 'false', 'FALSE', 'False'].map((text) => [text, false] as const),
]);

/**
 * What a discovered address becomes under its job's settings: the target, or why there is none.
 * @param found labels of the address, `__address__` and those of its group among them
 */
export function resolveTarget(
  config: ScrapeConfig,
  found: Readonly<Record<string, string>>,
  relabel: Relabel,
): TargetOutcome {
  const builder: LabelBuilder = new Map(Object.entries(found).filter(([, value]) => value !== ''));
  setDefault(builder, 'job', config.job_name);
  setDefault(builder, '__scrape_interval__', formatDuration(config.scrape_interval));
  setDefault(builder, '__scrape_timeout__', formatDuration(config.scrape_timeout));
  setDefault(builder, '__metrics_path__', config.metrics_path);
  setDefault(builder, '__scheme__', config.scheme);
  for (const key of HISTOGRAM_KEYS) setDefault(builder, `__${key}__`, String(config[key]));
  for (const [name, values] of Object.entries(config.params)) {
    if (values[0] !== undefined) setDefault(builder, `__param_${name}`, values[0]);
  }
  const discoveredLabels = labelsOf(builder);
  if (!relabel(builder)) {
    const reason = 'dropped by relabel_configs';
    return { kind: 'dropped', dropped: { job: config.job_name, discoveredLabels, reason } };
  }
  const invalid = (problem: string): TargetOutcome => ({ kind: 'invalid', discoveredLabels, problem });

  const address = builder.get('__address__') ?? '';
  if (address === '') return invalid('no address: __address__ is empty after relabelling');
  if (address.includes('/')) return invalid(`expected host:port as address, got ${JSON.stringify(address)}`);
  const intervalMs = durationLabel(builder, '__scrape_interval__');
  if (typeof intervalMs === 'string') return invalid(intervalMs);
  const timeoutMs = durationLabel(builder, '__scrape_timeout__');
  if (typeof timeoutMs === 'string') return invalid(timeoutMs);
  if (timeoutMs > intervalMs) {
    return invalid(
      `expected a scrape timeout of at most the interval, got ${formatDuration(timeoutMs)} and ${formatDuration(intervalMs)}`,
    );
  }
  const histograms = histogramRules(builder, config);
  if (typeof histograms === 'string') return invalid(histograms);
  for (const name of [...builder.keys()]) if (name.startsWith('__meta_')) builder.delete(name);
  setDefault(builder, 'instance', address);

  const all = labelsOf(builder);
  const url = targetUrl(all, config.params);
  if (url === undefined)
    return invalid(`expected a scheme, host and path that make a URL, got ${describeUrl(all)}`);
  const labels = filterLabels(all, (name) => !name.startsWith('__'));
  const socketPath = labelValue(all, '__unix_socket__');
  const place = socketPath === '' ? [url] : [url, socketPath];
  const target: Target = {
    key: textsKey(['scrape', config.job_name, ...place, ...labels]),
    job: config.job_name,
    labels,
    discoveredLabels,
    url,
    intervalMs,
    timeoutMs,
    histograms,
    ...(socketPath !== '' && { socketPath }),
  };
  return { kind: 'active', target, labels: all };
}

function histogramRules(labels: LabelBuilder, config: ScrapeConfig): HistogramRules | string {
  const rules: Record<(typeof HISTOGRAM_KEYS)[number], boolean> = {
    scrape_native_histograms: config.scrape_native_histograms,
    always_scrape_classic_histograms: config.always_scrape_classic_histograms,
    convert_classic_histograms_to_nhcb: config.convert_classic_histograms_to_nhcb,
  };
  for (const key of HISTOGRAM_KEYS) {
    const text = labels.get(`__${key}__`) ?? '';
    if (text === '') continue;
    const value = BOOLEANS.get(text);
    if (value === undefined) return `__${key}__: expected true or false, got ${JSON.stringify(text)}`;
    rules[key] = value;
  }
  return rules;
}

function setDefault(labels: LabelBuilder, name: string, value: string): void {
  if (!labels.get(name)) labels.set(name, value);
}

function durationLabel(labels: LabelBuilder, name: string): number | string {
  const text = labels.get(name) ?? '';
  try {
    const value = parseDuration(text);
    return value > 0 ? value : `${name}: expected a duration above zero, got ${JSON.stringify(text)}`;
  } catch (error) {
    return `${name}: ${(error as Error).message}`;
  }
}

/** The first value of each query parameter is that of its label; further values come from the configuration. */
function targetUrl(labels: Labels, params: ScrapeConfig['params']): string | undefined {
  const scheme = labelValue(labels, '__scheme__');
  const path = labelValue(labels, '__metrics_path__');
  const url = URL.parse(`${scheme}://${labelValue(labels, '__address__')}/`);
  if (!url || (scheme !== 'http' && scheme !== 'https')) return undefined;
  const query = new Map<string, string[]>();
  for (const [name, values] of Object.entries(params)) query.set(name, [...values]);
  for (const [name, value] of eachLabel(labels)) {
    if (!name.startsWith('__param_')) continue;
    const param = name.slice('__param_'.length);
    const rest = query.get(param)?.slice(1) ?? [];
    query.set(param, [value, ...rest]);
  }
  const [pathname, ownQuery] = splitOnce(path, '?');
  url.pathname = pathname;
  if (ownQuery !== undefined) url.search = ownQuery;
  for (const name of [...query.keys()].sort())
    for (const value of query.get(name)!) url.searchParams.append(name, value);
  // The two characters that Go's url.Values writes otherwise.
  if (query.size > 0) url.search = url.search.replaceAll('%7E', '~').replaceAll('*', '%2A');
  return url.href;
}

function splitOnce(text: string, at: string): [string, string | undefined] {
  const index = text.indexOf(at);
  return index < 0 ? [text, undefined] : [text.slice(0, index), text.slice(index + 1)];
}

function describeUrl(labels: Labels): string {
  return JSON.stringify(
    `${labelValue(labels, '__scheme__')}://${labelValue(labels, '__address__')}${labelValue(labels, '__metrics_path__')}`,
  );
}
