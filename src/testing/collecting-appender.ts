import { isDeepStrictEqual } from 'node:util';
import type { Appender, AppendOutcome, CommitResult, ScrapeAppender, Slot } from '../model/appender.ts';
import type { Exemplar } from '../model/exemplar.ts';
import { type Histogram, histogramProblem } from '../model/histogram.ts';
import { formatSeries, type Labels, labelsKey } from '../model/labels.ts';
import type { MetricMetadata } from '../model/queryable.ts';
import { isStaleAt, wordsOf } from '../model/sample.ts';

/** What a collecting appender holds for one timestamp of one series. */
export interface CollectedSample {
  readonly timestamp: number;
  /** `stale` for a staleness marker. */
  readonly value: number | Histogram | 'stale';
  /** Unix ms; absent when not known. */
  readonly start?: number;
}

export interface CollectingAppender extends Appender {
  /** Samples of a series in the order of time; the series as `formatSeries` writes it. */
  samples(series: string): CollectedSample[];
  /** The last value of each series that is not stale, by series. */
  current(): Record<string, number>;
  /** All series ever seen, sorted. */
  series(): string[];
  /** Keys of the sources that are open. */
  openSources(): string[];
  readonly metadataByMetric: ReadonlyMap<string, MetricMetadata>;
  /** Exemplars of a series in the order they came, with their timestamps. */
  exemplars(series: string): Exemplar[];
}

/** An appender that keeps everything in memory and holds callers to the contract: a misuse throws. */
export function collectingAppender(): CollectingAppender {
  const samples = new Map<string, Map<number, Stored>>();
  const exemplars = new Map<string, Exemplar[]>();
  const sources = new Map<string, { isOpen: boolean; appender: ReturnType<typeof collectingSource> }>();
  const metadataByMetric = new Map<string, MetricMetadata>();

  const write: Write = (labels, timestamp, value, start = 0) => {
    if (typeof value === 'object' && histogramProblem(value) !== undefined) return 'invalid';
    const series = formatSeries(labels);
    const values = samples.get(series) ?? new Map<number, Stored>();
    samples.set(series, values);
    const before = values.get(timestamp);
    if (before === undefined) values.set(timestamp, { value, ...(start === 0 ? {} : { start }) });
    else return isDeepStrictEqual(before.value, value) ? 'duplicate' : 'conflict';
    return 'ok';
  };
  const keep = (labels: Labels, exemplar: Exemplar): AppendOutcome => {
    const series = formatSeries(labels);
    const kept = exemplars.get(series) ?? [];
    exemplars.set(series, kept);
    if (isDeepStrictEqual(kept.at(-1), exemplar)) return 'duplicate';
    kept.push(exemplar);
    return 'ok';
  };
  const inOrder = (series: string): CollectedSample[] =>
    [...(samples.get(series) ?? [])]
      .map(([timestamp, stored]) => ({ timestamp, ...stored }))
      .sort((a, b) => a.timestamp - b.timestamp);

  return {
    metadataByMetric,
    source(key) {
      const known = sources.get(key);
      if (known?.isOpen) throw new Error(`source ${JSON.stringify(key)} is open already`);
      const appender = known?.appender ?? collectingSource(write, keep);
      sources.set(key, { isOpen: true, appender });
      return {
        ...appender,
        get seriesCount() {
          return appender.seriesCount;
        },
        close() {
          sources.get(key)!.isOpen = false;
        },
      };
    },
    append: write,
    appendHistogram: write,
    appendBits(labels, timestamp, low, high, start) {
      const bits = Float64Array.of(0);
      const words = wordsOf(bits);
      words.set([low, high]);
      return write(labels, timestamp, isStaleAt(words, 0) ? 'stale' : bits[0]!, start);
    },
    appendStale: (labels, timestamp) => write(labels, timestamp, 'stale'),
    metadata: (metric, metadata) => void metadataByMetric.set(metric, metadata),
    committed: () => Promise.resolve(),
    exemplar: keep,
    exemplars: (series) => exemplars.get(series) ?? [],
    pause: () => {},
    samples: inOrder,
    current() {
      const last: Record<string, number> = {};
      for (const series of [...samples.keys()].sort()) {
        const value = inOrder(series).at(-1)?.value;
        if (typeof value === 'number') last[series] = value;
      }
      return last;
    },
    series: () => [...samples.keys()].sort(),
    openSources: () => [...sources].filter(([, source]) => source.isOpen).map(([key]) => key),
  };
}

type Stored = Omit<CollectedSample, 'timestamp'>;
type Write = (labels: Labels, timestamp: number, value: Stored['value'], start?: number) => AppendOutcome;

/** One source. */
function collectingSource(
  write: Write,
  keep: (labels: Labels, exemplar: Exemplar) => AppendOutcome,
): Omit<ScrapeAppender, 'close'> {
  const slots = new Map<string, Slot>();
  const labelsBySlot: (Labels | undefined)[] = [];
  let previous = new Map<Slot, Labels>();
  let row: Map<Slot, number | Histogram> | undefined;
  const starts = new Map<Slot, number>();
  let rowTime = Number.NEGATIVE_INFINITY;
  let lastTime = Number.NEGATIVE_INFINITY;

  const commit = (): CommitResult => {
    if (!row) throw new Error('commit without begin');
    let seriesAdded = 0;
    let wentStale = 0;
    const present = new Map<Slot, Labels>();
    for (const [slot, value] of row) {
      const labels = labelsBySlot[slot]!;
      present.set(slot, labels);
      write(labels, rowTime, value, starts.get(slot));
      if (!previous.has(slot)) seriesAdded++;
    }
    for (const [slot, labels] of previous) {
      if (present.has(slot)) continue;
      wentStale++;
      write(labels, rowTime, 'stale');
    }
    previous = present;
    lastTime = rowTime;
    const appended = row.size;
    row = undefined;
    return { appended, seriesAdded, wentStale };
  };
  const begin = (timestamp: number): boolean => {
    if (row) throw new Error('begin within a scrape');
    if (timestamp <= lastTime) return false;
    row = new Map();
    rowTime = timestamp;
    return true;
  };
  const set = (slot: Slot, value: number | Histogram): boolean => {
    if (!row) throw new Error('set without begin');
    if (!labelsBySlot[slot]) throw new Error(`no series has slot ${slot}`);
    if (row.has(slot)) return false;
    row.set(slot, value);
    return true;
  };
  return {
    get seriesCount() {
      return slots.size;
    },
    find: (labels) => slots.get(labelsKey(labels)) ?? -1,
    slot(labels) {
      const key = labelsKey(labels);
      let slot = slots.get(key);
      if (slot === undefined) {
        const free = labelsBySlot.indexOf(undefined);
        slot = free < 0 ? labelsBySlot.length : free;
        slots.set(key, slot);
        labelsBySlot[slot] = labels;
        starts.delete(slot);
      }
      return slot;
    },
    labelsOfSlot(slot) {
      const labels = labelsBySlot[slot];
      if (!labels) throw new Error(`no series has slot ${slot}`);
      return labels;
    },
    begin,
    set,
    setHistogram: (slot, histogram) => histogramProblem(histogram) === undefined && set(slot, histogram),
    setStart(slot, startTimestamp) {
      if (!labelsBySlot[slot]) throw new Error(`no series has slot ${slot}`);
      starts.set(slot, startTimestamp);
    },
    exemplar(slot, exemplar) {
      if (!row) throw new Error('exemplar without begin');
      keep(labelsBySlot[slot]!, { ...exemplar, timestamp: exemplar.timestamp ?? rowTime });
    },
    commit,
    abort() {
      row = undefined;
    },
    markAllStale(timestamp) {
      if (!begin(timestamp)) return { appended: 0, seriesAdded: 0, wentStale: 0 };
      return commit();
    },
    // All that were absent from the last row, so that whoever kept such a number is found out.
    releaseUnused() {
      const released: Slot[] = [];
      for (const [key, slot] of [...slots]) {
        if (previous.has(slot)) continue;
        slots.delete(key);
        labelsBySlot[slot] = undefined;
        released.push(slot);
      }
      return released;
    },
  };
}
