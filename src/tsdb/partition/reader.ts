import { basename } from 'node:path';
import type { Statement } from 'better-sqlite3';
import { CorruptBlockError } from '../../encoding/corrupt-block.ts';
import { checkFrame, FrameKind } from '../../encoding/frame.ts';
import { decodeTimestamps } from '../../encoding/timestamps.ts';
import type { Matcher } from '../../model/matcher.ts';
import type { QueryBudget } from '../../model/queryable.ts';
import { freshRoom, type Room } from '../../model/room.ts';
import type { TimeRange } from '../../model/time.ts';
import type { SqliteAddon, SqliteDatabase } from '../../sqlite/database.ts';
import type { SeriesEntry } from '../block.ts';
import { PARTITION_MS, type PartitionReader, type PartitionSamples } from '../partition.ts';
import type { ColumnCache } from './column-cache.ts';
import { GroupDecoder } from './group-decoder.ts';
import { type GroupBlock, GroupRows } from './group-rows.ts';
import { decodeGroups, GroupDirectory, OWN_TIMELINE } from './groups.ts';
import type { KeptBlock, KeptBlocks } from './kept-blocks.ts';
import { collectingLabels } from './label-collector.ts';
import { LabelIndex } from './label-index.ts';
import { isoDay, parsePartitionName } from './names.ts';
import { compact, mergeSamples, type SampleColumns, sliceExtras } from './samples.ts';
import {
  blockId,
  corruptionAt,
  GROUP_SERIES,
  identityOf,
  openPartitionFile,
  type PartitionMeta,
  readMeta,
  rowsOf,
  type StoredBlob,
  sequenceOf,
} from './schema.ts';
import type { PackedGroup } from './sealed-writer.ts';
import { lowerBound } from './timeline.ts';
import { type Loss, lossOf } from './unreadable.ts';

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

interface TimelineRow {
  readonly sequence: number;
  readonly first: number;
  readonly last: number;
  readonly timestamps: Float64Array;
}

/** Which columns of one group are wanted. */
interface Wanted {
  readonly column: number;
  readonly entry: SeriesEntry;
}

/** One read of some series: what it is charged to, where its columns go, and who takes them. */
interface Reading {
  readonly budget: QueryBudget;
  readonly room: Room;
  readonly take: (entry: SeriesEntry, samples: SampleColumns) => void;
  /** Undefined: damage is thrown. */
  readonly damaged: Damaged | undefined;
}

/** Is told of a piece of the file that cannot be read and is left out. */
type Damaged = (loss: Loss) => void;

function copyOf(column: Float64Array, room: Room): Float64Array {
  const copy = room.floats(column.length);
  copy.set(column);
  return copy;
}

/** Reads one partition file. While it is written by another connection, each transaction sees it as it was at `begin`. */
export class FileReader implements PartitionReader {
  readonly file: string;
  readonly range: TimeRange;
  readonly meta: PartitionMeta;
  readonly #db: SqliteDatabase;
  readonly #sql: ReturnType<typeof statements>;
  readonly #rows = new GroupRows();
  #timelines = new Map<number, TimelineRow[]>();
  /** A column of a block of which only some rows are wanted. */
  #scratch = new Float64Array(0);
  #labels: LabelIndex | undefined;
  #labelsUpTo = 0;
  #directory = new GroupDirectory();
  #groupsUpTo = 0;

  /** Blocks that stay unpacked while this transaction lasts, by row of their table. */
  #kept: KeptBlocks | undefined;
  readonly #keptBlocks = new Map<number, KeptBlock>();
  readonly #keptOwn = new Map<string, readonly GroupBlock[]>();
  /** Of sealed files only: nothing in them changes. */
  readonly #cache: ColumnCache | undefined;
  readonly #owner: number;

  constructor(db: SqliteDatabase, meta: PartitionMeta, cache?: ColumnCache) {
    this.#cache = meta.kind === 'sealed' ? cache : undefined;
    this.#owner = this.#cache?.newOwner() ?? 0;
    this.file = db.name;
    this.meta = meta;
    this.range = { from: meta.day, to: meta.day + PARTITION_MS };
    this.#db = db;
    this.#sql = statements(db);
  }

  begin(kept?: KeptBlocks): void {
    this.#kept = kept;
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
    this.#timelines = new Map();
    this.#kept = undefined;
    this.#keptBlocks.clear();
    this.#keptOwn.clear();
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
    this.#checkCount('series', labels.count, this.meta.series);
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
    return corruptionAt(this.file, () => this.#read(series, range, budget, room, damaged));
  }

  /** Runs one part of a read; what it cannot read is told, and nothing given, when somebody listens. */
  #guarded<T>(damaged: Damaged | undefined, work: () => T): T | undefined {
    if (!damaged) return work();
    try {
      return corruptionAt(this.file, work);
    } catch (error) {
      const loss = lossOf(error, this.file);
      if (!loss) throw error;
      damaged(loss);
      return undefined;
    }
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
    return this.#timelineRows(timeline).map((row) => row.timestamps);
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
      this.#checkCount(`rows of timeline ${timeline}`, times.length, 1);
      const blob = this.#sql.block.get(id) as Buffer | undefined;
      this.#checkCount(`rows in table block with id ${id}`, blob ? 1 : 0, 1);
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
    const rows = this.#timelineRows(timeline);
    return native(rows.map((row) => this.#sql.blockKind.get(blockId(row.sequence, group))));
  }

  /** Bytes of stored blocks. */
  blockBytes(): number {
    return this.#sql.blockBytes.get() as number;
  }

  close(): void {
    this.#db.close();
  }

  #read(
    series: readonly SeriesEntry[],
    range: TimeRange,
    budget: QueryBudget,
    room: Room,
    damaged: Damaged | undefined,
  ): PartitionSamples[] {
    const found = new Map<number, { entry: SeriesEntry; samples: SampleColumns }>();
    const take = (entry: SeriesEntry, samples: SampleColumns): void => {
      const before = found.get(entry.ref);
      budget.samples(samples.timestamps.length);
      if (before) budget.bytes(16 * (before.samples.timestamps.length + samples.timestamps.length));
      found.set(entry.ref, { entry, samples: before ? mergeSamples(before.samples, samples) : samples });
    };
    const reading: Reading = { budget, room, take, damaged };
    const byGroup = this.#byGroup(series, (ref) => this.#directory.place(ref));
    const isCached = this.#guarded(damaged, () => this.#isWorthKeeping(byGroup, damaged)) ?? false;
    for (const [group, wanted] of byGroup) {
      budget.check();
      this.#guarded(damaged, () => {
        if (isCached) this.#readCached(group, wanted, range, reading);
        else this.#readGroup(this.#groupBlocks(group, range, damaged), wanted, range, reading);
      });
    }
    const ownByGroup = this.#byGroup(series, (ref) => this.#directory.ownPlace(ref));
    for (const [group, wanted] of ownByGroup) {
      budget.check();
      this.#guarded(damaged, () =>
        this.#readGroup(this.#ownBlocks(group, range, damaged), wanted, range, reading),
      );
    }
    return Array.from(found.values(), ({ entry, samples }) => ({
      ref: entry.ref,
      labels: entry.labels,
      ...samples,
    }));
  }

  /** Whether the whole columns of a read fit the cache. */
  #isWorthKeeping(byGroup: ReadonlyMap<number, readonly Wanted[]>, damaged: Damaged | undefined): boolean {
    const cache = this.#cache;
    if (cache === undefined) return false;
    let bytes = 0;
    for (const [group, wanted] of byGroup) {
      const rows = cache.get(this.#owner, group)?.timestamps.length ?? this.#rowsOf(group, damaged);
      bytes += 8 * rows * (1 + wanted.length);
      if (!cache.admits(bytes)) return false;
    }
    return true;
  }

  #rowsOf(group: number, damaged: Damaged | undefined): number {
    return this.#timelineRows(this.#directory.timelines[group]!, damaged).reduce(
      (sum, { timestamps }) => sum + timestamps.length,
      0,
    );
  }

  #refreshGroups(): void {
    const last = this.#sql.lastGroups.get() as number;
    if (last === this.#groupsUpTo) {
      // A damaged tree may show none where a sealed file has some.
      if (last === 0) this.#checkCount('groups', 0, this.meta.groups);
      return;
    }
    corruptionAt(`${this.file}: table grp`, () => {
      for (const { id, b } of this.#sql.groups.iterate(this.#groupsUpTo) as Iterable<StoredBlob>) {
        if (id !== this.#groupsUpTo + 1)
          throw new CorruptBlockError(`row ${this.#groupsUpTo + 1} is missing`);
        for (const addition of decodeGroups(b, identityOf(id))) this.#directory.add(addition);
        this.#groupsUpTo = id;
      }
      this.#checkCount('groups', this.#directory.members.length, this.meta.groups);
    });
  }

  /** A sealed file says how much it holds: SQLite itself does not notice rows that went missing. */
  #checkCount(what: string, found: number, expected: number | undefined): void {
    if (expected !== undefined && found !== expected) {
      throw new CorruptBlockError(`expected ${expected} ${what}, found ${found}`);
    }
  }

  #byGroup(
    series: readonly SeriesEntry[],
    placeOf: (ref: number) => number | undefined,
  ): Map<number, Wanted[]> {
    const groups = new Map<number, Wanted[]>();
    for (const entry of series) {
      const place = placeOf(entry.ref);
      if (place === undefined) continue;
      const group = Math.floor(place / GROUP_SERIES);
      let wanted = groups.get(group);
      if (wanted === undefined) groups.set(group, (wanted = []));
      wanted.push({ column: place % GROUP_SERIES, entry });
    }
    // Columns in order: a bucket column is read from its neighbour.
    for (const wanted of groups.values()) wanted.sort((a, b) => a.column - b.column);
    return groups;
  }

  #readGroup(
    blocks: readonly GroupBlock[],
    wanted: readonly Wanted[],
    range: TimeRange,
    { budget, room, take, damaged }: Reading,
  ): void {
    if (blocks.length === 0) return;
    this.#rows.open(blocks, damaged && ((error) => damaged(error.at(this.file))));
    const { timestamps } = this.#rows;
    const from = lowerBound(timestamps, range.from);
    const to = lowerBound(timestamps, range.to);
    if (from === to) return;
    const rows = timestamps.length;
    // Where most rows are wanted, the others stay beside them: that is less than a copy.
    const isMost = 4 * (to - from) >= 3 * rows;
    budget.bytes(8 * (isMost ? rows : to - from) * (1 + wanted.length));
    // Columns without gaps share one array of timestamps.
    const shared = isMost ? timestamps.subarray(from, to) : timestamps.slice(from, to);
    if (!isMost && this.#scratch.length < rows) this.#scratch = new Float64Array(rows);
    for (const { column, entry } of wanted) {
      const out = isMost ? room.floats(rows) : this.#scratch;
      const gathered = this.#rows.gather(column, out, budget);
      if (gathered.count === 0) continue;
      if (gathered.presence === undefined) {
        const part = out.subarray(from, to);
        const values = isMost ? part : copyOf(part, room);
        take(entry, { timestamps: shared, values, ...sliceExtras(gathered, from, to) });
      } else {
        budget.bytes(8 * (to - from));
        const samples = compact(timestamps, gathered.values, gathered.presence, from, to, gathered);
        if (samples.timestamps.length > 0) take(entry, samples);
      }
    }
  }

  /** The same as `#readGroup`, over columns that stay decoded: the whole day's, because the next query asks for them again. */
  #readCached(
    group: number,
    wanted: readonly Wanted[],
    range: TimeRange,
    { budget, take, damaged }: Reading,
  ): void {
    const cache = this.#cache!;
    let held = cache.get(this.#owner, group);
    const missing = held ? wanted.filter(({ column }) => !held!.columns.has(column)) : wanted;
    if (missing.length > 0) {
      // A sealed file has one block for a group: what is damaged is not there, and nothing in part is kept.
      const blocks = this.#groupBlocks(group, this.range, damaged);
      if (blocks.length === 0) return;
      this.#rows.open(blocks);
      held ??= { timestamps: this.#rows.timestamps, columns: new Map() };
      for (const { column } of missing) {
        const out = new Float64Array(held.timestamps.length);
        held.columns.set(column, this.#rows.gather(column, out, budget));
      }
      cache.put(this.#owner, group, held);
    }
    const { timestamps, columns } = held!;
    const from = lowerBound(timestamps, range.from);
    const to = lowerBound(timestamps, range.to);
    if (from === to) return;
    const shared = timestamps.subarray(from, to);
    for (const { column, entry } of wanted) {
      const gathered = columns.get(column)!;
      const { values, presence, count } = gathered;
      if (count === 0) continue;
      if (presence === undefined) {
        const extras = sliceExtras(gathered, from, to);
        take(entry, { timestamps: shared, values: values.subarray(from, to), ...extras });
        continue;
      }
      budget.bytes(16 * (to - from));
      const samples = compact(timestamps, values, presence, from, to, gathered);
      if (samples.timestamps.length > 0) take(entry, samples);
    }
  }

  #groupBlocks(group: number, range: TimeRange, damaged?: Damaged): GroupBlock[] {
    const timeline = this.#directory.timelines[group]!;
    const blocks: GroupBlock[] = [];
    for (const row of this.#timelineRows(timeline, damaged)) {
      if (row.last < range.from || row.first >= range.to) continue;
      const id = blockId(row.sequence, group);
      let kept = this.#keptBlocks.get(id);
      if (kept) {
        blocks.push({ timestamps: row.timestamps, blob: kept.blob, table: 'block', id, kept });
        continue;
      }
      this.#guarded(damaged, () => {
        const blob = this.#sql.block.get(id) as Buffer | undefined;
        if (blob) {
          kept = this.#kept?.place(blob);
          if (kept) this.#keptBlocks.set(id, kept);
          blocks.push({ timestamps: row.timestamps, blob, table: 'block', id, kept });
        } else this.#checkCount(`rows in table block with id ${id}`, 0, this.meta.kind === 'sealed' ? 1 : 0);
      });
    }
    return blocks;
  }

  #ownBlocks(group: number, range: TimeRange, damaged?: Damaged): readonly GroupBlock[] {
    const key = `${group} ${range.from} ${range.to}`;
    const known = this.#keptOwn.get(key);
    if (known) return known;
    const rows = this.#sql.own.all(range.to, range.from, ...rowsOf(group)) as {
      readonly id: number;
      readonly first: number;
      readonly last: number;
      readonly ts: Buffer;
      readonly b: Buffer | null;
    }[];
    const blocks: GroupBlock[] = [];
    let again = 0;
    for (const { id, first, last, ts, b } of rows) {
      this.#guarded(damaged, () =>
        corruptionAt(`${this.file}: table own, row ${id}`, () => {
          const identity = identityOf(id, first, last);
          // Outside the range, as far as its `first` and `last` can be trusted.
          if (b === null) checkFrame(ts, identity);
          else {
            const timestamps = decodeTimestamps(ts, identity);
            const kept = this.#kept?.place(b);
            blocks.push({ timestamps, blob: b, table: 'own', id, kept });
            if (!kept) return;
          }
          again++;
        }),
      );
    }
    // Whoever asks next must hear of damage as well.
    if (this.#kept && again === rows.length) this.#keptOwn.set(key, blocks);
    return blocks;
  }

  /** Every row is decoded, wanted or not: a damaged `first` or `last` must not make it disappear. */
  #timelineRows(timeline: number, damaged?: Damaged): TimelineRow[] {
    let rows = this.#timelines.get(timeline);
    if (rows === undefined) {
      const stored = this.#sql.times.all(...rowsOf(timeline)) as (StoredBlob & {
        first: number;
        last: number;
      })[];
      if (stored.length === 0)
        this.#checkCount(`rows of timeline ${timeline}`, 0, this.meta.kind === 'sealed' ? 1 : 0);
      const whole: TimelineRow[] = [];
      for (const { id, first, last, b } of stored) {
        this.#guarded(damaged, () =>
          corruptionAt(`${this.file}: table ts, row ${id}`, () => {
            const timestamps = decodeTimestamps(b, identityOf(id, first, last));
            whole.push({ sequence: sequenceOf(id), first, last, timestamps });
          }),
        );
      }
      rows = whole;
      // Whoever asks next must hear of the damage as well.
      if (whole.length === stored.length) this.#timelines.set(timeline, rows);
    }
    return rows;
  }
}

function statements(db: SqliteDatabase) {
  const pluck = (sql: string): Statement => db.prepare(sql).pluck();
  return {
    begin: db.prepare('BEGIN'),
    rollback: db.prepare('ROLLBACK'),
    lastSeries: pluck('SELECT coalesce(max(id), 0) FROM series'),
    lastGroups: pluck('SELECT coalesce(max(id), 0) FROM grp'),
    series: db.prepare('SELECT id, b FROM series ORDER BY id'),
    groups: db.prepare('SELECT id, b FROM grp WHERE id > ? ORDER BY id'),
    times: db.prepare('SELECT id, first, last, b FROM ts WHERE id BETWEEN ? AND ? ORDER BY id'),
    block: pluck('SELECT b FROM block WHERE id = ?'),
    // The first byte of a blob says what it is.
    blockKind: pluck("SELECT instr(x'00010203040506', substr(b, 1, 1)) - 1 FROM block WHERE id = ?"),
    ownKinds: pluck("SELECT instr(x'00010203040506', substr(b, 1, 1)) - 1 FROM own WHERE id BETWEEN ? AND ?"),
    own: db.prepare(
      'SELECT id, first, last, ts, CASE WHEN first < ? AND last >= ? THEN b END AS b FROM own WHERE id BETWEEN ? AND ? ORDER BY id',
    ),
    blockBytes: pluck(
      'SELECT (SELECT coalesce(sum(length(b)), 0) FROM block) + (SELECT coalesce(sum(length(b)), 0) FROM own)',
    ),
  };
}
