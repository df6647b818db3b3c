import type { CounterResetHint, Histogram } from '../../model/histogram.ts';
import { compareLabels, compareStrings, eachLabel, type Labels, labelsKey } from '../../model/labels.ts';
import type { Matcher } from '../../model/matcher.ts';
import type { Querier, Queryable, QueryBudget, SeriesSamples } from '../../model/queryable.ts';
import { wordsOf, writeStaleAt } from '../../model/sample.ts';
import type { TimeRange } from '../../model/time.ts';
import { detectReset } from '../histogram/arithmetic.ts';
import { compileMatchers } from '../matchers.ts';

/** What may stand at a time: a float, a histogram or a staleness marker. */
export type Point = number | Histogram | 'stale';

interface StoredSeries {
  readonly labels: Labels;
  /** Time (Unix ms) to point; the last word wins. */
  readonly points: Map<number, { readonly point: Point; readonly start: number }>;
  /** Columns of all points in order of time, made when first read after a change. */
  columns: SeriesSamples | undefined;
}

/** A store in memory that keeps what it is given, for the test language and for tests. */
export class MemoryStorage implements Queryable {
  private readonly series = new Map<string, StoredSeries>();

  /** Adds a point. `start` is its start timestamp, 0 for none. */
  append(labels: Labels, timestamp: number, point: Point, start = 0): void {
    const key = labelsKey(labels);
    let stored = this.series.get(key);
    if (stored === undefined) {
      stored = { labels, points: new Map(), columns: undefined };
      this.series.set(key, stored);
    }
    stored.points.set(timestamp, { point, start });
    stored.columns = undefined;
  }

  clear(): void {
    this.series.clear();
  }

  /** The language loads none. */
  exemplars(): [] {
    return [];
  }

  querier(budget: QueryBudget): Querier {
    const select = (matchers: readonly Matcher[], range: TimeRange): SeriesSamples[] => {
      const matches = compileMatchers(matchers);
      const selected: SeriesSamples[] = [];
      for (const stored of this.series.values()) {
        if (!matches(stored.labels)) continue;
        const samples = within(columnsOf(stored), range);
        if (samples === undefined) continue;
        budget.samples(samples.timestamps.length);
        selected.push(samples);
      }
      return selected.sort((a, b) => compareLabels(a.labels, b.labels));
    };
    const series = (sets: readonly (readonly Matcher[])[], range: TimeRange): Labels[] => {
      const found = new Map<string, Labels>();
      for (const matchers of sets.length === 0 ? [[]] : sets) {
        for (const { labels } of select(matchers, range)) found.set(labelsKey(labels), labels);
      }
      return [...found.values()];
    };
    const collect = (
      sets: readonly (readonly Matcher[])[],
      range: TimeRange,
      pick: 0 | 1,
      name?: string,
    ): string[] => {
      const found = new Set<string>();
      for (const labels of series(sets, range)) {
        for (const pair of eachLabel(labels))
          if (name === undefined || pair[0] === name) found.add(pair[pick]);
      }
      return [...found].sort(compareStrings);
    };
    return {
      select,
      series,
      labelNames: (sets, range) => collect(sets, range, 0),
      labelValues: (name, sets, range) => collect(sets, range, 1, name),
      close: () => {},
    };
  }
}

function columnsOf(stored: StoredSeries): SeriesSamples {
  if (stored.columns) return stored.columns;
  const times = [...stored.points.keys()].sort((a, b) => a - b);
  const timestamps = Float64Array.from(times);
  const values = new Float64Array(times.length);
  const starts = new Float64Array(times.length);
  const words = wordsOf(values);
  let histograms: (Histogram | undefined)[] | undefined;
  let previous: Histogram | undefined;
  for (let i = 0; i < times.length; i++) {
    const { point, start } = stored.points.get(times[i]!)!;
    starts[i] = start;
    if (point === 'stale') writeStaleAt(words, i);
    else if (typeof point === 'number') values[i] = point;
    else {
      values[i] = point.sum;
      histograms ??= new Array<Histogram | undefined>(times.length);
      histograms[i] = { ...point, counterResetHint: storedHint(point, previous) };
    }
    previous = typeof point === 'object' ? point : undefined;
  }
  const base = { labels: stored.labels, timestamps, values };
  stored.columns = {
    ...base,
    ...(histograms && { histograms }),
    ...(starts.some((start) => start !== 0) && { startTimestamps: starts }),
  };
  return stored.columns;
}

/**
 * What a store tells about a reset before a histogram: nothing for the first of a stretch of the same layout that only grows,
 * and that there was none for those that follow in it. Gauges stay gauges.
 */
function storedHint(histogram: Histogram, previous: Histogram | undefined): CounterResetHint {
  const { counterResetHint } = histogram;
  if (counterResetHint === 'gauge') return 'gauge';
  if (previous === undefined || previous.counterResetHint === 'gauge' || counterResetHint === 'reset')
    return 'unknown';
  const isSameLayout =
    histogram.schema === previous.schema && histogram.zeroThreshold === previous.zeroThreshold;
  if (!isSameLayout) return 'unknown';
  return detectReset({ ...histogram, counterResetHint: 'unknown' }, previous) ? 'unknown' : 'not_reset';
}

function within(samples: SeriesSamples, range: TimeRange): SeriesSamples | undefined {
  const { timestamps } = samples;
  let from = 0;
  while (from < timestamps.length && timestamps[from]! < range.from) from++;
  let to = from;
  while (to < timestamps.length && timestamps[to]! < range.to) to++;
  if (from === to) return undefined;
  return {
    labels: samples.labels,
    timestamps: timestamps.subarray(from, to),
    values: samples.values.subarray(from, to),
    ...(samples.histograms && { histograms: samples.histograms.slice(from, to) }),
    ...(samples.startTimestamps && { startTimestamps: samples.startTimestamps.subarray(from, to) }),
  };
}
