import type { AppendOutcome } from '../../model/appender.ts';
import { STALE_NAN_HIGH, STALE_NAN_LOW } from '../../model/sample.ts';
import type { SeriesRef } from '../block.ts';
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
  readonly values: Float64Array<ArrayBuffer>;
}

/** A sample's value as its two words: a staleness marker survives that, and not always a trip through a number. */
export interface ValueWords {
  readonly low: number;
  readonly high: number;
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
  #lastLogged = 0;
  #loggedSeq = -1;
  #inHead = 0;
  /** Columns that got samples since `committed` was last published. */
  #touched: number[] = [];

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
  add(series: number, ref: SeriesRef): number {
    const own = this.#refs.length;
    const at = this.#directory.allocate(OWN_STRIDE);
    this.#directory.words[at + OWN.series] = series;
    this.#refs.push(ref);
    if (own >= this.#latest.length) {
      const grown = new Float64Array(own * 2);
      grown.set(this.#latest);
      this.#latest = grown;
    }
    this.#latest[own] = Number.NEGATIVE_INFINITY;
    Atomics.store(this.#control, HEAD_CONTROL.owns, own + 1);
    return own;
  }

  /** Says which series the columns belong to when that was not known at `add`. */
  setSeries(own: number, series: number): void {
    this.#directory.words[own * OWN_STRIDE + OWN.series] = series;
  }

  append(own: number, timestamp: number, value: ValueWords): AppendOutcome {
    const outcome = this.restore(own, timestamp, value);
    if (outcome === 'ok') this.#log(this.#refs[own]!, timestamp, value);
    return outcome;
  }

  /** Appends without writing to the log. */
  restore(own: number, timestamp: number, value: ValueWords): AppendOutcome {
    if (timestamp <= this.#latest[own]!) {
      const known = this.#compare(own, timestamp, value);
      if (known) return known;
    } else {
      this.#latest[own] = timestamp;
    }
    const fields = this.#directory.words;
    const at = own * OWN_STRIDE;
    const count = fields[at + OWN.appended]!;
    if (count === fields[at + OWN.capacity]) this.#reshape(own, 0, Math.max(FIRST_CAPACITY, count * 2));
    const offset = fields[at + OWN.offset]!;
    const place = offset + fields[at + OWN.capacity]! + count;
    this.#arena.floats[offset + count] = timestamp;
    this.#arena.words[2 * place] = value.low;
    this.#arena.words[2 * place + 1] = value.high;
    Atomics.store(fields, at + OWN.appended, count + 1);
    if (count === fields[at + OWN.committed]) this.#touched.push(own);
    this.#inHead++;
    return 'ok';
  }

  /** Publishes everything appended so far to everyone. */
  commit(): void {
    const fields = this.#directory.words;
    for (const own of this.#touched) {
      const at = own * OWN_STRIDE;
      Atomics.store(fields, at + OWN.committed, fields[at + OWN.appended]!);
    }
    this.#touched = [];
  }

  /** Copies all committed samples; `drop` gives up what was copied once it is in partitions. */
  gather(): OwnBatch & { drop(): void } {
    const fields = this.#directory.words;
    const owns: number[] = [];
    let samples = 0;
    for (let own = 0; own < this.#refs.length; own++) {
      const count = fields[own * OWN_STRIDE + OWN.committed]!;
      if (count === 0) continue;
      owns.push(own);
      samples += count;
    }
    const refs = new Uint32Array(owns.length);
    const counts = new Uint32Array(owns.length);
    const timestamps = new Float64Array(samples);
    const values = new Float64Array(samples);
    let to = 0;
    for (const [i, own] of owns.entries()) {
      const at = own * OWN_STRIDE;
      const offset = fields[at + OWN.offset]!;
      const count = fields[at + OWN.committed]!;
      const valuesAt = offset + fields[at + OWN.capacity]!;
      refs[i] = this.#refs[own]!;
      counts[i] = count;
      timestamps.set(this.#arena.floats.subarray(offset, offset + count), to);
      values.set(this.#arena.floats.subarray(valuesAt, valuesAt + count), to);
      to += count;
    }
    const dropped = counts.slice();
    return { refs, counts, timestamps, values, drop: () => this.#drop(owns, dropped) };
  }

  /** Writes all samples to the log once more. */
  relog(): void {
    const fields = this.#directory.words;
    for (let own = 0; own < this.#refs.length; own++) {
      const at = own * OWN_STRIDE;
      const offset = fields[at + OWN.offset]!;
      const capacity = fields[at + OWN.capacity]!;
      for (let i = 0; i < fields[at + OWN.appended]!; i++) {
        const place = 2 * (offset + capacity + i);
        const value = { low: this.#arena.words[place]!, high: this.#arena.words[place + 1]! };
        this.#log(this.#refs[own]!, this.#arena.floats[offset + i]!, value);
      }
    }
  }

  #drop(owns: readonly number[], counts: Uint32Array): void {
    const fields = this.#directory.words;
    for (const [i, own] of owns.entries()) {
      const at = own * OWN_STRIDE;
      const rest = fields[at + OWN.appended]! - counts[i]!;
      this.#inHead -= counts[i]!;
      this.#reshape(own, counts[i]!, rest === 0 ? 0 : Math.max(FIRST_CAPACITY, rest * 2));
    }
    Atomics.add(this.#control, HEAD_CONTROL.ownEpoch, 1);
  }

  /** Moves the samples from `skip` on to a block of the given capacity. */
  #reshape(own: number, skip: number, capacity: number): void {
    const fields = this.#directory.words;
    const at = own * OWN_STRIDE;
    const oldOffset = fields[at + OWN.offset]!;
    const oldCapacity = fields[at + OWN.capacity]!;
    const appended = fields[at + OWN.appended]!;
    const offset = capacity === 0 ? 0 : this.#arena.allocate(2 * capacity);
    const { floats } = this.#arena;
    if (appended > skip) {
      floats.set(floats.subarray(oldOffset + skip, oldOffset + appended), offset);
      const values = oldOffset + oldCapacity;
      floats.set(floats.subarray(values + skip, values + appended), offset + capacity);
    }
    Atomics.add(fields, at + OWN.version, 1);
    Atomics.store(fields, at + OWN.offset, offset);
    Atomics.store(fields, at + OWN.capacity, capacity);
    Atomics.store(fields, at + OWN.appended, appended - skip);
    Atomics.store(fields, at + OWN.committed, Math.max(0, fields[at + OWN.committed]! - skip));
    Atomics.add(fields, at + OWN.version, 1);
    if (oldCapacity > 0) this.#arena.free(oldOffset, 2 * oldCapacity);
  }

  /** What a sample of the head at this very time says; undefined when there is none. */
  #compare(own: number, timestamp: number, value: ValueWords): 'duplicate' | 'conflict' | undefined {
    const fields = this.#directory.words;
    const at = own * OWN_STRIDE;
    const offset = fields[at + OWN.offset]!;
    const capacity = fields[at + OWN.capacity]!;
    const { floats, words } = this.#arena;
    for (let i = fields[at + OWN.appended]! - 1; i >= 0; i--) {
      if (floats[offset + i] !== timestamp) continue;
      const place = 2 * (offset + capacity + i);
      return words[place] === value.low && words[place + 1] === value.high ? 'duplicate' : 'conflict';
    }
    return undefined;
  }

  #log(ref: SeriesRef, timestamp: number, value: ValueWords): void {
    const { records } = this.#journal;
    if (this.#journal.seq !== this.#loggedSeq) {
      this.#loggedSeq = this.#journal.seq;
      this.#lastLogged = 0;
    }
    const stale = value.high === STALE_NAN_HIGH && value.low === STALE_NAN_LOW;
    records.u8(stale ? RECORD.ownStale : RECORD.ownSample);
    records.varint(ref);
    records.signed(timestamp - this.#lastLogged);
    this.#lastLogged = timestamp;
    if (!stale) {
      records.u32(value.low);
      records.u32(value.high);
    }
    this.#journal.touch();
  }
}
