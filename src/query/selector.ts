import type { Matcher } from '../model/matcher.ts';
import { unwrapParens } from '../promql/ast.ts';
import { parseExpr } from '../promql/parse.ts';

/** Matchers of a series selector, as `match[]` takes it. @throws Error with PromQL's text */
export function parseSelector(text: string): readonly Matcher[] {
  const expr = unwrapParens(parseExpr(text));
  if (expr.kind !== 'vector' || expr.offset !== 0 || expr.at !== undefined) {
    throw new Error(`expected a series selector, got ${JSON.stringify(text.slice(0, 200))}`);
  }
  return expr.matchers;
}
