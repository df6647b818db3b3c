import { type CounterResetHint, CUSTOM_BUCKETS_SCHEMA, type Histogram } from '../model/histogram.ts';

/** A classic histogram as its series tell it. */
export interface ClassicHistogram {
  /** Upper bounds of the buckets and their cumulative counts, `parts` of them, in any order. */
  readonly bounds: readonly number[];
  readonly values: readonly number[];
  readonly parts: number;
  /** NaN when there is no `_count`: the highest bucket's counts then. */
  readonly count: number;
  readonly sum: number;
}

/** The same as a native histogram with custom buckets; undefined when the counts contradict each other. */
export function customBuckets(
  classic: ClassicHistogram,
  counterResetHint: CounterResetHint,
): Histogram | undefined {
  const places = inOrder(classic);
  if (!places) return undefined;
  const last = places.at(-1);
  const count = Number.isNaN(classic.count)
    ? last === undefined
      ? 0
      : classic.values[last]!
    : classic.count;
  if (!(count >= 0)) return undefined;
  const customValues: number[] = [];
  const positiveBuckets: number[] = [];
  let below = 0;
  for (const place of places) {
    const cumulative = classic.values[place]!;
    if (!(cumulative >= below)) return undefined;
    const bound = classic.bounds[place]!;
    if (bound !== Number.POSITIVE_INFINITY) customValues.push(bound);
    positiveBuckets.push(cumulative - below);
    below = cumulative;
  }
  if (customValues.length === positiveBuckets.length) {
    if (count < below) return undefined;
    positiveBuckets.push(count - below);
  } else if (count !== below) return undefined;
  return {
    schema: CUSTOM_BUCKETS_SCHEMA,
    count,
    sum: classic.sum,
    zeroThreshold: 0,
    zeroCount: 0,
    positiveSpans: [{ offset: 0, length: positiveBuckets.length }],
    positiveBuckets,
    negativeSpans: [],
    negativeBuckets: [],
    customValues,
    counterResetHint,
  };
}

/** Where the buckets stand, by bound; of two with the same bound the first. Undefined when a bound is NaN. */
function inOrder({ bounds, parts }: ClassicHistogram): number[] | undefined {
  const places: number[] = [];
  let isSorted = true;
  for (let i = 0; i < parts; i++) {
    if (Number.isNaN(bounds[i]!)) return undefined;
    if (i > 0 && !(bounds[i]! > bounds[i - 1]!)) isSorted = false;
    places.push(i);
  }
  if (isSorted) return places;
  places.sort((a, b) => bounds[a]! - bounds[b]! || a - b);
  return places.filter((place, i) => i === 0 || bounds[place] !== bounds[places[i - 1]!]);
}
