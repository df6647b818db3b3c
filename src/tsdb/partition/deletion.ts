import { existsSync, statSync } from 'node:fs';
import { CorruptBlockError } from '../../encoding/corrupt-block.ts';
import { labelsKey } from '../../model/labels.ts';
import type { Matcher } from '../../model/matcher.ts';
import { unlimited } from '../../model/queryable.ts';
import type { TimeRange } from '../../model/time.ts';
import type { SqliteAddon } from '../../sqlite/database.ts';
import type { SeriesEntry } from '../block.ts';
import { hashBytes } from '../index/hash.ts';
import { PARTITION_MS } from '../partition.ts';
import type { DayChange } from './change.ts';
import { type PartitionFiles, partitionBytes } from './directory.ts';
import { syncFile } from './files.ts';
import { changedPath } from './names.ts';
import { type FileReader, openPartitionReader } from './reader.ts';
import { mergeSamples, type SampleColumns, withoutRange } from './samples.ts';
import { closeReader, type Keep, packSeries, removeDatabase, sealedPageSize } from './seal.ts';
import { SealedWriter } from './sealed-writer.ts';

/** Which samples shall go: those of series that one of the selectors matches, within the range. */
export interface Deletion {
  readonly selectors: readonly (readonly Matcher[])[];
  readonly range: TimeRange;
}

/** Series read at once for counting. */
const SERIES_PER_STEP = 64;
/** Names of series that a person is shown. */
const MAX_EXAMPLES = 10;

/** What a deletion would remove, or has removed. */
export class DeletionTally {
  samples = 0;
  days = 0;
  /** Size of the files of these days before and, once they are written anew, after. */
  bytesBefore = 0;
  bytesAfter = 0;
  readonly examples: SeriesEntry['labels'][] = [];
  readonly #seen = new Set<number>();

  /** Series, each counted once however many days have it. */
  get series(): number {
    return this.#seen.size;
  }

  add(entry: SeriesEntry, samples: number): void {
    const key = Buffer.from(labelsKey(entry.labels));
    // 53 bits of hash instead of the text: memory stays small however many series there are.
    const hash = hashBytes(key, 0, key.length, 1) * 2 ** 21 + (hashBytes(key, 0, key.length, 2) >>> 11);
    if (!this.#seen.has(hash) && this.examples.length < MAX_EXAMPLES) this.examples.push(entry.labels);
    this.#seen.add(hash);
    this.samples += samples;
  }
}

/** Whether a day can hold samples of the range. */
export const isWithin = (day: number, range: TimeRange): boolean =>
  day < range.to && day + PARTITION_MS > range.from;

/** Counts what a deletion would take of a day. Each `next()` is a bounded step. */
export function* countDay(
  files: PartitionFiles,
  deletion: Deletion,
  addon: SqliteAddon,
  tally: DeletionTally,
): Generator<void, void> {
  const readers = openReaders(files, addon);
  const before = tally.samples;
  try {
    const entries = [...matching(readers, deletion).values()];
    for (let from = 0; from < entries.length; from += SERIES_PER_STEP) {
      const chunk = entries.slice(from, from + SERIES_PER_STEP);
      for (const { entry, samples } of mergedSamples(readers, chunk, deletion.range)) {
        tally.add(entry, samples.timestamps.length);
      }
      yield;
    }
  } finally {
    for (const reader of readers) closeReader(reader);
  }
  if (tally.samples === before) return;
  tally.days++;
  tally.bytesBefore += partitionBytes(files);
}

/**
 * Writes the sealed file of a day anew at `changedPath`, without what shall go, from its sealed and its hot file; undefined when the day
 * has nothing of it. Each `next()` is a bounded step, during which the day's files must stay as they are.
 * @throws CorruptBlockError when a file of the day is damaged
 */
export function* rewriteDay(
  directory: string,
  files: PartitionFiles,
  deletion: Deletion,
  addon: SqliteAddon,
  tally: DeletionTally,
): Generator<void, DayChange | undefined> {
  const { day } = files;
  const temporary = changedPath(directory, day);
  removeDatabase(temporary);
  const readers = openReaders(files, addon);
  const before = tally.samples;
  let writer: SealedWriter | undefined;
  let isWritten = false;
  try {
    const going = matching(readers, deletion);
    if (going.size === 0) return undefined;
    const meta = readers.at(-1)!.currentMeta();
    const blockBytes = readers.reduce((sum, reader) => sum + reader.blockBytes(), 0);
    writer = new SealedWriter(
      temporary,
      { kind: 'sealed', day, hotId: meta.hotId, batches: meta.batches },
      { addon, pageSize: sealedPageSize(blockBytes) },
    );
    const keep: Keep = (entry, samples) => {
      if (!going.has(entry.ref)) return samples;
      const rest = withoutRange(samples, deletion.range);
      const left = rest?.timestamps.length ?? 0;
      if (left < samples.timestamps.length) tally.add(entry, samples.timestamps.length - left);
      return rest;
    };
    yield;
    if (files.hot === undefined) yield* copyGroups(writer, readers[0]!, going, keep);
    else yield* packSeries(writer, readers, keep);
    if (tally.samples === before) return undefined;
    const isEmpty = writer.seriesCount === 0;
    yield* writer.finishing();
    writer = undefined;
    tally.days++;
    tally.bytesBefore += partitionBytes(files);
    const hotId = files.hot === undefined ? undefined : meta.hotId;
    if (isEmpty) return { day, sealed: 'removed', hotId };
    syncFile(temporary);
    tally.bytesAfter += statSync(temporary).size;
    isWritten = true;
    return { day, sealed: 'replaced', hotId };
  } finally {
    for (const reader of readers) closeReader(reader);
    writer?.abandon();
    if (!isWritten) removeDatabase(temporary);
  }
}

/** Takes over as they are packed the groups of a sealed file that lose nothing, and packs the others anew. */
function* copyGroups(
  writer: SealedWriter,
  reader: FileReader,
  going: ReadonlyMap<number, SeriesEntry>,
  keep: Keep,
): Generator<void, void> {
  const labels = reader.labels();
  const groups = reader.groups();
  for (const [group, refs] of groups.members.entries()) {
    const entries = refs.map((ref) => {
      const entry = labels.entryOf(ref);
      if (entry === undefined) throw new CorruptBlockError(`series ${ref} has no labels`, reader.file);
      return entry;
    });
    if (!refs.some((ref) => going.has(ref))) {
      writer.copyGroup(entries, reader.packedGroup(group));
      yield;
      continue;
    }
    const byRef = new Map(entries.map((entry) => [entry.ref, entry]));
    for (const samples of reader.read(entries, reader.range, unlimited)) {
      const entry = byRef.get(samples.ref)!;
      const rest = keep(entry, samples);
      if (rest) writer.add(entry, rest, rest.timestamps);
    }
    yield;
  }
}

/** The older samples first: where both files have a sample for one time, the one that was there before counts. */
function openReaders({ sealed, hot }: PartitionFiles, addon: SqliteAddon): FileReader[] {
  const readers: FileReader[] = [];
  try {
    for (const file of [sealed, hot]) {
      if (file === undefined || !existsSync(file)) continue;
      readers.push(openPartitionReader(file, { addon }));
      readers.at(-1)!.begin();
    }
    return readers;
  } catch (error) {
    for (const reader of readers) closeReader(reader);
    throw error;
  }
}

/** Series that a selector matches, by ref. */
function matching(readers: readonly FileReader[], { selectors }: Deletion): Map<number, SeriesEntry> {
  const found = new Map<number, SeriesEntry>();
  for (const reader of readers) {
    for (const matchers of selectors) {
      for (const entry of reader.match(matchers)) found.set(entry.ref, entry);
    }
  }
  return found;
}

function* mergedSamples(
  readers: readonly FileReader[],
  entries: readonly SeriesEntry[],
  range: TimeRange,
): Generator<{ readonly entry: SeriesEntry; readonly samples: SampleColumns }> {
  const merged = new Map<number, SampleColumns>();
  for (const reader of readers) {
    for (const samples of reader.read(entries, range, unlimited)) {
      const before = merged.get(samples.ref);
      merged.set(samples.ref, before ? mergeSamples(before, samples) : samples);
    }
  }
  for (const entry of entries) {
    const samples = merged.get(entry.ref);
    if (samples) yield { entry, samples };
  }
}
