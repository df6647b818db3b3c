import type { Exemplar } from '../../model/exemplar.ts';
import type { Histogram, Span } from '../../model/histogram.ts';
import type { MetricMetadata } from '../../model/queryable.ts';
import { STALE_NAN_HIGH, STALE_NAN_LOW } from '../../model/sample.ts';
import { ProtobufWriter, WIRE } from './protobuf.ts';

/** A float; `'stale'` is the staleness marker, and a NaN that must keep its bits is given by its words. */
type SentValue = number | 'stale' | { readonly low: number; readonly high: number };

/** What tests send: a series with samples. */
export interface SentSeries {
  readonly labels: readonly (readonly [string, string])[];
  /** A start timestamp is sent by version 2.0 only. */
  readonly samples?: readonly (readonly [timestamp: number, value: SentValue, start?: number])[];
  readonly histograms?: readonly (readonly [
    timestamp: number,
    histogram: Histogram | 'stale',
    start?: number,
  ])[];
  readonly exemplars?: readonly Exemplar[];
  readonly metadata?: MetricMetadata;
}

const TYPES = ['unknown', 'counter', 'gauge', 'histogram', 'gaugehistogram', 'summary', 'info', 'stateset'];

function message(write: (writer: ProtobufWriter) => void): Uint8Array {
  const writer = new ProtobufWriter();
  write(writer);
  return writer.finish();
}

function sampleMessage(timestamp: number, value: SentValue, start = 0): Uint8Array {
  return message((writer) => {
    double(writer, 1, value);
    writer.number(2, timestamp);
    writer.number(3, start);
  });
}

function double(writer: ProtobufWriter, field: number, value: SentValue): void {
  if (value === 'stale') writer.doubleWords(field, STALE_NAN_LOW, STALE_NAN_HIGH);
  else if (typeof value === 'object') writer.doubleWords(field, value.low, value.high);
  else {
    const words = new Uint32Array(Float64Array.of(value).buffer);
    writer.doubleWords(field, words[0]!, words[1]!);
  }
}

const HINTS = ['unknown', 'reset', 'not_reset', 'gauge'];
const zigzag = (value: number): number => (value < 0 ? -2 * value - 1 : 2 * value);

/** Of float counts when it says so, or when not all are whole. */
function histogramMessage(timestamp: number, histogram: Histogram | 'stale', start = 0): Uint8Array {
  return message((writer) => {
    writer.number(15, timestamp);
    writer.number(17, start);
    if (histogram === 'stale') {
      double(writer, 3, 'stale');
      return;
    }
    const { count, zeroCount, positiveBuckets, negativeBuckets } = histogram;
    const isWhole =
      !histogram.isFloat &&
      [count, zeroCount, ...positiveBuckets, ...negativeBuckets].every(Number.isInteger);
    if (isWhole) writer.number(1, count);
    else {
      writer.tag(2, WIRE.fixed64);
      writer.raw(new Uint8Array(Float64Array.of(count).buffer));
    }
    double(writer, 3, histogram.sum);
    writer.number(4, zigzag(histogram.schema));
    double(writer, 5, histogram.zeroThreshold);
    if (isWhole) writer.number(6, zeroCount);
    else {
      writer.tag(7, WIRE.fixed64);
      writer.raw(new Uint8Array(Float64Array.of(zeroCount).buffer));
    }
    const side = (first: number, spans: readonly Span[], buckets: readonly number[]): void => {
      for (const { offset, length } of spans) {
        const span = message((out) => {
          out.number(1, zigzag(offset));
          out.number(2, length);
        });
        writer.bytes(first, span);
      }
      if (buckets.length === 0) return;
      if (!isWhole) writer.bytes(first + 2, new Uint8Array(Float64Array.from(buckets).buffer));
      else {
        const deltas = message((out) => {
          buckets.forEach((bucket, i) => void out.varint(zigzag(bucket - (buckets[i - 1] ?? 0))));
        });
        writer.bytes(first + 1, deltas);
      }
    };
    side(8, histogram.negativeSpans, negativeBuckets);
    side(11, histogram.positiveSpans, positiveBuckets);
    writer.number(14, HINTS.indexOf(histogram.counterResetHint));
    if (histogram.customValues.length > 0) {
      writer.bytes(16, new Uint8Array(Float64Array.from(histogram.customValues).buffer));
    }
  });
}

/** @param labels writes them in the version's way, field 1 */
function exemplarMessage(
  { value, timestamp = 0 }: Exemplar,
  labels: (writer: ProtobufWriter) => void,
): Uint8Array {
  return message((writer) => {
    labels(writer);
    double(writer, 2, value);
    writer.number(3, timestamp);
  });
}

function labelMessage(name: string, value: string): Uint8Array {
  return message((label) => {
    label.string(1, name);
    label.string(2, value);
  });
}

/** A remote write 1.0 request. */
export function writeRequestV1(
  series: readonly SentSeries[],
  metadata: readonly (readonly [metric: string, about: MetricMetadata])[] = [],
): Uint8Array {
  return message((request) => {
    for (const one of series) {
      request.bytes(
        1,
        message((writer) => {
          for (const [name, value] of one.labels) {
            writer.bytes(1, labelMessage(name, value));
          }
          for (const [timestamp, value] of one.samples ?? [])
            writer.bytes(2, sampleMessage(timestamp, value));
          for (const exemplar of one.exemplars ?? []) {
            const { labels } = exemplar;
            const write = (out: ProtobufWriter): void => {
              for (let i = 0; i < labels.length; i += 2)
                out.bytes(1, labelMessage(labels[i]!, labels[i + 1]!));
            };
            writer.bytes(3, exemplarMessage(exemplar, write));
          }
          for (const [timestamp, histogram] of one.histograms ?? [])
            writer.bytes(4, histogramMessage(timestamp, histogram));
        }),
      );
    }
    for (const [metric, about] of metadata) {
      request.bytes(
        3,
        message((writer) => {
          writer.number(1, TYPES.indexOf(about.type));
          writer.string(2, metric);
          writer.string(4, about.help);
          writer.string(5, about.unit);
        }),
      );
    }
  });
}

/** A remote write 2.0 request. */
export function writeRequestV2(series: readonly SentSeries[]): Uint8Array {
  const symbols = new Map<string, number>([['', 0]]);
  const symbol = (text: string): number => {
    const known = symbols.get(text) ?? symbols.size;
    symbols.set(text, known);
    return known;
  };
  const body = message((request) => {
    for (const one of series) {
      request.bytes(
        5,
        message((writer) => {
          writer.bytes(
            1,
            message((refs) => {
              for (const label of one.labels) for (const text of label) refs.varint(symbol(text));
            }),
          );
          for (const sample of one.samples ?? []) writer.bytes(2, sampleMessage(...sample));
          for (const sent of one.histograms ?? []) writer.bytes(3, histogramMessage(...sent));
          for (const exemplar of one.exemplars ?? []) {
            const references = message((out) => {
              for (const text of exemplar.labels) out.varint(symbol(text));
            });
            writer.bytes(
              4,
              exemplarMessage(exemplar, (out) => out.bytes(1, references)),
            );
          }
          const { metadata } = one;
          if (!metadata) return;
          writer.bytes(
            5,
            message((about) => {
              about.number(1, TYPES.indexOf(metadata.type));
              about.tag(3, WIRE.varint);
              about.varint(symbol(metadata.help));
              about.tag(4, WIRE.varint);
              about.varint(symbol(metadata.unit));
            }),
          );
        }),
      );
    }
  });
  return message((request) => {
    for (const text of symbols.keys()) request.string(4, text);
    request.raw(body);
  });
}
