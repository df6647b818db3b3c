import type { Matcher } from '../model/matcher.ts';
import { unwrapParens } from '../promql/ast.ts';
import { parseExpr } from '../promql/parse.ts';
import { QueryError } from './budget.ts';

/** Matchers of a series selector, as `match[]` takes it. @throws Error with PromQL's text */
export function parseSelector(text: string): readonly Matcher[] {
  const expr = unwrapParens(parseExpr(text));
  if (expr.kind !== 'vector' || expr.offset !== 0 || expr.at !== undefined) {
    throw new Error(`expected a series selector, got ${JSON.stringify(text.slice(0, 200))}`);
  }
  return expr.matchers;
}

/** The same for a worker's task. @throws QueryError naming the parameter */
export function matchersOf(text: string): readonly Matcher[] {
  try {
    return parseSelector(text);
  } catch (error) {
    throw new QueryError('bad_data', `invalid parameter "match[]": ${(error as Error).message}`);
  }
}
