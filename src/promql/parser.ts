import { METRIC_NAME, quote } from '../model/labels.ts';
import type { Matcher, MatchOp } from '../model/matcher.ts';
import type {
  AggregateExpr,
  AggregateOp,
  AtModifier,
  BinaryExpr,
  BinaryOp,
  CallExpr,
  Cardinality,
  Duration,
  DurationExpr,
  Expr,
  VectorMatching,
  VectorSelector,
} from './ast.ts';
import { durationOfLiteral, isDurationOutOfRange } from './duration-expr.ts';
import { type Position, parseError } from './errors.ts';
import {
  AGGREGATORS,
  DURATION,
  describeToken,
  EOF,
  ERROR,
  IDENTIFIER,
  isLabelName,
  isReservedWord,
  METRIC_IDENTIFIER,
  NUMBER,
  STRING,
  type Token,
  tokenize,
  unquoteString,
} from './lexer.ts';
import { parseDurationToken, parseNumber } from './numbers.ts';
import { compilePattern } from './regex.ts';

/** Levels a tree may have and brackets may nest: deep enough for people, shallow enough for recursion. */
export const MAX_DEPTH = 1000;

const PRECEDENCE: Readonly<Record<string, number>> = {
  or: 1,
  and: 2,
  unless: 2,
  '==': 3,
  '!=': 3,
  '<': 3,
  '>': 3,
  '<=': 3,
  '>=': 3,
  '</': 3,
  '>/': 3,
  '+': 4,
  '-': 4,
  '*': 5,
  '/': 5,
  '%': 5,
  atan2: 5,
  '^': 6,
};
const POWER = 6;

/** Reads a query into a tree. Types are not looked at: that is check.ts. */
export function parseTree(text: string): Expr {
  return new Parser(text).parse();
}

/** Reads a series selector and nothing around it, as `match[]` takes it. */
export function parseSelectorTree(text: string): VectorSelector {
  return new Parser(text).parseSelector();
}

class Parser {
  private readonly text: string;
  private readonly tokens: readonly Token[];
  private index = 0;
  private depth = 0;
  /** How many aggregations are open: a syntax error inside one says so. */
  private openAggregations = 0;

  constructor(text: string) {
    this.text = text;
    this.tokens = tokenize(text);
  }

  parse(): Expr {
    if (this.peek().type === EOF)
      throw parseError(this.text, { start: 0, end: 0 }, 'no expression found in input');
    const expr = this.expression(1);
    if (this.peek().type !== EOF) throw this.unexpected();
    return expr;
  }

  parseSelector(): VectorSelector {
    const token = this.peek();
    const isNamed = isMetricWord(token.type);
    if (!isNamed && token.type !== '{') throw this.unexpected();
    if (isNamed) this.index++;
    const selector = this.vectorSelector(isNamed ? token : undefined);
    if (this.peek().type !== EOF) throw this.unexpected();
    return selector;
  }

  private peek(ahead = 0): Token {
    return this.tokens[Math.min(this.index + ahead, this.tokens.length - 1)]!;
  }

  private take(): Token {
    const token = this.peek();
    if (this.index < this.tokens.length) this.index++;
    return token;
  }

  private is(type: string): boolean {
    return this.peek().type === type;
  }

  private fail(position: Position, message: string): Error {
    return parseError(this.text, position, message);
  }

  /** The error for the token at hand, in upstream's words. */
  private unexpected(context = this.openAggregations > 0 ? 'aggregation' : '', expected = ''): Error {
    const token = this.peek();
    if (token.type === ERROR) return this.fail(token, token.text);
    const where = context === '' ? '' : ` in ${context}`;
    const wanted = expected === '' ? '' : `, expected ${expected}`;
    return this.fail(token, `unexpected ${describeToken(token)}${where}${wanted}`);
  }

  private tooDeep(position: Position): Error {
    return this.fail(position, `expression is nested too deeply, at most ${MAX_DEPTH} levels are allowed`);
  }

  private heightAbove(position: Position, ...children: readonly Expr[]): number {
    let height = 1;
    for (const child of children) height = Math.max(height, child.height + 1);
    if (height > MAX_DEPTH) throw this.tooDeep(position);
    return height;
  }

  private expression(minPrecedence: number): Expr {
    if (++this.depth > MAX_DEPTH) throw this.tooDeep(this.peek());
    let left = this.prefixed();
    for (;;) {
      const token = this.peek();
      const precedence = PRECEDENCE[token.type];
      if (precedence === undefined || precedence < minPrecedence) break;
      this.index++;
      const op = token.type as BinaryOp;
      const modifiers = this.binaryModifiers();
      const right = this.expression(op === '^' ? precedence : precedence + 1);
      left = this.binary(op, left, right, modifiers);
    }
    this.depth--;
    return left;
  }

  private binary(op: BinaryOp, left: Expr, right: Expr, modifiers: BinaryModifiers): BinaryExpr {
    const position = { start: left.position.start, end: right.position.end };
    return {
      kind: 'binary',
      op,
      left,
      right,
      returnBool: modifiers.returnBool,
      matching: modifiers.matching,
      position,
      height: this.heightAbove(position, left, right),
    };
  }

  /** An operand with its signs. A sign binds like multiplication: looser than `^`, tighter than `+`. */
  private prefixed(): Expr {
    const signs: Token[] = [];
    while (this.is('+') || this.is('-')) signs.push(this.take());
    if (signs.length === 0) return this.operand();
    if (signs.length > MAX_DEPTH * 1000) throw this.tooDeep(signs[0]!);
    let expr = this.expression(POWER);
    for (let i = signs.length - 1; i >= 0; i--) {
      const sign = signs[i]!;
      const position = { start: sign.start, end: expr.position.end };
      if (expr.kind === 'number') {
        expr = { ...expr, value: sign.type === '-' ? -expr.value : expr.value, position };
      } else {
        const op = sign.type as '+' | '-';
        expr = { kind: 'unary', op, expr, position, height: this.heightAbove(position, expr) };
      }
    }
    return expr;
  }

  private operand(): Expr {
    let expr = this.primary();
    for (;;) {
      switch (this.peek().type) {
        case '[':
          expr = this.bracketed(expr);
          break;
        case 'offset':
          expr = this.offset(expr);
          break;
        case '@':
          expr = this.at(expr);
          break;
        case 'anchored':
        case 'smoothed':
          expr = this.extension(expr);
          break;
        default:
          return expr;
      }
    }
  }

  private primary(): Expr {
    const token = this.peek();
    switch (token.type) {
      case NUMBER:
      case DURATION:
        return this.number();
      case STRING: {
        this.index++;
        const position = positionOf(token);
        return { kind: 'string', value: unquoteString(token.text), position, height: 1 };
      }
      case '(': {
        this.index++;
        const expr = this.expression(1);
        if (!this.is(')')) throw this.unexpected();
        const position = { start: token.start, end: this.take().end };
        return { kind: 'paren', expr, position, height: this.heightAbove(position, expr) };
      }
      case '{':
        return this.vectorSelector(undefined);
    }
    const following = this.peek(1).type;
    if (AGGREGATORS.has(token.type) && (following === '(' || following === 'by' || following === 'without')) {
      return this.aggregate();
    }
    if (following === '(' && isCallable(token.type)) return this.call();
    if (isMetricWord(token.type)) {
      this.index++;
      return this.vectorSelector(token);
    }
    throw this.unexpected();
  }

  private number(): Expr & { kind: 'number' } {
    const token = this.take();
    const position = positionOf(token);
    if (token.type === DURATION) {
      const milliseconds = parseDurationToken(token.text, (message) => this.fail(position, message));
      return { kind: 'number', value: milliseconds / 1000, isDuration: true, position, height: 1 };
    }
    const value = parseNumber(token.text, (message) => this.fail(position, message));
    return { kind: 'number', value, isDuration: false, position, height: 1 };
  }

  private vectorSelector(name: Token | undefined): VectorSelector {
    const matchers: Matcher[] = [];
    let position = name === undefined ? positionOf(this.peek()) : positionOf(name);
    if (this.is('{')) {
      this.index++;
      while (!this.is('}')) {
        matchers.push(this.labelMatcher());
        if (this.is(',')) this.index++;
        else if (!this.is('}')) throw this.unexpected('label matching', '"," or "}"');
      }
      position = { start: position.start, end: this.take().end };
    }
    if (name !== undefined) matchers.push({ name: METRIC_NAME, op: '=', value: name.text });
    return {
      kind: 'vector',
      name: name?.text ?? '',
      matchers,
      offset: 0,
      at: undefined,
      extension: undefined,
      position,
      height: 1,
    };
  }

  private labelMatcher(): Matcher {
    const label = this.peek();
    if (label.type !== IDENTIFIER && label.type !== STRING) {
      throw this.unexpected('label matching', 'identifier or "}"');
    }
    this.index++;
    const name = label.type === STRING ? unquoteString(label.text) : label.text;
    const op = this.peek().type;
    if (op !== '=' && op !== '!=' && op !== '=~' && op !== '!~') {
      if (label.type === STRING) return { name: METRIC_NAME, op: '=', value: name };
      throw this.unexpected('label matching', 'label matching operator');
    }
    this.index++;
    const literal = this.peek();
    if (literal.type !== STRING) throw this.unexpected('label matching', 'string');
    this.index++;
    const value = unquoteString(literal.text);
    if (op === '=~' || op === '!~') {
      try {
        compilePattern(value);
      } catch (error) {
        throw this.fail({ start: label.start, end: literal.end }, (error as Error).message);
      }
    }
    return { name, op: op as MatchOp, value };
  }

  private call(): CallExpr {
    const name = this.take();
    const body = this.callBody();
    const position = { start: name.start, end: body.end };
    const height = this.heightAbove(position, ...body.args);
    return { kind: 'call', name: name.text, args: body.args, position, height };
  }

  private callBody(): { readonly args: readonly Expr[]; readonly end: number } {
    if (!this.is('(')) throw this.unexpected();
    this.index++;
    const args: Expr[] = [];
    while (!this.is(')')) {
      args.push(this.expression(1));
      if (this.is(',')) {
        const comma = this.take();
        if (this.is(')')) throw this.fail(comma, 'trailing commas not allowed in function call args');
      } else if (!this.is(')')) throw this.unexpected();
    }
    return { args, end: this.take().end };
  }

  private aggregate(): AggregateExpr {
    const op = this.take();
    this.openAggregations++;
    let modifier = this.aggregateModifier();
    const body = this.callBody();
    let end = body.end;
    if (modifier === undefined) {
      modifier = this.aggregateModifier();
      if (modifier !== undefined) end = modifier.end;
    }
    this.openAggregations--;
    const position = { start: op.start, end };
    const wanted = op.type in PARAMETER_COUNT ? 2 : 1;
    if (body.args.length === 0) throw this.fail(position, 'no arguments for aggregate expression provided');
    if (body.args.length !== wanted) {
      throw this.fail(
        position,
        `wrong number of arguments for aggregate expression provided, expected ${wanted}, got ${body.args.length}`,
      );
    }
    return {
      kind: 'aggregate',
      op: op.type as AggregateOp,
      expr: body.args[wanted - 1]!,
      param: wanted === 2 ? body.args[0] : undefined,
      grouping: modifier?.labels ?? [],
      without: modifier?.without ?? false,
      position,
      height: this.heightAbove(position, ...body.args),
    };
  }

  private aggregateModifier(): { labels: readonly string[]; without: boolean; end: number } | undefined {
    if (!this.is('by') && !this.is('without')) return undefined;
    const without = this.take().type === 'without';
    const { labels, end } = this.groupingLabels();
    return { labels, without, end };
  }

  private groupingLabels(): { labels: readonly string[]; end: number } {
    if (!this.is('(')) throw this.unexpected('grouping opts', '"("');
    this.index++;
    const labels: string[] = [];
    while (!this.is(')')) {
      const token = this.peek();
      if (!isLabelWord(token.type) && token.type !== STRING) throw this.unexpected('grouping opts', 'label');
      this.index++;
      const label = token.type === STRING ? unquoteString(token.text) : token.text;
      if (!isLabelName(label)) throw this.fail(token, `invalid label name for grouping: ${quote(label)}`);
      labels.push(label);
      if (this.is(',')) this.index++;
      else if (!this.is(')')) throw this.unexpected('grouping opts', '"," or ")"');
    }
    return { labels, end: this.take().end };
  }

  private binaryModifiers(): BinaryModifiers {
    const returnBool = this.is('bool');
    if (returnBool) this.index++;
    let cardinality: Cardinality = 'one-to-one';
    let labels: readonly string[] = [];
    let include: readonly string[] = [];
    let on = false;
    if (this.is('on') || this.is('ignoring')) {
      on = this.take().type === 'on';
      labels = this.groupingLabels().labels;
      if (this.is('group_left') || this.is('group_right')) {
        cardinality = this.take().type === 'group_left' ? 'many-to-one' : 'one-to-many';
        if (this.is('(')) include = this.groupingLabels().labels;
      }
    }
    let fillLeft: number | undefined;
    let fillRight: number | undefined;
    if (this.is('fill')) {
      fillLeft = fillRight = this.fillValue();
    } else {
      if (this.is('fill_left')) fillLeft = this.fillValue();
      if (this.is('fill_right')) fillRight = this.fillValue();
      if (fillLeft === undefined && this.is('fill_left')) fillLeft = this.fillValue();
    }
    return { returnBool, matching: { cardinality, labels, on, include, fillLeft, fillRight } };
  }

  private fillValue(): number {
    this.index++;
    if (!this.is('(')) throw this.unexpected();
    this.index++;
    const isNegative = this.is('-');
    if (isNegative || this.is('+')) this.index++;
    if (!this.is(NUMBER) && !this.is(DURATION)) throw this.unexpected();
    const value = this.number().value;
    if (!this.is(')')) throw this.unexpected();
    this.index++;
    return isNegative ? -value : value;
  }

  private at(expr: Expr): Expr {
    this.index++;
    let at: AtModifier;
    if ((this.is('start') || this.is('end')) && this.peek(1).type === '(' && this.peek(2).type === ')') {
      at = this.peek().type as 'start' | 'end';
      this.index += 3;
    } else {
      const isNegative = this.is('-');
      if (isNegative || this.is('+')) this.index++;
      if (!this.is(NUMBER) && !this.is(DURATION)) throw this.unexpected('@', 'timestamp');
      const seconds = this.number().value * (isNegative ? -1 : 1);
      if (!Number.isFinite(seconds) || Math.abs(seconds) >= 2 ** 63) {
        throw this.fail(expr.position, `timestamp out of bounds for @ modifier: ${formatFixed(seconds)}`);
      }
      at = Math.round(seconds * 1000);
    }
    const end = this.lastEnd();
    const change = <S extends { readonly at: AtModifier | undefined }>(shift: S): S => {
      if (shift.at !== undefined) {
        throw this.fail(expr.position, '@ <timestamp> may not be set multiple times');
      }
      return { ...shift, at };
    };
    switch (expr.kind) {
      case 'vector':
      case 'subquery':
        return { ...change(expr), position: { start: expr.position.start, end } };
      case 'matrix':
        return { ...expr, selector: change(expr.selector), position: { start: expr.position.start, end } };
    }
    throw this.fail(
      expr.position,
      '@ modifier must be preceded by an instant vector selector or range vector selector or a subquery',
    );
  }

  private offset(expr: Expr): Expr {
    this.index++;
    const offset = this.offsetDuration();
    const end = this.lastEnd();
    const change = <S extends { readonly offset: Duration }>(shift: S): S => {
      if (shift.offset !== 0) throw this.fail(expr.position, 'offset may not be set multiple times');
      return { ...shift, offset };
    };
    switch (expr.kind) {
      case 'vector':
      case 'subquery':
        return { ...change(expr), position: { start: expr.position.start, end } };
      case 'matrix':
        return { ...expr, selector: change(expr.selector), position: { start: expr.position.start, end } };
    }
    throw this.fail(
      expr.position,
      'offset modifier must be preceded by an instant vector selector or range vector selector or a subquery',
    );
  }

  private extension(expr: Expr): Expr {
    const extension = this.take().type as 'anchored' | 'smoothed';
    const extend = (selector: VectorSelector): VectorSelector => {
      if (selector.extension !== undefined && selector.extension !== extension) {
        throw this.fail(expr.position, 'anchored and smoothed modifiers cannot be used together');
      }
      return { ...selector, extension };
    };
    if (expr.kind === 'vector') return extend(expr);
    if (expr.kind === 'matrix') return { ...expr, selector: extend(expr.selector) };
    if (expr.kind === 'subquery') {
      throw this.fail(expr.position, `${extension} modifier is not supported for subqueries`);
    }
    throw this.fail(expr.position, `${extension} modifier not implemented`);
  }

  private bracketed(expr: Expr): Expr {
    const open = this.take();
    const range = this.positiveDuration('subquery or range selector', 'number, duration, step(), or range()');
    if (this.is(':')) return this.subquery(expr, range);
    if (!this.is(']')) throw this.unexpected('subquery or range', '":" or "]"');
    const end = this.take().end;
    const brackets = { start: open.start, end };
    if (expr.kind !== 'vector') throw this.fail(brackets, 'ranges only allowed for vector selectors');
    if (expr.offset !== 0) throw this.fail(brackets, 'no offset modifiers allowed before range');
    if (expr.at !== undefined) throw this.fail(brackets, 'no @ modifiers allowed before range');
    const position = { start: expr.position.start, end };
    return { kind: 'matrix', selector: expr, range, position, height: 2 };
  }

  private subquery(expr: Expr, range: Duration): Expr {
    this.index++;
    const step = this.is(']')
      ? undefined
      : this.positiveDuration('subquery selector', 'number, duration, step(), range(), or "]"');
    if (!this.is(']')) throw this.unexpected('subquery selector', '"]"');
    const position = { start: expr.position.start, end: this.take().end };
    const height = this.heightAbove(position, expr);
    return { kind: 'subquery', expr, range, step, offset: 0, at: undefined, position, height };
  }

  private positiveDuration(context: string, expected: string): Duration {
    const expr = this.durationExpression(1, () => this.unexpected(context, expected));
    if (expr.kind === 'literal' && expr.value <= 0) {
      throw this.fail(expr.position, 'duration must be greater than 0');
    }
    return durationOfLiteral(expr);
  }

  /** What may follow `offset`: one operand, since operators after it apply to the selector. */
  private offsetDuration(): Duration {
    const onError = (): Error => this.unexpected('offset', 'number, duration, step(), or range()');
    return durationOfLiteral(this.durationPrefixed(onError, () => this.durationOperand(onError)));
  }

  private durationExpression(minPrecedence: number, onError: () => Error): DurationExpr {
    if (++this.depth > MAX_DEPTH) throw this.tooDeep(this.peek());
    let left = this.durationPrefixed(onError, () => this.durationExpression(POWER, onError));
    let height = 0;
    for (;;) {
      const token = this.peek();
      const precedence = '+-*/%^'.includes(token.type) ? PRECEDENCE[token.type] : undefined;
      if (precedence === undefined || precedence < minPrecedence) break;
      if (++height > MAX_DEPTH) throw this.tooDeep(token);
      this.index++;
      const op = token.type as '+' | '-' | '*' | '/' | '%' | '^';
      const right = this.durationExpression(op === '^' ? precedence : precedence + 1, onError);
      if ((op === '/' || op === '%') && right.kind === 'literal' && right.value === 0) {
        throw this.fail(token, op === '/' ? 'division by zero' : 'modulo by zero');
      }
      const position = { start: left.position.start, end: right.position.end };
      left = { kind: 'operation', op, left, right, isWrapped: false, position };
    }
    this.depth--;
    return left;
  }

  private durationPrefixed(onError: () => Error, operand: () => DurationExpr): DurationExpr {
    const signs: Token[] = [];
    while (this.is('+') || this.is('-')) signs.push(this.take());
    if (signs.length === 0) return this.durationOperand(onError);
    let expr = operand();
    if (signs.length > MAX_DEPTH) throw this.tooDeep(signs[0]!);
    for (let i = signs.length - 1; i >= 0; i--) {
      const sign = signs[i]!;
      const position = { start: sign.start, end: expr.position.end };
      if (expr.kind === 'literal') {
        expr = { ...expr, value: sign.type === '-' ? -expr.value : expr.value, position };
      } else if (sign.type === '-') {
        expr = { kind: 'operation', op: '-', right: expr, isWrapped: false, position };
      }
    }
    return expr;
  }

  private durationOperand(onError: () => Error): DurationExpr {
    const token = this.peek();
    if (token.type === NUMBER || token.type === DURATION) {
      const { value, isDuration, position } = this.number();
      if (isDurationOutOfRange(value)) throw this.fail(position, 'duration out of range');
      return { kind: 'literal', value, isDuration, position };
    }
    if (token.type === '(') {
      this.index++;
      const inner = this.durationExpression(1, onError);
      if (!this.is(')')) throw onError();
      const position = { start: token.start, end: this.take().end };
      if (inner.kind === 'operation') return { ...inner, isWrapped: true };
      return { kind: 'operation', op: '+', right: inner, isWrapped: true, position };
    }
    if (token.type === 'step' || token.type === 'range') {
      this.index++;
      if (!this.is('(') || this.peek(1).type !== ')') throw onError();
      this.index += 2;
      const position = { start: token.start, end: this.lastEnd() };
      return { kind: 'operation', op: token.type, isWrapped: false, position };
    }
    if (token.type === 'min_of' || token.type === 'max_of') {
      this.index++;
      if (!this.is('(')) throw onError();
      this.index++;
      const left = this.durationExpression(1, onError);
      if (!this.is(',')) throw onError();
      this.index++;
      const right = this.durationExpression(1, onError);
      if (!this.is(')')) throw onError();
      const position = { start: token.start, end: this.take().end };
      return { kind: 'operation', op: token.type, left, right, isWrapped: false, position };
    }
    throw onError();
  }

  private lastEnd(): number {
    return this.tokens[this.index - 1]!.end;
  }
}

interface BinaryModifiers {
  readonly returnBool: boolean;
  readonly matching: VectorMatching;
}

const PARAMETER_COUNT = { topk: 1, bottomk: 1, count_values: 1, quantile: 1, limitk: 1, limit_ratio: 1 };

const CALLABLE_WORDS: ReadonlySet<string> = new Set(['start', 'end', 'step', 'range', 'max_of', 'min_of']);
const NOT_METRIC_WORDS: ReadonlySet<string> = new Set([
  'bool',
  'on',
  'ignoring',
  'group_left',
  'group_right',
  'atan2',
]);

const isCallable = (type: string): boolean => type === IDENTIFIER || CALLABLE_WORDS.has(type);

const isMetricWord = (type: string): boolean =>
  type === IDENTIFIER || type === METRIC_IDENTIFIER || (isReservedWord(type) && !NOT_METRIC_WORDS.has(type));

const isLabelWord = (type: string): boolean =>
  type === IDENTIFIER || type === METRIC_IDENTIFIER || (isReservedWord(type) && type !== 'without');

const positionOf = (token: Token): Position => ({ start: token.start, end: token.end });

/** As Go's %f. */
function formatFixed(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  return `${BigInt(Math.trunc(value))}.000000`;
}
