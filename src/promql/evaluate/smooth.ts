import { labelValue, METRIC_NAME } from '../../model/labels.ts';
import { texts } from '../annotations.ts';
import type { VectorSelector } from '../ast.ts';
import { interpolate, interpolateHistograms } from '../functions/extended-rate.ts';
import { usesCustomBuckets } from '../histogram/buckets.ts';
import type { EvalContext } from './context.ts';
import { evaluateRangeVector, type RangeSeries } from './ranges.ts';
import { firstAfter } from './search.ts';
import { lookTime, lookTimes } from './times.ts';
import {
  type Column,
  columnBytes,
  type Grid,
  isEmptyColumn,
  type MutableColumn,
  newColumn,
  setFloat,
  setHistogram,
} from './value.ts';

/** An instant selector with `smoothed`: the value between the samples around each step, the last one where none follows. */
export function smoothSelector(
  context: EvalContext,
  selector: VectorSelector,
  grid: Grid,
): readonly Column[] {
  const { lookbackMs } = context.options;
  const times = lookTimes(selector, context.window);
  const matrix = { kind: 'matrix', selector, range: 1, position: selector.position, height: 2 } as const;
  const columns: Column[] = [];
  for (const uncut of evaluateRangeVector(context, matrix, grid).series) {
    const series = uncut.cut();
    context.budget.bytes(columnBytes(grid.count));
    const column = newColumn(context.room, series.labels, grid.count);
    for (let step = 0; step < grid.count; step++) {
      smoothAt(context, selector, series, lookTime(times, grid, step), lookbackMs, column, step);
    }
    if (!isEmptyColumn(column)) columns.push(column);
  }
  return columns;
}

function smoothAt(
  context: EvalContext,
  selector: VectorSelector,
  series: RangeSeries,
  time: number,
  lookbackMs: number,
  column: MutableColumn,
  step: number,
): void {
  const floats = around(series.times, time, lookbackMs);
  const natives = around(series.histogramTimes, time, lookbackMs);
  if (floats.from < floats.to && natives.from < natives.to) {
    const metric = labelValue(series.labels, METRIC_NAME);
    context.annotations.warn(texts.mixedFloatsHistograms(metric), selector.position);
    return;
  }
  if (floats.from < floats.to) {
    const at = firstAfter(series.times, time) - 1;
    if (at < floats.from) return;
    const isBetween = at + 1 < floats.to && series.times[at] !== time;
    const value = isBetween
      ? interpolate(
          series.times[at]!,
          series.values[at]!,
          series.times[at + 1]!,
          series.values[at + 1]!,
          time,
          false,
        )
      : series.values[at]!;
    setFloat(column, step, value);
    return;
  }
  if (natives.from < natives.to) smoothNative(context, selector, series, time, natives, column, step);
}

function smoothNative(
  context: EvalContext,
  selector: VectorSelector,
  series: RangeSeries,
  time: number,
  natives: { from: number; to: number },
  column: MutableColumn,
  step: number,
): void {
  const { histogramTimes: times, histograms } = series;
  const at = firstAfter(times, time) - 1;
  if (at < natives.from) return;
  const before = histograms[at]!;
  if (times[at] === time) {
    setHistogram(column, step, before);
    return;
  }
  if (at + 1 >= natives.to) {
    setHistogram(column, step, { ...before, counterResetHint: 'unknown' });
    return;
  }
  const after = histograms[at + 1]!;
  const { annotations } = context;
  if (usesCustomBuckets(before) !== usesCustomBuckets(after)) {
    annotations.warn(texts.mixedExponentialCustom(labelValue(series.labels, METRIC_NAME)), selector.position);
    return;
  }
  const isCounter = before.counterResetHint !== 'gauge' || after.counterResetHint !== 'gauge';
  const site = { annotations, position: selector.position, series };
  const between = interpolateHistograms(site, times[at]!, before, times[at + 1]!, after, time, isCounter);
  if (between) setHistogram(column, step, between);
}

/** Indexes of the samples within a lookback on either side. */
function around(times: Float64Array, time: number, lookbackMs: number): { from: number; to: number } {
  return { from: firstAfter(times, time - lookbackMs), to: firstAfter(times, time + lookbackMs) };
}
