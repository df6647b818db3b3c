import type { QueryBudget } from '../../model/queryable.ts';
import type { Room } from '../../model/room.ts';
import type { TimeRange } from '../../model/time.ts';
import type { SeriesEntry } from '../block.ts';
import type { PartitionSamples } from '../partition.ts';
import type { ColumnCache } from './column-cache.ts';
import { type GroupBlock, GroupRows } from './group-rows.ts';
import type { GroupDirectory } from './groups.ts';
import { compact, mergeSamples, type SampleColumns, sliceExtras } from './samples.ts';
import { GROUP_SERIES } from './schema.ts';
import type { StoredBlocks } from './stored-blocks.ts';
import { lowerBound } from './timeline.ts';
import { type Damaged, guarded } from './unreadable.ts';

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

/** Unpacks columns of one partition file, straight from its blocks or, of a sealed one, through the cache of columns. */
export class ColumnReads {
  readonly #file: string;
  readonly #day: TimeRange;
  readonly #directory: GroupDirectory;
  readonly #blocks: StoredBlocks;
  /** Of sealed files only: nothing in them changes. */
  readonly #cache: ColumnCache | undefined;
  readonly #owner: number;
  readonly #rows = new GroupRows();
  /** A column of a block of which only some rows are wanted. */
  #scratch = new Float64Array(0);

  constructor(deps: {
    readonly file: string;
    readonly day: TimeRange;
    /** Grows with the file. */
    readonly directory: GroupDirectory;
    readonly blocks: StoredBlocks;
    readonly cache: ColumnCache | undefined;
  }) {
    this.#file = deps.file;
    this.#day = deps.day;
    this.#directory = deps.directory;
    this.#blocks = deps.blocks;
    this.#cache = deps.cache;
    this.#owner = deps.cache?.newOwner() ?? 0;
  }

  /**
   * Samples in `[range.from, range.to)` of series that stand in groups of this file, each group unpacked once.
   * @param damaged told of what cannot be read and is left out; without it that is thrown
   */
  read(
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
    const groups = byGroup(series, (ref) => this.#directory.place(ref));
    const isCached = guarded(this.#file, damaged, () => this.#isWorthKeeping(groups, damaged)) ?? false;
    for (const [group, wanted] of groups) {
      budget.check();
      guarded(this.#file, damaged, () => {
        if (isCached) this.#readCached(group, wanted, range, reading);
        else this.#readGroup(this.#blocksOf(group, range, damaged), wanted, range, reading);
      });
    }
    const ownGroups = byGroup(series, (ref) => this.#directory.ownPlace(ref));
    for (const [group, wanted] of ownGroups) {
      budget.check();
      guarded(this.#file, damaged, () =>
        this.#readGroup(this.#blocks.ofOwnGroup(group, range, damaged), wanted, range, reading),
      );
    }
    return Array.from(found.values(), ({ entry, samples }) => ({
      ref: entry.ref,
      labels: entry.labels,
      ...samples,
    }));
  }

  /** Whether the whole columns of a read fit the cache. */
  #isWorthKeeping(groups: ReadonlyMap<number, readonly Wanted[]>, damaged: Damaged | undefined): boolean {
    const cache = this.#cache;
    if (cache === undefined) return false;
    let bytes = 0;
    for (const [group, wanted] of groups) {
      const rows = cache.get(this.#owner, group)?.timestamps.length ?? this.#rowsOf(group, damaged);
      bytes += 8 * rows * (1 + wanted.length);
      if (!cache.admits(bytes)) return false;
    }
    return true;
  }

  #rowsOf(group: number, damaged: Damaged | undefined): number {
    return this.#blocks
      .timelineRows(this.#directory.timelines[group]!, damaged)
      .reduce((sum, { timestamps }) => sum + timestamps.length, 0);
  }

  #blocksOf(group: number, range: TimeRange, damaged: Damaged | undefined): GroupBlock[] {
    return this.#blocks.ofGroup(group, this.#directory.timelines[group]!, range, damaged);
  }

  #readGroup(
    blocks: readonly GroupBlock[],
    wanted: readonly Wanted[],
    range: TimeRange,
    { budget, room, take, damaged }: Reading,
  ): void {
    if (blocks.length === 0) return;
    this.#rows.open(blocks, damaged && ((error) => damaged(error.at(this.#file))));
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
      const blocks = this.#blocksOf(group, this.#day, damaged);
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
}

function byGroup(
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

function copyOf(column: Float64Array, room: Room): Float64Array {
  const copy = room.floats(column.length);
  copy.set(column);
  return copy;
}
