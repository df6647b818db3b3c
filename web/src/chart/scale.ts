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
  const second = SECOND_OF[unit];
  if (second !== undefined) return DURATION_STEPS_S.map((step) => step * second);
  if (!IEC_UNITS.has(unit)) return undefined;
  const steps: number[] = [];
  for (let power = 0; power < 7; power++) {
    for (let k = 1; k < 1024; k *= 2) steps.push(k * 1024 ** power);
  }
  return [0.001, 0.01, 0.1, 0.25, 0.5, ...steps];
}

/** How much of the unit a second is. */
const SECOND_OF: Readonly<Record<string, number>> = {
  s: 1,
  ms: 1e3,
  µs: 1e6,
  ns: 1e9,
  dtdurations: 1,
  dtdurationms: 1e3,
  dthms: 1,
  clocks: 1,
};
/** Below a minute as numbers are counted, above it as clocks are. */
const DURATION_STEPS_S = [
  ...[-9, -8, -7, -6, -5, -4, -3, -2, -1].flatMap((power) => [1, 2, 5].map((k) => k * 10 ** power)),
  ...[1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200],
  ...[1, 2, 5, 7, 14, 30, 60, 90, 180, 365, 730, 1825, 3650].map((days) => days * 86_400),
];

/** Round numbers from `low` on, about four steps; the last is the first that `high` does not pass, or not above it where it is fixed. */
export function niceTicks(low: number, high: number, isFixed: boolean): number[] {
  const rough = (high - low) / 4 || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5, 10].find((k) => k * power >= rough) ?? 10) * power;
  const first = Math.ceil(low / step - 1e-9);
  const last = isFixed ? Math.floor(high / step + 1e-9) : Math.ceil(high / step - 1e-9);
  return Array.from({ length: Math.max(1, last - first + 1) }, (_, i) =>
    Number(((first + i) * step).toPrecision(12)),
  );
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
