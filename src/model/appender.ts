import type { Exemplar } from './exemplar.ts';
import type { Histogram } from './histogram.ts';
import type { Labels } from './labels.ts';
import type { MetricMetadata } from './queryable.ts';

/** Index of a series within its source's row; stable while the series lives, then reused. */
export type Slot = number;

/** What became of a scrape that was committed. */
export interface CommitResult {
  /** Samples stored, staleness markers not counted. */
  readonly appended: number;
  /** Series of this source that were absent from its previous scrape (upstream's scrape_series_added). */
  readonly seriesAdded: number;
  /** Series present in the previous scrape and absent from this one; each got a staleness marker. */
  readonly wentStale: number;
}

/**
 * Appends the samples of one source (a scrape target, a rule group, a built-in collector) scrape by scrape: all samples of one
 * scrape share one timestamp. Use: `slot()` for each series once, then per scrape `begin`, `set` for what is present, and
 * `commit` or `abort`. A slot set twice in a scrape keeps the first value. Owned by the main thread; no call waits.
 */
export interface ScrapeAppender {
  /** Finds or makes the slot of a series of this source. Valid until `releaseUnused` says otherwise. */
  slot(labels: Labels): Slot;
  /** The slot of a series that has one, -1 for others: nothing is made. */
  find(labels: Labels): Slot;
  /** Series that have a slot. */
  readonly seriesCount: number;
  labelsOfSlot(slot: Slot): Labels;
  /**
   * Starts a scrape at `timestamp` (Unix ms). Returns false when it is not later than the last one committed: skip the scrape. One that is
   * earlier by a minute or more is taken: the clock was set back.
   */
  begin(timestamp: number): boolean;
  /** NaN is stored as the normal one. @returns false when this slot has a value in this scrape already */
  set(slot: Slot, value: number): boolean;
  /**
   * The same for a native histogram; a series may bring floats in some scrapes and histograms in others. A malformed one
   * (model/histogram.ts, `histogramProblem`) is refused, and false returned.
   */
  setHistogram(slot: Slot, histogram: Histogram): boolean;
  /**
   * Says when the series' counting began (Unix ms; 0: not known). It holds for the sample of this scrape and for those of later ones
   * until it is set anew, so that an unchanged page need not say it again.
   */
  setStart(slot: Slot, startTimestamp: number): void;
  /** Keeps an exemplar of the slot's series. One that was kept last already, and those that are older, are ignored. */
  exemplar(slot: Slot, exemplar: Exemplar): void;
  commit(): CommitResult;
  abort(): void;
  /** Commits a scrape that holds only staleness markers, one for each series of the last scrape; when a target fails or goes away. */
  markAllStale(timestamp: number): CommitResult;
  /**
   * Gives back the slots of series that have been absent so long that the head holds nothing of them, and says which: the caller
   * forgets them before it calls `slot` again. For callers that cache slots; once every few dozen scrapes is enough.
   */
  releaseUnused(): readonly Slot[];
  /** Removes the source; its series stay readable. */
  close(): void;
}

/** `invalid`: a histogram whose spans do not fit its buckets, an exemplar with labels that are too long. */
export type AppendOutcome = 'ok' | 'duplicate' | 'conflict' | 'too_old' | 'too_new' | 'invalid';

/** Appends samples that bring their own timestamps: remote write, import, honoured exposition timestamps. */
export interface SampleAppender {
  /**
   * Unix ms. `duplicate`: same time and value, ignored. `conflict`: same time, other value, rejected and counted. NaN is stored as the
   * normal one.
   * @param startTimestamp when counting began, Unix ms; absent or 0: not known
   */
  append(labels: Labels, timestamp: number, value: number, startTimestamp?: number): AppendOutcome;
  /** The same for the 64 bits of a float, as two words: every NaN is stored as it is. One of them is the staleness marker. */
  appendBits(
    labels: Labels,
    timestamp: number,
    low: number,
    high: number,
    startTimestamp?: number,
  ): AppendOutcome;
  appendHistogram(
    labels: Labels,
    timestamp: number,
    histogram: Histogram,
    startTimestamp?: number,
  ): AppendOutcome;
  appendStale(labels: Labels, timestamp: number): AppendOutcome;
  /**
   * Keeps an exemplar of a series, whether or not it has samples yet; it needs a timestamp of its own. `duplicate`: kept last already.
   * `too_old`: older than the last one of the series.
   */
  exemplar(labels: Labels, exemplar: Exemplar): AppendOutcome;
}

export interface Appender extends SampleAppender {
  /**
   * Opens a source. The key survives restarts: a source opened under the same key finds its series and its last row again, so that
   * what went away meanwhile is marked stale. Opening a key twice without close is a broken invariant.
   */
  source(key: string): ScrapeAppender;
  /** Metadata as scraped; the last word wins. */
  metadata(metric: string, metadata: MetricMetadata): void;
  /**
   * Resolves when everything appended so far is in the log: a kill -9 afterwards loses none of it. While the log cannot be written
   * (disk full) it resolves too, because alerts must leave; who must refuse instead (remote write) asks the store whether it is degraded.
   */
  committed(): Promise<void>;
  /** Says that nothing more comes for the moment: a good time to commit what has come. Does not wait for that. */
  pause(): void;
}
