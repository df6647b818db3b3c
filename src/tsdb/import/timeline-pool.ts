import { sameTimestamps } from '../partition/own-times.ts';
import type { SpillFile } from './spill-file.ts';

/** Timelines kept in memory for comparing, numbers; the others are read back. */
const CACHED_NUMBERS = 2 * 1024 * 1024;

/** Columns of timestamps, each different one stored once: the series of one target share theirs. */
export class TimelinePool {
  readonly #spill: SpillFile;
  readonly #places: number[] = [];
  readonly #counts: number[] = [];
  readonly #alike = new Map<string, number[]>();
  /** The least recently used first. */
  readonly #cache = new Map<number, Float64Array>();
  #cached = 0;

  constructor(spill: SpillFile) {
    this.#spill = spill;
  }

  /** The number of a column; it is copied when it is new. */
  intern(timestamps: Float64Array): number {
    const key = `${timestamps.length} ${timestamps[0]} ${timestamps.at(-1)}`;
    let alike = this.#alike.get(key);
    if (alike === undefined) this.#alike.set(key, (alike = []));
    for (const id of alike) if (sameTimestamps(this.get(id), timestamps)) return id;
    const id = this.#places.length;
    this.#places.push(this.#spill.append(timestamps));
    this.#counts.push(timestamps.length);
    this.#remember(id, timestamps.slice());
    alike.push(id);
    return id;
  }

  /** The same array for the same number as long as it is in use. */
  get(id: number): Float64Array {
    const cached = this.#cache.get(id);
    if (cached) {
      this.#cache.delete(id);
      this.#cache.set(id, cached);
      return cached;
    }
    const timestamps = new Float64Array(this.#counts[id]!);
    this.#spill.read(this.#places[id]!, timestamps);
    this.#remember(id, timestamps);
    return timestamps;
  }

  #remember(id: number, timestamps: Float64Array): void {
    this.#cache.set(id, timestamps);
    this.#cached += timestamps.length;
    for (const [oldest, column] of this.#cache) {
      if (this.#cached <= CACHED_NUMBERS || oldest === id) break;
      this.#cache.delete(oldest);
      this.#cached -= column.length;
    }
  }
}
