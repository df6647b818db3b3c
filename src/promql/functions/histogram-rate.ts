import type { Histogram } from '../../model/histogram.ts';
import { texts } from '../annotations.ts';
import { addInto, detectReset, emptyLike, subtractOrWarn } from '../histogram/arithmetic.ts';
import { usesCustomBuckets } from '../histogram/buckets.ts';
import { isStartReset, startsOverlap } from './start-timestamps.ts';
import { metricNameOf, type Window } from './windows.ts';

/** Growth over the histograms of a window (at least two); undefined, with a warning, when they do not fit together. */
export function histogramRate(
  window: Window,
  starts: Float64Array | undefined,
  isCounter: boolean,
): Histogram | undefined {
  const { histograms, histogramTimes: times } = window.series;
  const from = window.histogramFrom;
  const last = window.histogramTo - 1;
  const isStartedAt = (i: number): boolean =>
    starts !== undefined && isStartReset(starts[i - 1]!, times[i - 1]!, starts[i]!, times[i]!);
  if (isCounter) warnOfGauges(window);
  // After a reset right behind the first sample nothing of that sample counts, not even its layout.
  let previous = histograms[from]!;
  const second = histograms[from + 1]!;
  if (isCounter && (isStartedAt(from + 1) || detectReset(second, previous))) previous = emptyLike(second);
  const isCustom = usesCustomBuckets(previous);
  for (let i = from + 1; i <= last; i++) {
    if ((isCounter || i === last) && usesCustomBuckets(histograms[i]!) !== isCustom) {
      window.annotations.warn(texts.mixedExponentialCustom(metricNameOf(window)), window.position);
      return undefined;
    }
  }
  let growth = subtractOrWarn(window, histograms[last]!, previous);
  if (growth === undefined) return undefined;
  if (isCounter) {
    let overlaps = false;
    for (let i = from + 1; i <= last; i++) {
      if (!overlaps && starts !== undefined && startsOverlap(starts[i - 1]!, times[i - 1]!, starts[i]!)) {
        window.annotations.startTimeOverlap(metricNameOf(window), window.position);
        overlaps = true;
      }
      if (isStartedAt(i) || detectReset(histograms[i]!, previous)) {
        growth = addInto(window, growth, previous);
        if (growth === undefined) return undefined;
      }
      previous = histograms[i]!;
    }
  } else if (
    histograms[from]!.counterResetHint !== 'gauge' ||
    histograms[last]!.counterResetHint !== 'gauge'
  ) {
    window.annotations.warn(texts.notGauge(metricNameOf(window)), window.position);
  }
  return { ...growth, counterResetHint: 'gauge' };
}

function warnOfGauges(window: Window): void {
  for (let i = window.histogramFrom; i < window.histogramTo; i++) {
    if (window.series.histograms[i]!.counterResetHint !== 'gauge') continue;
    window.annotations.warn(texts.notCounter(metricNameOf(window)), window.position);
    return;
  }
}
