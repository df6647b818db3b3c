import type { Arena } from './arena.ts';
import { HeldHistograms } from './held-histograms.ts';
import { RING, ringUnits, rowAt } from './layout.ts';

/** Rows a ring begins with: a flush takes 32, and the scrapes of some intervals go on while it is under way. */
const FIRST_ROWS = 40;

/** How a ring's rows lie in the arena at one moment; a flush in progress keeps reading by it when the ring has moved on. */
export interface RingGeometry {
  readonly offset: number;
  readonly rows: number;
  readonly width: number;
}

/** The ring of one source, as main writes it: row-major, one row per scrape, each with a value and a presence bit per slot. */
export class Ring {
  readonly #arena: Arena;
  readonly #fields: Int32Array;
  #offset = 0;
  #rows = 0;
  #width = 0;
  #first = 0;
  #started = 0;
  #appended = 0;
  #committed = 0;
  /** Rows given up without having been in a partition. */
  lostRows = 0;
  /** Blocks that a flush under way may still read. */
  #retired: RingGeometry[] = [];
  #pins = 0;
  /** Made with the first histogram. */
  #held: HeldHistograms | undefined;

  /** @param fields the ring's row of the directory, as a view of its own */
  constructor(arena: Arena, fields: Int32Array) {
    this.#arena = arena;
    this.#fields = fields;
  }

  get first(): number {
    return this.#first;
  }
  get appended(): number {
    return this.#appended;
  }
  get committed(): number {
    return this.#committed;
  }
  get width(): number {
    return this.#width;
  }
  get geometry(): RingGeometry {
    return { offset: this.#offset, rows: this.#rows, width: this.#width };
  }

  timestamp(row: number): number {
    return this.#arena.floats[this.#offset + (row % this.#rows)]!;
  }

  /** Unit of the arena where the values of a row begin. */
  values(row: number): number {
    return rowAt(this.#offset, this.#rows, this.#width, row % this.#rows);
  }

  /** Word of the arena where the presence bits of a row begin. */
  presence(row: number): number {
    return (this.values(row) + this.#width) * 2;
  }

  /** Opens row `appended`, empty, at least `slots` wide. */
  start(timestamp: number, slots: number): void {
    if (this.#appended - this.#first >= this.#rows && this.#mustGiveUp()) {
      this.drop(this.#first + 1);
      this.lostRows++;
    }
    if (slots > this.#width || this.#appended - this.#first >= this.#rows) {
      const full = this.#appended - this.#first >= this.#rows;
      this.#reshape(full ? Math.ceil(this.#rows * 1.5) : this.#rows, Math.max(slots, this.#width));
    }
    this.#started = this.#appended + 1;
    Atomics.store(this.#fields, RING.started, this.#started);
    const row = this.#appended;
    this.#arena.floats[this.#offset + (row % this.#rows)] = timestamp;
    const presence = this.presence(row);
    this.#arena.words.fill(0, presence, presence + this.#width / 32);
  }

  /** Makes room for `slots` slots, also in the row that is open. */
  widen(slots: number): void {
    if (slots > this.#width) this.#reshape(this.#rows, Math.max(slots, Math.ceil(this.#width * 1.5)));
  }

  /** Publishes the open row to those who read up to what was appended. */
  append(): void {
    this.#appended++;
    Atomics.store(this.#fields, RING.appended, this.#appended);
  }

  /** Publishes rows below `row` to everyone. */
  commit(row: number): void {
    if (row <= this.#committed) return;
    this.#committed = row;
    Atomics.store(this.#fields, RING.committed, row);
  }

  /** Gives up rows below `row`: they are in a partition. */
  drop(row: number): void {
    if (row <= this.#first) return;
    this.#first = Math.min(row, this.#appended);
    Atomics.store(this.#fields, RING.first, this.#first);
    if (!this.#held) return;
    // The last row may have to go to the log once more.
    const from = Math.min(this.#first, this.#appended - 1);
    Atomics.store(this.#fields, RING.extrasFrom, Math.max(from, this.#fields[RING.extrasFrom]!));
    this.#held.dropBefore(from);
  }

  /** Lets nobody read rows that were dropped: they are not what partitions hold, or their slots get other series. */
  forget(): void {
    Atomics.store(this.#fields, RING.keptFrom, this.#first);
    Atomics.add(this.#fields, RING.version, 2);
  }

  /** Puts a histogram of the open row into the arena; returns the unit where it lies. */
  hold(histogram: Uint8Array): number {
    if (!this.#held) {
      this.#held = new HeldHistograms(this.#arena);
      Atomics.store(this.#fields, RING.histograms, 1);
    }
    return this.#held.hold(this.#appended, histogram);
  }

  /** Gives up the open row. */
  abandon(): void {
    this.#held?.dropFrom(this.#appended);
  }

  /** Whether any row ever had a histogram. */
  get hasHistograms(): boolean {
    return this.#held !== undefined;
  }

  /** Keeps every block as it is for a flush that reads it. */
  pin(): void {
    this.#pins++;
  }

  unpin(): void {
    this.#pins--;
    if (this.#pins > 0) return;
    for (const { offset, rows, width } of this.#retired) this.#arena.free(offset, ringUnits(rows, width));
    this.#retired = [];
  }

  /** Tells readers that slots have new owners. */
  reassign(): void {
    Atomics.add(this.#fields, RING.version, 2);
  }

  /** Frees the memory of a ring whose rows were all dropped; the next `start` begins anew. */
  release(): void {
    if (this.#rows === 0) return;
    Atomics.add(this.#fields, RING.version, 1);
    this.#retire();
    this.#held?.dropBefore(this.#appended);
    this.#rows = 0;
    this.#width = 0;
    this.#publishShape();
    Atomics.add(this.#fields, RING.version, 1);
  }

  /** Whether the memory for rows that cannot be moved to a partition is spent. */
  #mustGiveUp(): boolean {
    return this.#rows > FIRST_ROWS && this.#pins === 0 && this.#arena.usedBytes > this.#arena.limitBytes;
  }

  #reshape(wantedRows: number, slots: number): void {
    const rows = Math.max(wantedRows, FIRST_ROWS);
    const width = Math.ceil(slots / 32) * 32;
    const offset = this.#arena.allocate(ringUnits(rows, width));
    const { floats, words } = this.#arena;
    // Rows that were dropped go along: the last is compared with the next, and readers go on from the others without a partition.
    const base =
      this.#rows === 0 ? this.#appended : Math.max(this.#fields[RING.base]!, this.#started - this.#rows);
    if (this.#rows > 0) {
      for (let row = base; row < this.#started; row++) {
        const from = this.values(row);
        const to = rowAt(offset, rows, width, row % rows);
        floats[offset + (row % rows)] = this.timestamp(row);
        floats.set(floats.subarray(from, from + this.#width), to);
        words.fill(0, (to + width) * 2, (to + width) * 2 + width / 32);
        const bits = (from + this.#width) * 2;
        words.set(words.subarray(bits, bits + this.#width / 32), (to + width) * 2);
      }
    }
    Atomics.add(this.#fields, RING.version, 1);
    this.#retire();
    this.#offset = offset;
    this.#rows = rows;
    this.#width = width;
    this.#publishShape();
    Atomics.store(this.#fields, RING.base, base);
    Atomics.add(this.#fields, RING.version, 1);
  }

  #publishShape(): void {
    Atomics.store(this.#fields, RING.offset, this.#offset);
    Atomics.store(this.#fields, RING.rows, this.#rows);
    Atomics.store(this.#fields, RING.width, this.#width);
  }

  #retire(): void {
    if (this.#rows === 0) return;
    if (this.#pins > 0) this.#retired.push(this.geometry);
    else this.#arena.free(this.#offset, ringUnits(this.#rows, this.#width));
  }
}
