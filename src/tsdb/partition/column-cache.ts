import type { Histogram } from '../../model/histogram.ts';
import type { GatheredColumn } from './group-rows.ts';

/** Decoded columns of one group of a sealed partition, over all its rows. Shared by queries: nobody writes to them. */
export interface CachedGroup {
  readonly timestamps: Float64Array;
  readonly columns: Map<number, GatheredColumn>;
}

/** Groups a partition can have; more than series a day can hold by the thousand. */
const GROUPS_PER_OWNER = 2 ** 24;

/**
 * Columns of sealed partitions as they were last decoded, for the dashboards that ask for them again every few seconds. One per
 * thread; what was not used for longest goes first.
 */
export class ColumnCache {
  readonly #maxBytes: number;
  /** In order of use. */
  readonly #groups = new Map<number, { group: CachedGroup; bytes: number }>();
  #bytes = 0;
  #owners = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Whether a read of so many bytes is worth keeping: a larger one would push everything else out, and itself. */
  admits(bytes: number): boolean {
    return bytes <= this.#maxBytes / 2;
  }

  /** A number for a reader: files of the same name may follow each other. */
  newOwner(): number {
    return ++this.#owners;
  }

  get(owner: number, group: number): CachedGroup | undefined {
    const key = owner * GROUPS_PER_OWNER + group;
    const held = this.#groups.get(key);
    if (!held) return undefined;
    this.#groups.delete(key);
    this.#groups.set(key, held);
    return held.group;
  }

  /** Puts a group in, or tells that columns were added to one that is in. */
  put(owner: number, group: number, columns: CachedGroup): void {
    const key = owner * GROUPS_PER_OWNER + group;
    const before = this.#groups.get(key);
    if (before) this.#drop(key, before.bytes);
    const bytes = bytesOf(columns);
    if (bytes > this.#maxBytes) return;
    this.#groups.set(key, { group: columns, bytes });
    this.#bytes += bytes;
    for (const [oldest, { bytes: freed }] of this.#groups) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#drop(oldest, freed);
    }
  }

  #drop(key: number, bytes: number): void {
    this.#groups.delete(key);
    this.#bytes -= bytes;
  }
}

function bytesOf({ timestamps, columns }: CachedGroup): number {
  let bytes = timestamps.byteLength + 200;
  for (const { values, presence, starts, histograms } of columns.values()) {
    bytes += values.byteLength + (presence?.byteLength ?? 0) + (starts?.byteLength ?? 0) + 100;
    if (histograms) bytes += bytesOfHistograms(histograms);
  }
  return bytes;
}

function bytesOfHistograms(histograms: readonly (Histogram | undefined)[]): number {
  let bytes = 8 * histograms.length;
  for (const histogram of histograms) {
    if (histogram) bytes += 200 + 8 * (histogram.positiveBuckets.length + histogram.negativeBuckets.length);
  }
  return bytes;
}
