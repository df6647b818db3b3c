import type { ExemplarQueryable } from '../model/exemplar.ts';
import type { Matcher } from '../model/matcher.ts';
import type { QueryBudget } from '../model/queryable.ts';
import { formatValue } from '../model/sample.ts';
import { walkExpr } from '../promql/ast.ts';
import { PromqlError } from '../promql/errors.ts';
import { parseExpr } from '../promql/parse.ts';
import { QueryError } from './budget.ts';
import { formatTime, type JsonWriter, labelsJson } from './json.ts';
import type { QueryTask } from './protocol.ts';

/**
 * Writes the exemplars of every series that an expression's selectors match, whatever their ranges and offsets.
 * @returns whether there is anything to say: an expression without selectors has no answer, as upstream
 * @throws QueryError when the expression is none
 */
export function writeExemplars(
  writer: JsonWriter,
  queryable: ExemplarQueryable,
  { expr, range }: Extract<QueryTask, { kind: 'exemplars' }>,
  budget: QueryBudget,
): boolean {
  const sets = selectorsOf(expr);
  if (sets.length === 0) return false;
  writer.raw('{"status":"success","data":[');
  for (const [i, { labels, exemplars }] of queryable.exemplars(sets, range, budget).entries()) {
    writer.raw(`${i > 0 ? ',' : ''}{"seriesLabels":${labelsJson(labels)},"exemplars":[`);
    for (const [n, { labels: own, value, timestamp }] of exemplars.entries()) {
      const point = `"value":"${formatValue(value)}","timestamp":${formatTime(timestamp)}`;
      writer.raw(`${n > 0 ? ',' : ''}{"labels":${labelsJson(own)},${point}}`);
    }
    writer.raw(']}');
  }
  writer.raw(']}');
  return true;
}

/** Upstream's errors here do not name the parameter. */
function selectorsOf(text: string): (readonly Matcher[])[] {
  const sets: (readonly Matcher[])[] = [];
  try {
    walkExpr(parseExpr(text), (part) => {
      if (part.kind === 'vector') sets.push(part.matchers);
    });
  } catch (error) {
    if (error instanceof PromqlError) throw new QueryError('bad_data', error.message);
    throw error;
  }
  return sets;
}
