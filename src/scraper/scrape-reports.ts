import type { ScrapeAppender, Slot } from '../model/appender.ts';
import type { Labels } from '../model/labels.ts';
import { reportLabels } from './sample-labels.ts';

/** A page as read, not stored yet. */
export interface PageCounts {
  /** Lines with a sample. */
  readonly scraped: number;
  /** Those left by metric_relabel_configs. */
  readonly kept: number;
  /** Series that the page before did not have. */
  readonly added: number;
}

export const NO_COUNTS: PageCounts = { scraped: 0, kept: 0, added: 0 };

const NAMES = [
  'up',
  'scrape_duration_seconds',
  'scrape_samples_scraped',
  'scrape_samples_post_metric_relabeling',
  'scrape_series_added',
] as const;
/** With `extra_scrape_metrics`. */
const EXTRA_NAMES = ['scrape_timeout_seconds', 'scrape_sample_limit', 'scrape_body_size_bytes'] as const;

/** The series that report on each scrape of a target, in the row of the scrape itself. */
export class ScrapeReports {
  readonly #source: ScrapeAppender;
  readonly #slots: readonly Slot[];
  readonly #fixed: readonly number[];

  constructor(deps: {
    readonly source: ScrapeAppender;
    readonly target: Labels;
    readonly timeoutMs: number;
    readonly rules: { readonly extra_scrape_metrics: boolean; readonly sample_limit: number };
  }) {
    const { source, target, timeoutMs, rules } = deps;
    const names = rules.extra_scrape_metrics ? [...NAMES, ...EXTRA_NAMES] : NAMES;
    this.#source = source;
    this.#slots = names.map((name) => source.slot(reportLabels(name, target)));
    this.#fixed = [timeoutMs / 1000, rules.sample_limit];
  }

  /** Whether a series of the target has the labels of one of them. */
  has(slot: Slot): boolean {
    return this.#slots.includes(slot);
  }

  /** Sets them in the row that was begun. @param bodyBytes -1 for a page that was too long */
  set(up: 0 | 1, durationSeconds: number, { scraped, kept, added }: PageCounts, bodyBytes: number): void {
    const values = [up, durationSeconds, scraped, kept, added, ...this.#fixed, bodyBytes];
    this.#slots.forEach((slot, i) => {
      this.#source.set(slot, values[i]!);
    });
  }
}
