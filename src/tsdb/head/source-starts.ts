import type { Arena } from './arena.ts';
import { RING, START_UNITS } from './layout.ts';

const FIRST_ENTRIES = 32;

/** From a row on, the samples of a slot began at `start`, Unix ms; 0: not known. */
export interface StartChange {
  readonly row: number;
  readonly slot: number;
  readonly start: number;
}

/**
 * Start timestamps of one source: not one per sample, but a list of changes, since a counter begins once and goes on for days.
 * The list lies in the arena, where readers find it by the ring's fields.
 */
export class SourceStarts {
  readonly #arena: Arena;
  readonly #fields: Int32Array;
  /** What holds now, per slot. */
  #current = new Float64Array(0);
  #unit = 0;
  #capacity = 0;
  #count = 0;
  /** Entries before this one are in the log. */
  #logged = 0;

  constructor(arena: Arena, fields: Int32Array) {
    this.#arena = arena;
    this.#fields = fields;
  }

  current(slot: number): number {
    return slot < this.#current.length ? this.#current[slot]! : 0;
  }

  /** @param first the oldest row that is not in a partition: changes that no row from there on sees may be forgotten */
  set(row: number, slot: number, start: number, first: number): void {
    if (slot >= this.#current.length) {
      const grown = new Float64Array(Math.max(32, slot + 1, this.#current.length * 2));
      grown.set(this.#current);
      this.#current = grown;
    }
    if (this.#current[slot] === start) return;
    this.#current[slot] = start;
    if (this.#count === this.#capacity) this.#makeRoom(first);
    const at = this.#unit + START_UNITS * this.#count;
    this.#arena.words[2 * at] = row;
    this.#arena.words[2 * at + 1] = slot;
    this.#arena.floats[at + 1] = start;
    this.#count++;
    Atomics.store(this.#fields, RING.startsCount, this.#count);
  }

  /** What the log does not have yet of the rows up to `row`. */
  *unlogged(row: number): Generator<StartChange> {
    while (this.#logged < this.#count) {
      const change = this.#entry(this.#logged);
      if (change.row > row) return;
      this.#logged++;
      yield change;
    }
  }

  /** From a row on exactly these hold, by slot. */
  replace(row: number, starts: ReadonlyMap<number, number>, first: number): void {
    for (const [slot, start] of starts) this.set(row, slot, start, first);
    for (let slot = 0; slot < this.#current.length; slot++) {
      if (this.#current[slot] !== 0 && !starts.has(slot)) this.set(row, slot, 0, first);
    }
  }

  /** What holds at a row, for a log that is to be read from there. */
  asOf(row: number): Map<number, number> {
    const starts = new Map<number, number>();
    for (let i = 0; i < this.#count; i++) {
      const change = this.#entry(i);
      if (change.row > row) break;
      if (change.start === 0) starts.delete(change.slot);
      else starts.set(change.slot, change.start);
    }
    this.#logged = Math.max(this.#logged, this.#countUpTo(row));
    return starts;
  }

  /** Takes all that holds for rows [from, to): slot, row, start in turn, by slot; for the background worker. */
  gather(from: number, to: number): Float64Array<ArrayBuffer> | undefined {
    const bySlot = new Map<number, StartChange[]>();
    for (let i = 0; i < this.#count; i++) {
      const change = this.#entry(i);
      if (change.row >= to) break;
      const list = bySlot.get(change.slot);
      if (list === undefined || change.row <= from) bySlot.set(change.slot, [change]);
      else list.push(change);
    }
    const changes = [...bySlot.values()].flat();
    if (changes.every(({ start }) => start === 0)) return undefined;
    return Float64Array.from(changes.flatMap(({ slot, row, start }) => [slot, row, start]));
  }

  /** Begins the log anew from `row`: later entries are noted again. */
  relogFrom(row: number): void {
    this.#logged = this.#countUpTo(row);
  }

  /** All there is came from the log. */
  markLogged(): void {
    this.#logged = this.#count;
  }

  release(): void {
    if (this.#capacity > 0) this.#arena.free(this.#unit, START_UNITS * this.#capacity);
    this.#capacity = this.#count = this.#logged = this.#unit = 0;
    this.#current.fill(0);
    Atomics.store(this.#fields, RING.startsCount, 0);
  }

  /** Entries whose row is not after `row`; they stand in order of rows. */
  #countUpTo(row: number): number {
    let count = this.#count;
    while (count > 0 && this.#entry(count - 1).row > row) count--;
    return count;
  }

  #entry(index: number): StartChange {
    const at = this.#unit + START_UNITS * index;
    const { words, floats } = this.#arena;
    return { row: words[2 * at]!, slot: words[2 * at + 1]!, start: floats[at + 1]! };
  }

  /** Moves the list to a block with room, without what no row needs any more. */
  #makeRoom(first: number): void {
    const seen = new Set<number>();
    const kept: StartChange[] = [];
    let keptLogged = 0;
    for (let i = this.#count - 1; i >= 0; i--) {
      const change = this.#entry(i);
      if (change.row <= first) {
        if (seen.has(change.slot)) continue;
        seen.add(change.slot);
      }
      kept.push(change);
      if (i < this.#logged) keptLogged++;
    }
    kept.reverse();
    const capacity = Math.max(FIRST_ENTRIES, 2 * kept.length);
    const unit = this.#arena.allocate(START_UNITS * capacity);
    const { words, floats } = this.#arena;
    for (const [i, { row, slot, start }] of kept.entries()) {
      const at = unit + START_UNITS * i;
      words[2 * at] = row;
      words[2 * at + 1] = slot;
      floats[at + 1] = start;
    }
    Atomics.store(this.#fields, RING.extrasFrom, Math.max(this.#fields[RING.extrasFrom]!, first));
    Atomics.add(this.#fields, RING.version, 1);
    if (this.#capacity > 0) this.#arena.free(this.#unit, START_UNITS * this.#capacity);
    this.#unit = unit;
    this.#capacity = capacity;
    this.#count = kept.length;
    this.#logged = keptLogged;
    Atomics.store(this.#fields, RING.starts, unit);
    Atomics.store(this.#fields, RING.startsCount, this.#count);
    Atomics.add(this.#fields, RING.version, 1);
  }
}
