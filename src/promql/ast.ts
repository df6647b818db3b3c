import type { Matcher } from '../model/matcher.ts';
import type { Position } from './errors.ts';

export type ValueType = 'scalar' | 'vector' | 'matrix' | 'string';

/** The syntax tree of a query. Never changed after parsing: one tree may be evaluated many times. */
export type Expr =
  | NumberLiteral
  | StringLiteral
  | VectorSelector
  | MatrixSelector
  | SubqueryExpr
  | ParenExpr
  | UnaryExpr
  | BinaryExpr
  | CallExpr
  | AggregateExpr;

interface Node {
  readonly position: Position;
  /** Nodes on the longest way down, this one included. The parser bounds it, so recursion over a tree is safe. */
  readonly height: number;
}

export interface NumberLiteral extends Node {
  readonly kind: 'number';
  readonly value: number;
  /** Written as a duration: `5m` is the number 300. */
  readonly isDuration: boolean;
}

export interface StringLiteral extends Node {
  readonly kind: 'string';
  readonly value: string;
}

/** A duration as written: milliseconds, or an expression that needs the query's step or range. */
export type Duration = number | DurationExpr;

/** A number of seconds computed when the query's step and range are known. */
export type DurationExpr =
  | {
      readonly kind: 'literal';
      readonly value: number;
      readonly isDuration: boolean;
      readonly position: Position;
    }
  | {
      readonly kind: 'operation';
      readonly op: '+' | '-' | '*' | '/' | '%' | '^' | 'min_of' | 'max_of' | 'step' | 'range';
      readonly left?: DurationExpr;
      readonly right?: DurationExpr;
      readonly isWrapped: boolean;
      readonly position: Position;
    };

/** `@ 1234.5` in milliseconds, or the ends of the query. */
export type AtModifier = number | 'start' | 'end';

/** What moves a selector or subquery in time. */
export interface TimeShift {
  /** Milliseconds back in time, 0 for none. */
  readonly offset: Duration;
  readonly at: AtModifier | undefined;
}

export interface VectorSelector extends Node, TimeShift {
  readonly kind: 'vector';
  /** The metric name before the braces, or the empty string. */
  readonly name: string;
  /** All conditions, the name's included. */
  readonly matchers: readonly Matcher[];
  readonly extension: 'anchored' | 'smoothed' | undefined;
}

export interface MatrixSelector extends Node {
  readonly kind: 'matrix';
  /** Carries offset, `@` and extension. */
  readonly selector: VectorSelector;
  readonly range: Duration;
}

export interface SubqueryExpr extends Node, TimeShift {
  readonly kind: 'subquery';
  readonly expr: Expr;
  readonly range: Duration;
  /** Absent: the default step of the engine. */
  readonly step: Duration | undefined;
}

export interface ParenExpr extends Node {
  readonly kind: 'paren';
  readonly expr: Expr;
}

export interface UnaryExpr extends Node {
  readonly kind: 'unary';
  readonly op: '+' | '-';
  readonly expr: Expr;
}

export type ArithmeticOp = '+' | '-' | '*' | '/' | '%' | '^' | 'atan2';
export type ComparisonOp = '==' | '!=' | '<' | '>' | '<=' | '>=';
export type TrimOp = '</' | '>/';
export type SetOp = 'and' | 'or' | 'unless';
export type BinaryOp = ArithmeticOp | ComparisonOp | TrimOp | SetOp;

export type Cardinality = 'one-to-one' | 'many-to-one' | 'one-to-many' | 'many-to-many';

export interface VectorMatching {
  readonly cardinality: Cardinality;
  readonly labels: readonly string[];
  /** `on(labels)`, as against `ignoring(labels)`. */
  readonly on: boolean;
  /** Labels copied from the "one" side by group_left or group_right. */
  readonly include: readonly string[];
  readonly fillLeft: number | undefined;
  readonly fillRight: number | undefined;
}

export interface BinaryExpr extends Node {
  readonly kind: 'binary';
  readonly op: BinaryOp;
  readonly left: Expr;
  readonly right: Expr;
  readonly returnBool: boolean;
  /** Present when both sides are vectors. */
  readonly matching: VectorMatching | undefined;
}

export interface CallExpr extends Node {
  readonly kind: 'call';
  readonly name: string;
  readonly args: readonly Expr[];
}

export type AggregateOp =
  | 'sum'
  | 'avg'
  | 'count'
  | 'min'
  | 'max'
  | 'group'
  | 'stddev'
  | 'stdvar'
  | 'topk'
  | 'bottomk'
  | 'count_values'
  | 'quantile'
  | 'limitk'
  | 'limit_ratio';

export interface AggregateExpr extends Node {
  readonly kind: 'aggregate';
  readonly op: AggregateOp;
  readonly expr: Expr;
  readonly param: Expr | undefined;
  readonly grouping: readonly string[];
  readonly without: boolean;
}

const COMPARISONS: ReadonlySet<string> = new Set(['==', '!=', '<', '>', '<=', '>=']);
const SET_OPERATORS: ReadonlySet<string> = new Set(['and', 'or', 'unless']);
const TRIMS: ReadonlySet<string> = new Set(['</', '>/']);

export const isComparison = (op: BinaryOp): op is ComparisonOp => COMPARISONS.has(op);
export const isSetOperator = (op: BinaryOp): op is SetOp => SET_OPERATORS.has(op);
export const isTrim = (op: BinaryOp): op is TrimOp => TRIMS.has(op);

/** Whether the result is no longer the metric on the left. */
export const changesMetric = (op: BinaryOp): boolean =>
  !isComparison(op) && !isSetOperator(op) && !isTrim(op);

/** Removes parentheses around an expression. */
export function unwrapParens(expr: Expr): Expr {
  let inner = expr;
  while (inner.kind === 'paren') inner = inner.expr;
  return inner;
}

/**
 * The tree as it is evaluated: parentheses around arguments of functions and aggregations count for nothing. What has none of them below
 * stays the same object, so that what was made for a node holds when its tree is evaluated again.
 */
export function withoutArgumentParens(expr: Expr): Expr {
  switch (expr.kind) {
    case 'number':
    case 'string':
    case 'vector':
    case 'matrix':
      return expr;
    case 'subquery':
    case 'paren':
    case 'unary': {
      const inner = withoutArgumentParens(expr.expr);
      return inner === expr.expr ? expr : { ...expr, expr: inner };
    }
    case 'binary': {
      const left = withoutArgumentParens(expr.left);
      const right = withoutArgumentParens(expr.right);
      return left === expr.left && right === expr.right ? expr : { ...expr, left, right };
    }
    case 'call': {
      const args = expr.args.map((arg) => withoutArgumentParens(unwrapParens(arg)));
      return args.every((arg, i) => arg === expr.args[i]) ? expr : { ...expr, args };
    }
    case 'aggregate': {
      const param = expr.param && withoutArgumentParens(unwrapParens(expr.param));
      const inner = withoutArgumentParens(unwrapParens(expr.expr));
      return param === expr.param && inner === expr.expr ? expr : { ...expr, param, expr: inner };
    }
  }
}

/** The expressions directly below a node. */
export function childrenOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case 'number':
    case 'string':
    case 'vector':
      return [];
    case 'matrix':
      return [expr.selector];
    case 'subquery':
    case 'paren':
    case 'unary':
      return [expr.expr];
    case 'binary':
      return [expr.left, expr.right];
    case 'call':
      return expr.args;
    case 'aggregate':
      return expr.param === undefined ? [expr.expr] : [expr.param, expr.expr];
  }
}

/** Calls `visit` for every node, parents first. */
export function walkExpr(expr: Expr, visit: (expr: Expr) => void): void {
  visit(expr);
  for (const child of childrenOf(expr)) walkExpr(child, visit);
}
