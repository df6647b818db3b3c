import type { MessagePort } from 'node:worker_threads';
import type { Clock } from '../clock.ts';
import type { Log } from '../model/log.ts';
import type { Head } from './head/head.ts';
import type { ScrapeSource } from './head/scrape-source.ts';
import type { LogDb } from './log/log-db.ts';
import type { LogWriter } from './log/log-writer.ts';
import { RECORD } from './log/records.ts';
import type { DayChange } from './partition/change.ts';
import type { Deletion } from './partition/deletion.ts';
import { PARTITION_MS } from './partition.ts';
import type {
  DeletionResult,
  FromStorage,
  RetentionSettings,
  RingRows,
  ToStorage,
  UpkeepStats,
} from './protocol.ts';

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
/** Log rows deleted per tick; each is some page writes on main. */
const TRIM_ROWS = 200;
/** A source whose last whole row lies this many log rows back gets a new one, so that the log can be trimmed. */
const REBASE_AFTER_ROWS = 3000;
/** Slots of sources that get a new whole row between two turns of the event loop: some milliseconds of main. */
const REBASE_SLOTS = 20_000;
/** The log is not kept for others beyond this size: the disk is the monitor's first. */
const MAX_HELD_BYTES = 2 ** 30;

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
 * Moves full rings to the background worker and drops their rows once a partition has them; trims the log once the partition is
 * synced. One flush is under way at a time.
 */
export class Flusher {
  readonly stats: FlushStats = { flushes: 0, failures: 0, samples: 0, lastDurationMs: 0, totalDurationMs: 0 };
  /** What the background worker last told. */
  upkeep: UpkeepStats = NOTHING_DONE;
  readonly #head: Head;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #writer: LogWriter;
  readonly #db: LogDb;
  readonly #connect: () => MessagePort;
  /** When rows of a source that are in no partition were last none, and since when nobody has it open. */
  readonly #since = new Map<ScrapeSource, { rows: number; idle: number }>();
  #ownSince: number;
  /** When the last flush began. */
  #flushedAt = Number.NEGATIVE_INFINITY;
  #port: MessagePort | undefined;
  #nextId = 1;
  #underWay: UnderWay | undefined;
  /** Flushes that are in partitions and not synced yet, oldest first. */
  #unsynced: UnderWay[] = [];
  /** Answers awaited, by request. */
  readonly #waiting = new Map<number, (error: string | undefined) => void>();
  #deletion: ((result: DeletionResult | { readonly error: string }) => void) | undefined;
  #lastFailure: string | undefined;
  #wanted: Wanted | undefined;
  #onIdle: (() => void)[] = [];
  #hasMoreToTrim = false;
  #isClosed = false;
  /** Rows of the log after this one are still to be read by somebody else. */
  #heldAfter = Number.POSITIVE_INFINITY;
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
    this.#db = deps.db;
    this.#connect = deps.connect;
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
    await this.#shortenLog();
    await this.#request({ kind: 'maintain', id: this.#nextId++ });
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
    const id = this.#nextId++;
    const result = await new Promise<DeletionResult | { readonly error: string }>((resolve) => {
      this.#deletion = resolve;
      this.#await(id, (error) => resolve({ error: error ?? 'the server ends' }));
      this.#post({ kind: 'delete', id, deletion, isPreview });
    });
    if ('error' in result) throw new Error(result.error);
    return result;
  }

  /** Changes sealed files: `prepare` may read them, which stay as they are, and write others beside them. All of it takes effect at once. */
  async change(prepare: () => Promise<readonly DayChange[]>): Promise<void> {
    await this.#request({ kind: 'hold', id: this.#nextId++ });
    try {
      const changes = await prepare();
      for (const { day } of changes) this.#head.leaving(day + PARTITION_MS);
      this.#head.forgetDropped();
      await this.#request({ kind: 'change', id: this.#nextId++, changes });
    } catch (error) {
      if (this.#port) this.#post({ kind: 'release' });
      throw error;
    }
  }

  async #flushHead(): Promise<void> {
    this.#writer.write();
    const ends = new Map(Array.from(this.#head.sources(), (source) => [source, source.ring.appended]));
    this.#wanted = { ends, own: this.#head.own.samples > 0 };
    const id = this.#nextId++;
    await new Promise<void>((resolve) => {
      this.#await(id, () => resolve());
      this.#onIdle.push(() => this.#answer(id, undefined));
      this.#next();
    });
    const failure = this.#lastFailure ?? this.#writer.failure?.message;
    if (failure) throw new Error(`flush failed: ${failure}`);
  }

  /** Resolves when everything that is in the databases of the directory is on the disk. */
  async sync(): Promise<void> {
    this.#writer.write();
    await this.#request({ kind: 'sync', id: this.#nextId++ });
  }

  /** Keeps the rows of the log after `row`, whether or not a replay needs them; undefined keeps none. */
  holdLog(row: number | undefined): void {
    this.#heldAfter = row ?? Number.POSITIVE_INFINITY;
  }

  setRetention(retention: RetentionSettings): void {
    if (this.#port) this.#post({ kind: 'retention', retention });
  }

  /** Lets the service finish what it does and close its files. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer.cancel();
    const port = this.#port;
    if (!port) return;
    await new Promise<void>((resolve) => {
      this.#await(0, () => resolve());
      this.#post({ kind: 'close' });
    });
    port.close();
  }

  #tick(): void {
    if (this.#isClosed) return;
    this.#timer = this.#clock.after(TICK_MS, () => this.#tick());
    // The log's own write-ahead log needs somebody to check it, even before anything is flushed.
    if (!this.#port && this.#writer.stats.rowsWritten > 0) this.#open();
    this.#next();
    this.#retireIdle();
    if (this.#hasMoreToTrim) this.#trim();
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
      id: this.#nextId,
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
    this.#nextId++;
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
    this.#post({ kind: 'flush', id: flush.id, rings, own }, transfer);
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
        if (message.id !== undefined) this.#answer(message.id, message.error);
        return;
      case 'maintained':
        this.#answer(message.id, message.error);
        return;
      case 'deleted':
        this.#deletion?.(message.result);
        this.#answer(message.id, undefined);
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
        this.#answer(0, undefined);
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
    }
    this.#ownSince = now;
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
      const { records } = this.#writer;
      for (const { source, to, through } of flush.rings) {
        source.synced = Math.max(source.synced, to);
        this.#noteFlushed(source, through);
      }
      if (flush.own) {
        this.#head.own.syncedSeq = flush.own.seq;
        records.u8(RECORD.ownFlushed);
        records.varint(flush.own.seq);
      }
      isChanged = true;
    }
    if (isChanged) this.#writer.touch();
    this.#trim();
  }

  #trim(): void {
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
    if (own.samples > 0 || this.#unsynced.some((flush) => flush.own)) {
      needed = Math.min(needed, own.syncedSeq + 1);
    }
    if (this.#heldAfter < needed - 1) {
      const { pages, pageSize } = this.#db.stats();
      if (pages * pageSize < MAX_HELD_BYTES) needed = this.#heldAfter + 1;
    }
    try {
      this.#hasMoreToTrim = this.#db.trim(needed, TRIM_ROWS) === TRIM_ROWS;
    } catch (error) {
      // Deleting needs a few pages too. The rows stay until there is room; that they do is no reason to stop.
      this.#log.debug({ err: error }, 'the log cannot be trimmed');
    }
  }

  /**
   * Gives sources whose rows are all in partitions a new whole row, so that the log before it can go: the next start need not read what
   * was just flushed, to know what the last row was.
   */
  async #shortenLog(): Promise<void> {
    const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    let slots = 0;
    for (const source of [...this.#head.sources()]) {
      if (this.#isClosed || this.#writer.failure) return;
      const { ring } = source;
      if (source.synced < ring.appended || source.neededSeq() >= this.#writer.seq - 1) continue;
      source.rebase();
      this.#noteFlushed(source, ring.timestamp(ring.appended - 1));
      slots += ring.width;
      if (slots < REBASE_SLOTS) continue;
      slots = 0;
      this.#writer.write();
      await breathe();
    }
    this.#writer.write();
    this.#hasMoreToTrim = true;
    while (this.#hasMoreToTrim && !this.#isClosed && !this.#writer.failure) {
      this.#trim();
      await breathe();
    }
  }

  #noteFlushed(source: ScrapeSource, through: number): void {
    const { records } = this.#writer;
    records.u8(RECORD.rowsFlushed);
    records.varint(source.id);
    records.signed(through);
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

  #request(message: Extract<ToStorage, { id: number }>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#await(message.id, (error) => (error === undefined ? resolve() : reject(new Error(error))));
      this.#post(message);
    });
  }

  /** While an answer is awaited the port keeps the process alive. */
  #await(id: number, settle: (error: string | undefined) => void): void {
    this.#waiting.set(id, settle);
    this.#port?.ref();
  }

  #answer(id: number, error: string | undefined): void {
    const settle = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (this.#waiting.size === 0) this.#port?.unref();
    settle?.(error);
  }

  #post(message: ToStorage, transfer: ArrayBuffer[] = []): void {
    (this.#port ?? this.#open()).postMessage(message, transfer);
  }

  #open(): MessagePort {
    const port = this.#connect();
    this.#port = port;
    port.on('message', (message: FromStorage) => this.#receive(message));
    port.on('close', () => {
      if (this.#port !== port) return;
      this.#port = undefined;
      this.#giveUp();
      for (const id of [...this.#waiting.keys()]) {
        this.#answer(id, this.#isClosed ? undefined : 'the background worker ended');
      }
    });
    if (this.#waiting.size === 0) port.unref();
    return port;
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
