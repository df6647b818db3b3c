import type { Histogram } from '../../model/histogram.ts';
import type { Labels } from '../../model/labels.ts';
import type { SeriesSamples } from '../../model/queryable.ts';
import { isStaleAt, wordsOf } from '../../model/sample.ts';
import type { Expr, MatrixSelector, SubqueryExpr } from '../ast.ts';
import { type EvalContext, evaluateVector } from './context.ts';
import { neededRange } from './reads.ts';
import { firstAfter } from './search.ts';
import { type LookTimes, lookTimes, rangeMsOf, subqueryGrid } from './times.ts';
import { ABSENT, type Column, FLOAT, type Grid, HISTOGRAM, timeAt } from './value.ts';

/** The samples of one series for range functions: staleness markers removed, floats and histograms apart. */
export interface RangeSeries {
  readonly labels: Labels;
  /** The name is to be dropped whatever the function says (an inner expression of a subquery did). */
  readonly dropName: boolean;
  readonly times: Float64Array;
  readonly values: Float64Array;
  readonly starts: Float64Array | undefined;
  readonly histogramTimes: Float64Array;
  readonly histograms: readonly Histogram[];
  readonly histogramStarts: Float64Array | undefined;
  /** Indexes of values lower than the one before, found when first asked for. */
  drops: Int32Array | undefined;
}

const NO_DROPS = new Int32Array(0);

/** Where a counter fell: looked for once per series, not once per window. */
export function dropsOf(series: RangeSeries): Int32Array {
  series.drops ??= findDrops(series.values);
  return series.drops;
}

function findDrops(values: Float64Array): Int32Array {
  let first = 1;
  while (first < values.length && !(values[first]! < values[first - 1]!)) first++;
  if (first >= values.length) return NO_DROPS;
  const drops = new Int32Array(values.length - first);
  let count = 0;
  // Without a branch: a gauge falls every other time.
  for (let i = first; i < values.length; i++) {
    drops[count] = i;
    count += values[i]! < values[i - 1]! ? 1 : 0;
  }
  return drops.subarray(0, count);
}

/** A range vector before it is cut into windows. */
export interface RangeVector {
  readonly series: readonly UncutSeries[];
  readonly rangeMs: number;
  readonly times: LookTimes;
  readonly extension: 'anchored' | 'smoothed' | undefined;
}

/** A series that is cut when its turn comes: what is then done with it finds it in the processor's cache. */
export interface UncutSeries {
  cut(): RangeSeries;
}

export type RangeExpr = MatrixSelector | SubqueryExpr;

export const isRangeExpr = (expr: Expr): expr is RangeExpr =>
  expr.kind === 'matrix' || expr.kind === 'subquery';

export function evaluateRangeVector(context: EvalContext, expr: RangeExpr, grid: Grid): RangeVector {
  context.trace?.enter(expr);
  const range =
    expr.kind === 'matrix' ? fromSelector(context, expr, grid) : fromSubquery(context, expr, grid);
  context.trace?.leave(range.series.length);
  return range;
}

function fromSelector(context: EvalContext, expr: MatrixSelector, grid: Grid): RangeVector {
  const { selector } = expr;
  const rangeMs = rangeMsOf(expr.range, context.window);
  const need = neededRange(selector, rangeMs, grid, context.window, context.options);
  const series: UncutSeries[] = [];
  for (const samples of context.reader.read(selector, need.from, need.to)) {
    const from = firstAfter(samples.timestamps, need.from - 1);
    const to = firstAfter(samples.timestamps, need.to - 1);
    if (from < to) series.push(new SelectedSeries(context, samples, from, to));
  }
  const times = lookTimes(selector, context.window);
  return { series, rangeMs, times, extension: selector.extension };
}

/** Samples [from, to) of a series as the store gave it. */
class SelectedSeries implements UncutSeries {
  readonly #context: EvalContext;
  readonly #samples: SeriesSamples;
  readonly #from: number;
  readonly #to: number;

  constructor(context: EvalContext, samples: SeriesSamples, from: number, to: number) {
    this.#context = context;
    this.#samples = samples;
    this.#from = from;
    this.#to = to;
  }

  cut(): RangeSeries {
    return split(this.#context, this.#samples, this.#from, this.#to);
  }
}

const NO_TIMES = new Float64Array(0);
const NO_WORDS = new Uint32Array(0);
const NO_HISTOGRAMS: readonly Histogram[] = [];

/** The column itself where all of it is meant: a view costs more than what a rule does with it. */
const part = (column: Float64Array, from: number, to: number): Float64Array =>
  from === 0 && to === column.length ? column : column.subarray(from, to);

function split(context: EvalContext, samples: SeriesSamples, from: number, to: number): RangeSeries {
  const { timestamps, values, histograms, startTimestamps } = samples;
  const { labels } = samples;
  let stale = 0;
  let native = 0;
  const mayLose = histograms !== undefined || hasNaN(values, from, to);
  const words = mayLose ? wordsOf(values) : NO_WORDS;
  if (mayLose) {
    for (let i = from; i < to; i++) {
      if (histograms?.[i] !== undefined) native++;
      else if (Number.isNaN(values[i]) && isStaleAt(words, i)) stale++;
    }
  }
  if (stale + native === 0) {
    return {
      labels,
      dropName: false,
      times: part(timestamps, from, to),
      values: part(values, from, to),
      starts: startTimestamps && part(startTimestamps, from, to),
      histogramTimes: NO_TIMES,
      histograms: NO_HISTOGRAMS,
      histogramStarts: undefined,
      drops: undefined,
    };
  }
  context.budget.bytes(24 * (to - from) + 8 * native);
  const floatPlaces = new Uint32Array(to - from - stale - native);
  const nativePlaces = new Uint32Array(native);
  let floats = 0;
  let natives = 0;
  for (let i = from; i < to; i++) {
    if (histograms?.[i] !== undefined) nativePlaces[natives++] = i;
    else if (!(Number.isNaN(values[i]) && isStaleAt(words, i))) floatPlaces[floats++] = i;
  }
  return {
    labels,
    dropName: false,
    times: gather(timestamps, floatPlaces),
    values: gather(values, floatPlaces),
    starts: startTimestamps && gather(startTimestamps, floatPlaces),
    histogramTimes: gather(timestamps, nativePlaces),
    histograms: Array.from(nativePlaces, (i) => histograms![i]!),
    histogramStarts: startTimestamps && gather(startTimestamps, nativePlaces),
    drops: undefined,
  };
}

/** Most series have none, and are told by this alone. */
function hasNaN(values: Float64Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (Number.isNaN(values[i])) return true;
  return false;
}

function gather(column: Float64Array, indexes: Uint32Array): Float64Array {
  const gathered = new Float64Array(indexes.length);
  for (let i = 0; i < indexes.length; i++) gathered[i] = column[indexes[i]!]!;
  return gathered;
}

function fromSubquery(context: EvalContext, expr: SubqueryExpr, grid: Grid): RangeVector {
  const { window, options } = context;
  const inner = subqueryGrid(expr, grid, window, options);
  const columns = inner.count > 0 ? evaluateVector(context, expr.expr, inner) : [];
  context.budget.bytes(columns.length * inner.count * 16);
  return {
    series: columns.map((column) => ({ cut: () => fromColumn(column, inner) })),
    rangeMs: rangeMsOf(expr.range, window),
    times: lookTimes(expr, window),
    extension: undefined,
  };
}

function fromColumn(column: Column, grid: Grid): RangeSeries {
  const { present } = column;
  let floats = 0;
  let native = 0;
  for (let step = 0; step < present.length; step++) {
    if (present[step] === FLOAT) floats++;
    else if (present[step] === HISTOGRAM) native++;
  }
  const times = new Float64Array(floats);
  const values = new Float64Array(floats);
  const histogramTimes = new Float64Array(native);
  const histograms: Histogram[] = [];
  let at = 0;
  for (let step = 0; step < present.length; step++) {
    if (present[step] === ABSENT) continue;
    if (present[step] === FLOAT) {
      times[at] = timeAt(grid, step);
      values[at++] = column.values[step]!;
    } else {
      histogramTimes[histograms.length] = timeAt(grid, step);
      histograms.push(withoutResetHint(column.histograms![step]!));
    }
  }
  return {
    labels: column.labels,
    dropName: column.dropName,
    times,
    values,
    starts: undefined,
    histogramTimes,
    histograms,
    histogramStarts: undefined,
    drops: undefined,
  };
}

/** A subquery may skip or repeat samples, so a hint about the sample before does not hold any more. */
function withoutResetHint(histogram: Histogram): Histogram {
  const { counterResetHint } = histogram;
  const isTold = counterResetHint === 'reset' || counterResetHint === 'not_reset';
  return isTold ? { ...histogram, counterResetHint: 'unknown' } : histogram;
}
