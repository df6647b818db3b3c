import { familyOf } from '../exposition/openmetrics-writer.ts';
import {
  compareLabels,
  compareStrings,
  type Labels,
  labelValue,
  METRIC_NAME,
  sameLabels,
} from '../model/labels.ts';
import type { Matcher } from '../model/matcher.ts';
import { unlimited } from '../model/queryable.ts';
import { isStaleAt, wordsOf } from '../model/sample.ts';
import type { TimeRange } from '../model/time.ts';
import type { OfflineQueryable } from '../tsdb/offline-queryable.ts';
import { listPartitions } from '../tsdb/partition/directory.ts';
import { PARTITION_MS } from '../tsdb/partition.ts';
import type { ExportedSamples, ExportFormat } from './export-formats.ts';

/** Samples of several series that are kept until their turn comes. */
const KEPT_SAMPLES = 512 * 1024;
const MAX_BATCH = 64;

export interface ExportSelection {
  readonly dir: string;
  /** No list means all series. */
  readonly sets: readonly (readonly Matcher[])[];
  readonly range: TimeRange;
  readonly format: ExportFormat;
}

/** Counts what an export leaves out because its format has no place for it, and tells what could not be read. */
export interface LeftOut {
  histograms: number;
  startTimestamps: number;
  /** Of the series and the time that were asked for. */
  exemplars: number;
  readonly unread: Set<string>;
}

/** The text of an export, piece by piece: families in the order of names, in each the series, in each the samples in order of time. */
export function* exported(
  store: OfflineQueryable,
  { dir, sets, range, format }: ExportSelection,
  leftOut: LeftOut,
): Generator<string> {
  const { metadata } = store;
  yield format.begin;
  const families = byFamily(seriesOf(store, sets, range, leftOut), (metric) => familyOf(metric, metadata));
  const windows = windowsOf(dir, range);
  for (const [family, series] of families) {
    let isFirst = true;
    let told: Labels | undefined;
    for (const samples of samplesOf(store, series, windows, leftOut)) {
      if (format.isSeriesOnly && told && sameLabels(told, samples.labels)) continue;
      told = samples.labels;
      countLeftOut(samples, format.holds, leftOut);
      const text = format.samples(samples);
      if (isFirst && text !== '') yield format.family(family, metadata.get(family));
      if (text !== '') isFirst = false;
      yield text;
    }
  }
  yield format.end;
  for (const { exemplars } of store.exemplars(sets.length === 0 ? [[]] : sets, range, unlimited)) {
    leftOut.exemplars += exemplars.length;
  }
}

function seriesOf(
  store: OfflineQueryable,
  sets: ExportSelection['sets'],
  range: TimeRange,
  leftOut: LeftOut,
): Labels[] {
  const querier = store.querier(unlimited);
  try {
    const series = querier.series(sets, range);
    for (const warning of querier.warnings ?? []) leftOut.unread.add(warning);
    return series;
  } finally {
    querier.close();
  }
}

function byFamily(
  series: readonly Labels[],
  familyOfMetric: (metric: string) => string,
): (readonly [string, readonly Labels[]])[] {
  const families = Map.groupBy(series, (labels) => familyOfMetric(labelValue(labels, METRIC_NAME)));
  return [...families]
    .sort(([a], [b]) => compareStrings(a, b))
    .map(([family, all]) => [family, all.sort(compareLabels)]);
}

/**
 * The samples of each series, in pieces. The first series of a batch is passed on window by window, the others are kept until it is
 * their turn, so that partitions are opened once per batch; how many there are is learned from how long the series are.
 */
function* samplesOf(
  store: OfflineQueryable,
  series: readonly Labels[],
  windows: readonly TimeRange[],
  leftOut: LeftOut,
): Generator<ExportedSamples> {
  let size = 1;
  for (let from = 0; from < series.length; ) {
    const batch = series.slice(from, from + size);
    const kept = batch.map((): ExportedSamples[] => []);
    let longest = 0;
    let ofFirst = 0;
    for (const window of windows) {
      for (const [i, labels] of batch.entries()) {
        const samples = read(store, labels, window, leftOut);
        if (samples === undefined) continue;
        if (i === 0) {
          ofFirst += samples.timestamps.length;
          yield samples;
        } else {
          kept[i]!.push(samples);
        }
      }
    }
    longest = Math.max(
      ofFirst,
      ...kept.map((pieces) => pieces.reduce((sum, { timestamps }) => sum + timestamps.length, 0)),
    );
    for (const pieces of kept) yield* pieces;
    from += batch.length;
    size = Math.max(1, Math.min(MAX_BATCH, 2 * size, Math.floor(KEPT_SAMPLES / Math.max(1, longest))));
  }
}

function read(
  store: OfflineQueryable,
  labels: Labels,
  window: TimeRange,
  leftOut: LeftOut,
): ExportedSamples | undefined {
  const matchers: Matcher[] = [];
  for (let i = 0; i < labels.length; i += 2)
    matchers.push({ name: labels[i]!, op: '=', value: labels[i + 1]! });
  const querier = store.querier(unlimited);
  try {
    const found = querier.select(matchers, window).find((one) => sameLabels(one.labels, labels));
    for (const warning of querier.warnings ?? []) leftOut.unread.add(warning);
    return found;
  } finally {
    querier.close();
  }
}

function countLeftOut(
  { values, histograms, startTimestamps }: ExportedSamples,
  holds: ExportFormat['holds'],
  leftOut: LeftOut,
): void {
  const words = wordsOf(values);
  for (let i = 0; i < values.length; i++) {
    if (histograms?.[i]) {
      if (!holds.histograms) leftOut.histograms++;
    } else if (isStaleAt(words, i)) {
      continue;
    }
    if (!holds.startTimestamps && (startTimestamps?.[i] ?? 0) !== 0) leftOut.startTimestamps++;
  }
}

/** The range cut at the borders of days that have files; what lies between may still be in the log. */
function windowsOf(dir: string, range: TimeRange): TimeRange[] {
  const windows: TimeRange[] = [];
  let { from } = range;
  const upTo = (border: number): void => {
    const to = Math.min(border, range.to);
    if (to > from) windows.push({ from, to });
    from = Math.max(from, to);
  };
  for (const { day } of listPartitions(dir)) {
    upTo(day);
    upTo(day + PARTITION_MS);
  }
  upTo(range.to);
  return windows;
}
