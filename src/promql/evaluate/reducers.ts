import type { Histogram } from '../../model/histogram.ts';
import { labelValue, METRIC_NAME } from '../../model/labels.ts';
import { texts } from '../annotations.ts';
import type { AggregateExpr, AggregateOp } from '../ast.ts';
import { KahanSum } from '../go-math.ts';
import { averageHistograms, type CombineEvents, sumHistograms } from '../histogram/aggregate.ts';
import { usesCustomBuckets } from '../histogram/buckets.ts';
import { averageOf } from '../mean.ts';
import { quantileOf } from '../quantile.ts';
import type { EvalContext } from './context.ts';
import { extentOf } from './params.ts';
import type { SelectionOp } from './selections.ts';
import {
  ABSENT,
  type Column,
  FLOAT,
  type Grid,
  HISTOGRAM,
  histogramBytes,
  type MutableColumn,
  setFloat,
  setHistogram,
} from './value.ts';

/** What a reducer has to know beside the series. */
export interface Reduction {
  readonly context: EvalContext;
  readonly expr: AggregateExpr;
  readonly grid: Grid;
  /** The parameter per step, where the aggregation has one. */
  readonly params: Float64Array | undefined;
}

/** Turns the series of a group into one. */
type Reducer = (reduction: Reduction, columns: readonly Column[], result: MutableColumn) => void;

export const reducers = {
  sum: addUp('sum'),
  avg: addUp('avg'),
  count: countColumns,
  min: extreme((value, best) => value < best),
  max: extreme((value, best) => value > best),
  group: (_, columns, result) => {
    for (const column of columns) {
      for (let step = 0; step < result.values.length; step++) {
        if (column.present[step] !== ABSENT) setFloat(result, step, 1);
      }
    }
  },
  stddev: spread(Math.sqrt),
  stdvar: spread((variance) => variance),
  quantile: quantiles,
} satisfies Record<Exclude<AggregateOp, SelectionOp | 'count_values'>, Reducer>;

function countColumns(_: Reduction, columns: readonly Column[], result: MutableColumn): void {
  for (const { present } of columns) {
    for (let step = 0; step < present.length; step++) {
      if (present[step] === ABSENT) continue;
      result.present[step] = FLOAT;
      result.values[step]!++;
    }
  }
}

function addUp(op: 'sum' | 'avg'): Reducer {
  return (reduction, columns, result) => {
    if (columns.some((column) => column.histograms !== undefined)) addUpMixed(op, reduction, columns, result);
    else if (op === 'sum') sumFloats(columns, result);
    else averageFloats(columns, result);
  };
}

/** Compensated sums of all steps side by side. */
function sumFloats(columns: readonly Column[], result: MutableColumn): void {
  const { values: sums, present: seen } = result;
  const compensations = new Float64Array(sums.length);
  for (const { present, values } of columns) {
    for (let step = 0; step < sums.length; step++) {
      if (present[step] === ABSENT) continue;
      const value = values[step]!;
      if (seen[step] === ABSENT) {
        seen[step] = FLOAT;
        sums[step] = value;
        continue;
      }
      const sum = sums[step]!;
      const total = sum + value;
      if (total === Number.POSITIVE_INFINITY || total === Number.NEGATIVE_INFINITY) compensations[step] = 0;
      else if (Math.abs(sum) >= Math.abs(value)) compensations[step]! += sum - total + value;
      else compensations[step]! += value - total + sum;
      sums[step] = total;
    }
  }
  for (let step = 0; step < sums.length; step++) sums[step]! += compensations[step]!;
}

function averageFloats(columns: readonly Column[], result: MutableColumn): void {
  const gathered = new Float64Array(columns.length);
  for (let step = 0; step < result.values.length; step++) {
    const count = gatherFloats(columns, step, gathered);
    if (count > 0) setFloat(result, step, averageOf(gathered, 0, count));
  }
}

function gatherFloats(columns: readonly Column[], step: number, into: Float64Array): number {
  let count = 0;
  for (const column of columns) if (column.present[step] === FLOAT) into[count++] = column.values[step]!;
  return count;
}

/** Groups in which histograms occur, step by step. */
function addUpMixed(
  op: 'sum' | 'avg',
  reduction: Reduction,
  columns: readonly Column[],
  result: MutableColumn,
): void {
  const { annotations } = reduction.context;
  const { position } = reduction.expr.expr;
  const events: CombineEvents = {
    onResetCollision: () => annotations.warn(texts.resetCollision('aggregation'), position),
    onReconciled: () => annotations.info(texts.mismatchedCustomBuckets('aggregation'), position),
  };
  const gathered = new Float64Array(columns.length);
  for (let step = 0; step < result.values.length; step++) {
    const floats = gatherFloats(columns, step, gathered);
    const histograms: Histogram[] = [];
    for (const column of columns)
      if (column.present[step] === HISTOGRAM) histograms.push(column.histograms![step]!);
    if (floats > 0 && histograms.length > 0) {
      annotations.warn(texts.mixedFloatsHistogramsAggregation, position);
    } else if (floats > 0) {
      setFloat(result, step, op === 'sum' ? sumOf(gathered, floats) : averageOf(gathered, 0, floats));
    } else if (histograms.length > 0) {
      const combined = (op === 'sum' ? sumHistograms : averageHistograms)(histograms, events);
      if (combined !== undefined) {
        reduction.context.budget.bytes(histogramBytes(combined));
        setHistogram(result, step, combined);
      } else annotations.warn(texts.mixedExponentialCustom(metricThatDiffers(columns, step)), position);
    }
  }
}

function sumOf(values: Float64Array, count: number): number {
  const sum = new KahanSum(values[0]);
  for (let i = 1; i < count; i++) sum.add(values[i]!);
  return sum.value;
}

/** The name of the first series whose buckets are of another sort than the group's first. */
function metricThatDiffers(columns: readonly Column[], step: number): string {
  const native = columns.filter((column) => column.present[step] === HISTOGRAM);
  const isCustom = usesCustomBuckets(native[0]!.histograms![step]!);
  const other = native.find((column) => usesCustomBuckets(column.histograms![step]!) !== isCustom);
  return labelValue(other!.labels, METRIC_NAME);
}

function tellIgnored({ context, expr }: Reduction, columns: readonly Column[]): void {
  if (columns.some((column) => column.histograms !== undefined && column.present.includes(HISTOGRAM))) {
    context.annotations.info(texts.histogramIgnored(expr.op), expr.expr.position);
  }
}

function extreme(wins: (value: number, best: number) => boolean): Reducer {
  return (reduction, columns, result) => {
    tellIgnored(reduction, columns);
    for (const { present, values } of columns) {
      for (let step = 0; step < result.values.length; step++) {
        if (present[step] !== FLOAT) continue;
        const value = values[step]!;
        const best = result.values[step]!;
        if (result.present[step] === ABSENT || wins(value, best) || Number.isNaN(best))
          setFloat(result, step, value);
      }
    }
  };
}

/** Variance after Welford, or what `finish` makes of it. */
function spread(finish: (variance: number) => number): Reducer {
  return (reduction, columns, result) => {
    tellIgnored(reduction, columns);
    const steps = result.values.length;
    const means = new Float64Array(steps);
    const counts = new Float64Array(steps);
    const squares = result.values;
    for (const { present, values } of columns) {
      for (let step = 0; step < steps; step++) {
        if (present[step] !== FLOAT) continue;
        const value = values[step]!;
        const count = ++counts[step]!;
        if (count === 1) {
          result.present[step] = FLOAT;
          means[step] = value;
          squares[step] = Number.isFinite(value) ? 0 : Number.NaN;
          continue;
        }
        const difference = value - means[step]!;
        means[step]! += difference / count;
        squares[step]! += difference * (value - means[step]!);
      }
    }
    for (let step = 0; step < steps; step++) {
      if (result.present[step] === FLOAT) squares[step] = finish(squares[step]! / counts[step]!);
    }
  };
}

function quantiles(reduction: Reduction, columns: readonly Column[], result: MutableColumn): void {
  const { context, expr, params } = reduction;
  tellIgnored(reduction, columns);
  const { min, max, hasNaN } = extentOf(params!);
  const warn = (q: number): void => context.annotations.warn(texts.invalidQuantile(q), expr.param!.position);
  if (hasNaN) warn(Number.NaN);
  if (max > 1) warn(max);
  if (min < 0) warn(min);
  const gathered = new Float64Array(columns.length);
  for (let step = 0; step < result.values.length; step++) {
    const count = gatherFloats(columns, step, gathered);
    if (count > 0) setFloat(result, step, quantileOf(params![step]!, gathered.subarray(0, count)));
  }
}
