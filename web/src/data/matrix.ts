import type { ResolvedRange } from '../nav/time-range.ts';
import type { QueryRange } from './api.ts';
import type { LabelMap, MatrixSeries } from './api-types.ts';

/** Series of one range query on a common grid of times; a hole is null. */
export interface Columns {
  /** Unix seconds, one per step. */
  readonly times: readonly number[];
  readonly series: readonly { readonly labels: LabelMap; readonly values: readonly (number | null)[] }[];
}

const NICE_STEPS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400,
  172_800, 604_800,
];

/** The step (seconds) that gives about one point per `1/perPixel` of a chart, not below `minStep`. */
export function niceStep(range: ResolvedRange, points: number, minStep = 15): number {
  const wanted = (range.to - range.from) / 1000 / Math.max(1, points);
  const step = NICE_STEPS.find((candidate) => candidate >= wanted && candidate >= minStep);
  return step ?? Math.ceil(wanted / 604_800) * 604_800;
}

/** Aligned to the step, so that a refresh moves points instead of resampling them. */
export function queryRangeOf(range: ResolvedRange, step: number): QueryRange {
  return {
    start: Math.floor(range.from / 1000 / step) * step,
    end: Math.floor(range.to / 1000 / step) * step,
    step,
  };
}

export function parseSample(text: string): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY;
  if (text === '-Inf') return Number.NEGATIVE_INFINITY;
  return Number(text);
}

/** Lays the answer of a range query out on its grid. NaN and infinities are holes: they have no place on an axis. */
export function columnsOf(matrix: readonly MatrixSeries[], { start, end, step }: QueryRange): Columns {
  const count = Math.max(0, Math.floor((end - start) / step + 1e-6)) + 1;
  const times = Array.from({ length: count }, (_, i) => start + i * step);
  const series = matrix.map(({ metric, values, histograms, from = 0, column: given }) => {
    if (given && from === 0 && given.length === count) return { labels: metric, values: given };
    const column = new Array<number | null>(count).fill(null);
    for (let i = 0; given && i < given.length; i++) column[from + i] = given[i]!;
    const put = (time: number, value: number): void => {
      const index = Math.round((time - start) / step);
      if (index >= 0 && index < count && Number.isFinite(value)) column[index] = value;
    };
    for (const [time, text] of values ?? []) put(time, parseSample(text));
    for (const [time, histogram] of histograms ?? []) put(time, parseSample(histogram.count));
    return { labels: metric, values: column };
  });
  return { times, series };
}

export function lastValue(values: readonly (number | null | undefined)[]): number | null {
  return values.findLast((value) => value !== null && value !== undefined) ?? null;
}

/** `name{a="b"}` as Prometheus writes a series. */
export function seriesText(labels: LabelMap): string {
  const { __name__: name = '', ...rest } = labels;
  const pairs = Object.entries(rest).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
  return pairs.length === 0 ? name || '{}' : `${name}{${pairs.join(', ')}}`;
}
