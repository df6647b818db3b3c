import type { Querier, QueryBudget } from '../model/queryable.ts';
import type { JsonWriter } from './json.ts';
import { searchNames } from './name-search.ts';
import type { SearchTask } from './protocol.ts';
import { matchersOf } from './selector.ts';

/** Writes what a search finds: lines of some results each, the first even without any, and a last one that says whether there are more. */
export function writeSearch(
  writer: JsonWriter,
  task: SearchTask,
  querier: Querier,
  budget: QueryBudget,
): void {
  const sets = task.match.map((text) => matchersOf(text, { named: false }));
  const names =
    task.label === undefined
      ? querier.labelNames(sets, task.range)
      : querier.labelValues(task.label, sets, task.range);
  const { found, hasMore } = searchNames(names, task, () => budget.check());
  const { warnings = [] } = querier;
  for (let at = 0; at === 0 || at < found.length; at += task.batchSize) {
    const results = found
      .slice(at, at + task.batchSize)
      .map(({ text, score }) => ({ [task.field]: text, ...(task.includesScore && { score }) }));
    const notes = at === 0 && warnings.length > 0 ? { warnings } : {};
    writer.raw(`${JSON.stringify({ results, ...notes })}\n`);
  }
  writer.raw(`${JSON.stringify({ status: 'success', has_more: hasMore })}\n`);
}
