import type { Matcher } from '../model/matcher.ts';
import type { Duration, Expr, TimeShift, VectorSelector } from '../promql/ast.ts';
import { functions } from '../promql/functions/all.ts';
import { formatDecimal } from '../promql/numbers.ts';

/** A syntax tree in the JSON of upstream's `/parse_query`. Durations in ms, 0 where they are expressions. */
export function treeJson(expr: Expr): Record<string, unknown> {
  switch (expr.kind) {
    case 'number':
      return { type: 'numberLiteral', val: formatDecimal(expr.value) };
    case 'string':
      return { type: 'stringLiteral', val: expr.value };
    case 'paren':
      return { type: 'parenExpr', expr: treeJson(expr.expr) };
    case 'unary':
      return { type: 'unaryExpr', op: expr.op, expr: treeJson(expr.expr) };
    case 'vector':
      return { type: 'vectorSelector', ...selectorJson(expr) };
    case 'matrix':
      return { type: 'matrixSelector', range: millisOf(expr.range), ...selectorJson(expr.selector) };
    case 'subquery':
      return {
        type: 'subquery',
        expr: treeJson(expr.expr),
        range: millisOf(expr.range),
        step: expr.step === undefined ? 0 : millisOf(expr.step),
        ...shiftJson(expr),
      };
    case 'call': {
      const row = functions[expr.name]!;
      return {
        type: 'call',
        func: {
          name: expr.name,
          argTypes: row.args,
          variadic: row.variadic ?? 0,
          returnType: row.returns,
        },
        args: expr.args.map(treeJson),
      };
    }
    case 'aggregate':
      return {
        type: 'aggregation',
        op: expr.op,
        expr: treeJson(expr.expr),
        param: expr.param === undefined ? null : treeJson(expr.param),
        grouping: expr.grouping,
        without: expr.without,
      };
    case 'binary': {
      const { matching } = expr;
      return {
        type: 'binaryExpr',
        op: expr.op,
        lhs: treeJson(expr.left),
        rhs: treeJson(expr.right),
        matching: matching
          ? {
              card: matching.cardinality,
              labels: matching.labels,
              on: matching.on,
              include: matching.include,
              fillValues: { lhs: matching.fillLeft ?? null, rhs: matching.fillRight ?? null },
            }
          : null,
        bool: expr.returnBool,
      };
    }
  }
}

function selectorJson(selector: VectorSelector): Record<string, unknown> {
  return {
    name: selector.name,
    ...shiftJson(selector),
    matchers: selector.matchers.map(({ name, op, value }: Matcher) => ({ name, value, type: op })),
    anchored: selector.extension === 'anchored',
    smoothed: selector.extension === 'smoothed',
  };
}

const shiftJson = ({ offset, at }: TimeShift): Record<string, unknown> => ({
  offset: millisOf(offset),
  timestamp: typeof at === 'number' ? at : null,
  startOrEnd: typeof at === 'string' ? at : null,
});

const millisOf = (duration: Duration): number => (typeof duration === 'number' ? duration : 0);
