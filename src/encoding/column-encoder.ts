import { isStaleAt, wordsOf } from '../model/sample.ts';
import { noisyPlanes, planesIn } from './byte-planes.ts';
import { ByteWriter, MAX_ZIGZAG } from './bytes.ts';
import {
  ALONE_BYTES,
  ColumnKind,
  HAS_EXCEPTIONS,
  KIND_MASK,
  Packing,
  Placement,
  PresenceMode,
} from './column-layout.ts';
import { FLOAT_PLANES, FloatCoding, writeFloats, writeXored } from './float-planes.ts';
import { type Compression, FrameKind, frame, pack } from './frame.ts';
import { chooseForm, type FormChoice, hasExponent, IntegerForm } from './integer-form.ts';
import { hasStep, StreamScratch, VARINTS, writeIntegers } from './integer-stream.ts';
import { type RowSpans, sameSpans, spannedRows, spansOfBitmap, writeSpans } from './presence.ts';

/**
 * Bytes that must come again for zstd to say so. Residuals repeat in runs or by chance, and to point at a chance repeat of three bytes
 * costs more than the bytes: 1 % smaller, and no slower, on noisy columns; the same on exporters' pages.
 */
const SHORTEST_MATCH = 6;

const NO_EXCEPTIONS: readonly number[] = [];

interface Added {
  readonly values: Float64Array;
  /** The same memory as words. */
  readonly words: Uint32Array;
  readonly spans: RowSpans | undefined;
  readonly hash: number;
  /** Its own index, or that of the earlier column it repeats. */
  readonly root: number;
}

/**
 * Packs columns that share their rows into one blob (docs/formats/block.md). Use: `begin`, then per column `add` or `addAbsent`,
 * then `finish`; an encoder is kept and reused. Bit-exact for every double. The arrays given must stay unchanged until `finish`.
 */
export class ColumnEncoder {
  readonly #meta = new ByteWriter();
  /** Streams that are packed together, planes of noise, and streams packed each for itself. */
  readonly #shared = new ByteWriter(16 * 1024);
  readonly #noise = new ByteWriter();
  readonly #alone = new ByteWriter();
  readonly #stream = new ByteWriter();
  /** Where the column under way starts in `#meta`. */
  #head = 0;
  #planes = new Uint8Array(0);
  #otherPlanes = new Uint8Array(0);
  readonly #scratch = new StreamScratch();
  #rows = 0;
  #compression: Compression | undefined;
  #columns: (Added | undefined)[] = [];
  #integers = new Float64Array(0);
  /** The integers of column `#neighbourOf`, when it is stored as plain integers. */
  #neighbour = new Float64Array(0);
  #neighbourOf = -1;

  /** Starts a block of `rows` rows; compressed as `compression` says when it is finished. */
  begin(rows: number, compression?: Compression): void {
    this.#rows = rows;
    this.#compression = compression;
    this.#columns = [];
    this.#neighbourOf = -1;
    this.#meta.reset();
    this.#shared.reset();
    this.#noise.reset();
    this.#alone.reset();
  }

  get columns(): number {
    return this.#columns.length;
  }

  /** Bytes so far; what is packed together at the end is counted as it is before. */
  get storedBytes(): number {
    return this.#meta.length + this.#shared.length + this.#noise.length + this.#alone.length;
  }

  /** A column with a value per row, of which the bitmap says which are samples (all without one). */
  addRows(values: Float64Array, presence: Uint8Array | undefined): void {
    const spans = presence && spansOfBitmap(presence, this.#rows);
    const all = values.length === this.#rows ? values : values.subarray(0, this.#rows);
    this.add(spans ? denseOf(values, spans) : all, spans);
  }

  /** A column that this block knows nothing about. */
  addAbsent(): void {
    this.#meta.u8(ColumnKind.absent);
    this.#columns.push(undefined);
  }

  /** A column of as many samples as `spans` has rows (all rows without spans). */
  add(values: Float64Array, spans?: RowSpans): void {
    const expected = spans ? spannedRows(spans) : this.#rows;
    if (values.length !== expected)
      throw new Error(`column has ${values.length} values for ${expected} rows`);
    if (expected === 0) {
      this.addAbsent();
      return;
    }
    const words = wordsOf(values);
    const hash = hashOf(words);
    const index = this.#columns.length;
    const twin = this.#findTwin(words, spans, hash);
    if (twin === undefined) {
      this.#write(values, words, spans);
      this.#columns.push({ values, words, spans, hash, root: index });
    } else {
      this.#meta.u8(ColumnKind.sameAs);
      this.#meta.varint(index - twin);
      this.#columns.push({ values, words, spans, hash, root: this.#columns[twin]!.root });
    }
  }

  /** The blob; `identity` as for `frame`. */
  finish(identity = 0): Uint8Array {
    const shared = this.#shared.view();
    const level = this.#compression?.level ?? 0;
    const packed =
      this.#isPacked && shared.length >= this.#compression!.atLeast
        ? pack(shared, level, SHORTEST_MATCH)
        : undefined;
    const body = new ByteWriter(this.storedBytes + 32);
    body.varint(this.#rows);
    body.varint(this.#columns.length);
    body.u8(!this.#isPacked ? Packing.bare : packed ? Packing.zstd : Packing.plain);
    body.bytes(this.#meta.view());
    body.varint(packed?.length ?? shared.length);
    body.bytes(packed ?? shared);
    body.bytes(this.#noise.view());
    body.bytes(this.#alone.view());
    this.#columns = [];
    return frame(FrameKind.columns, body.view(), undefined, identity);
  }

  get #isPacked(): boolean {
    return this.#compression !== undefined;
  }

  #findTwin(words: Uint32Array, spans: RowSpans | undefined, hash: number): number | undefined {
    for (let i = 0; i < this.#columns.length; i++) {
      const other = this.#columns[i];
      if (other?.hash === hash && sameSpans(spans, other.spans) && sameBits(words, other.words)) return i;
    }
    return undefined;
  }

  #write(values: Float64Array, words: Uint32Array, spans: RowSpans | undefined): void {
    const count = values.length;
    const previous = this.#columns.at(-1);
    const presence =
      spans === undefined
        ? PresenceMode.all
        : sameSpans(spans, previous?.spans)
          ? PresenceMode.asBefore
          : PresenceMode.spans;
    if (isConstant(words)) {
      this.#writeConstant(values[0]!, words, presence, spans);
      return;
    }
    if (this.#integers.length < count) this.#integers = new Float64Array(count);
    const choice = chooseForm(values, this.#integers);
    const exceptions = choice?.exceptions ?? NO_EXCEPTIONS;
    const flags = presence | (exceptions.length > 0 ? HAS_EXCEPTIONS : 0);
    this.#head = this.#meta.length;
    this.#meta.u8(ColumnKind.integers | flags);
    if (presence === PresenceMode.spans) writeSpans(this.#meta, spans!);
    if (exceptions.length > 0) writeExceptions(this.#meta, values, exceptions);
    if (choice === undefined) {
      this.#writeFloats(values);
    } else {
      const isPlain = choice.form === IntegerForm.plain;
      const hasNeighbour =
        isPlain && previous?.root === this.#neighbourOf && sameSpans(spans, previous.spans);
      this.#writeIntegers(choice, count, hasNeighbour ? this.#neighbour : undefined);
      if (isPlain) {
        const spare = this.#neighbour;
        this.#neighbour = this.#integers;
        this.#integers = spare;
        this.#neighbourOf = this.#columns.length;
      }
    }
  }

  #writeConstant(value: number, words: Uint32Array, presence: number, spans: RowSpans | undefined): void {
    const isInteger = Number.isInteger(value) && Math.abs(value) <= MAX_ZIGZAG && !Object.is(value, -0);
    this.#meta.u8((isInteger ? ColumnKind.constantInteger : ColumnKind.constant) | presence);
    if (presence === PresenceMode.spans) writeSpans(this.#meta, spans!);
    if (isInteger) {
      this.#meta.signed(value);
    } else {
      this.#meta.u32(words[0]!);
      this.#meta.u32(words[1]!);
    }
  }

  #writeFloats(values: Float64Array): void {
    const bytes = FLOAT_PLANES * values.length;
    if (this.#planes.length < bytes) {
      this.#planes = new Uint8Array(bytes);
      this.#otherPlanes = new Uint8Array(bytes);
    }
    let coding: FloatCoding = FloatCoding.xored;
    if (this.#isPacked) {
      coding = writeFloats(values, this.#planes, this.#otherPlanes, this.#scratch.counts);
    } else {
      writeXored(values, this.#planes);
    }
    const kind = coding === FloatCoding.xored ? ColumnKind.floats : ColumnKind.floatSteps;
    const head = this.#meta.view();
    head[this.#head] = (head[this.#head]! & ~KIND_MASK) | kind;
    this.#placeStream(this.#planes.subarray(0, bytes), FLOAT_PLANES);
  }

  #writeIntegers(choice: FormChoice, count: number, neighbour: Float64Array | undefined): void {
    // What is not packed needs no sorting: it goes where it belongs at once.
    const isPacked = this.#isPacked;
    const out = isPacked ? this.#stream : this.#shared;
    if (isPacked) out.reset();
    const before = out.length;
    const stream = writeIntegers(out, this.#integers, count, neighbour, isPacked, this.#scratch);
    this.#meta.u8(choice.form);
    if (hasExponent(choice.form)) this.#meta.signed(choice.exponent);
    this.#meta.u8((stream.transform << 4) | stream.width);
    this.#meta.signed(stream.base);
    if (hasStep(stream.transform)) this.#meta.signed(stream.step);
    if (stream.width === 0) return;
    if (stream.width === VARINTS) this.#meta.varint(out.length - before);
    if (isPacked) this.#placeStream(out.view(), stream.width === VARINTS ? 1 : stream.width);
  }

  /** Sorts a stream's planes into the sections. A stream of varints is one piece. */
  #placeStream(stream: Uint8Array, planes: number): void {
    if (!this.#isPacked) {
      this.#shared.bytes(stream);
      return;
    }
    const length = stream.length / planes;
    let noise = noisyPlanes(stream, planes, length, this.#scratch.counts);
    const rest = noise === 0 ? stream : withoutPlanes(stream, planes, length, noise);
    const alone =
      rest.length >= ALONE_BYTES ? pack(rest, this.#compression!.level, SHORTEST_MATCH) : undefined;
    if (alone === undefined && rest.length >= ALONE_BYTES) noise = (1 << planes) - 1;
    this.#meta.u8(alone ? Placement.alone : Placement.shared);
    this.#meta.u8(noise);
    if (alone) {
      this.#meta.varint(alone.length);
      this.#alone.bytes(alone);
    }
    for (let plane = 0; plane < planes; plane++) {
      const bytes = stream.subarray(plane * length, (plane + 1) * length);
      if (noise & (1 << plane)) this.#noise.bytes(bytes);
      else if (!alone) this.#shared.bytes(bytes);
    }
  }
}

function withoutPlanes(stream: Uint8Array, planes: number, length: number, noise: number): Uint8Array {
  const rest = new Uint8Array((planes - planesIn(noise)) * length);
  let at = 0;
  for (let plane = 0; plane < planes; plane++) {
    if (noise & (1 << plane)) continue;
    rest.set(stream.subarray(plane * length, (plane + 1) * length), at);
    at += length;
  }
  return rest;
}

/** Copies the rows of `spans` together, bits unchanged. */
export function denseOf(values: Float64Array, spans: RowSpans): Float64Array {
  const dense = new Float64Array(spannedRows(spans));
  let at = 0;
  for (let i = 0; i < spans.length; i += 2) {
    dense.set(values.subarray(spans[i]!, spans[i + 1]!), at);
    at += spans[i + 1]! - spans[i]!;
  }
  return dense;
}

function writeExceptions(writer: ByteWriter, values: Float64Array, exceptions: readonly number[]): void {
  const words = wordsOf(values);
  writer.varint(exceptions.length);
  let next = 0;
  for (const index of exceptions) {
    const stale = isStaleAt(words, index);
    writer.varint((index - next) * 2 + (stale ? 1 : 0));
    if (!stale) {
      writer.u32(words[2 * index]!);
      writer.u32(words[2 * index + 1]!);
    }
    next = index + 1;
  }
}

function isConstant(words: Uint32Array): boolean {
  const low = words[0];
  const high = words[1];
  for (let i = 2; i < words.length; i += 2) if (words[i] !== low || words[i + 1] !== high) return false;
  return true;
}

function hashOf(words: Uint32Array): number {
  let hash = words.length;
  for (let i = 0; i < words.length; i++) {
    hash = Math.imul(hash ^ words[i]!, 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return hash;
}

function sameBits(x: Uint32Array, y: Uint32Array): boolean {
  if (x.length !== y.length) return false;
  for (let i = 0; i < x.length; i++) if (x[i] !== y[i]) return false;
  return true;
}
