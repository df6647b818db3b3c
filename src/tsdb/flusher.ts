import type { MessagePort } from 'node:worker_threads';
import type { Clock } from '../clock.ts';
import type { Log } from '../model/log.ts';
import type { Head } from './head/head.ts';
import type { ScrapeSource } from './head/scrape-source.ts';
import type { LogDb } from './log/log-db.ts';
import { LogTrim } from './log/log-trim.ts';
import type { LogWriter } from './log/log-writer.ts';
import type { DayChange } from './partition/change.ts';
import type { Deletion } from './partition/deletion.ts';
import { PARTITION_MS } from './partition.ts';
import type { DeletionResult, FromStorage, RetentionSettings, RingRows, UpkeepStats } from './protocol.ts';
import { StoragePort } from './storage-port.ts';

/** Rows a source may gather before they go to a partition. */
const FLUSH_ROWS = 32;
/** Rows taken at most from one source at once, when there is a backlog. */
const MAX_ROWS = 240;
/** Cells of one flush: about 20 ms of the background worker, which has rules to evaluate too, and few MB of its memory. */
const MAX_CELLS = 150_000;
/** Samples with own times that go at once, or how long they may stay. */
const FLUSH_OWN_SAMPLES = 100_000;
/** Rows of slow sources go after this time, and so do samples with own times. */
const FLUSH_AFTER_MS = 40 * 60_000;
const FLUSH_OWN_AFTER_MS = 8 * 60_000;
/** A source that nobody has open for this long loses its memory. */
const RETIRE_AFTER_MS = 10 * 60_000;
const TICK_MS = 1000;
/** From one flush to the next, unless there is enough for a full one: few large flushes cost less than many small ones. */
const FLUSH_APART_MS = 5000;
export interface FlushStats {
  flushes: number;
  failures: number;
  samples: number;
  lastDurationMs: number;
  totalDurationMs: number;
}

const NO_FILES = { count: 0, bytes: 0, chunks: 0 };
const NOTHING_DONE: UpkeepStats = {
  seals: 0,
  sealFailures: 0,
  sealMs: 0,
  removedByTime: 0,
  removedBySize: 0,
  deletedSamples: 0,
  files: { hot: NO_FILES, sealed: NO_FILES },
};

/**
 * Moves full rings to the background worker and drops their rows once a partition has them, and lets the log be trimmed once the
 * partition is synced. One flush is under way at a time.
 */
export class Flusher {
  readonly stats: FlushStats = { flushes: 0, failures: 0, samples: 0, lastDurationMs: 0, totalDurationMs: 0 };
  /** What the background worker last told. */
  upkeep: UpkeepStats = NOTHING_DONE;
  readonly #head: Head;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #writer: LogWriter;
  readonly #port: StoragePort;
  readonly #trim: LogTrim;
  /** When rows of a source that are in no partition were last none, and since when nobody has it open. */
  readonly #since = new Map<ScrapeSource, { rows: number; idle: number }>();
  #ownSince: number;
  /** When the last flush began. */
  #flushedAt = Number.NEGATIVE_INFINITY;
  #underWay: UnderWay | undefined;
  /** Flushes that are in partitions and not synced yet, oldest first. */
  #unsynced: UnderWay[] = [];
  #deletion: ((result: DeletionResult | { readonly error: string }) => void) | undefined;
  #lastFailure: string | undefined;
  #wanted: Wanted | undefined;
  #onIdle: (() => void)[] = [];
  #isClosed = false;
  #timer;

  constructor(deps: {
    readonly head: Head;
    readonly log: Log;
    readonly clock: Clock;
    readonly writer: LogWriter;
    readonly db: LogDb;
    readonly connect: () => MessagePort;
  }) {
    this.#head = deps.head;
    this.#log = deps.log;
    this.#clock = deps.clock;
    this.#writer = deps.writer;
    this.#port = new StoragePort(deps.connect, {
      receive: (message) => this.#receive(message),
      end: () => this.#giveUp(),
    });
    this.#trim = new LogTrim({ ...deps, hasUnsyncedOwn: () => this.#unsynced.some((flush) => flush.own) });
    this.#ownSince = deps.clock.monotonic();
    this.#timer = deps.clock.after(TICK_MS, () => this.#tick());
  }

  /** The error of the last flush, while flushing does not work. */
  get failure(): string | undefined {
    return this.#lastFailure;
  }

  /** Puts everything there is into partitions and syncs them; then merges, seals and removes what can be. @throws Error when it failed */
  async flushAll(): Promise<void> {
    await this.#flushHead();
    await this.sync();
    await this.#trim.shorten(() => this.#isClosed);
    await this.#port.request({ kind: 'maintain', id: this.#port.nextId() });
  }

  /**
   * Removes samples that were stored before this call, or counts them. When it resolves they are gone for good, wherever they were.
   * @throws Error when nothing was removed, or, naming a file, when the rest is removed at the next start
   */
  async delete(deletion: Deletion, isPreview: boolean): Promise<DeletionResult> {
    await this.#flushHead();
    await this.sync();
    // What the log says to be in partitions it does not bring back; it must say so before they change.
    if (!this.#writer.write()) throw new Error(`the log cannot be written: ${this.#writer.failure?.message}`);
    await this.sync();
    this.#head.forgetDropped();
    const id = this.#port.nextId();
    const result = await new Promise<DeletionResult | { readonly error: string }>((resolve) => {
      this.#deletion = resolve;
      this.#port.await(id, (error) => resolve({ error: error ?? 'the server ends' }));
      this.#port.post({ kind: 'delete', id, deletion, isPreview });
    });
    if ('error' in result) throw new Error(result.error);
    return result;
  }

  /** Changes sealed files: `prepare` may read them, which stay as they are, and write others beside them. All of it takes effect at once. */
  async change(prepare: () => Promise<readonly DayChange[]>): Promise<void> {
    await this.#port.request({ kind: 'hold', id: this.#port.nextId() });
    try {
      const changes = await prepare();
      for (const { day } of changes) this.#head.leaving(day + PARTITION_MS);
      this.#head.forgetDropped();
      await this.#port.request({ kind: 'change', id: this.#port.nextId(), changes });
    } catch (error) {
      if (this.#port.isOpen) this.#port.post({ kind: 'release' });
      throw error;
    }
  }

  async #flushHead(): Promise<void> {
    this.#writer.write();
    const ends = new Map(Array.from(this.#head.sources(), (source) => [source, source.ring.appended]));
    this.#wanted = { ends, own: this.#head.own.samples > 0 };
    const id = this.#port.nextId();
    await new Promise<void>((resolve) => {
      this.#port.await(id, () => resolve());
      this.#onIdle.push(() => this.#port.answer(id, undefined));
      this.#next();
    });
    const failure = this.#lastFailure ?? this.#writer.failure?.message;
    if (failure) throw new Error(`flush failed: ${failure}`);
  }

  /** Resolves when everything that is in the databases of the directory is on the disk. */
  async sync(): Promise<void> {
    this.#writer.write();
    await this.#port.request({ kind: 'sync', id: this.#port.nextId() });
  }

  /** Keeps the rows of the log after `row`, whether or not a replay needs them; undefined keeps none. */
  holdLog(row: number | undefined): void {
    this.#trim.hold(row);
  }

  /** Whether somebody else has yet to read rows of the log before this one. */
  isLogHeld(before: number): boolean {
    return this.#trim.isHeld(before);
  }

  setRetention(retention: RetentionSettings): void {
    if (this.#port.isOpen) this.#port.post({ kind: 'retention', retention });
  }

  /** Lets the service finish what it does and close its files. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer.cancel();
    await this.#port.close();
  }

  #tick(): void {
    if (this.#isClosed) return;
    this.#timer = this.#clock.after(TICK_MS, () => this.#tick());
    // The log's own write-ahead log needs somebody to check it, even before anything is flushed.
    if (!this.#port.isOpen && this.#writer.stats.rowsWritten > 0) this.#port.open();
    this.#next();
    this.#retireIdle();
    if (this.#trim.hasMore) this.#trim.trim();
  }

  #next(): void {
    if (this.#underWay || this.#isClosed) return;
    const flush = this.#gather();
    if (flush) {
      this.#send(flush);
      return;
    }
    if (this.#wanted && (this.#writer.failure || !this.#hasMore(this.#wanted))) {
      this.#wanted = undefined;
      for (const resolve of this.#onIdle.splice(0)) resolve();
    }
  }

  #hasMore({ ends, own }: Wanted): boolean {
    if (own) return true;
    for (const [{ ring }, end] of ends) if (ring.first < end) return true;
    return false;
  }

  #gather(): { rings: RingRows[]; flush: UnderWay } | undefined {
    const now = this.#clock.monotonic();
    const wanted = this.#wanted;
    const due: { readonly source: ScrapeSource; readonly to: number }[] = [];
    let cells = 0;
    for (const source of this.#head.sources()) {
      const { ring } = source;
      const rows = ring.committed - ring.first;
      const since = this.#sinceOf(source, now);
      if (rows === 0) {
        since.rows = now;
        continue;
      }
      const isDue =
        ring.first < (wanted?.ends.get(source) ?? 0) ||
        rows >= source.flushAfter ||
        now - since.rows >= FLUSH_AFTER_MS ||
        (!source.isOpen && now - since.idle >= RETIRE_AFTER_MS);
      if (!isDue || cells > MAX_CELLS) continue;
      due.push({ source, to: Math.min(ring.committed, ring.first + MAX_ROWS) });
      cells += rows * ring.width;
    }
    const isFull = wanted !== undefined || cells > MAX_CELLS;
    if (!isFull && now - this.#flushedAt < FLUSH_APART_MS) return undefined;

    const flush: UnderWay = {
      id: this.#port.nextId(),
      rings: due.map(({ source, to }) => ({ source, to, through: source.ring.timestamp(to - 1) })),
      own: undefined,
    };
    const rings = due.map(
      ({ source, to }): RingRows => ({
        source: source.id,
        from: source.ring.first,
        to,
        geometry: source.ring.geometry,
        refs: source.refs(),
        starts: source.starts(source.ring.first, to),
        hasHistograms: source.ring.hasHistograms,
      }),
    );
    const { own } = this.#head;
    if (own.samples === 0) this.#ownSince = now;
    else if (wanted?.own || own.samples >= FLUSH_OWN_SAMPLES || now - this.#ownSince >= FLUSH_OWN_AFTER_MS) {
      const batch = own.gather();
      if (batch.refs.length > 0) flush.own = { batch, seq: this.#writer.seq - 1 };
    }
    if (wanted) wanted.own = false;
    return flush.rings.length > 0 || flush.own ? { rings, flush } : undefined;
  }

  #send({ rings, flush }: { rings: RingRows[]; flush: UnderWay }): void {
    this.#underWay = flush;
    this.#flushedAt = this.#clock.monotonic();
    for (const { source } of flush.rings) {
      source.ring.pin();
      source.flushAfter = FLUSH_ROWS;
      source.startBlock();
    }
    const own = flush.own && {
      refs: flush.own.batch.refs,
      counts: flush.own.batch.counts,
      timestamps: flush.own.batch.timestamps,
      values: flush.own.batch.values,
      starts: flush.own.batch.starts,
    };
    const transfer: ArrayBuffer[] = rings.map((ring) => ring.refs.buffer as ArrayBuffer);
    if (own) transfer.push(own.refs.buffer, own.counts.buffer, own.timestamps.buffer, own.values.buffer);
    this.#port.post({ kind: 'flush', id: flush.id, rings, own }, transfer);
  }

  #receive(message: FromStorage): void {
    switch (message.kind) {
      case 'flushed':
        this.#flushed(message);
        return;
      case 'flushFailed':
        this.stats.failures++;
        if (this.#lastFailure !== message.error) {
          this.#log.error(
            { error: message.error },
            'samples could not be moved to a partition; they stay in memory and in the log',
          );
        }
        this.#lastFailure = message.error;
        this.#giveUp();
        return;
      case 'synced':
        this.#synced(message.flush);
        if (message.id !== undefined) this.#port.answer(message.id, message.error);
        return;
      case 'maintained':
        this.#port.answer(message.id, message.error);
        return;
      case 'deleted':
        this.#deletion?.(message.result);
        this.#port.answer(message.id, undefined);
        return;
      case 'found':
        this.#head.foundInPartitions(message.through);
        return;
      case 'upkeep':
        this.upkeep = message.stats;
        return;
      case 'log':
        this.#log[message.level](message.fields, message.message);
        return;
      case 'closed':
        this.#port.answer(0, undefined);
        return;
    }
  }

  #flushed(message: { readonly id: number; readonly durationMs: number; readonly samples: number }): void {
    const flush = this.#underWay;
    if (flush?.id !== message.id) return;
    this.#underWay = undefined;
    if (this.#lastFailure) this.#log.info({}, 'samples can be moved to partitions again');
    this.#lastFailure = undefined;
    this.stats.flushes++;
    this.stats.samples += message.samples;
    this.stats.lastDurationMs = message.durationMs;
    this.stats.totalDurationMs += message.durationMs;
    const now = this.#clock.monotonic();
    for (const { source, to } of flush.rings) {
      source.ring.drop(to);
      source.ring.unpin();
      this.#sinceOf(source, now).rows = now;
    }
    if (flush.own) {
      this.#head.leaving(flush.own.batch.through);
      flush.own.batch.drop();
      this.#ownSince = now;
    }
    this.#unsynced.push(flush);
    this.#next();
  }

  /** Ends a flush that did not happen; the next tick tries again. */
  #giveUp(): void {
    const flush = this.#underWay;
    this.#underWay = undefined;
    if (flush) for (const { source } of flush.rings) source.ring.unpin();
    this.#wanted = undefined;
    for (const resolve of this.#onIdle.splice(0)) resolve();
  }

  #synced(upTo: number): void {
    let isChanged = false;
    while (this.#unsynced.length > 0 && this.#unsynced[0]!.id <= upTo) {
      const flush = this.#unsynced.shift()!;
      for (const { source, to, through } of flush.rings) {
        source.synced = Math.max(source.synced, to);
        this.#trim.noteRows(source, through);
      }
      if (flush.own) {
        this.#head.own.syncedSeq = flush.own.seq;
        this.#trim.noteOwn(flush.own.seq);
      }
      isChanged = true;
    }
    if (isChanged) this.#writer.touch();
    this.#trim.trim();
  }

  #retireIdle(): void {
    const now = this.#clock.monotonic();
    for (const source of this.#head.sources()) {
      const since = this.#sinceOf(source, now);
      if (source.isOpen) since.idle = now;
      const isDone = source.ring.first === source.ring.appended && source.synced === source.ring.appended;
      if (isDone && source.slotCount > 0 && now - since.idle >= RETIRE_AFTER_MS) source.retire();
    }
  }

  #sinceOf(source: ScrapeSource, now: number): { rows: number; idle: number } {
    let since = this.#since.get(source);
    if (!since) this.#since.set(source, (since = { rows: now, idle: now }));
    return since;
  }
}

/** What shall be in partitions: what was in the head when everything was to be flushed, and not what comes meanwhile, which never ends. */
interface Wanted {
  /** Ends of the rings. */
  readonly ends: ReadonlyMap<ScrapeSource, number>;
  /** Whether samples with their own times were not gathered yet. */
  own: boolean;
}

interface UnderWay {
  readonly id: number;
  readonly rings: { readonly source: ScrapeSource; readonly to: number; readonly through: number }[];
  own: { readonly batch: ReturnType<Head['own']['gather']>; readonly seq: number } | undefined;
}
