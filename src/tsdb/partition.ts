import type { Labels } from '../model/labels.ts';
import type { Matcher } from '../model/matcher.ts';
import type { QueryBudget } from '../model/queryable.ts';
import type { Room } from '../model/room.ts';
import type { TimeRange } from '../model/time.ts';
import type { SeriesEntry, SeriesRef } from './block.ts';
import type { KeptBlocks } from './partition/kept-blocks.ts';
import type { SampleColumns } from './partition/samples.ts';
import type { Loss } from './partition/unreadable.ts';

/** Milliseconds of a partition: one UTC day. */
export const PARTITION_MS = 86_400_000;

/** First instant of the partition that holds `timestamp`, Unix ms. */
export const partitionStart = (timestamp: number): number =>
  Math.floor(timestamp / PARTITION_MS) * PARTITION_MS;

/** Times that a partition can be named by are those of the years 1 to 9999: [EARLIEST, LATEST), Unix ms. */
export const EARLIEST = -62_135_596_800_000;
export const LATEST = 253_402_300_800_000;

/** Samples of one series out of one partition, merged over its blocks: strictly increasing times, each once. */
export interface PartitionSamples extends SampleColumns {
  readonly ref: SeriesRef;
  readonly labels: Labels;
}

/** Reads one partition file (hot or sealed) in any thread, read-only. */
export interface PartitionReader {
  readonly file: string;
  readonly range: TimeRange;
  /** Starts a read transaction: until `end`, all calls see the same file. @param kept where blocks stay unpacked until then */
  begin(kept?: KeptBlocks): void;
  end(): void;
  /** Series that match, from the labels kept in the partition, whether or not they have samples in a narrower range. */
  match(matchers: readonly Matcher[], budget?: QueryBudget): readonly SeriesEntry[];
  /** Names of the labels of those series, each once; the same of whole days. */
  labelNames(matchers: readonly Matcher[], budget: QueryBudget): readonly string[];
  /** Values of one label among those series, each once. */
  labelValues(name: string, matchers: readonly Matcher[], budget: QueryBudget): readonly string[];
  /** Bytes that stay with the reader between two transactions. */
  readonly keptBytes: number;
  /**
   * Samples in `[range.from, range.to)`; series without any are left out. Each group of columns is read and decoded once.
   * @param damaged told of each piece that cannot be read, which is then left out
   * @throws CorruptBlockError when there is damage, and SQLite's error when the disk fails, and nobody to tell
   */
  read(
    series: readonly SeriesEntry[],
    range: TimeRange,
    budget: QueryBudget,
    room?: Room,
    damaged?: (loss: Loss) => void,
  ): readonly PartitionSamples[];
  close(): void;
}
