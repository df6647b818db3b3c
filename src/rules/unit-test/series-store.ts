import type { CounterResetHint, Histogram } from '../../model/histogram.ts';
import { eachLabel, type Labels, labelsKey, labelValue, METRIC_NAME } from '../../model/labels.ts';
import type { Matcher } from '../../model/matcher.ts';
import type { Querier, Queryable, QueryBudget, SeriesSamples } from '../../model/queryable.ts';
import { wordsOf, writeStaleAt } from '../../model/sample.ts';
import type { TimeRange } from '../../model/time.ts';
import { detectReset } from '../../promql/histogram/arithmetic.ts';
import { compileMatchers } from '../../promql/matchers.ts';

/** What may stand at a time: a float, a histogram or a staleness marker. */
export type Point = number | Histogram | 'stale';

export type AppendOutcome = 'ok' | 'duplicate' | 'conflict' | 'out of order';

/**
 * Series in memory that grow at their ends and are read between appends, as unit tests of rules need it: an append costs the same
 * however long the series is.
 */
export class SeriesStore implements Queryable {
  readonly #byKey = new Map<string, GrowingSeries>();
  readonly #byName = new Map<string, GrowingSeries[]>();

  append(labels: Labels, timestamp: number, point: Point): AppendOutcome {
    const key = labelsKey(labels);
    let series = this.#byKey.get(key);
    if (series === undefined) {
      series = new GrowingSeries(labels);
      this.#byKey.set(key, series);
      const name = labelValue(labels, METRIC_NAME);
      const namesakes = this.#byName.get(name);
      if (namesakes) namesakes.push(series);
      else this.#byName.set(name, [series]);
    }
    return series.append(timestamp, point);
  }

  querier(budget: QueryBudget): Querier {
    const found = (matchers: readonly Matcher[], range: TimeRange): SeriesSamples[] => {
      const matches = compileMatchers(matchers);
      const selected: SeriesSamples[] = [];
      for (const series of this.#candidates(matchers)) {
        if (!matches(series.labels)) continue;
        const samples = series.within(range);
        if (samples) selected.push(samples);
      }
      return selected;
    };
    const series = (sets: readonly (readonly Matcher[])[], range: TimeRange): Labels[] => {
      const all = (sets.length === 0 ? [[]] : sets).flatMap((matchers) => found(matchers, range));
      return [...new Map(all.map(({ labels }) => [labelsKey(labels), labels])).values()];
    };
    return {
      select(matchers, range) {
        const selected = found(matchers, range);
        for (const { timestamps } of selected) budget.samples(timestamps.length);
        return selected;
      },
      series,
      labelNames: (sets, range) =>
        [
          ...new Set(series(sets, range).flatMap((labels) => [...eachLabel(labels)].map(([name]) => name))),
        ].sort(),
      labelValues: (name, sets, range) =>
        [...new Set(series(sets, range).map((labels) => labelValue(labels, name)))].filter(Boolean).sort(),
      close: () => {},
    };
  }

  #candidates(matchers: readonly Matcher[]): Iterable<GrowingSeries> {
    const byName = matchers.find(({ name, op }) => name === METRIC_NAME && op === '=');
    return byName ? (this.#byName.get(byName.value) ?? []) : this.#byKey.values();
  }
}

const FIRST_CAPACITY = 64;

class GrowingSeries {
  readonly labels: Labels;
  #timestamps = new Float64Array(FIRST_CAPACITY);
  #values = new Float64Array(FIRST_CAPACITY);
  #histograms: (Histogram | undefined)[] | undefined;
  #length = 0;

  constructor(labels: Labels) {
    this.labels = labels;
  }

  append(timestamp: number, point: Point): AppendOutcome {
    const last = this.#length - 1;
    if (last >= 0 && timestamp <= this.#timestamps[last]!) {
      if (timestamp < this.#timestamps[last]!) return 'out of order';
      const isSame =
        typeof point === 'number' && !this.#histograms?.[last] && Object.is(this.#values[last], point);
      return isSame ? 'duplicate' : 'conflict';
    }
    if (this.#length === this.#timestamps.length) this.#grow();
    const i = this.#length++;
    this.#timestamps[i] = timestamp;
    if (point === 'stale') writeStaleAt(wordsOf(this.#values), i);
    else if (typeof point === 'number') this.#values[i] = point;
    else {
      this.#values[i] = point.sum;
      this.#histograms ??= [];
      this.#histograms[i] = {
        ...point,
        counterResetHint: storedHint(point, i === 0 ? undefined : this.#histograms[i - 1]),
      };
    }
    return 'ok';
  }

  within(range: TimeRange): SeriesSamples | undefined {
    const from = this.#firstAt(range.from);
    const to = this.#firstAt(range.to);
    if (from >= to) return undefined;
    const columns = {
      labels: this.labels,
      timestamps: this.#timestamps.subarray(from, to),
      values: this.#values.subarray(from, to),
    };
    if (!this.#histograms) return columns;
    return {
      ...columns,
      histograms: Array.from({ length: to - from }, (_, i) => this.#histograms![from + i]),
    };
  }

  /** Index of the first sample not before `time`. */
  #firstAt(time: number): number {
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#timestamps[middle]! < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Makes new columns: those given out stay as they are. */
  #grow(): void {
    const timestamps = new Float64Array(this.#timestamps.length * 2);
    timestamps.set(this.#timestamps);
    this.#timestamps = timestamps;
    // Copied as words: a staleness marker may not pass through a number.
    const values = new Float64Array(this.#values.length * 2);
    wordsOf(values).set(wordsOf(this.#values));
    this.#values = values;
  }
}

/** What a store tells of a reset before a histogram: that there was none, for one that goes on where the one before it was. */
function storedHint(histogram: Histogram, previous: Histogram | undefined): CounterResetHint {
  const { counterResetHint } = histogram;
  if (counterResetHint === 'gauge') return 'gauge';
  if (previous === undefined || previous.counterResetHint === 'gauge' || counterResetHint === 'reset')
    return 'unknown';
  if (histogram.schema !== previous.schema || histogram.zeroThreshold !== previous.zeroThreshold)
    return 'unknown';
  return detectReset({ ...histogram, counterResetHint: 'unknown' }, previous) ? 'unknown' : 'not_reset';
}
