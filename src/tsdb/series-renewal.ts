import type { Clock, Timer } from '../clock.ts';
import type { Log } from '../model/log.ts';
import type { Head } from './head/head.ts';
import { IndexCopy } from './index/index-copy.ts';
import { noteDefinitions } from './log/head-definitions.ts';
import type { LogDb } from './log/log-db.ts';
import type { LogWriter } from './log/log-writer.ts';

/** When the head's index is made anew. */
export interface RenewalSettings {
  /** Series that ended, at least so many of them. */
  readonly fewest: number;
  /** And at least this share of all. */
  readonly share: number;
  /** Time between two looks, ms. Views that are older than this may be given up. */
  readonly apartMs: number;
}

const USUAL: RenewalSettings = { fewest: 10_000, share: 0.25, apartMs: 3_600_000 };

/** Copied or noted between two turns of the event loop: a millisecond or two of main. */
const SERIES_PER_STEP = 500;
const SERIES_PER_LOOK = 20_000;
const STEP_MS = 20;
/** Steps that a copy waits for who reads the log behind main. */
const MAX_WAITS = 3000;
/** Rows of definitions deleted at once. */
const ROWS_PER_STEP = 8;

/**
 * Leaves series that ended out of memory and log: an hour after they have no place in a ring, no samples of their own and no exemplars any
 * more. Their samples are in partitions, which know their labels. It makes a copy of the index beside the current one, puts it in
 * its place, notes all definitions once more and deletes the earlier ones.
 */
export class SeriesRenewal {
  /** Definitions that were deleted, superseded ones included. */
  forgottenDefinitions = 0;
  readonly #deps: RenewalDeps;
  readonly #settings: RenewalSettings;
  #timer: Timer;
  #work: Generator<void, void> | undefined;
  #isClosed = false;

  constructor(deps: RenewalDeps, settings: RenewalSettings = USUAL) {
    this.#deps = deps;
    this.#settings = settings;
    deps.head.own.mark();
    this.#timer = deps.clock.after(settings.apartMs, () => this.#tick());
  }

  close(): void {
    this.#isClosed = true;
    this.#timer.cancel();
  }

  #tick(): void {
    if (this.#isClosed) return;
    this.#work ??= this.#renewIfDue();
    if (this.#isDone(this.#work)) {
      this.#work = undefined;
      // What is idle from now until the next look has ended.
      this.#deps.head.own.mark();
    }
    this.#timer = this.#deps.clock.after(this.#work ? STEP_MS : this.#settings.apartMs, () => this.#tick());
  }

  /** Takes the next step of a work. */
  #isDone(work: Generator<void, void>): boolean {
    try {
      return work.next().done ?? false;
    } catch (error) {
      // Shared memory may be spent. The index stays as it is, which costs no sample.
      this.#deps.log.error({ err: error }, 'series that ended cannot be forgotten');
      return true;
    }
  }

  *#renewIfDue(): Generator<void, void> {
    const { head, writer } = this.#deps;
    const { count } = head.index;
    const { fewest, share } = this.#settings;
    let ended = 0;
    for (let series = 0; series < count; series++) {
      if (!head.isNeeded(series)) ended++;
      if (series % SERIES_PER_LOOK === SERIES_PER_LOOK - 1) yield;
    }
    if (ended >= fewest && ended >= share * count && !writer.failure) yield* this.#renew();
  }

  *#renew(): Generator<void, void> {
    const { head, log, writer } = this.#deps;
    const { count } = head.index;
    const startedAt = writer.seq;
    let isSynced: boolean | undefined;
    this.#deps.sync().then(
      () => (isSynced = true),
      () => (isSynced = false),
    );
    const copy = new IndexCopy(head.index, head.takeSpareIndex(), (series) => head.isNeeded(series));
    while (!copy.step(SERIES_PER_STEP)) yield;
    // Of series that ended before there may be samples in the log only, or in rows that somebody else has yet to read.
    for (let waits = 0; isSynced === undefined || this.#deps.isLogHeld(startedAt); waits++) {
      if (waits === MAX_WAITS) return;
      yield;
      copy.step(SERIES_PER_STEP);
    }
    if (!isSynced || !head.adopt(copy)) return;
    const { index } = head;
    const from = writer.seq;
    const noted = writer.definitionCount;
    for (const _ of noteDefinitions(head, writer.definitions)) {
      writer.touch();
      yield;
    }
    // What could not be stored leaves the earlier definitions where they are.
    if (!writer.write()) return;
    yield* this.#deleteBefore(from);
    this.forgottenDefinitions = this.#deps.definitionsAtStart + noted;
    log.info({ series: index.count, forgotten: count - index.count }, 'forgot series that ended');
  }

  *#deleteBefore(seq: number): Generator<void> {
    const { db, log } = this.#deps;
    try {
      while (db.trimDefinitions(seq, ROWS_PER_STEP) > 0) yield;
    } catch (error) {
      // They say nothing wrong, and go the next time.
      log.debug({ err: error }, 'definitions of the log cannot be deleted');
    }
  }
}

interface RenewalDeps {
  readonly head: Head;
  readonly clock: Clock;
  readonly log: Log;
  readonly writer: LogWriter;
  readonly db: LogDb;
  /** Definitions that the log had when it was opened. */
  readonly definitionsAtStart: number;
  /** Resolves when all that left the head by now is on the disk. */
  sync(): Promise<void>;
  /** Whether somebody else has yet to read rows of the log before this one. */
  isLogHeld(before: number): boolean;
}
