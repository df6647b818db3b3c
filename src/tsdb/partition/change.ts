import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { CorruptBlockError } from '../../encoding/corrupt-block.ts';
import type { Log } from '../../model/log.ts';
import type { SqliteAddon } from '../../sqlite/database.ts';
import { syncDirectory } from './files.ts';
import { changedPath, isoDay, partitionPath } from './names.ts';
import { metaOf, removeDatabase } from './seal.ts';

/** What a change does to the files of one day. */
export interface DayChange {
  /** First instant of the day, Unix ms. */
  readonly day: number;
  /** The sealed file gives way to the one at `changedPath`, or goes. */
  readonly sealed: 'replaced' | 'removed';
  /** The hot file with this id goes: what stays of it is in the new sealed one. */
  readonly hotId: string | undefined;
}

/** Names what is being done while files of several days change as one: docs/formats/partition.md. */
const PLAN = 'change.json';
const FORMAT = 1;

/**
 * Changes several days at once: after a crash at any point either all of them are changed or none. The new files are complete and
 * synced at `changedPath`; no writer of these days may be open.
 * @throws Error when the plan cannot be written, and then nothing is changed; or when a file cannot be moved: then the change holds, and
 * `finishChange` does the rest
 */
export function commitChange(directory: string, days: readonly DayChange[], addon: SqliteAddon): void {
  if (days.length === 0) return;
  const plan = join(directory, PLAN);
  const temporary = `${plan}.tmp`;
  try {
    const descriptor = openSync(temporary, 'w', 0o600);
    try {
      writeSync(descriptor, JSON.stringify({ format: FORMAT, days }));
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    // The new files have their names before the plan has its own.
    syncDirectory(directory);
    renameSync(temporary, plan);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  syncDirectory(directory);
  apply(directory, days, addon);
}

/** Whether a change was decided and is not complete. */
export const hasPlan = (directory: string): boolean => existsSync(join(directory, PLAN));

/** Completes a change that a crash or an error cut off after it was decided. Returns whether there was one. */
export function finishChange(
  directory: string,
  { addon, log }: { readonly addon: SqliteAddon; readonly log: Pick<Log, 'info' | 'error'> },
): boolean {
  const file = join(directory, PLAN);
  // What was not decided is left undone.
  rmSync(`${file}.tmp`, { force: true });
  if (!existsSync(file)) return false;
  const days = readPlan(file);
  if (days === undefined) {
    renameSync(file, `${file}.damaged`);
    log.error({ file }, 'a change of partitions was cut off and its plan cannot be read; it is left undone');
    return false;
  }
  apply(directory, days, addon);
  log.info({ days: days.map(({ day }) => isoDay(day)) }, 'finished a change of partitions that was cut off');
  return true;
}

function apply(directory: string, days: readonly DayChange[], addon: SqliteAddon): void {
  for (const { day, sealed, hotId } of days) {
    const sealedFile = partitionPath(directory, day, 'sealed');
    const changed = changedPath(directory, day);
    if (sealed === 'removed') removeDatabase(sealedFile);
    // When it is no longer there it has its name already.
    else if (existsSync(changed)) renameSync(changed, sealedFile);
    const hotFile = partitionPath(directory, day, 'hot');
    if (hotId !== undefined && existsSync(hotFile) && hotIdOf(hotFile, addon) === hotId)
      removeDatabase(hotFile);
  }
  syncDirectory(directory);
  rmSync(join(directory, PLAN));
  syncDirectory(directory);
}

/** Undefined when the file is damaged: it is set aside with the others that are. */
function hotIdOf(file: string, addon: SqliteAddon): string | undefined {
  try {
    return metaOf(file, addon).hotId;
  } catch (error) {
    if (error instanceof CorruptBlockError) return undefined;
    throw error;
  }
}

function readPlan(file: string): readonly DayChange[] | undefined {
  try {
    const { format, days } = JSON.parse(readFileSync(file, 'utf8')) as {
      format: number;
      days: readonly DayChange[];
    };
    return format === FORMAT && Array.isArray(days) ? days : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
