import type { SqliteAddon } from '../../sqlite/database.ts';
import type { SeriesRef } from '../block.ts';
import type { HeadShared } from '../head/layout.ts';
import type { DayChange } from '../partition/change.ts';
import type { PartitionFiles } from '../partition/directory.ts';
import { changedPath } from '../partition/names.ts';
import { removeDatabase } from '../partition/seal.ts';
import type { Tally } from './additions.ts';
import { writeDay } from './day-writer.ts';
import type { SampleGatherer } from './gatherer.ts';
import { StoredDay } from './stored-day.ts';

export interface ImportResult extends Tally {
  /** Series and days that came, whether or not they added anything. */
  readonly series: number;
  readonly days: number;
  /** Size of the files that were written. */
  readonly bytes: number;
  /** Exemplars that came with samples and were left out. */
  readonly exemplars: number;
}

/** What an import has written beside the files of its days, for `commitChange`. */
export interface WrittenDays {
  readonly changes: readonly DayChange[];
  readonly bytes: number;
}

export const tallyOf = ({ duplicates, conflicts }: SampleGatherer): Tally => ({
  added: 0,
  duplicates,
  conflicts,
});

/**
 * Writes what a finished gatherer holds, day by day; a `next()` each. Nothing of it counts before `commitChange`; the files of its
 * days must stay as they are until then.
 * @throws Error when it cannot be written; then nothing is left
 */
export function* writeDays(options: {
  readonly dir: string;
  readonly addon: SqliteAddon;
  readonly gatherer: SampleGatherer;
  /** What is in no partition yet. */
  readonly head: HeadShared;
  readonly stored: ReadonlyMap<number, PartitionFiles>;
  /** Ref of a series that a day does not have yet. */
  readonly refOf: (series: number) => SeriesRef;
  readonly tally: Tally;
}): Generator<{ readonly day: number; readonly days: number }, WrittenDays> {
  const { dir, addon, gatherer, head, stored, refOf, tally } = options;
  const days = gatherer.days();
  const changes: DayChange[] = [];
  let bytes = 0;
  let isDone = false;
  try {
    for (const [i, day] of days.entries()) {
      const before = new StoredDay(stored.get(day) ?? { day }, head, addon);
      try {
        const one = writeDay(day, before, { directory: dir, addon, gatherer, refOf, tally });
        if (one) {
          changes.push({ day, sealed: 'replaced', hotId: undefined });
          bytes += one.bytes;
        }
      } finally {
        before.close();
      }
      yield { day: i + 1, days: days.length };
    }
    isDone = true;
    return { changes, bytes };
  } finally {
    if (!isDone) for (const { day } of changes) removeDatabase(changedPath(dir, day));
  }
}
