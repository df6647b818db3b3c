import { randomUUID } from 'node:crypto';
import { dirname } from 'node:path';
import type { Statement } from 'better-sqlite3';
import { ColumnEncoder } from '../../encoding/column-encoder.ts';
import type { Compression } from '../../encoding/frame.ts';
import { decodeTimestamps, encodeTimestamps } from '../../encoding/timestamps.ts';
import { openDatabase, type SqliteAddon, type SqliteDatabase } from '../../sqlite/database.ts';
import type { BlockColumn, OwnTimeColumn, SeriesEntry, SourceBlock } from '../block.ts';
import { PARTITION_MS, type PartitionWriter } from '../partition.ts';
import { syncDirectory, syncFile } from './files.ts';
import { GroupRows, spreadRows } from './group-rows.ts';
import { decodeGroups, encodeGroups, type GroupAddition, GroupDirectory, OWN_TIMELINE } from './groups.ts';
import { isoDay } from './names.ts';
import { bucketByTimestamps } from './own-times.ts';
import { RefMap } from './ref-map.ts';
import {
  blockId,
  corruptionAt,
  createTables,
  GROUP_SERIES,
  identityOf,
  ownerOf,
  readMeta,
  rowId,
  rowsOf,
  type StoredBlob,
  sequenceOf,
} from './schema.ts';
import { decodeSeries, encodeSeries, SERIES_PER_BLOB } from './series-blob.ts';
import { mergeTimelines } from './timeline.ts';

export type AppendBatch = Parameters<PartitionWriter['append']>[0];

export interface HotOptions {
  readonly addon: SqliteAddon;
  /** First instant of the day, Unix ms. */
  readonly day: number;
}

/** Short blocks are merged over spans of this length, Unix ms. */
const WINDOW_MS = 7_200_000;
/** A window is closed for good once its end is this long ago, even when its source has brought nothing since. */
const WINDOW_GRACE_MS = 3_600_000;
/** Groups converted by one step: about 8 ms for 32 series of 480 rows each. */
const GROUPS_PER_STEP = 4;
/** Rows of own timestamps that a group may collect before they are merged, and the size from which a row stays as it is. */
const OWN_ROWS = 12;
const OWN_ROW_BYTES = 48 * 1024;

/** Below this many rows a block is short-lived, and zstd's fixed price per call is too high. */
const SHORT_ROWS = 120;
const SHORT: Compression | undefined = undefined;
const MERGED: Compression = { level: 3, atLeast: 1024 };
const TIMES: Compression = { level: 3, atLeast: 512 };
/** Rows of own timestamps are merged or sealed soon after they are written. */
const OWN: Compression = { level: 1, atLeast: 4096 };

interface BlockRow {
  readonly sequence: number;
  readonly first: number;
  readonly last: number;
  /** Whether a merge made it. */
  readonly merged: boolean;
}

interface Timeline {
  readonly rows: BlockRow[];
  readonly groups: number[];
}

/** Short blocks of one timeline on their way to becoming one merged block, group by group. */
interface MergeJob {
  readonly timeline: number;
  readonly sources: readonly BlockRow[];
  readonly blocks: readonly { readonly sequence: number; readonly timestamps: Float64Array }[];
  readonly timestamps: Float64Array;
  readonly sequence: number;
  readonly groups: number[];
}

/**
 * Opens or makes the hot file of a day for writing.
 * @throws CorruptBlockError when the file is damaged or is not a hot partition of that day
 */
export function openHotPartition(file: string, options: HotOptions): HotPartition {
  return corruptionAt(file, () => {
    const db = openDatabase(file, { addon: options.addon });
    try {
      if (db.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined) {
        syncDirectory(dirname(file));
        createTables(db, { kind: 'hot', day: options.day, hotId: randomUUID(), batches: 0 });
      }
      const meta = readMeta(db);
      if (meta.kind !== 'hot' || meta.day !== options.day) {
        throw new Error(
          `${file}: expected the hot partition of ${isoDay(options.day)}, found a ${meta.kind} one of ${isoDay(meta.day)}`,
        );
      }
      return new HotPartition(db, meta.day);
    } catch (error) {
      db.close();
      throw error;
    }
  });
}

/** The writer of one hot file. Its tables are described in docs/formats/partition.md. */
export class HotPartition implements PartitionWriter {
  readonly file: string;
  readonly #db: SqliteDatabase;
  readonly #day: number;
  readonly #sql: ReturnType<typeof statements>;
  readonly #encoder = new ColumnEncoder();
  readonly #rows = new GroupRows();
  #directory = new GroupDirectory();
  #known = new RefMap();
  /** Ids of the next rows in tables series and grp. */
  #nextSeries = 1;
  #nextGroups = 1;
  /** Of the next block, whatever its timeline. */
  #nextSequence = 0;
  #timelines = new Map<number, Timeline>();
  /** Rows in table own per group, and the next sequence. */
  #own = new Map<number, { rows: number; next: number }>();
  #job: MergeJob | undefined;
  /** Series that joined groups in the transaction under way. */
  #joined: GroupAddition[] = [];

  constructor(db: SqliteDatabase, day: number) {
    this.file = db.name;
    this.#db = db;
    this.#day = day;
    this.#sql = statements(db);
    this.#load();
  }

  append(batch: AppendBatch): void {
    this.#transaction(() => {
      this.#addSeries(batch.series);
      for (const block of batch.blocks) this.#addBlock(block);
      for (const bucket of bucketByTimestamps(batch.own)) this.#addOwn(bucket);
      if (this.#joined.length > 0) {
        const id = this.#nextGroups++;
        this.#sql.addGroups.run(id, encodeGroups(this.#joined, identityOf(id)));
      }
      this.#sql.countBatch.run();
    });
  }

  mergeStep(now: number): boolean {
    this.#job ??= this.#planMerge(now);
    if (this.#job) {
      const job = this.#job;
      this.#transaction(() => this.#convert(job));
      return true;
    }
    for (const [group, { rows }] of this.#own) {
      if (rows > OWN_ROWS) {
        this.#transaction(() => this.#mergeOwn(group));
        return true;
      }
    }
    return false;
  }

  checkpoint(): void {
    const [result] = this.#db.pragma('wal_checkpoint(PASSIVE)') as { log: number; checkpointed: number }[];
    // A reader with an old snapshot holds the checkpoint back, and then SQLite may not have synced the log either.
    if (result!.checkpointed < result!.log) syncFile(`${this.file}-wal`);
  }

  close(): void {
    this.#db.close();
  }

  /** All or nothing, in the file and in memory: after a failure the state is read again. */
  #transaction(work: () => void): void {
    this.#joined = [];
    try {
      this.#db.transaction(work)();
    } catch (error) {
      this.#load();
      throw error;
    }
  }

  #load(): void {
    this.#directory = new GroupDirectory();
    this.#known = new RefMap();
    this.#nextSeries = 1;
    this.#nextGroups = 1;
    this.#nextSequence = 0;
    this.#timelines = new Map();
    this.#own = new Map();
    this.#job = undefined;
    corruptionAt(this.file, () => {
      for (const { id, b } of this.#sql.series.iterate() as Iterable<StoredBlob>) {
        decodeSeries(b, identityOf(id), { symbol: () => {}, series: (ref) => this.#known.set(ref, 1) });
        this.#nextSeries = id + 1;
      }
      for (const { id, b } of this.#sql.groups.iterate() as Iterable<StoredBlob>) {
        for (const addition of decodeGroups(b, identityOf(id))) this.#join(addition);
        this.#nextGroups = id + 1;
      }
    });
    const rows = this.#sql.times.all() as { id: number; first: number; last: number; merged: number }[];
    for (const { id, first, last, merged } of rows) {
      const timeline = this.#timeline(ownerOf(id));
      timeline.rows.push({ sequence: sequenceOf(id), first, last, merged: merged === 1 });
      this.#nextSequence = Math.max(this.#nextSequence, sequenceOf(id) + 1);
    }
    for (const id of this.#sql.ownIds.iterate() as Iterable<number>) {
      const own = this.#ownGroup(ownerOf(id));
      own.rows++;
      own.next = sequenceOf(id) + 1;
    }
  }

  #timeline(id: number): Timeline {
    let timeline = this.#timelines.get(id);
    if (timeline === undefined) this.#timelines.set(id, (timeline = { rows: [], groups: [] }));
    return timeline;
  }

  #ownGroup(group: number): { rows: number; next: number } {
    let own = this.#own.get(group);
    if (own === undefined) this.#own.set(group, (own = { rows: 0, next: 0 }));
    return own;
  }

  #join(addition: GroupAddition): void {
    if (addition.group === this.#directory.members.length && addition.timeline !== OWN_TIMELINE) {
      this.#timeline(addition.timeline).groups.push(addition.group);
    }
    this.#directory.add(addition);
  }

  #addSeries(series: readonly SeriesEntry[]): void {
    const fresh = series.filter((entry) => !this.#known.has(entry.ref));
    for (let from = 0; from < fresh.length; from += SERIES_PER_BLOB) {
      const id = this.#nextSeries++;
      this.#sql.addSeries.run(id, encodeSeries(fresh.slice(from, from + SERIES_PER_BLOB), identityOf(id)));
    }
    for (const entry of fresh) this.#known.set(entry.ref, 1);
  }

  #addBlock({ source, timestamps, columns }: SourceBlock): void {
    this.#checkDay(timestamps);
    const timeline = this.#timeline(source);
    const groups = this.#columnsByGroup(columns, source, timeline.groups.at(-1));
    if (groups.size === 0) return;
    const sequence = this.#nextSequence++;
    const compression = timestamps.length < SHORT_ROWS ? SHORT : MERGED;
    this.#insertTimes(source, sequence, timestamps, compression !== undefined, compression);
    for (const [group, members] of groups) {
      this.#insertBlock(blockId(sequence, group), timestamps.length, members, compression);
    }
  }

  #addOwn(bucket: readonly OwnTimeColumn[]): void {
    const { timestamps } = bucket[0]!;
    this.#checkDay(timestamps);
    for (const [group, members] of this.#columnsByGroup(bucket, OWN_TIMELINE, undefined)) {
      this.#insertOwn(group, this.#ownGroup(group).next, timestamps, members);
    }
  }

  /** Sorts columns into their groups by place; series that have none join `open`, the group not yet full, or a new one. */
  #columnsByGroup(
    columns: readonly Pick<BlockColumn, 'ref' | 'values' | 'presence'>[],
    timeline: number,
    open: number | undefined,
  ): Map<number, (BlockColumn | undefined)[]> {
    const groups = new Map<number, (BlockColumn | undefined)[]>();
    let target = open;
    for (const column of columns) {
      if (!this.#known.has(column.ref)) {
        throw new Error(`${this.file}: samples of series ${column.ref}, which was never added`);
      }
      let place = this.#placeOf(column.ref, timeline);
      if (place === undefined) {
        if (target === undefined || this.#directory.members[target]!.length >= GROUP_SERIES) {
          target = this.#directory.members.length;
        }
        const addition = { group: target, timeline, refs: [column.ref] };
        this.#join(addition);
        this.#note(addition);
        place = this.#placeOf(column.ref, timeline)!;
      }
      const group = Math.floor(place / GROUP_SERIES);
      let members = groups.get(group);
      if (members === undefined) groups.set(group, (members = []));
      members[place % GROUP_SERIES] = column;
    }
    return groups;
  }

  #placeOf(ref: number, timeline: number): number | undefined {
    if (timeline === OWN_TIMELINE) return this.#directory.ownPlace(ref);
    const place = this.#directory.place(ref);
    if (place === undefined) return undefined;
    const found = this.#directory.timelines[Math.floor(place / GROUP_SERIES)];
    if (found !== timeline)
      throw new Error(`${this.file}: series ${ref} of source ${found} came with ${timeline}`);
    return place;
  }

  #note(addition: GroupAddition): void {
    const last = this.#joined.at(-1);
    if (last?.group === addition.group) (last.refs as number[]).push(...addition.refs);
    else this.#joined.push({ ...addition, refs: [...addition.refs] });
  }

  #checkDay(timestamps: Float64Array): void {
    const first = timestamps[0]!;
    const last = timestamps.at(-1)!;
    if (first < this.#day || last >= this.#day + PARTITION_MS) {
      throw new Error(`${this.file}: block from ${first} to ${last} lies outside of ${isoDay(this.#day)}`);
    }
  }

  #insertTimes(
    timeline: number,
    sequence: number,
    timestamps: Float64Array,
    merged: boolean,
    compression: Compression | undefined,
  ): void {
    const first = timestamps[0]!;
    const last = timestamps.at(-1)!;
    const id = rowId(timeline, sequence);
    const blob = encodeTimestamps(timestamps, compression && TIMES, identityOf(id, first, last));
    this.#sql.addTimes.run(id, first, last, merged ? 1 : 0, blob);
    this.#timeline(timeline).rows.push({ sequence, first, last, merged });
  }

  #insertBlock(
    id: number,
    rows: number,
    members: readonly (BlockColumn | undefined)[],
    compression: Compression | undefined,
  ): void {
    this.#sql.addBlock.run(id, this.#encode(id, rows, members, compression));
  }

  #insertOwn(
    group: number,
    sequence: number,
    timestamps: Float64Array,
    members: readonly (BlockColumn | undefined)[],
  ): void {
    const own = this.#ownGroup(group);
    own.rows++;
    own.next = Math.max(own.next, sequence + 1);
    const id = rowId(group, sequence);
    const first = timestamps[0]!;
    const last = timestamps.at(-1)!;
    const times = encodeTimestamps(timestamps, TIMES, identityOf(id, first, last));
    this.#sql.addOwn.run(id, first, last, times, this.#encode(id, timestamps.length, members, OWN));
  }

  #encode(
    id: number,
    rows: number,
    members: readonly (BlockColumn | undefined)[],
    compression: Compression | undefined,
  ): Uint8Array {
    this.#encoder.begin(rows, compression);
    for (let i = 0; i < members.length; i++) {
      const column = members[i];
      if (column) this.#encoder.addRows(column.values, column.presence);
      else this.#encoder.addAbsent();
    }
    return this.#encoder.finish(identityOf(id));
  }

  /** The next window of a timeline whose short blocks are complete. */
  #planMerge(now: number): MergeJob | undefined {
    for (const [id, timeline] of this.#timelines) {
      const oldest = timeline.rows.find((row) => !row.merged);
      if (oldest === undefined) continue;
      const end = windowEnd(oldest.first);
      const isComplete = now >= end + WINDOW_GRACE_MS || timeline.rows.some((row) => row.first >= end);
      if (!isComplete) continue;
      const sources = timeline.rows.filter((row) => !row.merged && windowEnd(row.first) === end);
      const blocks = sources.map(({ sequence }) => ({
        sequence,
        timestamps: this.#readTimes(rowId(id, sequence)),
      }));
      const { timestamps } = mergeTimelines(blocks.map((block) => block.timestamps));
      const sequence = this.#nextSequence++;
      return { timeline: id, sources, blocks, timestamps, sequence, groups: [...timeline.groups] };
    }
    return undefined;
  }

  #convert(job: MergeJob): void {
    const { timeline, sequence, groups } = job;
    const state = this.#timeline(timeline);
    if (!state.rows.some((row) => row.sequence === sequence)) {
      this.#insertTimes(timeline, sequence, job.timestamps, true, MERGED);
    }
    for (const group of groups.splice(0, GROUPS_PER_STEP)) this.#convertGroup(job, group);
    if (groups.length > 0) return;
    for (const { sequence: done } of job.sources) {
      this.#sql.dropTimes.run(rowId(timeline, done));
      state.rows.splice(
        state.rows.findIndex((row) => row.sequence === done),
        1,
      );
    }
    this.#job = undefined;
  }

  #convertGroup(job: MergeJob, group: number): void {
    const found = job.blocks.flatMap(({ sequence, timestamps }) => {
      const id = blockId(sequence, group);
      const blob = this.#sql.block.get(id) as Buffer | undefined;
      return blob ? [{ sequence, timestamps, blob, table: 'block' as const, id }] : [];
    });
    if (found.length === 0) return;
    corruptionAt(this.file, () => this.#rows.open(found));
    const members = this.#gather(group, job.timestamps);
    this.#insertBlock(blockId(job.sequence, group), job.timestamps.length, members, MERGED);
    for (const { sequence } of found) this.#sql.dropBlock.run(blockId(sequence, group));
  }

  /** The columns of the opened blocks, spread over `timestamps`, which hold all of theirs. */
  #gather(group: number, timestamps: Float64Array): (BlockColumn | undefined)[] {
    const whole = this.#rows.timestamps.length === timestamps.length;
    const spread = whole ? undefined : mergeTimelines([this.#rows.timestamps, timestamps]).positions[0]!;
    return this.#directory.members[group]!.map((ref, column) => {
      const values = new Float64Array(this.#rows.timestamps.length);
      const gathered = this.#rows.gather(column, values);
      if (gathered.count === 0) return undefined;
      const placed = spread === undefined ? gathered : spreadRows(gathered, spread, timestamps.length);
      return { ref: ref as BlockColumn['ref'], values: placed.values, presence: placed.presence };
    });
  }

  #readTimes(id: number): Float64Array {
    const { first, last, b } = this.#sql.timesRow.get(id) as { first: number; last: number; b: Buffer };
    return corruptionAt(`${this.file}: table ts, row ${id}`, () =>
      decodeTimestamps(b, identityOf(id, first, last)),
    );
  }

  /** Makes one row of a group's neighbouring small rows; the order of rows, which decides conflicts, stays. */
  #mergeOwn(group: number): void {
    const all = this.#sql.ownRows.all(...rowsOf(group)) as { id: number; size: number }[];
    const run = longestSmallRun(all);
    if (run.length < 2) {
      // Nothing but large rows: they stay, and are not looked at again until as many have come.
      this.#ownGroup(group).rows = 0;
      return;
    }
    const blocks = run.map((id) => {
      const row = this.#sql.ownRow.get(id) as OwnRow;
      return corruptionAt(`${this.file}: table own, row ${id}`, () => ({
        timestamps: decodeTimestamps(row.ts, identityOf(id, row.first, row.last)),
        blob: row.b,
        table: 'own' as const,
        id,
      }));
    });
    corruptionAt(this.file, () => this.#rows.open(blocks));
    const { timestamps } = this.#rows;
    const members = this.#gather(group, timestamps);
    for (const id of run) this.#sql.dropOwn.run(id);
    const own = this.#ownGroup(group);
    own.rows = all.length - run.length;
    this.#insertOwn(group, sequenceOf(run[0]!), timestamps, members);
  }
}

interface OwnRow {
  readonly first: number;
  readonly last: number;
  readonly ts: Buffer;
  readonly b: Buffer;
}

const windowEnd = (first: number): number => (Math.floor(first / WINDOW_MS) + 1) * WINDOW_MS;

function longestSmallRun(rows: readonly { id: number; size: number }[]): number[] {
  let best: number[] = [];
  let run: number[] = [];
  for (const { id, size } of rows) {
    if (size >= OWN_ROW_BYTES) run = [];
    else run.push(id);
    if (run.length > best.length) best = run;
  }
  return best;
}

function statements(db: SqliteDatabase) {
  const pluck = (sql: string): Statement => db.prepare(sql).pluck();
  return {
    series: db.prepare('SELECT id, b FROM series ORDER BY id'),
    groups: db.prepare('SELECT id, b FROM grp ORDER BY id'),
    times: db.prepare('SELECT id, first, last, merged FROM ts ORDER BY id'),
    timesRow: db.prepare('SELECT first, last, b FROM ts WHERE id = ?'),
    block: pluck('SELECT b FROM block WHERE id = ?'),
    ownIds: pluck('SELECT id FROM own ORDER BY id'),
    ownRows: db.prepare('SELECT id, length(b) AS size FROM own WHERE id BETWEEN ? AND ? ORDER BY id'),
    ownRow: db.prepare('SELECT first, last, ts, b FROM own WHERE id = ?'),
    addSeries: db.prepare('INSERT INTO series (id, b) VALUES (?, ?)'),
    addGroups: db.prepare('INSERT INTO grp (id, b) VALUES (?, ?)'),
    addTimes: db.prepare('INSERT INTO ts (id, first, last, merged, b) VALUES (?, ?, ?, ?, ?)'),
    addBlock: db.prepare('INSERT INTO block (id, b) VALUES (?, ?)'),
    addOwn: db.prepare('INSERT INTO own (id, first, last, ts, b) VALUES (?, ?, ?, ?, ?)'),
    dropTimes: db.prepare('DELETE FROM ts WHERE id = ?'),
    dropBlock: db.prepare('DELETE FROM block WHERE id = ?'),
    dropOwn: db.prepare('DELETE FROM own WHERE id = ?'),
    countBatch: db.prepare("UPDATE meta SET value = value + 1 WHERE key = 'batches'"),
  };
}
