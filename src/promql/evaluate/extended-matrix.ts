import { interpolate } from '../functions/extended-rate.ts';
import { firstAfter } from './search.ts';

export interface FloatPoints {
  readonly times: Float64Array;
  readonly values: Float64Array;
}

/**
 * An `anchored` or `smoothed` range vector that is the result itself: a point at either edge of the range and the samples
 * between. `times` reach beyond the edges by the lookback; undefined when nothing lies after the start.
 */
export function extendToEdges(
  times: Float64Array,
  values: Float64Array,
  start: number,
  end: number,
  isSmoothed: boolean,
): FloatPoints | undefined {
  if (times.length === 0) return undefined;
  const bounded = times.subarray(0, times.length - 1);
  let first = Math.max(0, firstAfter(bounded, start) - 1);
  let last = isSmoothed ? firstAfter(bounded, end - 0.5) : times.length - 1;
  if (times[last]! <= start) return undefined;
  const between = (i: number, time: number): number =>
    interpolate(times[i]!, values[i]!, times[i + 1]!, values[i + 1]!, time, false);
  const left = isSmoothed && times[first]! < start ? between(first, start) : values[first]!;
  const right = isSmoothed && last > 0 && times[last]! > end ? between(last - 1, end) : values[last]!;
  if (times[first]! <= start) first++;
  if (times[last]! >= end) last--;
  const to = Math.max(first, last + 1);
  return {
    times: edged(start, times.subarray(first, to), end),
    values: edged(left, values.subarray(first, to), right),
  };
}

function edged(left: number, between: Float64Array, right: number): Float64Array {
  const whole = new Float64Array(between.length + 2);
  whole[0] = left;
  whole.set(between, 1);
  whole[between.length + 1] = right;
  return whole;
}
