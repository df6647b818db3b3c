import type { QueryBudget } from '../../model/queryable.ts';
import type { TimeRange } from '../../model/time.ts';
import { IndexReader } from '../index/index-reader.ts';
import { NO_SLOT, SERIES } from '../index/layout.ts';
import {
  HEAD_CONTROL,
  type HeadShared,
  OWN,
  OWN_STRIDE,
  RING,
  RING_STRIDE,
  rowAt,
  rowUnits,
} from './layout.ts';

/** How far a reader sees: people what is in the log, rules what was appended. */
export type Visibility = 'committed' | 'appended';

/** Samples of one series out of the head, strictly increasing times. */
export interface HeadSamples {
  readonly series: number;
  readonly timestamps: Float64Array;
  readonly values: Float64Array;
}

/** Rows that the snapshot promised were dropped and written over; they are in partitions by now. */
export const OVERRUN = 'overrun';

/** Times a read is repeated because main changed what it read. Each change takes main microseconds. */
const MAX_ATTEMPTS = 10_000;

const NO_BUDGET: QueryBudget = { samples() {}, bytes() {}, check() {} };
const NONE = new Float64Array(0);

/**
 * Reads the head from any thread while main appends. `pin` fixes the rows that are seen. The head is copied without locks: what was
 * copied is checked afterwards against the version and the counters of its ring, and copied again when it changed meanwhile.
 */
export class HeadReader {
  readonly index: IndexReader;
  readonly #visibility: Visibility;
  readonly #control: Int32Array;
  readonly #ringsBuffer: SharedArrayBuffer;
  readonly #ownsBuffer: SharedArrayBuffer;
  readonly #arenaBuffer: SharedArrayBuffer;
  #rings: Int32Array;
  #owns: Int32Array;
  #floats: Float64Array;
  #words: Uint32Array;
  /** First and end row per ring, in turn. */
  #pinned = new Int32Array(0);
  #ownEpoch = 0;
  /** While `present` reads: samples are looked for, not copied. */
  #onlyPresence = false;

  constructor(shared: HeadShared, visibility: Visibility) {
    this.index = new IndexReader(shared.index);
    this.#visibility = visibility;
    this.#control = new Int32Array(shared.control);
    this.#ringsBuffer = shared.rings;
    this.#ownsBuffer = shared.owns;
    this.#arenaBuffer = shared.arena;
    this.#rings = new Int32Array(shared.rings, 0, shared.rings.byteLength >>> 2);
    this.#owns = new Int32Array(shared.owns, 0, shared.owns.byteLength >>> 2);
    this.#floats = new Float64Array(shared.arena, 0, shared.arena.byteLength >>> 3);
    this.#words = new Uint32Array(shared.arena, 0, this.#floats.length * 2);
  }

  /**
   * Fixes the view: the series there are and the rows of each ring. Rows before it are in partitions, so partitions must be opened
   * for reading after this. @param keepEnd leaves the ends of a view that is renewed where they were
   */
  pin(keepEnd = false): void {
    this.#ownEpoch = Atomics.load(this.#control, HEAD_CONTROL.ownEpoch);
    if (!keepEnd) this.index.refresh();
    const count = keepEnd ? this.#pinned.length / 2 : Atomics.load(this.#control, HEAD_CONTROL.rings);
    if (this.#rings.length < count * RING_STRIDE) {
      this.#rings = new Int32Array(this.#ringsBuffer, 0, this.#ringsBuffer.byteLength >>> 2);
    }
    const pinned = new Int32Array(count * 2);
    const end = this.#visibility === 'committed' ? RING.committed : RING.appended;
    for (let ring = 0; ring < count; ring++) {
      const at = ring * RING_STRIDE;
      pinned[2 * ring] = Atomics.load(this.#rings, at + RING.first);
      pinned[2 * ring + 1] = keepEnd ? this.#pinned[2 * ring + 1]! : Atomics.load(this.#rings, at + end);
    }
    this.#pinned = pinned;
  }

  /** Changes whenever a partition file appears, is replaced or goes away. */
  get partitionsVersion(): number {
    return Atomics.load(this.#control, HEAD_CONTROL.partitions);
  }

  /** Whether samples with own times left the head since `pin`: those of a partition opened before may be missing. */
  get lostOwnSamples(): boolean {
    return Atomics.load(this.#control, HEAD_CONTROL.ownEpoch) !== this.#ownEpoch;
  }

  /**
   * Samples of the given series in the range. Series without any are left out.
   * @returns OVERRUN when the view must be renewed with `pin(true)`, and the partitions with it
   */
  read(series: Uint32Array, range: TimeRange, budget: QueryBudget): HeadSamples[] | typeof OVERRUN {
    this.#refreshArena();
    const out: HeadSamples[] = [];
    const byRing = new Map<number, number[]>();
    for (const one of series) {
      const ring = this.index.field(one, SERIES.source);
      if (ring === 0) {
        const samples = this.#readOwn(one, range, budget);
        if (samples) out.push(samples);
        continue;
      }
      const list = byRing.get(ring);
      if (list) list.push(one);
      else byRing.set(ring, [one]);
    }
    for (const [ring, list] of byRing) {
      budget.check();
      if (this.#readRing(ring, list, range, budget, out) === OVERRUN) return OVERRUN;
    }
    return this.lostOwnSamples ? OVERRUN : out;
  }

  /** Those of the series that have a sample in the range. */
  present(series: Uint32Array, range: TimeRange): Uint32Array | typeof OVERRUN {
    this.#onlyPresence = true;
    try {
      const found = this.read(series, range, NO_BUDGET);
      return found === OVERRUN ? OVERRUN : Uint32Array.from(found, (samples) => samples.series);
    } finally {
      this.#onlyPresence = false;
    }
  }

  #readRing(
    ring: number,
    list: readonly number[],
    range: TimeRange,
    budget: QueryBudget,
    out: HeadSamples[],
  ): typeof OVERRUN | undefined {
    const first = this.#pinned[2 * ring];
    const end = this.#pinned[2 * ring + 1]!;
    if (first === undefined || first >= end) return undefined;
    const fields = this.#rings;
    const at = ring * RING_STRIDE;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const version = Atomics.load(fields, at + RING.version);
      if (version % 2 !== 0) continue;
      const offset = Atomics.load(fields, at + RING.offset);
      const rows = Atomics.load(fields, at + RING.rows);
      const width = Atomics.load(fields, at + RING.width);
      const isWhole = (): boolean =>
        rows > 0 &&
        first >= Atomics.load(fields, at + RING.base) &&
        first >= Atomics.load(fields, at + RING.started) - rows;
      const isSame = (): boolean => Atomics.load(fields, at + RING.version) === version;
      if (!isWhole()) {
        if (isSame()) return OVERRUN;
        continue;
      }
      this.#refreshArena();
      const copied = this.#copyRing({ offset, rows, width, first, end }, list, range, budget);
      if (!isSame()) continue;
      if (!isWhole()) return OVERRUN;
      for (const samples of copied) out.push(samples);
      return undefined;
    }
    throw new Error(`ring ${ring} of the head kept changing while it was read`);
  }

  #copyRing(
    ring: { offset: number; rows: number; width: number; first: number; end: number },
    list: readonly number[],
    range: TimeRange,
    budget: QueryBudget,
  ): HeadSamples[] {
    const { offset, rows, width } = ring;
    const floats = this.#floats;
    const words = this.#words;
    let from = ring.first;
    let to = ring.end;
    while (from < to && floats[offset + (from % rows)]! < range.from) from++;
    while (to > from && floats[offset + ((to - 1) % rows)]! >= range.to) to--;
    const count = to - from;
    const copied: HeadSamples[] = [];
    if (count === 0) return copied;
    const times = new Float64Array(count);
    const bases = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      const place = (from + i) % rows;
      times[i] = floats[offset + place]!;
      bases[i] = rowAt(offset, rows, width, place);
    }
    if (2 * (bases.reduce((a, b) => Math.max(a, b)) + rowUnits(width)) > words.length) return copied;
    for (const series of list) {
      const slot = this.index.field(series, SERIES.slot);
      if (slot === NO_SLOT || slot >= width) continue;
      const bit = 1 << (slot & 31);
      const presence = 2 * width + (slot >>> 5);
      let present = 0;
      for (let i = 0; i < count; i++) if ((words[2 * bases[i]! + presence]! & bit) !== 0) present++;
      if (present === 0) continue;
      if (this.#onlyPresence) {
        copied.push({ series, timestamps: NONE, values: NONE });
        continue;
      }
      budget.samples(present);
      budget.bytes(present === count ? 8 * present : 16 * present);
      const values = new Float64Array(present);
      const out = new Uint32Array(values.buffer);
      const timestamps = present === count ? times : new Float64Array(present);
      for (let i = 0, n = 0; i < count; i++) {
        const base = bases[i]!;
        if ((words[2 * base + presence]! & bit) === 0) continue;
        const cell = 2 * (base + slot);
        out[2 * n] = words[cell]!;
        out[2 * n + 1] = words[cell + 1]!;
        if (present !== count) timestamps[n] = times[i]!;
        n++;
      }
      copied.push({ series, timestamps, values });
    }
    return copied;
  }

  #readOwn(series: number, range: TimeRange, budget: QueryBudget): HeadSamples | undefined {
    const own = this.index.field(series, SERIES.own) - 1;
    if (own < 0) return undefined;
    const at = own * OWN_STRIDE;
    if (at + OWN_STRIDE > this.#owns.length) {
      this.#owns = new Int32Array(this.#ownsBuffer, 0, this.#ownsBuffer.byteLength >>> 2);
    }
    const fields = this.#owns;
    const length = this.#visibility === 'committed' ? OWN.committed : OWN.appended;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const version = Atomics.load(fields, at + OWN.version);
      if (version % 2 !== 0) continue;
      const offset = Atomics.load(fields, at + OWN.offset);
      const capacity = Atomics.load(fields, at + OWN.capacity);
      const count = Atomics.load(fields, at + length);
      this.#refreshArena();
      const places: number[] = [];
      for (let i = 0; i < count; i++) {
        const time = this.#floats[offset + i]!;
        if (time >= range.from && time < range.to) places.push(i);
      }
      if (this.#onlyPresence) {
        if (Atomics.load(fields, at + OWN.version) !== version) continue;
        return places.length === 0 ? undefined : { series, timestamps: NONE, values: NONE };
      }
      places.sort((a, b) => this.#floats[offset + a]! - this.#floats[offset + b]! || a - b);
      const timestamps = new Float64Array(places.length);
      const values = new Float64Array(places.length);
      const out = new Uint32Array(values.buffer);
      for (const [n, place] of places.entries()) {
        timestamps[n] = this.#floats[offset + place]!;
        const cell = 2 * (offset + capacity + place);
        out[2 * n] = this.#words[cell]!;
        out[2 * n + 1] = this.#words[cell + 1]!;
      }
      if (Atomics.load(fields, at + OWN.version) !== version) continue;
      if (places.length === 0) return undefined;
      budget.samples(places.length);
      budget.bytes(16 * places.length);
      return { series, timestamps, values };
    }
    throw new Error(`samples of series ${series} kept changing while they were read`);
  }

  #refreshArena(): void {
    if (this.#arenaBuffer.byteLength < this.#floats.byteLength + 8) return;
    this.#floats = new Float64Array(this.#arenaBuffer, 0, this.#arenaBuffer.byteLength >>> 3);
    this.#words = new Uint32Array(this.#arenaBuffer, 0, this.#floats.length * 2);
  }
}
