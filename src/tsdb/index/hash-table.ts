import type { WordSlab } from './slab.ts';

/**
 * Open addressing over numbers 0, 1, 2, … in a shared slab: `[mask, entry…]`, an entry is a number plus one. It is never more than
 * half full. Other threads read it while it is written: a number appears with one store, and a bigger copy is published by its place.
 */
export class HashTable {
  readonly #slab: WordSlab;
  readonly #publish: (offset: number) => void;
  readonly #hashOf: (number: number) => number;
  #offset: number;
  #mask: number;
  #used = 0;

  /** @param known a table that is in the slab already, and how many numbers it has */
  constructor(
    slab: WordSlab,
    publish: (offset: number) => void,
    hashOf: (number: number) => number,
    known?: { readonly offset: number; readonly used: number },
  ) {
    this.#slab = slab;
    this.#publish = publish;
    this.#hashOf = hashOf;
    if (known) {
      this.#offset = known.offset;
      this.#mask = slab.words[known.offset]!;
      this.#used = known.used;
      return;
    }
    this.#mask = 255;
    this.#offset = this.#allocate(this.#mask);
    publish(this.#offset);
  }

  /** Where it begins in the slab. */
  get offset(): number {
    return this.#offset;
  }

  /** The number that `isSame` accepts among those with this hash, or -1. */
  find(hash: number, isSame: (number: number) => boolean): number {
    const { words } = this.#slab;
    const first = this.#offset + 1;
    for (let at = hash & this.#mask; ; at = (at + 1) & this.#mask) {
      const entry = words[first + at]!;
      if (entry === 0) return -1;
      if (isSame(entry - 1)) return entry - 1;
    }
  }

  insert(hash: number, number: number): void {
    if (2 * ++this.#used > this.#mask) this.#grow(number);
    this.#put(hash, number);
  }

  /** Makes room for so many numbers at once, where there are none yet. */
  reserve(count: number): void {
    let mask = this.#mask;
    while (2 * count > mask) mask = mask * 4 + 3;
    if (this.#used > 0 || mask === this.#mask) return;
    this.#mask = mask;
    this.#offset = this.#allocate(mask);
    this.#publish(this.#offset);
  }

  #put(hash: number, number: number): void {
    const { words } = this.#slab;
    const first = this.#offset + 1;
    let at = hash & this.#mask;
    while (words[first + at] !== 0) at = (at + 1) & this.#mask;
    words[first + at] = number + 1;
  }

  #grow(count: number): void {
    this.#mask = this.#mask * 4 + 3;
    this.#offset = this.#allocate(this.#mask);
    for (let number = 0; number < count; number++) this.#put(this.#hashOf(number), number);
    this.#publish(this.#offset);
  }

  #allocate(mask: number): number {
    const offset = this.#slab.allocate(mask + 2);
    this.#slab.words[offset] = mask;
    return offset;
  }
}

/** Reads a table that another thread writes; `limit` is the published number of entries. */
export function findShared(
  words: Uint32Array,
  offset: number,
  hash: number,
  limit: number,
  isSame: (number: number) => boolean,
): number {
  const mask = words[offset]!;
  for (let at = hash & mask; ; at = (at + 1) & mask) {
    const entry = words[offset + 1 + at]!;
    if (entry === 0) return -1;
    if (entry <= limit && isSame(entry - 1)) return entry - 1;
  }
}
