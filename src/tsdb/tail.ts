import type { CorruptBlockError } from '../encoding/corrupt-block.ts';
import type { Exemplar } from '../model/exemplar.ts';
import type { Labels } from '../model/labels.ts';
import { unlimited } from '../model/queryable.ts';
import type { TimeRange } from '../model/time.ts';
import type { SeriesEntry, SeriesRef, SourceId } from './block.ts';
import { type ExemplarPlace, exemplarsAfter } from './head/exemplar-reader.ts';
import { HeadReader, OVERRUN } from './head/head-reader.ts';
import { SERIES } from './index/layout.ts';
import { mergeSamples, type SampleColumns, sliceExtras } from './partition/samples.ts';
import { lowerBound } from './partition/timeline.ts';
import { type Loss, UnreadableError } from './partition/unreadable.ts';
import type { PartitionReader } from './partition.ts';
import type { PartitionCache, PartitionFile } from './partition-cache.ts';
import type { StoreShared } from './queryable.ts';

/**
 * How far somebody has followed a source. Everything up to `done` was taken; `row` is the ring's row that comes next, undefined when
 * that is not known, because the process is young: then partitions are looked into first.
 */
export interface TailPosition {
  readonly done: number;
  readonly row?: number | undefined;
}

/** Samples of one source in `(done, to]`, all there are, by ascending ref. */
export interface TailChunk {
  readonly to: number;
  readonly series: readonly TailSeries[];
  readonly samples: number;
  /** Where to go on. */
  readonly next: TailPosition;
  /** Whether the samples had left the head already. */
  readonly isStored: boolean;
}

/** Where a sample is a histogram, its value is a mark and says nothing. */
export interface TailSeries extends SampleColumns {
  readonly ref: number;
  readonly labels: Labels;
}

export interface TailLimits {
  /** Samples at which a chunk ends; at least one row is read. */
  readonly samples: number;
  /** Most samples of one series. */
  readonly rows: number;
  /** Ends the chunk at this very time: one that was begun before is read again. */
  readonly to?: number;
}

/** First and longest stretch of time that is read from partitions at once. */
const FIRST_WINDOW_MS = 10 * 60_000;
const MAX_WINDOW_MS = 24 * 3_600_000;

/** Views after which the series of partitions are forgotten, when nobody looked into one meanwhile: about a minute. They are all of a day, with their labels. */
const FORGET_AFTER = 120;

/**
 * Follows what sources append, in any thread: out of the head while it has the rows, out of partitions when the follower was away for
 * longer. Nothing is kept for a follower, so one that is slow or dead costs the store nothing.
 */
export class SourceTail {
  readonly #head: HeadReader;
  readonly #shared: StoreShared;
  readonly #partitions: PartitionCache;
  readonly #damaged: (file: string, error: CorruptBlockError) => void;
  /** Ring of each source. */
  readonly #rings = new Map<number, number>();
  /** Series of each ring as the index numbers them, by ascending ref. */
  readonly #series: number[][] = [];
  #indexed = 0;
  #generation = 0;
  /** Series of an earlier process, by file and source: the index may have forgotten them. */
  readonly #stored = new Map<string, { inode: number; bySource: Map<number, SeriesEntry[]> }>();
  /** Views since `#stored` was looked at. */
  #unasked = 0;
  /** Partitions in use, each in a read transaction that began after the head was pinned. */
  readonly #open = new Map<string, PartitionReader>();
  readonly #windowMs = new Map<number, number>();

  constructor(
    shared: StoreShared,
    partitions: PartitionCache,
    /** Told of what cannot be read and is not followed. */
    damaged: (file: string, error: CorruptBlockError) => void = () => {},
  ) {
    this.#shared = shared;
    this.#damaged = damaged;
    this.#head = new HeadReader(shared.head, 'committed');
    this.#partitions = partitions;
  }

  /** Fixes the view: what is committed by now. */
  refresh(): void {
    this.release();
    if (++this.#unasked > FORGET_AFTER) {
      this.#stored.clear();
      this.#windowMs.clear();
    }
    this.#head.pin();
    const { index } = this.#head;
    if (index.generation !== this.#generation) {
      this.#generation = index.generation;
      this.#series.length = 0;
      this.#indexed = 0;
      // What was left out of the index is to be found there.
      this.#stored.clear();
    }
    for (let ring = Math.max(1, this.#rings.size + 1); ring < this.#head.rings; ring++) {
      this.#rings.set(this.#head.ring(ring).source, ring);
    }
    const count = index.refresh();
    for (; this.#indexed < count; this.#indexed++) {
      const list = (this.#series[index.field(this.#indexed, SERIES.source)] ??= []);
      const last = list.at(-1);
      list.push(this.#indexed);
      if (last !== undefined && this.#refOf(last) > this.#refOf(this.#indexed)) {
        list.sort((a, b) => this.#refOf(a) - this.#refOf(b));
      }
    }
  }

  /** Gives the partitions back; they are opened again when needed. */
  release(): void {
    for (const reader of this.#open.values()) {
      reader.end();
      this.#partitions.give(reader);
    }
    this.#open.clear();
  }

  /** Sources of the view. */
  sources(): Iterable<number> {
    return this.#rings.keys();
  }

  /** Whether there are series that bring their own times, as far as this process knows. */
  get hasOwnSeries(): boolean {
    return (this.#series[0]?.length ?? 0) > 0;
  }

  /** About how many samples wait behind a position; 0 when none does. */
  pending(source: number, { row }: TailPosition): number {
    const ring = this.#rings.get(source)!;
    const { first, end } = this.#head.ring(ring);
    const width = this.#series[ring]?.length ?? 0;
    if (row === undefined) return Math.max(1, (end - first) * width);
    return Math.max(0, end - row) * width;
  }

  /** Time of the newest row of all sources, Unix ms; 0 when there is none. */
  newest(): number {
    let newest = 0;
    for (const ring of this.#rings.values()) {
      const times = this.#head.times(ring);
      if (times !== OVERRUN && times.length > 0) newest = Math.max(newest, times.at(-1)!);
    }
    return newest;
  }

  labelsOf(ref: number): Labels | undefined {
    const series = this.#head.index.byRef(ref);
    return series < 0 ? undefined : this.#head.index.labelsOf(series);
  }

  /** Exemplars that came after `place`, of series of the view; gives the place behind them. None without a place. */
  exemplars(
    place: ExemplarPlace | undefined,
    take: (ref: number, exemplar: Exemplar & { timestamp: number }) => void,
  ): ExemplarPlace | undefined {
    return exemplarsAfter(
      this.#shared.head,
      { count: this.#indexed, generation: this.#generation },
      place,
      (series, exemplar) => take(this.#refOf(series), exemplar),
    );
  }

  /**
   * The next samples of a source, or the position when there are none: it may have learned its row. Renews the view when the head's
   * rows were written over meanwhile.
   */
  read(source: number, position: TailPosition, limits: TailLimits): TailChunk | TailPosition {
    for (;;) {
      const result = this.#read(this.#rings.get(source)!, source, position, limits);
      if (result !== OVERRUN) return result;
      this.refresh();
    }
  }

  close(): void {
    this.release();
    this.#partitions.close();
  }

  #read(
    ring: number,
    source: number,
    position: TailPosition,
    limits: TailLimits,
  ): TailChunk | TailPosition | typeof OVERRUN {
    const { first, end } = this.#head.ring(ring);
    if (position.row === end) return position;
    const times = this.#head.times(ring);
    if (times === OVERRUN) return OVERRUN;
    if (limits.to !== undefined) return this.#readExactly(ring, source, position.done, limits.to, times);
    const isContinuous =
      position.row === undefined ? times.length > 0 && times[0]! <= position.done : position.row >= first;
    let from = 0;
    if (isContinuous) {
      if (position.row !== undefined) from = position.row - first;
      else while (from < times.length && times[from]! <= position.done) from++;
    } else {
      const until = times.length > 0 ? times[0]! : Number.POSITIVE_INFINITY;
      const chunk = this.#readStored(ring, source, position.done, { until, row: first }, limits);
      if (chunk) return chunk;
    }
    if (from === times.length) return { done: position.done, row: end };
    const width = Math.max(1, this.#series[ring]?.length ?? 0);
    const rows = Math.max(1, Math.min(limits.rows, Math.floor(limits.samples / width), times.length - from));
    const to = times[from + rows - 1]!;
    const series = this.#readHead(ring, { from: times[from]!, to: to + 1 });
    if (series === OVERRUN) return OVERRUN;
    return chunkOf(series, to, { done: to, row: first + from + rows }, false);
  }

  /** A stretch that was read before, wherever its samples are by now. */
  #readExactly(
    ring: number,
    source: number,
    done: number,
    to: number,
    times: Float64Array,
  ): TailChunk | typeof OVERRUN {
    const range = { from: done + 1, to: to + 1 };
    const head = this.#readHead(ring, range);
    if (head === OVERRUN) return OVERRUN;
    const isWhole = times.length > 0 && times[0]! <= done;
    const stored = isWhole ? [] : this.#readWithin(ring, source, range);
    return chunkOf(joined([...stored, ...head]), to, { done: to }, stored.length > 0);
  }

  #readHead(ring: number, range: TimeRange): TailSeries[] | typeof OVERRUN {
    const { index } = this.#head;
    const read = this.#head.read(
      this.#head.selection(Uint32Array.from(this.#series[ring] ?? [])),
      range,
      unlimited,
    );
    if (read === OVERRUN) return OVERRUN;
    return read.map(({ series, ...samples }) => ({
      ...samples,
      ref: this.#refOf(series),
      get labels() {
        return index.labelsOf(series);
      },
    }));
  }

  /** Samples of `(done, until)` out of partitions, a stretch of them; undefined when there are none. Row `row` is the one at `until`. */
  #readStored(
    ring: number,
    source: number,
    done: number,
    { until, row }: { readonly until: number; readonly row: number },
    limits: TailLimits,
  ): TailChunk | undefined {
    for (let from = done + 1; from < until; ) {
      const day = this.#files().find(({ range }) => range.to > from)?.range;
      if (!day) return undefined;
      from = Math.max(from, day.from);
      const windowMs = this.#windowMs.get(source) ?? FIRST_WINDOW_MS;
      const range = { from, to: Math.min(until, from + windowMs, day.to) };
      if (range.to <= range.from) return undefined;
      const series = joined(this.#readWithin(ring, source, range));
      const samples = countOf(series);
      if (samples > limits.samples && windowMs > 1000) {
        this.#windowMs.set(source, Math.ceil(windowMs / 2));
        continue;
      }
      if (samples < limits.samples / 4) this.#windowMs.set(source, Math.min(MAX_WINDOW_MS, windowMs * 2));
      if (samples > 0) return shortened(series, limits.rows, range.to === until ? row : undefined);
      from = range.to;
    }
    return undefined;
  }

  #readWithin(ring: number, source: number, range: TimeRange): TailSeries[] {
    const entriesIn = this.#entries(ring, source);
    const found: TailSeries[] = [];
    for (const file of this.#files()) {
      if (file.range.to <= range.from || file.range.from >= range.to) continue;
      const partition = this.#reader(file.path);
      if (!partition) {
        // Sealed or removed since it was listed: what was in it stands in another file by now.
        this.#partitions.forget();
        this.release();
        return this.#readWithin(ring, source, range);
      }
      const damaged = (loss: Loss): void => {
        // It may pass, and is read again.
        if (loss instanceof UnreadableError) throw loss;
        this.#damaged(file.path, loss);
      };
      for (const samples of partition.read(entriesIn(partition), range, unlimited, undefined, damaged)) {
        found.push(samples);
      }
    }
    return found;
  }

  /** The series of a source that a partition may hold: those of this process, and those the partition remembers. */
  #entries(ring: number, source: number): (partition: PartitionReader) => SeriesEntry[] {
    const { index } = this.#head;
    const known = new Set<number>();
    const own = (this.#series[ring] ?? []).map((one): SeriesEntry => {
      const ref = this.#refOf(one);
      known.add(ref);
      return {
        ref: ref as SeriesRef,
        source: source as SourceId,
        get labels() {
          return index.labelsOf(one);
        },
      };
    });
    return (partition) => {
      const stored = this.#storedIn(partition).get(source) ?? [];
      return [...own, ...stored.filter(({ ref }) => !known.has(ref))];
    };
  }

  /** Series by source as a partition had them when it was first looked into: later ones are in this index. */
  #storedIn(partition: PartitionReader): Map<number, SeriesEntry[]> {
    this.#unasked = 0;
    const inode = this.#files().find(({ path }) => path === partition.file)?.inode ?? 0;
    let stored = this.#stored.get(partition.file);
    if (stored?.inode !== inode) {
      stored = { inode, bySource: Map.groupBy(partition.match([]), ({ source }) => source as number) };
      this.#stored.set(partition.file, stored);
    }
    return stored.bySource;
  }

  #files(): readonly PartitionFile[] {
    return this.#partitions.list(this.#head.partitionsVersion);
  }

  /** Undefined when the file is gone. */
  #reader(path: string): PartitionReader | undefined {
    const open = this.#open.get(path);
    if (open) return open;
    const reader = this.#partitions.take(path);
    if (!reader) return undefined;
    reader.begin();
    this.#open.set(path, reader);
    return reader;
  }

  #refOf(series: number): number {
    return this.#head.index.field(series, SERIES.ref);
  }
}

export const isChunk = (read: TailChunk | TailPosition): read is TailChunk => 'series' in read;

const countOf = (series: readonly TailSeries[]): number =>
  series.reduce((sum, { timestamps }) => sum + timestamps.length, 0);

function chunkOf(
  series: readonly TailSeries[],
  to: number,
  next: TailPosition,
  isStored: boolean,
): TailChunk {
  return { to, series, samples: countOf(series), next, isStored };
}

/** One entry per series, by ascending ref; pieces of one series are merged. */
function joined(pieces: readonly TailSeries[]): TailSeries[] {
  const byRef = new Map<number, TailSeries>();
  for (const piece of pieces) {
    const before = byRef.get(piece.ref);
    byRef.set(
      piece.ref,
      before ? { ...mergeSamples(before, piece), ref: piece.ref, labels: piece.labels } : piece,
    );
  }
  return [...byRef.values()].sort((a, b) => a.ref - b.ref);
}

/**
 * Ends the stretch where the first series has as many samples as one may have.
 * @param row of the ring that follows the whole stretch, when it is known
 */
function shortened(series: readonly TailSeries[], rows: number, row: number | undefined): TailChunk {
  let last = Number.NEGATIVE_INFINITY;
  let to = Number.POSITIVE_INFINITY;
  for (const { timestamps } of series) {
    last = Math.max(last, timestamps.at(-1)!);
    to = Math.min(to, timestamps[rows - 1] ?? Number.POSITIVE_INFINITY);
  }
  if (to >= last) return chunkOf(series, last, { done: last, row }, true);
  const cut = series.flatMap((one): TailSeries[] => {
    const count = lowerBound(one.timestamps, to + 1);
    if (count === 0) return [];
    const timestamps = one.timestamps.subarray(0, count);
    return [{ ...one, timestamps, values: one.values.subarray(0, count), ...sliceExtras(one, 0, count) }];
  });
  return chunkOf(cut, to, { done: to }, true);
}
