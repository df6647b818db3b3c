import { formatDuration } from '../../model/duration.ts';
import {
  type BinaryExpr,
  type Expr,
  isComparison,
  type MatrixSelector,
  unwrapParens,
  type VectorSelector,
  walkExpr,
} from '../../promql/ast.ts';
import { typeOf } from '../../promql/check.ts';
import { describeBounds, fold } from './bounds.ts';
import { CADVISOR_METRICS } from './cadvisor.ts';
import type { ParsedRule, RuleRemark } from './finding.ts';
import { neverMatch } from './shape.ts';

export interface ExpressionContext {
  /** What is known of a metric's type. */
  readonly typeOf: (metric: string) => string | undefined;
  /** The shortest interval at which anything is scraped, ms; undefined when that is not known. */
  readonly scrapeIntervalMs: number | undefined;
  /** Whether what is stored is known: then names need not be judged by lists. */
  readonly hasStore: boolean;
}

/** What is wrong with an expression whatever the rest of the configuration. */
export function expressionRemarks({ config, expr }: ParsedRule, context: ExpressionContext): RuleRemark[] {
  const remarks: RuleRemark[] = [];
  const type = typeOf(expr);
  if (type === 'matrix' || type === 'string') {
    const what = type === 'matrix' ? 'samples over a time' : 'a text';
    remarks.push([
      'not-a-vector',
      `the expression gives ${what}, not one value for each series: every evaluation fails`,
    ]);
  }
  walkExpr(expr, (node) => {
    if (node.kind === 'call') remarks.push(...callRemarks(node.name, node.args, context));
    if (node.kind === 'binary') remarks.push(...sideRemarks(node));
    if (node.kind === 'vector') remarks.push(...selectorRemarks(node, context));
  });
  if (config.kind === 'alert') remarks.push(...alertRemarks(expr));
  return remarks;
}

const COUNTER_FUNCTIONS = new Set(['rate', 'irate', 'increase']);
const GAUGE_FUNCTIONS = new Set(['delta', 'idelta', 'deriv', 'predict_linear']);

/** Words that say that a value goes up and down. */
const GAUGE_WORDS =
  /(^|_)(active|mean|avg|average|percent|percentage|utilization|temperature|celsius|ratio|available|free|lag)(_|$)/;
const COUNTER_ENDS = /_(total|count|sum|bucket)$/;

function callRemarks(name: string, args: readonly Expr[], context: ExpressionContext): RuleRemark[] {
  if (name === 'histogram_quantile' && args[1]) return quantileRemarks(args[1]);
  const arg = args.map(unwrapParens).find((one) => one.kind === 'matrix' || one.kind === 'subquery');
  if (arg?.kind === 'subquery') return subqueryRemarks(name, unwrapParens(arg.expr), context);
  if (arg?.kind !== 'matrix') return [];
  return [...rangeRemarks(name, arg.selector, context), ...windowRemarks(name, arg, context)];
}

function subqueryRemarks(name: string, inner: Expr, context: ExpressionContext): RuleRemark[] {
  if (inner.kind === 'vector') return rangeRemarks(name, inner, context);
  if (!COUNTER_FUNCTIONS.has(name)) return [];
  const isSum = inner.kind === 'aggregate' && inner.op === 'sum';
  const of = isSum ? unwrapParens(inner.expr) : inner;
  if (!isSum || of.kind !== 'vector' || !COUNTER_ENDS.test(of.name)) return [];
  const message = `${name} of a sum of counters: when one of them restarts the sum falls, and that counts as growth; sum the ${name} instead`;
  return [['rate-of-sum', message]];
}

function rangeRemarks(name: string, selector: VectorSelector, context: ExpressionContext): RuleRemark[] {
  const metric = selector.name;
  const type = context.typeOf(metric);
  if (COUNTER_FUNCTIONS.has(name)) {
    if (type === 'gauge')
      return [
        [
          'rate-of-gauge',
          `${metric} is a gauge: ${name}() takes each fall for a restart; deriv() or delta() is meant`,
        ],
      ];
    const word =
      type === undefined && !COUNTER_ENDS.test(metric) && !isRecorded(metric)
        ? GAUGE_WORDS.exec(metric)?.[2]
        : undefined;
    if (word === undefined) return [];
    return [
      [
        'rate-of-gauge',
        `${metric} goes up and down, by its name ("${word}"): ${name}() takes each fall for a restart; deriv() or delta() is meant`,
      ],
    ];
  }
  if (!GAUGE_FUNCTIONS.has(name)) return [];
  if (CONSTANTS.has(metric))
    return [
      [
        'forecast-of-constant',
        `${metric} does not change: ${name}() of it says nothing; the available part is meant`,
      ],
    ];
  const isCounter = type === undefined ? /_total$/.test(metric) && !isRecorded(metric) : type === 'counter';
  if (isCounter && (name === 'delta' || name === 'idelta')) {
    const instead = name === 'delta' ? 'increase' : 'irate';
    return [
      [
        'delta-of-counter',
        `${metric} is a counter: ${name}() is negative when it restarts; ${instead}() is meant`,
      ],
    ];
  }
  return [];
}

const CONSTANTS = new Set([
  'node_memory_MemTotal_bytes',
  'node_filesystem_size_bytes',
  'node_memory_SwapTotal_bytes',
  'machine_memory_bytes',
]);

const isRecorded = (metric: string): boolean => metric.includes(':');

/** Windows of functions that need at least two samples. */
function windowRemarks(
  name: string,
  { range }: MatrixSelector,
  { scrapeIntervalMs }: ExpressionContext,
): RuleRemark[] {
  if (scrapeIntervalMs === undefined || typeof range !== 'number') return [];
  if (!COUNTER_FUNCTIONS.has(name) && !GAUGE_FUNCTIONS.has(name)) return [];
  // irate looks at the last two samples only: two intervals and some slack do.
  const scrapes = name === 'irate' || name === 'idelta' ? 2 : 4;
  if (range >= scrapes * scrapeIntervalMs) return [];
  const interval = formatDuration(scrapeIntervalMs);
  return [
    [
      'window-below-scrapes',
      `${name}() over ${formatDuration(range)} with scrapes each ${interval}: one that is missed leaves a gap; take at least ${formatDuration(scrapes * scrapeIntervalMs)}`,
    ],
  ];
}

function quantileRemarks(outer: Expr): RuleRemark[] {
  const inner = unwrapParens(outer);
  if (inner.kind !== 'aggregate') return [];
  let buckets = false;
  walkExpr(inner, (node) => {
    if (node.kind === 'vector' && node.name.endsWith('_bucket')) buckets = true;
  });
  const hasLe = inner.without ? !inner.grouping.includes('le') : inner.grouping.includes('le');
  if (hasLe || !buckets) return [];
  return [
    [
      'quantile-without-le',
      `the buckets lose their "le" in ${inner.op} ${inner.without ? 'without' : 'by'} (${inner.grouping.join(', ')}): histogram_quantile() gives nothing; add le`,
    ],
  ];
}

function sideRemarks(expr: BinaryExpr): RuleRemark[] {
  const sides = neverMatch(expr);
  if (!sides) return [];
  const list = (labels: readonly string[]): string => `{${labels.join(', ')}}`;
  return [
    [
      'sides-never-match',
      `the left side of "${expr.op}" has the labels ${list(sides.left)}, the right side ${list(sides.right)}: they never match; add on() or ignoring()`,
    ],
  ];
}

function selectorRemarks(selector: VectorSelector, { hasStore }: ExpressionContext): RuleRemark[] {
  const { name, matchers } = selector;
  const isOpen = matchers.every(
    ({ op, value }) =>
      (op === '=~' && (value === '.+' || value === '.*')) ||
      (op === '!=' && value === '') ||
      (op === '=' && value === ''),
  );
  if (name === '' && isOpen)
    return [
      ['scans-everything', 'the selector takes every series there is, at each evaluation; name a metric'],
    ];
  if (!hasStore && name.startsWith('container_') && !CADVISOR_METRICS.test(name)) {
    const hint = /restart/.test(name) ? '; a restart shows in changes(container_start_time_seconds[…])' : '';
    return [['unknown-cadvisor-metric', `cAdvisor has no metric ${name}${hint}`]];
  }
  return [];
}

function alertRemarks(expr: Expr): RuleRemark[] {
  const remarks: RuleRemark[] = [];
  const verdict = judge(expr);
  if (verdict.kind !== 'depends') {
    const check = verdict.kind === 'never' ? 'alert-never-fires' : 'alert-always-fires';
    const what =
      verdict.kind === 'never' ? 'the alert can never fire' : 'the alert fires whenever the series is there';
    remarks.push([check, `${what}: ${verdict.why}`]);
  }
  walkExpr(expr, (node) => {
    if (node.kind !== 'aggregate' || !['topk', 'bottomk', 'limitk'].includes(node.op)) return;
    remarks.push([
      'topk-in-alert',
      `${node.op} in an alert: whoever changes places ends one alert and begins another; compare instead`,
    ]);
  });
  return remarks;
}

type Judgement = { readonly kind: 'never' | 'always'; readonly why: string } | { readonly kind: 'depends' };

const DEPENDS: Judgement = { kind: 'depends' };

/** Whether a condition holds never or always, as far as the expression alone can tell. */
function judge(outer: Expr): Judgement {
  const expr = unwrapParens(outer);
  if (expr.kind !== 'binary') return DEPENDS;
  if (expr.op === 'and' || expr.op === 'unless') {
    const left = judge(expr.left);
    const right = judge(expr.right);
    if (left.kind === 'never') return left;
    return expr.op === 'and' && right.kind === 'never' ? right : DEPENDS;
  }
  if (expr.op === 'or') {
    const [left, right] = [judge(expr.left), judge(expr.right)];
    return left.kind === 'never' && right.kind === 'never' ? left : DEPENDS;
  }
  if (!isComparison(expr.op) || expr.returnBool) return DEPENDS;
  const inner = judge(expr.left);
  if (inner.kind === 'never') return inner;
  const kind = fold(expr);
  if (kind === 'depends') return DEPENDS;
  if (kind === 'always' && isPresence(expr)) return DEPENDS;
  if (unwrapParens(expr.left).kind === 'number' && unwrapParens(expr.right).kind === 'number') return DEPENDS;
  const vector = unwrapParens(expr.left).kind === 'number' ? expr.right : expr.left;
  const count =
    isCount(vector) && kind === 'never' ? '; a count of nothing is no result, not 0: use absent()' : '';
  return { kind, why: describeBounds(vector) + count };
}

const isCount = (outer: Expr): boolean => {
  const expr = unwrapParens(outer);
  return expr.kind === 'aggregate' && expr.op === 'count';
};

/** Comparisons that are always true and meant so: whether something is there at all, and alerts that are to fire always. */
function isPresence({ left, right }: BinaryExpr): boolean {
  return [left, right].some((side) => {
    const expr = unwrapParens(side);
    if (isCount(expr)) return true;
    if (expr.kind === 'aggregate') return expr.op === 'group';
    return (
      expr.kind === 'call' && ['absent', 'absent_over_time', 'vector', 'count_over_time'].includes(expr.name)
    );
  });
}
