import { wordsOf } from '../../model/sample.ts';
import type { TimeRange } from '../../model/time.ts';
import { lowerBound } from './timeline.ts';

/** Samples of one series: equally long columns, times strictly increasing. */
export interface SampleColumns {
  readonly timestamps: Float64Array;
  readonly values: Float64Array;
}

/** The samples of rows [from, to) of a column with gaps, moved together; bit i of `presence` says whether row i has one. */
export function compact(
  timestamps: Float64Array,
  values: Float64Array,
  presence: Uint8Array,
  from: number,
  to: number,
): SampleColumns {
  let count = 0;
  for (let row = from; row < to; row++) count += (presence[row >> 3]! >> (row & 7)) & 1;
  const outTimes = new Float64Array(count);
  const outValues = new Float64Array(count);
  const source = wordsOf(values);
  const target = wordsOf(outValues);
  let at = 0;
  for (let row = from; row < to; row++) {
    if (!(presence[row >> 3]! & (1 << (row & 7)))) continue;
    outTimes[at] = timestamps[row]!;
    target[2 * at] = source[2 * row]!;
    target[2 * at + 1] = source[2 * row + 1]!;
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

/** What lies outside of `[range.from, range.to)`; undefined when that is nothing. */
export function withoutRange(samples: SampleColumns, range: TimeRange): SampleColumns | undefined {
  const { timestamps, values } = samples;
  const from = lowerBound(timestamps, range.from);
  const to = lowerBound(timestamps, range.to);
  if (from === to) return samples;
  if (to - from === timestamps.length) return undefined;
  const rest = timestamps.length - (to - from);
  const outTimes = new Float64Array(rest);
  const outValues = new Float64Array(rest);
  for (const [source, target] of [
    [timestamps, outTimes],
    [values, outValues],
  ] as const) {
    target.set(source.subarray(0, from));
    target.set(source.subarray(to), from);
  }
  return { timestamps: outTimes, values: outValues };
}
