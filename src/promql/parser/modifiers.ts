import type { AtModifier, Duration, Expr, TimeShift, VectorSelector } from '../ast.ts';
import { DURATION, NUMBER } from '../tokens.ts';
import { readOffsetDuration, readPositiveDuration } from './durations.ts';
import type { TokenReader } from './token-reader.ts';

/** Reads what follows an operand, such as `[5m]` or `offset 1h`. @returns undefined where nothing does */
export function readModifier(tokens: TokenReader, expr: Expr): Expr | undefined {
  switch (tokens.peek().type) {
    case '[':
      return withBrackets(tokens, expr);
    case 'offset':
      return withOffset(tokens, expr);
    case '@':
      return withAt(tokens, expr);
    case 'anchored':
    case 'smoothed':
      return withExtension(tokens, expr);
  }
  return undefined;
}

function withBrackets(tokens: TokenReader, expr: Expr): Expr {
  const open = tokens.take();
  const range = readPositiveDuration(
    tokens,
    'subquery or range selector',
    'number, duration, step(), or range()',
  );
  if (tokens.is(':')) return readSubquery(tokens, expr, range);
  if (!tokens.is(']')) throw tokens.unexpected('subquery or range', '":" or "]"');
  const end = tokens.take().end;
  const brackets = { start: open.start, end };
  if (expr.kind !== 'vector') throw tokens.fail(brackets, 'ranges only allowed for vector selectors');
  if (expr.offset !== 0) throw tokens.fail(brackets, 'no offset modifiers allowed before range');
  if (expr.at !== undefined) throw tokens.fail(brackets, 'no @ modifiers allowed before range');
  const position = { start: expr.position.start, end };
  return { kind: 'matrix', selector: expr, range, position, height: 2 };
}

function readSubquery(tokens: TokenReader, expr: Expr, range: Duration): Expr {
  tokens.skip();
  const step = tokens.is(']')
    ? undefined
    : readPositiveDuration(tokens, 'subquery selector', 'number, duration, step(), range(), or "]"');
  if (!tokens.is(']')) throw tokens.unexpected('subquery selector', '"]"');
  const position = { start: expr.position.start, end: tokens.take().end };
  const height = tokens.heightAbove(position, expr);
  return { kind: 'subquery', expr, range, step, offset: 0, at: undefined, position, height };
}

function withOffset(tokens: TokenReader, expr: Expr): Expr {
  tokens.skip();
  const offset = readOffsetDuration(tokens);
  return shifted(tokens, expr, 'offset', (shift) => {
    if (shift.offset !== 0) throw tokens.fail(expr.position, 'offset may not be set multiple times');
    return { ...shift, offset };
  });
}

function withAt(tokens: TokenReader, expr: Expr): Expr {
  tokens.skip();
  let at: AtModifier;
  if (
    (tokens.is('start') || tokens.is('end')) &&
    tokens.peek(1).type === '(' &&
    tokens.peek(2).type === ')'
  ) {
    at = tokens.peek().type as 'start' | 'end';
    tokens.skip(3);
  } else {
    const isNegative = tokens.is('-');
    if (isNegative || tokens.is('+')) tokens.skip();
    if (!tokens.is(NUMBER) && !tokens.is(DURATION)) throw tokens.unexpected('@', 'timestamp');
    const seconds = tokens.number().value * (isNegative ? -1 : 1);
    if (!Number.isFinite(seconds) || Math.abs(seconds) >= 2 ** 63) {
      throw tokens.fail(expr.position, `timestamp out of bounds for @ modifier: ${formatFixed(seconds)}`);
    }
    at = Math.round(seconds * 1000);
  }
  return shifted(tokens, expr, '@', (shift) => {
    if (shift.at !== undefined) {
      throw tokens.fail(expr.position, '@ <timestamp> may not be set multiple times');
    }
    return { ...shift, at };
  });
}

/** Changes the times at which an operand is read; `change` gets what has them. */
function shifted(
  tokens: TokenReader,
  expr: Expr,
  modifier: string,
  change: <S extends TimeShift>(shift: S) => S,
): Expr {
  const position = { start: expr.position.start, end: tokens.lastEnd() };
  switch (expr.kind) {
    case 'vector':
    case 'subquery':
      return { ...change(expr), position };
    case 'matrix':
      return { ...expr, selector: change(expr.selector), position };
  }
  throw tokens.fail(
    expr.position,
    `${modifier} modifier must be preceded by an instant vector selector or range vector selector or a subquery`,
  );
}

function withExtension(tokens: TokenReader, expr: Expr): Expr {
  const extension = tokens.take().type as 'anchored' | 'smoothed';
  const extend = (selector: VectorSelector): VectorSelector => {
    if (selector.extension !== undefined && selector.extension !== extension) {
      throw tokens.fail(expr.position, 'anchored and smoothed modifiers cannot be used together');
    }
    return { ...selector, extension };
  };
  if (expr.kind === 'vector') return extend(expr);
  if (expr.kind === 'matrix') return { ...expr, selector: extend(expr.selector) };
  if (expr.kind === 'subquery') {
    throw tokens.fail(expr.position, `${extension} modifier is not supported for subqueries`);
  }
  // Upstream's words for what is no selector.
  throw tokens.fail(expr.position, `${extension} modifier not implemented`);
}

/** As Go's %f. */
function formatFixed(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  return `${BigInt(Math.trunc(value))}.000000`;
}
