import { isStaleAt, wordsOf } from '../model/sample.ts';
import { ByteWriter } from './bytes.ts';
import { ColumnKind, HAS_EXCEPTIONS, PresenceMode } from './column-layout.ts';
import { writeFloatPlanes } from './float-planes.ts';
import { type Compression, FrameKind, frame } from './frame.ts';
import { chooseForm, IntegerForm } from './integer-form.ts';
import { StreamScratch, Transform, writeIntegers } from './integer-stream.ts';
import { type RowSpans, sameSpans, spannedRows, spansOfBitmap, writeSpans } from './presence.ts';

interface Added {
  readonly values: Float64Array;
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
  readonly #payload = new ByteWriter(16 * 1024);
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
    this.#payload.reset();
  }

  get columns(): number {
    return this.#columns.length;
  }

  /** Bytes so far, before compression. */
  get rawBytes(): number {
    return this.#meta.length + this.#payload.length;
  }

  /** A column with a value per row, of which the bitmap says which are samples (all without one). */
  addRows(values: Float64Array, presence: Uint8Array | undefined): void {
    const spans = presence && spansOfBitmap(presence, this.#rows);
    this.add(spans ? denseOf(values, spans) : values.subarray(0, this.#rows), spans);
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
    const hash = hashOf(values);
    const index = this.#columns.length;
    const twin = this.#findTwin(values, spans, hash);
    if (twin === undefined) {
      this.#write(values, spans);
      this.#columns.push({ values, spans, hash, root: index });
    } else {
      this.#meta.u8(ColumnKind.sameAs);
      this.#meta.varint(index - twin);
      this.#columns.push({ values, spans, hash, root: this.#columns[twin]!.root });
    }
  }

  /** The blob; `identity` as for `frame`. */
  finish(identity = 0): Uint8Array {
    const body = new ByteWriter(this.rawBytes + 16);
    body.varint(this.#rows);
    body.varint(this.#columns.length);
    body.bytes(this.#meta.view());
    body.bytes(this.#payload.view());
    this.#columns = [];
    return frame(FrameKind.columns, body.view(), this.#compression, identity);
  }

  #findTwin(values: Float64Array, spans: RowSpans | undefined, hash: number): number | undefined {
    for (let i = 0; i < this.#columns.length; i++) {
      const other = this.#columns[i];
      if (other?.hash === hash && sameSpans(spans, other.spans) && sameBits(values, other.values)) return i;
    }
    return undefined;
  }

  #write(values: Float64Array, spans: RowSpans | undefined): void {
    const count = values.length;
    const previous = this.#columns.at(-1);
    const presence =
      spans === undefined
        ? PresenceMode.all
        : sameSpans(spans, previous?.spans)
          ? PresenceMode.asBefore
          : PresenceMode.spans;
    if (this.#integers.length < count) this.#integers = new Float64Array(count);
    const integers = this.#integers.subarray(0, count);
    const choice = chooseForm(values, integers);
    const exceptions = choice?.exceptions ?? [];
    this.#meta.u8(
      (choice ? ColumnKind.integers : ColumnKind.floats) |
        presence |
        (exceptions.length > 0 ? HAS_EXCEPTIONS : 0),
    );
    if (presence === PresenceMode.spans) writeSpans(this.#meta, spans!);
    if (exceptions.length > 0) writeExceptions(this.#meta, values, exceptions);
    if (choice === undefined) {
      writeFloatPlanes(this.#payload, values);
      return;
    }
    const plain = choice.form === IntegerForm.plain;
    const hasNeighbour =
      plain &&
      previous !== undefined &&
      previous.root === this.#neighbourOf &&
      sameSpans(spans, previous.spans);
    const before = this.#payload.length;
    const stream = writeIntegers(
      this.#payload,
      integers,
      count,
      hasNeighbour ? this.#neighbour : undefined,
      this.#compression !== undefined,
      this.#scratch,
    );
    this.#meta.u8(choice.form);
    if (choice.form !== IntegerForm.plain && choice.form !== IntegerForm.thousands) {
      this.#meta.signed(choice.exponent);
    }
    this.#meta.u8((stream.transform << 4) | stream.width);
    this.#meta.signed(stream.base);
    if (stream.transform === Transform.deltaOfDelta) this.#meta.signed(stream.step);
    this.#meta.varint(this.#payload.length - before);
    if (plain) {
      const spare = this.#neighbour;
      this.#neighbour = this.#integers;
      this.#integers = spare;
      this.#neighbourOf = this.#columns.length;
    }
  }
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

function hashOf(values: Float64Array): number {
  const words = wordsOf(values);
  let hash = words.length;
  for (let i = 0; i < words.length; i++) {
    hash = Math.imul(hash ^ words[i]!, 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return hash;
}

function sameBits(a: Float64Array, b: Float64Array): boolean {
  const x = wordsOf(a);
  const y = wordsOf(b);
  if (x.length !== y.length) return false;
  for (let i = 0; i < x.length; i++) if (x[i] !== y[i]) return false;
  return true;
}
