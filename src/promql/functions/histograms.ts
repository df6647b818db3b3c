import type { Histogram } from '../../model/histogram.ts';
import { filterLabels, type Labels, labelsKey, labelValue, METRIC_NAME } from '../../model/labels.ts';
import { texts } from '../annotations.ts';
import type { Expr } from '../ast.ts';
import type { Position } from '../errors.ts';
import { type EvalContext, evaluateScalar, evaluateVector, vector } from '../evaluate/context.ts';
import { mergeSameLabels, settleNames, withoutName } from '../evaluate/labels.ts';
import { withLabel } from '../evaluate/signatures.ts';
import {
  ABSENT,
  type Column,
  columnBytes,
  FLOAT,
  type Grid,
  HISTOGRAM,
  isEmptyColumn,
  type MutableColumn,
  newColumn,
  setFloat,
  timeAt,
  type Value,
} from '../evaluate/value.ts';
import { KahanSum } from '../go-math.ts';
import { allBuckets, usesCustomBuckets } from '../histogram/buckets.ts';
import { nativeFraction, nativeQuantile } from '../histogram/quantile.ts';
import { formatG, parseGoFloat } from '../numbers.ts';
import { type ClassicBucket, classicFraction, classicQuantile } from './classic-histograms.ts';
import type { Evaluate, FunctionTable } from './table.ts';
import { stringOf } from './vectors.ts';

/** A number of each native histogram. */
function ofHistogram(compute: (histogram: Histogram) => number): Evaluate {
  return (context, call, grid) => {
    const results: Column[] = [];
    for (const column of evaluateVector(context, call.args[0]!, grid)) {
      if (column.histograms === undefined) continue;
      const labels = context.options.delayedNameRemoval
        ? column.labels
        : filterLabels(column.labels, (name) => name !== METRIC_NAME);
      context.budget.bytes(columnBytes(grid.count));
      const out = newColumn(context.room, labels, grid.count, true);
      for (let step = 0; step < grid.count; step++) {
        if (column.present[step] === HISTOGRAM) setFloat(out, step, compute(column.histograms[step]!));
      }
      if (!isEmptyColumn(out)) results.push(out);
    }
    return vector(settleNames(context, results, grid.count));
  };
}

function varianceOf(histogram: Histogram): number {
  const mean = histogram.sum / histogram.count;
  const isCustom = usesCustomBuckets(histogram);
  const squares = new KahanSum();
  for (const { lower, upper, count } of allBuckets(histogram)) {
    if (count === 0) continue;
    let value = 0;
    if (isCustom) value = (upper + lower) / 2;
    else if (!(lower <= 0 && upper >= 0)) value = Math.sqrt(upper * lower) * (upper < 0 ? -1 : 1);
    const difference = value - mean;
    squares.add(count * difference * difference);
  }
  return squares.value / histogram.count;
}

/** The buckets of one classic histogram, or a native one: the series that differ in `le` only. */
interface HistogramGroup {
  /** Without `le`, with the name. */
  readonly labels: Labels;
  readonly bounds: { readonly upper: number; readonly column: Column }[];
  readonly natives: Column[];
}

const LE = 'le';

/** Sorts series into histograms, once for all steps. */
function groupHistograms(
  context: EvalContext,
  columns: readonly Column[],
  position: Position,
): HistogramGroup[] {
  const groups = new Map<string, HistogramGroup>();
  const groupOf = (labels: Labels): HistogramGroup => {
    const key = labelsKey(labels);
    let group = groups.get(key);
    if (group === undefined) {
      group = { labels, bounds: [], natives: [] };
      groups.set(key, group);
    }
    return group;
  };
  for (const column of columns) {
    if (column.histograms !== undefined) groupOf(column.labels).natives.push(column);
    if (!column.present.includes(FLOAT)) continue;
    const le = labelValue(column.labels, LE);
    const upper = parseGoFloat(le);
    if (upper === undefined) {
      context.annotations.warn(texts.badBucketLabel(annotatedName(context, column.labels), le), position);
      continue;
    }
    groupOf(withLabel(column.labels, LE, '')).bounds.push({ upper, column });
  }
  for (const group of groups.values()) group.bounds.sort((a, b) => a.upper - b.upper);
  return [...groups.values()];
}

/** Upstream names the metric in annotations only while the name is still there. */
const annotatedName = (context: EvalContext, labels: Labels): string =>
  context.options.delayedNameRemoval ? labelValue(labels, METRIC_NAME) : '';

interface HistogramFunction {
  ofNative(histogram: Histogram, step: number, labels: Labels): number;
  ofClassic(buckets: readonly ClassicBucket[], step: number, labels: Labels): number;
}

/** Applies a function to each histogram, classic or native, at each step. */
function evaluateHistograms(
  context: EvalContext,
  groups: readonly HistogramGroup[],
  position: Position,
  grid: Grid,
  compute: HistogramFunction,
  resultLabels: (labels: Labels) => Labels,
): Column[] {
  const results: Column[] = [];
  context.budget.bytes(groups.length * columnBytes(grid.count));
  for (const group of groups) {
    context.budget.check();
    const out = newColumn(context.room, resultLabels(group.labels), grid.count, true);
    for (let step = 0; step < grid.count; step++) evaluateStep(context, group, position, step, compute, out);
    if (!isEmptyColumn(out)) results.push(out);
  }
  return results;
}

function evaluateStep(
  context: EvalContext,
  group: HistogramGroup,
  position: Position,
  step: number,
  compute: HistogramFunction,
  out: MutableColumn,
): void {
  const buckets: ClassicBucket[] = [];
  for (const { upper, column } of group.bounds) {
    if (column.present[step] === FLOAT) buckets.push({ upper, count: column.values[step]! });
  }
  const native = group.natives.find((column) => column.present[step] === HISTOGRAM);
  if (native !== undefined && buckets.length > 0) {
    context.annotations.warn(texts.mixedClassicNative(annotatedName(context, group.labels)), position);
    return;
  }
  if (native !== undefined)
    setFloat(out, step, compute.ofNative(native.histograms![step]!, step, native.labels));
  else if (buckets.length > 0) setFloat(out, step, compute.ofClassic(buckets, step, group.labels));
}

const quantileFunction = (
  context: EvalContext,
  qs: Float64Array,
  position: Position,
  grid: Grid,
): HistogramFunction => ({
  ofNative(histogram, step, labels) {
    const { value, nanEffect } = nativeQuantile(qs[step]!, histogram);
    const metric = annotatedName(context, labels);
    if (nanEffect === 'result') context.annotations.info(texts.quantileNaNResult(metric), position);
    if (nanEffect === 'skew') context.annotations.info(texts.quantileNaNSkew(metric), position);
    return value;
  },
  ofClassic(buckets, step, labels) {
    const { value, forced } = classicQuantile(qs[step]!, buckets);
    if (forced) {
      const metric = annotatedName(context, labels);
      const { from, to, difference } = forced;
      context.annotations.forcedMonotonicity(metric, position, timeAt(grid, step), from, to, difference);
    }
    return value;
  },
});

function warnOfQuantiles(context: EvalContext, qs: Float64Array, position: Position): void {
  for (const q of qs) if (!(q >= 0 && q <= 1)) context.annotations.warn(texts.invalidQuantile(q), position);
}

const histogramQuantile: Evaluate = (context, call, grid) => {
  const qs = evaluateScalar(context, call.args[0]!, grid);
  const arg = call.args[1]!;
  const columns = evaluateVector(context, arg, grid);
  warnOfQuantiles(context, qs, call.args[0]!.position);
  const groups = groupHistograms(context, columns, arg.position);
  const compute = quantileFunction(context, qs, arg.position, grid);
  return settled(
    context,
    evaluateHistograms(context, groups, arg.position, grid, compute, unnamed(context)),
    grid,
  );
};

const histogramFraction: Evaluate = (context, call, grid) => {
  const lower = evaluateScalar(context, call.args[0]!, grid);
  const upper = evaluateScalar(context, call.args[1]!, grid);
  const arg = call.args[2]!;
  const groups = groupHistograms(context, evaluateVector(context, arg, grid), arg.position);
  const compute: HistogramFunction = {
    ofNative(histogram, step, labels) {
      const { value, hasNaN } = nativeFraction(lower[step]!, upper[step]!, histogram);
      if (hasNaN) context.annotations.info(texts.fractionNaNs(annotatedName(context, labels)), arg.position);
      return value;
    },
    ofClassic: (buckets, step) => classicFraction(lower[step]!, upper[step]!, buckets),
  };
  return settled(
    context,
    evaluateHistograms(context, groups, arg.position, grid, compute, unnamed(context)),
    grid,
  );
};

const unnamed =
  (context: EvalContext) =>
  (labels: Labels): Labels =>
    withoutName(context, labels);

const settled = (context: EvalContext, columns: readonly Column[], grid: Grid): Value =>
  vector(settleNames(context, columns, grid.count));

/** Several quantiles at once, told apart by a label. */
const histogramQuantiles: Evaluate = (context, call, grid) => {
  const arg = call.args[0]!;
  const columns = evaluateVector(context, arg, grid);
  const label = stringOf(context, call.args[1]!, grid);
  const quantiles = call.args.slice(2).map((expr) => quantileArgument(context, expr, grid));
  const groups = groupHistograms(context, columns, arg.position);
  const results: Column[] = [];
  for (const qs of quantiles) {
    const compute = quantileFunction(context, qs, arg.position, grid);
    for (const distinct of new Set(qs)) {
      context.budget.check();
      const only = evaluateHistograms(context, groups, arg.position, grid, compute, (labels) =>
        withLabel(withoutName(context, labels), label, formatOpenMetrics(distinct)),
      );
      results.push(
        ...only.map((column) => atQuantile(column, qs, distinct)).filter((column) => !isEmptyColumn(column)),
      );
    }
  }
  return vector(mergeSameLabels(context, results, grid.count));
};

function quantileArgument(context: EvalContext, expr: Expr, grid: Grid): Float64Array {
  const qs = evaluateScalar(context, expr, grid);
  warnOfQuantiles(context, qs, expr.position);
  return qs;
}

/** The steps of a column at which the quantile asked for is this one. */
function atQuantile(column: Column, qs: Float64Array, q: number): Column {
  const isSame = (other: number): boolean => other === q || (Number.isNaN(other) && Number.isNaN(q));
  const present = column.present.map((kind, step) => (isSame(qs[step]!) ? kind : ABSENT));
  return { ...column, present };
}

/** As label values of OpenMetrics: Go's `%g`, and `.0` behind a whole number. */
function formatOpenMetrics(value: number): string {
  const text = formatG(value === 0 ? 0 : value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

const single = (compute: (histogram: Histogram) => number) =>
  ({ args: ['vector'], returns: 'vector', evaluate: ofHistogram(compute) }) as const;

export const histogramFunctions = {
  histogram_avg: single((histogram) => histogram.sum / histogram.count),
  histogram_count: single((histogram) => histogram.count),
  histogram_fraction: {
    args: ['scalar', 'scalar', 'vector'],
    returns: 'vector',
    evaluate: histogramFraction,
  },
  histogram_quantile: { args: ['scalar', 'vector'], returns: 'vector', evaluate: histogramQuantile },
  histogram_quantiles: {
    args: ['vector', 'string', 'scalar', 'scalar'],
    variadic: 9,
    returns: 'vector',
    evaluate: histogramQuantiles,
  },
  histogram_stddev: single((histogram) => Math.sqrt(varianceOf(histogram))),
  histogram_stdvar: single(varianceOf),
  histogram_sum: single((histogram) => histogram.sum),
} satisfies FunctionTable;
