import type { Histogram } from '../../model/histogram.ts';
import { texts } from '../annotations.ts';
import { dropsOf } from '../evaluate/ranges.ts';
import { ABSENT } from '../evaluate/value.ts';
import { addInto, scaleHistogram } from '../histogram/arithmetic.ts';
import { extendedRate } from './extended-rate.ts';
import { FloatRate } from './float-rate.ts';
import { histogramRate } from './histogram-rate.ts';
import { isStartReset, startsOverlap } from './start-timestamps.ts';
import {
  float,
  hasFloats,
  hasHistograms,
  metricNameOf,
  native,
  perWindow,
  type Window,
  type WindowFunction,
} from './windows.ts';

const EXTENSIONS = { extensions: ['anchored', 'smoothed'] } as const;

export const rate = perWindow(extrapolated(true, true), {
  ...EXTENSIONS,
  wantsCounter: true,
  floats: () => new FloatRate(true, true),
});
export const increase = perWindow(extrapolated(true, false), {
  ...EXTENSIONS,
  wantsCounter: true,
  floats: () => new FloatRate(true, false),
});
export const delta = perWindow(extrapolated(false, false), {
  ...EXTENSIONS,
  floats: () => new FloatRate(false, false),
});

function extrapolated(isCounter: boolean, isRate: boolean): WindowFunction {
  return (window) => {
    if (hasFloats(window) && hasHistograms(window)) {
      window.annotations.warn(texts.mixedFloatsHistograms(metricNameOf(window)), window.position);
      return ABSENT;
    }
    if (window.extension !== undefined) return extendedRate(window, isCounter, isRate);
    return hasFloats(window) ? floatRate(window, isCounter, isRate) : nativeRate(window, isCounter, isRate);
  };
}

function floatRate(window: Window, isCounter: boolean, isRate: boolean): number {
  const { series, from, to } = window;
  const { times, values } = series;
  const starts = isCounter && window.useStartTimestamps ? series.starts : undefined;
  const last = to - 1;
  const first = values[from]!;
  if (last === from && starts === undefined) return ABSENT;
  let growth = values[last]! - first;
  if (isCounter) growth = starts ? regainedWithStarts(window, starts, growth) : regained(window, growth);
  const startsInside = starts !== undefined && startsWithin(window, starts[from]!, times[from]!);
  if (startsInside) growth += first;
  if (last === from && !startsInside) return ABSENT;
  const firstTime = startsInside ? starts[from]! : times[from]!;
  const lastTime = times[last]!;
  const average = last > from ? (lastTime - times[from]!) / 1000 / (last - from) : 0;
  const zeroAt = isCounter && growth > 0 && first >= 0 ? first / growth : Number.NaN;
  return float(
    window,
    growth * extrapolationFactor(window, firstTime, lastTime, average, startsInside, zeroAt, isRate),
  );
}

/** `growth` with what a counter lost to resets within a window. */
function regained({ series, from, to }: Window, growth: number): number {
  const drops = dropsOf(series);
  if (drops.length === 0) return growth;
  for (let d = firstBeyond(drops, from); d < drops.length && drops[d]! < to; d++)
    growth += series.values[drops[d]! - 1]!;
  return growth;
}

/** Index of the first entry greater than `bound`. */
function firstBeyond(sorted: Int32Array, bound: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! <= bound) low = middle + 1;
    else high = middle;
  }
  return low;
}

function regainedWithStarts(window: Window, starts: Float64Array, growth: number): number {
  const { times, values } = window.series;
  let overlaps = false;
  for (let i = window.from + 1; i < window.to; i++) {
    const previous = values[i - 1]!;
    if (!overlaps && startsOverlap(starts[i - 1]!, times[i - 1]!, starts[i]!)) {
      window.annotations.startTimeOverlap(metricNameOf(window), window.position);
      overlaps = true;
    }
    if (values[i]! < previous || isStartReset(starts[i - 1]!, times[i - 1]!, starts[i]!, times[i]!))
      growth += previous;
  }
  return growth;
}

/** Whether the counter is known to have started at zero within the window. */
const startsWithin = (window: Window, start: number, firstTime: number): boolean =>
  start !== 0 && start > window.start && start < firstTime;

/**
 * By how much the growth between the samples is stretched to the whole window: up to its edges when the samples come near
 * them, by half an average interval otherwise, and never below a counter's zero. Numbers one by one: it runs once per window.
 * @param average seconds from sample to sample
 * @param zeroAt where the counter was zero, in sampled intervals before the first sample; NaN when that cannot be told
 */
function extrapolationFactor(
  window: Window,
  firstTime: number,
  lastTime: number,
  average: number,
  startsInside: boolean,
  zeroAt: number,
  isRate: boolean,
): number {
  const sampled = (lastTime - firstTime) / 1000;
  const threshold = average * 1.1;
  let toStart = startsInside ? 0 : (firstTime - window.start) / 1000;
  let toEnd = (window.end - lastTime) / 1000;
  if (!startsInside) {
    if (toStart >= threshold) toStart = average / 2;
    if (sampled * zeroAt < toStart) toStart = sampled * zeroAt;
  }
  if (toEnd >= threshold) toEnd = average / 2;
  const factor = sampled === 0 ? 1 : (sampled + toStart + toEnd) / sampled;
  return isRate ? factor / (window.rangeMs / 1000) : factor;
}

function nativeRate(window: Window, isCounter: boolean, isRate: boolean): number {
  const { histogramFrom: from, histogramTo: to } = window;
  const { histogramTimes: times, histograms } = window.series;
  const starts = isCounter && window.useStartTimestamps ? window.series.histogramStarts : undefined;
  const last = to - 1;
  const first = histograms[from]!;
  let growth: Histogram | undefined;
  if (last > from) {
    growth = histogramRate(window, starts, isCounter);
    if (growth === undefined) return ABSENT;
  }
  const startsInside = starts !== undefined && startsWithin(window, starts[from]!, times[from]!);
  if (startsInside) {
    growth = growth === undefined ? first : addInto(window, growth, first);
    if (growth === undefined) return ABSENT;
  }
  if (growth === undefined) return ABSENT;
  const factor = extrapolationFactor(
    window,
    startsInside ? starts[from]! : times[from]!,
    times[last]!,
    last > from ? (times[last]! - times[from]!) / 1000 / (last - from) : 0,
    startsInside,
    isCounter && growth.count > 0 && first.count >= 0 ? first.count / growth.count : Number.NaN,
    isRate,
  );
  return native(window, scaleHistogram(growth, factor));
}
