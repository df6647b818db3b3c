import { statSync } from 'node:fs';
import { labelsKey } from '../../model/labels.ts';
import { unlimited } from '../../model/queryable.ts';
import type { SqliteAddon } from '../../sqlite/database.ts';
import type { SeriesEntry, SeriesRef, SourceId } from '../block.ts';
import { syncFile } from '../partition/files.ts';
import { changedPath } from '../partition/names.ts';
import { mergeSamples, type SampleColumns } from '../partition/samples.ts';
import { removeDatabase, sealedPageSize } from '../partition/seal.ts';
import { SealedWriter } from '../partition/sealed-writer.ts';
import { additionsTo, type Tally } from './additions.ts';
import type { DayColumn, SampleGatherer } from './gatherer.ts';
import { sharedTimelines } from './shared-timelines.ts';
import type { StoredDay } from './stored-day.ts';

export interface DayDeps {
  readonly directory: string;
  readonly addon: SqliteAddon;
  readonly gatherer: SampleGatherer;
  /** Ref of a series that the day does not have yet. */
  readonly refOf: (series: number) => SeriesRef;
  readonly tally: Tally;
}

/** The sealed file of one day at `changedPath`, where a crash leaves it to be removed at the next start. */
export interface WrittenDay {
  readonly day: number;
  readonly temporary: string;
  readonly bytes: number;
}

/**
 * Writes the sealed file of a day anew: what the old one had and what is imported. Where something is stored for a time, in either of the
 * day's files or in the log, it stays; so it does not matter that a sealed file is read before a hot one. Undefined when the import
 * adds nothing to the day.
 */
export function writeDay(day: number, stored: StoredDay, deps: DayDeps): WrittenDay | undefined {
  const { directory, addon, gatherer, tally } = deps;
  const temporary = changedPath(directory, day);
  const columns = gatherer.columnsOf(day);
  const addedBefore = tally.added;
  const old = stored.sealed?.currentMeta();
  // About a byte comes of a sample.
  const blockBytes = columns.reduce((sum, { count }) => sum + count, stored.sealed?.blockBytes() ?? 0);
  removeDatabase(temporary);
  let writer: SealedWriter | undefined;
  let isWritten = false;
  try {
    writer = new SealedWriter(
      temporary,
      { kind: 'sealed', day, hotId: old?.hotId ?? '', batches: old?.batches ?? 0 },
      { addon, pageSize: sealedPageSize(blockBytes) },
    );
    if (stored.isEmpty) addFresh(writer, columns, deps);
    else addMerged(writer, columns, stored, deps);
    if (tally.added === addedBefore) return undefined;
    writer.finish();
    writer = undefined;
    syncFile(temporary);
    const { size: bytes } = statSync(temporary);
    isWritten = true;
    return { day, temporary, bytes };
  } finally {
    writer?.abandon();
    if (!isWritten) removeDatabase(temporary);
  }
}

function addFresh(writer: SealedWriter, columns: readonly DayColumn[], deps: DayDeps): void {
  const { gatherer, tally } = deps;
  for (let from = 0, to = 0; from < columns.length; from = to) {
    const source = gatherer.sources[columns[from]!.series];
    while (to < columns.length && gatherer.sources[columns[to]!.series] === source) to++;
    const timelines = sharedTimelines(columns.slice(from, to).map((column) => gatherer.timestampsOf(column)));
    for (let i = from; i < to; i++) {
      const column = columns[i]!;
      const timestamps = gatherer.timestampsOf(column);
      tally.added += column.count;
      const samples = { timestamps, values: gatherer.valuesOf(column) };
      writer.add(newEntry(column, deps), samples, timelines[i - from]!);
    }
  }
}

function addMerged(
  writer: SealedWriter,
  columns: readonly DayColumn[],
  stored: StoredDay,
  deps: DayDeps,
): void {
  const { gatherer, tally } = deps;
  const waiting = new Map(columns.map((column) => [labelsKey(gatherer.labels[column.series]!), column]));
  for (const { entry, samples } of sealedSeries(stored)) {
    const key = labelsKey(entry.labels);
    const column = waiting.get(key);
    waiting.delete(key);
    const added =
      column && additionsTo(stored.samples(key, { ref: entry.ref, samples }), samplesOf(column, deps), tally);
    const merged = added ? mergeSamples(samples, added) : samples;
    writer.add(entry, merged, merged.timestamps);
  }
  for (const [key, column] of waiting) {
    const added = additionsTo(stored.samples(key), samplesOf(column, deps), tally);
    if (added) writer.add(stored.hotEntry(key) ?? newEntry(column, deps), added, added.timestamps);
  }
}

/** The series of the day's sealed file with their samples, group by group: neighbours stay neighbours. */
function* sealedSeries({
  sealed,
}: StoredDay): Generator<{ readonly entry: SeriesEntry; readonly samples: SampleColumns }> {
  if (sealed === undefined) return;
  const labels = sealed.labels();
  for (const refs of sealed.groups().members) {
    const entries = refs.map((ref) => labels.entryOf(ref)).filter((entry) => entry !== undefined);
    const byRef = new Map(entries.map((entry) => [entry.ref, entry]));
    for (const samples of sealed.read(entries, sealed.range, unlimited)) {
      yield { entry: byRef.get(samples.ref)!, samples };
    }
  }
}

const samplesOf = (column: DayColumn, { gatherer }: DayDeps): SampleColumns => ({
  timestamps: gatherer.timestampsOf(column),
  values: gatherer.valuesOf(column),
});

const newEntry = ({ series }: DayColumn, { gatherer, refOf }: DayDeps): SeriesEntry => ({
  ref: refOf(series),
  source: 0 as SourceId,
  labels: gatherer.labels[series]!,
});
