import type { Statement } from 'better-sqlite3';
import type { Compression } from '../../encoding/frame.ts';
import { decodeTimestamps, encodeTimestamps } from '../../encoding/timestamps.ts';
import type { SqliteDatabase } from '../../sqlite/database.ts';
import type { BlockColumn, SeriesEntry } from '../block.ts';
import { GroupEncoder, isExtended } from './group-encoder.ts';
import { decodeGroups, encodeGroups, type GroupAddition, GroupDirectory, OWN_TIMELINE } from './groups.ts';
import { RefMap } from './ref-map.ts';
import {
  corruptionAt,
  identityOf,
  markExtended,
  ownerOf,
  rowId,
  type StoredBlob,
  sequenceOf,
} from './schema.ts';
import { decodeSeries, encodeSeries, SERIES_PER_BLOB } from './series-blob.ts';

/** For blocks that stay for the day; short-lived ones are not packed, zstd's fixed price per call is too high for them. */
export const MERGED: Compression = { level: 3, atLeast: 1024 };
const TIMES: Compression = { level: 3, atLeast: 512 };
/** Rows of own timestamps are merged or sealed soon after they are written. */
export const OWN: Compression = { level: 1, atLeast: 4096 };

export interface BlockRow {
  readonly sequence: number;
  readonly first: number;
  readonly last: number;
  /** Whether a merge made it. */
  readonly merged: boolean;
}

export interface Timeline {
  readonly rows: BlockRow[];
  readonly groups: number[];
}

/** Columns of a group by place; undefined where a block has nothing of a series. */
export type GroupColumns = readonly (BlockColumn | undefined)[];

/**
 * The rows of a hot file and what the writer keeps in memory about them. Changes belong into a transaction; when it fails, `load` brings
 * memory back to what the file says.
 */
export class HotFile {
  readonly name: string;
  readonly sql: ReturnType<typeof statements>;
  directory = new GroupDirectory();
  timelines = new Map<number, Timeline>();
  /** Rows in table own per group, and the next sequence. */
  own = new Map<number, { rows: number; next: number }>();
  /** Of the next block, whatever its timeline. */
  nextSequence = 0;
  readonly #encoder = new GroupEncoder();
  #known = new RefMap();
  /** Ids of the next rows in tables series and grp. */
  #nextSeries = 1;
  #nextGroups = 1;
  /** Series that joined groups and are not stored there yet. */
  #joined: GroupAddition[] = [];
  readonly #db: SqliteDatabase;
  /** Whether the file is known to say that it has extended blocks. */
  #isExtended = false;
  /** What the transaction under way adds. */
  #grown = { series: 0, samples: 0, blocks: 0 };
  #first = Number.POSITIVE_INFINITY;
  #last = Number.NEGATIVE_INFINITY;

  constructor(db: SqliteDatabase) {
    this.#db = db;
    this.name = db.name;
    this.sql = statements(db);
    this.load();
  }

  load(): void {
    this.#forgetCounts();
    this.#isExtended = false;
    this.directory = new GroupDirectory();
    this.#known = new RefMap();
    this.#nextSeries = 1;
    this.#nextGroups = 1;
    this.nextSequence = 0;
    this.timelines = new Map();
    this.own = new Map();
    this.#joined = [];
    corruptionAt(this.name, () => {
      for (const { id, b } of this.sql.series.iterate() as Iterable<StoredBlob>) {
        decodeSeries(b, identityOf(id), { symbol: () => {}, series: (ref) => this.#known.set(ref, 1) });
        this.#nextSeries = id + 1;
      }
      for (const { id, b } of this.sql.groups.iterate() as Iterable<StoredBlob>) {
        for (const addition of decodeGroups(b, identityOf(id))) this.#place(addition);
        this.#nextGroups = id + 1;
      }
    });
    const rows = this.sql.times.all() as { id: number; first: number; last: number; merged: number }[];
    for (const { id, first, last, merged } of rows) {
      const timeline = this.timeline(ownerOf(id));
      timeline.rows.push({ sequence: sequenceOf(id), first, last, merged: merged === 1 });
      this.nextSequence = Math.max(this.nextSequence, sequenceOf(id) + 1);
    }
    for (const id of this.sql.ownIds.iterate() as Iterable<number>) {
      const own = this.ownGroup(ownerOf(id));
      own.rows++;
      own.next = sequenceOf(id) + 1;
    }
  }

  /** Whether the labels of a series are stored. */
  hasSeries(ref: number): boolean {
    return this.#known.has(ref);
  }

  timeline(id: number): Timeline {
    let timeline = this.timelines.get(id);
    if (timeline === undefined) this.timelines.set(id, (timeline = { rows: [], groups: [] }));
    return timeline;
  }

  ownGroup(group: number): { rows: number; next: number } {
    let own = this.own.get(group);
    if (own === undefined) this.own.set(group, (own = { rows: 0, next: 0 }));
    return own;
  }

  /** Puts a series into a group, a new one when `group` is the next number; stored with `saveGroups`. */
  join(group: number, timeline: number, ref: number): void {
    this.#place({ group, timeline, refs: [ref] });
    const last = this.#joined.at(-1);
    if (last?.group === group) (last.refs as number[]).push(ref);
    else this.#joined.push({ group, timeline, refs: [ref] });
  }

  saveGroups(): void {
    if (this.#joined.length === 0) return;
    const id = this.#nextGroups++;
    this.sql.addGroups.run(id, encodeGroups(this.#joined, identityOf(id)));
    this.#joined = [];
  }

  addSeries(series: readonly SeriesEntry[]): void {
    const fresh = series.filter((entry) => !this.#known.has(entry.ref));
    for (let from = 0; from < fresh.length; from += SERIES_PER_BLOB) {
      const id = this.#nextSeries++;
      this.sql.addSeries.run(id, encodeSeries(fresh.slice(from, from + SERIES_PER_BLOB), identityOf(id)));
    }
    for (const entry of fresh) this.#known.set(entry.ref, 1);
    this.#grown.series += fresh.length;
  }

  /** Notes samples that were appended, with the times of the first and the last. */
  count(samples: number, first: number, last: number): void {
    this.#grown.samples += samples;
    this.#first = Math.min(this.#first, first);
    this.#last = Math.max(this.#last, last);
  }

  dropBlock(id: number): void {
    this.#grown.blocks--;
    this.sql.dropBlock.run(id);
  }

  dropOwn(id: number): void {
    this.#grown.blocks--;
    this.sql.dropOwn.run(id);
  }

  /** Stores what the file has grown by since the last time; at the end of each transaction. */
  saveCounts(): void {
    for (const [key, by] of Object.entries(this.#grown)) if (by !== 0) this.sql.grow.run(key, by);
    if (this.#first <= this.#last) {
      this.sql.least.run('first', this.#first);
      this.sql.greatest.run('last', this.#last);
    }
    this.#forgetCounts();
  }

  #forgetCounts(): void {
    this.#grown = { series: 0, samples: 0, blocks: 0 };
    this.#first = Number.POSITIVE_INFINITY;
    this.#last = Number.NEGATIVE_INFINITY;
  }

  insertTimes(
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
    this.sql.addTimes.run(id, first, last, merged ? 1 : 0, blob);
    this.timeline(timeline).rows.push({ sequence, first, last, merged });
  }

  insertBlock(id: number, rows: number, members: GroupColumns, compression: Compression | undefined): void {
    this.storeBlock(id, this.#encode(id, rows, members, compression));
  }

  insertOwn(group: number, sequence: number, timestamps: Float64Array, members: GroupColumns): void {
    const blob = this.#encode(rowId(group, sequence), timestamps.length, members, OWN);
    this.storeOwn(group, sequence, timestamps, blob);
  }

  /** @param blob columns as `GroupEncoder` packed them, with the identity of the row */
  storeBlock(id: number, blob: Uint8Array): void {
    this.#note(blob);
    this.#grown.blocks++;
    this.sql.addBlock.run(id, blob);
  }

  /** @param blob columns as `GroupEncoder` packed them, with the identity of the row */
  storeOwn(group: number, sequence: number, timestamps: Float64Array, blob: Uint8Array): void {
    this.#note(blob);
    this.#grown.blocks++;
    const own = this.ownGroup(group);
    own.rows++;
    own.next = Math.max(own.next, sequence + 1);
    const id = rowId(group, sequence);
    const first = timestamps[0]!;
    const last = timestamps.at(-1)!;
    const times = encodeTimestamps(timestamps, TIMES, identityOf(id, first, last));
    this.sql.addOwn.run(id, first, last, times, blob);
  }

  readTimes(id: number): Float64Array {
    const { first, last, b } = this.sql.timesRow.get(id) as { first: number; last: number; b: Buffer };
    return corruptionAt(`${this.name}: table ts, row ${id}`, () =>
      decodeTimestamps(b, identityOf(id, first, last)),
    );
  }

  #place(addition: GroupAddition): void {
    if (addition.group === this.directory.members.length && addition.timeline !== OWN_TIMELINE) {
      this.timeline(addition.timeline).groups.push(addition.group);
    }
    this.directory.add(addition);
  }

  #encode(id: number, rows: number, members: GroupColumns, compression: Compression | undefined): Uint8Array {
    this.#encoder.begin(rows, compression);
    for (let i = 0; i < members.length; i++) {
      const column = members[i];
      if (column) this.#encoder.addRows(column.values, column.presence, column);
      else this.#encoder.addAbsent();
    }
    return this.#encoder.finish(identityOf(id));
  }

  /** The file says when it has blocks that older programs do not read. */
  #note(blob: Uint8Array): void {
    if (this.#isExtended || !isExtended(blob)) return;
    markExtended(this.#db);
    this.#isExtended = true;
  }
}

function statements(db: SqliteDatabase) {
  const pluck = (sql: string): Statement => db.prepare(sql).pluck();
  return {
    series: db.prepare('SELECT id, b FROM series ORDER BY id'),
    groups: db.prepare('SELECT id, b FROM grp ORDER BY id'),
    times: db.prepare('SELECT id, first, last, merged FROM ts ORDER BY id'),
    through: pluck(
      'SELECT max((SELECT coalesce(max(last), -9e99) FROM ts), (SELECT coalesce(max(last), -9e99) FROM own))',
    ),
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
    grow: db.prepare(
      'INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = value + excluded.value',
    ),
    least: db.prepare(
      'INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = min(value, excluded.value)',
    ),
    greatest: db.prepare(
      'INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = max(value, excluded.value)',
    ),
    countBatch: db.prepare("UPDATE meta SET value = value + 1 WHERE key = 'batches'"),
  };
}
