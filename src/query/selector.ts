import type { Matcher } from '../model/matcher.ts';
import { unwrapParens } from '../promql/ast.ts';
import type { CheckOptions } from '../promql/check.ts';
import { compileMatcher } from '../promql/matchers.ts';
import { parseExpr } from '../promql/parse.ts';
import { QueryError } from './budget.ts';

/** Matchers of a series selector, as `match[]` takes it. @throws Error with PromQL's text */
export function parseSelector(text: string, options?: CheckOptions): readonly Matcher[] {
  const expr = unwrapParens(parseExpr(text, options));
  if (expr.kind !== 'vector' || expr.offset !== 0 || expr.at !== undefined) {
    throw new Error(`expected a series selector, got ${JSON.stringify(text.slice(0, 200))}`);
  }
  return expr.matchers;
}

/** The same for a worker's task. @throws QueryError naming the parameter */
export function matchersOf(text: string, { mayMatchAll = false }: CheckOptions = {}): readonly Matcher[] {
  const refuse = (problem: string): QueryError =>
    new QueryError('bad_data', `invalid parameter "match[]": ${problem}`);
  let matchers: readonly Matcher[];
  try {
    matchers = parseSelector(text, { mayMatchAll: true });
  } catch (error) {
    throw refuse((error as Error).message);
  }
  if (!mayMatchAll && matchers.every((matcher) => compileMatcher(matcher)('')))
    throw refuse('match[] must contain at least one non-empty matcher');
  return matchers;
}
