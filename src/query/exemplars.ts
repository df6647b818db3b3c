import type { ExemplarQueryable } from '../model/exemplar.ts';
import type { Matcher } from '../model/matcher.ts';
import type { QueryBudget } from '../model/queryable.ts';
import { formatValue } from '../model/sample.ts';
import { walkExpr } from '../promql/ast.ts';
import { parseExpr } from '../promql/parse.ts';
import { formatTime, type JsonWriter, labelsJson } from './json.ts';
import type { QueryTask } from './protocol.ts';

/**
 * Writes the exemplars of every series that an expression's selectors match, whatever their ranges and offsets.
 * @throws PromqlError when the expression is none
 */
export function writeExemplars(
  writer: JsonWriter,
  queryable: ExemplarQueryable,
  { expr, range }: Extract<QueryTask, { kind: 'exemplars' }>,
  budget: QueryBudget,
): void {
  const sets: (readonly Matcher[])[] = [];
  walkExpr(parseExpr(expr), (part) => {
    if (part.kind === 'vector') sets.push(part.matchers);
  });
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
}
