import { sharedSlab } from './slab.ts';

/**
 * Raised with every change of what lies in the index' buffers, hashes included: a start takes no index that was kept with another one
 * (kept-index.ts).
 */
export const INDEX_LAYOUT = 2;

/** Words of the index' control block (Int32, read and written with Atomics). The layout as a whole: docs/formats/head.md. */
export const INDEX_CONTROL = {
  /** Series that may be read: everything a series below this number refers to was written before. */
  series: 0,
  symbols: 1,
  names: 2,
  /** Where the hash table of symbols begins in `tables`; it moves when it grows. */
  symbolTable: 3,
  termTable: 4,
  /** Seed of the hashes, drawn per process so that no target can aim at them. */
  seed: 5,
  /** From here on written by `SeriesIndex.parts` only, for who opens these buffers anew. */
  terms: 6,
  identityTable: 7,
  symbolBytes: 8,
  tableWords: 9,
  labelWords: 10,
  postingWords: 11,
} as const;
const INDEX_CONTROL_WORDS = 16;

/** Fields of a series, one row of `SERIES_STRIDE` words in `series`. */
export const SERIES = { ref: 0, source: 1, labels: 2, labelCount: 3, slot: 4, own: 5 } as const;
export const SERIES_STRIDE = 6;

/** Series without a place in their source's ring. */
export const NO_SLOT = 0xffffffff;

/** Fields of a term (a name with one of its values). The first series stands in the row, further ones in chunks. */
export const TERM = {
  name: 0,
  value: 1,
  count: 2,
  firstSeries: 3,
  firstChunk: 4,
  lastChunk: 5,
  lastUsed: 6,
  /** Next term of the same name, plus one; 0 at the end. */
  next: 7,
} as const;
export const TERM_STRIDE = 8;

/** Fields of a label name: its symbol, its first term plus one, its last term. */
export const NAME = { symbol: 0, firstTerm: 1, lastTerm: 2 } as const;
export const NAME_STRIDE = 3;

/** A chunk of postings: capacity, next chunk plus one, then series numbers in ascending order. */
export const CHUNK_HEADER = 2;

/** Everything another thread needs to read the index. */
export interface IndexShared {
  readonly control: SharedArrayBuffer;
  readonly symbolBytes: SharedArrayBuffer;
  /** Where each symbol begins; the next one's beginning is its end. */
  readonly symbolOffsets: SharedArrayBuffer;
  /** Hash tables, each its mask followed by mask + 1 entries (number plus one, 0 = free). Outgrown ones stay behind as waste. */
  readonly tables: SharedArrayBuffer;
  /** Name and value symbols in turn, sorted by name. */
  readonly labels: SharedArrayBuffer;
  readonly series: SharedArrayBuffer;
  readonly names: SharedArrayBuffer;
  readonly terms: SharedArrayBuffer;
  readonly postings: SharedArrayBuffer;
}

export function createIndexShared(seed: number): IndexShared {
  const control = new SharedArrayBuffer(INDEX_CONTROL_WORDS * 4);
  new Int32Array(control)[INDEX_CONTROL.seed] = seed;
  const slab = (): SharedArrayBuffer => sharedSlab(1 << 14);
  return {
    control,
    symbolBytes: slab(),
    symbolOffsets: slab(),
    tables: slab(),
    labels: slab(),
    series: slab(),
    names: slab(),
    terms: slab(),
    postings: slab(),
  };
}

/** Empties the buffers; what is in them is written over as they fill. */
export function clearIndexShared({ control }: IndexShared): void {
  const words = new Int32Array(control);
  const seed = words[INDEX_CONTROL.seed]!;
  words.fill(0);
  words[INDEX_CONTROL.seed] = seed;
}

/** Bytes used of each buffer but the control block, which says it when `SeriesIndex.parts` was called last. */
export function usedBytes(
  control: Int32Array,
): Readonly<Record<Exclude<keyof IndexShared, 'control'>, number>> {
  const at = (word: keyof typeof INDEX_CONTROL): number => control[INDEX_CONTROL[word]]!;
  return {
    series: at('series') * SERIES_STRIDE * 4,
    symbolOffsets: (at('symbols') + 1) * 4,
    tables: at('tableWords') * 4,
    labels: at('labelWords') * 4,
    names: at('names') * NAME_STRIDE * 4,
    terms: at('terms') * TERM_STRIDE * 4,
    postings: at('postingWords') * 4,
    symbolBytes: at('symbolBytes'),
  };
}
