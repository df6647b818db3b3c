import type { Histogram } from '../../model/histogram.ts';
import type { QueryBudget } from '../../model/queryable.ts';
import { wordsOf } from '../../model/sample.ts';
import { HISTOGRAM_HIGH, heldBytes, histogramOf, writeHistogramAt } from '../histogram-cell.ts';
import type { IndexReader } from '../index/index-reader.ts';
import { SERIES } from '../index/layout.ts';
import type { SampleColumns } from '../partition/samples.ts';
import type { ArenaView } from './arena.ts';
import type { Takings } from './attempts.ts';
import { START_UNITS } from './layout.ts';

/** Samples of one series out of the head, strictly increasing times. */
export interface HeadSamples extends SampleColumns {
  readonly series: number;
}

/** Samples as they were copied: what their histograms are is only sure once the copy is found to be whole. */
export interface CopiedSamples extends Omit<HeadSamples, 'histograms'> {
  readonly histograms?: readonly (Uint8Array | undefined)[] | undefined;
}

/** Rows of one ring that lie in a range: their times, and the unit of the arena where each one's values begin. */
export interface Rows {
  readonly timestamps: Float64Array;
  readonly bases: Int32Array;
  readonly width: number;
  /** Number of the first row. */
  readonly from: number;
  /** Unit of the ring's list of start timestamps, and its entries. */
  readonly starts: number;
  readonly startsCount: number;
  readonly hasHistograms: boolean;
}

const TORN = new Uint8Array(0);

/** What a decoded histogram takes, per byte of it encoded: about. */
const DECODED_BYTES = 8;

/** Samples whose copy was found to be whole, with their histograms decoded. */
export function withHistograms(copied: CopiedSamples, budget: QueryBudget): HeadSamples {
  const { histograms } = copied;
  if (histograms === undefined) return copied as HeadSamples;
  return {
    ...copied,
    histograms: histograms.map((bytes): Histogram | undefined => {
      if (bytes === undefined) return undefined;
      budget.bytes(DECODED_BYTES * bytes.length);
      return histogramOf(bytes);
    }),
  };
}

/** Those of the series that have a sample in any of the rows. */
export function presentIn(
  { words }: ArenaView,
  index: IndexReader,
  { bases, width }: Rows,
  list: Uint32Array,
): Uint32Array {
  return list.filter((series) => {
    const slot = index.field(series, SERIES.slot);
    if (slot >= width) return false;
    const bit = 1 << (slot & 31);
    const presence = 2 * width + (slot >>> 5);
    for (let i = bases.length - 1; i >= 0; i--) {
      if ((words[2 * bases[i]! + presence]! & bit) !== 0) return true;
    }
    return false;
  });
}

/** Values of all series in one buffer; series that are in every row share the rows' timestamps. */
export function copyRows(
  arena: ArenaView,
  index: IndexReader,
  rows: Rows,
  list: Uint32Array,
  takings: Takings,
): CopiedSamples[] {
  takings.begin();
  const { timestamps: times, bases, width } = rows;
  const { words } = arena;
  const count = times.length;
  const copied: CopiedSamples[] = [];
  if (count === 0) return copied;
  takings.bytes(8 * count * list.length);
  const floats = takings.floats(count * list.length);
  const out = wordsOf(floats);
  let used = 0;
  const changes = rows.startsCount > 0 ? startChanges(arena, rows) : undefined;
  for (const series of list) {
    const slot = index.field(series, SERIES.slot);
    if (slot >= width) continue;
    const bit = 1 << (slot & 31);
    const presence = 2 * width + (slot >>> 5);
    const start = used;
    for (let i = 0; i < count; i++) {
      const base = bases[i]!;
      if ((words[2 * base + presence]! & bit) === 0) continue;
      const cell = 2 * (base + slot);
      out[2 * used] = words[cell]!;
      out[2 * used + 1] = words[cell + 1]!;
      used++;
    }
    const present = used - start;
    if (present === 0) continue;
    takings.samples(present);
    const values = floats.subarray(start, used);
    copied.push({
      series,
      timestamps: present === count ? times : timesOf(arena, slot, rows, present),
      values,
      histograms: rows.hasHistograms ? copyHistograms(arena, out, start, present, takings) : undefined,
      starts: changes && startsOf(arena, slot, rows, changes, present, takings),
    });
  }
  return copied;
}

/** Timestamps of the rows in which a slot has a sample. */
function timesOf(
  { words }: ArenaView,
  slot: number,
  { timestamps, bases, width }: Rows,
  present: number,
): Float64Array {
  const bit = 1 << (slot & 31);
  const presence = 2 * width + (slot >>> 5);
  const times = new Float64Array(present);
  for (let i = 0, n = 0; i < bases.length; i++) {
    if ((words[2 * bases[i]! + presence]! & bit) !== 0) times[n++] = timestamps[i]!;
  }
  return times;
}

/** Copies the bytes of the histograms that copied cells refer to, and leaves the mark of stored ones there. */
export function copyHistograms(
  { words }: ArenaView,
  cells: Uint32Array,
  start: number,
  count: number,
  takings: Takings,
): (Uint8Array | undefined)[] | undefined {
  let copies: (Uint8Array | undefined)[] | undefined;
  for (let i = 0; i < count; i++) {
    const cell = start + i;
    if (cells[2 * cell + 1] !== HISTOGRAM_HIGH) continue;
    copies ??= new Array<Uint8Array | undefined>(count).fill(undefined);
    const bytes = heldBytes(words, cells[2 * cell]!);
    if (bytes) takings.bytes(bytes.length);
    // Torn, when there is nothing there: then the whole copy is thrown away.
    copies[i] = bytes?.slice() ?? TORN;
    writeHistogramAt(cells, cell);
  }
  return copies;
}

/** Changes of start timestamps by slot: row and start in turn. */
function startChanges(
  { words, floats }: ArenaView,
  { starts, startsCount, from, timestamps }: Rows,
): Map<number, number[]> {
  const bySlot = new Map<number, number[]>();
  for (let i = 0; i < startsCount; i++) {
    const at = starts + START_UNITS * i;
    const row = words[2 * at]!;
    if (row >= from + timestamps.length) break;
    const slot = words[2 * at + 1]!;
    const start = floats[at + 1]!;
    const changes = bySlot.get(slot);
    if (!changes || row <= from) bySlot.set(slot, [row, start]);
    else changes.push(row, start);
  }
  return bySlot;
}

/** Start timestamps of the samples of a slot; undefined when none is known. */
function startsOf(
  { words }: ArenaView,
  slot: number,
  { bases, width, from }: Rows,
  bySlot: ReadonlyMap<number, readonly number[]>,
  present: number,
  takings: Takings,
): Float64Array | undefined {
  const changes = bySlot.get(slot);
  if (!changes?.some((value, i) => i % 2 === 1 && value !== 0)) return undefined;
  takings.bytes(8 * present);
  const bit = 1 << (slot & 31);
  const presence = 2 * width + (slot >>> 5);
  const starts = new Float64Array(present);
  let start = 0;
  for (let i = 0, n = 0, next = 0; i < bases.length; i++) {
    while (next < changes.length && changes[next]! <= from + i) {
      start = changes[next + 1]!;
      next += 2;
    }
    if ((words[2 * bases[i]! + presence]! & bit) !== 0) starts[n++] = start;
  }
  return starts;
}
