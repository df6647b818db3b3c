import type { Matcher } from '../model/matcher.ts';
import { compileMatcher } from '../promql/matchers.ts';
import { parseSelector } from '../promql/parse.ts';
import { QueryError } from './budget.ts';

/**
 * Matchers of a worker's task.
 * @param named whether the error is to name the parameter: upstream does for some endpoints
 * @throws QueryError
 */
export function matchersOf(
  text: string,
  { mayMatchAll = false, named = true }: { readonly mayMatchAll?: boolean; readonly named?: boolean } = {},
): readonly Matcher[] {
  const refuse = (problem: string): QueryError =>
    new QueryError('bad_data', named ? `invalid parameter "match[]": ${problem}` : problem);
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
