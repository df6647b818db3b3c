import type { CallExpr, ValueType } from '../ast.ts';
import type { EvalContext } from '../evaluate/context.ts';
import type { Grid, Value } from '../evaluate/value.ts';

/** All there is to know about a function. */
export interface FunctionRow {
  readonly args: readonly ValueType[];
  /** How many of the last argument may be given beyond one: n more, or -1 for any number; the last is optional then. */
  readonly variadic?: number;
  readonly returns: ValueType;
  readonly evaluate: Evaluate;
}

export type Evaluate = (context: EvalContext, call: CallExpr, grid: Grid) => Value;

export type FunctionTable = Readonly<Record<string, FunctionRow>>;
