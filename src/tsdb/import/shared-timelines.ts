import { mergeTimelines } from '../partition/timeline.ts';

/** Timelines that a column is tried against; a target has one, save for series that come and go. */
const CANDIDATES = 8;
/** A timeline may have this share of rows that a series of it does not. */
const SLACK = 0.1;

/**
 * For each column of timestamps one that holds all of it: series of a target that miss a scrape here and there share one, made of the
 * times of them all. Equal arrays get the same array.
 */
export function sharedTimelines(columns: readonly Float64Array[]): Float64Array[] {
  const shared: Float64Array[] = [];
  const numbers = new Map<Float64Array, number>();
  for (const column of columns) {
    if (!numbers.has(column)) numbers.set(column, place(column, shared));
  }
  return columns.map((column) => shared[numbers.get(column)!]!);
}

function place(column: Float64Array, shared: Float64Array[]): number {
  for (let i = shared.length - 1; i >= Math.max(0, shared.length - CANDIDATES); i--) {
    const timeline = shared[i]!;
    const longest = Math.max(timeline.length, column.length);
    // Nothing in common, or too little: found out before anything is merged.
    if (column[0]! > timeline.at(-1)! || column.at(-1)! < timeline[0]!) continue;
    if (isWithin(column, timeline)) return i;
    if (column.length * (1 + SLACK) < timeline.length) continue;
    const { timestamps } = mergeTimelines([timeline, column]);
    if (timestamps.length > longest * (1 + SLACK)) continue;
    shared[i] = timestamps;
    return i;
  }
  return shared.push(column) - 1;
}

/** Whether every time of a column is one of the timeline's. */
function isWithin(column: Float64Array, timeline: Float64Array): boolean {
  let row = 0;
  for (let i = 0; i < column.length; i++) {
    while (row < timeline.length && timeline[row]! < column[i]!) row++;
    if (timeline[row] !== column[i]) return false;
  }
  return true;
}
