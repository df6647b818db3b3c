import { METRIC_NAME, quote } from '../model/labels.ts';
import {
  type AggregateExpr,
  type BinaryExpr,
  type CallExpr,
  type Expr,
  isComparison,
  isSetOperator,
  type ValueType,
  type VectorMatching,
  type VectorSelector,
} from './ast.ts';
import { type Position, parseError } from './errors.ts';
import { functions } from './functions/all.ts';
import { compileMatcher } from './matchers.ts';

/** The type an expression evaluates to. */
export function typeOf(expr: Expr): ValueType {
  switch (expr.kind) {
    case 'number':
      return 'scalar';
    case 'string':
      return 'string';
    case 'vector':
    case 'aggregate':
      return 'vector';
    case 'matrix':
    case 'subquery':
      return 'matrix';
    case 'paren':
    case 'unary':
      return typeOf(expr.expr);
    case 'binary':
      return typeOf(expr.left) === 'scalar' && typeOf(expr.right) === 'scalar' ? 'scalar' : 'vector';
    case 'call':
      return functions[expr.name]!.returns;
  }
}

/** How people are told of a type. */
export function describeType(type: ValueType): string {
  if (type === 'vector') return 'instant vector';
  return type === 'matrix' ? 'range vector' : type;
}

/**
 * Checks types and arguments, and settles how vectors are matched.
 * @returns the tree, with `matching` where both sides are vectors and only there
 * @throws PromqlError with upstream's text
 */
export function checkTree(expr: Expr, text: string, options: CheckOptions = {}): Expr {
  return new Checker(text, options).check(expr);
}

export interface CheckOptions {
  /** Whether a selector may match every series there is, as one alone may where it is no query. */
  readonly mayMatchAll?: boolean;
}

class Checker {
  private readonly text: string;
  /** Types of nodes checked already, so that none is looked at twice. */
  private readonly types = new Map<Expr, ValueType>();

  private readonly mayMatchAll: boolean;

  constructor(text: string, { mayMatchAll = false }: CheckOptions) {
    this.text = text;
    this.mayMatchAll = mayMatchAll;
  }

  private fail(position: Position, message: string): Error {
    return parseError(this.text, position, message);
  }

  check(expr: Expr): Expr {
    const checked = this.checkNode(expr);
    this.types.set(checked, this.typeOfChecked(checked));
    return checked;
  }

  private typeOfChecked(expr: Expr): ValueType {
    if (expr.kind === 'paren' || expr.kind === 'unary') return this.types.get(expr.expr)!;
    if (expr.kind === 'binary') {
      const isScalar = this.types.get(expr.left) === 'scalar' && this.types.get(expr.right) === 'scalar';
      return isScalar ? 'scalar' : 'vector';
    }
    return typeOf(expr);
  }

  private checkNode(expr: Expr): Expr {
    switch (expr.kind) {
      case 'number':
      case 'string':
        return expr;
      case 'vector':
        this.checkSelector(expr);
        return expr;
      case 'matrix':
        this.checkSelector(expr.selector);
        return expr;
      case 'paren':
        return { ...expr, expr: this.check(expr.expr) };
      case 'unary': {
        const inner = this.check(expr.expr);
        const type = this.types.get(inner)!;
        if (type !== 'scalar' && type !== 'vector') {
          throw this.fail(
            expr.position,
            `unary expression only allowed on expressions of type scalar or instant vector, got ${quote(describeType(type))}`,
          );
        }
        return { ...expr, expr: inner };
      }
      case 'subquery': {
        const inner = this.check(expr.expr);
        const type = this.types.get(inner)!;
        if (type !== 'vector') {
          throw this.fail(expr.position, `subquery is only allowed on instant vector, got ${type} instead`);
        }
        return { ...expr, expr: inner };
      }
      case 'binary':
        return this.checkBinary(expr);
      case 'call':
        return this.checkCall(expr);
      case 'aggregate':
        return this.checkAggregate(expr);
    }
  }

  private checkSelector(selector: VectorSelector): void {
    if (selector.name !== '') {
      for (const matcher of selector.matchers.slice(0, -1)) {
        if (matcher.name !== METRIC_NAME) continue;
        throw this.fail(
          selector.position,
          `metric name must not be set twice: ${quote(selector.name)} or ${quote(matcher.value)}`,
        );
      }
      return;
    }
    const matchesAll = selector.matchers.every((matcher) => compileMatcher(matcher)(''));
    if (matchesAll && !this.mayMatchAll) {
      throw this.fail(selector.position, 'vector selector must contain at least one non-empty matcher');
    }
  }

  private expect(expr: Expr, wanted: ValueType, context: string): Expr {
    const checked = this.check(expr);
    const type = this.types.get(checked)!;
    if (type === wanted) return checked;
    throw this.fail(
      expr.position,
      `expected type ${describeType(wanted)} in ${context}, got ${describeType(type)}`,
    );
  }

  private checkAggregate(expr: AggregateExpr): AggregateExpr {
    const inner = this.expect(expr.expr, 'vector', 'aggregation expression');
    if (expr.param === undefined) return { ...expr, expr: inner };
    const wanted = expr.op === 'count_values' ? 'string' : 'scalar';
    return { ...expr, expr: inner, param: this.expect(expr.param, wanted, 'aggregation parameter') };
  }

  private checkBinary(expr: BinaryExpr): BinaryExpr {
    const left = this.check(expr.left);
    const right = this.check(expr.right);
    const leftType = this.types.get(left)!;
    const rightType = this.types.get(right)!;
    const { op, returnBool, position } = expr;
    const matching = expr.matching!;
    if (returnBool && !isComparison(op)) {
      throw this.fail(this.operatorPosition(expr), 'bool modifier can only be used on comparison operators');
    }
    if (isComparison(op) && !returnBool && leftType === 'scalar' && rightType === 'scalar') {
      throw this.fail(this.operatorPosition(expr), 'comparisons between scalars must use BOOL modifier');
    }
    for (const label of matching.on ? matching.labels : []) {
      if (!matching.include.includes(label)) continue;
      throw this.fail(
        this.operatorPosition(expr),
        `label ${quote(label)} must not occur in ON and GROUP clause at once`,
      );
    }
    for (const [side, type] of [
      [left, leftType],
      [right, rightType],
    ] as const) {
      if (type === 'scalar' || type === 'vector') continue;
      throw this.fail(side.position, 'binary expression must contain only scalar and instant vector types');
    }
    const hasFill = matching.fillLeft !== undefined || matching.fillRight !== undefined;
    if (leftType === 'scalar' || rightType === 'scalar') {
      if (matching.labels.length > 0) {
        throw this.fail(position, 'vector matching only allowed between instant vectors');
      }
      if (hasFill)
        throw this.fail(position, 'filling in missing series only allowed between instant vectors');
      if (isSetOperator(op)) {
        throw this.fail(position, `set operator ${quote(op)} not allowed in binary scalar expression`);
      }
      return { ...expr, left, right, matching: undefined };
    }
    return {
      ...expr,
      left,
      right,
      matching: isSetOperator(op) ? this.setMatching(expr, matching, hasFill) : matching,
    };
  }

  private setMatching(expr: BinaryExpr, matching: VectorMatching, hasFill: boolean): VectorMatching {
    if (matching.cardinality !== 'one-to-one') {
      throw this.fail(expr.position, `no grouping allowed for ${quote(expr.op)} operation`);
    }
    if (hasFill) throw this.fail(expr.position, 'filling in missing series not allowed for set operators');
    return { ...matching, cardinality: 'many-to-many' };
  }

  /** Where the operator stands, blanks around it left out. */
  private operatorPosition(expr: BinaryExpr): Position {
    let start = expr.left.position.end;
    while (/\s/.test(this.text[start] ?? '')) start++;
    let end = expr.right.position.start - 1;
    while (end > start && /\s/.test(this.text[end] ?? '')) end--;
    return { start, end: end + 1 };
  }

  private checkCall(expr: CallExpr): CallExpr {
    const { name, args, position } = expr;
    const row = Object.hasOwn(functions, name) ? functions[name] : undefined;
    if (row === undefined) {
      throw this.fail(
        { start: position.start, end: position.start + name.length },
        `unknown function with name ${quote(name)}`,
      );
    }
    this.checkArgumentCount(expr, row.args.length, row.variadic);
    if (name === 'info' && args.length > 1)
      return { ...expr, args: [this.argument(expr, 0, row.args), this.infoSelector(expr)] };
    return { ...expr, args: args.map((_, i) => this.argument(expr, i, row.args)) };
  }

  private argument(expr: CallExpr, index: number, types: readonly ValueType[]): Expr {
    const checked = this.check(expr.args[index]!);
    const wanted = types[Math.min(index, types.length - 1)]!;
    const type = this.types.get(checked)!;
    if (type === wanted) return checked;
    throw this.fail(
      checked.position,
      `expected type ${describeType(wanted)} in call to function ${quote(expr.name)}, got ${describeType(type)}`,
    );
  }

  private checkArgumentCount(expr: CallExpr, declared: number, variadic: number | undefined): void {
    const given = expr.args.length;
    const call = `argument(s) in call to ${quote(expr.name)}, got ${given}`;
    if (variadic === undefined) {
      if (declared !== given) throw this.fail(expr.position, `expected ${declared} ${call}`);
      return;
    }
    const least = declared - 1;
    if (given < least) throw this.fail(expr.position, `expected at least ${least} ${call}`);
    if (variadic > 0 && given > least + variadic) {
      throw this.fail(expr.position, `expected at most ${least + variadic} ${call}`);
    }
  }

  /** info()'s second argument names labels only, and may match everything. */
  private infoSelector(expr: CallExpr): Expr {
    const selector = expr.args[1]!;
    if (selector.kind !== 'vector') {
      const type = this.types.get(this.check(selector))!;
      if (type !== 'vector') {
        throw this.fail(
          expr.position,
          `expected type instant vector in call to function "info", got ${describeType(type)}`,
        );
      }
      throw this.fail(selector.position, 'expected label selectors only');
    }
    if (selector.name !== '') {
      throw this.fail(selector.position, 'expected label selectors only, got vector selector instead');
    }
    return selector;
  }
}
