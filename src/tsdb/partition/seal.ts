import { existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { unlimited } from '../../model/queryable.ts';
import type { SqliteAddon } from '../../sqlite/database.ts';
import type { SeriesEntry } from '../block.ts';
import { syncDirectory, syncFile } from './files.ts';
import { OWN_TIMELINE } from './groups.ts';
import { companions, partitionPath, sealingPath } from './names.ts';
import { type FileReader, openPartitionReader } from './reader.ts';
import { RefMap } from './ref-map.ts';
import { mergeSamples, type SampleColumns } from './samples.ts';
import { openPartitionFile } from './schema.ts';
import { SealedWriter } from './sealed-writer.ts';
import { mergeTimelines } from './timeline.ts';

export interface SealOptions {
  readonly directory: string;
  /** First instant of the day, Unix ms. */
  readonly day: number;
  readonly addon: SqliteAddon;
}

export interface SealResult {
  /** The sealed file; undefined when the day holds no sample and all its files were removed. */
  readonly file: string | undefined;
  readonly series: number;
  readonly samples: number;
  readonly bytes: number;
  /** The hot file got more samples meanwhile and stays; they are read beside the sealed file until the day is sealed again. */
  readonly hotRemains: boolean;
}

/** Days with less than this in blocks get small pages: half-empty ones would be a tenth of the file. */
const SMALL_DAY_BYTES = 4 * 1024 * 1024;
/** Samples packed in one step, about 5 ms. */
const SAMPLES_PER_STEP = 50_000;
const SMALL_PAGE = 1024;
const PAGE = 4096;

/** For a sealed file whose blocks take about this much. */
export const sealedPageSize = (blockBytes: number): number =>
  blockBytes < SMALL_DAY_BYTES ? SMALL_PAGE : PAGE;

/**
 * Turns the hot file of a day that is over into its sealed file, together with an earlier sealed one. Each `next()` is a bounded step
 * of some milliseconds; between two steps no writer of that day may be left open, though one may have been at work. A crash
 * at any point leaves the files as they were, or the sealed one beside a hot one that adds nothing, which `removeCoveredHot`
 * notices; sealing again is always right.
 * @throws CorruptBlockError when a file of the day is damaged; the day's files are left alone
 */
export function* sealDay(options: SealOptions): Generator<void, SealResult> {
  const { directory, day, addon } = options;
  const hotFile = partitionPath(directory, day, 'hot');
  const sealedFile = partitionPath(directory, day, 'sealed');
  const temporary = sealingPath(directory, day);
  removeDatabase(temporary);
  const readers: FileReader[] = [];
  let writer: SealedWriter | undefined;
  try {
    // The older samples first: where two files have a sample for one time, the one that was there before counts.
    if (existsSync(sealedFile)) readers.push(openPartitionReader(sealedFile, { addon }));
    const hot = openPartitionReader(hotFile, { addon });
    readers.push(hot);
    for (const reader of readers) reader.begin();
    const blockBytes = readers.reduce((sum, reader) => sum + reader.blockBytes(), 0);
    const { hotId, batches } = hot.currentMeta();
    writer = new SealedWriter(
      temporary,
      { kind: 'sealed', day, hotId, batches },
      { addon, pageSize: sealedPageSize(blockBytes) },
    );
    yield;
    yield* packSeries(writer, readers);
    const { samples, seriesCount: series } = writer;
    yield* writer.finishing();
    writer = undefined;
    for (const reader of readers.splice(0)) closeReader(reader);
    yield;
    if (samples === 0) {
      removeDatabase(temporary);
    } else {
      syncFile(temporary);
      renameSync(temporary, sealedFile);
    }
    syncDirectory(directory);
    const hotRemains = !removeCoveredHot(options, { hotId, batches });
    const file = samples === 0 ? undefined : sealedFile;
    return { file, series, samples, bytes: file ? statSync(file).size : 0, hotRemains };
  } finally {
    writer?.abandon();
    for (const reader of readers) closeReader(reader);
    if (existsSync(temporary)) removeDatabase(temporary);
  }
}

/**
 * Removes the hot file of a day when its sealed file (or `covered`, what a seal has just read) holds all batches appended to it; the
 * last act of a seal, repeated at start in case it was cut off. No writer of the day may be open.
 * @returns whether there is no hot file any more
 */
export function removeCoveredHot(
  { directory, day, addon }: SealOptions,
  covered?: { readonly hotId: string; readonly batches: number },
): boolean {
  const hotFile = partitionPath(directory, day, 'hot');
  if (!existsSync(hotFile)) return true;
  const hot = metaOf(hotFile, addon);
  const by = covered ?? metaOf(partitionPath(directory, day, 'sealed'), addon);
  if (hot.hotId !== by.hotId || hot.batches !== by.batches) return false;
  removeDatabase(hotFile);
  syncDirectory(directory);
  return true;
}

/** Removes a database, itself first: without it the files beside it mean nothing, but not the other way round. */
export function removeDatabase(file: string): void {
  rmSync(file, { force: true });
  for (const companion of companions(file)) rmSync(companion, { force: true });
}

export function metaOf(
  file: string,
  addon: SqliteAddon,
): { readonly hotId: string; readonly batches: number } {
  const { db, meta } = openPartitionFile(file, addon);
  db.close();
  return meta;
}

export function closeReader(reader: FileReader): void {
  reader.end();
  reader.close();
}

/** What of a series' samples a file being written takes; undefined: nothing, and it does not know the series. */
export type Keep = (entry: SeriesEntry, samples: SampleColumns) => SampleColumns | undefined;

/**
 * Writes the series of a day's files, each merged over all of them. The older file comes first: where two have a sample for one time,
 * the one that was there before counts.
 */
export function* packSeries(
  writer: SealedWriter,
  readers: readonly FileReader[],
  keep: Keep = (_entry, samples) => samples,
): Generator<void, void> {
  for (const reader of readers) yield* reader.readingLabels();
  for (const chunk of seriesOf(readers)) yield* addChunk(writer, readers, chunk, keep);
}

/** Series that are read and packed in one step, and timestamps they probably share. */
interface Chunk {
  readonly entries: readonly SeriesEntry[];
  readonly timeline: Float64Array | undefined;
  readonly hasHistograms: boolean;
}

/** All series of the files, each once, group by group: neighbours stay neighbours. */
function* seriesOf(readers: readonly FileReader[]): Generator<Chunk> {
  const seen = new RefMap();
  for (const reader of readers) {
    const { members, timelines } = reader.groups();
    const labels = reader.labels();
    // Groups of one timeline follow each other, so that its timestamps are merged once.
    const order = [...members.keys()].sort((a, b) => timelines[a]! - timelines[b]! || a - b);
    let last: { readonly id: number; readonly timestamps: Float64Array } | undefined;
    for (const group of order) {
      const id = timelines[group]!;
      const entries: SeriesEntry[] = [];
      for (const ref of members[group]!) {
        const entry = seen.has(ref) ? undefined : labels.entryOf(ref);
        if (entry === undefined) continue;
        seen.set(ref, 1);
        entries.push(entry);
      }
      if (entries.length === 0) continue;
      if (id !== OWN_TIMELINE && last?.id !== id) {
        const rows = reader.timelineOf(id);
        last = rows.length === 0 ? undefined : { id, timestamps: mergeTimelines(rows).timestamps };
      }
      const timeline = id === OWN_TIMELINE ? undefined : last?.timestamps;
      // Those of one series are many objects already.
      const hasHistograms = reader.hasHistograms(group);
      if (hasHistograms) for (const entry of entries) yield { entries: [entry], timeline, hasHistograms };
      else yield { entries, timeline, hasHistograms };
    }
  }
}

function* addChunk(
  writer: SealedWriter,
  readers: readonly FileReader[],
  { entries, timeline, hasHistograms }: Chunk,
  keep: Keep,
): Generator<void, void> {
  const merged = new Map<number, SampleColumns>();
  for (const reader of readers) {
    for (const samples of reader.read(entries, reader.range, unlimited)) {
      const before = merged.get(samples.ref);
      merged.set(samples.ref, before ? mergeSamples(before, samples) : samples);
    }
    // A day of histograms takes as long to unpack as to pack.
    if (hasHistograms) yield;
  }
  let packed = 0;
  const hint = timeline ?? sharedTimeline([...merged.values()]);
  for (const entry of entries) {
    const whole = merged.get(entry.ref);
    const samples = whole && keep(entry, whole);
    if (samples === undefined) continue;
    writer.add(entry, samples, hint ?? samples.timestamps);
    packed += whole!.timestamps.length;
    if (packed < SAMPLES_PER_STEP) continue;
    packed = 0;
    yield;
  }
  yield;
}

/** One timeline for series that differ by gaps; undefined when that would be mostly gaps. */
function sharedTimeline(series: readonly SampleColumns[]): Float64Array | undefined {
  if (series.length === 0) return undefined;
  const distinct = new Set(series.map((one) => one.timestamps));
  const longest = Math.max(...Array.from(distinct, (timestamps) => timestamps.length));
  const { timestamps } = mergeTimelines([...distinct]);
  return timestamps.length <= 1.1 * longest ? timestamps : undefined;
}
