import { basename } from 'node:path';
import { ViewChangedError } from '../model/queryable.ts';
import type { TimeRange } from '../model/time.ts';
import type { HeadReader } from './head/head-reader.ts';
import { KeptBlocks } from './partition/kept-blocks.ts';
import { isoDay } from './partition/names.ts';
import { kindOfLoss, type Loss, type LossKind, lossOf, UnreadableError } from './partition/unreadable.ts';
import type { PartitionReader } from './partition.ts';
import type { PartitionCache, PartitionFile } from './partition-cache.ts';

/** Memory for blocks that stay unpacked between the selectors of a query. */
const KEPT_BLOCK_BYTES = 8 * 1024 * 1024;

/** Times the directory is listed because a file was sealed, removed or found damaged between listing and opening it. */
const MAX_LISTINGS = 20;

/** What a query lacks of a partition. */
interface Missing {
  readonly range: TimeRange;
  readonly kind: LossKind;
  /** Where in the file, or what is wrong with all of it. */
  readonly places: Set<string>;
}

/** What the queriers of one thread have in common. */
export interface PartitionAccess {
  readonly partitions: PartitionCache;
  readonly damaged: (path: string, loss: Loss) => void;
  /** Whether the last query was sent back because samples with their own times were moved: the next one makes do with what it finds. */
  readonly moves: { sentBack: boolean };
}

/**
 * The partitions that belong to one view of the head: each is opened once, in a read transaction that begins after the head was pinned,
 * and stays open until the view ends. What cannot be read of them is left out and told in `warnings`.
 */
export class ViewPartitions {
  readonly #head: HeadReader;
  readonly #partitions: PartitionCache;
  readonly #damaged: PartitionAccess['damaged'];
  readonly #moves: PartitionAccess['moves'];
  readonly #isPatient: boolean;
  readonly #open = new Map<string, PartitionReader>();
  /** Blocks that more than one selector may want. */
  #kept: KeptBlocks | undefined;
  /** Partitions that are left out in whole or in part, by file. */
  readonly #missing = new Map<string, Missing>();
  /** Files that the disk did not give to this querier: it does not try again, so that all its selectors see the same. */
  readonly #unreadable = new Set<string>();

  constructor(head: HeadReader, { partitions, damaged, moves }: PartitionAccess) {
    this.#head = head;
    this.#partitions = partitions;
    this.#damaged = damaged;
    this.#moves = moves;
    this.#isPatient = moves.sentBack;
    moves.sentBack = false;
  }

  /** Keeps unpacked from now on what further selectors may want again. */
  keepBlocks(): void {
    this.#kept = new KeptBlocks(KEPT_BLOCK_BYTES);
  }

  /** Partitions that overlap the range, in order of time, opened for reading. */
  within(range: TimeRange): PartitionReader[] {
    for (let attempt = 0; attempt < MAX_LISTINGS; attempt++) {
      const readers: PartitionReader[] = [];
      const files = this.#partitions
        .list(this.#head.partitionsVersion)
        .filter((file) => file.range.to > range.from && file.range.from < range.to);
      let gone = 0;
      for (const file of files) {
        const reader = this.#open.get(file.path) ?? this.#begin(file);
        if (reader) readers.push(reader);
        else if (!this.#unreadable.has(file.path)) gone++;
      }
      if (gone === 0) {
        for (const { path, range: day, detail } of this.#partitions.leftOut()) {
          if (day.to > range.from && day.from < range.to)
            this.#missing.set(path, { range: day, kind: 'is damaged', places: new Set([detail]) });
        }
        return readers;
      }
      this.#partitions.forget();
    }
    throw new Error(
      `partitions listed in the data directory could not be opened in ${MAX_LISTINGS} attempts`,
    );
  }

  /** Runs a read of labels; undefined when they cannot be read. */
  guarded<T>(partition: PartitionReader, read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      const loss = lossOf(error, partition.file);
      if (!loss) throw error;
      this.miss(partition, loss);
      return undefined;
    }
  }

  /** Notes and tells what cannot be read of a partition. */
  miss({ file, range }: Pick<PartitionReader, 'file' | 'range'>, loss: Loss): void {
    const place = loss.message.startsWith(`${file}: `) ? loss.message.slice(file.length + 2) : loss.message;
    const known = this.#missing.get(file);
    if (known) known.places.add(place);
    else this.#missing.set(file, { range, kind: kindOfLoss(loss), places: new Set([place]) });
    this.#damaged(file, loss);
  }

  /** What is left out, a sentence for each partition. */
  get warnings(): readonly string[] {
    return Array.from(this.#missing, ([file, { range, kind, places }]) => {
      const [first] = places;
      const more = places.size > 1 ? ` and ${places.size - 1} more` : '';
      return `samples of partition ${basename(file)} (${isoDay(range.from)} UTC) are left out, because it ${kind}: ${first}${more}`;
    });
  }

  /** Ends all transactions: the view is over, or renewed. */
  end(): void {
    for (const reader of this.#open.values()) {
      reader.end();
      this.#partitions.give(reader);
    }
    this.#open.clear();
  }

  /** Undefined when the file is gone: sealed under another name, or past its retention; and when it is unreadable. */
  #begin({ path, range }: PartitionFile): PartitionReader | undefined {
    if (this.#unreadable.has(path)) return undefined;
    let reader: PartitionReader | undefined;
    try {
      reader = this.#partitions.take(path);
      if (reader === undefined) return undefined;
      reader.begin(this.#kept);
    } catch (error) {
      const loss = lossOf(error, path);
      if (!loss) throw error;
      if (loss instanceof UnreadableError) {
        reader?.close();
        if (!this.#partitions.isThere(path)) return undefined;
        this.#unreadable.add(path);
        this.miss({ file: path, range }, loss);
      } else if (reader) this.#partitions.discard(reader, loss);
      return undefined;
    }
    this.#open.set(path, reader);
    // Of several partitions that changed as one this querier may have others open as they were before.
    if (this.#head.viewChanged) throw new ViewChangedError();
    if (this.#head.own.hasMoved && !this.#isPatient) {
      this.#moves.sentBack = true;
      this.#head.own.awaitFlush();
      throw new ViewChangedError();
    }
    return reader;
  }
}
