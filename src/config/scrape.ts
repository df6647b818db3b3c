import * as z from 'zod';
import {
  checkStaticTargets,
  discoveryShape,
  UNSERVED_DISCOVERY,
  type UnservedKey,
  unservedIn,
} from './discovery/discovery.ts';
import type { GlobalConfig, ScrapeProtocol } from './global.ts';
import { nameEscaping, nameValidation, SCRAPE_PROTOCOLS, scrapeProtocols } from './global.ts';
import {
  checkHttpClient,
  completeHttpClient,
  type HttpClientConfig,
  httpClientShape,
} from './http-client.ts';
import { count, duration, filePath, size, text } from './leaves.ts';
import { type RelabelConfig, relabelConfig } from './relabel.ts';

const scrapeKeys = () =>
  z.strictObject({
    job_name: text()
      .min(1, { error: 'expected a name, got nothing' })
      .describe('Name of the job; the label `job`.'),
    scrape_interval: duration()
      .optional()
      .describe('Time between scrapes; `global.scrape_interval` unless given.'),
    scrape_timeout: duration()
      .optional()
      .describe('Longest time a scrape may take; `global.scrape_timeout` unless given.'),
    scrape_protocols: scrapeProtocols()
      .optional()
      .describe('Exposition formats to ask for, most wanted first.'),
    fallback_scrape_protocol: z
      .enum(SCRAPE_PROTOCOLS)
      .optional()
      .describe('Format of pages without a usable Content-Type.'),
    scrape_native_histograms: z.boolean().optional().describe('Asks for native histograms.'),
    always_scrape_classic_histograms: z
      .boolean()
      .optional()
      .describe('Keeps classic buckets beside native ones.'),
    convert_classic_histograms_to_nhcb: z
      .boolean()
      .optional()
      .describe('Stores classic histograms as native ones with custom buckets.'),
    extra_scrape_metrics: z.boolean().optional().describe('Stores three more series about each scrape.'),
    scrape_failure_log_file: filePath()
      .optional()
      .describe('File that failed scrapes are appended to, a line of JSON each.'),
    honor_labels: z
      .boolean()
      .default(false)
      .describe("Keeps the page's labels where they clash with the target's."),
    honor_timestamps: z.boolean().default(true).describe("Takes the page's timestamps."),
    track_timestamps_staleness: z
      .boolean()
      .default(false)
      .describe('Marks series with their own timestamps stale too.'),
    params: z.record(text(), z.array(text())).default({}).describe('Query parameters of the request.'),
    metrics_path: text().default('/metrics').describe('Path of the page.'),
    scheme: z.enum(['http', 'https']).default('http').describe('Scheme of the request.'),
    enable_compression: z
      .boolean()
      .optional()
      .describe('Asks for compressed pages; unless given, all but targets on loopback addresses are asked.'),
    body_size_limit: size()
      .optional()
      .describe('Largest uncompressed page; more fails the scrape. 0 is no limit of your own.'),
    sample_limit: count()
      .optional()
      .describe('Most samples after relabelling; more fails the scrape. 0 is no limit.'),
    target_limit: count().optional().describe('Most targets; more fails them all. 0 is no limit.'),
    label_limit: count().optional().describe('Most labels per sample; more fails the scrape. 0 is no limit.'),
    label_name_length_limit: count().optional().describe('Longest label name. 0 is no limit.'),
    label_value_length_limit: count().optional().describe('Longest label value. 0 is no limit.'),
    native_histogram_bucket_limit: count()
      .default(0)
      .describe('Most buckets; above it neighbours are merged. 0 is no limit.'),
    native_histogram_min_bucket_factor: z
      .number()
      .min(0)
      .default(0)
      .describe('Least growth from bucket to bucket.'),
    series_budget: count()
      .optional()
      .describe('Most series of a target; past it known ones go on and new ones are parked. 0 is no limit.'),
    job_series_budget: count()
      .optional()
      .describe('The same for all targets of the job together. 0 is no limit.'),
    keep_dropped_targets: count().optional().describe('Most dropped targets shown. 0 is no limit.'),
    metric_name_validation_scheme: nameValidation().optional().describe('Which names are valid.'),
    metric_name_escaping_scheme: nameEscaping().optional().describe('Escaping asked for.'),
    ...httpClientShape,
    relabel_configs: z.array(relabelConfig).default([]).describe('Steps that change or drop targets.'),
    metric_relabel_configs: z.array(relabelConfig).default([]).describe('Steps that change or drop samples.'),
    ...discoveryShape,
  });

export const scrapeConfig = z.lazy(() =>
  scrapeKeys().superRefine((keys, context) => {
    checkHttpClient(keys, context);
    checkStaticTargets(keys, context);
  }),
);
export type ScrapeKeys = z.output<typeof scrapeConfig>;

type Inherited =
  | 'scrape_interval'
  | 'scrape_timeout'
  | 'scrape_protocols'
  | 'scrape_native_histograms'
  | 'always_scrape_classic_histograms'
  | 'convert_classic_histograms_to_nhcb'
  | 'extra_scrape_metrics'
  | 'body_size_limit'
  | 'sample_limit'
  | 'target_limit'
  | 'label_limit'
  | 'label_name_length_limit'
  | 'label_value_length_limit'
  | 'series_budget'
  | 'job_series_budget'
  | 'keep_dropped_targets'
  | 'metric_name_validation_scheme'
  | 'metric_name_escaping_scheme';

/** A job with everything from `global` filled in. Its own keys say how requests are made: it is a `HttpClientConfig` too. */
export interface ScrapeConfig
  extends Omit<
      ScrapeKeys,
      Inherited | UnservedKey | keyof typeof httpClientShape | 'relabel_configs' | 'metric_relabel_configs'
    >,
    HttpClientConfig,
    Required<Pick<GlobalConfig, Exclude<Inherited, 'scrape_protocols' | 'metric_name_escaping_scheme'>>> {
  readonly scrape_protocols: readonly ScrapeProtocol[];
  readonly metric_name_escaping_scheme: z.output<ReturnType<typeof nameEscaping>>;
  readonly relabel_configs: readonly RelabelConfig[];
  readonly metric_relabel_configs: readonly RelabelConfig[];
  /** Kinds of discovery the job names and has no targets from. */
  readonly unserved_discovery: readonly UnservedKey[];
}

/** A limit of 0 counts as not given, as upstream has it. */
export function completeScrape(keys: ScrapeKeys, global: GlobalConfig): ScrapeConfig {
  const scrape_interval = keys.scrape_interval || global.scrape_interval;
  const scrape_native_histograms = keys.scrape_native_histograms ?? global.scrape_native_histograms;
  const validation = keys.metric_name_validation_scheme ?? global.metric_name_validation_scheme;
  const escapingOf = (scheme: string) => (scheme === 'legacy' ? 'underscores' : 'allow-utf-8');
  const inherited =
    keys.metric_name_validation_scheme === undefined
      ? (global.metric_name_escaping_scheme ?? escapingOf(global.metric_name_validation_scheme))
      : escapingOf(validation);
  const served = Object.fromEntries(
    Object.entries(completeHttpClient(keys)).filter(([key]) => !isUnserved(key)),
  ) as Omit<ScrapeKeys, UnservedKey | 'bearer_token' | 'bearer_token_file'>;
  return {
    ...served,
    unserved_discovery: unservedIn(keys),
    scrape_interval,
    scrape_timeout: keys.scrape_timeout || Math.min(global.scrape_timeout, scrape_interval),
    scrape_protocols:
      keys.scrape_protocols ??
      global.scrape_protocols ??
      SCRAPE_PROTOCOLS.filter((protocol) => scrape_native_histograms || protocol !== 'PrometheusProto'),
    scrape_failure_log_file: keys.scrape_failure_log_file ?? global.scrape_failure_log_file,
    scrape_native_histograms,
    always_scrape_classic_histograms:
      keys.always_scrape_classic_histograms ?? global.always_scrape_classic_histograms,
    convert_classic_histograms_to_nhcb:
      keys.convert_classic_histograms_to_nhcb ?? global.convert_classic_histograms_to_nhcb,
    extra_scrape_metrics: keys.extra_scrape_metrics ?? global.extra_scrape_metrics,
    body_size_limit: keys.body_size_limit || global.body_size_limit,
    sample_limit: keys.sample_limit || global.sample_limit,
    target_limit: keys.target_limit || global.target_limit,
    label_limit: keys.label_limit || global.label_limit,
    label_name_length_limit: keys.label_name_length_limit || global.label_name_length_limit,
    label_value_length_limit: keys.label_value_length_limit || global.label_value_length_limit,
    series_budget: keys.series_budget ?? global.series_budget,
    job_series_budget: keys.job_series_budget ?? global.job_series_budget,
    keep_dropped_targets: keys.keep_dropped_targets || global.keep_dropped_targets,
    metric_name_validation_scheme: validation,
    metric_name_escaping_scheme: keys.metric_name_escaping_scheme ?? inherited,
  };
}

const UNSERVED_KEYS: ReadonlySet<string> = new Set(UNSERVED_DISCOVERY.map((kind) => `${kind}_sd_configs`));
const isUnserved = (key: string): boolean => UNSERVED_KEYS.has(key);
