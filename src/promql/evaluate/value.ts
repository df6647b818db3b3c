import type { Histogram } from '../../model/histogram.ts';
import type { Labels } from '../../model/labels.ts';
import type { Room } from '../../model/room.ts';

/** The timestamps an expression is evaluated at: `start`, `start + step`, …, `count` of them. Milliseconds. */
export interface Grid {
  readonly start: number;
  readonly step: number;
  readonly count: number;
}

export const timeAt = (grid: Grid, index: number): number => grid.start + index * grid.step;

/** What a column holds at a step. */
export const ABSENT = 0;
export const FLOAT = 1;
export const HISTOGRAM = 2;

/**
 * One series over all steps of a grid. Whoever made a column owns it; an operator that changes values makes a new one, since a
 * selector's columns are shared within the query.
 */
export interface Column {
  readonly labels: Labels;
  /** ABSENT, FLOAT or HISTOGRAM per step. */
  readonly present: Uint8Array;
  /** Meaningful where FLOAT. */
  readonly values: Float64Array;
  /** Set where HISTOGRAM; undefined when no step is one. */
  readonly histograms: (Histogram | undefined)[] | undefined;
  /** The metric name (with type and unit) is to be dropped at the end of the query. */
  readonly dropName: boolean;
}

export interface ScalarValue {
  readonly kind: 'scalar';
  /** One per step. */
  readonly values: Float64Array;
}

export interface StringValue {
  readonly kind: 'string';
  readonly value: string;
}

export interface VectorValue {
  readonly kind: 'vector';
  /** In the order of the result; for a single step that is what the user sees. */
  readonly columns: readonly Column[];
}

export type Value = ScalarValue | StringValue | VectorValue;

/** A column in the making. */
export interface MutableColumn extends Column {
  labels: Labels;
  histograms: (Histogram | undefined)[] | undefined;
  dropName: boolean;
}

/** Up to this many steps V8 keeps an array within the object that stands for it. */
const SMALL_STEPS = 8;

/** Absent at every step. @param room where it has its memory; columns of few steps need none */
export function newColumn(room: Room, labels: Labels, steps: number, dropName = false): MutableColumn {
  if (steps <= SMALL_STEPS) {
    const present = new Uint8Array(steps);
    return { labels, present, values: new Float64Array(steps), histograms: undefined, dropName };
  }
  const floats = room.floats(steps + ((steps + 7) >> 3)).fill(0);
  const values = floats.subarray(0, steps);
  const present = new Uint8Array(floats.buffer, floats.byteOffset + 8 * steps, steps);
  return { labels, present, values, histograms: undefined, dropName };
}

export function setFloat(column: MutableColumn, step: number, value: number): void {
  column.present[step] = FLOAT;
  column.values[step] = value;
}

export function setHistogram(column: MutableColumn, step: number, histogram: Histogram): void {
  column.present[step] = HISTOGRAM;
  column.histograms ??= new Array<Histogram | undefined>(column.values.length);
  column.histograms[step] = histogram;
}

/** Copies one step from a column to another. */
export function copyStep(from: Column, to: MutableColumn, step: number): void {
  const kind = from.present[step]!;
  if (kind === FLOAT) setFloat(to, step, from.values[step]!);
  else if (kind === HISTOGRAM) setHistogram(to, step, from.histograms![step]!);
}

export function isEmptyColumn(column: Column): boolean {
  const { present } = column;
  for (let i = 0; i < present.length; i++) if (present[i] !== ABSENT) return false;
  return true;
}

/** Bytes a column of floats takes, for the query's budget: values, presence and the objects around them. */
export const columnBytes = (steps: number): number => 9 * steps + 400;

/** Bytes a histogram of its own takes. */
export const histogramBytes = (histogram: Histogram): number =>
  240 + 16 * (histogram.positiveBuckets.length + histogram.negativeBuckets.length);
