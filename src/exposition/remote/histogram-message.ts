import { type Histogram, hasFloatCounts, type Span } from '../../model/histogram.ts';
import { ProtobufWriter, WIRE, zigzag } from './protobuf.ts';

const RESET_HINTS = { unknown: 0, reset: 1, not_reset: 2, gauge: 3 } as const;

/** Field of a start timestamp; only version 2.0 has it. */
const START_TIMESTAMP = 17;

/**
 * The Histogram message of remote write, the same in both versions: integers as deltas, floats as they are.
 * @param startTimestamp Unix ms, 0 when not known or not wanted
 */
export function histogramMessage(
  histogram: Histogram,
  timestamp: number,
  startTimestamp: number,
): Uint8Array {
  const out = new ProtobufWriter();
  const whole = !hasFloatCounts(histogram);
  // Which of the two counts is there says the kind of the histogram, so it is there when it is 0 too.
  if (whole) {
    out.tag(1, WIRE.varint);
    out.varint(histogram.count);
  } else out.double(2, histogram.count);
  if (!Object.is(histogram.sum, 0)) out.double(3, histogram.sum);
  out.number(4, zigzag(histogram.schema));
  if (histogram.zeroThreshold !== 0) out.double(5, histogram.zeroThreshold);
  if (whole) {
    out.tag(6, WIRE.varint);
    out.varint(histogram.zeroCount);
  } else out.double(7, histogram.zeroCount);
  buckets(
    out,
    histogram.negativeSpans,
    histogram.negativeBuckets,
    { spans: 8, deltas: 9, counts: 10 },
    whole,
  );
  buckets(
    out,
    histogram.positiveSpans,
    histogram.positiveBuckets,
    { spans: 11, deltas: 12, counts: 13 },
    whole,
  );
  out.number(14, RESET_HINTS[histogram.counterResetHint]);
  out.number(15, timestamp);
  doubles(out, 16, histogram.customValues);
  out.number(START_TIMESTAMP, startTimestamp);
  return out.finish();
}

/** A staleness marker among histograms: nothing but a sum that is one. */
export function staleHistogramMessage(low: number, high: number, timestamp: number): Uint8Array {
  const out = new ProtobufWriter();
  out.doubleWords(3, low, high);
  out.number(15, timestamp);
  return out.finish();
}

function buckets(
  out: ProtobufWriter,
  spans: readonly Span[],
  counts: readonly number[],
  fields: { readonly spans: number; readonly deltas: number; readonly counts: number },
  whole: boolean,
): void {
  for (const { offset, length } of spans) {
    const span = new ProtobufWriter();
    span.number(1, zigzag(offset));
    span.number(2, length);
    out.bytes(fields.spans, span.view());
  }
  if (!whole) doubles(out, fields.counts, counts);
  else if (counts.length > 0) {
    const packed = new ProtobufWriter();
    let before = 0;
    for (const count of counts) {
      packed.varint(zigzag(count - before));
      before = count;
    }
    out.bytes(fields.deltas, packed.view());
  }
}

function doubles(out: ProtobufWriter, field: number, values: readonly number[]): void {
  if (values.length === 0) return;
  const packed = Float64Array.from(values);
  out.bytes(field, new Uint8Array(packed.buffer));
}
