import fs from 'node:fs';
import type { Log } from '../model/log.ts';
import type { TimeRange } from '../model/time.ts';
import type { SqliteAddon } from '../sqlite/database.ts';
import type { Visibility } from './head/own-reader.ts';
import { ColumnCache } from './partition/column-cache.ts';
import { listPartitions } from './partition/directory.ts';
import { openPartitionReader } from './partition/reader.ts';
import type { Loss } from './partition/unreadable.ts';
import { PARTITION_MS, type PartitionReader } from './partition.ts';
import { createPartitionCache, type PartitionFile } from './partition-cache.ts';
import { listQuarantined } from './quarantine.ts';
import { createQueryable, type StoreQueryable, type StoreShared } from './queryable.ts';

/** Memory a thread keeps from query to query, bytes. */
export interface KeptMemory {
  /** Decoded columns of sealed days; a series-day at 15 s takes 46 KB. */
  readonly columns: number;
  /** Scratch memory; unless 0, columns are good until their querier is closed, and no longer. */
  readonly scratch: number;
  /** Labels of partitions, some 100 bytes a series-day. */
  readonly labels: number;
  /** Series of the head for which selectors and labels are kept resolved: a number, some 150 bytes each. */
  readonly series: number;
}

const MB = 1024 * 1024;
const ONE_PASS: KeptMemory = { columns: 8 * MB, scratch: 0, labels: 64 * MB, series: 20_000 };

/** Opens the store for queries in this thread. @param shared what `Store.shared` says, as it came from main */
export function openQueryable(
  shared: StoreShared,
  options: {
    readonly addon: SqliteAddon;
    readonly visibility: Visibility;
    readonly log?: Pick<Log, 'error'>;
    /** Told of what cannot be read, of one place perhaps many times. */
    readonly damaged?: (path: string, loss: Loss) => void;
    readonly keeps?: KeptMemory;
  },
): StoreQueryable {
  const { addon, visibility, log, keeps = ONE_PASS } = options;
  const list = (): PartitionFile[] => partitionFiles(shared.dir);
  const cache = new ColumnCache(keeps.columns);
  const open = (path: string): PartitionReader => openPartitionReader(path, { addon, cache });
  const damaged = (path: string, error: Loss): void => {
    log?.error({ file: path, err: error }, 'a damaged partition is left out of queries');
    options.damaged?.(path, error);
  };
  const partitions = createPartitionCache(list, open, { damaged }, keeps.labels);
  return createQueryable(shared, {
    visibility,
    partitions,
    scratchBytes: keeps.scratch,
    keptSeries: keeps.series,
    damaged: options.damaged ?? (() => {}),
  });
}

/** The partition files of a directory, as they are now, those that were set aside included. */
export function partitionFiles(dir: string): PartitionFile[] {
  const rangeOf = (day: number): TimeRange => ({ from: day, to: day + PARTITION_MS });
  const files = listPartitions(dir).flatMap(({ day, hot, sealed }): PartitionFile[] =>
    // The sealed file first: where both have a sample for one time, the one that was there before counts.
    [sealed, hot]
      .filter((path) => path !== undefined)
      .map((path) => ({ path, range: rangeOf(day), inode: inodeOf(path) })),
  );
  for (const { day, path } of listQuarantined(dir)) {
    files.push({ path, range: rangeOf(day), inode: 0, damage: 'it was set aside in quarantine/' });
  }
  return files;
}

/** 0 when the file is gone since it was listed. */
function inodeOf(path: string): number {
  try {
    return fs.statSync(path).ino;
  } catch {
    return 0;
  }
}
