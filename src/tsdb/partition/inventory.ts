import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { CorruptBlockError } from '../../encoding/corrupt-block.ts';
import type { SqliteAddon } from '../../sqlite/database.ts';
import { PARTITION_MS } from '../partition.ts';
import { listPartitions } from './directory.ts';
import { openPartitionFile, type PartitionCounts, type PartitionKind, readCounts } from './schema.ts';

/** A partition file and how much it says it holds. */
export interface PartitionSummary extends PartitionCounts {
  /** The file's name without its ending. */
  readonly name: string;
  readonly kind: PartitionKind;
  /** Bytes of the database, its write-ahead log not counted. */
  readonly bytes: number;
}

/**
 * Lists the partitions of a directory with what they hold. Files that did not change are not opened again; a call that may open only so
 * many leaves out further ones, those of the oldest days, for the next.
 */
export function createInventory(dir: string, addon: SqliteAddon): (mayOpen?: number) => PartitionSummary[] {
  let known = new Map<string, { readonly state: string; readonly summary: PartitionSummary }>();
  return (mayOpen = Number.POSITIVE_INFINITY) => {
    const now: typeof known = new Map();
    let left = mayOpen;
    for (const { day, hot, sealed } of listPartitions(dir).reverse()) {
      for (const [kind, file] of Object.entries({ hot, sealed })) {
        if (file === undefined) continue;
        const stat = statSync(file, { throwIfNoEntry: false });
        // Sealed or removed since it was listed.
        if (!stat) continue;
        const wal = kind === 'hot' ? statSync(`${file}-wal`, { throwIfNoEntry: false }) : undefined;
        const state = `${stat.ino} ${stat.size} ${stat.mtimeMs} ${wal?.size} ${wal?.mtimeMs}`;
        const before = known.get(file);
        const isKnown = before?.state === state;
        if (!isKnown && left-- <= 0) continue;
        const summary = isKnown
          ? before.summary
          : {
              name: basename(file, '.db'),
              kind: kind as PartitionKind,
              bytes: stat.size,
              ...counts(file, day, addon),
            };
        now.set(file, { state, summary });
      }
    }
    known = now;
    return Array.from(now.values(), ({ summary }) => summary).reverse();
  };
}

/** Zeros for a file that cannot be read: queries say what is wrong with it. */
function counts(file: string, day: number, addon: SqliteAddon): PartitionCounts {
  const nothing = { series: 0, samples: 0, blocks: 0, first: day, last: day + PARTITION_MS };
  try {
    const { db } = openPartitionFile(file, addon);
    try {
      const found = readCounts(db);
      return Number.isNaN(found.first) ? { ...found, first: day, last: day + PARTITION_MS } : found;
    } finally {
      db.close();
    }
  } catch (error) {
    if (error instanceof CorruptBlockError || (error as { code?: string }).code?.startsWith('SQLITE_'))
      return nothing;
    throw error;
  }
}
