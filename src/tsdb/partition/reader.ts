import { basename } from 'node:path';
import { CorruptBlockError } from '../../encoding/corrupt-block.ts';
import { FrameKind } from '../../encoding/frame.ts';
import type { Matcher } from '../../model/matcher.ts';
import type { QueryBudget } from '../../model/queryable.ts';
import { freshRoom, type Room } from '../../model/room.ts';
import type { TimeRange } from '../../model/time.ts';
import type { SqliteAddon, SqliteDatabase } from '../../sqlite/database.ts';
import type { SeriesEntry } from '../block.ts';
import { PARTITION_MS, type PartitionReader, type PartitionSamples } from '../partition.ts';
import type { ColumnCache } from './column-cache.ts';
import { ColumnReads } from './column-reads.ts';
import { GroupDecoder } from './group-decoder.ts';
import { decodeGroups, GroupDirectory, OWN_TIMELINE } from './groups.ts';
import type { KeptBlocks } from './kept-blocks.ts';
import { collectingLabels } from './label-collector.ts';
import { LabelIndex } from './label-index.ts';
import { isoDay, parsePartitionName } from './names.ts';
import { type ReaderStatements, readerStatements } from './reader-statements.ts';
import {
  blockId,
  checkCount,
  corruptionAt,
  identityOf,
  openPartitionFile,
  type PartitionMeta,
  readMeta,
  rowsOf,
  type StoredBlob,
} from './schema.ts';
import type { PackedGroup } from './sealed-writer.ts';
import { StoredBlocks } from './stored-blocks.ts';
import type { Damaged } from './unreadable.ts';

/**
 * Opens a partition file, hot or sealed, for reading.
 * @throws CorruptBlockError when it is damaged, foreign, or of a newer format; SqliteError with code SQLITE_CANTOPEN when it is gone,
 * sealed or removed since it was listed: list again
 */
export function openPartitionReader(
  file: string,
  options: { readonly addon: SqliteAddon; readonly cache?: ColumnCache },
): FileReader {
  const { db, meta } = openPartitionFile(file, options.addon);
  // What the file says of itself has no checksum; of its day and kind its name knows.
  const named = parsePartitionName(basename(file));
  if (named && (named.day !== meta.day || named.kind !== meta.kind)) {
    db.close();
    throw new CorruptBlockError(
      `expected the ${named.kind} partition of ${isoDay(named.day)}, found a ${meta.kind} one of ${isoDay(meta.day)}`,
      file,
    );
  }
  return new FileReader(db, meta, options.cache);
}

/** Reads one partition file. While it is written by another connection, each transaction sees it as it was at `begin`. */
export class FileReader implements PartitionReader {
  readonly file: string;
  readonly range: TimeRange;
  readonly meta: PartitionMeta;
  readonly #db: SqliteDatabase;
  readonly #sql: ReaderStatements;
  readonly #directory = new GroupDirectory();
  #groupsUpTo = 0;
  readonly #blocks: StoredBlocks;
  readonly #reads: ColumnReads;
  #labels: LabelIndex | undefined;
  #labelsUpTo = 0;

  constructor(db: SqliteDatabase, meta: PartitionMeta, cache?: ColumnCache) {
    this.file = db.name;
    this.meta = meta;
    this.range = { from: meta.day, to: meta.day + PARTITION_MS };
    this.#db = db;
    this.#sql = readerStatements(db);
    const isSealed = meta.kind === 'sealed';
    this.#blocks = new StoredBlocks(this.file, this.#sql, isSealed);
    this.#reads = new ColumnReads({
      file: this.file,
      day: this.range,
      directory: this.#directory,
      blocks: this.#blocks,
      cache: isSealed ? cache : undefined,
    });
  }

  begin(kept?: KeptBlocks): void {
    this.#blocks.keep(kept);
    // A sealed file never changes: what was read of it once holds, and its rows need no common transaction.
    if (this.meta.kind === 'sealed' && this.#groupsUpTo > 0) return;
    corruptionAt(this.file, () => {
      this.#sql.begin.run();
      try {
        // The snapshot is taken by the first read, not by BEGIN.
        this.#refreshGroups();
      } catch (error) {
        this.end();
        throw error;
      }
    });
  }

  end(): void {
    this.#blocks.forget();
    if (this.#db.inTransaction) corruptionAt(this.file, () => this.#sql.rollback.run());
  }

  match(matchers: readonly Matcher[], budget?: QueryBudget): readonly SeriesEntry[] {
    return this.labels(budget).match(matchers, budget);
  }

  labelNames(matchers: readonly Matcher[], budget: QueryBudget): readonly string[] {
    return this.labels(budget).namesOf(matchers, budget);
  }

  labelValues(name: string, matchers: readonly Matcher[], budget: QueryBudget): readonly string[] {
    return this.labels(budget).valuesOf(name, matchers, budget);
  }

  get keptBytes(): number {
    return this.#labels?.bytes ?? 0;
  }

  /** The partition's labels as of this transaction. @param budget told of what they take when they are read for the first time */
  labels(budget?: QueryBudget): LabelIndex {
    if (this.meta.kind === 'sealed' && this.#labels) return this.#labels;
    return corruptionAt(`${this.file}: table series`, () => {
      const last = this.#sql.lastSeries.get() as number;
      if (this.#labels === undefined || last !== this.#labelsUpTo) {
        const blobs = this.#sql.series.iterate() as Iterable<StoredBlob>;
        // The old one goes first: two of them need not be in memory at once.
        this.#labels = undefined;
        return this.#keepLabels(new LabelIndex(blobs, budget && ((bytes) => budget.bytes(bytes))), last);
      }
      return this.#labels;
    });
  }

  /** Reads the labels of a sealed or hot file in steps, so that `labels` has them. @throws CorruptBlockError */
  *readingLabels(): Generator<void, void> {
    const upTo = this.#sql.lastSeries.get() as number;
    if (this.#labels && upTo === this.#labelsUpTo) return;
    const blobs = this.#sql.series.iterate() as Iterable<StoredBlob>;
    const steps = collectingLabels(blobs, () => {});
    try {
      for (;;) {
        const { done, value } = corruptionAt(`${this.file}: table series`, () => steps.next());
        if (!done) yield;
        else {
          this.#keepLabels(new LabelIndex(value), upTo);
          return;
        }
      }
    } finally {
      steps.return(undefined as never);
    }
  }

  #keepLabels(labels: LabelIndex, upTo: number): LabelIndex {
    checkCount('series', labels.count, this.meta.series);
    this.#labels = labels;
    this.#labelsUpTo = upTo;
    return labels;
  }

  read(
    series: readonly SeriesEntry[],
    range: TimeRange,
    budget: QueryBudget,
    room: Room = freshRoom,
    damaged?: Damaged,
  ): PartitionSamples[] {
    return corruptionAt(this.file, () => this.#reads.read(series, range, budget, room, damaged));
  }

  /** What the meta table says as of this transaction. */
  currentMeta(): PartitionMeta {
    return readMeta(this.#db);
  }

  /** The groups of the partition as of this transaction, for going through all of it. */
  groups(): GroupDirectory {
    return this.#directory;
  }

  /** Distinct timestamps of a source, over all its rows, ascending blocks. */
  timelineOf(timeline: number): readonly Float64Array[] {
    return this.#blocks.timelineRows(timeline).map((row) => row.timestamps);
  }

  /** A group of a sealed file as it is stored. */
  packedGroup(group: number): PackedGroup {
    const timeline = this.#directory.timelines[group]!;
    const id = blockId(0, group);
    return corruptionAt(this.file, () => {
      const times = this.#sql.times.all(...rowsOf(timeline)) as (StoredBlob & {
        first: number;
        last: number;
      })[];
      checkCount(`rows of timeline ${timeline}`, times.length, 1);
      const blob = this.#sql.block.get(id) as Buffer | undefined;
      checkCount(`rows in table block with id ${id}`, blob ? 1 : 0, 1);
      const { id: row, first, last, b } = times[0]!;
      const decoder = new GroupDecoder();
      corruptionAt(`table block, row ${id}`, () => decoder.open(blob!, identityOf(id)));
      let samples = 0;
      for (let column = 0; column < decoder.values.columns; column++) samples += decoder.values.count(column);
      return { timeline, times: { id: row, first, last, blob: b }, id, blob: blob!, samples };
    });
  }

  /** Whether any block of a group has histograms. */
  hasHistograms(group: number): boolean {
    const native = (blocks: Iterable<unknown>): boolean => {
      for (const kind of blocks) if (kind === FrameKind.nativeColumns) return true;
      return false;
    };
    const timeline = this.#directory.timelines[group]!;
    if (timeline === OWN_TIMELINE) return native(this.#sql.ownKinds.iterate(...rowsOf(group)));
    const rows = this.#blocks.timelineRows(timeline);
    return native(rows.map((row) => this.#sql.blockKind.get(blockId(row.sequence, group))));
  }

  /** Bytes of stored blocks. */
  blockBytes(): number {
    return this.#sql.blockBytes.get() as number;
  }

  close(): void {
    this.#db.close();
  }

  #refreshGroups(): void {
    const last = this.#sql.lastGroups.get() as number;
    if (last === this.#groupsUpTo) {
      // A damaged tree may show none where a sealed file has some.
      if (last === 0) checkCount('groups', 0, this.meta.groups);
      return;
    }
    corruptionAt(`${this.file}: table grp`, () => {
      for (const { id, b } of this.#sql.groups.iterate(this.#groupsUpTo) as Iterable<StoredBlob>) {
        if (id !== this.#groupsUpTo + 1)
          throw new CorruptBlockError(`row ${this.#groupsUpTo + 1} is missing`);
        for (const addition of decodeGroups(b, identityOf(id))) this.#directory.add(addition);
        this.#groupsUpTo = id;
      }
      checkCount('groups', this.#directory.members.length, this.meta.groups);
    });
  }
}
