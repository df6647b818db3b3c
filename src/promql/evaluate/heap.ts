/** A binary heap with the order of Go's container/heap, so that ties fall as upstream's do. */
export class Heap<T> {
  readonly items: T[] = [];
  private readonly less: (a: T, b: T) => boolean;

  constructor(less: (a: T, b: T) => boolean) {
    this.less = less;
  }

  push(item: T): void {
    this.items.push(item);
    this.up();
  }

  /** Puts another item in place of the first. */
  replaceFirst(item: T): void {
    this.items[0] = item;
    this.down();
  }

  /** Moves the last item to its place. */
  private up(): void {
    const { items } = this;
    for (let at = items.length - 1; at > 0; ) {
      const parent = (at - 1) >> 1;
      if (!this.less(items[at]!, items[parent]!)) return;
      [items[at], items[parent]] = [items[parent]!, items[at]!];
      at = parent;
    }
  }

  /** Moves the first item to its place. */
  private down(): void {
    const { items } = this;
    for (let at = 0; ; ) {
      const left = 2 * at + 1;
      if (left >= items.length) return;
      const right = left + 1;
      const child = right < items.length && this.less(items[right]!, items[left]!) ? right : left;
      if (!this.less(items[child]!, items[at]!)) return;
      [items[at], items[child]] = [items[child]!, items[at]!];
      at = child;
    }
  }
}
