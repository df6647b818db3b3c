/**
 * The greatest (or least) value of a window that moves forward over a column: each value enters and leaves a queue once,
 * however wide the window. NaN loses to everything.
 */
export class SlidingExtreme {
  private readonly isMax: boolean;
  private values: Float64Array = new Float64Array(0);
  /** Indexes of candidates, their values falling (rising for the least); the first is the extreme. */
  private queue = new Int32Array(64);
  private head = 0;
  private tail = 0;
  /** The window so far. */
  private from = 0;
  private end = 0;

  constructor(isMax: boolean) {
    this.isMax = isMax;
  }

  /** The extreme of values[from, to), to > from. A window that went back or changed columns starts anew. */
  of(values: Float64Array, from: number, to: number): number {
    const isAhead = values === this.values && from >= this.from && from <= this.end && to >= this.end;
    if (!isAhead) this.restart(values, from);
    this.from = from;
    while (this.head < this.tail && this.queue[this.head]! < from) this.head++;
    for (let i = Math.max(this.end, from); i < to; i++) this.enter(i);
    this.end = to;
    return this.head < this.tail ? values[this.queue[this.head]!]! : Number.NaN;
  }

  private restart(values: Float64Array, from: number): void {
    this.values = values;
    this.head = 0;
    this.tail = 0;
    this.end = from;
  }

  private enter(index: number): void {
    const { values, isMax } = this;
    const value = values[index]!;
    if (Number.isNaN(value)) return;
    while (this.head < this.tail) {
      const last = values[this.queue[this.tail - 1]!]!;
      if (isMax ? last > value : last < value) break;
      this.tail--;
    }
    if (this.tail === this.queue.length) this.makeRoom();
    this.queue[this.tail++] = index;
  }

  private makeRoom(): void {
    const length = this.tail - this.head;
    const target = length * 2 > this.queue.length ? new Int32Array(2 * this.queue.length) : this.queue;
    target.set(this.queue.subarray(this.head, this.tail));
    this.queue = target;
    this.head = 0;
    this.tail = length;
  }
}
