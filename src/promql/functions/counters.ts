import { texts } from '../annotations.ts';
import { dropsOf, type RangeSeries } from '../evaluate/ranges.ts';
import { firstAfter } from '../evaluate/search.ts';
import { ABSENT } from '../evaluate/value.ts';
import {
  compactHistogram,
  detectReset,
  divideHistogram,
  equalHistograms,
  subtractOrWarn,
} from '../histogram/arithmetic.ts';
import { FloatChange } from './float-rate.ts';
import { isStartReset } from './start-timestamps.ts';
import {
  float,
  hasHistograms,
  metricNameOf,
  native,
  perWindow,
  type Window,
  type WindowFunction,
} from './windows.ts';

export const irate = perWindow(instantChange(true), { floats: () => new FloatChange(true) });
export const idelta = perWindow(instantChange(false), { floats: () => new FloatChange(false) });
export const resets = perWindow(countPairs(isReset, countResets), { extensions: ['anchored'] });
export const changes = perWindow(countPairs(isChange, countChanges), { extensions: ['anchored'] });

/** The same for floats[from, to) alone. */
type FloatCounter = (series: RangeSeries, from: number, to: number) => number;

function countResets(series: RangeSeries, from: number, to: number): number {
  const drops = dropsOf(series);
  let count = 0;
  for (let d = drops.length - 1; d >= 0 && drops[d]! > from; d--) if (drops[d]! < to) count++;
  return count;
}

function countChanges({ values }: RangeSeries, from: number, to: number): number {
  let count = 0;
  for (let i = from + 1; i < to; i++) if (isOther(values[i]!, values[i - 1]!)) count++;
  return count;
}

const isOther = (value: number, previous: number): boolean =>
  value !== previous && !(Number.isNaN(value) && Number.isNaN(previous));

/** One sample of a window, whichever kind: `histogram` is its index when it is one, or -1. */
interface Point {
  time: number;
  value: number;
  histogram: number;
  start: number;
}

function newPoint(): Point {
  return { time: 0, value: 0, histogram: -1, start: 0 };
}

/** Reads the sample of a window at `float` or `native`, whichever is earlier; says whether it was the float. */
function readEarlier(window: Window, floatIndex: number, nativeIndex: number, point: Point): boolean {
  const { series } = window;
  const isFloat =
    nativeIndex >= window.histogramTo ||
    (floatIndex < window.to && series.times[floatIndex]! < series.histogramTimes[nativeIndex]!);
  if (isFloat) {
    point.time = series.times[floatIndex]!;
    point.value = series.values[floatIndex]!;
    point.histogram = -1;
    point.start = series.starts?.[floatIndex] ?? 0;
  } else {
    point.time = series.histogramTimes[nativeIndex]!;
    point.histogram = nativeIndex;
    point.start = series.histogramStarts?.[nativeIndex] ?? 0;
  }
  return isFloat;
}

function countPairs(
  counts: (window: Window, previous: Point, point: Point) => boolean,
  ofFloats: FloatCounter,
): WindowFunction {
  return (window) => {
    const knowsStarts = window.useStartTimestamps && window.series.starts !== undefined;
    if (!hasHistograms(window) && window.extension === undefined && !knowsStarts) {
      return float(window, ofFloats(window.series, window.from, window.to));
    }
    let previous = newPoint();
    let point = newPoint();
    let { from: f, histogramFrom: h } = window;
    if (window.extension === 'anchored') {
      const anchor = anchorOf(window);
      if (anchor === undefined) return ABSENT;
      f = anchor.float;
      h = anchor.native;
    }
    let count = 0;
    let isFirst = true;
    while (f < window.to || h < window.histogramTo) {
      if (readEarlier(window, f, h, point)) f++;
      else h++;
      if (!isFirst && counts(window, previous, point)) count++;
      isFirst = false;
      [previous, point] = [point, previous];
    }
    return float(window, count);
  };
}

/** Where an anchored window begins: with the last sample at or before its start, whichever kind that is. */
function anchorOf(window: Window): { float: number; native: number } | undefined {
  const { series, start } = window;
  const afterFloat = Math.max(window.from, firstAfter(series.times.subarray(0, window.to), start));
  const afterNative = Math.max(
    window.histogramFrom,
    firstAfter(series.histogramTimes.subarray(0, window.histogramTo), start),
  );
  if (afterFloat >= window.to && afterNative >= window.histogramTo) return undefined;
  const lastFloat = afterFloat - 1;
  const lastNative = afterNative - 1;
  const hasFloat = lastFloat >= window.from;
  const hasNative = lastNative >= window.histogramFrom;
  if (!hasFloat && !hasNative) return { float: window.from, native: window.histogramFrom };
  if (!hasNative || (hasFloat && series.times[lastFloat]! >= series.histogramTimes[lastNative]!)) {
    return { float: lastFloat, native: afterNative };
  }
  return { float: afterFloat, native: lastNative };
}

function isReset(window: Window, previous: Point, point: Point): boolean {
  const { histograms } = window.series;
  if (previous.histogram < 0 !== point.histogram < 0) return true;
  if (window.useStartTimestamps && isStartReset(previous.start, previous.time, point.start, point.time))
    return true;
  if (point.histogram < 0) return point.value < previous.value;
  return detectReset(histograms[point.histogram]!, histograms[previous.histogram]!);
}

function isChange(window: Window, previous: Point, point: Point): boolean {
  const { histograms } = window.series;
  if (previous.histogram < 0 !== point.histogram < 0) return true;
  if (point.histogram < 0) {
    return isOther(point.value, previous.value);
  }
  return !equalHistograms(histograms[point.histogram]!, histograms[previous.histogram]!);
}

/** irate and idelta: from the last sample but one to the last. */
function instantChange(isRate: boolean): WindowFunction {
  return (window) => {
    const last = newPoint();
    const before = newPoint();
    const { series } = window;
    let f = window.to - 1;
    let h = window.histogramTo - 1;
    if (window.to - window.from + window.histogramTo - window.histogramFrom < 2) return ABSENT;
    const readLater = (point: Point): void => {
      const takesFloat =
        h < window.histogramFrom || (f >= window.from && series.times[f]! > series.histogramTimes[h]!);
      readEarlier(window, takesFloat ? f : window.to, takesFloat ? window.histogramTo : h, point);
      if (takesFloat) f--;
      else h--;
    };
    readLater(last);
    readLater(before);
    const seconds = (last.time - before.time) / 1000;
    if (seconds === 0) return ABSENT;
    const isReset =
      isRate && window.useStartTimestamps && isStartReset(before.start, before.time, last.start, last.time);
    if (last.histogram < 0 && before.histogram < 0) {
      const growth =
        isReset || (isRate && last.value < before.value) ? last.value : last.value - before.value;
      return float(window, isRate ? growth / seconds : growth);
    }
    if (last.histogram < 0 || before.histogram < 0) {
      window.annotations.warn(texts.mixedFloatsHistograms(metricNameOf(window)), window.position);
      return ABSENT;
    }
    return nativeChange(window, before.histogram, last.histogram, isReset, isRate, seconds);
  };
}

function nativeChange(
  window: Window,
  beforeIndex: number,
  lastIndex: number,
  isStarted: boolean,
  isRate: boolean,
  seconds: number,
): number {
  const last = window.series.histograms[lastIndex]!;
  const before = window.series.histograms[beforeIndex]!;
  const gauges = Number(last.counterResetHint === 'gauge') + Number(before.counterResetHint === 'gauge');
  if (isRate && gauges > 0) window.annotations.warn(texts.notCounter(metricNameOf(window)), window.position);
  if (!isRate && gauges < 2) window.annotations.warn(texts.notGauge(metricNameOf(window)), window.position);
  let growth = last;
  if (!isRate || !(isStarted || detectReset(last, before))) {
    const difference = subtractOrWarn(window, last, before);
    if (difference === undefined) return ABSENT;
    growth = difference;
  }
  growth = compactHistogram({ ...growth, counterResetHint: 'gauge' });
  return native(window, isRate ? divideHistogram(growth, seconds) : growth);
}
