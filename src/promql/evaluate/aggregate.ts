import {
  compareLabels,
  type Labels,
  labelValue,
  METRIC_NAME,
  NO_LABELS,
  textsKey,
} from '../../model/labels.ts';
import type { AggregateExpr } from '../ast.ts';
import { type EvalContext, evaluateScalar, evaluateVector, vector } from './context.ts';
import { evaluateCountValues } from './count-values.ts';
import { reducers } from './reducers.ts';
import { evaluateSelection, isSelection } from './selections.ts';
import { groupLabels } from './signatures.ts';
import { type Column, columnBytes, type Grid, isEmptyColumn, newColumn, type Value } from './value.ts';

/** Series of one output series of an aggregation. */
export interface Group {
  readonly labels: Labels;
  readonly columns: Column[];
}

export function evaluateAggregate(context: EvalContext, expr: AggregateExpr, grid: Grid): Value {
  if (expr.op === 'count_values') return evaluateCountValues(context, expr, grid);
  const params = expr.param === undefined ? undefined : evaluateScalar(context, expr.param, grid);
  const given = evaluateVector(context, expr.expr, grid);
  const columns = isSelection(expr.op) ? inOrder(given) : given;
  const groups = groupColumns(columns, expr);
  if (isSelection(expr.op)) {
    return vector(evaluateSelection(context, expr, expr.op, columns, groups, params!, grid));
  }
  const reduce = reducers[expr.op];
  context.budget.bytes(groups.length * columnBytes(grid.count));
  const results: Column[] = [];
  for (const group of groups) {
    context.budget.check();
    const dropName = group.columns.some((column) => column.dropName);
    const result = newColumn(context.room, group.labels, grid.count, dropName);
    reduce({ context, expr, grid, params }, group.columns, result);
    if (!isEmptyColumn(result)) results.push(result);
  }
  return vector(results);
}

/** By labels, as upstream's blocks give them: which of equal values is picked depends on it. The store's order is any. */
function inOrder(columns: readonly Column[]): readonly Column[] {
  const isOrdered = columns.every(
    (column, i) => i === 0 || compareLabels(columns[i - 1]!.labels, column.labels) <= 0,
  );
  return isOrdered ? columns : [...columns].sort((a, b) => compareLabels(a.labels, b.labels));
}

/** Puts series into groups by their labels, once for all steps; groups in order of first appearance. */
function groupColumns(columns: readonly Column[], expr: AggregateExpr): Group[] {
  if (!expr.without && expr.grouping.length === 0) {
    return columns.length === 0 ? [] : [{ labels: NO_LABELS, columns: [...columns] }];
  }
  const groups = new Map<string, Group>();
  const names = new Set(expr.grouping);
  const keyOf = expr.without ? keyWithout(names) : keyBy([...names]);
  for (const column of columns) {
    const key = keyOf(column.labels);
    const group = groups.get(key);
    if (group !== undefined) group.columns.push(column);
    else groups.set(key, { labels: groupLabels(column.labels, names, expr.without), columns: [column] });
  }
  return [...groups.values()];
}

/** Tells groups apart by the values of the labels named: of a single one by its value, as it is. */
function keyBy(names: readonly string[]): (labels: Labels) => string {
  if (names.length === 1) return (labels) => labelValue(labels, names[0]!);
  const values = new Array<string>(names.length);
  return (labels) => {
    for (let i = 0; i < names.length; i++) values[i] = labelValue(labels, names[i]!);
    return textsKey(values);
  };
}

/** Tells groups apart by all labels but those named and the metric name. */
function keyWithout(names: ReadonlySet<string>): (labels: Labels) => string {
  const kept: string[] = [];
  return (labels) => {
    kept.length = 0;
    for (let i = 0; i < labels.length; i += 2) {
      const name = labels[i]!;
      if (name !== METRIC_NAME && !names.has(name)) kept.push(name, labels[i + 1]!);
    }
    return textsKey(kept);
  };
}
