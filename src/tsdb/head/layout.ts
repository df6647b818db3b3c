import type { IndexShared } from '../index/layout.ts';
import { sharedSlab } from '../index/slab.ts';
import { createArenaBuffer } from './arena.ts';

/** Words of the head's control block (Int32, Atomics). The layout as a whole: docs/formats/head.md. */
export const HEAD_CONTROL = {
  /** Rings in the directory. */
  rings: 0,
  /** Own-time columns in their directory. */
  owns: 1,
  /** Changes whenever own-time samples leave the head, because they are in a partition. */
  ownEpoch: 2,
  /** Changes whenever a partition file appears, is replaced or goes away. Written by the background worker. */
  partitions: 3,
  /** Odd while several partitions change as one; raised by 2 by each such change. Written by the background worker. */
  changes: 4,
  /** Exemplars ever added since the ring of them was last resized; the last `exemplarCapacity` are there. */
  exemplarNext: 5,
  exemplarCapacity: 6,
  /** Odd while the ring of exemplars is made anew. */
  exemplarVersion: 7,
  /** Odd while samples with their own times are published, those of a page together; raised by 2 by each such change. */
  ownVersion: 8,
  /** Odd while samples with their own times are moved to partitions; raised by 2 by each such flush. Written by the background worker. */
  ownFlushes: 9,
  // Words 10 and 11: STORED_THROUGH.
  /** Twice the number of the index that is current; odd while main goes over to another one. */
  indexGeneration: 12,
  /** Indexes whose buffers are in use for another one, or about to be: those with numbers below this. */
  indexesGone: 13,
} as const;

/**
 * Float64 of the control block, words 10 and 11: no partition has a sample later than this, Unix ms, but those of rows that rings still hold or dropped
 * (RING.keptFrom). Infinity while that is not known. Written before such samples leave the head.
 */
export const STORED_THROUGH = 5;

/**
 * Fields of a ring, one row of `RING_STRIDE` words. Rows of a ring are numbered 0, 1, 2, … since the start of the process; row n lies
 * at place n mod `rows`. Readable are the rows [first, appended), for people [first, committed).
 */
export const RING = {
  /** Odd while the fields below it change. */
  version: 0,
  /** Place of the ring's block in the arena, in units of 8 bytes. */
  offset: 1,
  rows: 2,
  /** Slots per row, a multiple of 32. */
  width: 3,
  first: 4,
  /** Row n may be overwritten at its place unless n ≥ started − rows. */
  started: 5,
  appended: 6,
  committed: 7,
  /** SourceId. */
  id: 8,
  /** Rows before this one stayed behind when the ring moved. */
  base: 9,
  /** Histograms and start timestamps of rows before this one may be gone from the arena. */
  extrasFrom: 10,
  /** Unit of the list of start timestamps, and how many entries it has. */
  starts: 11,
  startsCount: 12,
  /** 1 when a row ever had a histogram. */
  histograms: 13,
  /**
   * Rows that were dropped stay readable until they are written over, but none before this one: slots had other series then, or samples
   * were deleted. See HeadReader.readAlone.
   */
  keptFrom: 14,
} as const;
export const RING_STRIDE = 16;

/** Place of the series without a source in the directory of rings: it never has rows. */
export const OWN_TIME_PLACE = 0;

/** An entry of a source's list of start timestamps: row and slot as words, then the start from there on. */
export const START_UNITS = 2;

/**
 * Fields of a series' own-time columns: times [0, capacity), then values, then start timestamps when `starts` is 1, in order of
 * arrival. Samples are numbered as they arrive, also when the columns went to another series; number n lies at place n − `dropped`. Rules
 * see those below `appended`, people those below `committed`.
 */
export const OWN = {
  version: 0,
  offset: 1,
  capacity: 2,
  appended: 3,
  committed: 4,
  starts: 5,
  dropped: 6,
} as const;
export const OWN_STRIDE = 8;

/**
 * An exemplar: words for its series, a version (odd while it changes), and where its labels lie in the arena; between them, as units 1
 * and 2, time and value.
 */
export const EXEMPLAR = { series: 0, version: 1, text: 6, textBytes: 7 } as const;
export const EXEMPLAR_UNITS = 4;

/** Everything another thread needs to read the head. */
export interface HeadShared {
  /** The first is current in even generations, the other one in odd ones. */
  readonly indexes: readonly [IndexShared, IndexShared];
  readonly control: SharedArrayBuffer;
  readonly rings: SharedArrayBuffer;
  readonly owns: SharedArrayBuffer;
  readonly arena: SharedArrayBuffer;
  readonly exemplars: SharedArrayBuffer;
}

/** @param spare of the next generation */
export function createHeadShared(index: IndexShared, spare: IndexShared): HeadShared {
  const control = new SharedArrayBuffer(64);
  new Float64Array(control)[STORED_THROUGH] = Number.POSITIVE_INFINITY;
  return {
    indexes: [index, spare],
    control,
    rings: sharedSlab(1 << 14),
    owns: sharedSlab(1 << 14),
    arena: createArenaBuffer(),
    exemplars: sharedSlab(1 << 12),
  };
}

/** Units of one row: its values, then a presence bit per slot. */
const rowUnits = (width: number): number => width + Math.ceil(width / 64);

/** Units of a ring's block: a timestamp per row, then the rows. */
export const ringUnits = (rows: number, width: number): number => rows * (1 + rowUnits(width));

/** Unit at which the values of the row at `place` begin. */
export const rowAt = (offset: number, rows: number, width: number, place: number): number =>
  offset + rows + place * rowUnits(width);
