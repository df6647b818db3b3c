import { wordsOf } from '../../model/sample.ts';
import type { TimeRange } from '../../model/time.ts';
import type { GatheredColumn } from './group-rows.ts';
import { lowerBound } from './timeline.ts';

/** Samples of one series: equally long columns, times strictly increasing. */
export interface SampleColumns {
  readonly timestamps: Float64Array;
  readonly values: Float64Array;
}

/** The samples in `[from, to)`; a view, or a copy when little is left, so that a short look does not hold a whole day in memory. */
export function sliceSamples({ timestamps, values }: SampleColumns, range: TimeRange): SampleColumns {
  const from = lowerBound(timestamps, range.from);
  const to = lowerBound(timestamps, range.to);
  if (from === 0 && to === timestamps.length) return { timestamps, values };
  return 2 * (to - from) < timestamps.length
    ? { timestamps: timestamps.slice(from, to), values: values.slice(from, to) }
    : { timestamps: timestamps.subarray(from, to), values: values.subarray(from, to) };
}

/** The samples of a column with gaps, moved together. */
export function compact(
  timestamps: Float64Array,
  { values, presence, count }: GatheredColumn,
): SampleColumns {
  if (presence === undefined) return { timestamps, values };
  const outTimes = new Float64Array(count);
  const outValues = new Float64Array(count);
  const from = wordsOf(values);
  const to = wordsOf(outValues);
  let at = 0;
  for (let row = 0; row < timestamps.length; row++) {
    if (!(presence[row >> 3]! & (1 << (row & 7)))) continue;
    outTimes[at] = timestamps[row]!;
    to[2 * at] = from[2 * row]!;
    to[2 * at + 1] = from[2 * row + 1]!;
    at++;
  }
  return { timestamps: outTimes, values: outValues };
}

/** Both runs as one; where they have the same time, the sample of `first` counts. Values are moved as bits. */
export function mergeSamples(first: SampleColumns, second: SampleColumns): SampleColumns {
  const a = first.timestamps;
  const b = second.timestamps;
  const times = new Float64Array(a.length + b.length);
  const values = new Float64Array(a.length + b.length);
  const fromA = wordsOf(first.values);
  const fromB = wordsOf(second.values);
  const to = wordsOf(values);
  let i = 0;
  let j = 0;
  let at = 0;
  while (i < a.length || j < b.length) {
    const takeA = j >= b.length || (i < a.length && a[i]! <= b[j]!);
    if (takeA && j < b.length && a[i] === b[j]) j++;
    const from = takeA ? fromA : fromB;
    const row = takeA ? i++ : j++;
    times[at] = takeA ? a[row]! : b[row]!;
    to[2 * at] = from[2 * row]!;
    to[2 * at + 1] = from[2 * row + 1]!;
    at++;
  }
  return at === times.length
    ? { timestamps: times, values }
    : { timestamps: times.slice(0, at), values: values.slice(0, at) };
}
