import type { Appender, AppendOutcome, CommitResult, ScrapeAppender, Slot } from '../model/appender.ts';
import { formatSeries, type Labels, labelsKey } from '../model/labels.ts';
import type { MetricMetadata } from '../model/queryable.ts';

/** What a collecting appender holds for one timestamp of one series. */
export interface CollectedSample {
  readonly timestamp: number;
  /** `stale` for a staleness marker. */
  readonly value: number | 'stale';
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
}

/** An appender that keeps everything in memory and holds callers to the contract: a misuse throws. */
export function collectingAppender(): CollectingAppender {
  const samples = new Map<string, Map<number, number | 'stale'>>();
  const sources = new Map<string, { isOpen: boolean; appender: ReturnType<typeof collectingSource> }>();
  const metadataByMetric = new Map<string, MetricMetadata>();

  const write = (labels: Labels, timestamp: number, value: number | 'stale'): AppendOutcome => {
    const series = formatSeries(labels);
    const values = samples.get(series) ?? new Map<number, number | 'stale'>();
    samples.set(series, values);
    const before = values.get(timestamp);
    if (before === undefined) values.set(timestamp, value);
    else return Object.is(before, value) ? 'duplicate' : 'conflict';
    return 'ok';
  };
  const inOrder = (series: string): CollectedSample[] =>
    [...(samples.get(series) ?? [])]
      .map(([timestamp, value]) => ({ timestamp, value }))
      .sort((a, b) => a.timestamp - b.timestamp);

  return {
    metadataByMetric,
    source(key) {
      const known = sources.get(key);
      if (known?.isOpen) throw new Error(`source ${JSON.stringify(key)} is open already`);
      const appender = known?.appender ?? collectingSource(write);
      sources.set(key, { isOpen: true, appender });
      return {
        ...appender,
        close() {
          sources.get(key)!.isOpen = false;
        },
      };
    },
    append: (labels, timestamp, value) => write(labels, timestamp, value),
    appendStale: (labels, timestamp) => write(labels, timestamp, 'stale'),
    metadata: (metric, metadata) => void metadataByMetric.set(metric, metadata),
    committed: () => Promise.resolve(),
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

type Write = (labels: Labels, timestamp: number, value: number | 'stale') => AppendOutcome;

/** One source. */
function collectingSource(write: Write): Omit<ScrapeAppender, 'close'> {
  const slots = new Map<string, Slot>();
  const labelsBySlot: (Labels | undefined)[] = [];
  let previous = new Map<Slot, Labels>();
  let row: Map<Slot, number> | undefined;
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
      write(labels, rowTime, value);
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
  return {
    slot(labels) {
      const key = labelsKey(labels);
      let slot = slots.get(key);
      if (slot === undefined) {
        const free = labelsBySlot.indexOf(undefined);
        slot = free < 0 ? labelsBySlot.length : free;
        slots.set(key, slot);
        labelsBySlot[slot] = labels;
      }
      return slot;
    },
    labelsOfSlot(slot) {
      const labels = labelsBySlot[slot];
      if (!labels) throw new Error(`no series has slot ${slot}`);
      return labels;
    },
    begin,
    set(slot, value) {
      if (!row) throw new Error('set without begin');
      if (!labelsBySlot[slot]) throw new Error(`no series has slot ${slot}`);
      if (row.has(slot)) return false;
      row.set(slot, value);
      return true;
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
