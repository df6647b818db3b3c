import { isUtf8 } from 'node:buffer';
import { WireError } from './wire-error.ts';

/** How a field's value is written. Groups are not used by anything we speak. */
export const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

const MAX_FIELD_BYTES = 2 ** 31;

/**
 * Reads protobuf fields in `[position, end)` of one buffer, without copying: a nested message is read by a reader of its own range (`message`).
 * All methods throw WireError with the byte position when the bytes end early.
 */
export class ProtobufReader {
  readonly bytes: Buffer;
  position: number;
  end: number;
  /** Wire type of the field `next` found. */
  wire = 0;

  constructor(bytes: Uint8Array, position = 0, end = bytes.length) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.position = position;
    this.end = end;
  }

  /** Points this reader at another range of its buffer. */
  seek(position: number, end: number): this {
    this.position = position;
    this.end = end;
    return this;
  }

  /** The next field's number, 0 at the end; its value must be read or skipped. */
  next(): number {
    if (this.position >= this.end) return 0;
    const tag = this.varint();
    this.wire = tag & 7;
    const field = Math.floor(tag / 8);
    if (field < 1) throw this.malformed('a field number');
    return field;
  }

  /** An int64 or a smaller whole number; beyond 2^53 the nearest that JavaScript has. */
  varint(): number {
    let low = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#byte();
      low |= (byte & 127) << shift;
      if (byte < 128) return low;
    }
    let middle = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#byte();
      middle |= (byte & 127) << shift;
      if (byte < 128) return middle * 2 ** 28 + low;
    }
    let high = this.#byte();
    if (high > 127) {
      const last = this.#byte();
      if (last > 1) throw this.malformed('a number of at most 64 bits');
      // Bit 63 is the sign of an int64.
      high = (high & 127) - last * 128;
    }
    // The low bits last: so near zero everything is exact.
    return high * 2 ** 56 + middle * 2 ** 28 + low;
  }

  #byte(): number {
    if (this.position >= this.end) throw this.malformed('a number');
    return this.bytes[this.position++]!;
  }

  /** A zigzag-coded number. */
  signedVarint(): number {
    const raw = this.varint();
    return raw % 2 === 0 ? raw / 2 : -(raw + 1) / 2;
  }

  double(): number {
    const at = this.take(8);
    return this.bytes.readDoubleLE(at);
  }

  /** Start of the next `count` bytes, which are passed over. */
  take(count: number): number {
    const at = this.position;
    if (at + count > this.end) throw this.malformed(`${count} bytes`);
    this.position = at + count;
    return at;
  }

  /** Length of a length-delimited value; the position is its start then. */
  length(): number {
    if (this.wire !== WIRE.bytes)
      throw this.malformed(`a length-delimited value, got wire type ${this.wire},`);
    const length = this.varint();
    if (!(length >= 0 && length <= MAX_FIELD_BYTES) || this.position + length > this.end) {
      throw this.malformed(`${length} bytes`);
    }
    return length;
  }

  /** A nested message, as a reader of its own; this one goes on behind it. */
  message(): ProtobufReader {
    const length = this.length();
    const at = this.take(length);
    return new ProtobufReader(this.bytes, at, at + length);
  }

  string(): string {
    const length = this.length();
    const at = this.take(length);
    const text = this.bytes.toString('utf8', at, at + length);
    if (text.includes('\ufffd') && !isUtf8(this.bytes.subarray(at, at + length))) {
      throw new WireError(
        `protobuf: expected valid UTF-8 at byte ${at}, got ${JSON.stringify(text.slice(0, 100))}`,
      );
    }
    return text;
  }

  skip(): void {
    switch (this.wire) {
      case WIRE.varint:
        this.varint();
        return;
      case WIRE.fixed64:
        this.take(8);
        return;
      case WIRE.bytes:
        this.take(this.length());
        return;
      case WIRE.fixed32:
        this.take(4);
        return;
      default:
        throw this.malformed(`a known wire type, got ${this.wire},`);
    }
  }

  malformed(expected: string): WireError {
    return new WireError(`protobuf: expected ${expected} at byte ${this.position}`);
  }
}

const MAX_INT32 = 2 ** 31 - 1;
/** Bytes that are copied one by one. */
const SHORT = 48;

/** Writes protobuf fields into one growing buffer. */
export class ProtobufWriter {
  #bytes = Buffer.allocUnsafe(4096);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** A whole number; negative ones as int64. */
  varint(value: number): void {
    this.#reserve(10);
    let rest = value;
    if (rest < 0) {
      let big = BigInt.asUintN(64, BigInt(rest));
      while (big > 127n) {
        this.#bytes[this.#length++] = Number(big & 127n) | 128;
        big >>= 7n;
      }
      this.#bytes[this.#length++] = Number(big);
      return;
    }
    while (rest > MAX_INT32) {
      this.#bytes[this.#length++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    while (rest > 127) {
      this.#bytes[this.#length++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    this.#bytes[this.#length++] = rest;
  }

  tag(field: number, wire: number): void {
    this.varint(field * 8 + wire);
  }

  /** A number field; 0 is left out, as proto3 does. */
  number(field: number, value: number): void {
    if (value === 0) return;
    this.tag(field, WIRE.varint);
    this.varint(value);
  }

  /** A double field, also of 0. */
  double(field: number, value: number): void {
    this.tag(field, WIRE.fixed64);
    this.#reserve(8);
    this.#length = this.#bytes.writeDoubleLE(value, this.#length);
  }

  /** A double field from the bits of a column, so that staleness markers stay what they are. */
  doubleWords(field: number, low: number, high: number): void {
    if (low === 0 && high === 0) return;
    this.tag(field, WIRE.fixed64);
    this.#reserve(8);
    this.#bytes.writeUInt32LE(low, this.#length);
    this.#bytes.writeUInt32LE(high, this.#length + 4);
    this.#length += 8;
  }

  /** A text field, also of ''. */
  string(field: number, text: string): void {
    const size = Buffer.byteLength(text);
    this.tag(field, WIRE.bytes);
    this.varint(size);
    this.#reserve(size);
    this.#bytes.write(text, this.#length);
    this.#length += size;
  }

  bytes(field: number, value: Uint8Array): void {
    this.tag(field, WIRE.bytes);
    this.varint(value.length);
    this.raw(value);
  }

  raw(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
  }

  /** What another one holds. Short ones cost a view otherwise, which is dearer than its bytes. */
  append(other: ProtobufWriter, from = 0, to = other.#length): void {
    this.part(other.#bytes, from, to - from);
  }

  /** `count` bytes of `bytes` from `from` on. */
  part(bytes: Buffer, from: number, count: number): void {
    this.#reserve(count);
    if (count > SHORT) bytes.copy(this.#bytes, this.#length, from, from + count);
    else for (let i = 0; i < count; i++) this.#bytes[this.#length + i] = bytes[from + i]!;
    this.#length += count;
  }

  /** The bytes so far: a view that the next write may change. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** A copy that is the caller's own. */
  finish(): Uint8Array {
    return new Uint8Array(this.view());
  }

  clear(): void {
    this.#length = 0;
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#length + count, this.#bytes.length * 2));
    larger.set(this.view());
    this.#bytes = larger;
  }
}

/** A signed number as a varint has it. Within 2^52, which no count or offset passes. */
export const zigzag = (value: number): number => (value < 0 ? -2 * value - 1 : 2 * value);
