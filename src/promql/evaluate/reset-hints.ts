import type { SeriesSamples } from '../../model/queryable.ts';
import { childrenOf, type Expr, isTrim, type VectorSelector } from '../ast.ts';
import { detectReset } from '../histogram/arithmetic.ts';

const COUNTING: ReadonlySet<string> = new Set(['histogram_count', 'histogram_sum', 'histogram_avg']);
const NEEDING_BUCKETS: ReadonlySet<string> = new Set([
  'histogram_quantile',
  'histogram_quantiles',
  'histogram_fraction',
]);

/**
 * The selectors of which only counts and sums are asked. Upstream reads those with the resets told for every sample, which
 * shows in warnings about conflicting resets; so do we.
 */
export function countedSelectors(expr: Expr): ReadonlySet<VectorSelector> {
  const found = new Set<VectorSelector>();
  const visit = (node: Expr, isCounted: boolean): void => {
    if (node.kind === 'vector' && isCounted) found.add(node);
    if (node.kind === 'subquery' || (node.kind === 'binary' && isTrim(node.op))) return;
    if (node.kind === 'call' && NEEDING_BUCKETS.has(node.name)) return;
    const isBelow = isCounted || (node.kind === 'call' && COUNTING.has(node.name));
    for (const child of childrenOf(node)) visit(child, isBelow);
  };
  visit(expr, false);
  return found;
}

/** The series with a reset hint at every histogram that follows another. */
export function withResetsTold(series: SeriesSamples): SeriesSamples {
  const { histograms } = series;
  if (histograms === undefined) return series;
  const told = histograms.map((histogram, i) => {
    const previous = histograms[i - 1];
    if (histogram === undefined || previous === undefined || histogram.counterResetHint !== 'unknown')
      return histogram;
    return {
      ...histogram,
      counterResetHint: detectReset(histogram, previous) ? 'reset' : 'not_reset',
    } as const;
  });
  return { ...series, histograms: told };
}
