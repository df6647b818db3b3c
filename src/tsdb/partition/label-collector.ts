import { Words } from '../words.ts';
import { RefMap } from './ref-map.ts';
import { identityOf, type StoredBlob } from './schema.ts';
import { decodeSeries } from './series-blob.ts';

/** Labels of a partition's series as numbers: strings and labels (name and value) are each kept once. */
export interface CollectedLabels {
  /** Symbol s is bytes [offsets[s], offsets[s + 1]). */
  readonly text: Uint8Array;
  readonly offsets: Uint32Array;
  /** Name and value symbol of each label. */
  readonly names: Uint32Array;
  readonly values: Uint32Array;
  readonly refs: Uint32Array;
  readonly sources: Uint32Array;
  /** Series i has labels rows[starts[i], starts[i + 1]). */
  readonly starts: Uint32Array;
  readonly rows: Uint32Array;
}

/**
 * Gives equal strings and labels of different blobs the same numbers. All of it in typed arrays: a day of a million short-lived series
 * takes what its labels take, and is charged before it is taken.
 * @param charge told of bytes before they are taken; throws when they are too many
 * @throws CorruptBlockError when a blob is damaged
 */
export function collectLabels(blobs: Iterable<StoredBlob>, charge: (bytes: number) => void): CollectedLabels {
  const steps = collectingLabels(blobs, charge);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** The same, a blob in a step. */
export function* collectingLabels(
  blobs: Iterable<StoredBlob>,
  charge: (bytes: number) => void,
): Generator<void, CollectedLabels> {
  const symbols = new SymbolTable(charge);
  const labels = new LabelTable(charge);
  const refs = new Words(charge);
  const sources = new Words(charge);
  const starts = new Words(charge);
  const rows = new Words(charge);
  const seen = new RefMap();
  starts.push(0);
  for (const { id, b } of blobs) {
    // Numbers of the blob's own symbols.
    const numbers: number[] = [];
    charge(0);
    decodeSeries(b, identityOf(id), {
      symbol: (bytes) => void numbers.push(symbols.numberOf(bytes)),
      series(ref, source, pairs, length) {
        if (seen.has(ref)) return;
        seen.set(ref, 1);
        for (let i = 0; i < length; i += 2) {
          rows.push(labels.numberOf(numbers[pairs[i]!]!, numbers[pairs[i + 1]!]!));
        }
        refs.push(ref);
        sources.push(source);
        starts.push(rows.length);
      },
    });
    yield;
  }
  return {
    text: symbols.text(),
    offsets: symbols.offsets.array(),
    names: labels.names.array(),
    values: labels.values.array(),
    refs: refs.array(),
    sources: sources.array(),
    starts: starts.array(),
    rows: rows.array(),
  };
}

/** Byte strings numbered in the order they came, found again by their hash: open addressing, number + 1 in each taken slot. */
class SymbolTable {
  readonly offsets: Words;
  #bytes = Buffer.alloc(16 * 1024);
  #slots = new Uint32Array(1024);
  readonly #charge: (bytes: number) => void;

  constructor(charge: (bytes: number) => void) {
    this.#charge = charge;
    this.offsets = new Words(charge);
    this.offsets.push(0);
  }

  text(): Uint8Array {
    return this.#bytes.subarray(0, this.#used());
  }

  numberOf(bytes: Uint8Array): number {
    const count = this.offsets.length - 1;
    if (2 * (count + 1) > this.#slots.length) this.#growSlots(count);
    const mask = this.#slots.length - 1;
    let at = hashOf(bytes, 0, bytes.length) & mask;
    for (; this.#slots[at] !== 0; at = (at + 1) & mask) {
      if (this.#isSymbol(this.#slots[at]! - 1, bytes)) return this.#slots[at]! - 1;
    }
    this.#slots[at] = count + 1;
    const from = this.#used();
    this.#reserve(from + bytes.length);
    this.#bytes.set(bytes, from);
    this.offsets.push(from + bytes.length);
    return count;
  }

  #used(): number {
    return this.offsets.words[this.offsets.length - 1]!;
  }

  #isSymbol(symbol: number, bytes: Uint8Array): boolean {
    const from = this.offsets.words[symbol]!;
    if (this.offsets.words[symbol + 1]! - from !== bytes.length) return false;
    for (let i = 0; i < bytes.length; i++) if (this.#bytes[from + i] !== bytes[i]) return false;
    return true;
  }

  #reserve(length: number): void {
    if (length <= this.#bytes.length) return;
    const size = Math.max(length, 2 * this.#bytes.length);
    this.#charge(size);
    const grown = Buffer.alloc(size);
    grown.set(this.#bytes);
    this.#charge(-this.#bytes.length);
    this.#bytes = grown;
  }

  #growSlots(count: number): void {
    this.#charge(4 * this.#slots.length);
    const { words } = this.offsets;
    const slots = new Uint32Array(2 * this.#slots.length);
    const mask = slots.length - 1;
    for (let symbol = 0; symbol < count; symbol++) {
      let at = hashOf(this.#bytes, words[symbol]!, words[symbol + 1]!) & mask;
      while (slots[at] !== 0) at = (at + 1) & mask;
      slots[at] = symbol + 1;
    }
    this.#slots = slots;
  }
}

/** Pairs of a name and a value symbol, numbered in the order they came. */
class LabelTable {
  readonly names: Words;
  readonly values: Words;
  #slots = new Uint32Array(1024);
  readonly #charge: (bytes: number) => void;

  constructor(charge: (bytes: number) => void) {
    this.#charge = charge;
    this.names = new Words(charge);
    this.values = new Words(charge);
  }

  numberOf(name: number, value: number): number {
    const count = this.names.length;
    if (2 * (count + 1) > this.#slots.length) this.#growSlots(count);
    const mask = this.#slots.length - 1;
    let at = hashOfPair(name, value) & mask;
    for (; this.#slots[at] !== 0; at = (at + 1) & mask) {
      const label = this.#slots[at]! - 1;
      if (this.names.words[label] === name && this.values.words[label] === value) return label;
    }
    this.#slots[at] = count + 1;
    this.names.push(name);
    this.values.push(value);
    return count;
  }

  #growSlots(count: number): void {
    this.#charge(4 * this.#slots.length);
    const slots = new Uint32Array(2 * this.#slots.length);
    const mask = slots.length - 1;
    for (let label = 0; label < count; label++) {
      let at = hashOfPair(this.names.words[label]!, this.values.words[label]!) & mask;
      while (slots[at] !== 0) at = (at + 1) & mask;
      slots[at] = label + 1;
    }
    this.#slots = slots;
  }
}

/** FNV-1a, its high bits folded into the low ones. */
function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0x811c9dc5;
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return hash ^ (hash >>> 15);
}

function hashOfPair(name: number, value: number): number {
  const hash = Math.imul(name + 0x9e3779b1, 0x85ebca6b) ^ Math.imul(value + 1, 0xc2b2ae35);
  return hash ^ (hash >>> 15);
}
