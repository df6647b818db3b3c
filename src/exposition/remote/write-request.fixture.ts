import type { MetricMetadata } from '../../model/queryable.ts';
import { STALE_NAN_HIGH, STALE_NAN_LOW } from '../../model/sample.ts';
import { ProtobufWriter, WIRE } from './protobuf.ts';

/** What tests send: a series with samples; `'stale'` is the staleness marker. */
export interface SentSeries {
  readonly labels: readonly (readonly [string, string])[];
  readonly samples?: readonly (readonly [timestamp: number, value: number | 'stale'])[];
  readonly histograms?: number;
  readonly exemplars?: number;
  readonly metadata?: MetricMetadata;
}

const TYPES = ['unknown', 'counter', 'gauge', 'histogram', 'gaugehistogram', 'summary', 'info', 'stateset'];

function message(write: (writer: ProtobufWriter) => void): Uint8Array {
  const writer = new ProtobufWriter();
  write(writer);
  return writer.finish();
}

function sampleMessage(timestamp: number, value: number | 'stale'): Uint8Array {
  return message((writer) => {
    const view = new DataView(new ArrayBuffer(8));
    if (value !== 'stale') view.setFloat64(0, value, true);
    if (value === 'stale') writer.doubleWords(1, STALE_NAN_LOW, STALE_NAN_HIGH);
    else writer.doubleWords(1, view.getUint32(0, true), view.getUint32(4, true));
    writer.number(2, timestamp);
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
            writer.bytes(
              1,
              message((label) => {
                label.string(1, name);
                label.string(2, value);
              }),
            );
          }
          for (const [timestamp, value] of one.samples ?? [])
            writer.bytes(2, sampleMessage(timestamp, value));
          for (let i = 0; i < (one.exemplars ?? 0); i++) writer.bytes(3, sampleMessage(1, 1));
          for (let i = 0; i < (one.histograms ?? 0); i++)
            writer.bytes(
              4,
              message((h) => h.number(15, 1)),
            );
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
          for (const [timestamp, value] of one.samples ?? [])
            writer.bytes(2, sampleMessage(timestamp, value));
          for (let i = 0; i < (one.histograms ?? 0); i++)
            writer.bytes(
              3,
              message((h) => h.number(15, 1)),
            );
          for (let i = 0; i < (one.exemplars ?? 0); i++) writer.bytes(4, sampleMessage(1, 1));
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
