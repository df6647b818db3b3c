import type { Expr } from '../ast.ts';
import { walkExpr } from '../ast.ts';
import { formatExpr } from '../print.ts';

/** Another way to ask for the same result. */
export interface AtCase {
  readonly expr: string;
  readonly time: number;
}

const UNSAFE: ReadonlySet<string> = new Set(
  'days_in_month day_of_month day_of_week day_of_year end hour minute month year predict_linear range start step time timestamp'.split(
    ' ',
  ),
);

/**
 * The query with `@` its own time on every selector and subquery that has none, to be evaluated at other times too; nothing
 * when its result depends on the evaluation time by other ways.
 */
export function atCases(expr: Expr, time: number): AtCase[] {
  let isUnsafe = false;
  walkExpr(expr, (node) => {
    if (node.kind === 'call' && UNSAFE.has(node.name)) isUnsafe = true;
  });
  if (isUnsafe) return [];
  const text = formatExpr(pinned(expr, time));
  const times = time === 0 ? [-1000, 0, 1000] : [-10 * time, 0, Math.trunc(time / 5), time, 10 * time];
  return times.map((at) => ({ expr: text, time: at }));
}

function pinned(expr: Expr, time: number): Expr {
  switch (expr.kind) {
    case 'vector':
      return expr.at === undefined ? { ...expr, at: time } : expr;
    case 'matrix':
      return expr.selector.at === undefined ? { ...expr, selector: { ...expr.selector, at: time } } : expr;
    case 'subquery':
      // What is inside moves with the subquery, which is fixed from here on.
      return expr.at === undefined ? { ...expr, at: time } : expr;
    case 'paren':
    case 'unary':
      return { ...expr, expr: pinned(expr.expr, time) };
    case 'binary':
      return { ...expr, left: pinned(expr.left, time), right: pinned(expr.right, time) };
    case 'call':
      return { ...expr, args: expr.args.map((arg) => pinned(arg, time)) };
    case 'aggregate':
      return { ...expr, expr: pinned(expr.expr, time), param: expr.param && pinned(expr.param, time) };
    default:
      return expr;
  }
}
