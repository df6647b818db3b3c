import type { AlertingRuleConfig } from '../../config/rules.ts';
import { type Expr, isComparison, unwrapParens } from '../../promql/ast.ts';
import { boundsOf } from './bounds.ts';
import type { RuleRemark } from './finding.ts';
import { shapeOf } from './shape.ts';

const VALUE = String.raw`\{\{-?\s*(?:\$value|\.Value)\s*(?:\|[^}]*)?\}\}`;

/** What the texts of an alert say against what its expression gives. */
export function textRemarks(rule: AlertingRuleConfig, expr: Expr): RuleRemark[] {
  const texts = [...Object.entries(rule.annotations), ...Object.entries(rule.labels)];
  return [...texts.flatMap(([name, text]) => valueRemarks(name, text, expr)), ...labelRemarks(rule, expr)];
}

function valueRemarks(name: string, text: string, expr: Expr): RuleRemark[] {
  const remarks: RuleRemark[] = [];
  const has = (after: string, flags = ''): boolean => new RegExp(VALUE + after, flags).test(text);
  const value = valueExprOf(expr);
  const perSecond = isPerSecond(value);

  if (has(String.raw`\s*times?\s+(?:in|within|during|over)\s`, 'i') && perSecond) {
    remarks.push([
      'text-rate',
      `${name} speaks of times in a period, and the value is a rate per second; increase() counts them`,
    ]);
  } else if (
    perSecond &&
    !/per[ -]second|\/\s?s(ec)?\b|\brate\b|\bp?s\b/i.test(text) &&
    has(
      String.raw`[^.;{}]{0,40}\b(?:in|within|during|over)\s+(?:the\s+)?(?:last|past)\s+\d+\s*(?:s|m|h|d)`,
      'i',
    )
  ) {
    remarks.push([
      'text-rate',
      `${name} counts over a period, and the value is a rate per second; increase() counts`,
    ]);
  }
  if (
    has(
      String.raw`\s*(?:x|×|times)\s+(?:\w+\s+)?(?:higher|more|above|larger|greater|the (?:normal|usual|average))`,
      'i',
    ) &&
    !isFactor(value)
  ) {
    remarks.push([
      'text-factor',
      `${name} calls the value a factor, and it is the left side of the comparison itself; divide by what is normal to get one`,
    ]);
  }
  if (/humanizePercentage\s*\}\}\s*%/.test(text))
    remarks.push(['text-percent', `${name} has a "%" after humanizePercentage, which writes one itself`]);
  const { low, high } = boundsOf(value);
  const isShareOnly = low >= 0 && high === 1;
  const isHundred = isTimesHundred(value);
  if (
    /\{\{-?\s*(?:\$value|\.Value)\s*(?:\|\s*(?:humanize|printf\s+"[^"]*f")\s*)?\}\}\s*(?:%|percent)/.test(
      text,
    ) &&
    isShareOnly
  ) {
    remarks.push([
      'text-percent',
      `${name} writes "%" after a value between 0 and 1; use humanizePercentage`,
    ]);
  }
  if (/(?:\$value|\.Value)\s*\|\s*humanizePercentage/.test(text) && isHundred)
    remarks.push([
      'text-percent',
      `${name} uses humanizePercentage on a value that is multiplied by 100 already`,
    ]);
  remarks.push(...unitRemarks(name, text, value));
  return remarks;
}

/** Units by the last word of a metric's name, and how texts write others. */
function unitRemarks(name: string, text: string, value: Expr): RuleRemark[] {
  const metric = metricWithUnit(value);
  if (metric === undefined) return [];
  const unit = /_(milliseconds|ms|microseconds|bytes)$/.exec(metric)?.[1];
  if (unit === undefined) return [];
  const saysSeconds =
    /\{\{-?\s*(?:\$value|\.Value)\s*(?:\|\s*(?:humanize|printf\s+"[^"]*")\s*)?\}\}\s?(?:s\b|seconds?\b)|(?:\$value|\.Value)\s*\|\s*humanizeDuration/.test(
      text,
    );
  if (saysSeconds) return [['text-unit', `${name} calls the value seconds, and ${metric} is in ${unit}`]];
  if (unit !== 'bytes' && /(?:\$value|\.Value)\s*\|\s*humanize1024/.test(text))
    return [['text-unit', `${name} uses humanize1024, and ${metric} is in ${unit}`]];
  return [];
}

/** The metric whose unit the value has, through everything that keeps units. */
function metricWithUnit(outer: Expr): string | undefined {
  const expr = unwrapParens(outer);
  switch (expr.kind) {
    case 'vector':
      return expr.name;
    case 'aggregate':
      return ['sum', 'avg', 'min', 'max', 'topk', 'bottomk'].includes(expr.op)
        ? metricWithUnit(expr.expr)
        : undefined;
    case 'call': {
      const arg = expr.args.map(unwrapParens).find(({ kind }) => kind === 'matrix');
      return /^(avg|min|max|last)_over_time$/.test(expr.name) && arg?.kind === 'matrix'
        ? arg.selector.name
        : undefined;
    }
    default:
      return undefined;
  }
}

/** What `$value` is: the vector of the comparison at the top. */
function valueExprOf(outer: Expr): Expr {
  const expr = unwrapParens(outer);
  if (expr.kind !== 'binary') return expr;
  if (expr.op === 'and' || expr.op === 'unless') return valueExprOf(expr.left);
  if (!isComparison(expr.op) || expr.returnBool) return expr;
  return valueExprOf(unwrapParens(expr.left).kind === 'number' ? expr.right : expr.left);
}

function isPerSecond(outer: Expr): boolean {
  const expr = unwrapParens(outer);
  if (expr.kind === 'call') return expr.name === 'rate' || expr.name === 'irate';
  return (
    expr.kind === 'aggregate' && ['sum', 'avg', 'min', 'max'].includes(expr.op) && isPerSecond(expr.expr)
  );
}

/** Whether a value can be meant as a factor: a quotient somewhere at its top. */
function isFactor(outer: Expr): boolean {
  const expr = unwrapParens(outer);
  if (expr.kind === 'binary') return expr.op === '/' || isFactor(expr.left) || isFactor(expr.right);
  return expr.kind === 'vector' || (expr.kind === 'call' && expr.args.some(isFactor));
}

function isTimesHundred(outer: Expr): boolean {
  const expr = unwrapParens(outer);
  if (expr.kind !== 'binary') return false;
  const isHundred = (side: Expr): boolean => {
    const inner = unwrapParens(side);
    return inner.kind === 'number' && inner.value === 100;
  };
  const { op, left, right } = expr;
  if (op === '*') return isHundred(left) || isHundred(right);
  if (op === '-') return isHundred(left) && isTimesHundred(right);
  return false;
}

/** Labels that templates read and the result cannot have. */
function labelRemarks(rule: AlertingRuleConfig, expr: Expr): RuleRemark[] {
  const shape = shapeOf(expr);
  if (!shape) return [];
  const missing = new Map<string, string>();
  for (const [name, text] of [...Object.entries(rule.annotations), ...Object.entries(rule.labels)]) {
    // Inside range and with, the dot and its labels are of something else.
    if (/\{\{-?\s*(range|with|define)\b/.test(text)) continue;
    for (const match of text.matchAll(/(?:\$labels|(?<![\w$])\.Labels)\.([a-zA-Z_]\w*)/g)) {
      const label = match[1]!;
      if (!shape.has(label) && label !== 'alertname' && label !== '__name__') missing.set(label, name);
    }
  }
  const kept = shape.size === 0 ? 'no labels' : `only ${[...shape].join(', ')}`;
  return [...missing].map(([label, name]) => [
    'template-label-missing',
    `${name} reads the label ${label}, and the expression keeps ${kept}: it is always empty`,
  ]);
}
