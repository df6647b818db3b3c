import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Clock } from '../../clock.ts';
import { ByteWriter } from '../../encoding/bytes.ts';
import type { Log } from '../../model/log.ts';
import type { MetricMetadata } from '../../model/queryable.ts';
import type { SqliteAddon } from '../../sqlite/database.ts';
import type { FileLock } from '../../sqlite/lock.ts';
import type { SeriesRef } from '../block.ts';
import { lockDirectory, unusable } from '../directory.ts';
import type { Head } from '../head/head.ts';
import { definitionWriter } from '../log/definitions.ts';
import { openLogDb } from '../log/log-db.ts';
import { commitChange } from '../partition/change.ts';
import { listPartitions, type PartitionFiles, recoverPartitions } from '../partition/directory.ts';
import { SampleGatherer } from './gatherer.ts';
import { readLog } from './log-view.ts';
import { firstFreeRef } from './stored-day.ts';
import { type ImportResult, tallyOf, writeDays } from './write-days.ts';

export interface ImportOptions {
  readonly dir: string;
  /** Loads the addon; not called before it is needed. */
  readonly addon: () => SqliteAddon;
  readonly clock: Clock;
  /** Hears of trouble with files that were there before. */
  readonly log: Log;
}

/** An import into a data directory that no server is using. Nothing is changed there before `store`. */
export interface Import {
  readonly gatherer: Pick<SampleGatherer, 'series' | 'samples' | 'exemplars'>;
  metadata(metric: string, part: Partial<MetricMetadata>): void;
  /** Stores all that came, day by day; a `next()` each. @throws Error when it cannot be; then the directory is as it was */
  store(): Generator<{ readonly day: number; readonly days: number }, ImportResult>;
  /** Gives the directory up. */
  close(): void;
}

/** @throws DataDirectoryError when the directory is in use or cannot be used */
export function openImport({ dir, addon, clock, log }: ImportOptions): Import {
  // A directory that is not there yet is made only when there is something to store in it.
  let lock: FileLock | undefined = existsSync(dir) ? lockDirectory(dir, addon()) : undefined;
  let gatherer: SampleGatherer;
  try {
    gatherer = new SampleGatherer(existingPart(dir));
  } catch (error) {
    lock?.release();
    throw unusable(dir, error);
  }
  const metadata = new Map<string, MetricMetadata>();
  return {
    gatherer,
    metadata(metric, part) {
      const known = metadata.get(metric) ?? { type: 'unknown', help: '', unit: '' };
      metadata.set(metric, { ...known, ...part });
    },
    *store() {
      gatherer.finish();
      const days = gatherer.days();
      const tally = tallyOf(gatherer);
      const { exemplars } = gatherer;
      const result = { series: gatherer.labels.length, days: days.length, bytes: 0, exemplars };
      if (days.length === 0) return { ...result, ...tally };
      lock ??= lockDirectory(dir, addon());
      recoverPartitions(dir, { addon: addon(), log });
      const head = readLog(dir, { addon: addon(), clock, log });
      const stored = new Map(listPartitions(dir).map((files) => [files.day, files]));
      const refs = createRefs(days, stored, head, addon());
      const deps = { dir, addon: addon(), gatherer, head: head.shared, stored, refOf: refs.refOf, tally };
      const { changes, bytes } = yield* writeDays(deps);
      // Before a file has one of the new refs, no server may give it away again.
      noteInLog(dir, addon(), refs.next(), head, metadata);
      commitChange(dir, changes, addon());
      return { ...result, bytes, ...tally };
    },
    close() {
      gatherer.close();
      lock?.release();
      lock = undefined;
    },
  };
}

/** The directory, or the nearest one above it that exists. */
function existingPart(dir: string): string {
  let part = resolve(dir);
  while (!existsSync(part)) part = dirname(part);
  return part;
}

/** Numbers for imported series, above all that were given away; one per series, whatever its days. */
function createRefs(
  days: readonly number[],
  stored: ReadonlyMap<number, PartitionFiles>,
  head: Head,
  addon: SqliteAddon,
): { refOf(series: number): SeriesRef; next(): number } {
  let next = head.counters.ref;
  for (const day of days) {
    const files = stored.get(day);
    if (files) next = Math.max(next, firstFreeRef(files, addon));
  }
  const refs: SeriesRef[] = [];
  return {
    refOf: (series) => (refs[series] ??= next++ as SeriesRef),
    next: () => next,
  };
}

function noteInLog(
  dir: string,
  addon: SqliteAddon,
  nextRef: number,
  head: Head,
  metadata: ReadonlyMap<string, MetricMetadata>,
): void {
  const out = new ByteWriter();
  const write = definitionWriter(out);
  write.counters(nextRef, head.counters.source);
  for (const [metric, one] of metadata) if (!head.metadata.has(metric)) write.metadata(metric, one);
  const db = openLogDb(join(dir, 'log.db'), addon);
  try {
    const nothing = new Uint8Array(0);
    db.append(db.nextSeq, {
      records: nothing,
      definitions: out.view(),
      exemplars: nothing,
      exemplarCount: 0,
    });
  } finally {
    db.close();
  }
}
