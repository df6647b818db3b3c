import type { Histogram } from '../model/histogram.ts';
import { compareLabels, NO_LABELS } from '../model/labels.ts';
import type { Querier, Queryable, QueryBudget } from '../model/queryable.ts';
import { freshRoom } from '../model/room.ts';
import { type Expr, unwrapParens, walkExpr } from './ast.ts';
import { describeType, typeOf } from './check.ts';
import { executionError, PromqlError } from './errors.ts';
import type { EngineOptions, QueryWindow } from './evaluate/context.ts';
import { Evaluation } from './evaluate/evaluation.ts';
import { extendToEdges } from './evaluate/extended-matrix.ts';
import { dropMetadata, mergeSameLabels, rejectSameLabels } from './evaluate/labels.ts';
import { evaluateRangeVector, isRangeExpr, type RangeSeries } from './evaluate/ranges.ts';
import { firstAfter } from './evaluate/search.ts';
import { lookTime } from './evaluate/times.ts';
import type { NodeCost } from './evaluate/trace.ts';
import { ABSENT, type Column, FLOAT, HISTOGRAM, timeAt, type Value } from './evaluate/value.ts';
import { type QueryValue, type ResultSeries, sortSeries } from './result.ts';

export type { NodeCost } from './evaluate/trace.ts';
export type {
  MatrixResult,
  QueryValue,
  ResultSample,
  ResultSeries,
  ScalarResult,
  StringResult,
  VectorResult,
} from './result.ts';

export interface QueryOptions extends Partial<EngineOptions> {
  /** Limits of the query; what it spends is charged before it is allocated. */
  readonly budget: QueryBudget;
  /** The query as written: annotations give positions in it. */
  readonly query: string;
  /** Monotonic ms; given when the cost of each node is asked for. */
  readonly traceClock?: () => number;
}

export interface QueryStats {
  /** Samples looked at: a window counts every sample in it, at every step. */
  readonly totalSamples: number;
  /** The same per step. */
  readonly samplesPerStep: Float64Array;
  /** Milliseconds of the first step and between steps. */
  readonly startMs: number;
  readonly stepMs: number;
}

export interface QueryOutcome {
  readonly value: QueryValue;
  /** `PromQL warning: … (line:col)`, and what the store could not read. */
  readonly warnings: string[];
  readonly infos: string[];
  readonly stats: QueryStats;
  /** Of the whole expression, with `traceClock`. */
  readonly cost: NodeCost | undefined;
}

const DEFAULTS: EngineOptions = {
  lookbackMs: 300_000,
  defaultSubqueryStepMs: 60_000,
  delayedNameRemoval: false,
  useStartTimestamps: false,
  typeAndUnitLabels: false,
};

/**
 * Evaluates an expression at one time (Unix ms).
 * @throws PromqlError, or what the budget throws when a limit is passed
 */
export function evaluateInstant(
  expr: Expr,
  timestampMs: number,
  source: Queryable | Querier,
  options: QueryOptions,
): QueryOutcome {
  const window = { startMs: timestampMs, endMs: timestampMs, stepMs: 0 };
  return withQuerier(source, options, (querier, mayView) => {
    const evaluation = newEvaluation(expr, window, 1, options, querier);
    const inner = unwrapParens(expr);
    const value = isRangeExpr(inner)
      ? matrixAt(evaluation, inner, mayView)
      : instantResult(evaluation, evaluation.value(), timestampMs, isOrdering(expr));
    return outcome(value, evaluation, options, querier);
  });
}

/**
 * Evaluates an expression at `startMs`, `startMs + stepMs`, … up to `endMs` (Unix ms); series come sorted by labels.
 * @throws PromqlError, or what the budget throws when a limit is passed
 */
export function evaluateRange(
  expr: Expr,
  range: { readonly startMs: number; readonly endMs: number; readonly stepMs: number },
  source: Queryable | Querier,
  options: QueryOptions,
): QueryOutcome {
  const type = typeOf(expr);
  if (type !== 'scalar' && type !== 'vector') {
    const message = `invalid expression type "${describeType(type)}" for range query, must be Scalar or instant Vector`;
    throw new PromqlError('bad_data', message);
  }
  const count = Math.floor((range.endMs - range.startMs) / range.stepMs) + 1;
  return withQuerier(source, options, (querier, mayView) => {
    const window: QueryWindow = { startMs: range.startMs, endMs: range.endMs, stepMs: range.stepMs };
    const evaluation = newEvaluation(expr, window, count, options, querier);
    return outcome(rangeResult(evaluation, evaluation.value(), mayView), evaluation, options, querier);
  });
}

/** @param run is told whether the result may refer to memory of the querier: whoever opened it closes it, and looks at the result before */
function withQuerier(
  source: Queryable | Querier,
  options: QueryOptions,
  run: (querier: Querier, mayView: boolean) => QueryOutcome,
): QueryOutcome {
  if ('select' in source) return run(source, true);
  const querier = source.querier(options.budget);
  try {
    return run(querier, false);
  } finally {
    querier.close();
  }
}

function newEvaluation(
  expr: Expr,
  window: QueryWindow,
  steps: number,
  options: QueryOptions,
  querier: Querier,
): Evaluation {
  const { budget, traceClock } = options;
  return new Evaluation(expr, window, steps, engineOptions(options), budget, querier, traceClock);
}

function engineOptions(options: QueryOptions): EngineOptions {
  return {
    lookbackMs: options.lookbackMs ?? DEFAULTS.lookbackMs,
    defaultSubqueryStepMs: options.defaultSubqueryStepMs ?? DEFAULTS.defaultSubqueryStepMs,
    delayedNameRemoval: options.delayedNameRemoval ?? DEFAULTS.delayedNameRemoval,
    useStartTimestamps: options.useStartTimestamps ?? DEFAULTS.useStartTimestamps,
    typeAndUnitLabels: options.typeAndUnitLabels ?? DEFAULTS.typeAndUnitLabels,
  };
}

function outcome(
  value: QueryValue,
  evaluation: Evaluation,
  options: QueryOptions,
  querier: Querier,
): QueryOutcome {
  const { annotations, stats, grid } = evaluation;
  return {
    value,
    warnings: [...annotations.texts('warning', options.query), ...(querier.warnings ?? [])],
    infos: annotations.texts('info', options.query),
    stats: {
      totalSamples: stats.totalSamples,
      samplesPerStep: stats.samplesPerStep,
      startMs: grid.start,
      stepMs: grid.step,
    },
    cost: evaluation.trace?.cost,
  };
}

/** Drops the names that were kept to the end. */
function withoutDroppedNames(columns: readonly Column[]): Column[] {
  return columns.map((column) =>
    column.dropName ? { ...column, labels: dropMetadata(column.labels) } : column,
  );
}

/** Whether an expression puts its result in an order of its own. */
function isOrdering(expr: Expr): boolean {
  let isOrdering = false;
  walkExpr(expr, (node) => {
    if (node.kind === 'call') isOrdering ||= node.name.startsWith('sort');
    else if (node.kind === 'aggregate') isOrdering ||= node.op === 'topk' || node.op === 'bottomk';
  });
  return isOrdering;
}

/** Without an order of its own a vector comes sorted by labels: the store gives series in any order. */
function instantResult(
  evaluation: Evaluation,
  value: Value,
  timestamp: number,
  isOrdered: boolean,
): QueryValue {
  if (value.kind === 'string') return { kind: 'string', timestamp, value: value.value };
  if (value.kind === 'scalar') return { kind: 'scalar', timestamp, value: value.values[0]! };
  const isDelayed = evaluation.options.delayedNameRemoval;
  const columns = isDelayed ? withoutDroppedNames(value.columns) : value.columns;
  rejectSameLabels(columns);
  const samples = columns
    .filter((column) => column.present[0] !== ABSENT)
    .map((column) => ({
      labels: column.labels,
      timestamp,
      value: column.values[0]!,
      histogram: column.present[0] === HISTOGRAM ? column.histograms![0] : undefined,
    }));
  if (!isOrdered) samples.sort((a, b) => compareLabels(a.labels, b.labels));
  return { kind: 'vector', samples };
}

function rangeResult(evaluation: Evaluation, value: Value, mayView: boolean): QueryValue {
  const { grid } = evaluation;
  if (value.kind === 'string') throw executionError('a string in a range query');
  const timestamps = new Float64Array(grid.count);
  for (let step = 0; step < grid.count; step++) timestamps[step] = timeAt(grid, step);
  if (value.kind === 'scalar') {
    return { kind: 'matrix', series: [{ labels: NO_LABELS, timestamps, values: value.values }] };
  }
  const isDelayed = evaluation.options.delayedNameRemoval;
  const named = isDelayed ? withoutDroppedNames(value.columns) : value.columns;
  const columns = mergeSameLabels(evaluation, named, grid.count);
  evaluation.budget.bytes(columns.length * grid.count * 16);
  const series: ResultSeries[] = [];
  for (const column of columns) {
    const packed = pack(evaluation, column, timestamps, mayView);
    if (packed) series.push(packed);
  }
  return { kind: 'matrix', series: series.sort((a, b) => compareLabels(a.labels, b.labels)) };
}

/** A column without its gaps. @param times of all steps */
function pack(
  evaluation: Evaluation,
  column: Column,
  times: Float64Array,
  mayView: boolean,
): ResultSeries | undefined {
  const { present } = column;
  let count = 0;
  for (let step = 0; step < present.length; step++) if (present[step] !== ABSENT) count++;
  if (count === 0) return undefined;
  if (mayView && count === present.length && column.histograms === undefined)
    return { labels: column.labels, timestamps: times, values: column.values };
  const floats = (mayView ? evaluation.room : freshRoom).floats(2 * count);
  const timestamps = floats.subarray(0, count);
  const values = floats.subarray(count);
  const histograms = column.histograms === undefined ? undefined : new Array<Histogram | undefined>(count);
  let at = 0;
  for (let step = 0; step < present.length; step++) {
    if (present[step] === ABSENT) continue;
    timestamps[at] = times[step]!;
    if (present[step] === FLOAT) values[at] = column.values[step]!;
    else if (histograms) {
      histograms[at] = column.histograms![step];
      values[at] = histograms[at]!.sum;
    }
    at++;
  }
  return histograms
    ? { labels: column.labels, timestamps, values, histograms }
    : { labels: column.labels, timestamps, values };
}

/** A range vector as the result itself: the samples as they are. */
function matrixAt(
  evaluation: Evaluation,
  expr: Parameters<typeof evaluateRangeVector>[1],
  mayView: boolean,
): QueryValue {
  const { grid } = evaluation;
  const range = evaluateRangeVector(evaluation, expr, grid);
  const end = lookTime(range.times, grid, 0);
  const start = end - range.rangeMs;
  const series: ResultSeries[] = [];
  for (const uncut of range.series) {
    const samples = uncut.cut();
    if (range.extension !== undefined) {
      const extended = extendedSeries(samples, start, end, range.extension);
      if (extended) series.push(extended);
      continue;
    }
    const from = firstAfter(samples.times, start);
    const to = firstAfter(samples.times, end);
    const nativeFrom = firstAfter(samples.histogramTimes, start);
    const nativeTo = firstAfter(samples.histogramTimes, end);
    if (from === to && nativeFrom === nativeTo) continue;
    const labels =
      samples.dropName && evaluation.options.delayedNameRemoval
        ? dropMetadata(samples.labels)
        : samples.labels;
    evaluation.count(to - from + nativeTo - nativeFrom);
    series.push(
      sortSeries(
        labels,
        mayView ? samples.times.subarray(from, to) : samples.times.slice(from, to),
        mayView ? samples.values.subarray(from, to) : samples.values.slice(from, to),
        samples.histogramTimes.slice(nativeFrom, nativeTo),
        samples.histograms.slice(nativeFrom, nativeTo),
      ),
    );
  }
  return { kind: 'matrix', series: series.sort((a, b) => compareLabels(a.labels, b.labels)) };
}

function extendedSeries(
  samples: RangeSeries,
  start: number,
  end: number,
  extension: 'anchored' | 'smoothed',
): ResultSeries | undefined {
  if (samples.histograms.length > 0)
    throw executionError(`${extension} modifier is not supported with histograms`);
  const points = extendToEdges(samples.times, samples.values, start, end, extension === 'smoothed');
  return points && { labels: samples.labels, timestamps: points.times, values: points.values };
}
