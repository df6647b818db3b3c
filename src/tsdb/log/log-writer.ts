import type { Clock, Timer } from '../../clock.ts';
import { ByteWriter } from '../../encoding/bytes.ts';
import type { Log } from '../../model/log.ts';
import { definitionWriter } from './definitions.ts';
import { writeExemplar } from './exemplars.ts';
import type { Journal } from './journal.ts';
import type { LogBatch, LogDb } from './log-db.ts';

/** Longest a sample waits for its log row. */
const BATCH_MS = 400;
/** Least time between two rows that are written because a pause suits: a row costs as much as the samples of a few scrapes in it. */
const APART_MS = 400;
/** A batch of this size does not wait. */
const BATCH_BYTES = 512 * 1024;
/** What is kept for a log that cannot be written; beyond it the head itself is the only copy until the log comes back. */
const MAX_PENDING_BYTES = 16 * 1024 * 1024;
const MAX_PENDING_EXEMPLAR_BYTES = 1024 * 1024;
const RETRY_MS = 1000;

const NOTHING = new Uint8Array(0);
const EMPTY: LogBatch = { records: NOTHING, definitions: NOTHING, exemplars: NOTHING, exemplarCount: 0 };

export interface LogStats {
  rowsWritten: number;
  bytesWritten: number;
  failures: number;
}

export interface LogWriter extends Journal {
  readonly stats: Readonly<LogStats>;
  /** Definitions noted since the start. */
  readonly definitionCount: number;
  /** The error of the last attempt while the log cannot be written. */
  readonly failure: Error | undefined;
  /** Resolves when all that was noted before is stored, or when storing it failed. */
  committed(): Promise<void>;
  /** Stores the batch now if there is one and the last is not just written; else it waits its time. */
  pause(): void;
  /** Stores the batch now. Returns false when it could not be. */
  write(): boolean;
  /** Stops the timers; stores what is left. */
  close(): void;
}

/**
 * Gathers what the head notes and stores it as one row about every 400 ms. Nothing is thrown to those who append: while the log
 * cannot be written it is tried again each second, and `onStored` runs after each attempt, because people may then see what memory holds.
 * @param onLost asks for everything that is in no partition to be noted again: the batch grew too large and was given up
 */
export function createLogWriter(deps: {
  readonly db: LogDb;
  readonly clock: Clock;
  readonly log: Log;
  readonly onStored: () => void;
  /** The disk is full. Returns true when some room was made. */
  readonly onFull: () => boolean;
  readonly onLost: () => void;
}): LogWriter {
  const { db, clock, log } = deps;
  const records = new ByteWriter(64 * 1024);
  const definitions = new ByteWriter(16 * 1024);
  const noted = definitionWriter(definitions);
  const exemplars = new ByteWriter(1024);
  let exemplarCount = 0;
  const stats: LogStats = { rowsWritten: 0, bytesWritten: 0, failures: 0 };
  let seq = db.nextSeq;
  let timer: Timer | undefined;
  let immediate = false;
  let failure: Error | undefined;
  let isLost = false;
  let waiting: (() => void)[] = [];
  let triedAt = Number.NEGATIVE_INFINITY;

  const settle = (): void => {
    deps.onStored();
    const resolvers = waiting;
    waiting = [];
    for (const resolve of resolvers) resolve();
  };
  const arm = (delayMs: number): void => {
    timer ??= clock.after(delayMs, () => {
      timer = undefined;
      write();
    });
  };
  const write = (): boolean => {
    timer?.cancel();
    timer = undefined;
    triedAt = clock.monotonic();
    if (isLost && failure) {
      // Room for a row is tried with an empty one before the whole head is noted again.
      if (!store({ ...EMPTY, records: new Uint8Array(1) })) return false;
    }
    if (isLost) {
      isLost = false;
      deps.onLost();
    }
    if (records.length === 0 && definitions.length === 0 && exemplars.length === 0) {
      settle();
      return true;
    }
    return store({
      records: records.view(),
      definitions: definitions.view(),
      exemplars: exemplars.view(),
      exemplarCount,
    });
  };
  /** Stores a batch; when the disk is full, once more with the reserve given up. */
  const append = (batch: LogBatch): number => {
    try {
      return db.append(seq, batch);
    } catch (error) {
      if ((error as { code?: string }).code !== 'SQLITE_FULL' || !deps.onFull()) throw error;
      log.warn({ file: db.file }, 'the disk is full: the reserve is given up');
      return db.append(seq, batch);
    }
  };
  const store = (batch: LogBatch): boolean => {
    try {
      stats.bytesWritten += append(batch);
      stats.rowsWritten++;
      seq++;
      if (batch.records.length > 0) records.reset();
      if (batch.exemplars.length > 0) {
        exemplars.reset();
        exemplarCount = 0;
      }
      if (batch.definitions.length > 0) {
        definitions.reset();
        noted.reset();
      }
      if (failure) log.info({ file: db.file }, 'the log can be written again');
      failure = undefined;
      settle();
      return true;
    } catch (error) {
      stats.failures++;
      if (!failure) {
        log.error(
          { file: db.file, err: error },
          'the log cannot be written: samples are kept in memory only, trying again every second',
        );
      }
      failure = error as Error;
      if (records.length > MAX_PENDING_BYTES) {
        records.reset();
        seq++;
        isLost = true;
      }
      // Those that are lost are in memory still, and nothing rests on them.
      if (exemplars.length > MAX_PENDING_EXEMPLAR_BYTES) {
        exemplars.reset();
        exemplarCount = 0;
      }
      settle();
      arm(RETRY_MS);
      return false;
    }
  };

  return {
    records,
    definitions: noted,
    exemplar(exemplar) {
      writeExemplar(exemplars, exemplar);
      exemplarCount++;
    },
    stats,
    get definitionCount() {
      return noted.count;
    },
    get seq() {
      return seq;
    },
    get failure() {
      return failure;
    },
    touch() {
      if (failure) return arm(RETRY_MS);
      if (records.length >= BATCH_BYTES) soon();
      else arm(BATCH_MS);
    },
    committed() {
      const isEmpty = records.length === 0 && definitions.length === 0 && exemplars.length === 0;
      if (failure || isEmpty) return Promise.resolve();
      return new Promise((resolve) => {
        waiting.push(resolve);
        soon();
      });
    },
    pause() {
      if (!failure && timer && clock.monotonic() - triedAt >= APART_MS) write();
    },
    write,
    close() {
      write();
      timer?.cancel();
      timer = undefined;
    },
  };

  function soon(): void {
    if (immediate) return;
    immediate = true;
    setImmediate(() => {
      immediate = false;
      if (waiting.length > 0 || records.length >= BATCH_BYTES) write();
    });
  }
}
