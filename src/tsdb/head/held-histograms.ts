import { histogramUnits, writeHeld } from '../histogram-cell.ts';
import type { Arena } from './arena.ts';

/** Numbers kept per histogram: its row, where it lies, how many units it takes. */
const FIELDS = 3;

/** The histograms of one ring in the arena, in order of their rows, so that they can be freed when the rows go. */
export class HeldHistograms {
  readonly #arena: Arena;
  #entries = new Float64Array(0);
  #from = 0;
  #to = 0;

  constructor(arena: Arena) {
    this.#arena = arena;
  }

  /** Puts a histogram into the arena for a row, not before that of the last one; returns the unit where it lies. */
  hold(row: number, bytes: Uint8Array): number {
    const units = histogramUnits(bytes.length);
    const unit = this.#arena.allocate(units);
    writeHeld(this.#arena.words, unit, bytes);
    if ((this.#to + 1) * FIELDS > this.#entries.length) this.#makeRoom();
    const at = FIELDS * this.#to++;
    this.#entries[at] = row;
    this.#entries[at + 1] = unit;
    this.#entries[at + 2] = units;
    return unit;
  }

  /** Frees those of rows before `row`. */
  dropBefore(row: number): void {
    while (this.#from < this.#to && this.#entries[FIELDS * this.#from]! < row) this.#free(this.#from++);
    if (this.#from === this.#to) this.#from = this.#to = 0;
  }

  /** Frees those of `row` and later ones: a scrape that was given up. */
  dropFrom(row: number): void {
    while (this.#to > this.#from && this.#entries[FIELDS * (this.#to - 1)]! >= row) this.#free(--this.#to);
  }

  #free(entry: number): void {
    this.#arena.free(this.#entries[FIELDS * entry + 1]!, this.#entries[FIELDS * entry + 2]!);
  }

  #makeRoom(): void {
    const held = this.#entries.subarray(FIELDS * this.#from, FIELDS * this.#to);
    const isHalfEmpty = held.length > 0 && 2 * held.length <= this.#entries.length;
    const entries = isHalfEmpty ? this.#entries : new Float64Array(Math.max(32 * FIELDS, 2 * held.length));
    if (isHalfEmpty) entries.copyWithin(0, FIELDS * this.#from, FIELDS * this.#to);
    else entries.set(held);
    this.#entries = entries;
    this.#to -= this.#from;
    this.#from = 0;
  }
}
