import { CorruptBlockError } from './corrupt-block.ts';

/** Largest magnitude that zigzag coding keeps exact in a double. */
export const MAX_ZIGZAG = 2 ** 52 - 1;

const HIGH = 2 ** 32;

/** Maps small magnitudes of either sign to small non-negative numbers: 0, -1, 1, -2, … become 0, 1, 2, 3, … */
export const zigzag = (value: number): number => (value >= 0 ? value * 2 : -value * 2 - 1);

export const unzigzag = (coded: number): number => (coded % 2 === 0 ? coded / 2 : -(coded + 1) / 2);

/** A growing byte buffer, meant to be kept and reused: `reset`, write, `bytes`. Numbers are little-endian. */
export class ByteWriter {
  length = 0;
  #buffer: Uint8Array;

  constructor(capacity = 1024) {
    this.#buffer = new Uint8Array(capacity);
  }

  reset(): void {
    this.length = 0;
  }

  /** What was written, as a view that the next write may overwrite. */
  view(): Uint8Array {
    return this.#buffer.subarray(0, this.length);
  }

  /** Room for `count` bytes at the end, counted as written; the caller fills them. */
  reserve(count: number): Uint8Array {
    const start = this.length;
    this.#ensure(count);
    this.length += count;
    return this.#buffer.subarray(start, this.length);
  }

  u8(value: number): void {
    this.#ensure(1);
    this.#buffer[this.length++] = value;
  }

  u32(value: number): void {
    this.#ensure(4);
    for (let i = 0; i < 4; i++) this.#buffer[this.length++] = value >>> (8 * i);
  }

  /** A non-negative integer below 2^53, seven bits per byte, low bits first. */
  varint(value: number): void {
    this.#ensure(8);
    const buffer = this.#buffer;
    let at = this.length;
    let rest = value;
    while (rest >= HIGH / 2) {
      buffer[at++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    let small = rest | 0;
    while (small >= 128) {
      buffer[at++] = (small & 127) | 128;
      small >>>= 7;
    }
    buffer[at++] = small;
    this.length = at;
  }

  /** An integer of either sign, |value| ≤ MAX_ZIGZAG. */
  signed(value: number): void {
    this.varint(zigzag(value));
  }

  bytes(source: Uint8Array): void {
    this.#ensure(source.length);
    this.#buffer.set(source, this.length);
    this.length += source.length;
  }

  /** UTF-8 with its length in bytes before it. */
  text(value: string): void {
    const encoded = Buffer.from(value, 'utf8');
    this.varint(encoded.length);
    this.bytes(encoded);
  }

  #ensure(count: number): void {
    const needed = this.length + count;
    if (needed <= this.#buffer.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
    grown.set(this.#buffer.subarray(0, this.length));
    this.#buffer = grown;
  }
}

/**
 * Reads what `ByteWriter` wrote. Nothing it is given can make it read outside.
 * @throws CorruptBlockError from every read that would pass the end, and from a varint above 2^53
 */
export class ByteReader {
  readonly bytes: Uint8Array;
  position: number;
  readonly end: number;

  constructor(bytes: Uint8Array, from = 0, to = bytes.length) {
    this.bytes = bytes;
    this.position = from;
    this.end = to;
  }

  get remaining(): number {
    return this.end - this.position;
  }

  u8(): number {
    if (this.position >= this.end) throw this.#ended(1);
    return this.bytes[this.position++]!;
  }

  u32(): number {
    const at = this.skip(4);
    const bytes = this.bytes;
    return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
  }

  varint(): number {
    if (this.position < this.end) {
      const first = this.bytes[this.position]!;
      if (first < 128) {
        this.position++;
        return first;
      }
    }
    let value = 0;
    let factor = 1;
    for (;;) {
      const byte = this.u8();
      value += (byte & 127) * factor;
      if (byte < 128) break;
      factor *= 128;
      if (factor > 2 ** 49)
        throw new CorruptBlockError(`number at byte ${this.position} is longer than 8 bytes`);
    }
    if (value > Number.MAX_SAFE_INTEGER) {
      throw new CorruptBlockError(`number at byte ${this.position} is above 2^53`);
    }
    return value;
  }

  signed(): number {
    return unzigzag(this.varint());
  }

  /** Passes over `count` bytes and returns where they start. */
  skip(count: number): number {
    const at = this.position;
    if (count > this.end - at) throw this.#ended(count);
    this.position = at + count;
    return at;
  }

  /** A view of the next `count` bytes. */
  take(count: number): Uint8Array {
    const at = this.skip(count);
    return this.bytes.subarray(at, at + count);
  }

  text(): string {
    const length = this.varint();
    const at = this.skip(length);
    return Buffer.from(this.bytes.buffer, this.bytes.byteOffset + at, length).toString('utf8');
  }

  #ended(count: number): CorruptBlockError {
    return new CorruptBlockError(
      `expected ${count} more bytes at byte ${this.position}, found the end at ${this.end}`,
    );
  }
}
