import { isLabelName, type Labels, labelValue, METRIC_NAME } from '../../model/labels.ts';
import { compileExpander } from '../../model/regex-template.ts';
import type { CallExpr } from '../ast.ts';
import { executionError } from '../errors.ts';
import { type EvalContext, evaluateVector, vector } from '../evaluate/context.ts';
import { mergeSameLabels } from '../evaluate/labels.ts';
import { withLabel } from '../evaluate/signatures.ts';
import type { Column, Grid, Value } from '../evaluate/value.ts';
import type { Evaluate, FunctionTable } from './table.ts';
import { stringOf } from './vectors.ts';

const labelReplace: Evaluate = (context, call, grid) => {
  const [target, template, source, pattern] = stringArguments(context, call, grid, 1) as [
    string,
    string,
    string,
    string,
  ];
  const expand = expanderOf(call, pattern);
  if (!isLabelName(target))
    throw executionError(`invalid destination label name in label_replace(): ${target}`);
  return relabelled(context, call, grid, target, (labels) => expand(labelValue(labels, source))?.(template));
};

/** Compiling takes longer than the rest of a small query, and trees are evaluated again and again. */
const compiled = new WeakMap<CallExpr, ReturnType<typeof compileExpander>>();

function expanderOf(call: CallExpr, pattern: string): ReturnType<typeof compileExpander> {
  const known = compiled.get(call);
  if (known) return known;
  try {
    const made = compileExpander(pattern);
    compiled.set(call, made);
    return made;
  } catch {
    throw executionError(`invalid regular expression in label_replace(): ${pattern}`);
  }
}

const labelJoin: Evaluate = (context, call, grid) => {
  const [target, separator, ...sources] = stringArguments(context, call, grid, 1) as [
    string,
    string,
    ...string[],
  ];
  const bad = sources.find((name) => !isLabelName(name));
  if (bad !== undefined) throw executionError(`invalid source label name in label_join(): ${bad}`);
  if (!isLabelName(target)) throw executionError(`invalid destination label name in label_join(): ${target}`);
  return relabelled(context, call, grid, target, (labels) =>
    sources.map((name) => labelValue(labels, name)).join(separator),
  );
};

function stringArguments(context: EvalContext, call: CallExpr, grid: Grid, from: number): string[] {
  return call.args.slice(from).map((arg) => stringOf(context, arg, grid));
}

/** The vector with one label set to what `value` says, if it says anything. */
function relabelled(
  context: EvalContext,
  call: CallExpr,
  grid: Grid,
  target: string,
  value: (labels: Labels) => string | undefined,
): Value {
  let made = 0;
  const columns = evaluateVector(context, call.args[0]!, grid).map((column): Column => {
    if (++made % 256 === 0) context.budget.check();
    const set = value(column.labels);
    if (set === undefined) return column;
    context.budget.bytes(100 + 2 * set.length + 8 * column.labels.length);
    const dropName = target === METRIC_NAME ? false : column.dropName;
    return { ...column, labels: withLabel(column.labels, target, set), dropName };
  });
  return vector(mergeSameLabels(context, columns, grid.count));
}

export const labelFunctions = {
  label_join: {
    args: ['vector', 'string', 'string', 'string'],
    variadic: -1,
    returns: 'vector',
    evaluate: labelJoin,
  },
  label_replace: {
    args: ['vector', 'string', 'string', 'string', 'string'],
    returns: 'vector',
    evaluate: labelReplace,
  },
} satisfies FunctionTable;
