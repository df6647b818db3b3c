import type { AppendOutcome } from '../../model/appender.ts';
import { STALE_NAN_HIGH, STALE_NAN_LOW } from '../../model/sample.ts';
import type { SeriesRef } from '../block.ts';
import { HISTOGRAM_HIGH, heldBytes, histogramUnits, writeHeld } from '../histogram-cell.ts';
import type { WordSlab } from '../index/slab.ts';
import type { Journal } from '../log/journal.ts';
import { RECORD } from '../log/records.ts';
import type { Arena } from './arena.ts';
import { HEAD_CONTROL, OWN, OWN_STRIDE } from './layout.ts';

const FIRST_CAPACITY = 8;

/** Samples of series with their own times, gathered for the background worker; columns in order of arrival, end to end. */
export interface OwnBatch {
  readonly refs: Uint32Array<ArrayBuffer>;
  readonly counts: Uint32Array<ArrayBuffer>;
  readonly timestamps: Float64Array<ArrayBuffer>;
  /** Cells of histograms say where in the arena they lie; they stay there until `drop`. */
  readonly values: Float64Array<ArrayBuffer>;
  /** Start timestamps, Unix ms, 0 where not known; absent when none is. */
  readonly starts: Float64Array<ArrayBuffer> | undefined;
}

/** A sample's value as its two words: a staleness marker survives that, and not always a trip through a number. */
export interface ValueWords {
  readonly low: number;
  readonly high: number;
  /** The sample is this histogram; then `high` is HISTOGRAM_HIGH. */
  readonly histogram?: Uint8Array;
}

/** The head's second path: series whose samples bring their own times, a growing column of times and one of values for each. */
export class OwnColumns {
  /** Samples noted up to this log row are in partitions and synced: a replay does not need them. */
  syncedSeq = 0;
  readonly #arena: Arena;
  readonly #directory: WordSlab;
  readonly #control: Int32Array;
  readonly #journal: Journal;
  readonly #refs: SeriesRef[] = [];
  /** Latest time per series, whether still in the head or not. */
  #latest = new Float64Array(64);
  /** Samples that ever arrived per series, those not published yet included. */
  #arrived = new Uint32Array(64);
  #lastLogged = 0;
  #loggedSeq = -1;
  #inHead = 0;
  /** Columns that got samples since `appended` was last published, and since `committed` was. */
  #unpublished: number[] = [];
  #touched: number[] = [];
  /** Pages that are being stored: what comes meanwhile is published when they are complete. */
  #holds = 0;
  /** Columns that have histograms. */
  readonly #native = new Set<number>();
  /** Columns whose series was forgotten, to be given to others. */
  readonly #free: number[] = [];
  /** `#arrived` as it was at `mark`. */
  #marked = new Uint32Array(0);

  constructor(arena: Arena, directory: WordSlab, control: Int32Array, journal: Journal) {
    this.#arena = arena;
    this.#directory = directory;
    this.#control = control;
    this.#journal = journal;
  }

  /** Samples that are in no partition yet. */
  get samples(): number {
    return this.#inHead;
  }

  /** Makes the columns of a series; returns their number. */
  add(ref: SeriesRef): number {
    const freed = this.#free.pop();
    if (freed !== undefined) {
      this.#refs[freed] = ref;
      return freed;
    }
    const own = this.#refs.length;
    this.#directory.allocate(OWN_STRIDE);
    this.#refs.push(ref);
    if (own >= this.#latest.length) {
      const grown = new Float64Array(own * 2);
      grown.set(this.#latest);
      this.#latest = grown;
      const arrived = new Uint32Array(own * 2);
      arrived.set(this.#arrived);
      this.#arrived = arrived;
    }
    this.#latest[own] = Number.NEGATIVE_INFINITY;
    Atomics.store(this.#control, HEAD_CONTROL.owns, own + 1);
    return own;
  }

  /** Notes how many samples arrived by now, for `isIdle`. */
  mark(): void {
    this.#marked = this.#arrived.slice(0, this.#refs.length);
  }

  /** Whether the columns are empty and nothing arrived for them since `mark`. */
  isIdle(own: number): boolean {
    return own < this.#marked.length && this.#marked[own] === this.#arrived[own] && this.#count(own) === 0;
  }

  /** Takes idle columns back from a series that is forgotten. Readers that take them for that series' find nothing in them. */
  free(own: number): void {
    this.#latest[own] = Number.NEGATIVE_INFINITY;
    this.#free.push(own);
  }

  /** @param start Unix ms, 0 when not known */
  append(own: number, timestamp: number, value: ValueWords, start: number): AppendOutcome {
    const outcome = this.restore(own, timestamp, value, start);
    if (outcome === 'ok') this.#log(this.#refs[own]!, timestamp, value, start);
    return outcome;
  }

  /** Appends without writing to the log. */
  restore(own: number, timestamp: number, value: ValueWords, start: number): AppendOutcome {
    if (timestamp <= this.#latest[own]!) {
      const known = this.#compare(own, timestamp, value);
      if (known) return known;
    } else {
      this.#latest[own] = timestamp;
    }
    const fields = this.#directory.words;
    const at = own * OWN_STRIDE;
    const count = this.#count(own);
    const isFull = count === fields[at + OWN.capacity];
    const needsStarts = start !== 0 && fields[at + OWN.starts] === 0;
    if (isFull || needsStarts) {
      const capacity = isFull ? Math.max(FIRST_CAPACITY, count * 2) : fields[at + OWN.capacity]!;
      this.#reshape(own, 0, capacity, needsStarts);
    }
    const unit = value.histogram && this.#hold(own, value.histogram);
    const offset = fields[at + OWN.offset]!;
    const place = offset + fields[at + OWN.capacity]! + count;
    this.#arena.floats[offset + count] = timestamp;
    this.#arena.words[2 * place] = unit ?? value.low;
    this.#arena.words[2 * place + 1] = value.high;
    if (fields[at + OWN.starts] === 1) this.#arena.floats[place + fields[at + OWN.capacity]!] = start;
    const arrived = this.#arrived[own]!++;
    this.#inHead++;
    if (arrived === fields[at + OWN.appended]) this.#unpublished.push(own);
    if (arrived === fields[at + OWN.committed]) this.#touched.push(own);
    if (this.#holds === 0) this.#publish();
    return 'ok';
  }

  /** Begins a page: its samples are published together when it is complete. */
  hold(): void {
    this.#holds++;
  }

  /** Ends a page. @param publish what else of it readers shall see at once with its samples */
  release(publish: () => void): void {
    if (--this.#holds > 0) publish();
    else this.#publish(publish);
  }

  /** Publishes everything that arrived so far to everyone. @param publish what else they shall see at once with it */
  commit(publish: () => void): void {
    this.#publish(publish, () => {
      const fields = this.#directory.words;
      for (const own of this.#touched)
        Atomics.store(fields, own * OWN_STRIDE + OWN.committed, this.#arrived[own]!);
      this.#touched = [];
    });
  }

  /** Publishes what arrived to those who read up to what was appended, and the rest as one with it. */
  #publish(...others: readonly (() => void)[]): void {
    const isPlain = this.#unpublished.length === 0 && this.#touched.length === 0;
    if (!isPlain) Atomics.add(this.#control, HEAD_CONTROL.ownVersion, 1);
    const fields = this.#directory.words;
    for (const own of this.#unpublished)
      Atomics.store(fields, own * OWN_STRIDE + OWN.appended, this.#arrived[own]!);
    this.#unpublished = [];
    for (const publish of others) publish();
    if (!isPlain) Atomics.add(this.#control, HEAD_CONTROL.ownVersion, 1);
  }

  /** Samples of a series in its block, those not published yet included. */
  #count(own: number): number {
    return this.#arrived[own]! - this.#directory.words[own * OWN_STRIDE + OWN.dropped]!;
  }

  #committedCount(own: number): number {
    const fields = this.#directory.words;
    return fields[own * OWN_STRIDE + OWN.committed]! - fields[own * OWN_STRIDE + OWN.dropped]!;
  }

  /** Copies all committed samples, the latest at `through`; `drop` gives up what was copied once it is in partitions. */
  gather(): OwnBatch & { readonly through: number; drop(): void } {
    const fields = this.#directory.words;
    const owns: number[] = [];
    let samples = 0;
    for (let own = 0; own < this.#refs.length; own++) {
      const count = this.#committedCount(own);
      if (count === 0) continue;
      owns.push(own);
      samples += count;
    }
    const refs = new Uint32Array(owns.length);
    const counts = new Uint32Array(owns.length);
    const timestamps = new Float64Array(samples);
    const values = new Float64Array(samples);
    const hasStarts = owns.some((own) => fields[own * OWN_STRIDE + OWN.starts] === 1);
    const starts = hasStarts ? new Float64Array(samples) : undefined;
    let to = 0;
    for (const [i, own] of owns.entries()) {
      const at = own * OWN_STRIDE;
      const offset = fields[at + OWN.offset]!;
      const count = this.#committedCount(own);
      const valuesAt = offset + fields[at + OWN.capacity]!;
      refs[i] = this.#refs[own]!;
      counts[i] = count;
      timestamps.set(this.#arena.floats.subarray(offset, offset + count), to);
      values.set(this.#arena.floats.subarray(valuesAt, valuesAt + count), to);
      if (fields[at + OWN.starts] === 1) {
        const startsAt = valuesAt + fields[at + OWN.capacity]!;
        starts!.set(this.#arena.floats.subarray(startsAt, startsAt + count), to);
      }
      to += count;
    }
    const dropped = counts.slice();
    const through = timestamps.reduce((latest, time) => Math.max(latest, time), Number.NEGATIVE_INFINITY);
    return { refs, counts, timestamps, values, starts, through, drop: () => this.#drop(owns, dropped) };
  }

  /** Writes all samples to the log once more. */
  relog(): void {
    const fields = this.#directory.words;
    for (let own = 0; own < this.#refs.length; own++) {
      const at = own * OWN_STRIDE;
      const offset = fields[at + OWN.offset]!;
      const capacity = fields[at + OWN.capacity]!;
      for (let i = 0; i < this.#count(own); i++) {
        const place = offset + capacity + i;
        const { words, floats } = this.#arena;
        const low = words[2 * place]!;
        const high = words[2 * place + 1]!;
        const start = fields[at + OWN.starts] === 1 ? floats[place + capacity]! : 0;
        const value =
          high === HISTOGRAM_HIGH ? { low, high, histogram: heldBytes(words, low)! } : { low, high };
        this.#log(this.#refs[own]!, floats[offset + i]!, value, start);
      }
    }
  }

  #drop(owns: readonly number[], counts: Uint32Array): void {
    for (const [i, own] of owns.entries()) {
      const rest = this.#count(own) - counts[i]!;
      this.#inHead -= counts[i]!;
      const gone = this.#native.has(own) ? this.#histogramUnits(own, counts[i]!) : [];
      this.#reshape(own, counts[i]!, rest === 0 ? 0 : Math.max(FIRST_CAPACITY, rest * 2));
      for (const unit of gone) this.#release(unit);
      if (rest === 0) this.#native.delete(own);
    }
    Atomics.add(this.#control, HEAD_CONTROL.ownEpoch, 1);
  }

  #hold(own: number, histogram: Uint8Array): number {
    this.#native.add(own);
    const unit = this.#arena.allocate(histogramUnits(histogram.length));
    writeHeld(this.#arena.words, unit, histogram);
    return unit;
  }

  #release(unit: number): void {
    this.#arena.free(unit, histogramUnits(this.#arena.words[2 * unit]!));
  }

  /** Where the histograms among the first `count` samples lie. */
  #histogramUnits(own: number, count: number): number[] {
    const fields = this.#directory.words;
    const at = own * OWN_STRIDE;
    const values = fields[at + OWN.offset]! + fields[at + OWN.capacity]!;
    const { words } = this.#arena;
    const units: number[] = [];
    for (let place = values; place < values + count; place++) {
      if (words[2 * place + 1] === HISTOGRAM_HIGH) units.push(words[2 * place]!);
    }
    return units;
  }

  /** Moves the samples from `skip` on to a block of the given capacity. @param addStarts gives it room for start timestamps */
  #reshape(own: number, skip: number, capacity: number, addStarts = false): void {
    const fields = this.#directory.words;
    const at = own * OWN_STRIDE;
    const oldOffset = fields[at + OWN.offset]!;
    const oldCapacity = fields[at + OWN.capacity]!;
    const count = this.#count(own);
    const hadStarts = fields[at + OWN.starts] === 1;
    const hasStarts = capacity > 0 && (hadStarts || addStarts);
    const columns = hasStarts ? 3 : 2;
    const offset = capacity === 0 ? 0 : this.#arena.allocate(columns * capacity);
    const { floats } = this.#arena;
    if (count > skip) {
      floats.set(floats.subarray(oldOffset + skip, oldOffset + count), offset);
      const values = oldOffset + oldCapacity;
      floats.set(floats.subarray(values + skip, values + count), offset + capacity);
      const starts = values + oldCapacity;
      const to = offset + 2 * capacity;
      if (hadStarts) floats.set(floats.subarray(starts + skip, starts + count), to);
      else if (hasStarts) floats.fill(0, to, to + count - skip);
    }
    Atomics.add(fields, at + OWN.version, 1);
    Atomics.store(fields, at + OWN.offset, offset);
    Atomics.store(fields, at + OWN.capacity, capacity);
    Atomics.store(fields, at + OWN.starts, hasStarts ? 1 : 0);
    Atomics.store(fields, at + OWN.dropped, fields[at + OWN.dropped]! + skip);
    Atomics.add(fields, at + OWN.version, 1);
    if (oldCapacity > 0) this.#arena.free(oldOffset, (hadStarts ? 3 : 2) * oldCapacity);
  }

  /** What a sample of the head at this very time says; undefined when there is none. */
  #compare(own: number, timestamp: number, value: ValueWords): 'duplicate' | 'conflict' | undefined {
    const fields = this.#directory.words;
    const at = own * OWN_STRIDE;
    const offset = fields[at + OWN.offset]!;
    const capacity = fields[at + OWN.capacity]!;
    const { floats, words } = this.#arena;
    for (let i = this.#count(own) - 1; i >= 0; i--) {
      if (floats[offset + i] !== timestamp) continue;
      const place = 2 * (offset + capacity + i);
      if (words[place + 1] !== value.high) return 'conflict';
      const isSame = value.histogram
        ? Buffer.compare(value.histogram, heldBytes(words, words[place]!)!) === 0
        : words[place] === value.low;
      return isSame ? 'duplicate' : 'conflict';
    }
    return undefined;
  }

  #log(ref: SeriesRef, timestamp: number, value: ValueWords, start: number): void {
    const { records } = this.#journal;
    if (this.#journal.seq !== this.#loggedSeq) {
      this.#loggedSeq = this.#journal.seq;
      this.#lastLogged = 0;
    }
    if (start !== 0) {
      records.u8(RECORD.ownStart);
      records.signed(start);
    }
    const stale = value.high === STALE_NAN_HIGH && value.low === STALE_NAN_LOW;
    records.u8(stale ? RECORD.ownStale : value.histogram ? RECORD.ownHistogram : RECORD.ownSample);
    records.varint(ref);
    records.signed(timestamp - this.#lastLogged);
    this.#lastLogged = timestamp;
    if (value.histogram) {
      records.varint(value.histogram.length);
      records.bytes(value.histogram);
    } else if (!stale) {
      records.u32(value.low);
      records.u32(value.high);
    }
    this.#journal.touch();
  }
}
