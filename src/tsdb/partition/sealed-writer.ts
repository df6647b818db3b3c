import { type Compression, reframe } from '../../encoding/frame.ts';
import type { RowSpans } from '../../encoding/presence.ts';
import { encodeTimestamps } from '../../encoding/timestamps.ts';
import { openDatabase, type SqliteAddon, type SqliteDatabase } from '../../sqlite/database.ts';
import type { SeriesEntry } from '../block.ts';
import { GroupEncoder, isExtended } from './group-encoder.ts';
import { encodeGroups, type GroupAddition } from './groups.ts';
import type { SampleColumns } from './samples.ts';
import {
  blockId,
  createTables,
  GROUP_SERIES,
  identityOf,
  markExtended,
  type PartitionMeta,
  rowId,
} from './schema.ts';
import { encodeSeries, SERIES_PER_BLOB } from './series-blob.ts';
import { lowerBound } from './timeline.ts';

/** Raw bytes from which a group takes no further series: one series of noise is not read with 31 others. */
const GROUP_BYTES = 64 * 1024;
/** Groups under way at a time, and timelines that a series is tried against. */
const OPEN_GROUPS = 8;
const CANDIDATES = 32;
const GROUPS_PER_BLOB = 1024;

/** Written once and kept for long: dearer packing, and of small blocks too. */
const SEALED: Compression = { level: 6, atLeast: 512 };

interface SealedTimeline {
  readonly id: number;
  readonly timestamps: Float64Array;
}

/** A group of a sealed file with its timeline, as they are stored. */
export interface PackedGroup {
  readonly timeline: number;
  readonly times: {
    readonly id: number;
    readonly first: number;
    readonly last: number;
    readonly blob: Uint8Array;
  };
  readonly id: number;
  readonly blob: Uint8Array;
  /** Of all its columns. */
  readonly samples: number;
}

interface OpenGroup {
  readonly timeline: SealedTimeline;
  readonly encoder: GroupEncoder;
  readonly refs: number[];
}

/**
 * Writes a sealed partition from front to back. Series with the same timestamps, or with some of another's, share a timeline and are
 * packed into groups together. Not crash-safe by itself: a file that was not finished is thrown away.
 */
export class SealedWriter {
  samples = 0;
  /** Times of the first and the last sample. */
  #first = Number.POSITIVE_INFINITY;
  #last = Number.NEGATIVE_INFINITY;
  readonly #db: SqliteDatabase;
  readonly #timelines: SealedTimeline[] = [];
  #nextTimeline = 1;
  /** Numbers here of the timelines that groups were copied with. */
  readonly #copiedTimelines = new Map<number, number>();
  readonly #open: OpenGroup[] = [];
  readonly #spare: GroupEncoder[] = [];
  readonly #groups: GroupAddition[] = [];
  readonly #series: SeriesEntry[] = [];
  #hasExtended = false;
  readonly #addTimes;
  readonly #addBlock;

  constructor(
    file: string,
    meta: PartitionMeta,
    options: { readonly addon: SqliteAddon; readonly pageSize: number },
  ) {
    this.#db = openDatabase(file, { addon: options.addon, pageSize: options.pageSize, cacheKiB: 1024 });
    try {
      // Out of WAL mode before the first page: a sealed file is one file. It is synced as a whole before it gets its name.
      this.#db.pragma('journal_mode = MEMORY');
      this.#db.pragma('synchronous = OFF');
      createTables(this.#db, meta);
      this.#addTimes = this.#db.prepare('INSERT INTO ts (id, first, last, merged, b) VALUES (?, ?, ?, 1, ?)');
      this.#addBlock = this.#db.prepare('INSERT INTO block (id, b) VALUES (?, ?)');
      this.#db.exec('BEGIN');
    } catch (error) {
      this.abandon();
      throw error;
    }
  }

  get seriesCount(): number {
    return this.#series.length;
  }

  /**
   * Adds one series. `hint` is a timeline that probably holds its timestamps and those of the series after it. The arrays must stay
   * unchanged until `finish`.
   */
  add(entry: SeriesEntry, samples: SampleColumns, hint: Float64Array): void {
    const { timeline, spans } = this.#place(samples.timestamps, hint);
    const group = this.#groupOf(timeline);
    group.encoder.add(samples.values, spans, samples);
    group.refs.push(entry.ref);
    this.#series.push(entry);
    this.samples += samples.timestamps.length;
    this.#spans(samples.timestamps[0]!, samples.timestamps.at(-1)!);
    if (group.refs.length >= GROUP_SERIES || group.encoder.storedBytes >= GROUP_BYTES) this.#flush(group);
  }

  /** Takes over a group of another sealed file as it is packed. @throws CorruptBlockError when a checksum is wrong */
  copyGroup(entries: readonly SeriesEntry[], { timeline, times, id, blob, samples }: PackedGroup): void {
    this.samples += samples;
    this.#spans(times.first, times.last);
    let copied = this.#copiedTimelines.get(timeline);
    if (copied === undefined) {
      this.#copiedTimelines.set(timeline, (copied = this.#nextTimeline++));
      const { first, last } = times;
      const row = rowId(copied, 0);
      const stored = reframe(times.blob, identityOf(times.id, first, last), identityOf(row, first, last));
      this.#addTimes.run(row, first, last, stored);
    }
    const group = this.#groups.length;
    const row = blockId(0, group);
    this.#insert(row, reframe(blob, identityOf(id), identityOf(row)));
    this.#groups.push({ group, timeline: copied, refs: entries.map(({ ref }) => ref) });
    for (const entry of entries) this.#series.push(entry);
  }

  /** Writes what is still open, the labels and the directory, and closes the file. */
  finish(): void {
    for (const _ of this.finishing());
  }

  /** The same in steps of some milliseconds. */
  *finishing(): Generator<void, void> {
    while (this.#open.length > 0) {
      this.#flush(this.#open[0]!);
      yield;
    }
    const addSeries = this.#db.prepare('INSERT INTO series (id, b) VALUES (?, ?)');
    for (let from = 0, id = 1; from < this.#series.length; from += SERIES_PER_BLOB, id++) {
      addSeries.run(id, encodeSeries(this.#series.slice(from, from + SERIES_PER_BLOB), identityOf(id)));
      yield;
    }
    const addGroups = this.#db.prepare('INSERT INTO grp (id, b) VALUES (?, ?)');
    for (let from = 0, id = 1; from < this.#groups.length; from += GROUPS_PER_BLOB, id++) {
      addGroups.run(id, encodeGroups(this.#groups.slice(from, from + GROUPS_PER_BLOB), identityOf(id)));
    }
    if (this.#hasExtended) markExtended(this.#db);
    const addMeta = this.#db.prepare('INSERT INTO meta VALUES (?, ?)');
    addMeta.run('series', this.#series.length);
    addMeta.run('groups', this.#groups.length);
    addMeta.run('samples', this.samples);
    if (this.#first <= this.#last) {
      addMeta.run('first', this.#first);
      addMeta.run('last', this.#last);
    }
    this.#db.exec('COMMIT');
    this.#db.close();
  }

  /** Closes the unfinished file. */
  abandon(): void {
    this.#db.close();
  }

  #spans(first: number, last: number): void {
    this.#first = Math.min(this.#first, first);
    this.#last = Math.max(this.#last, last);
  }

  #insert(id: number, blob: Uint8Array): void {
    this.#addBlock.run(id, blob);
    this.#hasExtended ||= isExtended(blob);
  }

  #place(
    timestamps: Float64Array,
    hint: Float64Array,
  ): { timeline: SealedTimeline; spans: RowSpans | undefined } {
    for (let i = 0; i < this.#timelines.length; i++) {
      const timeline = this.#timelines[i]!;
      const spans = rowsWithin(timestamps, timeline.timestamps);
      if (spans === undefined || isScattered(spans, timestamps.length)) continue;
      this.#timelines.splice(i, 1);
      this.#timelines.unshift(timeline);
      return { timeline, spans: isWhole(spans, timeline.timestamps.length) ? undefined : spans };
    }
    const hinted = rowsWithin(timestamps, hint);
    if (hinted === undefined || isScattered(hinted, timestamps.length)) {
      return { timeline: this.#addTimeline(timestamps), spans: undefined };
    }
    return { timeline: this.#addTimeline(hint), spans: isWhole(hinted, hint.length) ? undefined : hinted };
  }

  #addTimeline(timestamps: Float64Array): SealedTimeline {
    const timeline = { id: this.#nextTimeline++, timestamps };
    const id = rowId(timeline.id, 0);
    const first = timestamps[0]!;
    const last = timestamps.at(-1)!;
    this.#addTimes.run(id, first, last, encodeTimestamps(timestamps, SEALED, identityOf(id, first, last)));
    this.#timelines.unshift(timeline);
    if (this.#timelines.length > CANDIDATES) this.#timelines.pop();
    return timeline;
  }

  #groupOf(timeline: SealedTimeline): OpenGroup {
    const at = this.#open.findIndex((group) => group.timeline === timeline);
    if (at >= 0) return this.#open[at]!;
    if (this.#open.length >= OPEN_GROUPS) this.#flush(this.#open[0]!);
    const encoder = this.#spare.pop() ?? new GroupEncoder();
    encoder.begin(timeline.timestamps.length, SEALED);
    const group: OpenGroup = { timeline, encoder, refs: [] };
    this.#open.push(group);
    return group;
  }

  #flush(group: OpenGroup): void {
    const number = this.#groups.length;
    const id = blockId(0, number);
    this.#insert(id, group.encoder.finish(identityOf(id)));
    this.#groups.push({ group: number, timeline: group.timeline.id, refs: group.refs });
    this.#open.splice(this.#open.indexOf(group), 1);
    this.#spare.push(group.encoder);
  }
}

/** Which rows of `timeline` the timestamps are; undefined when some are not in it. */
function rowsWithin(timestamps: Float64Array, timeline: Float64Array): RowSpans | undefined {
  if (timestamps === timeline) return [0, timeline.length];
  if (timestamps.length > timeline.length) return undefined;
  let row = lowerBound(timeline, timestamps[0]!);
  const last = timestamps.at(-1)!;
  if (timeline[row] !== timestamps[0] || timeline[lowerBound(timeline, last)] !== last) return undefined;
  const spans: number[] = [row];
  for (let i = 0; i < timestamps.length; i++, row++) {
    const time = timestamps[i]!;
    if (timeline[row] !== time) {
      const end = row;
      while (timeline[row]! < time) row++;
      if (timeline[row] !== time) return undefined;
      spans.push(end, row);
    }
  }
  spans.push(row);
  return spans;
}

/** A series that takes every fourth row of a timeline is cheaper with a timeline of its own than with that many spans. */
const isScattered = (spans: RowSpans, rows: number): boolean => spans.length / 2 > 4 + rows / 16;

const isWhole = (spans: RowSpans, rows: number): boolean =>
  spans.length === 2 && spans[0] === 0 && spans[1] === rows;
