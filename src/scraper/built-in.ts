import { labelsOf, textsKey } from '../model/labels.ts';
import type { HistogramRules } from './family-page.ts';
import type { PageSource } from './loop.ts';
import type { Target } from './target.ts';
import type { SampleRules } from './target-samples.ts';

/** A target of our own, without HTTP: it gives its page as text, and everything else is as for any target. */
export interface BuiltInTarget {
  /** The label `job`. */
  readonly job: string;
  readonly instance: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Equal when a reload may leave the target alone. */
  readonly settings: string;
  /** Shown as the URL it would have. */
  readonly url: string;
  /** The page, in the text format. @throws Error saying why there is none */
  collect(signal: AbortSignal): Promise<string>;
}

export function resolveBuiltIn(builtIn: BuiltInTarget): {
  readonly target: Target;
  readonly rules: SampleRules;
} {
  const { job, instance, url, intervalMs, timeoutMs } = builtIn;
  const labels = labelsOf(Object.entries({ ...builtIn.labels, job, instance }));
  const key = textsKey(['built-in', job, ...labels]);
  const histograms: HistogramRules = {
    scrape_native_histograms: false,
    always_scrape_classic_histograms: false,
    convert_classic_histograms_to_nhcb: false,
  };
  const target: Target = {
    key,
    job,
    labels,
    discoveredLabels: labels,
    url,
    intervalMs,
    timeoutMs,
    histograms,
  };
  const rules: SampleRules = {
    relabel: () => true,
    honor_labels: false,
    honor_timestamps: true,
    track_timestamps_staleness: false,
    sample_limit: 0,
    series_budget: 0,
    label_limit: 0,
    label_name_length_limit: 0,
    label_value_length_limit: 0,
    metric_name_validation_scheme: 'utf8',
    extra_scrape_metrics: false,
    ...histograms,
    native_histogram_bucket_limit: 0,
    native_histogram_min_bucket_factor: 0,
  };
  return { target, rules };
}

export function builtInPages(builtIn: BuiltInTarget): PageSource {
  const encoder = new TextEncoder();
  return {
    fetch: async (signal) => ({ body: encoder.encode(await builtIn.collect(signal)), format: 'text' }),
  };
}
