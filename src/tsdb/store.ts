import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { MessagePort } from 'node:worker_threads';
import type { Registry } from 'prom-client';
import type { Clock, Timer } from '../clock.ts';
import type { Appender, AppendOutcome, ScrapeAppender } from '../model/appender.ts';
import type { Exemplar } from '../model/exemplar.ts';
import type { Histogram } from '../model/histogram.ts';
import type { Labels } from '../model/labels.ts';
import type { Log } from '../model/log.ts';
import type { MetricMetadata } from '../model/queryable.ts';
import { openDatabase, type SqliteAddon } from '../sqlite/database.ts';
import { lockDirectory, unusable } from './directory.ts';
import { Flusher, type FlushStats } from './flusher.ts';
import type { ExemplarCounts } from './head/exemplar-ring.ts';
import { Head } from './head/head.ts';
import { isOf, type KeptIndex, keepIndex, keptIndexFile } from './log/kept-index.ts';
import { type LogDb, openLogDb } from './log/log-db.ts';
import { createLogWriter, type LogStats, type LogWriter } from './log/log-writer.ts';
import { type ReplayResult, replayLog } from './log/replay.ts';
import type { DayChange } from './partition/change.ts';
import type { Deletion } from './partition/deletion.ts';
import { recoverPartitions } from './partition/directory.ts';
import { EARLIEST, LATEST } from './partition.ts';
import type { DeletionResult, RetentionSettings, StorageInit, UpkeepStats } from './protocol.ts';
import { setAside } from './quarantine.ts';
import type { StoreShared } from './queryable.ts';
import { createReserve, type Reserve } from './reserve.ts';
import { type RenewalSettings, SeriesRenewal } from './series-renewal.ts';
import { registerStoreMetrics } from './store-metrics.ts';

const RESERVE_MS = 60_000;

export interface StoreOptions {
  readonly dir: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly registry: Registry;
  readonly addon: SqliteAddon;
  readonly retention: RetentionSettings;
  /** Memory for samples that cannot be moved to partitions, bytes; beyond it the oldest are given up. */
  readonly maxHeadBytes?: number;
  /** Exemplars kept at most; none when absent. */
  readonly maxExemplars?: number;
  /** What `readKeptIndex` found in the directory; the log is read without it, which takes longer. */
  readonly kept?: KeptIndex | undefined;
  /** Series from which on the index is kept for the next start. */
  readonly keepsIndexFrom?: number;
  /** When series that ended are forgotten, where it is not as usual. */
  readonly renewal?: RenewalSettings;
  /** Other databases of the directory, written by main, that the background worker checkpoints. */
  readonly checkpoint?: readonly string[];
  /** Rows of the log after this one are kept for somebody who reads them, as `Store.holdLog` says later. */
  readonly heldLogRow?: number | undefined;
  /**
   * Starts the storage service (createStorageService) in the background worker and returns the port to it. Called when there first is
   * something for it to do, and again when the worker has died.
   */
  readonly connect: (init: StorageInit) => MessagePort;
}

export interface StoreStats {
  readonly series: number;
  readonly samplesAppended: number;
  readonly headBytes: number;
  /** Scrapes given up unstored: the disk was full for longer than memory lasts. */
  readonly lostRows: number;
  /** Scrapes taken although the clock was set back and what is stored is ahead of them. */
  readonly behindScrapes: number;
  readonly log: LogStats & { readonly rows: number; readonly bytes: number };
  readonly flush: FlushStats;
  /** Of partitions, at most a minute old. */
  readonly upkeep: UpkeepStats;
  readonly replay: ReplayResult;
  readonly rejected: Readonly<Record<RejectReason, number>>;
  readonly exemplars: ExemplarCounts & {
    readonly kept: number;
    readonly series: number;
    readonly capacity: number;
    /** Unix ms of the one that goes next; 0 when there is none. */
    readonly oldest: number;
  };
}

export type RejectReason = Exclude<AppendOutcome, 'ok'>;

export interface Store extends Appender {
  readonly dir: string;
  /** What other threads need to read the store (createQueryable, openQueryable). */
  readonly shared: StoreShared;
  readonly metricMetadata: ReadonlyMap<string, MetricMetadata>;
  /** Why samples are in memory only at the moment, or undefined: then they are in the log. */
  degraded(): string | undefined;
  /** Writes the head to partitions, syncs them, and merges, seals and removes what can be. @throws Error when it cannot */
  flush(): Promise<void>;
  /** Resolves when what was committed to any database of the directory is on the disk. @throws Error when it cannot be */
  sync(): Promise<void>;
  /**
   * Removes the samples stored before this call that a deletion names, from memory, log and partitions, and frees their room; with
   * `isPreview` counts them only. All of them go at once, and for good when it resolves.
   * @throws Error when it cannot be done
   */
  delete(deletion: Deletion, isPreview: boolean): Promise<DeletionResult>;
  /** Changes sealed files as one, within `exclusively`; see Flusher.change. */
  change(prepare: () => Promise<readonly DayChange[]>): Promise<void>;
  /** Numbers for `count` series that are written to partitions by others; returns the first. They are the caller's for good after `sync`. */
  reserveRefs(count: number): number;
  /** Runs a work when no deletion is under way, and keeps them waiting until it is done. */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
  setRetention(retention: RetentionSettings): void;
  /** How many exemplars are kept at most; the latest stay. */
  setMaxExemplars(count: number): void;
  /** Keeps the rows of the log after `row`, whether or not a replay needs them; undefined keeps none. */
  holdLog(row: number | undefined): void;
  newestLogRow(): number;
  stats(): StoreStats;
  /** Stores what is pending and gives the directory up. */
  close(): Promise<void>;
}

/**
 * Opens the data directory, for this process alone, and brings back what the log holds.
 * @throws DataDirectoryError when it is in use or cannot be used
 */
export function openStore(options: StoreOptions): Store {
  const { dir, log, addon } = options;
  const lock = lockDirectory(dir, addon);
  const reserve = createReserve(dir);
  try {
    reserve.giveUpToStart();
    recoverPartitions(dir, { addon, log });
    return openLocked(options, reserve, lock.release);
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** @param release gives the directory up */
function openLocked(options: StoreOptions, reserve: Reserve, release: () => void): Store {
  const { dir, clock, log, registry, retention, connect, checkpoint = [] } = options;
  const logFile = path.join(dir, 'log.db');
  const { db, writer, head, replay } = openLog(options, logFile, reserve);
  /** Spares the next start the work of making the index anew. */
  const leaveIndex = (): void => {
    if (!writer.write()) return;
    try {
      keepIndex(keptIndexFile(dir), head, {
        mark: db.definitionsMark(),
        definitionCount: replay.definitions + writer.definitionCount - renewal.forgottenDefinitions,
        fewestSeries: options.keepsIndexFrom,
      });
    } catch (error) {
      log.warn({ err: error }, 'the index is not kept for the next start, which reads the log instead');
    }
  };
  const keepReserve = (): Timer => {
    if (!writer.failure) void reserve.restore();
    return clock.after(RESERVE_MS, () => {
      timer = keepReserve();
    });
  };
  let timer = keepReserve();
  const shared: StoreShared = { dir, head: head.shared };
  let currentRetention = retention;
  const flusher = new Flusher({
    head,
    log,
    clock,
    writer,
    db,
    connect: () =>
      connect({
        dir,
        head: head.shared,
        checkpoint: [logFile, ...checkpoint],
        retention: currentRetention,
      }),
  });
  flusher.holdLog(options.heldLogRow);
  const renewal = new SeriesRenewal(
    {
      head,
      clock,
      log,
      writer,
      db,
      definitionsAtStart: replay.definitions,
      sync: () => flusher.sync(),
      isLogHeld: (before) => flusher.isLogHeld(before),
    },
    options.renewal,
  );
  /** Of works that must not meet, each waits for those before it. */
  let lastTurn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = lastTurn.then(work, work);
    lastTurn = turn;
    return turn;
  };
  const { admit, counted, rejected } = createAdmission(clock, () => currentRetention.timeMs);
  const stats = (): StoreStats => {
    const { rows, pages, pageSize } = db.stats();
    return {
      series: head.index.count,
      samplesAppended: head.samplesAppended,
      headBytes: head.arena.usedBytes,
      lostRows: head.lostRows,
      behindScrapes: head.behindScrapes,
      log: { ...writer.stats, rows, bytes: pages * pageSize },
      flush: flusher.stats,
      upkeep: flusher.upkeep,
      replay,
      rejected,
      exemplars: {
        ...head.exemplars.counts,
        kept: head.exemplars.size,
        series: head.exemplars.seriesCount,
        capacity: head.exemplars.capacity,
        oldest: head.exemplars.oldestTimestamp ?? 0,
      },
    };
  };
  const store: Store = {
    dir,
    shared,
    metricMetadata: head.metadata,
    source: (key: string): ScrapeAppender => head.source(key),
    append(labels: Labels, timestamp: number, value: number, start?: number) {
      const admission = admit(timestamp);
      return counted(admission === 'ok' ? head.append(labels, timestamp, value, start) : admission);
    },
    appendBits(labels: Labels, timestamp: number, low: number, high: number, start?: number) {
      const admission = admit(timestamp);
      return counted(admission === 'ok' ? head.appendBits(labels, timestamp, low, high, start) : admission);
    },
    appendHistogram(labels: Labels, timestamp: number, histogram: Histogram, start?: number) {
      const admission = admit(timestamp);
      return counted(
        admission === 'ok' ? head.appendHistogram(labels, timestamp, histogram, start) : admission,
      );
    },
    appendStale(labels: Labels, timestamp: number) {
      const admission = admit(timestamp);
      return counted(admission === 'ok' ? head.appendStale(labels, timestamp) : admission);
    },
    exemplar: (labels: Labels, exemplar: Exemplar) => head.exemplar(labels, exemplar),
    metadata: (metric, metadata) => head.setMetadata(metric, metadata),
    committed: () => writer.committed(),
    pause: () => writer.pause(),
    degraded: () => writer.failure?.message ?? flusher.failure,
    flush: () => flusher.flushAll(),
    sync: () => flusher.sync(),
    exclusively: inTurn,
    change: (prepare) => flusher.change(prepare),
    reserveRefs: (count) => head.reserveRefs(count),
    delete: (deletion, isPreview) => inTurn(() => flusher.delete(deletion, isPreview)),
    setRetention(changed) {
      currentRetention = changed;
      flusher.setRetention(changed);
    },
    setMaxExemplars(count) {
      db.keepExemplars(count);
      head.exemplars.resize(count);
    },
    holdLog: (row) => flusher.holdLog(row),
    newestLogRow: () => writer.seq - 1,
    stats,
    async close() {
      timer.cancel();
      renewal.close();
      writer.close();
      await flusher.close();
      leaveIndex();
      db.close();
      await reserve.restoreToStop();
      release();
    },
  };
  registerStoreMetrics(registry, store);
  return store;
}

/** Says which samples with their own times are taken, those that retention would keep, and counts the others. */
function createAdmission(
  clock: Clock,
  retentionMs: () => number,
): {
  admit(timestamp: number): AppendOutcome;
  counted(outcome: AppendOutcome): AppendOutcome;
  readonly rejected: Readonly<Record<RejectReason, number>>;
} {
  const rejected = { duplicate: 0, conflict: 0, too_old: 0, too_new: 0, invalid: 0 };
  return {
    admit(timestamp) {
      if (!(timestamp < LATEST)) return 'too_new';
      if (timestamp < EARLIEST) return 'too_old';
      const timeMs = retentionMs();
      return timeMs > 0 && timestamp < clock.now() - timeMs ? 'too_old' : 'ok';
    },
    counted(outcome) {
      if (outcome !== 'ok') rejected[outcome]++;
      return outcome;
    },
    rejected,
  };
}

interface OpenLog {
  readonly db: LogDb;
  readonly writer: LogWriter;
  readonly head: Head;
  readonly replay: ReplayResult;
}

/** Opens the log and replays it. A file that SQLite cannot read is set aside; what was read of it goes into a new one. */
function openLog(
  {
    dir,
    clock,
    log,
    addon,
    kept: found,
    heldLogRow,
    maxHeadBytes = defaultHeadBytes(),
    maxExemplars = 0,
  }: StoreOptions,
  file: string,
  reserve: Reserve,
): OpenLog {
  const newSeed = randomBytes(4).readInt32LE();
  const attempt = (): OpenLog => {
    const db = openLogDb(file, addon);
    db.keepExemplars(maxExemplars);
    try {
      let head: Head | undefined;
      const writer = createLogWriter({
        db,
        clock,
        log,
        onStored: () => head?.commit(),
        onFull: () => reserve.giveUp(),
        onLost: () => head?.relog(),
      });
      const kept = found && isOf(found, db.definitionsMark(), maxExemplars > 0) ? found : undefined;
      head = new Head(newSeed, writer, maxHeadBytes, maxExemplars, kept?.shared);
      // What was forgotten here may be named by rows that are kept for somebody else.
      const replay = replayLog(db, head, log, clock, { compacts: heldLogRow === undefined, kept });
      if (replay.samples > 0 || replay.damaged > 0) log.info({ ...replay }, 'replayed the log');
      return { db, writer, head, replay };
    } catch (error) {
      db.close();
      throw error;
    }
  };
  try {
    return attempt();
  } catch (error) {
    // Damage shows itself in many ways; that it is damage and no full disk, SQLite's own check tells.
    if (!fs.existsSync(file) || isSound(file, addon)) {
      const isOfSqlite = (error as { code?: string }).code?.startsWith('SQLITE_');
      throw isOfSqlite ? unusable(dir, error, path.basename(file)) : error;
    }
    setAside(dir, file, (error as Error).message, log);
    return attempt();
  }
}

function isSound(file: string, addon: SqliteAddon): boolean {
  try {
    const db = openDatabase(file, { addon, readonly: true });
    try {
      return db.pragma('quick_check(1)', { simple: true }) === 'ok';
    } finally {
      db.close();
    }
  } catch (error) {
    const code = (error as { code?: string }).code ?? '';
    return !code.startsWith('SQLITE_CORRUPT') && code !== 'SQLITE_NOTADB';
  }
}

/** An eighth of what this process may use. */
function defaultHeadBytes(): number {
  const limit = process.constrainedMemory() || Number.POSITIVE_INFINITY;
  return Math.max(256 * 2 ** 20, Math.min(os.totalmem(), limit) / 8);
}
