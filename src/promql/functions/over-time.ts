import { texts } from '../annotations.ts';
import { executionError } from '../errors.ts';
import { ABSENT } from '../evaluate/value.ts';
import { isInfinite, KahanSum } from '../go-math.ts';
import { averageHistograms, sumHistograms } from '../histogram/aggregate.ts';
import { averageOf } from '../mean.ts';
import { quantileOf } from '../quantile.ts';
import {
  float,
  hasFloats,
  hasHistograms,
  metricNameOf,
  native,
  perWindow,
  scratchOf,
  type Window,
  type WindowFunction,
} from './windows.ts';

/** What a function makes of the floats values[from, to), to > from. */
type FloatReducer = (values: Float64Array, from: number, to: number) => number;

/** Looks at the floats only; histograms beside them are told about. */
function floatsOnly(
  reduce: (window: Window, scalars: readonly Float64Array[]) => number,
  least = 1,
): WindowFunction {
  return (window, scalars) => {
    const count = window.to - window.from;
    if (count > 0 && hasHistograms(window)) {
      window.annotations.info(texts.histogramIgnoredInRange(metricNameOf(window)), window.position);
    }
    return count < least ? ABSENT : float(window, reduce(window, scalars));
  };
}

const overFloats = (reduce: FloatReducer) =>
  perWindow(floatsOnly(({ series, from, to }) => reduce(series.values, from, to)));

/** Above this many samples a window's extreme is kept in a queue rather than looked for anew. */
const WIDE = 48;

export const maxOverTime = perWindow(
  floatsOnly(({ series, from, to, greatest }) =>
    to - from > WIDE ? greatest.of(series.values, from, to) : maxOf(series.values, from, to),
  ),
);

export const minOverTime = perWindow(
  floatsOnly(({ series, from, to, least }) =>
    to - from > WIDE ? least.of(series.values, from, to) : minOf(series.values, from, to),
  ),
);

function maxOf(values: Float64Array, from: number, to: number): number {
  let max = values[from]!;
  for (let i = from + 1; i < to; i++) if (values[i]! > max || Number.isNaN(max)) max = values[i]!;
  return max;
}

function minOf(values: Float64Array, from: number, to: number): number {
  let min = values[from]!;
  for (let i = from + 1; i < to; i++) if (values[i]! < min || Number.isNaN(min)) min = values[i]!;
  return min;
}

export const tsOfMaxOverTime = timeOfExtreme((value, best) => value >= best);
export const tsOfMinOverTime = timeOfExtreme((value, best) => value <= best);

function timeOfExtreme(wins: (value: number, best: number) => boolean) {
  return perWindow(
    floatsOnly(({ series, from, to }) => {
      let at = from;
      for (let i = from; i < to; i++) {
        const best = series.values[at]!;
        if (wins(series.values[i]!, best) || Number.isNaN(best)) at = i;
      }
      return series.times[at]! / 1000;
    }),
  );
}

export const countOverTime = perWindow((window) =>
  float(window, window.to - window.from + window.histogramTo - window.histogramFrom),
);

export const presentOverTime = perWindow((window) => float(window, 1));

export const firstOverTime = perWindow(
  (window) => {
    const { series, from, histogramFrom } = window;
    const isNative =
      hasHistograms(window) &&
      !(hasFloats(window) && series.times[from]! < series.histogramTimes[histogramFrom]!);
    return isNative ? native(window, series.histograms[histogramFrom]!) : float(window, series.values[from]!);
  },
  { keepsName: true },
);

export const lastOverTime = perWindow(
  (window) => {
    const { series } = window;
    const f = window.to - 1;
    const h = window.histogramTo - 1;
    const isNative =
      hasHistograms(window) && !(hasFloats(window) && series.histogramTimes[h]! < series.times[f]!);
    return isNative ? native(window, series.histograms[h]!) : float(window, series.values[f]!);
  },
  { keepsName: true },
);

export const tsOfFirstOverTime = perWindow((window) => {
  const { series, from, histogramFrom } = window;
  const first = hasFloats(window) ? series.times[from]! : Number.POSITIVE_INFINITY;
  const firstNative = hasHistograms(window)
    ? series.histogramTimes[histogramFrom]!
    : Number.POSITIVE_INFINITY;
  return float(window, Math.min(first, firstNative) / 1000);
});

export const tsOfLastOverTime = perWindow((window) => {
  const { series, to, histogramTo } = window;
  const last = hasFloats(window) ? series.times[to - 1]! : 0;
  const lastNative = hasHistograms(window) ? series.histogramTimes[histogramTo - 1]! : 0;
  return float(window, Math.max(last, lastNative) / 1000);
});

/** Sums and averages take floats or histograms, but not both in one window. */
function eitherKind(ofFloats: FloatReducer, ofHistograms: (window: Window) => number): WindowFunction {
  return (window) => {
    if (!hasHistograms(window)) return float(window, ofFloats(window.series.values, window.from, window.to));
    if (!hasFloats(window)) return ofHistograms(window);
    window.annotations.warn(texts.mixedFloatsHistograms(metricNameOf(window)), window.position);
    return ABSENT;
  };
}

export const sumOverTime = perWindow(
  eitherKind(
    (values, from, to) => {
      const sum = new KahanSum();
      for (let i = from; i < to; i++) sum.add(values[i]!);
      return Number.isFinite(sum.sum) || Number.isNaN(sum.sum) ? sum.value : sum.sum;
    },
    (window) => ofHistogramWindow(window, sumHistograms),
  ),
);

export const avgOverTime = perWindow(
  eitherKind(averageOf, (window) => ofHistogramWindow(window, averageHistograms)),
);

function ofHistogramWindow(window: Window, combine: typeof sumHistograms): number {
  const { histograms } = window.series;
  const combined = combine(histograms.slice(window.histogramFrom, window.histogramTo), {
    onResetCollision: () => window.annotations.warn(texts.resetCollision('aggregation'), window.position),
    onReconciled: () =>
      window.annotations.info(texts.mismatchedCustomBuckets('aggregation'), window.position),
  });
  if (combined !== undefined) return native(window, combined);
  window.annotations.warn(texts.mixedExponentialCustom(metricNameOf(window)), window.position);
  return ABSENT;
}

const variance: FloatReducer = (values, from, to) => {
  const mean = new KahanSum();
  const squares = new KahanSum();
  for (let i = from; i < to; i++) {
    const value = values[i]!;
    const difference = value - mean.value;
    mean.add(difference / (i - from + 1));
    squares.add(difference * (value - mean.value));
  }
  return squares.value / (to - from);
};

export const stdvarOverTime = overFloats(variance);
export const stddevOverTime = overFloats((values, from, to) => Math.sqrt(variance(values, from, to)));

export const madOverTime = perWindow(
  floatsOnly((window) => {
    const sample = scratchOf(window);
    if (sample.some(Number.isNaN)) return Number.NaN;
    const median = quantileOf(0.5, sample);
    for (let i = 0; i < sample.length; i++) sample[i] = Math.abs(sample[i]! - median);
    return quantileOf(0.5, sample);
  }),
);

export const quantileOverTime = perWindow(
  floatsOnly((window, scalars) => {
    const q = scalars[0]![window.step]!;
    if (!(q >= 0 && q <= 1)) window.annotations.warn(texts.invalidQuantile(q), window.position);
    return quantileOf(q, scratchOf(window));
  }),
);

export const deriv = perWindow(
  floatsOnly(
    ({ series, from, to }) => regression(series.times, series.values, from, to, series.times[from]!).slope,
    2,
  ),
);

export const predictLinear = perWindow(
  floatsOnly((window, scalars) => {
    const { series, from, to } = window;
    const { slope, intercept } = regression(series.times, series.values, from, to, window.time);
    return slope * scalars[0]![window.step]! + intercept;
  }, 2),
);

/** Least squares through the samples; `intercept` is the value at `origin`. */
function regression(times: Float64Array, values: Float64Array, from: number, to: number, origin: number) {
  const sumX = new KahanSum();
  const sumY = new KahanSum();
  const sumXY = new KahanSum();
  const sumXX = new KahanSum();
  const first = values[from]!;
  let isConstant = true;
  for (let i = from; i < to; i++) {
    const x = (times[i]! - origin) / 1000;
    const y = values[i]!;
    if (i > from && y !== first) isConstant = false;
    sumX.add(x);
    sumY.add(y);
    sumXY.add(x * y);
    sumXX.add(x * x);
  }
  if (isConstant) {
    return isInfinite(first) ? { slope: Number.NaN, intercept: Number.NaN } : { slope: 0, intercept: first };
  }
  const n = to - from;
  const x = sumX.value;
  const y = sumY.value;
  const slope = (sumXY.value - (x * y) / n) / (sumXX.value - (x * x) / n);
  return { slope, intercept: y / n - (slope * x) / n };
}

export const doubleExponentialSmoothing = perWindow(
  floatsOnly((window, scalars) => {
    const { series, from, to } = window;
    const smoothing = factorOf('smoothing', scalars[0]![window.step]!);
    const trend = factorOf('trend', scalars[1]![window.step]!);
    let before = 0;
    let level = series.values[from]!;
    let slope = series.values[from + 1]! - level;
    for (let i = from + 1; i < to; i++) {
      if (i > from + 1) slope = trend * (level - before) + (1 - trend) * slope;
      before = level;
      level = smoothing * series.values[i]! + (1 - smoothing) * (level + slope);
    }
    return level;
  }, 2),
);

function factorOf(name: 'smoothing' | 'trend', factor: number): number {
  if (factor > 0 && factor < 1) return factor;
  if (Number.isNaN(factor)) return factor;
  const letter = name === 'smoothing' ? 'sf' : 'tf';
  throw executionError(`invalid ${name} factor. Expected: 0 < ${letter} < 1, got: ${factor.toFixed(6)}`);
}
