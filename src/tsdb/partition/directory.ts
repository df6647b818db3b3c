import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { CorruptBlockError } from '../../encoding/corrupt-block.ts';
import type { Log } from '../../model/log.ts';
import { openDatabase, type SqliteAddon } from '../../sqlite/database.ts';
import { PARTITION_MS } from '../partition.ts';
import { setAside } from '../quarantine.ts';
import { finishChange } from './change.ts';
import { syncDirectory } from './files.ts';
import { companions, isoDay, parsePartitionName } from './names.ts';
import { corruptionAt, type PartitionKind, readMeta } from './schema.ts';
import { removeCoveredHot, removeDatabase } from './seal.ts';

/** The files of one day, either or both. With both, the hot one holds samples that came after the day was sealed. */
export interface PartitionFiles {
  /** First instant of the day, Unix ms. */
  readonly day: number;
  readonly hot?: string;
  readonly sealed?: string;
}

/** Days that have files, oldest first, told from their names alone. Any thread may ask; a file may be gone a moment later. */
export function listPartitions(directory: string): PartitionFiles[] {
  const days = new Map<number, { day: number; hot?: string; sealed?: string }>();
  for (const name of readdirSync(directory)) {
    const parsed = parsePartitionName(name);
    if (parsed === undefined) continue;
    const files = days.get(parsed.day) ?? { day: parsed.day };
    files[parsed.kind] = join(directory, name);
    days.set(parsed.day, files);
  }
  return [...days.values()].sort((a, b) => a.day - b.day);
}

/** Bytes that the files of a day take, write-ahead logs included. */
export function partitionBytes(files: PartitionFiles): number {
  let bytes = 0;
  for (const file of [files.hot, files.sealed]) {
    if (file === undefined) continue;
    for (const one of [file, ...companions(file)])
      bytes += statSync(one, { throwIfNoEntry: false })?.size ?? 0;
  }
  return bytes;
}

/**
 * Puts a data directory in order at start, before any partition is opened: a change of several days that was decided is finished,
 * leftovers of an unfinished seal go, a hot file that its sealed file has taken in goes, what is no readable partition under a
 * partition's name is set aside. Returns what there is.
 */
export function recoverPartitions(
  directory: string,
  options: { readonly addon: SqliteAddon; readonly log: Log },
): PartitionFiles[] {
  const { addon, log } = options;
  finishChange(directory, options);
  removeLeftovers(directory);
  for (const { day, hot, sealed } of listPartitions(directory)) {
    if (hot && isEmptyDatabase(hot, addon)) removeDatabase(hot);
    const usable = [
      hot && existsSync(hot) && checkPartition(directory, hot, { day, kind: 'hot' }, options),
      sealed && checkPartition(directory, sealed, { day, kind: 'sealed' }, options),
    ];
    if (usable[0] && usable[1] && removeCoveredHot({ directory, day, addon })) {
      log.info({ day: isoDay(day) }, 'finished a seal that was cut off');
    }
  }
  return listPartitions(directory);
}

export interface RetentionLimits {
  /** Days that ended at or before this instant go, Unix ms. */
  readonly keepFrom?: number;
  /** Oldest days go until the rest takes no more, bytes; the newest day always stays. */
  readonly maxBytes?: number;
}

export interface RemovedPartition extends PartitionFiles {
  readonly bytes: number;
  readonly reason: 'time' | 'size';
}

/** Which days retention would remove, oldest first. */
function expiredPartitions(
  partitions: readonly PartitionFiles[],
  limits: RetentionLimits,
): RemovedPartition[] {
  const { keepFrom = Number.NEGATIVE_INFINITY, maxBytes = Number.POSITIVE_INFINITY } = limits;
  const sized = partitions.map((files) => ({ ...files, bytes: partitionBytes(files) }));
  let total = sized.reduce((sum, { bytes }) => sum + bytes, 0);
  const expired: RemovedPartition[] = [];
  sized.forEach((files, i) => {
    const isOld = files.day + PARTITION_MS <= keepFrom;
    const isTooMuch = total > maxBytes && i < sized.length - 1;
    if (!isOld && !isTooMuch) return;
    total -= files.bytes;
    expired.push({ ...files, reason: isOld ? 'time' : 'size' });
  });
  return expired;
}

/**
 * Removes the days that are too old or too much and returns them. Writers of those days must be closed; readers that have one open
 * go on with it.
 */
export function applyRetention(directory: string, limits: RetentionLimits): RemovedPartition[] {
  const expired = expiredPartitions(listPartitions(directory), limits);
  for (const { hot, sealed } of expired) {
    if (hot) removeDatabase(hot);
    if (sealed) removeDatabase(sealed);
  }
  if (expired.length > 0) syncDirectory(directory);
  return expired;
}

/** Unfinished hot and sealed files, files of a change that was never decided, and write-ahead logs whose database is gone. */
function removeLeftovers(directory: string): void {
  for (const name of readdirSync(directory)) {
    const sealing = /^(.*\.db)\.(?:sealing|changed|making)(-\w+)?$/.exec(name);
    const companion = /^(.*\.db)-(wal|shm|journal)$/.exec(name);
    const database = (sealing ?? companion)?.[1];
    if (database === undefined || parsePartitionName(database) === undefined) continue;
    if (sealing || !existsSync(join(directory, database))) rmSync(join(directory, name), { force: true });
  }
}

/** Whether a crash came before the first table of a new hot file. */
function isEmptyDatabase(file: string, addon: SqliteAddon): boolean {
  try {
    const db = openDatabase(file, { addon, readonly: true });
    try {
      return db.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined;
    } finally {
      db.close();
    }
  } catch {
    // Not readable at all: `checkPartition` finds that out again, and why.
    return false;
  }
}

/** Whether the file can be used; a damaged or foreign one is set aside. */
function checkPartition(
  directory: string,
  file: string,
  expected: { readonly day: number; readonly kind: PartitionKind },
  { addon, log }: { readonly addon: SqliteAddon; readonly log: Log },
): boolean {
  try {
    corruptionAt(file, () => {
      const db = openDatabase(file, { addon, readonly: true });
      try {
        const { day, kind } = readMeta(db);
        if (day !== expected.day || kind !== expected.kind) {
          throw new CorruptBlockError(
            `expected the ${expected.kind} partition of ${isoDay(expected.day)}, found a ${kind} one of ${isoDay(day)}`,
          );
        }
      } finally {
        db.close();
      }
    });
    return true;
  } catch (error) {
    if (error instanceof CorruptBlockError) setAside(directory, file, error.detail, log);
    // The disk's fault, not the file's: it stays where it is, and the rest of the store goes on.
    else if ((error as { code?: string }).code?.startsWith('SQLITE_IOERR'))
      log.error({ file, error: (error as Error).message }, `cannot read partition ${basename(file)}`);
    else throw error;
    return false;
  }
}
