import type { BinaryExpr, BinaryOp, Expr, VectorSelector } from './ast.ts';
import { type BinaryModifiers, readBinaryModifiers } from './parser/binary-modifiers.ts';
import { readAggregate, readCall } from './parser/calls.ts';
import { readModifier } from './parser/modifiers.ts';
import { POWER, PRECEDENCE } from './parser/precedence.ts';
import { isMetricWord, readSelector } from './parser/selector.ts';
import { MAX_DEPTH, positionOf, TokenReader } from './parser/token-reader.ts';
import { unquoteString } from './string-literal.ts';
import { AGGREGATORS, DURATION, EOF, IDENTIFIER, NUMBER, STRING, type Token } from './tokens.ts';

/** Reads a query into a tree. Types are not looked at: that is check.ts. */
export function parseTree(text: string): Expr {
  const tokens = new TokenReader(text);
  if (tokens.is(EOF)) throw tokens.fail({ start: 0, end: 0 }, 'no expression found in input');
  const expr = readExpression(tokens);
  if (!tokens.is(EOF)) throw tokens.unexpected();
  return expr;
}

/** Reads a series selector and nothing around it, as `match[]` takes it. */
export function parseSelectorTree(text: string): VectorSelector {
  const tokens = new TokenReader(text);
  const isNamed = isMetricWord(tokens.peek().type);
  if (!isNamed && !tokens.is('{')) throw tokens.unexpected();
  const selector = readSelector(tokens, isNamed ? tokens.take() : undefined);
  if (!tokens.is(EOF)) throw tokens.unexpected();
  return selector;
}

const readExpression = (tokens: TokenReader): Expr => readBinary(tokens, 1);

/** Reads operands and the operators between them, as long as those bind at least so tightly. */
function readBinary(tokens: TokenReader, minPrecedence: number): Expr {
  tokens.descend();
  let left = readPrefixed(tokens);
  for (;;) {
    const token = tokens.peek();
    const precedence = PRECEDENCE[token.type];
    if (precedence === undefined || precedence < minPrecedence) break;
    tokens.skip();
    const op = token.type as BinaryOp;
    const modifiers = readBinaryModifiers(tokens);
    const right = readBinary(tokens, op === '^' ? precedence : precedence + 1);
    left = newBinary(tokens, op, left, right, modifiers);
  }
  tokens.ascend();
  return left;
}

function newBinary(
  tokens: TokenReader,
  op: BinaryOp,
  left: Expr,
  right: Expr,
  modifiers: BinaryModifiers,
): BinaryExpr {
  const position = { start: left.position.start, end: right.position.end };
  return {
    kind: 'binary',
    op,
    left,
    right,
    returnBool: modifiers.returnBool,
    matching: modifiers.matching,
    position,
    height: tokens.heightAbove(position, left, right),
  };
}

/** An operand with its signs. A sign binds like multiplication: looser than `^`, tighter than `+`. */
function readPrefixed(tokens: TokenReader): Expr {
  const signs: Token[] = [];
  while (tokens.is('+') || tokens.is('-')) signs.push(tokens.take());
  if (signs.length === 0) return readOperand(tokens);
  if (signs.length > MAX_DEPTH * 1000) throw tokens.tooDeep(signs[0]!);
  let expr = readBinary(tokens, POWER);
  for (let i = signs.length - 1; i >= 0; i--) {
    const sign = signs[i]!;
    const position = { start: sign.start, end: expr.position.end };
    if (expr.kind === 'number') {
      expr = { ...expr, value: sign.type === '-' ? -expr.value : expr.value, position };
    } else {
      const op = sign.type as '+' | '-';
      expr = { kind: 'unary', op, expr, position, height: tokens.heightAbove(position, expr) };
    }
  }
  return expr;
}

function readOperand(tokens: TokenReader): Expr {
  let expr = readPrimary(tokens);
  for (;;) {
    const modified = readModifier(tokens, expr);
    if (!modified) return expr;
    expr = modified;
  }
}

function readPrimary(tokens: TokenReader): Expr {
  const token = tokens.peek();
  switch (token.type) {
    case NUMBER:
    case DURATION:
      return tokens.number();
    case STRING: {
      tokens.skip();
      const position = positionOf(token);
      return { kind: 'string', value: unquoteString(token.text), position, height: 1 };
    }
    case '(': {
      tokens.skip();
      const expr = readExpression(tokens);
      if (!tokens.is(')')) throw tokens.unexpected();
      const position = { start: token.start, end: tokens.take().end };
      return { kind: 'paren', expr, position, height: tokens.heightAbove(position, expr) };
    }
    case '{':
      return readSelector(tokens, undefined);
  }
  const following = tokens.peek(1).type;
  if (AGGREGATORS.has(token.type) && (following === '(' || following === 'by' || following === 'without')) {
    return readAggregate(tokens, readExpression);
  }
  if (following === '(' && isCallable(token.type)) return readCall(tokens, readExpression);
  if (isMetricWord(token.type)) {
    tokens.skip();
    return readSelector(tokens, token);
  }
  throw tokens.unexpected();
}

const CALLABLE_WORDS: ReadonlySet<string> = new Set(['start', 'end', 'step', 'range', 'max_of', 'min_of']);
const isCallable = (type: string): boolean => type === IDENTIFIER || CALLABLE_WORDS.has(type);
