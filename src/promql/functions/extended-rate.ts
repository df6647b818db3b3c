import type { Histogram } from '../../model/histogram.ts';
import { texts } from '../annotations.ts';
import { firstAfter } from '../evaluate/search.ts';
import { ABSENT } from '../evaluate/value.ts';
import {
  addInto,
  compactHistogram,
  detectReset,
  divideHistogram,
  type Site,
  scaleHistogram,
  subtractOrWarn,
} from '../histogram/arithmetic.ts';
import { usesCustomBuckets } from '../histogram/buckets.ts';
import { float, hasHistograms, metricNameOf, native, type Window } from './windows.ts';

/** rate, increase and delta of an `anchored` or `smoothed` range: between the edges themselves, nothing extrapolated. */
export function extendedRate(window: Window, isCounter: boolean, isRate: boolean): number {
  return hasHistograms(window)
    ? nativeGrowth(window, isCounter, isRate)
    : floatGrowth(window, isCounter, isRate);
}

/** Indexes of the samples that stand for the edges of the window; undefined when there is nothing between the edges. */
function edges(
  window: Window,
  times: Float64Array,
  from: number,
  to: number,
): { first: number; last: number } | undefined {
  const isSmoothed = window.extension === 'smoothed';
  const bounded = times.subarray(0, to - 1);
  const first = Math.max(from, firstAfter(bounded, window.start) - 1);
  const last = isSmoothed ? Math.max(from, firstAfter(bounded, window.end - 0.5)) : to - 1;
  if (times[last]! <= window.start) return undefined;
  if (isSmoothed && times[first]! > window.end) return undefined;
  return { first, last };
}

function floatGrowth(window: Window, isCounter: boolean, isRate: boolean): number {
  const { times, values } = window.series;
  const found = edges(window, times, window.from, window.to);
  if (found === undefined) return ABSENT;
  let { first, last } = found;
  const isSmoothed = window.extension === 'smoothed';
  const at = (time: number, i: number): number =>
    interpolate(times[i]!, values[i]!, times[i + 1]!, values[i + 1]!, time, isCounter);
  const left = isSmoothed && times[first]! < window.start ? at(window.start, first) : values[first]!;
  const isBetween = isSmoothed && last > window.from && times[last]! > window.end;
  const right = isBetween ? at(window.end, last - 1) : values[last]!;
  let growth = right - left;
  if (isCounter) {
    if (times[first]! <= window.start) first++;
    if (times[last]! >= window.end) last--;
    let previous = left;
    for (let i = first; i <= last; i++) {
      if (values[i]! < previous) growth += previous;
      previous = values[i]!;
    }
    if (right < previous) growth += previous;
  }
  return float(window, isRate ? growth / (window.rangeMs / 1000) : growth);
}

/** The value between two samples; a counter that was reset between them is taken to have started from zero. */
export function interpolate(
  time1: number,
  value1: number,
  time2: number,
  value2: number,
  time: number,
  isCounter: boolean,
): number {
  const from = isCounter && value2 < value1 ? 0 : value1;
  return from + ((value2 - from) * (time - time1)) / (time2 - time1);
}

/** As interpolate, for histograms; undefined, with a warning, when the two do not fit together. */
export function interpolateHistograms(
  site: Site,
  time1: number,
  first: Histogram,
  time2: number,
  second: Histogram,
  time: number,
  isCounter: boolean,
): Histogram | undefined {
  if (time === time1) return first;
  if (time === time2) return second;
  const fraction = (time - time1) / (time2 - time1);
  if (isCounter && detectReset(second, first)) return scaleHistogram(second, fraction);
  const difference = subtractOrWarn(site, second, first);
  return difference && addInto(site, scaleHistogram(difference, fraction), first);
}

function nativeGrowth(window: Window, isCounter: boolean, isRate: boolean): number {
  const { histogramTimes: times, histograms } = window.series;
  const found = edges(window, times, window.histogramFrom, window.histogramTo);
  if (found === undefined) return ABSENT;
  const { first, last } = found;
  if (!fitTogether(window, first, last, isCounter)) return ABSENT;
  const isSmoothed = window.extension === 'smoothed';
  const at = (time: number, i: number): Histogram | undefined =>
    interpolateHistograms(
      window,
      times[i]!,
      histograms[i]!,
      times[i + 1]!,
      histograms[i + 1]!,
      time,
      isCounter,
    );
  const left = isSmoothed && times[first]! < window.start ? at(window.start, first) : histograms[first]!;
  const isBetween = isSmoothed && last > window.histogramFrom && times[last]! > window.end;
  const right = isBetween ? at(window.end, last - 1) : histograms[last]!;
  if (left === undefined || right === undefined) return ABSENT;
  if (!isCounter && (left.counterResetHint !== 'gauge' || right.counterResetHint !== 'gauge')) {
    window.annotations.warn(texts.notGauge(metricNameOf(window)), window.position);
  }
  let growth = subtractOrWarn(window, right, left);
  if (growth === undefined) return ABSENT;
  if (isCounter) {
    for (const lost of lostToResets(window, first, last, left, right)) {
      growth = addInto(window, growth, lost);
      if (growth === undefined) return ABSENT;
    }
  }
  const result = isRate ? divideHistogram(growth, window.rangeMs / 1000) : growth;
  return native(window, compactHistogram({ ...result, counterResetHint: 'gauge' }));
}

function fitTogether(window: Window, first: number, last: number, isCounter: boolean): boolean {
  const { histograms } = window.series;
  const isCustom = usesCustomBuckets(histograms[first]!);
  for (let i = first; i <= last; i++) {
    if (usesCustomBuckets(histograms[i]!) !== isCustom) {
      window.annotations.warn(texts.mixedExponentialCustom(metricNameOf(window)), window.position);
      return false;
    }
    if (isCounter && histograms[i]!.counterResetHint === 'gauge') {
      window.annotations.warn(texts.notCounter(metricNameOf(window)), window.position);
    }
  }
  return true;
}

/** What stood on the counter before each reset between the edges; resets an interpolated edge spans are in it already. */
function lostToResets(
  window: Window,
  first: number,
  last: number,
  left: Histogram,
  right: Histogram,
): Histogram[] {
  const { histogramTimes: times, histograms } = window.series;
  const lost: Histogram[] = [];
  let previous = left;
  let from = first + 1;
  const isSmoothed = window.extension === 'smoothed';
  if (isSmoothed && times[first]! < window.start && detectReset(histograms[first + 1]!, histograms[first]!)) {
    previous = histograms[first + 1]!;
    from++;
  }
  if (from > last) return lost;
  for (let i = from; i < last; i++) {
    if (detectReset(histograms[i]!, previous)) lost.push(previous);
    previous = histograms[i]!;
  }
  if (detectReset(right, previous)) lost.push(previous);
  return lost;
}
