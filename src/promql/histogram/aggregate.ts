import type { Histogram } from '../../model/histogram.ts';
import { HistogramAccumulator, IncompatibleSchemasError } from './accumulator.ts';
import { divideHistogram } from './arithmetic.ts';

/** What to tell about a combination of many histograms, at most once each. */
export interface CombineEvents {
  onResetCollision(): void;
  onReconciled(): void;
}

/** The sum of histograms (at least one); undefined when exponential and custom buckets meet. */
export function sumHistograms(
  histograms: readonly Histogram[],
  events: CombineEvents,
): Histogram | undefined {
  const total = new HistogramAccumulator(histograms[0]!);
  let isReconciled = false;
  for (let i = 1; i < histograms.length; i++) {
    const added = tryAdd(total, histograms[i]!);
    if (added === undefined) return undefined;
    isReconciled ||= added;
  }
  tellCollision(histograms, events);
  if (isReconciled) events.onReconciled();
  return total.toHistogram();
}

/** The mean of histograms: the sum divided, or a running mean once the sum would overflow. */
export function averageHistograms(
  histograms: readonly Histogram[],
  events: CombineEvents,
): Histogram | undefined {
  let total = new HistogramAccumulator(histograms[0]!);
  let isRunning = false;
  let isReconciled = false;
  for (let i = 1; i < histograms.length; i++) {
    const count = i + 1;
    if (!isRunning) {
      const added = tryAdd(total, histograms[i]!);
      if (added === undefined) return undefined;
      isReconciled ||= added;
      if (!total.hasOverflow()) continue;
      isRunning = true;
      // As it was before: seldom is anything that large, so nothing is kept for it.
      total = new HistogramAccumulator(histograms[0]!);
      for (let k = 1; k < i; k++) total.add(histograms[k]!);
      total.divide(i);
    }
    total.scale((count - 1) / count);
    const added = tryAdd(total, divideHistogram(histograms[i]!, count));
    if (added === undefined) return undefined;
    isReconciled ||= added;
  }
  tellCollision(histograms, events);
  if (isReconciled) events.onReconciled();
  return isRunning ? total.toHistogram() : total.toHistogram(histograms.length);
}

/** Whether bounds had to be reconciled; undefined when the histograms cannot be combined. */
function tryAdd(total: HistogramAccumulator, histogram: Histogram): boolean | undefined {
  try {
    return total.add(histogram).isReconciled;
  } catch (error) {
    if (error instanceof IncompatibleSchemasError) return undefined;
    throw error;
  }
}

function tellCollision(histograms: readonly Histogram[], events: CombineEvents): void {
  const says = (hint: Histogram['counterResetHint']): boolean =>
    histograms.some((histogram) => histogram.counterResetHint === hint);
  if (says('reset') && says('not_reset')) events.onResetCollision();
}
