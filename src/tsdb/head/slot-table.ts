import type { Slot } from '../../model/appender.ts';

const NOBODY = 0xffffffff;

/** Which series has which slot in the rows of a source. Slots are numbered from 0 and given out again when they were given back. */
export class SlotTable {
  /** Slots that were ever given out. */
  length = 0;
  #series = new Uint32Array(64).fill(NOBODY);
  /** Row that was next when the slot was given out. */
  #assignedAt = new Int32Array(64);
  #free: Slot[] = [];

  get seriesCount(): number {
    return this.length - this.#free.length;
  }

  /** Whether a series has the slot. */
  isTaken(slot: Slot): boolean {
    return slot < this.length && this.#series[slot] !== NOBODY;
  }

  /** The series that has the slot; undefined when none has. */
  seriesOf(slot: Slot): number | undefined {
    const series = this.#series[slot];
    return series === NOBODY ? undefined : series;
  }

  assignedAt(slot: Slot): number {
    return this.#assignedAt[slot]!;
  }

  /** A slot that was given back, if there is one, to be assigned next. */
  reuse(): Slot | undefined {
    return this.#free.pop();
  }

  /** @param row that is next */
  assign(slot: Slot, series: number, row: number): void {
    if (slot >= this.#series.length) {
      const length = Math.max(slot + 1, this.#series.length * 2);
      const grown = new Uint32Array(length).fill(NOBODY);
      grown.set(this.#series);
      this.#series = grown;
      const assignedAt = new Int32Array(length);
      assignedAt.set(this.#assignedAt);
      this.#assignedAt = assignedAt;
    }
    this.#series[slot] = series;
    this.#assignedAt[slot] = row;
    this.length = Math.max(this.length, slot + 1);
  }

  giveBack(slot: Slot): void {
    this.#series[slot] = NOBODY;
    this.#free.push(slot);
  }

  /** After slots were assigned out of order: those between them that nobody has may be given out. */
  findFree(): void {
    for (let slot = this.length - 1; slot >= 0; slot--) if (!this.isTaken(slot)) this.#free.push(slot);
  }

  /** @param numbers new number plus one of each series */
  renumber(numbers: Uint32Array): void {
    for (let slot = 0; slot < this.length; slot++) {
      const series = this.#series[slot]!;
      if (series !== NOBODY) this.#series[slot] = numbers[series]! - 1;
    }
  }

  /** Begins anew, when all were given back. */
  clear(): void {
    this.length = 0;
    this.#free = [];
    this.#series = new Uint32Array(64).fill(NOBODY);
    this.#assignedAt = new Int32Array(64);
  }
}
