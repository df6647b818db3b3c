import { type ComparisonOp, type Expr, isComparison, unwrapParens } from '../promql/ast.ts';
import { parseExpr } from '../promql/parse.ts';
import { formatExpr } from '../promql/print.ts';

/** An expression of the shape `vector > 5`, taken apart. */
export interface Threshold {
  /** What is compared. */
  readonly left: string;
  readonly op: ComparisonOp;
  readonly value: number;
}

const MIRRORED: Readonly<Record<ComparisonOp, ComparisonOp>> = {
  '==': '==',
  '!=': '!=',
  '<': '>',
  '>': '<',
  '<=': '>=',
  '>=': '<=',
};

/** Takes the threshold out of an expression; undefined when it does not end in a comparison of a vector with a number. */
export function thresholdOf(text: string): Threshold | undefined {
  const expr = unwrapParens(parseExpr(text));
  if (expr.kind !== 'binary' || !isComparison(expr.op) || expr.returnBool) return undefined;
  const right = numberOf(expr.right);
  if (right !== undefined) return { left: formatExpr(expr.left), op: expr.op, value: right };
  const left = numberOf(expr.left);
  // With the number on the left the samples kept are those of the right side all the same.
  return left === undefined
    ? undefined
    : { left: formatExpr(expr.right), op: MIRRORED[expr.op], value: left };
}

/** Whether a comparison keeps a value. */
export function passes(value: number, op: ComparisonOp, threshold: number): boolean {
  switch (op) {
    case '==':
      return value === threshold;
    case '!=':
      return value !== threshold;
    case '<':
      return value < threshold;
    case '>':
      return value > threshold;
    case '<=':
      return value <= threshold;
    case '>=':
      return value >= threshold;
  }
}

function numberOf(outer: Expr): number | undefined {
  const expr = unwrapParens(outer);
  if (expr.kind === 'number') return expr.value;
  if (expr.kind !== 'unary') return undefined;
  const inner = numberOf(expr.expr);
  return inner === undefined ? undefined : expr.op === '-' ? -inner : inner;
}
