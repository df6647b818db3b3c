import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import { CorruptBlockError } from '../encoding/corrupt-block.ts';
import type { Log } from '../model/log.ts';
import type { TimeRange } from '../model/time.ts';
import type { SqliteAddon } from '../sqlite/database.ts';
import type { SeriesEntry, SeriesRef, SourceBlock, SourceId } from './block.ts';
import type { DayBatch } from './flush-blocks.ts';
import type { IndexReader } from './index/index-reader.ts';
import { commitChange, type DayChange, finishChange, hasPlan } from './partition/change.ts';
import { countDay, type Deletion, DeletionTally, isWithin, rewriteDay } from './partition/deletion.ts';
import {
  applyRetention,
  listPartitions,
  type PartitionFiles,
  partitionBytes,
} from './partition/directory.ts';
import { type HotPartition, openHotPartition } from './partition/hot.ts';
import { createInventory, type PartitionSummary } from './partition/inventory.ts';
import { changedPath, isoDay, partitionPath } from './partition/names.ts';
import type { PartitionKind } from './partition/schema.ts';
import { removeDatabase } from './partition/seal.ts';
import { PARTITION_MS } from './partition.ts';
import type { DeletionResult, RetentionSettings, UpkeepStats } from './protocol.ts';
import { setAside } from './quarantine.ts';
import { SealQueue } from './seal-queue.ts';

/** Files opened to be counted at once; after a start with years of days it takes some minutes until all of them are. */
const MAX_COUNTED = 100;
/** Writers kept open; each holds the directory of its partition in memory. */
const MAX_WRITERS = 4;

interface Writer {
  readonly partition: HotPartition;
  /** Bit per ref: its labels were handed to the partition in this process. */
  known: Uint32Array;
  isDirty: boolean;
}

/** The partitions of the data directory, as the background worker writes them: which are open, which are sealed next, which go. */
export class PartitionKeeper {
  readonly #dir: string;
  readonly #addon: SqliteAddon;
  readonly #clock: Clock;
  readonly #log: Pick<Log, 'info' | 'error'>;
  readonly #onFilesChanged: () => void;
  readonly #changing: <T>(work: () => T) => T;
  readonly #inventory: (mayOpen: number) => PartitionSummary[];
  /** Open writers by day, the least recently used first. */
  readonly #writers = new Map<number, Writer>();
  readonly #seals: SealQueue;
  readonly #done = {
    removedByTime: 0,
    removedBySize: 0,
    deletedSamples: 0,
  };
  #deleting: Generator<void, void> | undefined;
  #isHolding = false;
  /** Files are written by another thread, to be put into their places later. */
  #isHeld = false;
  /** A change of several days was decided and could not be completed. */
  #isUnfinished = false;
  /** Days whose hot file has blocks that cannot be read: they stay short, and what is whole is read. */
  readonly #unmergeable = new Set<number>();
  /** Days whose blocks could not be merged just now: they wait for the next `plan`, and no other day waits for them. */
  readonly #postponed = new Set<number>();
  /** What merging a day last failed of: said once. */
  readonly #mergeTroubles = new Map<number, string>();

  constructor(deps: {
    readonly dir: string;
    readonly addon: SqliteAddon;
    readonly clock: Clock;
    readonly log: Pick<Log, 'info' | 'error'>;
    readonly onFilesChanged: () => void;
    /** Runs what changes several days at once; queries that saw some of them must not go on with the others. */
    readonly changing: <T>(work: () => T) => T;
  }) {
    this.#dir = deps.dir;
    this.#addon = deps.addon;
    this.#clock = deps.clock;
    this.#log = deps.log;
    this.#onFilesChanged = deps.onFilesChanged;
    this.#changing = deps.changing;
    this.#seals = new SealQueue({ ...deps, onSealed: deps.onFilesChanged });
    this.#inventory = createInventory(deps.dir, deps.addon);
  }

  /** Syncs what an earlier process or worker left in hot files, and finds what is to be sealed. */
  start(): void {
    this.#finishChange();
    for (const { day, hot } of listPartitions(this.#dir).slice(-MAX_WRITERS)) {
      if (!hot) continue;
      const writer = this.#writer(day);
      writer.isDirty = true;
    }
    this.plan(this.#clock.now());
  }

  /** No sample of the partitions is later than this, Unix ms: exact where the day is not over. */
  storedThrough(now: number): number {
    let through = Number.NEGATIVE_INFINITY;
    for (const { day, hot, sealed } of listPartitions(this.#dir)) {
      const end = day + PARTITION_MS;
      const isOver = end <= now || sealed !== undefined || hot === undefined;
      through = Math.max(through, isOver ? end : this.#writer(day).partition.through());
    }
    return through;
  }

  /** Appends to the partition of a day; returns the number of samples. @throws Error when it cannot be written, e.g. a full disk */
  append(day: number, batch: DayBatch, index: IndexReader): number {
    if (this.#isUnfinished) this.#finishChange();
    const writer = this.#writer(day);
    const { entries, handed } = newSeries(batch, index, writer.known);
    let samples = 0;
    const blocks = function* (): Generator<SourceBlock> {
      for (const rows of batch.rows) {
        const block = rows.block();
        samples += block.timestamps.length * block.columns.length;
        yield block;
      }
    };
    try {
      writer.partition.append({ series: entries, blocks: blocks(), own: batch.own });
    } catch (error) {
      if (error instanceof CorruptBlockError) this.#setAside(day, error);
      throw error;
    }
    writer.known = handed;
    writer.isDirty = true;
    this.#seals.touched(day);
    for (const column of batch.own) samples += column.timestamps.length;
    if (this.#seals.isSealing(day)) this.#closeWriter(day);
    return samples;
  }

  /** Syncs every partition that was appended to. @throws Error of the first that could not be, when the others are */
  checkpoint(): void {
    const failures: unknown[] = [];
    for (const writer of this.#writers.values()) {
      if (!writer.isDirty) continue;
      try {
        writer.partition.checkpoint();
        writer.isDirty = false;
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }

  /** Finds days to seal. */
  plan(now: number): void {
    if (this.#isUnfinished) this.#finishChange();
    this.#postponed.clear();
    this.#seals.plan(now);
  }

  /**
   * Removes samples that are in partitions by now, or counts them, in steps; merging, sealing and retention wait. All of them go at once,
   * at the end. One deletion at a time.
   */
  delete(
    deletion: Deletion,
    isPreview: boolean,
    done: (result: DeletionResult | { readonly error: string }) => void,
  ): void {
    if (this.#deleting) throw new Error('two deletions at once');
    const tally = new DeletionTally();
    const run = function* (this: PartitionKeeper): Generator<void, void> {
      let outcome: DeletionResult | { readonly error: string } = { error: 'cut off: the server ends' };
      try {
        yield* isPreview ? this.#count(deletion, tally) : this.#delete(deletion, tally);
        const { series, samples, days, bytesBefore, bytesAfter, examples } = tally;
        outcome = { series, samples, days, bytesBefore, bytesAfter, examples };
      } catch (error) {
        outcome = { error: (error as Error).message };
      } finally {
        this.#deleting = undefined;
        this.#isHolding = false;
        done(outcome);
      }
    };
    this.#deleting = run.call(this);
    // Begun: from here on `return` comes to its `finally`.
    this.#deleting.next();
  }

  /** From now on sealed files stay as they are: no day is sealed and none removed. */
  hold(): void {
    this.#seals.stop();
    this.#isHeld = true;
  }

  /** Puts files that were written beside those of their days into their places; ends `hold`. @throws Error when that was not in force */
  change(changes: readonly DayChange[]): void {
    if (!this.#isHeld) throw new Error('the background worker was replaced meanwhile');
    this.#commit(changes);
    this.#isHeld = false;
  }

  /** Ends `hold` and removes such files. */
  release(): void {
    this.#isHeld = false;
    if (hasPlan(this.#dir)) return;
    for (const name of readdirSync(this.#dir)) {
      if (/\.db\.changed$/.test(name)) removeDatabase(join(this.#dir, name));
    }
  }

  /** Whether a day that may be appended to is being written anew: appends must wait. */
  get isHolding(): boolean {
    return this.#isHolding;
  }

  /** Does one bounded piece of merging or sealing; false when there is nothing left to do. */
  step(now: number): boolean {
    if (this.#deleting) {
      this.#deleting.next();
      return true;
    }
    for (const [day, writer] of this.#writers) {
      if (this.#seals.has(day)) continue;
      if (this.#unmergeable.has(day) || this.#postponed.has(day)) continue;
      try {
        if (!writer.partition.mergeStep(now)) {
          this.#mergeTroubles.delete(day);
          continue;
        }
        writer.isDirty = true;
      } catch (error) {
        this.#cannotMerge(day, error as Error);
      }
      return true;
    }
    return this.#isHeld ? false : this.#seals.step((day) => this.#closeWriter(day));
  }

  /** Damage stays. Anything else, a full disk say, may be over in a minute. */
  #cannotMerge(day: number, error: Error): void {
    const isDamaged = error instanceof CorruptBlockError;
    if (isDamaged) this.#unmergeable.add(day);
    else this.#postponed.add(day);
    // A full disk is no trouble of one day.
    const isKnown = [...this.#mergeTroubles.values()].includes(error.message);
    this.#mergeTroubles.set(day, error.message);
    if (isKnown) return;
    this.#log.error(
      { day: isoDay(day), error: error.message },
      isDamaged
        ? 'blocks of a day cannot be merged: some are damaged'
        : 'blocks of a day cannot be merged; trying again in a minute',
    );
  }

  retain({ timeMs, sizeBytes }: RetentionSettings, now: number): void {
    const limits = {
      ...(timeMs > 0 ? { keepFrom: now - timeMs } : {}),
      ...(sizeBytes > 0 ? { maxBytes: sizeBytes } : {}),
    };
    if ((timeMs <= 0 && sizeBytes <= 0) || this.#deleting || this.#isHeld) return;
    if (timeMs > 0) {
      for (const day of [...this.#writers.keys()])
        if (day + PARTITION_MS <= now - timeMs) this.#closeWriter(day);
    }
    if (sizeBytes > 0) for (const day of [...this.#writers.keys()].slice(0, -1)) this.#closeWriter(day);
    const removed = applyRetention(this.#dir, limits);
    for (const { day, bytes, reason } of removed) {
      this.#done[reason === 'time' ? 'removedByTime' : 'removedBySize']++;
      this.#log.info({ day: isoDay(day), bytes, reason }, 'removed a day past its retention');
    }
    if (removed.length > 0) this.#onFilesChanged();
  }

  stats(): UpkeepStats {
    const files = { hot: { count: 0, bytes: 0, chunks: 0 }, sealed: { count: 0, bytes: 0, chunks: 0 } };
    for (const { hot, sealed, day } of listPartitions(this.#dir)) {
      for (const [kind, file] of Object.entries({ hot, sealed })) {
        if (file === undefined) continue;
        const sum = files[kind as PartitionKind];
        sum.count++;
        sum.bytes += partitionBytes({ day, [kind]: file });
      }
    }
    for (const { kind, blocks } of this.#inventory(MAX_COUNTED)) files[kind].chunks += blocks;
    return { ...this.#seals.stats, ...this.#done, files };
  }

  close(): void {
    this.#deleting?.return();
    this.#seals.stop();
    for (const day of [...this.#writers.keys()]) this.#closeWriter(day);
  }

  *#count(deletion: Deletion, tally: DeletionTally): Generator<void, void> {
    yield;
    for (const files of this.#daysWithin(deletion.range)) {
      yield* countDay(files, deletion, this.#addon, tally);
    }
  }

  *#delete(deletion: Deletion, tally: DeletionTally): Generator<void, void> {
    yield;
    if (this.#isUnfinished) this.#finishChange();
    this.#seals.stop();
    const days = this.#daysWithin(deletion.range);
    const changes: DayChange[] = [];
    try {
      // Days that are appended to come last: appends wait for no more than these.
      for (const files of days.filter(({ hot }) => hot === undefined)) {
        const change = yield* rewriteDay(this.#dir, files, deletion, this.#addon, tally);
        if (change) changes.push(change);
      }
      this.#isHolding = true;
      for (const files of days.filter(({ hot }) => hot !== undefined)) {
        this.#closeWriter(files.day);
        const change = yield* rewriteDay(this.#dir, files, deletion, this.#addon, tally);
        if (change) changes.push(change);
      }
      if (changes.length === 0) return;
      this.#commit(changes);
      const { series, samples } = tally;
      this.#done.deletedSamples += samples;
      this.#log.info({ series, samples, days: changes.length }, 'deleted samples');
    } finally {
      this.#onFilesChanged();
      // What was decided and could not be completed still needs its files.
      if (!hasPlan(this.#dir)) for (const { day } of changes) removeDatabase(changedPath(this.#dir, day));
    }
  }

  #commit(changes: readonly DayChange[]): void {
    this.#isUnfinished = true;
    this.#changing(() => commitChange(this.#dir, changes, this.#addon));
    this.#isUnfinished = false;
    this.#onFilesChanged();
  }

  #daysWithin(range: TimeRange): PartitionFiles[] {
    return listPartitions(this.#dir).filter(({ day }) => isWithin(day, range));
  }

  #finishChange(): void {
    this.#changing(() => finishChange(this.#dir, { addon: this.#addon, log: this.#log }));
    this.#isUnfinished = false;
    this.#onFilesChanged();
  }

  #writer(day: number): Writer {
    const open = this.#writers.get(day);
    if (open) {
      this.#writers.delete(day);
      this.#writers.set(day, open);
      return open;
    }
    const file = partitionPath(this.#dir, day, 'hot');
    let partition: HotPartition;
    try {
      partition = openHotPartition(file, { addon: this.#addon, day });
    } catch (error) {
      if (!(error instanceof CorruptBlockError)) throw error;
      this.#setAside(day, error);
      partition = openHotPartition(file, { addon: this.#addon, day });
    }
    this.#onFilesChanged();
    const writer: Writer = { partition, known: new Uint32Array(64), isDirty: false };
    this.#writers.set(day, writer);
    const oldest = this.#writers.keys().next().value!;
    if (this.#writers.size > MAX_WRITERS) this.#closeWriter(oldest);
    return writer;
  }

  #setAside(day: number, error: CorruptBlockError): void {
    this.#writers.get(day)?.partition.close();
    this.#writers.delete(day);
    setAside(this.#dir, partitionPath(this.#dir, day, 'hot'), error.message, this.#log);
    this.#onFilesChanged();
  }

  #closeWriter(day: number): void {
    const writer = this.#writers.get(day);
    if (!writer) return;
    this.#writers.delete(day);
    try {
      if (writer.isDirty) writer.partition.checkpoint();
    } finally {
      writer.partition.close();
    }
  }
}

/** Entries of the batch's series that the partition was not handed yet, and the bitmap that says so afterwards. */
function newSeries(
  batch: DayBatch,
  index: IndexReader,
  known: Uint32Array,
): { entries: SeriesEntry[]; handed: Uint32Array } {
  const entries: SeriesEntry[] = [];
  let bits = known;
  const add = (ref: SeriesRef, source: SourceId): void => {
    const word = ref >>> 5;
    if (word >= bits.length || bits === known) {
      const grown = new Uint32Array(Math.max(word + 1, bits === known ? bits.length : bits.length * 2));
      grown.set(bits);
      bits = grown;
    }
    if ((bits[word]! & (1 << (ref & 31))) !== 0) return;
    bits[word]! |= 1 << (ref & 31);
    const series = index.byRef(ref);
    if (series < 0) throw new Error(`series ${ref} is not in the index`);
    entries.push({ ref, source, labels: index.labelsOf(series) });
  };
  for (const rows of batch.rows) rows.eachSeries((ref) => add(ref, rows.source));
  for (const { ref } of batch.own) add(ref, 0 as SourceId);
  return { entries, handed: bits };
}
