import type { Labels } from '../model/labels.ts';
import type { SampleExtras } from './partition/samples.ts';

declare const brand: unique symbol;

/** Names a series in the data directory: a counter from 1, never reused. */
export type SeriesRef = number & { readonly [brand]: 'SeriesRef' };

/** Names a source (target, rule group, collector) in the data directory: a counter from 1, never reused. 0: own timestamps. */
export type SourceId = number & { readonly [brand]: 'SourceId' };

export interface SeriesEntry {
  readonly ref: SeriesRef;
  readonly source: SourceId;
  readonly labels: Labels;
}

/** One series within a block: a value per row, and extras per row. */
export interface BlockColumn extends SampleExtras {
  readonly ref: SeriesRef;
  /** As long as the block's timestamps; staleness markers and other NaNs bit by bit; anything where absent. */
  readonly values: Float64Array;
  /** Bit i of byte i>>3 (least significant first) says that row i has a sample; undefined when all rows have one. */
  readonly presence?: Uint8Array;
}

/** Rows of one source: the timestamps are those of its scrapes and shared by all columns. */
export interface SourceBlock {
  readonly source: SourceId;
  /** Unix ms, strictly increasing, at least one. */
  readonly timestamps: Float64Array;
  readonly columns: readonly BlockColumn[];
}

/** Samples of series that bring their own timestamps. */
export interface OwnTimeColumn extends SampleExtras {
  readonly ref: SeriesRef;
  /** Unix ms, strictly increasing, at least one. */
  readonly timestamps: Float64Array;
  readonly values: Float64Array;
}
