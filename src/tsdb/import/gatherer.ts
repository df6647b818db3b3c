import { type Labels, labelsKey, labelsOf, labelValue } from '../../model/labels.ts';
import { normaliseNaNs } from '../../model/sample.ts';
import { EARLIEST, LATEST, PARTITION_MS, partitionStart } from '../partition.ts';
import { ImportError } from './import-error.ts';
import { SpillFile } from './spill-file.ts';
import { TimelinePool } from './timeline-pool.ts';

/** Memory of columns under way, in samples; beyond it they are written out. */
const MAX_OPEN_SAMPLES = 3 * 1024 * 1024;
const FIRST_CAPACITY = 32;

const NOTHING = new Float64Array(0);

/** The samples of one series and day that have come so far and are not written out. */
interface OpenColumn {
  /** First instant of the day, and of the next one; NaN before the first sample. */
  day: number;
  end: number;
  /** Time of the last sample that is no longer in the arrays. */
  before: number;
  beforeValue: number;
  count: number;
  timestamps: Float64Array;
  values: Float64Array;
}

/** The samples of one series in one day, in pieces as they were written out. */
export interface DayColumn {
  readonly series: number;
  readonly count: number;
  readonly pieces: readonly number[];
}

/**
 * Takes samples in any order of series, each series in the order of time, and sorts them by day: columns go to a spill file as they
 * fill up or as the day ends, so memory does not grow with their number.
 */
export class SampleGatherer {
  /** Samples written out. */
  written = 0;
  /** Samples that were given twice, and those given before with another value. */
  duplicates = 0;
  conflicts = 0;
  /** Exemplars that came with samples: they are not stored. */
  exemplars = 0;
  readonly labels: Labels[] = [];
  /** Series with equal ones are of one target, as far as labels say. */
  readonly sources: number[] = [];
  readonly #spill: SpillFile;
  readonly #timelines: TimelinePool;
  readonly #maxOpenSamples: number;
  readonly #open: OpenColumn[] = [];
  #openSamples = 0;
  readonly #byLabels = new Map<string, number>();
  readonly #bySource = new Map<string, number>();
  /** Pieces: series, day, samples, timeline, and where the values are. */
  readonly #series: number[] = [];
  readonly #days: number[] = [];
  readonly #counts: number[] = [];
  readonly #pieceTimelines: number[] = [];
  readonly #places: number[] = [];
  #byDay = new Map<number, DayColumn[]>();

  /** @param directory where the spill file goes */
  constructor(directory: string, maxOpenSamples = MAX_OPEN_SAMPLES) {
    this.#maxOpenSamples = maxOpenSamples;
    this.#spill = new SpillFile(directory);
    this.#timelines = new TimelinePool(this.#spill);
  }

  /** The number of a series given as name and value in turn. @throws ImportError when a name comes twice */
  series(pairs: readonly string[]): number {
    const names = new Set<string>();
    const entries: [string, string][] = [];
    for (let i = 0; i < pairs.length; i += 2) {
      const name = pairs[i]!;
      if (names.has(name))
        throw new ImportError(`expected each label once, found ${JSON.stringify(name)} twice`);
      names.add(name);
      entries.push([name, pairs[i + 1]!]);
    }
    const labels = labelsOf(entries);
    const key = labelsKey(labels);
    const known = this.#byLabels.get(key);
    if (known !== undefined) return known;
    const series = this.labels.length;
    this.#byLabels.set(key, series);
    this.labels.push(labels);
    const source = `${labelValue(labels, 'job')}\xff${labelValue(labels, 'instance')}`;
    let number = this.#bySource.get(source);
    if (number === undefined) this.#bySource.set(source, (number = this.#bySource.size));
    this.sources.push(number);
    this.#open.push({
      day: Number.NaN,
      end: Number.NaN,
      before: Number.NEGATIVE_INFINITY,
      beforeValue: 0,
      count: 0,
      timestamps: NOTHING,
      values: NOTHING,
    });
    return series;
  }

  /**
   * Adds the first `count` samples of two columns, times in Unix ms.
   * @throws ImportError when one is older than one of the series before it, or of no day we can store
   */
  samples(series: number, timestamps: Float64Array, values: Float64Array, count: number): void {
    const column = this.#open[series]!;
    for (let from = 0; from < count; from++) {
      from = fill(column, timestamps, values, from, count);
      if (from < count) this.#unusual(column, series, timestamps[from]!, values[from]!, count - from - 1);
    }
  }

  /** Writes out what is under way; only then the samples can be had. Nothing may be added any more. */
  finish(): void {
    this.#writeAll();
    this.#open.length = 0;
    const byDay = new Map<number, Map<number, { series: number; count: number; pieces: number[] }>>();
    for (let piece = 0; piece < this.#days.length; piece++) {
      const day = this.#days[piece]!;
      const series = this.#series[piece]!;
      const count = this.#counts[piece]!;
      let columns = byDay.get(day);
      if (columns === undefined) byDay.set(day, (columns = new Map()));
      const column = columns.get(series);
      if (column) {
        column.pieces.push(piece);
        column.count += count;
      } else {
        columns.set(series, { series, count, pieces: [piece] });
      }
    }
    this.#byDay = new Map(Array.from(byDay, ([day, columns]) => [day, [...columns.values()]]));
  }

  /** Days with samples, first instants, ascending. */
  days(): number[] {
    return [...this.#byDay.keys()].sort((a, b) => a - b);
  }

  /**
   * What came for a day, a column per series: those of one target together, those with the same number of samples before others with
   * fewer, and otherwise in the order in which the series came.
   */
  columnsOf(day: number): readonly DayColumn[] {
    const { sources } = this;
    return (this.#byDay.get(day) ?? []).sort(
      (a, b) => sources[a.series]! - sources[b.series]! || b.count - a.count || a.series - b.series,
    );
  }

  /** Timestamps of a column; the same array for columns of the same target that came in one piece. */
  timestampsOf({ pieces, count }: DayColumn): Float64Array {
    if (pieces.length === 1) return this.#timelines.get(this.#pieceTimelines[pieces[0]!]!);
    const timestamps = new Float64Array(count);
    let at = 0;
    for (const piece of pieces) {
      timestamps.set(this.#timelines.get(this.#pieceTimelines[piece]!), at);
      at += this.#counts[piece]!;
    }
    return timestamps;
  }

  valuesOf({ pieces, count }: DayColumn): Float64Array {
    const values = new Float64Array(count);
    let at = 0;
    for (const piece of pieces) {
      const end = at + this.#counts[piece]!;
      this.#spill.read(this.#places[piece]!, values.subarray(at, end));
      at = end;
    }
    return values;
  }

  close(): void {
    this.#spill.close();
  }

  /** The first sample of an array or a day, a full array, or one out of order. */
  #unusual(column: OpenColumn, series: number, timestamp: number, value: number, samplesAfter: number): void {
    const { count } = column;
    const last = count > 0 ? column.timestamps[count - 1]! : column.before;
    if (timestamp <= last) {
      if (timestamp < last) {
        throw new ImportError(
          `expected the samples of a series in the order of time, found ${seconds(timestamp)} after ${seconds(last)}`,
          samplesAfter,
        );
      }
      const lastValue = count > 0 ? column.values[count - 1]! : column.beforeValue;
      if (Object.is(value, lastValue)) this.duplicates++;
      else this.conflicts++;
      return;
    }
    if (!(timestamp >= column.day && timestamp < column.end)) {
      if (timestamp < EARLIEST || timestamp >= LATEST) {
        throw new ImportError(
          `expected a time in seconds between the years 1 and 9999, found ${seconds(timestamp)}`,
          samplesAfter,
        );
      }
      this.#write(column, series);
      column.day = partitionStart(timestamp);
      column.end = column.day + PARTITION_MS;
    }
    if (column.count === column.timestamps.length) this.#grow(column);
    column.timestamps[column.count] = timestamp;
    column.values[column.count] = value;
    column.count++;
  }

  #grow(column: OpenColumn): void {
    const before = column.timestamps.length;
    const capacity = Math.max(FIRST_CAPACITY, 2 * before);
    if (this.#openSamples + capacity - before > this.#maxOpenSamples) {
      this.#writeAll();
      if (column.timestamps.length > 0) return;
    }
    this.#openSamples += capacity - before;
    const timestamps = new Float64Array(capacity);
    const values = new Float64Array(capacity);
    timestamps.set(column.timestamps.subarray(0, column.count));
    values.set(column.values.subarray(0, column.count));
    column.timestamps = timestamps;
    column.values = values;
  }

  /** Writes out all columns. Arrays stay for those that are being filled; those that got nothing since the last time give theirs up. */
  #writeAll(): void {
    for (let series = 0; series < this.#open.length; series++) {
      const column = this.#open[series]!;
      if (column.count > 0) {
        this.#write(column, series);
      } else if (column.timestamps.length > 0) {
        this.#openSamples -= column.timestamps.length;
        column.timestamps = NOTHING;
        column.values = NOTHING;
      }
    }
  }

  #write(column: OpenColumn, series: number): void {
    const { count, day } = column;
    if (count === 0) return;
    const timestamps = column.timestamps.subarray(0, count);
    const values = column.values.subarray(0, count);
    normaliseNaNs(values);
    this.#series.push(series);
    this.#days.push(day);
    this.#counts.push(count);
    this.#pieceTimelines.push(this.#timelines.intern(timestamps));
    this.#places.push(this.#spill.append(values));
    this.written += count;
    column.before = timestamps[count - 1]!;
    column.beforeValue = values[count - 1]!;
    column.count = 0;
  }
}

/** Adds samples from `from` on as long as there is nothing to be seen to; gives the first one that was not added. */
function fill(
  column: OpenColumn,
  timestamps: Float64Array,
  values: Float64Array,
  from: number,
  count: number,
): number {
  const toTimestamps = column.timestamps;
  const toValues = column.values;
  const { end } = column;
  let at = column.count;
  if (at === 0) return from;
  let last = toTimestamps[at - 1]!;
  const limit = Math.min(count, from + toTimestamps.length - at);
  let i = from;
  for (; i < limit; i++) {
    const time = timestamps[i]!;
    if (!(time > last && time < end)) break;
    toTimestamps[at] = time;
    toValues[at] = values[i]!;
    at++;
    last = time;
  }
  column.count = at;
  return i;
}

const seconds = (timestamp: number): string => (timestamp / 1000).toFixed(3);
