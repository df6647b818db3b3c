/** A binary heap with the order of Go's container/heap, so that ties fall as upstream's do. */
export class Heap<T> {
  readonly items: T[] = [];
  private readonly less: (a: T, b: T) => boolean;

  constructor(less: (a: T, b: T) => boolean) {
    this.less = less;
  }

  push(item: T): void {
    this.items.push(item);
    this.up(this.items.length - 1);
  }

  /** Puts another item in place of the first. */
  replaceFirst(item: T): void {
    this.items[0] = item;
    this.down(0);
  }

  private up(index: number): void {
    const { items } = this;
    for (let at = index; at > 0; ) {
      const parent = (at - 1) >> 1;
      if (!this.less(items[at]!, items[parent]!)) return;
      [items[at], items[parent]] = [items[parent]!, items[at]!];
      at = parent;
    }
  }

  private down(index: number): void {
    const { items } = this;
    for (let at = index; ; ) {
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
