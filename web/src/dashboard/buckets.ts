import type { PanelModel } from '../../../src/dashboards/model.ts';
import type { PanelSeries } from './panel-data.ts';
import { least, most } from './reduce.ts';

/** Rows of a heat map, the lowest first, each with a value per time. */
export interface HeatRow {
  /** As the author named it, or the bucket's upper end. */
  readonly label: string;
  /** The bucket's upper end, where it is a number. */
  readonly upper: number | undefined;
  readonly values: readonly (number | null)[];
}

/** Rows counted from the values themselves. */
const CALCULATED_ROWS = 24;

/** Brings series to rows: bucket counters are differenced and sorted, others are taken as they are or counted into buckets. */
export function heatRows(panel: PanelModel, series: readonly PanelSeries[]): HeatRow[] {
  if (panel.heatmap?.isCalculated) return countedRows(series);
  const rows = series.map((one): HeatRow => {
    const text = one.labels.le ?? one.name;
    return { label: text, upper: boundOf(text), values: one.values };
  });
  const isAsked = panel.targets.some((target) => target.format === 'heatmap' && !target.isHidden);
  return bucketRows(rows, isAsked);
}

/** Rows whose names are ends of buckets, sorted; of counters that hold those below them, too, each less the one below. */
export function bucketRows(rows: HeatRow[], isCumulative: boolean): HeatRow[] {
  const areBounds = rows.every((row) => row.upper !== undefined);
  if (areBounds) rows.sort((a, b) => a.upper! - b.upper!);
  // With both ends in its name a bucket is one of a native histogram: it holds only what is its own.
  if (!isCumulative || !areBounds || rows.some(({ label }) => label.startsWith('('))) return rows;
  return rows.map((row, i) => ({
    ...row,
    values: row.values.map((value, at) => {
      if (value === null) return null;
      const below = i === 0 ? 0 : (rows[i - 1]!.values[at] ?? 0);
      return Math.max(0, value - below);
    }),
  }));
}

/** The upper end that a name tells: `0.5`, `+Inf`, `(0.25,0.5]`. */
export function boundOf(name: string): number | undefined {
  const text = /^\(.+,(.+)\]$/.exec(name)?.[1] ?? name;
  if (/^\+?inf(inity)?$/i.test(text.trim())) return Number.POSITIVE_INFINITY;
  if (/^-inf(inity)?$/i.test(text.trim())) return Number.NEGATIVE_INFINITY;
  const value = Number(text);
  return text.trim() === '' || Number.isNaN(value) ? undefined : value;
}

/** How many series have a value in each bucket at each time. */
function countedRows(series: readonly PanelSeries[]): HeatRow[] {
  const known = series.flatMap(({ values }) => values.filter((value) => value !== null));
  if (known.length === 0) return [];
  const [low, high] = [least(known), most(known)];
  const size = (high - low) / CALCULATED_ROWS || 1;
  const length = series[0]!.values.length;
  return Array.from({ length: CALCULATED_ROWS }, (_, row): HeatRow => {
    const upper = low + (row + 1) * size;
    const values = Array.from({ length }, (_, at) => {
      const count = series.filter(({ values: own }) => {
        const value = own[at];
        return (
          value !== null &&
          value !== undefined &&
          Math.min(CALCULATED_ROWS - 1, Math.floor((value - low) / size)) === row
        );
      }).length;
      return count === 0 ? null : count;
    });
    return { label: String(upper), upper, values };
  });
}

export interface HistogramBucket {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/** Counts values into equal buckets with round ends. @param size of a bucket; 0 to be chosen for about `wanted` of them */
export function histogramOf(values: readonly number[], size: number, wanted: number): HistogramBucket[] {
  if (values.length === 0) return [];
  const [low, high] = [least(values), most(values)];
  const width = size > 0 ? size : roundUp((high - low) / Math.max(1, wanted)) || 1;
  const first = Math.floor(low / width);
  const count = Math.floor(high / width) - first + 1;
  if (count > 1000) return histogramOf(values, 0, wanted);
  const counts = new Array<number>(count).fill(0);
  for (const value of values) counts[Math.min(count - 1, Math.floor(value / width) - first)]!++;
  return counts.map((n, i) => ({ from: (first + i) * width, to: (first + i + 1) * width, count: n }));
}

/** The next of 1, 2, 2.5, 5 times a power of ten. */
function roundUp(value: number): number {
  if (!(value > 0)) return 0;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 2.5, 5, 10].map((step) => step * power).find((step) => step >= value * 0.999999)!;
}

export interface StateSpan {
  /** Unix seconds. */
  readonly from: number;
  readonly to: number;
  readonly value: number;
}

/** A series as stretches of one value each; a hole is a gap. Unmerged, each step is a stretch of its own. */
export function stateSpans(
  times: readonly number[],
  values: readonly (number | null)[],
  step: number,
  isSame: (a: number, b: number) => boolean,
): StateSpan[] {
  const spans: { from: number; to: number; value: number }[] = [];
  values.forEach((value, i) => {
    if (value === null) return;
    const time = times[i]!;
    const last = spans.at(-1);
    if (last && Math.abs(last.to - time) < step / 2 && isSame(last.value, value)) last.to = time + step;
    else spans.push({ from: time, to: time + step, value });
  });
  return spans;
}
