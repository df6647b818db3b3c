import { type BinaryExpr, type CallExpr, type Expr, isComparison, unwrapParens } from '../../promql/ast.ts';
import { formatExpr } from '../../promql/print.ts';

/** Values that an expression can have, both ends included; NaN aside. */
export interface Bounds {
  readonly low: number;
  readonly high: number;
}

const ANY: Bounds = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
const POSITIVE: Bounds = { low: 0, high: Number.POSITIVE_INFINITY };
const SHARE: Bounds = { low: 0, high: 1 };

/** What is known of values by their names or by how they are made. Says nothing rather than too little. */
export function boundsOf(outer: Expr): Bounds {
  const expr = unwrapParens(outer);
  switch (expr.kind) {
    case 'number':
      return { low: expr.value, high: expr.value };
    case 'vector':
      return SHARES.has(expr.name) ? SHARE : ANY;
    case 'unary': {
      const { low, high } = boundsOf(expr.expr);
      return expr.op === '-' ? { low: -high, high: -low } : { low, high };
    }
    case 'aggregate': {
      if (expr.op === 'count') return { low: 1, high: Number.POSITIVE_INFINITY };
      if (expr.op === 'group') return { low: 1, high: 1 };
      const inner = boundsOf(expr.expr);
      if (['avg', 'min', 'max', 'topk', 'bottomk', 'limitk', 'limit_ratio'].includes(expr.op)) return inner;
      if (expr.op === 'stddev' || expr.op === 'stdvar') return POSITIVE;
      return expr.op === 'sum' && inner.low >= 0 ? POSITIVE : ANY;
    }
    case 'call':
      return callBounds(expr);
    case 'binary':
      return binaryBounds(expr);
    default:
      return ANY;
  }
}

const GROWTH = new Set([
  'rate',
  'irate',
  'increase',
  'changes',
  'resets',
  'count_over_time',
  'stddev_over_time',
]);
const KEEPING = new Set([
  'avg_over_time',
  'min_over_time',
  'max_over_time',
  'last_over_time',
  'first_over_time',
  'quantile_over_time',
  'sort',
  'sort_desc',
  'label_replace',
  'label_join',
]);

function callBounds({ name, args }: CallExpr): Bounds {
  if (name === 'absent' || name === 'absent_over_time') return { low: 1, high: 1 };
  if (name === 'vector' || name === 'scalar') return boundsOf(args[0]!);
  if (name === 'rate' || name === 'irate') {
    const selector = unwrapParens(args[0]!);
    const metric = selector.kind === 'matrix' ? selector.selector.name : '';
    if (SECONDS_OF_ONE.has(metric)) return SHARE;
  }
  if (GROWTH.has(name)) return POSITIVE;
  if (name === 'abs' || name === 'sqrt') return POSITIVE;
  if (KEEPING.has(name)) {
    const series = args.map(unwrapParens).find(({ kind }) => kind !== 'number' && kind !== 'string');
    if (!series) return ANY;
    if (series.kind === 'matrix') return boundsOf(series.selector);
    return boundsOf(series.kind === 'subquery' ? series.expr : series);
  }
  return ANY;
}

function binaryBounds(expr: BinaryExpr): Bounds {
  if (expr.returnBool) return SHARE;
  const [a, b] = [boundsOf(expr.left), boundsOf(expr.right)];
  if (isComparison(expr.op)) return boundsOfKept(expr, a);
  switch (expr.op) {
    case '+':
      return { low: a.low + b.low, high: a.high + b.high };
    case '-':
      return { low: a.low - b.high, high: a.high - b.low };
    case '*':
      return product(a, b);
    case '/':
      if (isShare(expr)) return SHARE;
      return b.low === b.high && b.low !== 0 ? product(a, { low: 1 / b.low, high: 1 / b.low }) : ANY;
    case 'and':
    case 'unless':
      return a;
    case 'or':
      return { low: Math.min(a.low, b.low), high: Math.max(a.high, b.high) };
    default:
      return ANY;
  }
}

/** A comparison keeps the values of its vector. */
const boundsOfKept = (expr: BinaryExpr, left: Bounds): Bounds =>
  unwrapParens(expr.left).kind === 'number' ? boundsOf(expr.right) : left;

function product(a: Bounds, b: Bounds): Bounds {
  const all = [a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high].map((x) =>
    Number.isNaN(x) ? 0 : x,
  );
  return { low: Math.min(...all), high: Math.max(...all) };
}

/** Metrics that are 0 or 1. */
const SHARES = new Set(['up', 'probe_success']);
/** Counters of seconds of one thing at a time: their rate is a share of time. */
const SECONDS_OF_ONE = new Set(['node_cpu_seconds_total']);

/** Parts and the wholes that they are of, by name. */
const PARTS: readonly (readonly [part: RegExp, whole: string])[] = [
  [/^(node_memory_)Mem(Available|Free)(_bytes)?$/, '$1MemTotal$3'],
  [/^(node_memory_)SwapFree(_bytes)?$/, '$1SwapTotal$2'],
  [/^(node_filesystem_)(avail|free)(_bytes)?$/, '$1size$3'],
  [/^(node_filesystem_files)_free$/, '$1'],
];

/** Whether a quotient is a part of a whole: the same series with more conditions above than below, or a known pair. */
function isShare(expr: BinaryExpr): boolean {
  const above = unwrapParens(expr.left);
  const below = unwrapParens(expr.right);
  if (above.kind === 'vector' && below.kind === 'vector') {
    return PARTS.some(
      ([part, whole]) => part.test(above.name) && above.name.replace(part, whole) === below.name,
    );
  }
  // Of sums over the same labels of what can only grow.
  if (above.kind !== 'aggregate' || below.kind !== 'aggregate') return false;
  if (above.op !== 'sum' || below.op !== 'sum' || above.without !== below.without) return false;
  if ([...above.grouping].sort().join() !== [...below.grouping].sort().join()) return false;
  return isSubset(unwrapParens(above.expr), unwrapParens(below.expr));
}

function isSubset(part: Expr, whole: Expr): boolean {
  if (part.kind === 'call' && whole.kind === 'call') {
    if (part.name !== whole.name || !['rate', 'increase'].includes(part.name)) return false;
    return isSubset(unwrapParens(part.args[0]!), unwrapParens(whole.args[0]!));
  }
  if (part.kind !== 'matrix' || whole.kind !== 'matrix') return false;
  if (part.range !== whole.range || part.selector.name === '') return false;
  if (part.selector.offset !== whole.selector.offset || part.selector.at !== whole.selector.at) return false;
  const conditions = new Set(part.selector.matchers.map((matcher) => JSON.stringify(matcher)));
  return whole.selector.matchers.every((matcher) => conditions.has(JSON.stringify(matcher)));
}

/** What a comparison comes to whatever the data: never true, always, or it depends. */
export function fold(expr: BinaryExpr): 'never' | 'always' | 'depends' {
  const [a, b] = [boundsOf(expr.left), boundsOf(expr.right)];
  if (b.low !== b.high && a.low !== a.high) return 'depends';
  switch (expr.op) {
    case '>':
      return a.high <= b.low ? 'never' : a.low > b.high ? 'always' : 'depends';
    case '>=':
      return a.high < b.low ? 'never' : a.low >= b.high ? 'always' : 'depends';
    case '<':
      return a.low >= b.high ? 'never' : a.high < b.low ? 'always' : 'depends';
    case '<=':
      return a.low > b.high ? 'never' : a.high <= b.low ? 'always' : 'depends';
    case '==':
      return a.high < b.low || a.low > b.high ? 'never' : 'depends';
    case '!=':
      return a.high < b.low || a.low > b.high ? 'always' : 'depends';
    default:
      return 'depends';
  }
}

/** The bounds in words, with what has them. */
export function describeBounds(expr: Expr): string {
  const { low, high } = boundsOf(expr);
  const text = formatExpr(unwrapParens(expr));
  const name = text.length <= 60 ? text : `${text.slice(0, 57)}…`;
  if (low === high) return `${name} is ${low}`;
  if (high === Number.POSITIVE_INFINITY) return `${name} is never below ${low}`;
  return `${name} is between ${low} and ${high}`;
}
