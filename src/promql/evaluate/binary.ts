import { type BinaryExpr, changesMetric, isComparison, isSetOperator } from '../ast.ts';
import { type Element, floatOperations, newResult, operate, StepNotes } from './binary-element.ts';
import { type EvalContext, vector } from './context.ts';
import { settleNames, withoutName } from './labels.ts';
import { evaluateSetOperator } from './set-operators.ts';
import {
  ABSENT,
  type Column,
  columnBytes,
  FLOAT,
  type Grid,
  histogramBytes,
  type MutableColumn,
  newColumn,
  setFloat,
  setHistogram,
  type Value,
} from './value.ts';
import { evaluateVectorMatch } from './vector-match.ts';

export function evaluateBinary(context: EvalContext, expr: BinaryExpr, grid: Grid): Value {
  const left = context.evaluate(expr.left, grid);
  const right = context.evaluate(expr.right, grid);
  if (left.kind === 'scalar' && right.kind === 'scalar') {
    const operation = floatOperations[expr.op]!;
    context.budget.bytes(8 * grid.count);
    const values = new Float64Array(grid.count);
    for (let step = 0; step < grid.count; step++)
      values[step] = operation(left.values[step]!, right.values[step]!);
    return { kind: 'scalar', values };
  }
  if (left.kind === 'vector' && right.kind === 'vector') {
    const { matching } = expr;
    if (matching === undefined) throw new Error('no matching for an operator between vectors');
    if (isSetOperator(expr.op)) {
      return vector(evaluateSetOperator(context, expr.op, matching, left.columns, right.columns, grid));
    }
    return vector(evaluateVectorMatch(context, expr, matching, left.columns, right.columns, grid));
  }
  if (left.kind === 'vector' && right.kind === 'scalar') {
    return vector(withScalar(context, expr, left.columns, right.values, false, grid));
  }
  if (left.kind === 'scalar' && right.kind === 'vector') {
    return vector(withScalar(context, expr, right.columns, left.values, true, grid));
  }
  throw new Error(`operator ${expr.op} between ${left.kind} and ${right.kind}`);
}

/** A vector and a number; `isSwapped` when the number stands on the left. */
function withScalar(
  context: EvalContext,
  expr: BinaryExpr,
  columns: readonly Column[],
  numbers: Float64Array,
  isSwapped: boolean,
  grid: Grid,
): readonly Column[] {
  const { op, returnBool } = expr;
  const dropsName = changesMetric(op) || returnBool;
  const results: Column[] = [];
  const element: Element = { value: 0, histogram: undefined };
  const number: Element = { value: 0, histogram: undefined };
  const result = newResult();
  const notes = new StepNotes();
  const operation = floatOperations[op];
  const isFilter = isComparison(op) && !returnBool;
  let hasLostName = false;
  const newResultColumn = (column: Column): MutableColumn => {
    const labels = dropsName ? withoutName(context, column.labels) : column.labels;
    hasLostName ||= labels !== column.labels;
    return newColumn(context.room, labels, grid.count, dropsName || column.dropName);
  };
  context.budget.bytes(columns.length * columnBytes(grid.count));
  for (const column of columns) {
    // Made with its first value: an alert's filter leaves most series out.
    let out: MutableColumn | undefined;
    for (let step = 0; step < grid.count; step++) {
      const kind = column.present[step]!;
      if (kind === ABSENT) continue;
      if (kind === FLOAT && operation !== undefined) {
        const value = column.values[step]!;
        const computed = isSwapped ? operation(numbers[step]!, value) : operation(value, numbers[step]!);
        if (isFilter && computed === 0) continue;
        out ??= newResultColumn(column);
        setFloat(out, step, isFilter ? value : computed);
        continue;
      }
      element.value = column.values[step]!;
      element.histogram = column.histograms?.[step];
      number.value = numbers[step]!;
      const outcome = isSwapped ? operate(op, number, element, result) : operate(op, element, number, result);
      notes.set(step, result.note);
      if (outcome === 'none' || (outcome === 'drop' && !returnBool)) continue;
      out ??= newResultColumn(column);
      if (returnBool) setFloat(out, step, outcome === 'keep' ? 1 : 0);
      else if (result.histogram) {
        context.budget.bytes(histogramBytes(result.histogram));
        setHistogram(out, step, result.histogram);
      } else setFloat(out, step, result.value);
    }
    if (out !== undefined) results.push(out);
  }
  notes.tell(context.annotations, expr.position);
  return hasLostName ? settleNames(context, results, grid.count) : results;
}
