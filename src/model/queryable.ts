import type { Histogram } from './histogram.ts';
import type { Labels } from './labels.ts';
import type { Matcher } from './matcher.ts';
import type { Room } from './room.ts';
import type { TimeRange } from './time.ts';

/**
 * The samples of one series, oldest first, as columns of equal length. Read-only; the arrays may be views of shared memory and
 * belong to the storage until the query ends.
 */
export interface SeriesSamples {
  readonly labels: Labels;
  /** Unix ms, strictly increasing. */
  readonly timestamps: Float64Array;
  /** Staleness markers are kept bit by bit (model/sample.ts). Where a sample is a histogram, its sum. */
  readonly values: Float64Array;
  /** Present when any sample is a histogram; `undefined` at float samples and at staleness markers. */
  readonly histograms?: readonly (Histogram | undefined)[];
  /** Start (created) timestamps in Unix ms, 0 where unknown; absent when none is known. */
  readonly startTimestamps?: Float64Array;
}

/** What is kept about a metric family beside its samples. */
export interface MetricMetadata {
  readonly type:
    | 'counter'
    | 'gauge'
    | 'histogram'
    | 'gaugehistogram'
    | 'summary'
    | 'info'
    | 'stateset'
    | 'unknown';
  readonly help: string;
  readonly unit: string;
}

/** Spending of one query; the storage reports to it before it allocates, and it throws when a limit is passed. */
export interface QueryBudget {
  /** Throws the query's limit error when `count` more samples are too many. A negative count takes some back that were counted in vain. */
  samples(count: number): void;
  /** Throws the query's limit error when `count` more bytes are too many. A negative count gives bytes back. */
  bytes(count: number): void;
  /** Throws when the query was cancelled or has run out of time. Cheap; call it once per block or per few thousand steps. */
  check(): void;
}

/** For reads whose size no user chooses. */
export const unlimited: QueryBudget = { samples() {}, bytes() {}, check() {} };

/**
 * One consistent view of the store, for one query, in one thread. Synchronous. Series come in no particular order, each label
 * set once; a series without samples in the range is left out.
 */
export interface Querier {
  /** Says that so many selectors will be read: with several, what the first one unpacks is worth keeping for the others. */
  announce?(selectors: number): void;
  select(matchers: readonly Matcher[], range: TimeRange): readonly SeriesSamples[];
  /** Label sets of the series with samples in the range that match any of the matcher lists; no list means all series. */
  series(sets: readonly (readonly Matcher[])[], range: TimeRange): Labels[];
  /** Sorted. */
  labelNames(sets: readonly (readonly Matcher[])[], range: TimeRange): string[];
  /** Sorted. */
  labelValues(name: string, sets: readonly (readonly Matcher[])[], range: TimeRange): string[];
  /** What could not be read for the answers so far and is missing in them, a sentence for each place. */
  readonly warnings?: readonly string[];
  /** For what is made of the series: good as long as they are, until `close`. */
  readonly room?: Room;
  close(): void;
}

/** Data was removed or moved between places that a query had read and others that it had not: ask again, with a new querier. */
export class ViewChangedError extends Error {
  constructor() {
    super('data was deleted or moved while the query ran');
    this.name = 'ViewChangedError';
  }
}

/** Runs a query, anew when its view of the data did not hold. */
export function withWholeView<T>(run: () => T): T {
  for (let attempt = 0; ; attempt++) {
    try {
      return run();
    } catch (error) {
      if (!(error instanceof ViewChangedError) || attempt === MAX_VIEWS) throw error;
    }
  }
}

/** Deletions during one query after which it is given up. */
const MAX_VIEWS = 3;

export interface Queryable {
  querier(budget: QueryBudget): Querier;
}
