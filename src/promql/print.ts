import { formatDuration } from '../model/duration.ts';
import { labelNameText, METRIC_NAME, quote } from '../model/labels.ts';
import { formatMatcher } from '../model/matcher.ts';
import type {
  AggregateExpr,
  BinaryExpr,
  Duration,
  DurationExpr,
  Expr,
  SubqueryExpr,
  TimeShift,
  VectorSelector,
} from './ast.ts';
import { formatDecimal, formatG } from './numbers.ts';

/** Longest line the pretty printer leaves whole. */
const MAX_WIDTH = 100;

/**
 * Writes an expression in upstream's normal form: on one line, or with `pretty` over several where it would be longer than
 * 100 characters.
 */
export function formatExpr(expr: Expr, options: { readonly pretty?: boolean } = {}): string {
  return options.pretty ? new PrettyPrinter().print(expr, 0) : new Printer().print(expr);
}

/** Prints on one line, each node once: a pretty printer asks for the same text again and again. */
class Printer {
  private readonly texts = new Map<Expr, string>();

  print(expr: Expr): string {
    let text = this.texts.get(expr);
    if (text === undefined) {
      text = this.write(expr);
      this.texts.set(expr, text);
    }
    return text;
  }

  private write(expr: Expr): string {
    switch (expr.kind) {
      case 'number':
        return expr.isDuration ? formatSeconds(expr.value) : formatDecimal(expr.value);
      case 'string':
        return quote(expr.value);
      case 'vector':
        return formatSelector(expr);
      case 'matrix': {
        const { selector } = expr;
        const plain = formatSelector({ ...selector, offset: 0, at: undefined, extension: undefined });
        const extension = selector.extension === undefined ? '' : ` ${selector.extension}`;
        return `${plain}[${formatDurationOf(expr.range)}]${extension}${formatAt(selector)}${formatOffset(selector)}`;
      }
      case 'subquery':
        return this.print(expr.expr) + subquerySuffix(expr);
      case 'paren':
        return `(${this.print(expr.expr)})`;
      case 'unary':
        return expr.op + this.print(expr.expr);
      case 'binary':
        return `${this.print(expr.left)} ${operatorWithModifiers(expr)} ${this.print(expr.right)}`;
      case 'call':
        return `${expr.name}(${expr.args.map((arg) => this.print(arg)).join(', ')})`;
      case 'aggregate': {
        const param = expr.param === undefined ? '' : `${this.print(expr.param)}, `;
        return `${aggregateHead(expr)}(${param}${this.print(expr.expr)})`;
      }
    }
  }
}

class PrettyPrinter {
  private readonly printer = new Printer();

  print(expr: Expr, level: number): string {
    const indent = '  '.repeat(level);
    const line = this.printer.print(expr);
    const isShort = line.length <= MAX_WIDTH;
    switch (expr.kind) {
      case 'unary':
        return `${indent}${expr.op}${this.print(expr.expr, level).trim()}`;
      case 'subquery':
        // Upstream does not indent a subquery that fits its line.
        return isShort ? line : this.print(expr.expr, level) + subquerySuffix(expr);
      case 'number':
      case 'string':
      case 'vector':
      case 'matrix':
        return indent + line;
    }
    if (isShort) return indent + line;
    switch (expr.kind) {
      case 'paren':
        return `${indent}(\n${this.print(expr.expr, level + 1)}\n${indent})`;
      case 'binary':
        return `${this.print(expr.left, level + 1)}\n${indent}${operatorWithModifiers(expr)}\n${this.print(expr.right, level + 1)}`;
      case 'call':
        return `${indent}${expr.name}(\n${expr.args.map((arg) => this.print(arg, level + 1)).join(',\n')}\n${indent})`;
      case 'aggregate': {
        const param = expr.param === undefined ? '' : `${this.print(expr.param, level + 1)},\n`;
        return `${indent}${aggregateHead(expr)}(\n${param}${this.print(expr.expr, level + 1)}\n${indent})`;
      }
    }
  }
}

const labelList = (labels: readonly string[]): string => labels.map(labelNameText).join(', ');

function aggregateHead(expr: AggregateExpr): string {
  if (expr.without) return `${expr.op} without (${labelList(expr.grouping)}) `;
  return expr.grouping.length > 0 ? `${expr.op} by (${labelList(expr.grouping)}) ` : expr.op;
}

function operatorWithModifiers({ op, returnBool, matching }: BinaryExpr): string {
  let text: string = op;
  if (returnBool) text += ' bool';
  if (matching === undefined) return text;
  const { cardinality, labels, on, include, fillLeft, fillRight } = matching;
  const isGrouped = cardinality === 'many-to-one' || cardinality === 'one-to-many';
  if (labels.length > 0 || on || isGrouped) text += ` ${on ? 'on' : 'ignoring'} (${labelList(labels)})`;
  if (isGrouped) text += ` group_${cardinality === 'many-to-one' ? 'left' : 'right'} (${labelList(include)})`;
  if (fillLeft !== undefined && fillLeft === fillRight) return `${text} fill (${formatG(fillLeft)})`;
  if (fillLeft !== undefined) text += ` fill_left (${formatG(fillLeft)})`;
  if (fillRight !== undefined) text += ` fill_right (${formatG(fillRight)})`;
  return text;
}

function formatSelector(selector: VectorSelector): string {
  const matchers = selector.matchers
    .filter(
      ({ name, op, value }) =>
        !(name === METRIC_NAME && op === '=' && value === selector.name && value !== ''),
    )
    .map(formatMatcher)
    .sort();
  const braces = matchers.length === 0 ? '' : `{${matchers.join(',')}}`;
  const extension = selector.extension === undefined ? '' : ` ${selector.extension}`;
  return `${selector.name}${braces}${formatAt(selector)}${extension}${formatOffset(selector)}`;
}

function formatAt({ at }: TimeShift): string {
  if (at === undefined) return '';
  return typeof at === 'number' ? ` @ ${(at / 1000).toFixed(3)}` : ` @ ${at}()`;
}

function formatOffset({ offset }: TimeShift): string {
  return offset === 0 ? '' : ` offset ${formatDurationOf(offset)}`;
}

function subquerySuffix(expr: SubqueryExpr): string {
  const step = expr.step === undefined ? '' : formatDurationOf(expr.step);
  return `[${formatDurationOf(expr.range)}:${step}]${formatAt(expr)}${formatOffset(expr)}`;
}

const formatDurationOf = (duration: Duration): string =>
  typeof duration === 'number' ? formatDuration(duration) : formatDurationExpr(duration);

const formatSeconds = (seconds: number): string => formatDuration(Math.round(seconds * 1000));

function formatDurationExpr(expr: DurationExpr): string {
  if (expr.kind === 'literal') return expr.isDuration ? formatSeconds(expr.value) : formatDecimal(expr.value);
  const { op, left, right } = expr;
  let text: string;
  if (op === 'step' || op === 'range') text = `${op}()`;
  else if (op === 'min_of' || op === 'max_of') {
    text = `${op}(${formatDurationExpr(left!)}, ${formatDurationExpr(right!)})`;
  } else if (left === undefined) text = (op === '-' ? '-' : '') + formatDurationExpr(right!);
  else text = `${formatDurationExpr(left)} ${op} ${formatDurationExpr(right!)}`;
  return expr.isWrapped ? `(${text})` : text;
}
