import type { NodeCost } from '../promql/evaluate.ts';

const MAX_TEXT = 500;

/** What each node of a query took and gave, as the API shows it: the tree as it was evaluated, with the text each node stands for. */
export function explainJson(cost: NodeCost, query: string): Record<string, unknown> {
  const { expr, seriesIn, seriesOut, samplesRead, samplesSeen, totalMs, children } = cost;
  const { start, end } = expr.position;
  const below = children.reduce((sum, child) => sum + child.totalMs, 0);
  return {
    type: expr.kind,
    query: end - start > MAX_TEXT ? `${query.slice(start, start + MAX_TEXT)}…` : query.slice(start, end),
    position: { start, end },
    seriesIn,
    seriesOut,
    samplesRead,
    samplesSeen,
    totalMs: rounded(totalMs),
    selfMs: rounded(Math.max(0, totalMs - below)),
    children: children.map((child) => explainJson(child, query)),
  };
}

const rounded = (ms: number): number => Math.round(ms * 1000) / 1000;
