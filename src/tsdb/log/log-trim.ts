import type { Log } from '../../model/log.ts';
import type { Head } from '../head/head.ts';
import type { ScrapeSource } from '../head/scrape-source.ts';
import type { LogDb } from './log-db.ts';
import type { LogWriter } from './log-writer.ts';
import { RECORD } from './records.ts';

/** Log rows deleted at once; each is some page writes on main. */
const TRIM_ROWS = 200;
/** A source whose last whole row lies this many log rows back gets a new one, so that the log can be trimmed. */
const REBASE_AFTER_ROWS = 3000;
/** Slots of sources that get a new whole row between two turns of the event loop: some milliseconds of main. */
const REBASE_SLOTS = 20_000;
/** The log is not kept for others beyond this size: the disk is the monitor's first. */
const MAX_HELD_BYTES = 2 ** 30;

/** Deletes rows of the log that no replay needs: what they hold is in partitions and synced. */
export class LogTrim {
  /** Whether the last deletion left rows that may go. */
  hasMore = false;
  readonly #head: Head;
  readonly #log: Log;
  readonly #writer: LogWriter;
  readonly #db: LogDb;
  readonly #hasUnsyncedOwn: () => boolean;
  /** Rows after this one are still to be read by somebody else. */
  #heldAfter = Number.POSITIVE_INFINITY;

  constructor(deps: {
    readonly head: Head;
    readonly log: Log;
    readonly writer: LogWriter;
    readonly db: LogDb;
    /** Whether samples with own times have left the head and are not synced yet. */
    readonly hasUnsyncedOwn: () => boolean;
  }) {
    this.#head = deps.head;
    this.#log = deps.log;
    this.#writer = deps.writer;
    this.#db = deps.db;
    this.#hasUnsyncedOwn = deps.hasUnsyncedOwn;
  }

  /** Keeps the rows after `row`, whether or not a replay needs them; undefined keeps none. */
  hold(row: number | undefined): void {
    this.#heldAfter = row ?? Number.POSITIVE_INFINITY;
  }

  /** Whether somebody else has yet to read rows before this one. */
  isHeld(before: number): boolean {
    return this.#heldAfter < before - 1;
  }

  /** Notes that the rows of a source up to a time are synced. */
  noteRows(source: ScrapeSource, through: number): void {
    const { records } = this.#writer;
    records.u8(RECORD.rowsFlushed);
    records.varint(source.id);
    records.signed(through);
  }

  /** Notes that samples with own times up to a log row are synced. */
  noteOwn(seq: number): void {
    const { records } = this.#writer;
    records.u8(RECORD.ownFlushed);
    records.varint(seq);
  }

  /** Deletes some of the rows that may go. */
  trim(): void {
    if (this.#writer.failure) return;
    let needed = this.#writer.seq;
    for (const source of this.#head.sources()) {
      const seq = source.neededSeq();
      const isSynced = source.synced === source.ring.appended;
      if (isSynced && seq < this.#writer.seq - REBASE_AFTER_ROWS) {
        source.rebase();
        this.#writer.touch();
      }
      needed = Math.min(needed, seq);
    }
    const { own } = this.#head;
    if (own.samples > 0 || this.#hasUnsyncedOwn()) needed = Math.min(needed, own.syncedSeq + 1);
    if (this.#heldAfter < needed - 1) {
      const { pages, pageSize } = this.#db.stats();
      if (pages * pageSize < MAX_HELD_BYTES) needed = this.#heldAfter + 1;
    }
    try {
      this.hasMore = this.#db.trim(needed, TRIM_ROWS) === TRIM_ROWS;
    } catch (error) {
      // Deleting needs a few pages too. The rows stay until there is room; that they do is no reason to stop.
      this.#log.debug({ err: error }, 'the log cannot be trimmed');
    }
  }

  /**
   * Gives sources whose rows are all in partitions a new whole row, and deletes the log before it: the next start need not read what
   * was just flushed, to know what the last row was. Ends early when `isCutOff` says so.
   */
  async shorten(isCutOff: () => boolean): Promise<void> {
    const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    let slots = 0;
    for (const source of [...this.#head.sources()]) {
      if (isCutOff() || this.#writer.failure) return;
      const { ring } = source;
      if (source.synced < ring.appended || source.neededSeq() >= this.#writer.seq - 1) continue;
      source.rebase();
      this.noteRows(source, ring.timestamp(ring.appended - 1));
      slots += ring.width;
      if (slots < REBASE_SLOTS) continue;
      slots = 0;
      this.#writer.write();
      await breathe();
    }
    this.#writer.write();
    this.hasMore = true;
    while (this.hasMore && !isCutOff() && !this.#writer.failure) {
      this.trim();
      await breathe();
    }
  }
}
