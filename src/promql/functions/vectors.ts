import {
  compareLabels,
  type Labels,
  labelsOf,
  labelValue,
  METRIC_NAME,
  NO_LABELS,
} from '../../model/labels.ts';
import { texts } from '../annotations.ts';
import type { CallExpr, Expr } from '../ast.ts';
import { type EvalContext, evaluateScalar, evaluateVector, vector } from '../evaluate/context.ts';
import { evaluateRangeVector, isRangeExpr } from '../evaluate/ranges.ts';
import {
  ABSENT,
  type Column,
  FLOAT,
  type Grid,
  HISTOGRAM,
  isEmptyColumn,
  newColumn,
  setFloat,
} from '../evaluate/value.ts';
import { compareNatural } from './natural-order.ts';
import type { Evaluate, FunctionTable } from './table.ts';
import { WindowBounds } from './window-bounds.ts';
import { rejectExtension } from './windows.ts';

const vectorOf: Evaluate = (context, call, grid) => {
  const values = evaluateScalar(context, call.args[0]!, grid);
  const present = new Uint8Array(grid.count).fill(FLOAT);
  return vector([{ labels: NO_LABELS, present, values, histograms: undefined, dropName: false }]);
};

/** The one float at a step, NaN when there is none or several. */
const scalarOf: Evaluate = (context, call, grid) => {
  const values = new Float64Array(grid.count).fill(Number.NaN);
  const counts = new Uint32Array(grid.count);
  for (const column of evaluateVector(context, call.args[0]!, grid)) {
    for (let step = 0; step < grid.count; step++) {
      if (column.present[step] !== FLOAT) continue;
      counts[step]!++;
      values[step] = counts[step] === 1 ? column.values[step]! : Number.NaN;
    }
  }
  return { kind: 'scalar', values };
};

const absent: Evaluate = (context, call, grid) => {
  const present = new Uint8Array(grid.count);
  for (const column of evaluateVector(context, call.args[0]!, grid)) {
    for (let step = 0; step < grid.count; step++) if (column.present[step] !== ABSENT) present[step] = 1;
  }
  return vector(absentColumns(context, call.args[0]!, present, false));
};

const absentOverTime: Evaluate = (context, call, grid) => {
  const arg = call.args[0]!;
  if (!isRangeExpr(arg)) throw new Error('absent_over_time without a range vector');
  const range = evaluateRangeVector(context, arg, grid);
  rejectExtension(range, call, []);
  const present = new Uint8Array(grid.count);
  const bounds = new WindowBounds(range, grid, 0, 0, context.budget);
  for (const uncut of range.series) {
    context.budget.check();
    const series = uncut.cut();
    for (const times of [series.times, series.histogramTimes]) {
      if (times.length === 0) continue;
      bounds.find(times);
      for (let step = 0; step < grid.count; step++)
        if (bounds.to[step]! > bounds.from[step]!) present[step] = 1;
    }
  }
  return vector(absentColumns(context, arg, present, true));
};

/** 1 at every step that has nothing. */
function absentColumns(
  { room }: EvalContext,
  expr: Expr,
  present: Uint8Array,
  dropName: boolean,
): readonly Column[] {
  const column = newColumn(room, absentLabels(expr), present.length, dropName);
  for (let step = 0; step < present.length; step++) if (present[step] === 0) setFloat(column, step, 1);
  return isEmptyColumn(column) ? [] : [column];
}

/** The labels a selector asks for by equality, each once. */
function absentLabels(expr: Expr): Labels {
  const selector = expr.kind === 'matrix' ? expr.selector : expr;
  if (selector.kind !== 'vector') return NO_LABELS;
  const values = new Map<string, string>();
  const seen = new Set<string>();
  for (const { name, op, value } of selector.matchers) {
    if (name === METRIC_NAME) continue;
    if (op === '=' && !seen.has(name)) {
      values.set(name, value);
      seen.add(name);
    } else values.delete(name);
  }
  return labelsOf(values);
}

/** Sorting shows in an instant query only. */
function warnOfRange(context: EvalContext, call: CallExpr, grid: Grid): void {
  if (grid.count > 1) context.annotations.warn(texts.sortInRangeQuery, call.position);
}

function sortByValue(isDescending: boolean): Evaluate {
  return (context, call, grid) => {
    warnOfRange(context, call, grid);
    const columns = evaluateVector(context, call.args[0]!, grid)
      .map(floatsOf)
      .filter((column) => column !== undefined);
    if (grid.count > 1) return vector(columns);
    return vector(columns.sort((a, b) => compareValues(a.values[0]!, b.values[0]!, isDescending)));
  };
}

/** A column without its histograms; undefined when nothing is left. */
function floatsOf(column: Column): Column | undefined {
  if (!column.present.includes(HISTOGRAM)) return column;
  const present = column.present.map((kind) => (kind === HISTOGRAM ? ABSENT : kind));
  return present.includes(FLOAT) ? { ...column, present, histograms: undefined } : undefined;
}

function compareValues(a: number, b: number, isDescending: boolean): number {
  if (Number.isNaN(a)) return Number.isNaN(b) ? 0 : 1;
  if (Number.isNaN(b)) return -1;
  if (a === b) return 0;
  return a < b === isDescending ? 1 : -1;
}

function sortByLabel(isDescending: boolean): Evaluate {
  const sign = isDescending ? -1 : 1;
  return (context, call, grid) => {
    warnOfRange(context, call, grid);
    const columns = [...evaluateVector(context, call.args[0]!, grid)];
    const names = call.args.slice(1).map((arg) => stringOf(context, arg, grid));
    columns.sort((a, b) => {
      for (const name of names) {
        const order = compareNatural(labelValue(a.labels, name), labelValue(b.labels, name));
        if (order !== 0) return sign * order;
      }
      return sign * compareLabels(a.labels, b.labels);
    });
    return vector(columns);
  };
}

export function stringOf(context: EvalContext, arg: Expr, grid: Grid): string {
  const value = context.evaluate(arg, grid);
  if (value.kind !== 'string') throw new Error(`expected a string, got ${value.kind}`);
  return value.value;
}

export const vectorFunctions = {
  absent: { args: ['vector'], returns: 'vector', evaluate: absent },
  absent_over_time: { args: ['matrix'], returns: 'vector', evaluate: absentOverTime },
  scalar: { args: ['vector'], returns: 'scalar', evaluate: scalarOf },
  sort: { args: ['vector'], returns: 'vector', evaluate: sortByValue(false) },
  sort_desc: { args: ['vector'], returns: 'vector', evaluate: sortByValue(true) },
  sort_by_label: {
    args: ['vector', 'string'],
    variadic: -1,
    returns: 'vector',
    evaluate: sortByLabel(false),
  },
  sort_by_label_desc: {
    args: ['vector', 'string'],
    variadic: -1,
    returns: 'vector',
    evaluate: sortByLabel(true),
  },
  vector: { args: ['scalar'], returns: 'vector', evaluate: vectorOf },
} satisfies FunctionTable;
