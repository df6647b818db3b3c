import type { ExpositionParser, MetricType } from '../exposition/parser.ts';
import type { Appender, ScrapeAppender, Slot } from '../model/appender.ts';
import {
  isLegacyLabelName,
  isLegacyMetricName,
  type Labels,
  labelsKey,
  labelsOf,
  METRIC_NAME,
} from '../model/labels.ts';
import type { MetricMetadata } from '../model/queryable.ts';
import { type ExpositionFormat, parserOf } from './exposition-format.ts';
import { PageParser, type PageReader } from './page.ts';
import { BodyLimitError } from './page-body.ts';
import type { PageBuffers } from './page-buffers.ts';
import type { NameValidation, Relabel } from './relabel.ts';
import { checkLabelLimits, type LabelLimits, reportLabels, withTargetLabels } from './sample-labels.ts';

/** What a job says about the samples of its targets. */
export interface SampleRules extends LabelLimits {
  readonly relabel: Relabel;
  readonly honor_labels: boolean;
  readonly honor_timestamps: boolean;
  readonly track_timestamps_staleness: boolean;
  /** 0 is none. */
  readonly sample_limit: number;
  readonly metric_name_validation_scheme: NameValidation;
  readonly extra_scrape_metrics: boolean;
}

/** A page as read, not stored yet. */
export interface PageCounts {
  /** Lines with a sample. */
  readonly scraped: number;
  /** Those left by metric_relabel_configs. */
  readonly kept: number;
  /** Series that the page before did not have. */
  readonly added: number;
}

export interface StoreCounts {
  /** Lines that gave a series a second value in one page; the first counts. */
  duplicates: number;
  /** Samples whose own timestamp the store did not take. */
  outOfBounds: number;
  /** Lines that look like one of the series that report on the scrape; ours win. */
  shadowed: number;
}

const REPORTS = [
  'up',
  'scrape_duration_seconds',
  'scrape_samples_scraped',
  'scrape_samples_post_metric_relabeling',
  'scrape_series_added',
] as const;
/** With `extra_scrape_metrics`. */
const EXTRA_REPORTS = ['scrape_timeout_seconds', 'scrape_sample_limit', 'scrape_body_size_bytes'] as const;

/** In `columns.series`: a series dropped by relabelling. Below it, `FIRST_PENDING - i` is the i-th of `#pending`. */
const DROPPED = -1;
const FIRST_PENDING = -2;

const NO_COUNTS: PageCounts = { scraped: 0, kept: 0, added: 0 };
/** Samples further ahead than this are not taken, as upstream. */
const MAX_AHEAD_MS = 10 * 60_000;

/** Most metric families of a target whose metadata is kept: a target that makes up names must not fill the memory. */
const MAX_FAMILIES = 10_000;

/** Rows, of pages or of failures, between two times that slots of absent series are given back. */
const ROWS_PER_RELEASE = 32;

/**
 * Turns the pages of one target into rows of its source. The slots it knows are those of the last page, so right after that page
 * is stored all others may be given back.
 */
export class TargetSamples {
  /** Of the scrape under way or just done; also of a page that was refused in the end. */
  counts: PageCounts = NO_COUNTS;
  readonly #source: ScrapeAppender;
  readonly #appender: Appender;
  readonly #target: Labels;
  readonly #rules: SampleRules;
  readonly #timeoutMs: number;
  readonly #buffers: PageBuffers;
  readonly #page: PageParser;
  readonly #reader: PageReader;
  readonly #reportSlots: readonly Slot[];
  readonly #metadata = new Map<string, MetricMetadata>();
  #format: ExpositionFormat | undefined;
  /** Labels of series without a slot: new ones, and those that bring their own timestamps. */
  #pending: Labels[] = [];
  #ownTimes = new Map<string, Labels>();
  #shadowed = 0;
  #bodyBytes = 0;
  #rowsSinceRelease = 0;
  #failuresInARow = 0;

  constructor(deps: {
    readonly source: ScrapeAppender;
    readonly appender: Appender;
    readonly target: Labels;
    readonly rules: SampleRules;
    readonly timeoutMs: number;
    readonly buffers: PageBuffers;
    readonly seed: number;
  }) {
    this.#source = deps.source;
    this.#appender = deps.appender;
    this.#target = deps.target;
    this.#rules = deps.rules;
    this.#timeoutMs = deps.timeoutMs;
    this.#buffers = deps.buffers;
    this.#page = new PageParser(deps.seed);
    const reports = this.#rules.extra_scrape_metrics ? [...REPORTS, ...EXTRA_REPORTS] : REPORTS;
    this.#reportSlots = reports.map((name) => this.#source.slot(reportLabels(name, this.#target)));
    this.#reader = {
      series: (parser) => this.#series(parser),
      help: (family, text) => this.#describe(family, { help: text }),
      type: (family, type) => this.#describe(family, { type }),
      unit: (family, text) => this.#describe(family, { unit: text }),
      exemplar: () => {},
    };
  }

  /** Starts a scrape; says how long its page may be. */
  expectPage(): number {
    this.counts = NO_COUNTS;
    this.#bodyBytes = 0;
    return this.#page.pageBytes;
  }

  get metadata(): ReadonlyMap<string, MetricMetadata> {
    return this.#metadata;
  }

  /**
   * Reads a page and finds the slots of its series; `store` then stores it. Yields whenever `sliceOver` says so.
   * @throws Error saying why the page is refused; then call `storeFailure`
   */
  *read(body: Uint8Array, format: ExpositionFormat, sliceOver: () => boolean): Generator<void, void> {
    if (this.#format !== format) this.#forget();
    this.#format = format;
    this.#bodyBytes = body.length;
    let isComplete = false;
    try {
      const freed = yield* this.#page.parse(body, parserOf(format, body), this.#reader, sliceOver);
      this.#buffers.give(freed);
      const { columns } = this.#page;
      let dropped = 0;
      for (let i = 0; i < columns.count; i++) if (columns.series[i] === DROPPED) dropped++;
      const kept = columns.count - dropped;
      this.counts = { scraped: columns.count, kept, added: 0 };
      const { sample_limit } = this.#rules;
      if (sample_limit > 0 && kept > sample_limit) {
        throw new Error(`sample_limit exceeded: ${kept} samples after relabelling, limit ${sample_limit}`);
      }
      this.counts = { scraped: columns.count, kept, added: yield* this.#findSlots(sliceOver) };
      isComplete = true;
    } finally {
      if (!isComplete) this.#forget();
    }
  }

  /** Stores the page just read as the row of `timestamp`. False when that is not later than the last row's. */
  store(timestamp: number, durationSeconds: number, counts: StoreCounts): boolean {
    if (!this.#source.begin(timestamp)) return false;
    this.#report(1, durationSeconds);
    const source = this.#source;
    const { count, series, value, timestamp: times } = this.#page.columns;
    const ownTimes = this.#rules.honor_timestamps ? times : undefined;
    const ownTimesBefore = this.#ownTimes;
    this.#ownTimes = new Map();
    for (let i = 0; i < count; i++) {
      const slot = series[i]!;
      if (slot === DROPPED) continue;
      if (ownTimes !== undefined && !Number.isNaN(ownTimes[i]!)) {
        this.#storeOwnTime(slot, ownTimes[i]!, value[i]!, timestamp, counts);
      } else if (!source.set(slot, value[i]!)) counts.duplicates++;
    }
    counts.shadowed += this.#shadowed;
    this.#shadowed = 0;
    source.commit();
    this.#failuresInARow = 0;
    this.#releaseSlots();
    this.#endOwnTimes(ownTimesBefore, timestamp);
    return true;
  }

  /** Stores that there is no page: `up` is 0, and what the last page had becomes stale. */
  storeFailure(timestamp: number, durationSeconds: number, failure: Error): boolean {
    if (failure instanceof BodyLimitError) this.#bodyBytes = -1;
    if (!this.#source.begin(timestamp)) return false;
    this.#report(0, durationSeconds);
    this.#source.commit();
    if (++this.#failuresInARow >= ROWS_PER_RELEASE) {
      this.#forget();
      this.#releaseSlots();
    }
    const before = this.#ownTimes;
    this.#ownTimes = new Map();
    this.#endOwnTimes(before, timestamp);
    return true;
  }

  /** To be called when the known slots are those of the last row. */
  #releaseSlots(): void {
    if (++this.#rowsSinceRelease < ROWS_PER_RELEASE) return;
    this.#rowsSinceRelease = 0;
    this.#source.releaseUnused();
  }

  #forget(): void {
    this.#page.reset();
    this.#pending = [];
    this.#shadowed = 0;
  }

  #series(parser: ExpositionParser): number {
    const rules = this.#rules;
    const labels = withTargetLabels(parser.labels(), this.#target, rules.honor_labels);
    if (!rules.relabel(labels)) return DROPPED;
    const name = labels.get(METRIC_NAME);
    if (!name) throw new Error('a sample has no metric name after relabelling');
    if (rules.metric_name_validation_scheme === 'legacy') checkLegacyNames(labels);
    checkLabelLimits(labels, rules);
    return FIRST_PENDING - (this.#pending.push(labelsOf(labels)) - 1);
  }

  /** Gives the number of series that are new in this page. */
  *#findSlots(sliceOver: () => boolean): Generator<void, number> {
    const { columns } = this.#page;
    const { series } = columns;
    const times = this.#rules.honor_timestamps ? columns.timestamp : undefined;
    const ownTimes: Labels[] = [];
    let added = 0;
    for (let i = 0; i < columns.count; i++) {
      if (series[i]! > FIRST_PENDING) continue;
      const labels = this.#pending[FIRST_PENDING - series[i]!]!;
      if (times !== undefined && !Number.isNaN(times[i]!)) {
        series[i] = FIRST_PENDING - (ownTimes.push(labels) - 1);
        continue;
      }
      const slot = this.#source.slot(labels);
      if (this.#reportSlots.includes(slot)) {
        series[i] = DROPPED;
        this.#shadowed++;
      } else {
        series[i] = slot;
        added++;
      }
      if (added % 64 === 0 && sliceOver()) yield;
    }
    this.#pending = ownTimes;
    return added;
  }

  #storeOwnTime(id: number, timestamp: number, value: number, now: number, counts: StoreCounts): void {
    const labels = id <= FIRST_PENDING ? this.#pending[FIRST_PENDING - id]! : this.#source.labelsOfSlot(id);
    const outcome =
      timestamp > now + MAX_AHEAD_MS ? 'too_new' : this.#appender.append(labels, timestamp, value);
    if (outcome !== 'ok' && outcome !== 'duplicate') counts.outOfBounds++;
    if (this.#rules.track_timestamps_staleness) this.#ownTimes.set(labelsKey(labels), labels);
  }

  #endOwnTimes(before: ReadonlyMap<string, Labels>, timestamp: number): void {
    for (const [key, labels] of before)
      if (!this.#ownTimes.has(key)) this.#appender.appendStale(labels, timestamp);
  }

  #report(up: number, durationSeconds: number): void {
    const { scraped, kept, added } = this.counts;
    const values = [up, durationSeconds, scraped, kept, added];
    values.push(this.#timeoutMs / 1000, this.#rules.sample_limit, this.#bodyBytes);
    this.#reportSlots.forEach((slot, i) => {
      this.#source.set(slot, values[i]!);
    });
  }

  #describe(family: string, part: { help: string } | { type: MetricType } | { unit: string }): void {
    if (this.#metadata.size >= MAX_FAMILIES && !this.#metadata.has(family)) return;
    const before = this.#metadata.get(family) ?? { type: 'unknown', help: '', unit: '' };
    const metadata: MetricMetadata = { ...before, ...part };
    this.#metadata.set(family, metadata);
    this.#appender.metadata(family, metadata);
  }
}

function checkLegacyNames(labels: ReadonlyMap<string, string>): void {
  for (const [name, value] of labels) {
    if (name === METRIC_NAME ? isLegacyMetricName(value) : isLegacyLabelName(name)) continue;
    const wrong = JSON.stringify(name === METRIC_NAME ? value : name);
    throw new Error(
      `expected names of letters, digits and "_" (metric_name_validation_scheme legacy), got ${wrong}`,
    );
  }
}
