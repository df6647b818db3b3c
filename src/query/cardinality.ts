import { eachLabel, type Labels, METRIC_NAME } from '../model/labels.ts';
import type { QueryBudget } from '../model/queryable.ts';

interface Row {
  readonly name: string;
  readonly value: number;
}

/** Upstream's `/status/tsdb`. Times in Unix ms. */
export interface Cardinality {
  readonly headStats: {
    readonly numSeries: number;
    readonly numLabelPairs: number;
    readonly chunkCount: number;
    /** Of the head; null when it is empty. */
    readonly minTime: number | null;
    readonly maxTime: number | null;
  };
  readonly seriesCountByMetricName: readonly Row[];
  readonly labelValueCountByLabelName: readonly Row[];
  readonly memoryInBytesByLabelName: readonly Row[];
  readonly seriesCountByLabelValuePair: readonly Row[];
}

/** Heap of one entry of a Map or Set, its key's text not counted, bytes. */
const ENTRY_BYTES = 64;

/**
 * Counts what series are made of; of each list the `limit` largest rows. The head has each series in one chunk.
 * @param head times of its oldest and its newest sample
 * @throws what the budget throws when the counting itself takes too much memory
 */
export function cardinality(
  series: readonly Labels[],
  head: { readonly first: number; readonly last: number } | undefined,
  limit: number,
  budget: QueryBudget,
): Cardinality {
  const byMetric = new Map<string, number>();
  const byPair = new Map<string, number>();
  const valuesOf = new Map<string, Set<string>>();
  for (const labels of series) {
    for (const [name, value] of eachLabel(labels)) {
      if (name === METRIC_NAME) byMetric.set(value, (byMetric.get(value) ?? 0) + 1);
      const pair = `${name}=${value}`;
      const known = byPair.get(pair) ?? 0;
      // The pair's own text, and its places in the counts and in the values of its name.
      if (known === 0) budget.bytes(2 * ENTRY_BYTES + 2 * pair.length);
      byPair.set(pair, known + 1);
      if (known > 0) continue;
      const values = valuesOf.get(name);
      if (values) values.add(value);
      else valuesOf.set(name, new Set([value]));
    }
  }
  const valueCounts = new Map([...valuesOf].map(([name, values]) => [name, values.size]));
  const bytes = new Map(
    [...valuesOf].map(([name, values]) => [
      name,
      [...values].reduce((sum, value) => sum + Buffer.byteLength(value), 0),
    ]),
  );
  return {
    headStats: {
      numSeries: series.length,
      numLabelPairs: byPair.size,
      chunkCount: series.length,
      minTime: head?.first ?? null,
      maxTime: head?.last ?? null,
    },
    seriesCountByMetricName: largest(byMetric, limit),
    labelValueCountByLabelName: largest(valueCounts, limit),
    memoryInBytesByLabelName: largest(bytes, limit),
    seriesCountByLabelValuePair: largest(byPair, limit),
  };
}

/** As upstream says that a head is empty: the ends of an int64, which no number of JavaScript is. */
const EMPTY_HEAD = '"minTime":9223372036854775807,"maxTime":-9223372036854775808';

export const cardinalityJson = (data: Cardinality): string =>
  JSON.stringify({ status: 'success', data }).replace('"minTime":null,"maxTime":null', EMPTY_HEAD);

function largest(counts: ReadonlyMap<string, number>, limit: number): Row[] {
  return [...counts]
    .map(([name, value]) => ({ name, value }))
    .sort((a, b) => b.value - a.value || (a.name < b.name ? -1 : 1))
    .slice(0, limit);
}
