const IEC_UNITS = new Set([
  'bytes',
  'kbytes',
  'mbytes',
  'gbytes',
  'bits',
  'binBps',
  'binbps',
  'KiBs',
  'MiBs',
  'GiBs',
]);

/** Tick distances that give round labels in this unit; undefined leaves the choice to the chart library. */
export function tickSteps(unit: string): number[] | undefined {
  if (!IEC_UNITS.has(unit)) return undefined;
  const steps: number[] = [];
  for (let power = 0; power < 7; power++) {
    for (let k = 1; k < 1024; k *= 2) steps.push(k * 1024 ** power);
  }
  return [0.001, 0.01, 0.1, 0.25, 0.5, ...steps];
}

export interface Bounds {
  /** Fixed ends, as authored. */
  readonly min?: number;
  readonly max?: number;
  /** Ends that give way to data beyond them. */
  readonly softMin?: number;
  readonly softMax?: number;
  /** As far below zero as above it. */
  readonly isCentered?: boolean;
}

export type Span = readonly [low: number, high: number];

/** The axis for data between `low` and `high`: starts at zero where that wastes little, and leaves a little room on top. */
export function axisSpan(low: number | null, high: number | null, bounds: Bounds): [number, number] {
  let bottom = Math.min(low ?? 0, bounds.softMin ?? Number.POSITIVE_INFINITY);
  let top = Math.max(high ?? 1, bounds.softMax ?? Number.NEGATIVE_INFINITY);
  if (low !== null && bottom > 0 && bottom < top * 0.6) bottom = 0;
  if (bottom === top) {
    const room = bottom === 0 ? 1 : Math.abs(bottom) * 0.1;
    if (bottom > 0) bottom = Math.max(0, bottom - room);
    else if (bottom < 0) bottom -= room;
    top += room;
  } else {
    const room = (top - bottom) * 0.08;
    if (bottom !== 0) bottom -= bottom > 0 ? Math.min(room, bottom) : room;
    if (top !== 0) top += room;
  }
  if (bounds.isCentered) {
    top = Math.max(Math.abs(bottom), Math.abs(top));
    bottom = -top;
  }
  bottom = bounds.min ?? bottom;
  top = bounds.max ?? top;
  return top > bottom ? [bottom, top] : [bottom, bottom + 1];
}

/** Joins series on grids of their own: all times, and undefined where a series has no sample. */
export function alignTimes(
  series: readonly { readonly times: readonly number[]; readonly values: readonly (number | null)[] }[],
): { times: readonly number[]; columns: readonly (readonly (number | null | undefined)[])[] } {
  const grids = [...new Set(series.map(({ times }) => times))];
  const first = grids[0] ?? [];
  const isOne = grids.every(
    (grid) => grid.length === first.length && grid[0] === first[0] && grid.at(-1) === first.at(-1),
  );
  if (isOne) return { times: first, columns: series.map(({ values }) => values) };
  const times = [...new Set(grids.flat())].sort((a, b) => a - b);
  const place = new Map(times.map((time, i) => [time, i]));
  return {
    times,
    columns: series.map((one) => {
      const column = new Array<number | null | undefined>(times.length).fill(undefined);
      one.values.forEach((value, i) => {
        column[place.get(one.times[i]!)!] = value;
      });
      return column;
    }),
  };
}

/** Keeps the axis of the last drawing while the data fits it well, so that a refresh does not make the chart jump. */
export function steadySpan(
  previous: Span | undefined,
  low: number | null,
  high: number | null,
  bounds: Bounds,
): [number, number] {
  const next = axisSpan(low, high, bounds);
  if (!previous || low === null || high === null) return next;
  const fits = low >= previous[0] && high <= previous[1];
  const fillsEnough = next[1] - next[0] >= (previous[1] - previous[0]) * 0.6;
  return fits && fillsEnough ? [previous[0], previous[1]] : next;
}

/** Columns summed from the bottom up; a time at which no series has a value stays a hole. */
export function stackColumns(
  columns: readonly (readonly (number | null | undefined)[])[],
): (number | null)[][] {
  const length = columns[0]?.length ?? 0;
  const sums = new Array<number>(length).fill(0);
  const hasAny = Array.from({ length }, (_, i) =>
    columns.some((column) => column[i] !== null && column[i] !== undefined),
  );
  return columns.map((column) =>
    Array.from({ length }, (_, i) => {
      sums[i] = sums[i]! + (column[i] ?? 0);
      return hasAny[i] ? sums[i]! : null;
    }),
  );
}
