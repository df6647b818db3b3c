import type { Histogram } from '../model/histogram.ts';
import { wordsOf } from '../model/sample.ts';
import type { BlockColumn, OwnTimeColumn, SeriesRef, SourceBlock, SourceId } from './block.ts';
import type { ArenaView } from './head/arena.ts';
import { rowAt } from './head/layout.ts';
import type { OwnBatch } from './head/own-columns.ts';
import { heldHistogram, isHistogramAt, writeHistogramAt } from './histogram-cell.ts';
import { pickExtras, sliceExtras, withoutHint } from './partition/samples.ts';
import { PARTITION_MS, partitionStart } from './partition.ts';
import type { RingRows } from './protocol.ts';

/** What goes into the partition of one day. */
export interface DayBatch {
  readonly rows: SourceRows[];
  readonly own: OwnTimeColumn[];
}

/** Rows of one source within a day. */
export interface SourceRows {
  readonly source: SourceId;
  /** Calls `take` for each series that has a sample in them. */
  eachSeries(take: (ref: SeriesRef) => void): void;
  /** Their columns; good until the next block of the flush is made: thousands of columns at once would be garbage that grows old. */
  block(): SourceBlock;
}

/** Most memory kept for the values of the next flush. */
const MAX_KEPT_CELLS = 2 ** 19;

/** Memory for the values of one block after the other: made anew each time, it would be most of what the garbage collector has to do. */
export class FlushCells {
  #kept = new Float64Array(0);

  /** So many cells with anything in them; those given out before are not needed any more. */
  take(count: number): Float64Array {
    if (count > MAX_KEPT_CELLS) return new Float64Array(count);
    if (count > this.#kept.length) this.#kept = new Float64Array(Math.min(2 * count, MAX_KEPT_CELLS));
    return this.#kept.subarray(0, count);
  }
}

/** Cuts rows and columns of the head at the days' boundaries; the first instants of the days are the keys. */
export function batchesByDay(
  arena: ArenaView,
  rings: readonly RingRows[],
  own: OwnBatch | undefined,
  cells: FlushCells,
): Map<number, DayBatch> {
  const days = new Map<number, DayBatch>();
  const dayOf = (day: number): DayBatch => {
    let batch = days.get(day);
    if (!batch) days.set(day, (batch = { rows: [], own: [] }));
    return batch;
  };
  for (const rows of rings) {
    const { offset, rows: capacity } = rows.geometry;
    const time = (row: number): number => arena.floats[offset + (row % capacity)]!;
    for (let from = rows.from; from < rows.to; ) {
      const day = partitionStart(time(from));
      let to = from + 1;
      while (to < rows.to && time(to) < day + PARTITION_MS) to++;
      const part = rowsOf(arena, rows, from, to, cells);
      if (part) dayOf(day).rows.push(part);
      from = to;
    }
  }
  if (own)
    for (const column of sortedColumns(arena, own))
      splitByDay(column, (day, part) => dayOf(day).own.push(part));
  return days;
}

/** Rows [from, to) of a ring; undefined when no series has a sample in them. */
function rowsOf(
  arena: ArenaView,
  rows: RingRows,
  from: number,
  to: number,
  cells: FlushCells,
): SourceRows | undefined {
  const { source, geometry, refs } = rows;
  const timestamps = new Float64Array(to - from);
  const bases = new Float64Array(to - from);
  for (let i = 0; i < timestamps.length; i++) {
    const place = (from + i) % geometry.rows;
    timestamps[i] = arena.floats[geometry.offset + place]!;
    bases[i] = rowAt(geometry.offset, geometry.rows, geometry.width, place);
  }
  const slots = slotsWithSamples(arena.words, bases, geometry.width, refs);
  if (slots.length === 0) return undefined;
  return {
    source,
    eachSeries(take) {
      for (const slot of slots) take(refs[slot] as SeriesRef);
    },
    block: () => ({ source, timestamps, columns: columnsOf(arena, rows, { from, to, bases, slots }, cells) }),
  };
}

/** Slots that belong to a series and have a sample in any of the rows that start at `bases`. */
function slotsWithSamples(
  words: Uint32Array,
  bases: Float64Array,
  width: number,
  refs: Uint32Array,
): Uint32Array {
  const slots = new Uint32Array(width);
  let count = 0;
  for (let from = 0; from < width; from += 32) {
    const at = 2 * width + (from >>> 5);
    let any = 0;
    for (let i = 0; i < bases.length; i++) any |= words[2 * bases[i]! + at]!;
    for (let bits = any; bits !== 0; bits &= bits - 1) {
      const slot = from + 31 - Math.clz32(bits & -bits);
      if (refs[slot] !== 0) slots[count++] = slot;
    }
  }
  return slots.slice(0, count);
}

function columnsOf(
  arena: ArenaView,
  { geometry: { width }, refs, starts, hasHistograms }: RingRows,
  {
    from,
    to,
    bases,
    slots,
  }: {
    readonly from: number;
    readonly to: number;
    readonly bases: Float64Array;
    readonly slots: Uint32Array;
  },
  cells: FlushCells,
): BlockColumn[] {
  const { words } = arena;
  const count = to - from;
  // One piece of memory for all columns: thousands of small ones would cost more than their samples.
  const values = cells.take(slots.length * count);
  const out = wordsOf(values);
  const startsOf = starts && startsBySlot(starts, from, to);
  const columns: BlockColumn[] = [];
  let word = -1;
  /** Slots of the word under way that have a sample in every row. */
  let inAllRows = 0;
  for (let i = 0; i < slots.length; i++) {
    const slot = slots[i]!;
    const at = i * count;
    if (slot >>> 5 !== word) {
      word = slot >>> 5;
      inAllRows = presentInAll(words, bases, width, slot);
    }
    let presence: Uint8Array | undefined;
    if ((inAllRows & (1 << (slot & 31))) !== 0) copyCells(words, bases, slot, out, at);
    else presence = copyColumn(words, bases, width, slot, out, at);
    const column = values.subarray(at, at + count);
    columns.push({
      ref: refs[slot] as SeriesRef,
      values: column,
      presence,
      histograms: hasHistograms ? takeHistograms(words, column, presence) : undefined,
      starts: startsOf?.(slot),
    });
  }
  return columns;
}

/** Of the 32 slots from `slot` on, those with a sample in every row. */
function presentInAll(words: Uint32Array, bases: Float64Array, width: number, slot: number): number {
  const at = 2 * width + (slot >>> 5);
  let all = -1;
  for (let i = 0; i < bases.length; i++) all &= words[2 * bases[i]! + at]!;
  return all;
}

/** Copies one slot's cells of the rows that start at `bases` to `to`; all of them hold a sample. */
function copyCells(
  words: Uint32Array,
  bases: Float64Array,
  slot: number,
  out: Uint32Array,
  to: number,
): void {
  for (let i = 0; i < bases.length; i++) {
    const cell = 2 * (bases[i]! + slot);
    out[2 * (to + i)] = words[cell]!;
    out[2 * (to + i) + 1] = words[cell + 1]!;
  }
}

/** Copies one slot's cells of the rows that start at `bases` to `to`, of which one at least has a sample; a bitmap when some have none. */
function copyColumn(
  words: Uint32Array,
  bases: Float64Array,
  width: number,
  slot: number,
  out: Uint32Array,
  to: number,
): Uint8Array | undefined {
  const count = bases.length;
  const bit = 1 << (slot & 31);
  const presenceAt = 2 * width + (slot >>> 5);
  let presence: Uint8Array | undefined;
  for (let i = 0; i < count; i++) {
    const base = bases[i]!;
    if ((words[2 * base + presenceAt]! & bit) === 0) {
      presence ??= bitsBelow(i, count);
      continue;
    }
    if (presence) presence[i >> 3]! |= 1 << (i & 7);
    const cell = 2 * (base + slot);
    out[2 * (to + i)] = words[cell]!;
    out[2 * (to + i) + 1] = words[cell + 1]!;
  }
  return presence;
}

/** Decodes the histograms that cells refer to and leaves the marks of stored ones there; undefined when there are none. */
function takeHistograms(
  arena: Uint32Array,
  cells: Float64Array,
  presence: Uint8Array | undefined,
): (Histogram | undefined)[] | undefined {
  const words = wordsOf(cells);
  let histograms: (Histogram | undefined)[] | undefined;
  for (let i = 0; i < cells.length; i++) {
    if (!isHistogramAt(words, i)) continue;
    if (presence && (presence[i >> 3]! & (1 << (i & 7))) === 0) continue;
    histograms ??= new Array<Histogram | undefined>(cells.length).fill(undefined);
    histograms[i] = heldHistogram(arena, words[2 * i]!);
    writeHistogramAt(words, i);
  }
  return histograms;
}

/** Gives the start timestamps of a slot in rows [from, to); undefined when none is known. Changes stand by slot, then by row. */
function startsBySlot(
  changes: Float64Array,
  from: number,
  to: number,
): (slot: number) => Float64Array | undefined {
  const bySlot = new Map<number, Float64Array>();
  for (let i = 0; i < changes.length; i += 3) {
    const slot = changes[i]!;
    const row = changes[i + 1]!;
    if (row >= to) continue;
    let starts = bySlot.get(slot);
    if (!starts) bySlot.set(slot, (starts = new Float64Array(to - from)));
    starts.fill(changes[i + 2]!, Math.max(0, row - from));
  }
  return (slot) => bySlot.get(slot);
}

/** A bitmap of `count` bits of which the first `set` are set. */
function bitsBelow(set: number, count: number): Uint8Array {
  const bits = new Uint8Array((count + 7) >> 3);
  for (let i = 0; i < set; i++) bits[i >> 3]! |= 1 << (i & 7);
  return bits;
}

/** Each series' samples in order of time; of two with the same time the first to arrive stays. */
function* sortedColumns(arena: ArenaView, own: OwnBatch): Generator<OwnTimeColumn> {
  let start = 0;
  for (const [i, count] of own.counts.entries()) {
    const ref = own.refs[i]! as SeriesRef;
    const timestamps = own.timestamps.subarray(start, start + count);
    const values = own.values.subarray(start, start + count);
    const histograms = takeHistograms(arena.words, values, undefined);
    const starts = own.starts?.subarray(start, start + count);
    start += count;
    const column = { ref, timestamps, values, histograms, starts };
    yield isAscending(timestamps) ? column : sorted(column);
  }
}

function isAscending(timestamps: Float64Array): boolean {
  for (let i = 1; i < timestamps.length; i++) if (timestamps[i]! <= timestamps[i - 1]!) return false;
  return true;
}

function sorted({ ref, timestamps, values, ...extras }: OwnTimeColumn): OwnTimeColumn {
  const order = Uint32Array.from(timestamps, (_, i) => i).sort(
    (a, b) => timestamps[a]! - timestamps[b]! || a - b,
  );
  const kept = order.filter((place, i) => i === 0 || timestamps[place] !== timestamps[order[i - 1]!]);
  const outTimes = new Float64Array(kept.length);
  const outValues = new Float64Array(kept.length);
  const from = wordsOf(values);
  const to = wordsOf(outValues);
  for (const [n, place] of kept.entries()) {
    outTimes[n] = timestamps[place]!;
    to[2 * n] = from[2 * place]!;
    to[2 * n + 1] = from[2 * place + 1]!;
  }
  const { histograms, starts } = pickExtras(extras, kept);
  // In another order what they say about the one before is not true.
  return { ref, timestamps: outTimes, values: outValues, histograms: histograms?.map(withoutHint), starts };
}

function splitByDay(column: OwnTimeColumn, take: (day: number, part: OwnTimeColumn) => void): void {
  const { ref, timestamps, values, ...extras } = column;
  for (let from = 0; from < timestamps.length; ) {
    const day = partitionStart(timestamps[from]!);
    let to = from + 1;
    while (to < timestamps.length && timestamps[to]! < day + PARTITION_MS) to++;
    take(day, {
      ref,
      timestamps: timestamps.subarray(from, to),
      values: values.subarray(from, to),
      ...(from === 0 && to === timestamps.length ? extras : sliceExtras(extras, from, to)),
    });
    from = to;
  }
}
