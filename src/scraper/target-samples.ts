import { ExpositionError } from '../exposition/exposition-error.ts';
import type { ExpositionParser, WrittenExemplar } from '../exposition/parser.ts';
import { WireError } from '../exposition/remote/wire-error.ts';
import type { Appender, AppendOutcome, ScrapeAppender, Slot } from '../model/appender.ts';
import type { Exemplar } from '../model/exemplar.ts';
import {
  isLegacyLabelName,
  isLegacyMetricName,
  type Labels,
  labelsKey,
  labelsOf,
  labelValue,
  METRIC_NAME,
} from '../model/labels.ts';
import type { MetricMetadata } from '../model/queryable.ts';
import { type ExpositionFormat, parserOf } from './exposition-format.ts';
import { FamilyPageParser, type HistogramRules } from './family-page.ts';
import { checkHistogram, type HistogramLimits } from './histogram-limits.ts';
import { PageParser, type PageReader, tell } from './page.ts';
import { BodyLimitError } from './page-body.ts';
import type { PageBuffers } from './page-buffers.ts';
import { CONVERTED, type LineExemplar, PageGroups } from './page-groups.ts';
import type { PageHistogram, PageSamples, WrittenSeries } from './page-samples.ts';
import { type ParkedJson, ParkedSeries } from './parked-series.ts';
import type { NameValidation, Relabel } from './relabel.ts';
import { checkLabelLimits, type LabelLimits, reportLabels, withTargetLabels } from './sample-labels.ts';
import { JobBudget, SeriesBudget } from './series-budget.ts';
import { TargetMetadata } from './target-metadata.ts';

/** What a job says about the samples of its targets. */
export interface SampleRules extends LabelLimits, HistogramRules, HistogramLimits {
  readonly relabel: Relabel;
  readonly honor_labels: boolean;
  readonly honor_timestamps: boolean;
  readonly track_timestamps_staleness: boolean;
  /** 0 is none. */
  readonly sample_limit: number;
  /** 0 is none. */
  readonly series_budget: number;
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
  /** New series that the budget has no room for. */
  parked: number;
  /** Classic histograms that could not be converted: their counts contradict each other. */
  inconsistent: number;
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

/**
 * In `columns.series`: a series dropped by relabelling, or one that the budget has no room for. CONVERTED is -2. Below them,
 * `FIRST_PENDING - i` is the i-th of `#pending`.
 */
const DROPPED = -1;
const PARKED = -3;
const FIRST_PENDING = -4;

const NO_COUNTS: PageCounts = { scraped: 0, kept: 0, added: 0 };
/** Samples further ahead than this are not taken, as upstream. */
const MAX_AHEAD_MS = 10 * 60_000;

/** So many new series of a page are looked at when there is no room for them; the rest is parked unseen. */
const MAX_LOOKED_AT = 20_000;

/** Most exemplars taken from one page; an exporter that has more shows those that are new by and by. */
const MAX_EXEMPLARS = 20_000;

/** Lines walked over between two looks at the clock. */
const LINES_PER_SLICE_CHECK = 64;

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
  readonly #text: PageParser;
  readonly #families: FamilyPageParser;
  readonly #groups: PageGroups;
  readonly #reader: PageReader;
  readonly #reportSlots: readonly Slot[];
  readonly #metadata = new TargetMetadata();
  #format: ExpositionFormat | undefined;
  /** Those that are new on the page under way. */
  #exemplars: LineExemplar[] = [];
  /** Whether series may still have start timestamps of earlier pages, those before a restart among them. */
  #hasStarts = true;
  /** Labels of series without a slot: new ones, and those that bring their own timestamps. */
  #pending: Labels[] = [];
  #ownTimes = new Map<string, Labels>();
  readonly #budget: SeriesBudget;
  readonly #parked = new ParkedSeries();
  /** On the last page. */
  #parkedCount = 0;
  #parkedNew = 0;
  /** Whether the page before is known: what this one asks for is new then. */
  #isFollowUp = false;
  #lastTimestamp = 0;
  #shadowed = 0;
  #bodyBytes = 0;
  #rowsSinceRelease = 0;
  /** Whether the page before is forgotten though its series are not new. */
  #hasForgotten = false;
  #failuresInARow = 0;

  constructor(deps: {
    readonly source: ScrapeAppender;
    readonly appender: Appender;
    readonly target: Labels;
    readonly rules: SampleRules;
    readonly timeoutMs: number;
    readonly buffers: PageBuffers;
    readonly seed: number;
    /** Of the job; none unless given. */
    readonly jobBudget?: JobBudget;
  }) {
    this.#source = deps.source;
    this.#appender = deps.appender;
    this.#target = deps.target;
    this.#rules = deps.rules;
    this.#timeoutMs = deps.timeoutMs;
    this.#buffers = deps.buffers;
    this.#text = new PageParser(deps.seed);
    this.#families = new FamilyPageParser(deps.seed, deps.rules);
    this.#groups = new PageGroups(deps.rules);
    const reports = this.#rules.extra_scrape_metrics ? [...REPORTS, ...EXTRA_REPORTS] : REPORTS;
    this.#reportSlots = reports.map((name) => this.#source.slot(reportLabels(name, this.#target)));
    this.#budget = new SeriesBudget(deps.rules.series_budget, deps.jobBudget ?? new JobBudget(), deps.source);
    this.#reader = {
      series: (written) => this.#series(written),
      help: (family, text) => this.#metadata.describe(family, { help: text }),
      type: (family, type) => this.#metadata.describe(family, { type }),
      unit: (family, text) => this.#metadata.describe(family, { unit: text }),
      exemplar: (line, written) => {
        if (this.#exemplars.length < MAX_EXEMPLARS)
          this.#exemplars.push({ line, exemplar: written.exemplar() });
      },
    };
  }

  /** Starts a scrape; says how long its page may be. */
  expectPage(): number {
    this.counts = NO_COUNTS;
    this.#bodyBytes = 0;
    return this.#format === 'protobuf' ? this.#families.pageBytes : this.#text.pageBytes;
  }

  /** Series of the last page that the budget has no room for. */
  get parkedCount(): number {
    return this.#parkedCount;
  }

  /** The same told in full; undefined when there are none. */
  get parked(): ParkedJson | undefined {
    if (this.#parkedCount === 0) return undefined;
    const { since } = this.#parked;
    return {
      series: this.#parkedCount,
      since: new Date(since).toISOString(),
      reason: this.#budget.problem,
      metrics: this.#parked.top(),
    };
  }

  /** The target is gone: its series no longer count for the job. */
  close(): void {
    this.#budget.close();
  }

  get metadata(): ReadonlyMap<string, MetricMetadata> {
    return this.#metadata.families;
  }

  /**
   * Reads a page and finds the slots of its series; `store` then stores it. Yields whenever `sliceOver` says so.
   * @throws Error saying why the page is refused; then call `storeFailure`
   */
  *read(body: Uint8Array, format: ExpositionFormat, sliceOver: () => boolean): Generator<void, void> {
    if (this.#format !== format) {
      this.#forget();
      // As upstream, which knows series by their text.
      this.#hasForgotten = false;
    }
    this.#format = format;
    this.#bodyBytes = body.length;
    this.#exemplars = [];
    this.#parkedNew = 0;
    this.#isFollowUp = this.#samples.count > 0;
    this.#budget.start(this.#pending.length);
    let isComplete = false;
    try {
      if (body.length === 0) this.#forget();
      else yield* this.#parse(body, format, sliceOver);
      this.#metadata.tell(this.#appender);
      const { scraped, kept } = this.#tally(this.#samples.count, this.#histograms);
      this.counts = { scraped, kept, added: 0 };
      const { sample_limit } = this.#rules;
      if (sample_limit > 0 && kept > sample_limit) {
        throw new Error(
          `sample limit exceeded: ${kept} samples after relabelling, sample_limit ${sample_limit}`,
        );
      }
      for (const sample of this.#histograms) {
        if (sample.series !== DROPPED) sample.histogram = checkHistogram(sample.histogram, this.#rules);
      }
      this.counts = { scraped, kept, added: yield* this.#findSlots(sliceOver) };
      isComplete = true;
      if (body.length > 0) yield* this.#countFamilies(body, format, sliceOver);
    } catch (error) {
      if (this.counts === NO_COUNTS) this.counts = this.#countsUpTo(error);
      throw error;
    } finally {
      if (!isComplete) this.#forget();
    }
  }

  *#parse(body: Uint8Array, format: ExpositionFormat, sliceOver: () => boolean): Generator<void, void> {
    if (format === 'protobuf') {
      yield* this.#families.parse(body, this.#reader, sliceOver);
      this.#buffers.give(body);
      return;
    }
    const page = this.#text;
    const freed = yield* page.parse(body, parserOf(format, body), this.#reader, sliceOver);
    this.#buffers.give(freed);
    if (page.hasNewShape) {
      yield* this.#groups.link(page, format === 'openmetrics', sliceOver);
      if (this.#rules.convert_classic_histograms_to_nhcb) this.#forgetConverted();
    }
    this.#exemplars = this.#groups.read(page, this.#reader, this.#exemplars);
  }

  /** Series of converted lines are not asked for any more: their room is that of the histograms. */
  #forgetConverted(): void {
    const { count, series } = this.#samples;
    let asked = 0;
    for (let i = 0; i < count; i++) if (series[i]! <= FIRST_PENDING) asked++;
    this.#budget.start(asked);
  }

  get #samples(): PageSamples {
    return this.#format === 'protobuf' ? this.#families.columns : this.#text.columns;
  }

  get #histograms(): readonly PageHistogram[] {
    return this.#format === 'protobuf' ? this.#families.histograms : this.#groups.histograms;
  }

  /** Finds out which families are gone, on a page in so many. */
  *#countFamilies(
    body: Uint8Array,
    format: ExpositionFormat,
    sliceOver: () => boolean,
  ): Generator<void, void> {
    const isText = format !== 'protobuf';
    this.#metadata.pageRead(!isText || this.#text.hasNewShape || this.#text.stats.parsed > 0);
    if (!this.#metadata.isCountDue) return;
    this.#metadata.count(
      isText ? yield* tellAll(parserOf(format, body), this.#reader, sliceOver) : this.#families.families,
    );
  }

  /** What there was of a page before it turned out to be broken, or to break a rule: the sample that does counts as scraped, as upstream. */
  #countsUpTo(error: unknown): PageCounts {
    const isBroken = error instanceof ExpositionError || error instanceof WireError;
    const { scraped, kept } =
      this.#format === 'protobuf'
        ? this.#tally(this.#samples.count, this.#histograms)
        : this.#tally(this.#text.reached, []);
    const isNew = (labels: Labels): boolean => !this.#hasForgotten || this.#source.find(labels) < 0;
    return { scraped: scraped + (isBroken ? 0 : 1), kept, added: this.#pending.filter(isNew).length };
  }

  #tally(count: number, histograms: readonly PageHistogram[]): Pick<PageCounts, 'scraped' | 'kept'> {
    const { series } = this.#samples;
    let scraped = count + histograms.length;
    let dropped = 0;
    for (let i = 0; i < count; i++) {
      if (series[i] === DROPPED) dropped++;
      else if (series[i] === CONVERTED) scraped--;
    }
    for (const sample of histograms) if (sample.series === DROPPED) dropped++;
    return { scraped, kept: scraped - dropped };
  }

  /** Stores the page just read as the row of `timestamp`. False when that is not later than the last row's. */
  store(timestamp: number, durationSeconds: number, counts: StoreCounts): boolean {
    if (!this.#source.begin(timestamp)) return false;
    this.#report(1, durationSeconds);
    const source = this.#source;
    const { count, series, value, timestamp: times, start: starts } = this.#samples;
    const ownTimes = this.#rules.honor_timestamps ? times : undefined;
    const ownTimesBefore = this.#ownTimes;
    this.#ownTimes = new Map();
    let parked = 0;
    for (let i = 0; i < count; i++) {
      const slot = series[i]!;
      if (slot < 0 && slot > FIRST_PENDING) {
        if (slot === PARKED) parked++;
        continue;
      }
      if (ownTimes !== undefined && !Number.isNaN(ownTimes[i]!)) {
        this.#storeOwnTime(slot, ownTimes[i]!, timestamp, counts, (labels, time) =>
          this.#appender.append(labels, time, value[i]!, starts?.[i]),
        );
      } else if (!source.set(slot, value[i]!)) counts.duplicates++;
    }
    this.#storeStarts(this.#samples);
    parked += this.#storeHistograms(timestamp, counts);
    this.#storeExemplars(timestamp);
    counts.shadowed += this.#shadowed;
    counts.inconsistent +=
      this.#format === 'protobuf' ? this.#families.inconsistent : this.#groups.inconsistent;
    this.#shadowed = 0;
    this.#endOwnTimes(ownTimesBefore, timestamp);
    source.commit();
    this.#failuresInARow = 0;
    this.#hasForgotten = false;
    counts.parked += this.#parkedNew;
    this.#parkedCount = parked;
    this.#lastTimestamp = timestamp;
    if (parked === 0) this.#parked.clear();
    this.#releaseSlots(timestamp);
    return true;
  }

  /** A series keeps its start timestamp until it is told another: that of a page without any is none. */
  #storeStarts({ count, series, start: starts }: PageSamples): void {
    if (starts === undefined && !this.#hasStarts) return;
    this.#hasStarts = starts !== undefined;
    for (let i = 0; i < count; i++) {
      if (series[i]! >= 0) this.#source.setStart(series[i]!, starts?.[i] ?? 0);
    }
  }

  /** Gives the number of those that are parked. */
  #storeHistograms(timestamp: number, counts: StoreCounts): number {
    let parked = 0;
    for (const { series, histogram, timestamp: ownTime, start } of this.#histograms) {
      if (series < 0 && series > FIRST_PENDING) {
        if (series === PARKED) parked++;
        continue;
      }
      if (this.#rules.honor_timestamps && !Number.isNaN(ownTime)) {
        this.#storeOwnTime(series, ownTime, timestamp, counts, (labels, time) =>
          this.#appender.appendHistogram(labels, time, histogram, start),
        );
      } else if (this.#source.setHistogram(series, histogram)) this.#source.setStart(series, start);
      else counts.duplicates++;
    }
    return parked;
  }

  #storeExemplars(timestamp: number): void {
    const { series, timestamp: times } = this.#samples;
    for (const { line, exemplar } of this.#exemplars) {
      this.#storeExemplar(series[line]!, exemplar, times?.[line] ?? Number.NaN, timestamp);
    }
    for (const { series: slot, exemplars, timestamp: ownTime } of this.#histograms) {
      for (const exemplar of exemplars) this.#storeExemplar(slot, exemplar, ownTime, timestamp);
    }
    this.#exemplars = [];
  }

  #storeExemplar(id: number, written: WrittenExemplar, ownTime: number, now: number): void {
    if (id < 0 && id > FIRST_PENDING) return;
    const { labels: flat, value } = written;
    const labels = labelsOf(flat.flatMap((name, i) => (i % 2 === 0 ? [[name, flat[i + 1]!] as const] : [])));
    let { timestamp } = written;
    if (Number.isNaN(timestamp)) timestamp = this.#rules.honor_timestamps ? ownTime : Number.NaN;
    if (timestamp > now + MAX_AHEAD_MS) return;
    const exemplar: Exemplar = Number.isNaN(timestamp) ? { labels, value } : { labels, value, timestamp };
    if (id >= 0) this.#source.exemplar(id, exemplar);
    else {
      this.#appender.exemplar(this.#pending[FIRST_PENDING - id]!, {
        ...exemplar,
        timestamp: exemplar.timestamp ?? now,
      });
    }
  }

  /** Stores that there is no page: `up` is 0, and what the last page had becomes stale. */
  storeFailure(timestamp: number, durationSeconds: number, failure: Error): boolean {
    if (failure instanceof BodyLimitError) this.#bodyBytes = -1;
    if (!this.#source.begin(timestamp)) return false;
    this.#report(0, durationSeconds);
    const before = this.#ownTimes;
    this.#ownTimes = new Map();
    this.#endOwnTimes(before, timestamp);
    this.#source.commit();
    if (++this.#failuresInARow >= ROWS_PER_RELEASE) {
      this.#forget();
      this.#releaseSlots(timestamp);
    }
    return true;
  }

  /** To be called when the known slots are those of the last row. */
  #releaseSlots(now: number): void {
    if (++this.#rowsSinceRelease < ROWS_PER_RELEASE) return;
    this.#rowsSinceRelease = 0;
    this.#budget.released(this.#source.releaseUnused().length, now);
    // What is parked is asked for again by the next page.
    if (this.#parkedCount > 0 && this.#budget.hasRoom()) this.#forget();
  }

  #forget(): void {
    this.#text.reset();
    this.#families.reset();
    this.#groups.reset();
    this.#exemplars = [];
    this.#pending = [];
    this.#shadowed = 0;
    this.#hasForgotten = true;
  }

  #series(written: WrittenSeries): number {
    if (this.#isFollowUp && this.#parkedNew >= MAX_LOOKED_AT) {
      this.#parkedNew++;
      return PARKED;
    }
    const rules = this.#rules;
    const labels = withTargetLabels(written.labels(), this.#target, rules.honor_labels);
    if (!rules.relabel(labels)) return DROPPED;
    const name = labels.get(METRIC_NAME);
    if (!name) throw new Error('missing metric name (__name__ label)');
    if (rules.metric_name_validation_scheme === 'legacy') checkLegacyNames(labels);
    checkLabelLimits(labels, rules);
    const series = labelsOf(labels);
    if (this.#budget.admits(series, this.#pending)) return FIRST_PENDING - (this.#pending.push(series) - 1);
    this.#parkedNew++;
    this.#parked.add(series, (label) => labelValue(this.#target, label) !== '', this.#lastTimestamp);
    return PARKED;
  }

  /** Gives the number of series that are new in this page. */
  *#findSlots(sliceOver: () => boolean): Generator<void, number> {
    const { count, series, timestamp: times } = this.#samples;
    const ownTimes: Labels[] = [];
    let added = 0;
    let placed = 0;
    const place = (id: number, timestamp: number): number => {
      const labels = this.#pending[FIRST_PENDING - id]!;
      if (this.#rules.honor_timestamps && !Number.isNaN(timestamp)) {
        return FIRST_PENDING - (ownTimes.push(labels) - 1);
      }
      const isKnown = this.#hasForgotten && this.#source.find(labels) >= 0;
      const slot = this.#source.slot(labels);
      if (this.#reportSlots.includes(slot)) {
        this.#shadowed++;
        return DROPPED;
      }
      if (!isKnown) added++;
      return slot;
    };
    for (let i = 0; i < count; i++) {
      if (series[i]! > FIRST_PENDING) continue;
      series[i] = place(series[i]!, times?.[i] ?? Number.NaN);
      if (++placed % 64 === 0 && sliceOver()) yield;
    }
    for (const sample of this.#histograms) {
      if (sample.series > FIRST_PENDING) continue;
      sample.series = place(sample.series, sample.timestamp);
      if (++placed % 64 === 0 && sliceOver()) yield;
    }
    this.#pending = ownTimes;
    this.#budget.sync();
    return added;
  }

  #storeOwnTime(
    id: number,
    timestamp: number,
    now: number,
    counts: StoreCounts,
    append: (labels: Labels, timestamp: number) => AppendOutcome,
  ): void {
    const labels = id <= FIRST_PENDING ? this.#pending[FIRST_PENDING - id]! : this.#source.labelsOfSlot(id);
    const outcome = timestamp > now + MAX_AHEAD_MS ? 'too_new' : append(labels, timestamp);
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
}

/** Tells all that a page says about its families; gives their names. */
function* tellAll(
  parser: ExpositionParser,
  reader: PageReader,
  sliceOver: () => boolean,
): Generator<void, Set<string>> {
  const families = new Set<string>();
  let work = 0;
  for (let kind = parser.next(); kind !== 'end'; kind = parser.next()) {
    if (kind !== 'sample') {
      tell(reader, kind, parser);
      families.add(parser.family);
    }
    if (++work % LINES_PER_SLICE_CHECK === 0 && sliceOver()) yield;
  }
  return families;
}

function checkLegacyNames(labels: ReadonlyMap<string, string>): void {
  for (const [name, value] of labels) {
    if (name === METRIC_NAME ? isLegacyMetricName(value) : isLegacyLabelName(name)) continue;
    const wrong = JSON.stringify(name === METRIC_NAME ? value : name);
    throw new Error(`invalid metric name or label names: ${wrong} (metric_name_validation_scheme legacy)`);
  }
}
