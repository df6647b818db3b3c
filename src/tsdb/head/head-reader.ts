import { type QueryBudget, unlimited } from '../../model/queryable.ts';
import { freshRoom, type Room } from '../../model/room.ts';
import type { TimeRange } from '../../model/time.ts';
import type { IndexReader } from '../index/index-reader.ts';
import { SERIES } from '../index/layout.ts';
import { ArenaReader } from './arena.ts';
import { Attempts, Takings } from './attempts.ts';
import { CurrentIndex } from './current-index.ts';
import { HeadSelection } from './head-selection.ts';
import {
  HEAD_CONTROL,
  type HeadShared,
  OWN_TIME_PLACE,
  RING,
  RING_STRIDE,
  ringUnits,
  rowAt,
  START_UNITS,
  STORED_THROUGH,
} from './layout.ts';
import { OwnReader, type Spending, type Visibility } from './own-reader.ts';
import { copyRows, type HeadSamples, presentIn, type Rows, withHistograms } from './row-copies.ts';

/** Rows that the snapshot promised were dropped and written over; they are in partitions by now. */
export const OVERRUN = 'overrun';

/** The head alone does not have all samples of a range. */
export const UNCOVERED = 'uncovered';

/** Which rows of a ring are read: those of the view that are in no partition; all that are still there when they cover the range; or all that are. */
type Extent = 'undropped' | 'kept' | 'there';

/** The worker may have died within a change: looked at again after this long. */
const CHANGE_WAIT_MS = 100;

/** Series looked at between two looks at the clock. */
const SERIES_PER_CHECK = 1024;

const ALL_TIMES: TimeRange = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };
const NO_SPENDING: Spending = { budget: unlimited, room: freshRoom };

/**
 * Reads the head from any thread while main appends. `pin` fixes the rows that are seen. The head is copied without locks: what was
 * copied is checked afterwards against the version and the counters of its ring, and copied again when it changed meanwhile.
 */
export class HeadReader {
  readonly #currentIndex: CurrentIndex;
  #index: IndexReader;
  /** Samples with their own times. */
  readonly own: OwnReader;
  readonly #visibility: Visibility;
  readonly #control: Int32Array;
  readonly #controlFloats: Float64Array;
  readonly #ringsBuffer: SharedArrayBuffer;
  #rings: Int32Array;
  readonly #arena: ArenaReader;
  /** First and end row per ring, in turn. */
  #pinned = new Int32Array(0);
  #changes = 0;
  /** Where rows begin, for the ring that is being read. */
  #bases = new Int32Array(64);

  constructor(shared: HeadShared, visibility: Visibility) {
    this.#currentIndex = new CurrentIndex(shared);
    this.#index = this.#currentIndex.get();
    this.#visibility = visibility;
    this.#control = new Int32Array(shared.control);
    this.#controlFloats = new Float64Array(shared.control);
    this.#ringsBuffer = shared.rings;
    this.#rings = new Int32Array(shared.rings, 0, shared.rings.byteLength >>> 2);
    this.#arena = new ArenaReader(shared.arena);
    this.own = new OwnReader(shared, this.#arena, visibility);
  }

  /**
   * Fixes the view: the series there are and the rows of each ring. Rows before it are in partitions, so partitions must be opened
   * for reading after this. @param keepEnd leaves the ends of a view that is renewed where they were
   */
  pin(keepEnd = false): void {
    do {
      if (!keepEnd) this.#changes = this.#settledChanges();
      this.own.beginPin(keepEnd);
      if (!keepEnd) {
        this.#index = this.#currentIndex.get();
        this.#index.refresh();
      }
      this.#pinEnds(keepEnd);
      // Slots of rows that came since another index took the place of this one may be those of other series.
    } while (!keepEnd && !this.#currentIndex.isCurrent(this.#index));
  }

  /** The index of the view: the series there were. */
  get index(): IndexReader {
    return this.#index;
  }

  #pinEnds(keepEnd: boolean): void {
    const count = keepEnd ? this.#pinned.length / 2 : Atomics.load(this.#control, HEAD_CONTROL.rings);
    if (this.#rings.length < count * RING_STRIDE) {
      this.#rings = new Int32Array(this.#ringsBuffer, 0, this.#ringsBuffer.byteLength >>> 2);
    }
    const pinned = new Int32Array(count * 2);
    const end = this.#visibility === 'committed' ? RING.committed : RING.appended;
    for (let isWhole = false; !isWhole; ) {
      const version = this.own.settled();
      for (let ring = 0; ring < count; ring++) {
        const at = ring * RING_STRIDE;
        pinned[2 * ring] = Atomics.load(this.#rings, at + RING.first);
        pinned[2 * ring + 1] = keepEnd ? this.#pinned[2 * ring + 1]! : Atomics.load(this.#rings, at + end);
      }
      isWhole = keepEnd || this.own.pinEnds(version);
    }
    this.#pinned = pinned;
  }

  /** Changes whenever a partition file appears, is replaced or goes away. */
  get partitionsVersion(): number {
    return Atomics.load(this.#control, HEAD_CONTROL.partitions);
  }

  /** Whether partitions changed together since `pin`: what was read before does not go with what is read now. */
  get viewChanged(): boolean {
    return Atomics.load(this.#control, HEAD_CONTROL.changes) !== this.#changes;
  }

  /** Whether the view is so old that another index is made where its own was. */
  get isIndexGone(): boolean {
    return this.#index.generation < Atomics.load(this.#control, HEAD_CONTROL.indexesGone);
  }

  /**
   * Sources with rows that came after the view, and the time of the first of them: rows from then on are none of the view's, also where a
   * partition that was opened since has them. Undefined when there are none.
   */
  unseen(): ReadonlyMap<number, number> | undefined {
    const count = Atomics.load(this.#control, HEAD_CONTROL.rings);
    if (this.#rings.length < count * RING_STRIDE) {
      this.#rings = new Int32Array(this.#ringsBuffer, 0, this.#ringsBuffer.byteLength >>> 2);
    }
    let unseen: Map<number, number> | undefined;
    for (let ring = OWN_TIME_PLACE + 1; ring < count; ring++) {
      const end = this.#pinned[2 * ring + 1] ?? 0;
      const at = ring * RING_STRIDE;
      if (Atomics.load(this.#rings, at + RING.appended) <= end) continue;
      unseen ??= new Map();
      unseen.set(this.#rings[at + RING.id]!, this.#timeFrom(at, end));
    }
    return unseen;
  }

  /** Time of a row that was appended, or of the oldest one after it that is still there; Infinity when the ring was released. */
  #timeFrom(at: number, row: number): number {
    const fields = this.#rings;
    const attempts = new Attempts(fields, at + RING.version, 'a ring of the head');
    for (;;) {
      const version = attempts.next();
      const offset = Atomics.load(fields, at + RING.offset);
      const capacity = Atomics.load(fields, at + RING.rows);
      const base = Atomics.load(fields, at + RING.base);
      if (capacity === 0) return Number.POSITIVE_INFINITY;
      const oldest = Math.max(base, Atomics.load(fields, at + RING.started) - capacity);
      const there = Math.max(row, oldest);
      const time = this.#arena.view().floats[offset + (there % capacity)]!;
      const isThere = there >= Atomics.load(fields, at + RING.started) - capacity;
      if (isThere && attempts.isUndisturbed(version)) return time;
    }
  }

  /** Rings of the view; number 0 is nobody's. */
  get rings(): number {
    return this.#pinned.length / 2;
  }

  /** Whose a ring is, and which of its rows the view holds: [first, end). */
  ring(ring: number): { readonly source: number; readonly first: number; readonly end: number } {
    return {
      source: this.#rings[ring * RING_STRIDE + RING.id]!,
      first: this.#pinned[2 * ring]!,
      end: this.#pinned[2 * ring + 1]!,
    };
  }

  /** Times of the oldest and the newest sample of the view that are in memory, also of what is in partitions by now, Unix ms. */
  span(): { readonly first: number; readonly last: number } | undefined {
    let first = Number.POSITIVE_INFINITY;
    let last = Number.NEGATIVE_INFINITY;
    const take = (times: Float64Array): void => {
      for (const time of times) {
        first = Math.min(first, time);
        last = Math.max(last, time);
      }
    };
    for (let ring = OWN_TIME_PLACE + 1; ring < this.rings; ring++) {
      this.#withRing(ring, ALL_TIMES, 'there', ({ timestamps }) => take(timestamps));
    }
    for (let series = 0; series < this.index.count; series++) {
      const own =
        this.index.field(series, SERIES.own) > 0 && this.own.read(this.index, series, ALL_TIMES, NO_SPENDING);
      if (own) take(own.timestamps);
    }
    return first > last ? undefined : { first, last };
  }

  /** Times of the rows of a ring. @returns OVERRUN as `read` does */
  times(ring: number): Float64Array | typeof OVERRUN {
    const times = this.#withRing(ring, ALL_TIMES, 'undropped', ({ timestamps }) => timestamps);
    return times === UNCOVERED ? OVERRUN : (times ?? new Float64Array(0));
  }

  /**
   * Samples of the given series in the range. Series without any are left out.
   * @returns OVERRUN when the view must be renewed with `pin(true)`, and the partitions with it
   */
  read(
    selection: HeadSelection,
    range: TimeRange,
    budget: QueryBudget,
    room: Room = freshRoom,
  ): HeadSamples[] | typeof OVERRUN {
    const samples = this.#read(selection, range, { budget, room }, 'undropped');
    if (samples === UNCOVERED) throw new Error('rows that are in no partition were said to be elsewhere');
    return samples;
  }

  /**
   * The same when no partition needs to be looked at: rows that were dropped are read as long as they are there.
   * @returns UNCOVERED when some samples of the range may be in partitions only
   */
  readAlone(
    selection: HeadSelection,
    range: TimeRange,
    budget: QueryBudget,
    room: Room = freshRoom,
  ): HeadSamples[] | typeof OVERRUN | typeof UNCOVERED {
    // Before anything is charged.
    const isCovered =
      !this.#isStoredOnly(range) &&
      selection.rings.every(({ ring }) => this.#withRing(ring, range, 'kept') !== UNCOVERED);
    return isCovered ? this.#read(selection, range, { budget, room }, 'kept') : UNCOVERED;
  }

  #read(
    selection: HeadSelection,
    range: TimeRange,
    { budget, room }: Spending,
    extent: Extent,
  ): HeadSamples[] | typeof OVERRUN | typeof UNCOVERED {
    const out: HeadSamples[] = [];
    for (const one of selection.own) {
      const samples = this.own.read(this.index, one, range, { budget, room });
      if (samples) out.push(samples);
    }
    for (const { ring, series } of selection.rings) {
      budget.check();
      const takings = new Takings(budget, room);
      const copied = this.#withRing(ring, range, extent, (rows) =>
        copyRows(this.#arena.last, this.index, rows, series, takings),
      );
      if (copied === OVERRUN || copied === UNCOVERED) return copied;
      if (copied) for (const samples of copied) out.push(withHistograms(samples, budget));
    }
    return this.own.hasLost ? OVERRUN : out;
  }

  /** Whether partitions may have samples of a range that no ring ever had. */
  #isStoredOnly(range: TimeRange): boolean {
    return !(this.#controlFloats[STORED_THROUGH]! < range.from);
  }

  /** Groups series for `read`. */
  selection(series: Uint32Array): HeadSelection {
    return new HeadSelection(series, (one) => this.index.field(one, SERIES.source));
  }

  /** Those of the series that have a sample in the range. */
  present(series: Uint32Array, range: TimeRange, budget: QueryBudget): Uint32Array | typeof OVERRUN {
    const { own, rings } = this.selection(series);
    const found: number[] = [];
    for (let i = 0; i < own.length; i++) {
      if (i % SERIES_PER_CHECK === 0) budget.check();
      if (this.own.read(this.index, own[i]!, range, NO_SPENDING) !== undefined) found.push(own[i]!);
    }
    for (const { ring, series: list } of rings) {
      budget.check();
      const present = this.#withRing(ring, range, 'undropped', (rows) =>
        presentIn(this.#arena.last, this.index, rows, list),
      );
      if (present === OVERRUN || present === UNCOVERED) return OVERRUN;
      if (present) for (const one of present) found.push(one);
    }
    return this.own.hasLost ? OVERRUN : Uint32Array.from(found);
  }

  /** Number of changes of several partitions so far; waits while one is under way, which takes the background worker milliseconds. */
  #settledChanges(): number {
    for (;;) {
      const changes = Atomics.load(this.#control, HEAD_CONTROL.changes);
      if (changes % 2 === 0) return changes;
      Atomics.wait(this.#control, HEAD_CONTROL.changes, changes, CHANGE_WAIT_MS);
    }
  }

  /**
   * Calls `work` with the rows of the range until they did not change meanwhile. Undefined when the ring has none, and without `work`, which
   * only asks whether the kept rows cover the range.
   */
  #withRing<T>(
    ring: number,
    range: TimeRange,
    extent: Extent,
    work?: (rows: Rows) => T,
  ): T | undefined | typeof OVERRUN | typeof UNCOVERED {
    const pinned = this.#pinned[2 * ring];
    const end = this.#pinned[2 * ring + 1]!;
    if (pinned === undefined || end === 0 || (extent === 'undropped' && pinned >= end)) return undefined;
    const fields = this.#rings;
    const at = ring * RING_STRIDE;
    const attempts = new Attempts(fields, at + RING.version, `ring ${ring} of the head`);
    for (;;) {
      const version = attempts.next();
      const offset = Atomics.load(fields, at + RING.offset);
      const capacity = Atomics.load(fields, at + RING.rows);
      const width = Atomics.load(fields, at + RING.width);
      /** The oldest row that is still there. */
      const oldest = (): number =>
        Math.max(
          Atomics.load(fields, at + RING.base),
          Atomics.load(fields, at + RING.extrasFrom),
          Atomics.load(fields, at + RING.started) - capacity,
        );
      const first =
        extent === 'undropped' ? pinned : Math.max(oldest(), Atomics.load(fields, at + RING.keptFrom));
      const isWhole = (): boolean => capacity > 0 && first >= oldest();
      const isSame = (): boolean => attempts.isUndisturbed(version);
      if (!isWhole()) {
        if (!isSame()) continue;
        if (extent === 'undropped') return OVERRUN;
        // A ring that was released: what it had counts as stored.
        return this.#isStoredOnly(range) ? UNCOVERED : undefined;
      }
      const { floats } = this.#arena.view();
      // A torn read of the fields may point outside.
      if (offset + ringUnits(capacity, width) > floats.length) continue;
      if (extent === 'kept' && first > 0) {
        // Earlier rows are in partitions. Of the last of them the time is still there, unless it was written over.
        const isEarlierThere = first > oldest();
        const row = isEarlierThere ? first - 1 : first;
        const time = row < end ? floats[offset + (row % capacity)]! : Number.POSITIVE_INFINITY;
        if (!(isEarlierThere ? time < range.from : time <= range.from)) {
          if (isSame()) return UNCOVERED;
          continue;
        }
      }
      if (!work) return undefined;
      const starts = Atomics.load(fields, at + RING.starts);
      const startsCount = Atomics.load(fields, at + RING.startsCount);
      if (starts + START_UNITS * startsCount > floats.length) continue;
      const hasHistograms = Atomics.load(fields, at + RING.histograms) === 1;
      const rows = this.#rowsIn({ offset, capacity, width, first, end }, range);
      let result: T | undefined;
      try {
        result = work({ ...rows, starts, startsCount, hasHistograms });
      } catch (error) {
        // A torn read may claim more memory than a query has.
        if (isSame() && isWhole()) throw error;
      }
      if (!isSame()) continue;
      if (isWhole()) return result;
      // Kept rows may be written over at any time.
      if (extent === 'undropped') return OVERRUN;
    }
  }

  #rowsIn(
    ring: { offset: number; capacity: number; width: number; first: number; end: number },
    range: TimeRange,
  ): Pick<Rows, 'timestamps' | 'bases' | 'width' | 'from'> {
    const { offset, capacity, width } = ring;
    const { floats } = this.#arena.last;
    let from = ring.first;
    let to = ring.end;
    while (from < to && floats[offset + (from % capacity)]! < range.from) from++;
    while (to > from && floats[offset + ((to - 1) % capacity)]! >= range.to) to--;
    const count = Math.max(to - from, 0);
    const timestamps = new Float64Array(count);
    if (this.#bases.length < count) this.#bases = new Int32Array(2 * count);
    const bases = this.#bases.subarray(0, count);
    for (let i = 0; i < timestamps.length; i++) {
      const place = (from + i) % capacity;
      timestamps[i] = floats[offset + place]!;
      bases[i] = rowAt(offset, capacity, width, place);
    }
    return { timestamps, bases, width, from };
  }
}
