import type { Histogram } from '../../model/histogram.ts';
import { wordsOf } from '../../model/sample.ts';
import type { TimeRange } from '../../model/time.ts';
import { lowerBound } from './timeline.ts';

/** What some samples have beside their values. */
export interface SampleExtras {
  /** As long as the values; present when any sample is a histogram, whose value is then a mark (histogram-cell.ts). */
  readonly histograms?: readonly (Histogram | undefined)[] | undefined;
  /** As long as the values; Unix ms, 0 where not known; present when any is known. */
  readonly starts?: Float64Array | undefined;
}

/** Samples of one series: equally long columns, times strictly increasing. */
export interface SampleColumns extends SampleExtras {
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
  extras: SampleExtras = {},
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
  const columns = { timestamps: outTimes, values: outValues };
  if (!extras.histograms && !extras.starts) return columns;
  const rows: number[] = [];
  for (let row = from; row < to; row++) if (presence[row >> 3]! & (1 << (row & 7))) rows.push(row);
  return { ...columns, ...pickExtras(extras, rows) };
}

/** The extras of the samples at the given places, in their order. */
export function pickExtras({ histograms, starts }: SampleExtras, places: ArrayLike<number>): SampleExtras {
  return {
    histograms: histograms && Array.from(places, (place) => histograms[place]),
    starts: starts && Float64Array.from(places, (place) => starts[place]!),
  };
}

/** The extras of samples [from, to). */
export function sliceExtras({ histograms, starts }: SampleExtras, from: number, to: number): SampleExtras {
  return { histograms: histograms?.slice(from, to), starts: starts?.subarray(from, to) };
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
  const hasExtras = first.histograms || first.starts || second.histograms || second.starts;
  /** Where each sample came from: its place in the first run, or that in the second as -1 - place. */
  const origins = hasExtras ? new Int32Array(times.length) : undefined;
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
    if (origins) origins[at] = takeA ? row : -1 - row;
    at++;
  }
  const columns =
    at === times.length
      ? { timestamps: times, values }
      : { timestamps: times.slice(0, at), values: values.slice(0, at) };
  return origins ? { ...columns, ...mergedExtras(first, second, origins.subarray(0, at)) } : columns;
}

function mergedExtras(first: SampleExtras, second: SampleExtras, origins: Int32Array): SampleExtras {
  const hasHistograms = first.histograms !== undefined || second.histograms !== undefined;
  const hasStarts = first.starts !== undefined || second.starts !== undefined;
  const histogramAt = (from: number, i: number): Histogram | undefined => {
    const histogram = from >= 0 ? first.histograms?.[from] : second.histograms?.[-1 - from];
    const follows = i === 0 || origins[i - 1]! >= 0 === from >= 0;
    return follows ? histogram : withoutHint(histogram);
  };
  return {
    histograms: hasHistograms ? Array.from(origins, histogramAt) : undefined,
    starts: hasStarts
      ? Float64Array.from(origins, (from) =>
          from >= 0 ? (first.starts?.[from] ?? 0) : (second.starts?.[-1 - from] ?? 0),
        )
      : undefined,
  };
}

/** What a histogram says about the one before it is not true of another one. */
export function withoutHint(histogram: Histogram | undefined): Histogram | undefined {
  const hint = histogram?.counterResetHint;
  return hint === 'reset' || hint === 'not_reset'
    ? { ...histogram!, counterResetHint: 'unknown' }
    : histogram;
}

/** Runs that follow each other as one. */
export function concatenateExtras(pieces: readonly SampleColumns[], total: number): SampleExtras {
  const hasHistograms = pieces.some((piece) => piece.histograms);
  const starts = pieces.some((piece) => piece.starts) ? new Float64Array(total) : undefined;
  const histograms = hasHistograms ? new Array<Histogram | undefined>(total).fill(undefined) : undefined;
  let at = 0;
  for (const piece of pieces) {
    if (piece.starts) starts!.set(piece.starts, at);
    piece.histograms?.forEach((histogram, i) => {
      histograms![at + i] = histogram;
    });
    at += piece.timestamps.length;
  }
  return { histograms, starts };
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
  const outside = { timestamps: outTimes, values: outValues };
  if (!samples.histograms && !samples.starts) return outside;
  const places = Uint32Array.from({ length: rest }, (_, i) => (i < from ? i : i + to - from));
  return { ...outside, ...pickExtras(samples, places) };
}
