import type { Histogram } from '../model/histogram.ts';
import { wordsOf } from '../model/sample.ts';
import type { BlockColumn, OwnTimeColumn, SeriesRef, SourceBlock } from './block.ts';
import type { ArenaView } from './head/arena.ts';
import { rowAt } from './head/layout.ts';
import type { OwnBatch } from './head/own-columns.ts';
import { heldHistogram, isHistogramAt, writeHistogramAt } from './histogram-cell.ts';
import { pickExtras, sliceExtras, withoutHint } from './partition/samples.ts';
import { PARTITION_MS, partitionStart } from './partition.ts';
import type { RingRows } from './protocol.ts';

/** What goes into the partition of one day. */
export interface DayBatch {
  readonly blocks: SourceBlock[];
  readonly own: OwnTimeColumn[];
}

/** Most memory kept for the values of the next flush. */
const MAX_KEPT_CELLS = 2 ** 19;

/** Memory for the values of one flush after the other: made anew each time, it would be most of what the garbage collector has to do. */
export class FlushCells {
  #kept = new Float64Array(0);
  #used = 0;

  /** The values given out before are not needed any more. */
  reset(): void {
    if (this.#used > this.#kept.length) this.#kept = new Float64Array(Math.min(this.#used, MAX_KEPT_CELLS));
    this.#used = 0;
  }

  /** So many cells with anything in them. */
  take(count: number): Float64Array {
    const from = this.#used;
    this.#used += count;
    return this.#used <= this.#kept.length ? this.#kept.subarray(from, this.#used) : new Float64Array(count);
  }
}

/**
 * Cuts rows and columns of the head at the days' boundaries; the first instants of the days are the keys. The values are good until
 * `cells` is reset.
 */
export function batchesByDay(
  arena: ArenaView,
  rings: readonly RingRows[],
  own: OwnBatch | undefined,
  cells: FlushCells,
): Map<number, DayBatch> {
  const days = new Map<number, DayBatch>();
  const dayOf = (day: number): DayBatch => {
    let batch = days.get(day);
    if (!batch) days.set(day, (batch = { blocks: [], own: [] }));
    return batch;
  };
  for (const rows of rings) {
    const { offset, rows: capacity } = rows.geometry;
    const time = (row: number): number => arena.floats[offset + (row % capacity)]!;
    for (let from = rows.from; from < rows.to; ) {
      const day = partitionStart(time(from));
      let to = from + 1;
      while (to < rows.to && time(to) < day + PARTITION_MS) to++;
      const block = blockOf(arena, rows, from, to, cells);
      if (block.columns.length > 0) dayOf(day).blocks.push(block);
      from = to;
    }
  }
  if (own)
    for (const column of sortedColumns(arena, own))
      splitByDay(column, (day, part) => dayOf(day).own.push(part));
  return days;
}

/** Rows [from, to) of a ring as columns; slots without a sample in them are left out. */
function blockOf(
  arena: ArenaView,
  { source, geometry, refs, starts, hasHistograms }: RingRows,
  from: number,
  to: number,
  cells: FlushCells,
): SourceBlock {
  const { offset, rows, width } = geometry;
  const { floats, words } = arena;
  const count = to - from;
  const timestamps = new Float64Array(count);
  const bases = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const place = (from + i) % rows;
    timestamps[i] = floats[offset + place]!;
    bases[i] = rowAt(offset, rows, width, place);
  }
  let used = 0;
  for (let slot = 0; slot < width; slot++) if (refs[slot] !== 0) used++;
  // One piece of memory for all columns: thousands of small ones would cost more than their samples.
  const values = cells.take(used * count);
  const out = wordsOf(values);
  const columns: BlockColumn[] = [];
  const startsOf = starts && startsBySlot(starts, from, to);
  let at = 0;
  /** Slots of the word under way that have a sample in every row. */
  let inAllRows = 0;
  for (let slot = 0; slot < width; slot++) {
    if ((slot & 31) === 0) inAllRows = presentInAll(words, bases, width, slot);
    const ref = refs[slot]!;
    if (ref === 0) continue;
    let presence: Uint8Array | undefined | 'none';
    if ((inAllRows & (1 << (slot & 31))) !== 0) copyCells(words, bases, slot, out, at);
    else presence = copyColumn(words, bases, width, slot, out, at);
    if (presence !== 'none') {
      const column = values.subarray(at, at + count);
      columns.push({
        ref: ref as SeriesRef,
        values: column,
        presence,
        histograms: hasHistograms ? takeHistograms(words, column, presence) : undefined,
        starts: startsOf?.(slot),
      });
    }
    at += count;
  }
  return { source, timestamps, columns };
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

/** Copies one slot's cells of the rows that start at `bases` to `to`; a bitmap when some are missing, 'none' when all are. */
function copyColumn(
  words: Uint32Array,
  bases: Float64Array,
  width: number,
  slot: number,
  out: Uint32Array,
  to: number,
): Uint8Array | undefined | 'none' {
  const count = bases.length;
  const bit = 1 << (slot & 31);
  const presenceAt = 2 * width + (slot >>> 5);
  let presence: Uint8Array | undefined;
  let present = 0;
  for (let i = 0; i < count; i++) {
    const base = bases[i]!;
    if ((words[2 * base + presenceAt]! & bit) === 0) {
      presence ??= bitsBelow(i, count);
      continue;
    }
    present++;
    if (presence) presence[i >> 3]! |= 1 << (i & 7);
    const cell = 2 * (base + slot);
    out[2 * (to + i)] = words[cell]!;
    out[2 * (to + i) + 1] = words[cell + 1]!;
  }
  return present > 0 ? presence : 'none';
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
