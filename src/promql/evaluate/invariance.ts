import type { Expr } from '../ast.ts';

/** Functions whose result depends on the evaluation time itself, or on the sample times of their argument. */
const TIME_DEPENDENT: ReadonlySet<string> = new Set(
  'days_in_month day_of_month day_of_week day_of_year hour minute month year predict_linear time timestamp'.split(
    ' ',
  ),
);

/**
 * Which nodes give the same at every step, since all they read is fixed by `@`. Such a node is evaluated once and repeated.
 * Whether an aggregation is invariant is told by its vector alone, as upstream does.
 */
export class StepInvariance {
  private readonly known = new Map<Expr, boolean>();

  isInvariant(expr: Expr): boolean {
    let known = this.known.get(expr);
    if (known === undefined) {
      known = this.judge(expr);
      this.known.set(expr, known);
    }
    return known;
  }

  /** Whether to evaluate the node once and repeat it. Range vectors are windows, not steps; literals cost nothing. */
  isRepeatable(expr: Expr): boolean {
    switch (expr.kind) {
      case 'number':
      case 'string':
      case 'matrix':
      case 'subquery':
        return false;
      case 'paren':
      case 'unary':
        return this.isRepeatable(expr.expr);
      default:
        return this.isInvariant(expr);
    }
  }

  private judge(expr: Expr): boolean {
    switch (expr.kind) {
      case 'number':
      case 'string':
        return true;
      case 'vector':
      case 'subquery':
        return expr.at !== undefined;
      case 'matrix':
        return expr.selector.at !== undefined;
      case 'paren':
      case 'unary':
      case 'aggregate':
        return this.isInvariant(expr.expr);
      case 'binary':
        return this.isInvariant(expr.left) && this.isInvariant(expr.right);
      case 'call': {
        if (expr.name === 'timestamp') {
          const arg = expr.args[0]!;
          return arg.kind === 'vector' && this.isInvariant(arg);
        }
        return !TIME_DEPENDENT.has(expr.name) && expr.args.every((arg) => this.isInvariant(arg));
      }
    }
  }
}
