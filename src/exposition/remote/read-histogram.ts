import { type CounterResetHint, type Histogram, type Span, withFloatCounts } from '../../model/histogram.ts';
import { STALE_NAN_HIGH, STALE_NAN_LOW } from '../../model/sample.ts';
import { type ProtobufReader, WIRE } from './protobuf.ts';

/** A Histogram message as it was sent: whether it is well formed is for the store to say. */
export interface SentHistogram {
  /** Unix ms. */
  readonly timestamp: number;
  /** When counting began, Unix ms; 0: not known. */
  readonly start: number;
  /** Or the staleness marker, which upstream writes as a histogram whose sum is one. */
  readonly histogram: Histogram | 'stale';
}

const HINTS: readonly CounterResetHint[] = ['unknown', 'reset', 'not_reset', 'gauge'];

/**
 * Reads a Histogram message of remote write, the same in both versions: `reader` stands at its beginning, and its end is the message's.
 * @throws WireError when the bytes are none
 */
export function readHistogramMessage(reader: ProtobufReader): SentHistogram {
  let timestamp = 0;
  let start = 0;
  let isStale = false;
  let isFloat = false;
  let schema = 0;
  let count = 0;
  let sum = 0;
  let zeroThreshold = 0;
  let zeroCount = 0;
  let hint = 0;
  const positive = new SentBuckets();
  const negative = new SentBuckets();
  const customValues: number[] = [];
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    switch (field) {
      case 1:
        count = unsigned(reader);
        break;
      case 2:
        count = double(reader);
        isFloat = true;
        break;
      case 3:
        isStale = isStaleNext(reader);
        sum = double(reader);
        break;
      case 4:
        schema = signed(reader);
        break;
      case 5:
        zeroThreshold = double(reader);
        break;
      case 6:
        zeroCount = unsigned(reader);
        break;
      case 7:
        zeroCount = double(reader);
        break;
      case 8:
        negative.spans.push(readSpan(reader));
        break;
      case 9:
        readPacked(reader, WIRE.varint, () => negative.deltas.push(reader.signedVarint()));
        break;
      case 10:
        readPacked(reader, WIRE.fixed64, () => negative.counts.push(reader.double()));
        break;
      case 11:
        positive.spans.push(readSpan(reader));
        break;
      case 12:
        readPacked(reader, WIRE.varint, () => positive.deltas.push(reader.signedVarint()));
        break;
      case 13:
        readPacked(reader, WIRE.fixed64, () => positive.counts.push(reader.double()));
        break;
      case 14:
        hint = unsigned(reader);
        break;
      case 15:
        timestamp = unsigned(reader);
        break;
      case 16:
        readPacked(reader, WIRE.fixed64, () => customValues.push(reader.double()));
        break;
      case 17:
        start = unsigned(reader);
        break;
      default:
        reader.skip();
    }
  }
  if (isStale) return { timestamp, start, histogram: 'stale' };
  const histogram: Histogram = {
    schema,
    count,
    sum,
    zeroThreshold,
    zeroCount,
    positiveSpans: positive.spans,
    positiveBuckets: positive.absolute(isFloat),
    negativeSpans: negative.spans,
    negativeBuckets: negative.absolute(isFloat),
    customValues,
    counterResetHint: HINTS[hint] ?? 'unknown',
  };
  return { timestamp, start, histogram: isFloat ? withFloatCounts(histogram) : histogram };
}

class SentBuckets {
  readonly spans: Span[] = [];
  readonly deltas: number[] = [];
  readonly counts: number[] = [];

  /** Counts of floats stand as they are, whole ones as differences from bucket to bucket. */
  absolute(isFloat: boolean): readonly number[] {
    if (isFloat) return this.counts;
    let last = 0;
    return this.deltas.map((delta) => (last += delta));
  }
}

function readSpan(reader: ProtobufReader): Span {
  const length = reader.length();
  const { end } = reader;
  const spanEnd = reader.position + length;
  reader.end = spanEnd;
  let offset = 0;
  let buckets = 0;
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) offset = signed(reader);
    else if (field === 2) buckets = unsigned(reader);
    else reader.skip();
  }
  reader.seek(spanEnd, end);
  return { offset, length: buckets };
}

/** Packed, as proto3 writes them, or one by one. */
function readPacked(reader: ProtobufReader, wire: number, read: () => void): void {
  if (reader.wire === wire) {
    read();
    return;
  }
  const length = reader.length();
  const end = reader.position + length;
  while (reader.position < end) read();
  if (reader.position !== end) throw reader.malformed('the end of the numbers');
}

function isStaleNext(reader: ProtobufReader): boolean {
  const { bytes, position, end } = reader;
  return (
    position + 8 <= end &&
    bytes.readUInt32LE(position) === STALE_NAN_LOW &&
    bytes.readUInt32LE(position + 4) === STALE_NAN_HIGH
  );
}

function double(reader: ProtobufReader): number {
  if (reader.wire !== WIRE.fixed64) throw reader.malformed(`a double, got wire type ${reader.wire},`);
  return reader.double();
}

function unsigned(reader: ProtobufReader): number {
  if (reader.wire !== WIRE.varint) throw reader.malformed(`a number, got wire type ${reader.wire},`);
  return reader.varint();
}

function signed(reader: ProtobufReader): number {
  if (reader.wire !== WIRE.varint) throw reader.malformed(`a number, got wire type ${reader.wire},`);
  return reader.signedVarint();
}
