import { ExpositionError } from '../exposition/exposition-error.ts';
import { WireError } from '../exposition/remote/wire-error.ts';
import type { Appender, AppendOutcome, SampleAppender, ScrapeAppender } from '../model/appender.ts';
import { type Labels, labelValue } from '../model/labels.ts';
import type { MetricMetadata } from '../model/queryable.ts';
import { type ExpositionFormat, parserOf } from './exposition-format.ts';
import { FamilyPageParser, type HistogramRules } from './family-page.ts';
import { checkHistogram, type HistogramLimits } from './histogram-limits.ts';
import { OwnTimes } from './own-times.ts';
import { PageParser, type PageReader } from './page.ts';
import { BodyLimitError } from './page-body.ts';
import type { PageBuffers } from './page-buffers.ts';
import { askedWithin, tally } from './page-counts.ts';
import { PageExemplars } from './page-exemplars.ts';
import { tellFamilies } from './page-families.ts';
import { PageGroups } from './page-groups.ts';
import type { PageHistogram, PageSamples, WrittenSeries } from './page-samples.ts';
import { type ParkedJson, ParkedSeries } from './parked-series.ts';
import { RefusedSeries } from './refused-series.ts';
import { type LabelRules, storedLabels } from './sample-labels.ts';
import { NO_COUNTS, type PageCounts, ScrapeReports } from './scrape-reports.ts';
import { JobBudget, SeriesBudget } from './series-budget.ts';
import { DROPPED, FIRST_PENDING, isLeftOut, PARKED } from './series-ids.ts';
import { TargetMetadata } from './target-metadata.ts';

/** What a job says about the samples of its targets. */
export interface SampleRules extends LabelRules, HistogramRules, HistogramLimits {
  readonly honor_timestamps: boolean;
  readonly track_timestamps_staleness: boolean;
  /** 0 is none. */
  readonly sample_limit: number;
  /** 0 is none. */
  readonly series_budget: number;
  readonly extra_scrape_metrics: boolean;
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

/** So many new series of a page are looked at when there is no room for them; the rest is parked unseen. */
const MAX_LOOKED_AT = 20_000;

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
  readonly #buffers: PageBuffers;
  readonly #text: PageParser;
  readonly #families: FamilyPageParser;
  readonly #groups: PageGroups;
  readonly #reader: PageReader;
  readonly #reports: ScrapeReports;
  readonly #metadata = new TargetMetadata();
  #format: ExpositionFormat | undefined;
  readonly #exemplars = new PageExemplars();
  readonly #refused = new RefusedSeries();
  /** Whether series may still have start timestamps of earlier pages, those before a restart among them. */
  #hasStarts = true;
  /** Labels of series without a slot: new ones, and those that bring their own timestamps. */
  #pending: Labels[] = [];
  readonly #ownTimes: OwnTimes;
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
    this.#buffers = deps.buffers;
    this.#text = new PageParser(deps.seed);
    this.#families = new FamilyPageParser(deps.seed, deps.rules);
    this.#groups = new PageGroups(deps.rules);
    this.#reports = new ScrapeReports(deps);
    this.#ownTimes = new OwnTimes(deps.appender, deps.rules.track_timestamps_staleness);
    this.#budget = new SeriesBudget(deps.rules.series_budget, deps.jobBudget ?? new JobBudget(), deps.source);
    this.#reader = {
      series: (written) => this.#series(written),
      help: (family, text) => this.#metadata.describe(family, { help: text }),
      type: (family, type) => this.#metadata.describe(family, { type }),
      unit: (family, text) => this.#metadata.describe(family, { unit: text }),
      exemplar: (line, written) => this.#exemplars.add(line, written),
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
      // As upstream, which knows series by their text: that of protobuf is none.
      const isSameText = this.#format !== undefined && this.#format !== 'protobuf' && format !== 'protobuf';
      this.#forget();
      this.#hasForgotten = isSameText;
    }
    this.#format = format;
    this.#bodyBytes = body.length;
    this.#exemplars.clear();
    this.#parkedNew = 0;
    this.#isFollowUp = this.#samples.count > 0;
    this.#budget.start(this.#pending.length);
    this.#metadata.start();
    let isComplete = false;
    try {
      if (body.length === 0) this.#forget();
      else yield* this.#parse(body, format, sliceOver);
      this.#metadata.tell(this.#appender);
      const { scraped, kept } = tally(this.#samples, this.#histograms);
      this.counts = { scraped, kept, added: 0 };
      const { sample_limit } = this.#rules;
      const asked =
        sample_limit > 0 && kept > sample_limit
          ? askedWithin(sample_limit, this.#samples, this.#histograms, {
              pending: this.#pending,
              honorTimestamps: this.#rules.honor_timestamps,
            })
          : undefined;
      if (asked) {
        this.counts = { scraped, kept, added: this.#countRefused(asked) };
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
    this.#exemplars.divide((lines) => this.#groups.read(page, this.#reader, lines));
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
      isText ? yield* tellFamilies(parserOf(format, body), this.#reader, sliceOver) : this.#families.families,
    );
  }

  /** What there was of a page before it turned out to be broken, or to break a rule: the sample that does counts as scraped, as upstream. */
  #countsUpTo(error: unknown): PageCounts {
    const isBroken = error instanceof ExpositionError || error instanceof WireError;
    const { scraped, kept } =
      this.#format === 'protobuf'
        ? tally(this.#samples, this.#histograms)
        : tally({ count: this.#text.reached, series: this.#samples.series }, []);
    return { scraped: scraped + (isBroken ? 0 : 1), kept, added: this.#countRefused(this.#pending) };
  }

  /** Whether a series that is asked for was seen before: pages since may have been refused. */
  #isKnown(labels: Labels): boolean {
    return this.#hasForgotten && (this.#source.find(labels) >= 0 || this.#refused.has(labels));
  }

  /** Series asked for by a page that is refused: how many are new. They are not with the next page. */
  #countRefused(asked: readonly Labels[]): number {
    const added = asked.filter((labels) => !this.#isKnown(labels)).length;
    this.#refused.add(asked);
    return added;
  }

  /** Stores the page just read as the row of `timestamp`. False when that is not later than the last row's. */
  store(timestamp: number, durationSeconds: number, counts: StoreCounts): boolean {
    if (!this.#source.begin(timestamp)) return false;
    this.#reports.set(1, durationSeconds, this.counts, this.#bodyBytes);
    const source = this.#source;
    const { count, series, value, timestamp: times, start: starts } = this.#samples;
    const ownTimes = this.#rules.honor_timestamps ? times : undefined;
    let parked = 0;
    for (let i = 0; i < count; i++) {
      const slot = series[i]!;
      if (isLeftOut(slot)) {
        if (slot === PARKED) parked++;
        continue;
      }
      if (ownTimes !== undefined && !Number.isNaN(ownTimes[i]!)) {
        this.#storeOwnTime(slot, ownTimes[i]!, timestamp, counts, (appender, labels) =>
          appender.append(labels, ownTimes[i]!, value[i]!, starts?.[i]),
        );
      } else if (!source.set(slot, value[i]!)) counts.duplicates++;
    }
    this.#storeStarts(this.#samples);
    parked += this.#storeHistograms(timestamp, counts);
    const page = { samples: this.#samples, histograms: this.#histograms };
    const to = {
      source,
      appender: this.#appender,
      pending: this.#pending,
      honorTimestamps: this.#rules.honor_timestamps,
    };
    this.#exemplars.store(page, to, timestamp);
    counts.shadowed += this.#shadowed;
    counts.inconsistent +=
      this.#format === 'protobuf' ? this.#families.inconsistent : this.#groups.inconsistent;
    this.#shadowed = 0;
    this.#ownTimes.end(timestamp);
    source.commit();
    this.#failuresInARow = 0;
    this.#hasForgotten = false;
    this.#refused.clear();
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
      if (isLeftOut(series)) {
        if (series === PARKED) parked++;
        continue;
      }
      if (this.#rules.honor_timestamps && !Number.isNaN(ownTime)) {
        this.#storeOwnTime(series, ownTime, timestamp, counts, (appender, labels) =>
          appender.appendHistogram(labels, ownTime, histogram, start),
        );
      } else if (this.#source.setHistogram(series, histogram)) this.#source.setStart(series, start);
      else counts.duplicates++;
    }
    return parked;
  }

  /** Stores that there is no page: `up` is 0, and what the last page had becomes stale. */
  storeFailure(timestamp: number, durationSeconds: number, failure: Error): boolean {
    if (failure instanceof BodyLimitError) this.#bodyBytes = -1;
    if (!this.#source.begin(timestamp)) return false;
    this.#reports.set(0, durationSeconds, this.counts, this.#bodyBytes);
    this.#ownTimes.end(timestamp);
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
    this.#exemplars.clear();
    this.#pending = [];
    this.#shadowed = 0;
    this.#hasForgotten = true;
  }

  #series(written: WrittenSeries): number {
    if (this.#isFollowUp && this.#parkedNew >= MAX_LOOKED_AT) {
      this.#parkedNew++;
      return PARKED;
    }
    const series = storedLabels(written.labels(), this.#target, this.#rules);
    if (!series) return DROPPED;
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
      const isKnown = this.#isKnown(labels);
      const slot = this.#source.slot(labels);
      if (this.#reports.has(slot)) {
        this.#shadowed++;
        return DROPPED;
      }
      if (!isKnown) added++;
      return slot;
    };
    // Mostly there is none to find.
    const asked = this.#pending.length > 0 ? count : 0;
    for (let i = 0; i < asked; i++) {
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
    append: (appender: SampleAppender, labels: Labels) => AppendOutcome,
  ): void {
    const labels = id <= FIRST_PENDING ? this.#pending[FIRST_PENDING - id]! : this.#source.labelsOfSlot(id);
    if (!this.#ownTimes.store(labels, timestamp, now, (appender) => append(appender, labels)))
      counts.outOfBounds++;
  }
}
