import type { QueryBudget } from '../../model/queryable.ts';
import type { Room } from '../../model/room.ts';
import { wordsOf } from '../../model/sample.ts';
import type { TimeRange } from '../../model/time.ts';
import type { IndexReader } from '../index/index-reader.ts';
import { SERIES } from '../index/layout.ts';
import { withoutHint } from '../partition/samples.ts';
import type { ArenaReader } from './arena.ts';
import { Attempts, Takings } from './attempts.ts';
import { HEAD_CONTROL, type HeadShared, OWN, OWN_STRIDE } from './layout.ts';
import { copyHistograms, type HeadSamples, withHistograms } from './row-copies.ts';

/** A change or flush that is looked at again after this long: whoever makes it may have died within it. */
const OWN_CHANGE_WAIT_MS = 1;
const FLUSH_WAIT_MS = 100;

/** What a read is charged to, and where it finds room for its columns. */
export interface Spending {
  readonly budget: QueryBudget;
  readonly room: Room;
}

/** How far a reader sees: people what is in the log, rules what was appended. */
export type Visibility = 'committed' | 'appended';

/** Reads samples with their own times, the head's second path, from any thread: the other half of `OwnColumns`. */
export class OwnReader {
  readonly #arena: ArenaReader;
  readonly #visibility: Visibility;
  readonly #control: Int32Array;
  readonly #buffer: SharedArrayBuffer;
  #owns: Int32Array;
  #epoch = 0;
  #flushes = 0;
  /** End of the samples that are seen, per column; which `ownVersion` says it. */
  #ends = new Int32Array(0);
  #version = -1;

  constructor(shared: HeadShared, arena: ArenaReader, visibility: Visibility) {
    this.#arena = arena;
    this.#visibility = visibility;
    this.#control = new Int32Array(shared.control);
    this.#buffer = shared.owns;
    this.#owns = new Int32Array(shared.owns, 0, shared.owns.byteLength >>> 2);
  }

  /** Begins to fix a view: what leaves the head from now on is noticed. @param keepEnd of a view that is renewed */
  beginPin(keepEnd: boolean): void {
    if (!keepEnd) this.#flushes = Atomics.load(this.#control, HEAD_CONTROL.ownFlushes);
    this.#epoch = Atomics.load(this.#control, HEAD_CONTROL.ownEpoch);
  }

  /** Number of changes of samples with own times so far; waits while one is under way, which takes main microseconds. */
  settled(): number {
    for (;;) {
      const version = Atomics.load(this.#control, HEAD_CONTROL.ownVersion);
      if (version % 2 === 0) return version;
      Atomics.wait(this.#control, HEAD_CONTROL.ownVersion, version, OWN_CHANGE_WAIT_MS);
    }
  }

  /** Fixes the ends of the columns. @returns false when they are no more those of this `ownVersion` */
  pinEnds(version: number): boolean {
    if (version !== this.#version) {
      const count = Atomics.load(this.#control, HEAD_CONTROL.owns);
      if (this.#owns.length < count * OWN_STRIDE) {
        this.#owns = new Int32Array(this.#buffer, 0, this.#buffer.byteLength >>> 2);
      }
      const end = this.#visibility === 'committed' ? OWN.committed : OWN.appended;
      // One that is in use by nobody else: a view keeps its ends until it is pinned anew.
      if (this.#ends.length < count) this.#ends = new Int32Array(Math.max(count, 2 * this.#ends.length));
      for (let own = 0; own < count; own++)
        this.#ends[own] = Atomics.load(this.#owns, own * OWN_STRIDE + end);
      this.#version = version;
    }
    return Atomics.load(this.#control, HEAD_CONTROL.ownVersion) === version;
  }

  /**
   * Whether a flush of samples with their own times was under way at `pin` or began since: a partition that was opened since may have some
   * that came after the view, and nothing tells them from others.
   */
  get hasMoved(): boolean {
    const flushes = Atomics.load(this.#control, HEAD_CONTROL.ownFlushes);
    return flushes !== this.#flushes || flushes % 2 !== 0;
  }

  /** Waits for the end of a flush of samples with their own times, but not for long. */
  awaitFlush(): void {
    const flushes = Atomics.load(this.#control, HEAD_CONTROL.ownFlushes);
    if (flushes % 2 !== 0) Atomics.wait(this.#control, HEAD_CONTROL.ownFlushes, flushes, FLUSH_WAIT_MS);
  }

  /** Whether samples with own times left the head since `pin`: those of a partition opened before may be missing. */
  get hasLost(): boolean {
    return Atomics.load(this.#control, HEAD_CONTROL.ownEpoch) !== this.#epoch;
  }

  /** Samples of a series in the range; undefined when it has none. @param index of the view */
  read(
    index: IndexReader,
    series: number,
    range: TimeRange,
    { budget, room }: Spending,
  ): HeadSamples | undefined {
    const own = index.field(series, SERIES.own) - 1;
    if (own < 0) return undefined;
    // Columns that came after the pin have nothing for it.
    const end = this.#ends[own] ?? 0;
    if (end === 0) return undefined;
    const at = own * OWN_STRIDE;
    const fields = this.#owns;
    const attempts = new Attempts(fields, at + OWN.version, 'a series of the head');
    const takings = new Takings(budget, room);
    for (;;) {
      const version = attempts.next();
      takings.begin();
      const offset = Atomics.load(fields, at + OWN.offset);
      const capacity = Atomics.load(fields, at + OWN.capacity);
      const count = end - Atomics.load(fields, at + OWN.dropped);
      const arena = this.#arena.view();
      const { floats, words } = arena;
      const places: number[] = [];
      for (let i = 0; i < count; i++) {
        const time = floats[offset + i]!;
        if (time >= range.from && time < range.to) places.push(i);
      }
      const hasStarts = Atomics.load(fields, at + OWN.starts) === 1;
      places.sort((a, b) => floats[offset + a]! - floats[offset + b]! || a - b);
      const columns = takings.floats(2 * places.length);
      const timestamps = columns.subarray(0, places.length);
      const values = columns.subarray(places.length, 2 * places.length);
      const out = wordsOf(values);
      for (const [n, place] of places.entries()) {
        timestamps[n] = floats[offset + place]!;
        const cell = 2 * (offset + capacity + place);
        out[2 * n] = words[cell]!;
        out[2 * n + 1] = words[cell + 1]!;
      }
      let histograms: (Uint8Array | undefined)[] | undefined;
      try {
        histograms = copyHistograms(arena, out, 0, places.length, takings);
      } catch (error) {
        if (attempts.isUndisturbed(version)) throw error;
      }
      const starts = hasStarts
        ? Float64Array.from(places, (place) => floats[offset + 2 * capacity + place]!)
        : undefined;
      if (!attempts.isUndisturbed(version)) continue;
      if (places.length === 0) return undefined;
      budget.samples(places.length);
      budget.bytes(16 * places.length);
      const samples = withHistograms({ series, timestamps, values, histograms, starts }, budget);
      const isInOrder = places.every((place, i) => i === 0 || place > places[i - 1]!);
      return histograms === undefined || isInOrder
        ? samples
        : { ...samples, histograms: samples.histograms!.map(withoutHint) };
    }
  }
}
