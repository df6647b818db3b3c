import { randomUUID } from 'node:crypto';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { CorruptBlockError } from '../../encoding/corrupt-block.ts';
import { openDatabase, type SqliteAddon, type SqliteDatabase } from '../../sqlite/database.ts';
import type { BlockColumn, OwnTimeColumn, SeriesEntry, SourceBlock } from '../block.ts';
import { checkpoint } from '../checkpoint.ts';
import { PARTITION_MS } from '../partition.ts';
import { syncDirectory, syncFile } from './files.ts';
import { OWN_TIMELINE } from './groups.ts';
import { type GroupColumns, HotFile, MERGED } from './hot-file.ts';
import { HotMerge } from './hot-merge.ts';
import { companions, isoDay, makingPath } from './names.ts';
import { bucketByTimestamps } from './own-times.ts';
import { blockId, corruptionAt, createTables, GROUP_SERIES, readMeta } from './schema.ts';
import { removeDatabase } from './seal.ts';

export interface AppendBatch {
  /** Series of the columns that may be new to the partition; those it has already are skipped. */
  readonly series: readonly SeriesEntry[];
  /** Read once, each block before the next is asked for. */
  readonly blocks: Iterable<SourceBlock>;
  readonly own: readonly OwnTimeColumn[];
}

export interface HotOptions {
  readonly addon: SqliteAddon;
  /** First instant of the day, Unix ms. */
  readonly day: number;
  /** Numbers that a step of merging packs, about (`NUMBERS_PER_STEP`); a series is not cut. */
  readonly numbersPerStep?: number;
}

/** Below this many rows a block is short-lived and merged later. */
const SHORT_ROWS = 120;

/**
 * Opens or makes the hot file of a day for writing.
 * @throws CorruptBlockError when the file is damaged or is not a hot partition of that day
 */
export function openHotPartition(file: string, options: HotOptions): HotPartition {
  return corruptionAt(file, () => {
    if (!existsSync(file)) makeHotFile(file, options);
    const db = openDatabase(file, { addon: options.addon });
    try {
      const meta = readMeta(db);
      if (meta.kind !== 'hot' || meta.day !== options.day) {
        throw new CorruptBlockError(
          `expected the hot partition of ${isoDay(options.day)}, found a ${meta.kind} one of ${isoDay(meta.day)}`,
        );
      }
      return new HotPartition(db, meta.day, options.numbersPerStep);
    } catch (error) {
      db.close();
      throw error;
    }
  });
}

/** Under its name a file is complete: a reader that lists the directory at any moment, and a kill at any moment, find all of it or none. */
function makeHotFile(file: string, { addon, day }: HotOptions): void {
  const temporary = makingPath(file);
  removeDatabase(temporary);
  try {
    const db = openDatabase(temporary, { addon });
    try {
      createTables(db, { kind: 'hot', day, hotId: randomUUID(), batches: 0 });
    } finally {
      db.close();
    }
    syncFile(temporary);
    // A write-ahead log of an earlier file of that name would be taken for this one's.
    for (const companion of companions(file)) rmSync(companion, { force: true });
    renameSync(temporary, file);
  } catch (error) {
    removeDatabase(temporary);
    throw error;
  }
  syncDirectory(dirname(file));
}

/** The writer of one hot file; there is only ever one, in the background worker. The tables: docs/formats/partition.md. */
export class HotPartition {
  readonly file: string;
  readonly #db: SqliteDatabase;
  readonly #day: number;
  readonly #file: HotFile;
  readonly #merge: HotMerge;

  constructor(db: SqliteDatabase, day: number, numbersPerStep?: number) {
    this.file = db.name;
    this.#db = db;
    this.#day = day;
    this.#file = new HotFile(db);
    this.#merge = new HotMerge(this.#file, numbersPerStep);
  }

  /** All or nothing. A block may come twice after a crash; samples that are there already change nothing. */
  append(batch: AppendBatch): void {
    this.#transaction(() => {
      this.#file.addSeries(batch.series);
      for (const block of batch.blocks) this.#addBlock(block);
      for (const bucket of bucketByTimestamps(batch.own)) this.#addOwn(bucket);
      this.#file.saveGroups();
      this.#file.sql.countBatch.run();
    });
  }

  /** Time of the latest sample, Unix ms; below any time when there is none. */
  through(): number {
    return this.#file.sql.through.get() as number;
  }

  /** Does one bounded piece of pending merging of short blocks into 2 h blocks; false when nothing is left to do. */
  mergeStep(now: number): boolean {
    const piece = this.#merge.next(now);
    if (piece) this.#transaction(piece);
    return piece !== undefined;
  }

  /** Numbers that the last step of merging packed. */
  get packed(): number {
    return this.#merge.packed;
  }

  /** Afterwards a power loss takes nothing of what was appended. */
  checkpoint(): void {
    checkpoint(this.#db);
  }

  close(): void {
    this.#db.close();
  }

  /** All or nothing, in the file and in memory: after a failure the state is read again. */
  #transaction(work: () => void): void {
    try {
      this.#db.transaction(() => {
        work();
        this.#file.saveCounts();
      })();
    } catch (error) {
      this.#merge.reset();
      this.#file.load();
      throw error;
    }
  }

  #addBlock({ source, timestamps, columns }: SourceBlock): void {
    this.#checkDay(timestamps);
    const timeline = this.#file.timeline(source);
    const groups = this.#columnsByGroup(columns, source, timeline.groups.at(-1));
    if (groups.size === 0) return;
    this.#file.count(samplesIn(columns, timestamps.length), timestamps[0]!, timestamps.at(-1)!);
    const sequence = this.#file.nextSequence++;
    const compression = timestamps.length < SHORT_ROWS ? undefined : MERGED;
    this.#file.insertTimes(source, sequence, timestamps, compression !== undefined, compression);
    for (const [group, members] of groups) {
      this.#file.insertBlock(blockId(sequence, group), timestamps.length, members, compression);
    }
  }

  #addOwn(bucket: readonly OwnTimeColumn[]): void {
    const { timestamps } = bucket[0]!;
    this.#checkDay(timestamps);
    this.#file.count(timestamps.length * bucket.length, timestamps[0]!, timestamps.at(-1)!);
    for (const [group, members] of this.#columnsByGroup(bucket, OWN_TIMELINE, undefined)) {
      this.#file.insertOwn(group, this.#file.ownGroup(group).next, timestamps, members);
    }
  }

  /** Sorts columns into their groups by place; series that have none join `open`, the group not yet full, or a new one. */
  #columnsByGroup(
    columns: readonly BlockColumn[],
    timeline: number,
    open: number | undefined,
  ): Map<number, GroupColumns> {
    const groups = new Map<number, (BlockColumn | undefined)[]>();
    let target = open;
    for (const column of columns) {
      let place = this.#placeOf(column.ref, timeline);
      if (place === undefined) {
        if (!this.#file.hasSeries(column.ref)) {
          throw new Error(`${this.file}: samples of series ${column.ref}, which was never added`);
        }
        if (target === undefined || this.#file.directory.members[target]!.length >= GROUP_SERIES) {
          target = this.#file.directory.members.length;
        }
        this.#file.join(target, timeline, column.ref);
        place = target * GROUP_SERIES + this.#file.directory.members[target]!.length - 1;
      }
      const group = Math.floor(place / GROUP_SERIES);
      let members = groups.get(group);
      if (members === undefined) groups.set(group, (members = []));
      members[place % GROUP_SERIES] ??= column;
    }
    return groups;
  }

  #placeOf(ref: number, timeline: number): number | undefined {
    if (timeline === OWN_TIMELINE) return this.#file.directory.ownPlace(ref);
    const place = this.#file.directory.place(ref);
    if (place === undefined) return undefined;
    const found = this.#file.directory.timelines[Math.floor(place / GROUP_SERIES)];
    if (found !== timeline) {
      throw new Error(`${this.file}: series ${ref} of source ${found} came with ${timeline}`);
    }
    return place;
  }

  #checkDay(timestamps: Float64Array): void {
    const first = timestamps[0]!;
    const last = timestamps.at(-1)!;
    if (first < this.#day || last >= this.#day + PARTITION_MS) {
      throw new Error(`${this.file}: block from ${first} to ${last} lies outside of ${isoDay(this.#day)}`);
    }
  }
}

function samplesIn(columns: readonly Pick<BlockColumn, 'presence'>[], rows: number): number {
  let samples = 0;
  for (const { presence } of columns) samples += presence ? bitsIn(presence, rows) : rows;
  return samples;
}

function bitsIn(bitmap: Uint8Array, count: number): number {
  let bits = 0;
  for (let i = 0; i < count; i++) bits += (bitmap[i >> 3]! >> (i & 7)) & 1;
  return bits;
}
