import type { CounterResetHint, Histogram, Span } from '../model/histogram.ts';
import { type ByteReader, type ByteWriter, MAX_ZIGZAG } from './bytes.ts';
import { CorruptBlockError } from './corrupt-block.ts';

/** By their numbers on disk. */
export const HINTS: readonly CounterResetHint[] = ['unknown', 'reset', 'not_reset', 'gauge'];

/** What the first byte says beside the hint in its low bits. */
const FLAG = { floats: 0x04, negative: 0x08, custom: 0x10, zeroBucket: 0x20, wholeFloats: 0x40 } as const;
const HINT_MASK = 0x03;

/** Schemas of upstream lie between -53 and 8; a number outside is damage. */
const MIN_SCHEMA = -128;
const MAX_SCHEMA = 127;

const scratch = new Float64Array(1);
const scratchWords = new Uint32Array(scratch.buffer);

/** Writes one histogram by itself (docs/formats/block.md). Every count, bound and sum comes back bit by bit. */
export function writeHistogram(writer: ByteWriter, histogram: Histogram): void {
  const { schema, count, sum, zeroThreshold, zeroCount, customValues } = histogram;
  const { positiveSpans, positiveBuckets, negativeSpans, negativeBuckets } = histogram;
  const hasNegative = negativeSpans.length > 0 || negativeBuckets.length > 0;
  const hasZeroBucket = !Object.is(zeroThreshold, 0) || !Object.is(zeroCount, 0);
  const isInteger =
    isCount(count) && isCount(zeroCount) && positiveBuckets.every(isCount) && negativeBuckets.every(isCount);
  writer.u8(
    HINTS.indexOf(histogram.counterResetHint) |
      (isInteger ? 0 : FLAG.floats) |
      (hasNegative ? FLAG.negative : 0) |
      (customValues.length > 0 ? FLAG.custom : 0) |
      (hasZeroBucket ? FLAG.zeroBucket : 0) |
      (histogram.isFloat ? FLAG.wholeFloats : 0),
  );
  writer.signed(schema);
  writeFloat(writer, sum);
  writeCount(writer, count, isInteger);
  if (hasZeroBucket) {
    writeFloat(writer, zeroThreshold);
    writeCount(writer, zeroCount, isInteger);
  }
  if (customValues.length > 0) {
    writer.varint(customValues.length);
    for (const bound of customValues) writeFloat(writer, bound);
  }
  writeBuckets(writer, positiveSpans, positiveBuckets, isInteger);
  if (hasNegative) writeBuckets(writer, negativeSpans, negativeBuckets, isInteger);
}

/** @throws CorruptBlockError when the bytes are not what `writeHistogram` writes */
export function readHistogram(reader: ByteReader): Histogram {
  const flags = reader.u8();
  if (flags >= 0x80) throw new CorruptBlockError(`unknown flags ${flags} of a histogram`);
  const isInteger = (flags & FLAG.floats) === 0;
  const schema = reader.signed();
  if (schema < MIN_SCHEMA || schema > MAX_SCHEMA)
    throw new CorruptBlockError(`schema ${schema} of a histogram`);
  const sum = readFloat(reader);
  const count = readCount(reader, isInteger);
  const hasZeroBucket = (flags & FLAG.zeroBucket) !== 0;
  const zeroThreshold = hasZeroBucket ? readFloat(reader) : 0;
  const zeroCount = hasZeroBucket ? readCount(reader, isInteger) : 0;
  const customValues = flags & FLAG.custom ? readFloats(reader, reader.varint()) : [];
  const positive = readBuckets(reader, isInteger);
  const negative = flags & FLAG.negative ? readBuckets(reader, isInteger) : NO_BUCKETS;
  return {
    schema,
    count,
    sum,
    zeroThreshold,
    zeroCount,
    positiveSpans: positive.spans,
    positiveBuckets: positive.buckets,
    negativeSpans: negative.spans,
    negativeBuckets: negative.buckets,
    customValues,
    counterResetHint: HINTS[flags & HINT_MASK]!,
    ...(flags & FLAG.wholeFloats ? { isFloat: true } : {}),
  };
}

interface Buckets {
  readonly spans: readonly Span[];
  readonly buckets: readonly number[];
}

const NO_BUCKETS: Buckets = { spans: [], buckets: [] };

const isCount = (value: number): boolean =>
  Number.isInteger(value) && value <= MAX_ZIGZAG / 2 && value >= -MAX_ZIGZAG / 2 && !Object.is(value, -0);

export function writeSpanList(writer: ByteWriter, spans: readonly Span[]): void {
  writer.varint(spans.length);
  for (const { offset, length } of spans) {
    writer.signed(offset);
    writer.varint(length);
  }
}

/** @throws CorruptBlockError when there are more than the bytes can hold */
export function readSpanList(reader: ByteReader): Span[] {
  const count = reader.varint();
  if (2 * count > reader.remaining) throw new CorruptBlockError(`claims ${count} spans of a histogram`);
  const spans: Span[] = [];
  for (let i = 0; i < count; i++) spans.push({ offset: reader.signed(), length: reader.varint() });
  return spans;
}

/** Counts of neighbouring buckets are alike: integers as differences. */
function writeBuckets(
  writer: ByteWriter,
  spans: readonly Span[],
  buckets: readonly number[],
  isInteger: boolean,
): void {
  writeSpanList(writer, spans);
  writer.varint(buckets.length);
  let before = 0;
  for (const bucket of buckets) {
    if (isInteger) writer.signed(bucket - before);
    else writeFloat(writer, bucket);
    before = bucket;
  }
}

function readBuckets(reader: ByteReader, isInteger: boolean): Buckets {
  const spans = readSpanList(reader);
  const count = reader.varint();
  if (!isInteger) return { spans, buckets: readFloats(reader, count) };
  if (count > reader.remaining) throw new CorruptBlockError(`claims ${count} buckets of a histogram`);
  const buckets = new Array<number>(count);
  let before = 0;
  for (let i = 0; i < count; i++) buckets[i] = before += reader.signed();
  return { spans, buckets };
}

function writeCount(writer: ByteWriter, count: number, isInteger: boolean): void {
  if (isInteger) writer.signed(count);
  else writeFloat(writer, count);
}

const readCount = (reader: ByteReader, isInteger: boolean): number =>
  isInteger ? reader.signed() : readFloat(reader);

export function writeFloat(writer: ByteWriter, value: number): void {
  scratch[0] = value;
  writer.u32(scratchWords[0]!);
  writer.u32(scratchWords[1]!);
}

export function readFloat(reader: ByteReader): number {
  scratchWords[0] = reader.u32();
  scratchWords[1] = reader.u32();
  return scratch[0]!;
}

function readFloats(reader: ByteReader, count: number): number[] {
  if (8 * count > reader.remaining) throw new CorruptBlockError(`claims ${count} numbers of a histogram`);
  const values = new Array<number>(count);
  for (let i = 0; i < count; i++) values[i] = readFloat(reader);
  return values;
}
