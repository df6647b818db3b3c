import type { Duration, DurationExpr } from '../ast.ts';
import { durationOfLiteral, isDurationOutOfRange } from '../duration-expr.ts';
import { DURATION, NUMBER, type Token } from '../tokens.ts';
import { POWER, PRECEDENCE } from './precedence.ts';
import { MAX_DEPTH, type TokenReader } from './token-reader.ts';

/** Reads the range or the step in brackets. `context` and `expected` are for the error of a token that is neither. */
export function readPositiveDuration(tokens: TokenReader, context: string, expected: string): Duration {
  const expr = readOperation(tokens, 1, () => tokens.unexpected(context, expected));
  if (expr.kind === 'literal' && expr.value <= 0) {
    throw tokens.fail(expr.position, 'duration must be greater than 0');
  }
  return durationOfLiteral(expr);
}

/** What may follow `offset`: one operand, since operators after it apply to the selector. */
export function readOffsetDuration(tokens: TokenReader): Duration {
  const onError = (): Error => tokens.unexpected('offset', 'number, duration, step(), or range()');
  return durationOfLiteral(readPrefixed(tokens, onError, () => readOperand(tokens, onError)));
}

function readOperation(tokens: TokenReader, minPrecedence: number, onError: () => Error): DurationExpr {
  tokens.descend();
  let left = readPrefixed(tokens, onError, () => readOperation(tokens, POWER, onError));
  let height = 0;
  for (;;) {
    const token = tokens.peek();
    const precedence = '+-*/%^'.includes(token.type) ? PRECEDENCE[token.type] : undefined;
    if (precedence === undefined || precedence < minPrecedence) break;
    if (++height > MAX_DEPTH) throw tokens.tooDeep(token);
    tokens.skip();
    const op = token.type as '+' | '-' | '*' | '/' | '%' | '^';
    const right = readOperation(tokens, op === '^' ? precedence : precedence + 1, onError);
    if ((op === '/' || op === '%') && right.kind === 'literal' && right.value === 0) {
      throw tokens.fail(token, op === '/' ? 'division by zero' : 'modulo by zero');
    }
    const position = { start: left.position.start, end: right.position.end };
    left = { kind: 'operation', op, left, right, isWrapped: false, position };
  }
  tokens.ascend();
  return left;
}

function readPrefixed(tokens: TokenReader, onError: () => Error, operand: () => DurationExpr): DurationExpr {
  const signs: Token[] = [];
  while (tokens.is('+') || tokens.is('-')) signs.push(tokens.take());
  if (signs.length === 0) return readOperand(tokens, onError);
  let expr = operand();
  if (signs.length > MAX_DEPTH) throw tokens.tooDeep(signs[0]!);
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

function readOperand(tokens: TokenReader, onError: () => Error): DurationExpr {
  const token = tokens.peek();
  if (token.type === NUMBER || token.type === DURATION) {
    const { value, isDuration, position } = tokens.number();
    if (isDurationOutOfRange(value)) throw tokens.fail(position, 'duration out of range');
    return { kind: 'literal', value, isDuration, position };
  }
  if (token.type === '(') {
    tokens.skip();
    const inner = readOperation(tokens, 1, onError);
    if (!tokens.is(')')) throw onError();
    const position = { start: token.start, end: tokens.take().end };
    if (inner.kind === 'operation') return { ...inner, isWrapped: true };
    return { kind: 'operation', op: '+', right: inner, isWrapped: true, position };
  }
  if (token.type === 'step' || token.type === 'range') {
    tokens.skip();
    if (!tokens.is('(') || tokens.peek(1).type !== ')') throw onError();
    tokens.skip(2);
    const position = { start: token.start, end: tokens.lastEnd() };
    return { kind: 'operation', op: token.type, isWrapped: false, position };
  }
  if (token.type === 'min_of' || token.type === 'max_of') {
    tokens.skip();
    if (!tokens.is('(')) throw onError();
    tokens.skip();
    const left = readOperation(tokens, 1, onError);
    if (!tokens.is(',')) throw onError();
    tokens.skip();
    const right = readOperation(tokens, 1, onError);
    if (!tokens.is(')')) throw onError();
    const position = { start: token.start, end: tokens.take().end };
    return { kind: 'operation', op: token.type, left, right, isWrapped: false, position };
  }
  throw onError();
}
