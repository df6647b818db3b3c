import type { Duration, DurationExpr } from './ast.ts';
import { executionError } from './errors.ts';
import { goPow } from './go-math.ts';

/** Longest duration in seconds: an int64 of nanoseconds. */
const MAX_SECONDS = 2 ** 63 / 1e9;

export const isDurationOutOfRange = (seconds: number): boolean =>
  seconds > MAX_SECONDS || seconds < -MAX_SECONDS;

/** Folds a plain literal to milliseconds; what needs the query's step or range stays an expression. */
export function durationOfLiteral(expr: DurationExpr): Duration {
  return expr.kind === 'literal' ? millisecondsOf(expr.value) : expr;
}

/** Seconds to whole milliseconds by way of nanoseconds, as upstream cuts them. */
function millisecondsOf(seconds: number): number {
  return Math.trunc(Math.round(seconds * 1e9) / 1e6);
}

/** What the words `step()` and `range()` stand for in a query, in milliseconds. */
export interface DurationContext {
  readonly stepMs: number;
  readonly rangeMs: number;
}

/**
 * Milliseconds of a duration.
 * @throws PromqlError when it is not finite, out of range, or not positive where it must be
 */
export function resolveDuration(
  duration: Duration,
  context: DurationContext,
  mayBeNegative: boolean,
): number {
  if (typeof duration === 'number') return duration;
  const seconds = evaluateDuration(duration, context);
  const where = `${duration.position.start}:${duration.position.end}`;
  if (!Number.isFinite(seconds)) throw executionError(`${where}: duration is NaN or infinite`);
  if (seconds <= 0 && !mayBeNegative) throw executionError(`${where}: duration must be greater than 0`);
  if (isDurationOutOfRange(seconds)) throw executionError(`${where}: duration is out of range`);
  return Math.trunc(seconds * 1000);
}

function evaluateDuration(expr: DurationExpr, context: DurationContext): number {
  if (expr.kind === 'literal') return expr.value;
  const left = expr.left === undefined ? 0 : evaluateDuration(expr.left, context);
  const right = expr.right === undefined ? 0 : evaluateDuration(expr.right, context);
  const fail = (what: string): Error =>
    executionError(`${expr.position.start}:${expr.position.end}: ${what}`);
  switch (expr.op) {
    case 'step':
      return context.stepMs / 1000;
    case 'range':
      return context.rangeMs / 1000;
    case 'min_of':
      return Math.min(left, right);
    case 'max_of':
      return Math.max(left, right);
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      if (right === 0) throw fail('division by zero');
      return left / right;
    case '%':
      if (right === 0) throw fail('modulo by zero');
      return left % right;
    case '^':
      return goPow(left, right);
  }
}
