import type { AppendOutcome, CommitResult, ScrapeAppender, Slot } from '../../model/appender.ts';
import type { Exemplar } from '../../model/exemplar.ts';
import type { Histogram } from '../../model/histogram.ts';
import type { Labels } from '../../model/labels.ts';
import { isStaleAt, NORMAL_NAN_HIGH, NORMAL_NAN_LOW, writeStaleAt } from '../../model/sample.ts';
import type { SeriesRef, SourceId } from '../block.ts';
import { HISTOGRAM_HIGH } from '../histogram-cell.ts';
import { NO_SLOT } from '../index/layout.ts';
import type { SeriesIndex } from '../index/series-index.ts';
import type { Journal } from '../log/journal.ts';
import { writeBehind } from '../log/records.ts';
import type { Arena } from './arena.ts';
import { popcount } from './bits.ts';
import type { ExemplarRing } from './exemplar-ring.ts';
import { Ring } from './ring.ts';
import { SlotTable } from './slot-table.ts';
import { SourceLog } from './source-log.ts';
import { SourceStarts } from './source-starts.ts';

/** What the sources of a head share. */
export interface SourceContext {
  /** The index of now; do not keep it. */
  index(): SeriesIndex;
  readonly arena: Arena;
  readonly journal: Journal;
  nextRef(): SeriesRef;
  counted(samples: number): void;
  /** Samples up to this time are about to leave the head. */
  leaving(through: number): void;
  /** Begins a page: samples with their own times are published with the rest of it, by `release`. */
  hold(): void;
  release(publish: () => void): void;
  /** A histogram as it is kept; undefined when it is malformed and was refused. Valid until the next call. */
  encoded(histogram: Histogram): Uint8Array | undefined;
  readonly exemplars: ExemplarRing;
  /** Takes a sample with a time of its own, of a series whose ring is ahead of it. */
  readonly own: {
    append(labels: Labels, timestamp: number, value: number, start: number): AppendOutcome;
    appendHistogram(labels: Labels, timestamp: number, histogram: Histogram, start: number): AppendOutcome;
    appendStale(labels: Labels, timestamp: number): AppendOutcome;
  };
}

/**
 * A scrape so much earlier than the last one, ms, is taken: the clock was set back. What is earlier by less comes from a clock that is being
 * adjusted and is skipped, as counters would seem to jump to and fro.
 */
const SET_BACK_MS = 60_000;

/** One source of the head: its ring, which series has which slot, and what its last scrape held. */
export class ScrapeSource implements ScrapeAppender {
  readonly id: SourceId;
  readonly key: string;
  /** Place in the directory of rings; the series index names the source by it. */
  readonly place: number;
  readonly ring: Ring;
  /** Whether somebody appends to it. */
  isOpen = false;
  /** Rows after which the next flush is due, counted from `ring.first`. */
  flushAfter: number;
  /** Rows before this one are in a partition and synced: a replay does not need them. */
  synced = 0;
  readonly #context: SourceContext;
  readonly #slots = new SlotTable();
  readonly #logged: SourceLog;
  /** Slots with a sample, not a staleness marker, in the last committed row. */
  #live = new Uint32Array(2);
  /** The row of the scrape under way, and where it lies. */
  #open = -1;
  #openValues = 0;
  #openPresence = 0;
  #lastTimestamp = Number.NEGATIVE_INFINITY;
  /** Time of the last scrape since the clock was set back; while it has not caught up with the ring. */
  #lastBehind: number | undefined;
  /** The log row that says so and what that scrape held. */
  #behindSeq = Number.POSITIVE_INFINITY;
  /** Histograms of the open scrape by slot, while the clock is behind. */
  readonly #behindHistograms = new Map<Slot, Histogram>();
  /** Scrapes that were taken while the clock was behind the ring. */
  behindScrapes = 0;
  /** Made with the first start timestamp. */
  #starts: SourceStarts | undefined;
  readonly #fields: Int32Array;

  constructor(id: SourceId, key: string, place: number, fields: Int32Array, context: SourceContext) {
    this.id = id;
    this.key = key;
    this.place = place;
    this.#context = context;
    this.#fields = fields;
    this.ring = new Ring(context.arena, fields);
    this.#logged = new SourceLog(id, this.ring, context);
    // Sources that start together must not be flushed together.
    this.flushAfter = 17 + ((place * 7) % 16);
  }

  /** Unix ms; of the last row, -Infinity when there was none. */
  get lastTimestamp(): number {
    return this.#lastTimestamp;
  }

  /** Whether somebody appends to it, a series has a slot, or a replay needs its rows. */
  get isNeeded(): boolean {
    const { first, appended } = this.ring;
    return this.isOpen || this.slotCount > 0 || first < appended || this.synced < appended;
  }

  get slotCount(): number {
    return this.#slots.length;
  }

  get seriesCount(): number {
    return this.#slots.seriesCount;
  }

  find(labels: Labels): Slot {
    const index = this.#context.index();
    const series = index.find(this.place, labels);
    const slot = series >= 0 ? index.slotOf(series) : NO_SLOT;
    return slot === NO_SLOT ? -1 : slot;
  }

  slot(labels: Labels): Slot {
    const { journal } = this.#context;
    const index = this.#context.index();
    let series = index.find(this.place, labels);
    const known = series >= 0 ? index.slotOf(series) : NO_SLOT;
    if (known !== NO_SLOT) return known;
    const freed = this.#slots.reuse();
    // Rows that were dropped may have samples of its last series.
    if (freed !== undefined) this.ring.forget();
    const slot = freed ?? this.#slots.length;
    if (series < 0) {
      series = index.add(this.place, labels, this.#context.nextRef());
      journal.definitions.series({ ref: index.refOf(series), source: this.id, labels, slot });
    } else {
      journal.definitions.slot(index.refOf(series), slot);
    }
    journal.touch();
    this.#slots.assign(slot, series, this.ring.appended);
    if (this.#starts) this.#changeStart(slot, 0);
    this.ring.reassign();
    index.setSlot(series, slot);
    if (this.#open >= 0) {
      this.ring.widen(this.#slots.length);
      this.#locate();
    }
    return slot;
  }

  labelsOfSlot(slot: Slot): Labels {
    const series = this.#slots.seriesOf(slot);
    if (series === undefined) throw new Error(`source ${this.key}: slot ${slot} belongs to no series`);
    return this.#context.index().labelsOf(series);
  }

  begin(timestamp: number): boolean {
    if (this.#open >= 0) throw new Error(`source ${this.key}: begin within a scrape`);
    if (timestamp > this.#lastTimestamp) this.#lastBehind = undefined;
    else {
      const last = this.#lastBehind ?? this.#lastTimestamp;
      const isNext = this.#lastBehind !== undefined && timestamp > last;
      if (!isNext && !(last - timestamp >= SET_BACK_MS)) return false;
      this.#lastBehind = timestamp;
    }
    this.ring.start(timestamp, this.#slots.length);
    this.#open = this.ring.appended;
    this.#locate();
    this.#context.hold();
    return true;
  }

  set(slot: Slot, value: number): boolean {
    const { floats, words } = this.#context.arena;
    const presence = this.#openPresence + (slot >>> 5);
    const bit = 1 << (slot & 31);
    if ((words[presence]! & bit) !== 0) return false;
    words[presence]! |= bit;
    const at = this.#openValues + slot;
    if (!Number.isNaN(value)) floats[at] = value;
    else {
      // A number has no payload; and none may look like a staleness marker by accident.
      words[2 * at] = NORMAL_NAN_LOW;
      words[2 * at + 1] = NORMAL_NAN_HIGH;
    }
    return true;
  }

  setHistogram(slot: Slot, histogram: Histogram): boolean {
    const presence = this.#openPresence + (slot >>> 5);
    const bit = 1 << (slot & 31);
    if ((this.#context.arena.words[presence]! & bit) !== 0) return false;
    const bytes = this.#context.encoded(histogram);
    if (bytes === undefined) return false;
    const unit = this.ring.hold(bytes);
    const { words } = this.#context.arena;
    const at = this.#openValues + slot;
    if (this.#lastBehind !== undefined) this.#behindHistograms.set(slot, histogram);
    words[presence]! |= bit;
    words[2 * at] = unit;
    words[2 * at + 1] = HISTOGRAM_HIGH;
    return true;
  }

  setStart(slot: Slot, startTimestamp: number): void {
    const start = startOf(startTimestamp);
    if (this.#starts ? this.#starts.current(slot) !== start : start !== 0) this.#changeStart(slot, start);
  }

  exemplar(slot: Slot, exemplar: Exemplar): void {
    const series = this.#slots.seriesOf(slot)!;
    this.#context.exemplars.add(series, exemplar, this.ring.timestamp(this.#open));
  }

  commit(): CommitResult {
    const row = this.#open;
    if (row < 0) throw new Error(`source ${this.key}: commit without begin`);
    if (this.#lastBehind !== undefined) return this.#commitBehind(row, this.#lastBehind);
    const { words } = this.#context.arena;
    const presence = this.ring.presence(row);
    const values = this.ring.values(row);
    this.#growLive();
    const live = this.#live;
    let appended = 0;
    let seriesAdded = 0;
    let wentStale = 0;
    for (let word = 0; word < this.ring.width >>> 5; word++) {
      const now = words[presence + word]!;
      const before = live[word]!;
      appended += popcount(now);
      if (now === before) continue;
      seriesAdded += popcount(now & ~before);
      const gone = before & ~now;
      for (let bits = gone; bits !== 0; bits &= bits - 1) {
        writeStaleAt(words, values + word * 32 + 31 - Math.clz32(bits & -bits));
        wentStale++;
      }
      words[presence + word] = now | gone;
      live[word] = now;
    }
    this.#log(row);
    this.#context.counted(appended);
    return { appended, seriesAdded, wentStale };
  }

  abort(): void {
    if (this.#open < 0) return;
    this.ring.abandon();
    this.#behindHistograms.clear();
    this.#open = -1;
    this.#context.release(() => {});
  }

  /** The clock was set back: a ring's rows are in order, so the samples of this one go where those with their own times are. */
  #commitBehind(row: number, timestamp: number): CommitResult {
    const { own } = this.#context;
    const index = this.#context.index();
    const { words, floats } = this.#context.arena;
    const presence = this.ring.presence(row);
    const values = this.ring.values(row);
    this.#growLive();
    const result = { appended: 0, seriesAdded: 0, wentStale: 0 };
    for (let word = 0; word < this.ring.width >>> 5; word++) {
      const now = words[presence + word]!;
      const before = this.#live[word]!;
      result.appended += popcount(now);
      result.seriesAdded += popcount(now & ~before);
      result.wentStale += popcount(before & ~now);
      for (let bits = now | before; bits !== 0; bits &= bits - 1) {
        const bit = bits & -bits;
        const slot = word * 32 + 31 - Math.clz32(bit);
        const labels = index.labelsOf(this.#slots.seriesOf(slot)!);
        const start = this.#starts?.current(slot) ?? 0;
        const histogram = this.#behindHistograms.get(slot);
        if ((now & bit) === 0) own.appendStale(labels, timestamp);
        else if (histogram) own.appendHistogram(labels, timestamp, histogram, start);
        else own.append(labels, timestamp, floats[values + slot]!, start);
      }
      this.#live[word] = now;
    }
    this.behindScrapes++;
    this.abort();
    this.#noteBehind();
    return result;
  }

  /** A start must know what the last scrape held, which is not what the ring's last row says. */
  #noteBehind(): void {
    if (this.#lastBehind === undefined) return;
    const { journal } = this.#context;
    writeBehind(journal.records, this.id, this.#lastBehind, this.#live);
    this.#behindSeq = journal.seq;
    journal.touch();
  }

  markAllStale(timestamp: number): CommitResult {
    if (!this.#live.some((word) => word !== 0) || !this.begin(timestamp)) {
      return { appended: 0, seriesAdded: 0, wentStale: 0 };
    }
    return this.commit();
  }

  releaseUnused(): readonly Slot[] {
    if (this.#open >= 0) throw new Error(`source ${this.key}: releaseUnused within a scrape`);
    // Rows that a replay may need would give their samples to who has the slot next.
    if (this.synced < this.ring.first) return [];
    const used = this.#live.slice();
    const { words } = this.#context.arena;
    const length = Math.min(used.length, this.ring.width >>> 5);
    for (let row = this.ring.first; row < this.ring.appended; row++) {
      const presence = this.ring.presence(row);
      for (let word = 0; word < length; word++) used[word]! |= words[presence + word]!;
    }
    const released: Slot[] = [];
    for (let slot = 0; slot < this.#slots.length; slot++) {
      if (!this.#slots.isTaken(slot) || this.#slots.assignedAt(slot) >= this.ring.first) continue;
      if ((used[slot >>> 5]! & (1 << (slot & 31))) === 0) released.push(slot);
    }
    for (const slot of released) this.#release(slot);
    return released;
  }

  close(): void {
    this.abort();
    this.isOpen = false;
  }

  /** Takes the source into use again. @throws Error when it is in use */
  open(): void {
    if (this.isOpen) throw new Error(`source ${this.key} is open already`);
    this.isOpen = true;
  }

  /** The next row goes to the log whole, so that older log rows are not needed to read it. */
  startBlock(): void {
    this.#logged.startBlock();
  }

  /** Writes the rows that are in no partition to the log once more, the first one whole. */
  relog(): void {
    this.#logged.restart();
    this.#starts?.relogFrom(this.ring.first);
    for (let row = this.ring.first; row < this.ring.appended; row++) this.#logged.record(row, this.#starts);
    this.#noteBehind();
  }

  /** The oldest log row that a replay of this source needs, or Infinity. */
  neededSeq(): number {
    if (this.ring.appended === 0) return Number.POSITIVE_INFINITY;
    const whole = this.#logged.neededSeq(Math.min(this.synced, this.ring.appended - 1));
    return this.#lastBehind === undefined ? whole : Math.min(whole, this.#behindSeq);
  }

  /** Writes the last row to the log once more, whole, so that everything older may go; for sources that stand still. */
  rebase(): void {
    if (this.ring.appended === 0) return;
    this.#logged.restart();
    this.#logged.record(this.ring.appended - 1, this.#starts);
    this.#noteBehind();
  }

  /** @param numbers new number plus one of each series */
  renumber(numbers: Uint32Array): void {
    this.#slots.renumber(numbers);
  }

  /** Frees the ring of a closed source whose rows are all in partitions. Its series keep their refs but lose their slots. */
  retire(): void {
    for (let slot = 0; slot < this.#slots.length; slot++) if (this.#slots.isTaken(slot)) this.#release(slot);
    this.#slots.clear();
    this.#live = new Uint32Array(2);
    this.#logged.restart();
    this.#lastBehind = undefined;
    this.#starts?.release();
    this.#context.leaving(this.#lastTimestamp);
    this.ring.release();
  }

  /** Ref per slot, 0 where nobody has it; a copy for the background worker. */
  refs(): Uint32Array<ArrayBuffer> {
    const refs = new Uint32Array(this.ring.width);
    for (let slot = 0; slot < this.#slots.length; slot++) {
      const series = this.#slots.seriesOf(slot);
      if (series !== undefined) refs[slot] = this.#context.index().refOf(series);
    }
    return refs;
  }

  /** Takes a series back at its slot, at replay; who had it before loses it. Until `restoreLast` no other slot may be given out. */
  restoreSlot(slot: Slot, series: number): void {
    const index = this.#context.index();
    const before = this.#slots.seriesOf(slot);
    if (before !== undefined) index.setSlot(before, NO_SLOT);
    this.#slots.assign(slot, series, this.ring.appended);
    index.setSlot(series, slot);
  }

  /**
   * After a replay: remembers what the last row held, so that what is missing from the next one goes stale.
   * @param full the rows that the log holds whole, and the log rows they are in
   * @param behind the last scrape, when that was taken while the clock was behind the ring: its time, what it held, and the log row
   */
  restoreLast(
    full: readonly { row: number; seq: number }[],
    behind?: { readonly timestamp: number; readonly slots: readonly Slot[]; readonly seq: number },
  ): void {
    this.#logged.restore(full);
    this.#slots.findFree();
    const { ring } = this;
    this.synced = ring.first;
    // Slots may have changed hands since.
    ring.forget();
    const last = ring.appended - 1;
    if (last < 0) return;
    this.#lastTimestamp = ring.timestamp(last);
    this.#growLive(this.#slots.length);
    if (behind) {
      this.#lastBehind = behind.timestamp;
      this.#behindSeq = behind.seq;
      for (const slot of behind.slots) {
        if (this.#slots.isTaken(slot)) this.#live[slot >>> 5]! |= 1 << (slot & 31);
      }
      return;
    }
    const { words } = this.#context.arena;
    const presence = ring.presence(last);
    const values = ring.values(last);
    for (let slot = 0; slot < ring.width; slot++) {
      const bit = 1 << (slot & 31);
      if ((words[presence + (slot >>> 5)]! & bit) === 0) continue;
      if (!isStaleAt(words, values + slot) && this.#slots.isTaken(slot)) this.#live[slot >>> 5]! |= bit;
    }
  }

  /** Start timestamps of rows [from, to), as `SourceStarts.gather` says. */
  starts(from: number, to: number): Float64Array<ArrayBuffer> | undefined {
    return this.#starts?.gather(from, to);
  }

  /** Takes start timestamps back that hold from a row on, at replay. @param isWhole whether slots not named have none */
  restoreStarts(row: number, starts: ReadonlyMap<Slot, number>, isWhole: boolean): void {
    if (starts.size > 0) this.#starts ??= new SourceStarts(this.#context.arena, this.#fields);
    if (!this.#starts) return;
    if (isWhole) this.#starts.replace(row, starts, this.ring.first);
    else for (const [slot, start] of starts) this.#starts.set(row, slot, start, this.ring.first);
    this.#starts.markLogged();
  }

  #changeStart(slot: Slot, start: number): void {
    this.#starts ??= new SourceStarts(this.#context.arena, this.#fields);
    this.#starts.set(this.ring.appended, slot, start, this.ring.first);
  }

  #locate(): void {
    this.#openValues = this.ring.values(this.#open);
    this.#openPresence = this.ring.presence(this.#open);
  }

  #log(row: number): void {
    this.#open = -1;
    this.#lastTimestamp = this.ring.timestamp(row);
    this.#logged.record(row, this.#starts);
    this.#context.release(() => this.ring.append());
    this.#context.journal.touch();
  }

  #release(slot: Slot): void {
    const { journal } = this.#context;
    const index = this.#context.index();
    const series = this.#slots.seriesOf(slot)!;
    // What rows that were dropped have of it is found in partitions only.
    this.ring.forget();
    index.setSlot(series, NO_SLOT);
    journal.definitions.slot(index.refOf(series), undefined);
    journal.touch();
    if (this.#starts) this.#changeStart(slot, 0);
    this.#slots.giveBack(slot);
  }

  /** To the width of the ring, or to so many slots where that is narrower. */
  #growLive(slots = 0): void {
    const words = Math.max(this.ring.width, slots + 31) >>> 5;
    if (this.#live.length >= words) return;
    const grown = new Uint32Array(words);
    grown.set(this.#live);
    this.#live = grown;
  }
}

/** Whole milliseconds; what is no time at all counts as not known. */
export const startOf = (timestamp: number): number =>
  Math.abs(timestamp) < MAX_TIME ? Math.round(timestamp) : 0;
const MAX_TIME = 8.64e15;
