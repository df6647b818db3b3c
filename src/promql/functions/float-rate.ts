import { dropsOf, type RangeSeries } from '../evaluate/ranges.ts';
import { FLOAT, type MutableColumn } from '../evaluate/value.ts';
import type { WindowBounds } from './window-bounds.ts';
import type { FloatsFunction } from './windows.ts';

/** By so much a product of rounded numbers may be off, and more: what is closer is computed exactly. */
const SLACK = 1 + 1e-6;

/**
 * `rate`, `increase` and `delta` of a series of floats, all windows at once. What depends on times alone is computed once for all
 * series that share them; where a counter fell is known per series. The operations and their order are those of one window.
 */
export class FloatRate implements FloatsFunction {
  readonly least = 2;
  readonly #isCounter: boolean;
  readonly #isRate: boolean;
  #times: Extrapolation | undefined;

  constructor(isCounter: boolean, isRate: boolean) {
    this.#isCounter = isCounter;
    this.#isRate = isRate;
  }

  evaluate(series: RangeSeries, bounds: WindowBounds, column: MutableColumn): void {
    this.#times ??= new Extrapolation(bounds, this.#isRate);
    this.#times.follow(series.times);
    if (this.#isCounter) this.#counter(series, bounds, column, this.#times);
    else gauge(series, bounds, column, this.#times);
  }

  #counter(
    series: RangeSeries,
    { from, to }: WindowBounds,
    { present, values: out }: MutableColumn,
    { sampled, toStart, toEnd, factors, perSeconds }: Extrapolation,
  ): void {
    const { values } = series;
    const drops = dropsOf(series);
    let nextDrop = 0;
    for (let step = 0; step < out.length; step++) {
      const start = from[step]!;
      const last = to[step]! - 1;
      if (last <= start) continue;
      const first = values[start]!;
      let growth = values[last]! - first;
      if (nextDrop < drops.length) {
        while (nextDrop < drops.length && drops[nextDrop]! <= start) nextDrop++;
        for (let d = nextDrop; d < drops.length && drops[d]! <= last; d++) growth += values[drops[d]! - 1]!;
      }
      let factor = factors[step]!;
      // Where the counter was zero is asked only of those that come near it: a division costs more than all the rest.
      if (growth > 0 && first >= 0 && !(sampled[step]! * first > toStart[step]! * growth * SLACK)) {
        const toZero = sampled[step]! * (first / growth);
        if (toZero < toStart[step]!)
          factor = (sampled[step]! + toZero + toEnd[step]!) / sampled[step]! / perSeconds;
      }
      present[step] = FLOAT;
      out[step] = growth * factor;
    }
  }
}

function gauge(
  { values }: RangeSeries,
  { from, to }: WindowBounds,
  { present, values: out }: MutableColumn,
  { factors }: Extrapolation,
): void {
  for (let step = 0; step < out.length; step++) {
    const start = from[step]!;
    const last = to[step]! - 1;
    if (last <= start) continue;
    present[step] = FLOAT;
    out[step] = (values[last]! - values[start]!) * factors[step]!;
  }
}

/** By how much the growth of each window is stretched; seconds. */
class Extrapolation {
  /** What the growth is divided by: the seconds of the range for a rate. */
  readonly perSeconds: number;
  readonly sampled: Float64Array;
  readonly toStart: Float64Array;
  readonly toEnd: Float64Array;
  /** For a counter that was not zero within the window. */
  readonly factors: Float64Array;
  readonly #bounds: WindowBounds;
  #version = 0;

  constructor(bounds: WindowBounds, isRate: boolean) {
    const steps = bounds.ends.length;
    this.#bounds = bounds;
    this.perSeconds = isRate ? bounds.rangeMs / 1000 : 1;
    this.sampled = new Float64Array(steps);
    this.toStart = new Float64Array(steps);
    this.toEnd = new Float64Array(steps);
    this.factors = new Float64Array(steps);
  }

  follow(times: Float64Array): void {
    const { version, ends, rangeMs, from, to } = this.#bounds;
    if (version === this.#version) return;
    this.#version = version;
    for (let step = 0; step < ends.length; step++) {
      const start = from[step]!;
      const last = to[step]! - 1;
      if (last <= start) continue;
      const end = ends[step]!;
      const sampled = (times[last]! - times[start]!) / 1000;
      const average = sampled / (last - start);
      const threshold = average * 1.1;
      let toStart = (times[start]! - (end - rangeMs)) / 1000;
      let toEnd = (end - times[last]!) / 1000;
      if (toStart >= threshold) toStart = average / 2;
      if (toEnd >= threshold) toEnd = average / 2;
      this.sampled[step] = sampled;
      this.toStart[step] = toStart;
      this.toEnd[step] = toEnd;
      this.factors[step] = (sampled + toStart + toEnd) / sampled / this.perSeconds;
    }
  }
}

/** `irate` and `idelta` of a series of floats, all windows at once. */
export class FloatChange implements FloatsFunction {
  readonly least = 2;
  readonly #isRate: boolean;

  constructor(isRate: boolean) {
    this.#isRate = isRate;
  }

  evaluate({ times, values }: RangeSeries, { from, to }: WindowBounds, column: MutableColumn): void {
    const { present, values: out } = column;
    const isRate = this.#isRate;
    for (let step = 0; step < out.length; step++) {
      const last = to[step]! - 1;
      if (last <= from[step]!) continue;
      const value = values[last]!;
      const before = values[last - 1]!;
      const growth = isRate && value < before ? value : value - before;
      present[step] = FLOAT;
      out[step] = isRate ? growth / ((times[last]! - times[last - 1]!) / 1000) : growth;
    }
  }
}
