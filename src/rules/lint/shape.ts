import { METRIC_NAME } from '../../model/labels.ts';
import { type BinaryExpr, changesMetric, type Expr, isSetOperator, unwrapParens } from '../../promql/ast.ts';

/** The labels that all elements of a result have at most; undefined when any may be there. */
export type Shape = ReadonlySet<string> | undefined;

const NONE: ReadonlySet<string> = new Set();

/** Works out which labels a result can have at all. Says nothing rather than too little. */
export function shapeOf(outer: Expr): Shape {
  const expr = unwrapParens(outer);
  switch (expr.kind) {
    case 'number':
    case 'string':
      return NONE;
    case 'vector':
    case 'matrix':
      return undefined;
    case 'unary':
    case 'subquery':
      return shapeOf(expr.expr);
    case 'aggregate':
      return aggregateShape(expr);
    case 'call':
      return callShape(expr.name, expr.args);
    case 'binary':
      return binaryShape(expr);
  }
}

function aggregateShape(expr: Extract<Expr, { kind: 'aggregate' }>): Shape {
  const inner = shapeOf(expr.expr);
  if (['topk', 'bottomk', 'limitk', 'limit_ratio'].includes(expr.op)) return inner;
  const added =
    expr.op === 'count_values' && expr.param && unwrapParens(expr.param).kind === 'string'
      ? [(unwrapParens(expr.param) as Extract<Expr, { kind: 'string' }>).value]
      : [];
  if (expr.without) return inner && new Set([...without(inner, expr.grouping), ...added]);
  const kept = inner ? expr.grouping.filter((label) => inner.has(label)) : expr.grouping;
  return new Set([...kept, ...added]);
}

function callShape(name: string, args: readonly Expr[]): Shape {
  switch (name) {
    case 'vector':
    case 'time':
    case 'pi':
    case 'scalar':
      return NONE;
    case 'absent':
    case 'absent_over_time':
      return absentShape(args[0]!);
    case 'label_replace':
    case 'label_join':
    case 'info':
      return undefined;
    case 'histogram_quantile': {
      const inner = args[1] && shapeOf(args[1]);
      return inner && without(inner, ['le']);
    }
    default:
      break;
  }
  if (args.length === 0) return NONE;
  const vector = args.find((arg) => !['number', 'string'].includes(unwrapParens(arg).kind));
  return vector ? shapeOf(vector) : NONE;
}

/** The labels that the selector names with `=`. */
function absentShape(arg: Expr): Shape {
  let inner = unwrapParens(arg);
  if (inner.kind === 'matrix') inner = inner.selector;
  if (inner.kind !== 'vector') return NONE;
  return new Set(
    inner.matchers.filter(({ op, name }) => op === '=' && name !== METRIC_NAME).map(({ name }) => name),
  );
}

function binaryShape(expr: BinaryExpr): Shape {
  const [left, right] = [shapeOf(expr.left), shapeOf(expr.right)];
  const { matching } = expr;
  if (!matching) {
    const isLeftNumber = isScalar(expr.left);
    return isLeftNumber ? right : left;
  }
  if (expr.op === 'or') return left && right && new Set([...left, ...right]);
  if (isSetOperator(expr.op)) return left;
  if (matching.cardinality === 'one-to-many') return right && new Set([...right, ...matching.include]);
  if (matching.cardinality === 'many-to-one') return left && new Set([...left, ...matching.include]);
  // A comparison keeps the labels that are matched on, too; the metric name is no label here.
  if (matching.on) return new Set(matching.labels);
  if (!left) return undefined;
  return changesMetric(expr.op) || matching.labels.length > 0 ? without(left, matching.labels) : left;
}

/** Whether two sides that are matched on all their labels can have none in common. */
export function neverMatch(
  expr: BinaryExpr,
): { readonly left: string[]; readonly right: string[] } | undefined {
  const { matching } = expr;
  if (!matching || expr.op === 'or' || expr.op === 'unless') return undefined;
  if (matching.on || matching.fillLeft !== undefined || matching.fillRight !== undefined) return undefined;
  const left = shapeOf(expr.left);
  const right = shapeOf(expr.right);
  if (!left || !right || !isAggregated(expr.left) || !isAggregated(expr.right)) return undefined;
  const [a, b] = [without(left, matching.labels), without(right, matching.labels)];
  const isSame = a.size === b.size && [...a].every((label) => b.has(label));
  return isSame ? undefined : { left: [...a], right: [...b] };
}

/** Whether the labels are those of a `by`: an expression of another kind may have fewer than its shape says. */
function isAggregated(outer: Expr): boolean {
  const expr = unwrapParens(outer);
  if (expr.kind === 'aggregate') return !expr.without && shapeOf(expr) !== undefined;
  if (expr.kind === 'unary') return isAggregated(expr.expr);
  if (expr.kind === 'binary' && !expr.matching)
    return isAggregated(isScalar(expr.left) ? expr.right : expr.left);
  return false;
}

function isScalar(outer: Expr): boolean {
  const expr = unwrapParens(outer);
  switch (expr.kind) {
    case 'number':
      return true;
    case 'unary':
      return isScalar(expr.expr);
    case 'binary':
      return isScalar(expr.left) && isScalar(expr.right);
    case 'call':
      return ['time', 'scalar', 'pi'].includes(expr.name);
    default:
      return false;
  }
}

const without = (labels: ReadonlySet<string>, left: readonly string[]): ReadonlySet<string> =>
  new Set([...labels].filter((label) => !left.includes(label)));
