import { isLabelName, labelsKey } from '../../model/labels.ts';
import type { AggregateExpr } from '../ast.ts';
import { executionError } from '../errors.ts';
import { formatHistogram } from '../histogram/format.ts';
import { formatDecimal } from '../numbers.ts';
import { quoteText } from '../string-literal.ts';
import { type EvalContext, evaluateVector, vector } from './context.ts';
import { groupLabels, withLabel } from './signatures.ts';
import {
  ABSENT,
  type Column,
  columnBytes,
  FLOAT,
  type Grid,
  type MutableColumn,
  newColumn,
  setFloat,
  type Value,
} from './value.ts';

/** count_values: per group and distinct value, how many series have it. */
export function evaluateCountValues(context: EvalContext, expr: AggregateExpr, grid: Grid): Value {
  const label = context.evaluate(expr.param!, grid);
  if (label.kind !== 'string') throw new Error('expected a string as the parameter of count_values');
  if (!isLabelName(label.value)) throw executionError(`invalid label name ${quoteText(label.value)}`);
  const names = new Set(expr.without ? expr.grouping : [...expr.grouping, label.value]);
  const results = new Map<string, MutableColumn>();
  for (const column of evaluateVector(context, expr.expr, grid)) {
    context.budget.check();
    // A gauge repeats its values: labels are made once per distinct value of a series.
    const outOfValue = new Map<string, MutableColumn>();
    for (let step = 0; step < grid.count; step++) {
      if (column.present[step] === ABSENT) continue;
      const text = textAt(column, step);
      let out = outOfValue.get(text);
      if (out === undefined) {
        const labels = groupLabels(withLabel(column.labels, label.value, text), names, expr.without);
        const key = labelsKey(labels);
        out = results.get(key);
        if (out === undefined) {
          context.budget.bytes(columnBytes(grid.count) + 2 * text.length);
          out = newColumn(context.room, labels, grid.count);
          results.set(key, out);
        }
        outOfValue.set(text, out);
      }
      setFloat(out, step, out.values[step]! + 1);
    }
  }
  return vector([...results.values()]);
}

function textAt(column: Column, step: number): string {
  return column.present[step] === FLOAT
    ? formatDecimal(column.values[step]!)
    : formatHistogram(column.histograms![step]!);
}
