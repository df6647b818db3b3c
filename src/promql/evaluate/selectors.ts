import type { SeriesSamples } from '../../model/queryable.ts';
import { isStaleAt, wordsOf } from '../../model/sample.ts';
import type { VectorSelector } from '../ast.ts';
import type { EvalContext } from './context.ts';
import { neededRange } from './reads.ts';
import { advanceAfter, firstAfter } from './search.ts';
import { smoothSelector } from './smooth.ts';
import { type LookTimes, lookTime, lookTimes } from './times.ts';
import {
  type Column,
  columnBytes,
  type Grid,
  type MutableColumn,
  newColumn,
  setFloat,
  setHistogram,
} from './value.ts';

/** How many series are evaluated between two looks at the clock. */
const SERIES_PER_CHECK = 64;

/** Evaluates an instant selector: per step the latest sample within the lookback, unless it is a staleness marker. */
export function evaluateSelector(
  context: EvalContext,
  selector: VectorSelector,
  grid: Grid,
): readonly Column[] {
  if (selector.extension === 'smoothed') return smoothSelector(context, selector, grid);
  return lookup(context, selector, grid, (column, step, series, index) => {
    const histogram = series.histograms?.[index];
    if (histogram) setHistogram(column, step, histogram);
    else setFloat(column, step, series.values[index]!);
  });
}

/** As evaluateSelector, but with what `pick` makes of each sample found. */
export function lookup(
  context: EvalContext,
  selector: VectorSelector,
  grid: Grid,
  pick: (column: MutableColumn, step: number, series: SeriesSamples, index: number) => void,
): readonly Column[] {
  const times = lookTimes(selector, context.window);
  const need = neededRange(selector, 0, grid, context.window, context.options);
  const columns: Column[] = [];
  let checked = 0;
  for (const series of context.reader.read(selector, need.from, need.to)) {
    if (++checked % SERIES_PER_CHECK === 0) context.budget.check();
    const column = lookupSeries(context, series, times, grid, pick);
    if (column) columns.push(column);
  }
  return columns;
}

function lookupSeries(
  context: EvalContext,
  series: SeriesSamples,
  times: LookTimes,
  grid: Grid,
  pick: (column: MutableColumn, step: number, series: SeriesSamples, index: number) => void,
): Column | undefined {
  const { timestamps, values } = series;
  const { lookbackMs } = context.options;
  const { samplesPerStep } = context.stats;
  const isTop = grid === context.grid;
  let column: MutableColumn | undefined;
  let found = 0;
  // Index of the first sample after the time looked at.
  let after = firstAfter(timestamps, lookTime(times, grid, 0));
  for (let step = 0; step < grid.count; step++) {
    const time = lookTime(times, grid, step);
    after = advanceAfter(timestamps, after, time);
    const index = after - 1;
    if (index < 0 || timestamps[index]! <= time - lookbackMs) continue;
    const value = values[index]!;
    if (Number.isNaN(value) && isStaleAt(wordsOf(values), index)) continue;
    if (column === undefined) {
      context.budget.bytes(columnBytes(grid.count));
      column = newColumn(context.room, series.labels, grid.count);
    }
    pick(column, step, series, index);
    found++;
    if (isTop) samplesPerStep[step]!++;
  }
  context.stats.totalSamples += found;
  return column;
}
