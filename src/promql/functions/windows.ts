import type { Histogram } from '../../model/histogram.ts';
import { type Labels, labelValue, METRIC_NAME, NO_LABELS } from '../../model/labels.ts';
import type { Annotations } from '../annotations.ts';
import type { CallExpr } from '../ast.ts';
import { executionError, type Position } from '../errors.ts';
import { type EvalContext, evaluateScalar, vector } from '../evaluate/context.ts';
import { rejectSameLabels, withoutName } from '../evaluate/labels.ts';
import { evaluateRangeVector, isRangeExpr, type RangeSeries, type RangeVector } from '../evaluate/ranges.ts';
import {
  ABSENT,
  type Column,
  columnBytes,
  FLOAT,
  type Grid,
  HISTOGRAM,
  histogramBytes,
  type MutableColumn,
  newColumn,
  setFloat,
  setHistogram,
  timeAt,
} from '../evaluate/value.ts';
import { SlidingExtreme } from './sliding-extreme.ts';
import type { Evaluate } from './table.ts';
import { WindowBounds } from './window-bounds.ts';

/**
 * The samples of one series within `(start, end]`: floats at `[from, to)` of the series' columns and histograms likewise. One
 * object is moved along the steps; a function reads it and leaves its result in `value` or `histogram`.
 */
export interface Window {
  series: RangeSeries;
  from: number;
  to: number;
  histogramFrom: number;
  histogramTo: number;
  /** Ends of the range asked for, without what `anchored` and `smoothed` add. */
  start: number;
  end: number;
  /** The time evaluated at. */
  time: number;
  /** Index of the step. */
  step: number;
  readonly rangeMs: number;
  readonly extension: RangeVector['extension'];
  readonly annotations: Annotations;
  /** Where annotations point: the first argument. */
  readonly position: Position;
  readonly useStartTimestamps: boolean;
  /** The window's extremes, where it is wide. */
  readonly greatest: SlidingExtreme;
  readonly least: SlidingExtreme;
  /** Room for a copy of the window's floats, kept from step to step; see scratchOf. */
  scratch: Float64Array;
  value: number;
  histogram: Histogram | undefined;
}

/** Says what it left in the window: ABSENT, FLOAT or HISTOGRAM. `scalars` are the other arguments, one per step each. */
export type WindowFunction = (window: Window, scalars: readonly Float64Array[]) => number;

export interface WindowOptions {
  readonly keepsName?: boolean;
  readonly extensions?: readonly ('anchored' | 'smoothed')[];
  /** Tells people when a metric does not look like a counter. */
  readonly wantsCounter?: boolean;
  /** Takes all windows of a series at once where it has floats only, no extension and no start timestamps to look at. */
  readonly floats?: () => FloatsFunction;
}

/** A function over all windows of one series of floats; kept from series to series within one call. */
export interface FloatsFunction {
  /** Samples a window must have to give a value. */
  readonly least: number;
  /** Fills in the column where windows are wide enough. */
  evaluate(series: RangeSeries, bounds: WindowBounds, column: MutableColumn): void;
}

const EXTENDABLE = {
  anchored: 'changes, delta, increase, rate, resets',
  smoothed: 'delta, increase, rate',
};

/** Samples looked at between two looks at the clock. */
const SAMPLES_PER_CHECK = 500_000;

/** A function over a range vector, series by series; its other arguments are scalars. */
export function perWindow(evaluate: WindowFunction, options: WindowOptions = {}): Evaluate {
  return (context, call, grid) => {
    const { range, scalars } = evaluateArguments(context, call, grid);
    rejectExtension(range, call, options.extensions ?? []);
    const window = newWindow(context, range, call.args[0]!.position);
    const walk = newWalk(context, range, grid);
    const floats = range.extension === undefined ? options.floats?.() : undefined;
    const columns: Column[] = [];
    const dropsName = options.keepsName !== true;
    // Series of one metric that lose nothing but its name stay different.
    let areDistinct = hasOneName(call);
    for (const uncut of range.series) {
      const series = uncut.cut();
      const column =
        floats && isPlain(context, series)
          ? evaluateFloats(walk, series, floats)
          : evaluateSeries(walk, window, series, evaluate, scalars);
      if (column === undefined) continue;
      column.dropName = dropsName || series.dropName;
      if (column.dropName) {
        column.labels = withoutName(context, series.labels);
        areDistinct &&= column.labels.length === series.labels.length - 2;
      }
      columns.push(column);
      if (options.wantsCounter) judgeCounter(context, series.labels, column, call);
    }
    if (!context.options.delayedNameRemoval && !areDistinct) rejectSameLabels(columns);
    return vector(columns);
  };
}

/** Whether the samples come from the store and from a single metric. */
const hasOneName = ({ args }: CallExpr): boolean =>
  args.some(
    (arg) =>
      arg.kind === 'matrix' &&
      arg.selector.matchers.some(({ name, op, value }) => name === METRIC_NAME && op === '=' && value !== ''),
  );

/** `anchored` and `smoothed` are for the functions made for them. @throws PromqlError */
export function rejectExtension(
  { extension }: RangeVector,
  call: CallExpr,
  allowed: readonly ('anchored' | 'smoothed')[],
): void {
  if (extension === undefined || allowed.includes(extension)) return;
  throw executionError(
    `${extension} modifier can only be used with: ${EXTENDABLE[extension]} - not with ${call.name}`,
  );
}

function evaluateArguments(context: EvalContext, call: CallExpr, grid: Grid) {
  let range: RangeVector | undefined;
  const scalars: Float64Array[] = [];
  for (const arg of call.args) {
    if (isRangeExpr(arg)) range = evaluateRangeVector(context, arg, grid);
    else scalars.push(evaluateScalar(context, arg, grid));
  }
  if (range === undefined) throw new Error(`no range vector among the arguments of ${call.name}`);
  return { range, scalars };
}

const NO_SERIES: RangeSeries = {
  labels: NO_LABELS,
  dropName: false,
  times: new Float64Array(0),
  values: new Float64Array(0),
  starts: undefined,
  histogramTimes: new Float64Array(0),
  histograms: [],
  histogramStarts: undefined,
  drops: undefined,
};

function newWindow(context: EvalContext, range: RangeVector, position: Position): Window {
  return {
    series: NO_SERIES,
    from: 0,
    to: 0,
    histogramFrom: 0,
    histogramTo: 0,
    start: 0,
    end: 0,
    time: 0,
    step: 0,
    rangeMs: range.rangeMs,
    extension: range.extension,
    annotations: context.annotations,
    position,
    useStartTimestamps: context.options.useStartTimestamps,
    greatest: new SlidingExtreme(true),
    least: new SlidingExtreme(false),
    scratch: new Float64Array(64),
    value: 0,
    histogram: undefined,
  };
}

/** One call's way over the windows of one series after the other. */
interface Walk {
  readonly context: EvalContext;
  readonly grid: Grid;
  readonly floats: WindowBounds;
  readonly histograms: WindowBounds;
}

function newWalk(context: EvalContext, range: RangeVector, grid: Grid): Walk {
  const back = range.extension === undefined ? 0 : context.options.lookbackMs;
  const ahead = range.extension === 'smoothed' ? context.options.lookbackMs : 0;
  const bounds = () => new WindowBounds(range, grid, back, ahead, context.budget);
  return { context, grid, floats: bounds(), histograms: bounds() };
}

/** Whether a series is its floats and nothing else. */
const isPlain = ({ options }: EvalContext, { starts, histograms }: RangeSeries): boolean =>
  histograms.length === 0 && (starts === undefined || !options.useStartTimestamps);

function evaluateFloats(walk: Walk, series: RangeSeries, floats: FloatsFunction): MutableColumn | undefined {
  const { context, grid, floats: bounds } = walk;
  context.budget.check();
  bounds.find(series.times);
  countSamples(walk, bounds);
  if (bounds.widest < floats.least) return undefined;
  context.budget.bytes(columnBytes(grid.count));
  const column = newColumn(context.room, series.labels, grid.count);
  floats.evaluate(series, bounds, column);
  return column;
}

function evaluateSeries(
  walk: Walk,
  window: Window,
  series: RangeSeries,
  evaluate: WindowFunction,
  scalars: readonly Float64Array[],
): MutableColumn | undefined {
  const { context, grid, floats, histograms } = walk;
  const { ends } = floats;
  let column: MutableColumn | undefined;
  let unchecked = 0;
  context.budget.check();
  window.series = series;
  floats.find(series.times);
  histograms.find(series.histogramTimes);
  countSamples(walk, floats);
  countSamples(walk, histograms);
  for (let step = 0; step < grid.count; step++) {
    window.from = floats.from[step]!;
    window.to = floats.to[step]!;
    window.histogramFrom = histograms.from[step]!;
    window.histogramTo = histograms.to[step]!;
    const count = window.to - window.from + window.histogramTo - window.histogramFrom;
    if (count === 0) continue;
    window.end = ends[step]!;
    window.start = window.end - window.rangeMs;
    window.time = timeAt(grid, step);
    window.step = step;
    unchecked += count;
    if (unchecked > SAMPLES_PER_CHECK) {
      unchecked = 0;
      context.budget.check();
    }
    const kind = evaluate(window, scalars);
    if (kind === ABSENT) continue;
    if (column === undefined) {
      context.budget.bytes(columnBytes(grid.count));
      column = newColumn(context.room, series.labels, grid.count);
    }
    if (kind === FLOAT) setFloat(column, step, window.value);
    else if (kind === HISTOGRAM) {
      context.budget.bytes(histogramBytes(window.histogram!));
      setHistogram(column, step, window.histogram!);
    }
  }
  return column;
}

/** Each window counts all its samples, at the steps of the query itself. */
function countSamples({ context, grid }: Walk, { samples, from, to }: WindowBounds): void {
  if (samples === 0) return;
  const { stats } = context;
  stats.totalSamples += samples;
  if (grid !== context.grid) return;
  const { samplesPerStep } = stats;
  for (let step = 0; step < from.length; step++) samplesPerStep[step]! += to[step]! - from[step]!;
}

const COUNTER_NAME = /_(?:total|sum|count|bucket)$/;

function judgeCounter(context: EvalContext, labels: Labels, column: Column, call: CallExpr): void {
  const metric = labelValue(labels, METRIC_NAME);
  if (metric === '' || !column.present.includes(FLOAT)) return;
  const { position } = call.args[0]!;
  if (context.options.typeAndUnitLabels) {
    const type = labelValue(labels, '__type__');
    if (type !== 'counter' && type !== 'histogram') {
      context.annotations.possibleNonCounter(metric, position, type);
    }
  } else if (!COUNTER_NAME.test(metric)) context.annotations.possibleNonCounter(metric, position);
}

export const metricNameOf = (window: Window): string => labelValue(window.series.labels, METRIC_NAME);

/** Leaves a float in the window. */
export function float(window: Window, value: number): number {
  window.value = value;
  return FLOAT;
}

export function native(window: Window, histogram: Histogram): number {
  window.histogram = histogram;
  return HISTOGRAM;
}

/** A copy of the window's floats that may be changed; good until the next step. */
export function scratchOf(window: Window): Float64Array {
  const { from, to, series } = window;
  const count = to - from;
  if (window.scratch.length < count) window.scratch = new Float64Array(2 * count);
  for (let i = 0; i < count; i++) window.scratch[i] = series.values[from + i]!;
  return window.scratch.subarray(0, count);
}

export const hasFloats = (window: Window): boolean => window.to > window.from;
export const hasHistograms = (window: Window): boolean => window.histogramTo > window.histogramFrom;
