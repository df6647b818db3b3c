import { texts } from '../annotations.ts';
import type { AggregateExpr, AggregateOp } from '../ast.ts';
import { executionError } from '../errors.ts';
import { formatG } from '../numbers.ts';
import type { Group } from './aggregate.ts';
import type { EvalContext } from './context.ts';
import { Heap } from './heap.ts';
import { extentOf } from './params.ts';
import { isSampled } from './ratio-sampler.ts';
import {
  ABSENT,
  type Column,
  columnBytes,
  copyStep,
  type Grid,
  HISTOGRAM,
  type MutableColumn,
  newColumn,
} from './value.ts';

/** Aggregations that pick series rather than combine them. */
export type SelectionOp = 'topk' | 'bottomk' | 'limitk' | 'limit_ratio';

export const isSelection = (op: AggregateOp): op is SelectionOp =>
  op === 'topk' || op === 'bottomk' || op === 'limitk' || op === 'limit_ratio';

/** Picks series of each group, step by step; a single step keeps the order of the pick. */
export function evaluateSelection(
  context: EvalContext,
  expr: AggregateExpr,
  op: SelectionOp,
  columns: readonly Column[],
  groups: readonly Group[],
  params: Float64Array,
  grid: Grid,
): readonly Column[] {
  if (!checkParams(context, expr, op, params)) return [];
  context.budget.bytes(columns.length * columnBytes(grid.count));
  const picked = new Map<Column, MutableColumn>();
  for (let step = 0; step < grid.count; step++) {
    if (step % 64 === 0) context.budget.check();
    const param = params[step]!;
    if (op === 'limit_ratio' ? param === 0 : param < 1) continue;
    for (const group of groups) {
      for (const column of pick(context, expr, op, group.columns, param, step)) {
        let out = picked.get(column);
        if (out === undefined) {
          out = newColumn(context.room, column.labels, grid.count, column.dropName);
          picked.set(column, out);
        }
        copyStep(column, out, step);
      }
    }
  }
  return [...picked.values()];
}

/** False when nothing can be picked at any step. */
function checkParams(
  context: EvalContext,
  expr: AggregateExpr,
  op: SelectionOp,
  params: Float64Array,
): boolean {
  const { min, max, hasNaN } = extentOf(params);
  if (op === 'limit_ratio') {
    if (max === 0 && min === 0) return false;
    if (hasNaN) throw executionError('Ratio value is NaN');
    const { position } = expr.param!;
    if (max > 1) context.annotations.warn(texts.invalidRatio(max, 1), position);
    if (min < -1) context.annotations.warn(texts.invalidRatio(min, -1), position);
    return true;
  }
  if (max < 1) return false;
  if (hasNaN) throw executionError('Parameter value is NaN');
  if (min <= -(2 ** 63)) throw executionError(`Scalar value ${formatG(min)} underflows int64`);
  if (max >= 2 ** 63) throw executionError(`Scalar value ${formatG(max)} overflows int64`);
  return true;
}

function pick(
  context: EvalContext,
  expr: AggregateExpr,
  op: SelectionOp,
  columns: readonly Column[],
  param: number,
  step: number,
): readonly Column[] {
  if (op === 'limitk') return firstPresent(columns, Math.trunc(param), step);
  if (op === 'limit_ratio') {
    const ratio = Math.max(-1, Math.min(1, param));
    return columns.filter((column) => column.present[step] !== ABSENT && isSampled(column.labels, ratio));
  }
  const k = Math.min(Math.trunc(param), columns.length);
  return best(context, expr, op, columns, k, step);
}

function firstPresent(columns: readonly Column[], k: number, step: number): readonly Column[] {
  const first: Column[] = [];
  for (const column of columns) {
    if (first.length >= k) break;
    if (column.present[step] !== ABSENT) first.push(column);
  }
  return first;
}

/** The k greatest or least, the best first; NaN is worst. */
function best(
  context: EvalContext,
  expr: AggregateExpr,
  op: 'topk' | 'bottomk',
  columns: readonly Column[],
  k: number,
  step: number,
): readonly Column[] {
  const isTop = op === 'topk';
  const numberOf = (column: Column): number => column.values[step]!;
  const isBeaten = (held: number, value: number): boolean =>
    (isTop ? held < value : held > value) || (Number.isNaN(held) && !Number.isNaN(value));
  const heap = new Heap<Column>((a, b) => {
    const x = numberOf(a);
    return Number.isNaN(x) || (isTop ? x < numberOf(b) : x > numberOf(b));
  });
  for (const column of columns) {
    const kind = column.present[step]!;
    if (kind === ABSENT) continue;
    if (kind === HISTOGRAM) {
      context.annotations.info(texts.histogramIgnored(op), expr.position);
      continue;
    }
    if (heap.items.length < k) heap.push(column);
    else if (isBeaten(numberOf(heap.items[0]!), numberOf(column))) heap.replaceFirst(column);
  }
  return heap.items.sort((a, b) => compareBest(numberOf(a), numberOf(b), isTop));
}

function compareBest(a: number, b: number, isTop: boolean): number {
  if (Number.isNaN(a)) return Number.isNaN(b) ? 0 : 1;
  if (Number.isNaN(b)) return -1;
  if (a === b) return 0;
  return a > b === isTop ? -1 : 1;
}
