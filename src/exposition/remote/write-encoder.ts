import type { Exemplar } from '../../model/exemplar.ts';
import type { Histogram } from '../../model/histogram.ts';
import { type Labels, METRIC_NAME } from '../../model/labels.ts';
import type { MetricMetadata } from '../../model/queryable.ts';
import { isStaleAt, wordsOf } from '../../model/sample.ts';
import { histogramMessage, staleHistogramMessage } from './histogram-message.ts';
import { ProtobufWriter, WIRE } from './protobuf.ts';
import { METADATA_TYPES } from './write-request.ts';

/** Labels of a series as a request holds them; made once per series. */
export type WireLabels = Uint8Array;

/** Where such labels lie, at a multiple of four; `words` is the same memory. No view is made for each series: it costs more than its bytes. */
export interface KeptLabels {
  readonly bytes: Buffer;
  readonly words: Uint32Array;
  readonly from: number;
  readonly length: number;
}

/** Samples of one series as columns of equal length. */
export interface SentSamples {
  /** Unix ms. */
  readonly timestamps: Float64Array;
  /** Staleness markers bit by bit; where a sample is a histogram, anything. */
  readonly values: Float64Array;
  readonly histograms?: readonly (Histogram | undefined)[] | undefined;
  /** When counting began, Unix ms, 0 where not known. */
  readonly starts?: Float64Array | undefined;
}

export interface WriteEncoder {
  readonly contentType: string;
  readonly version: string;
  /** Samples, histograms and exemplars so far. */
  readonly count: number;
  labels(labels: Labels): WireLabels;
  /** Adds samples [from, to) of a series, and exemplars with timestamps. */
  add(
    labels: KeptLabels,
    samples: SentSamples,
    from: number,
    to: number,
    exemplars?: readonly Exemplar[],
  ): void;
  /** The request so far, not yet compressed: a view that lives until the next call. Begins another one. */
  finish(): Uint8Array;
}

/** What is known of a metric, for version 2.0, where it rides along. */
export type MetadataOf = (metric: string) => MetricMetadata | undefined;

const SIX_BYTES = 2 ** 42;

/** Bytes of a non-negative varint. */
function varintLength(value: number): number {
  if (value < 0) return 10;
  if (value >= 2 ** 35 && value < SIX_BYTES) return 6;
  let length = 1;
  for (let rest = value; rest > 127; rest = Math.floor(rest / 128)) length++;
  return length;
}

const VALUE_BYTES = 9;

/** Remote write 1.0: prometheus.WriteRequest. Labels are written out in each series. */
export function createWriteEncoderV1(): WriteEncoder {
  const out = new ProtobufWriter();
  const scratch = new ProtobufWriter();
  let count = 0;
  return {
    contentType: 'application/x-protobuf',
    version: '0.1.0',
    get count() {
      return count;
    },
    labels: labelFields,
    add(labels, samples, from, to, exemplars = []) {
      scratch.clear();
      count += writeSamples(scratch, samples, from, to, { samples: 2, histograms: 4, starts: false });
      for (const exemplar of exemplars)
        scratch.bytes(3, exemplarMessage(exemplar, labelFields(exemplar.labels)));
      count += exemplars.length;
      out.tag(1, WIRE.bytes);
      out.varint(labels.length + scratch.length);
      out.part(labels.bytes, labels.from, labels.length);
      out.append(scratch);
    },
    finish() {
      count = 0;
      const request = out.view();
      out.clear();
      return request;
    },
  };
}

/** Label messages one after the other, each as field 1. */
function labelFields(labels: Labels): Uint8Array {
  const fields = new ProtobufWriter();
  const label = new ProtobufWriter();
  for (let i = 0; i < labels.length; i += 2) {
    label.clear();
    label.string(1, labels[i]!);
    label.string(2, labels[i + 1]!);
    fields.bytes(1, label.view());
  }
  return fields.finish();
}

/**
 * Remote write 2.0: io.prometheus.write.v2.Request. A label is a pair of numbers of symbols, which stand once in the request. Symbols have
 * numbers of the encoder's own too, which last; `labels` gives those, as words.
 */
export function createWriteEncoderV2(metadataOf: MetadataOf): WriteEncoder {
  const series = new ProtobufWriter();
  const symbols = new ProtobufWriter();
  const scratch = new ProtobufWriter();
  const seriesReferences = new ProtobufWriter();
  const metadataFields = new ProtobufWriter();
  const metadataField = new ProtobufWriter();
  const exemplarField = new ProtobufWriter();
  const whole = new ProtobufWriter();
  const numbers = new Map<string, number>([['', 0]]);
  const texts: string[] = [''];
  /** Symbols as requests hold them, and where each ends. */
  const encoded = new ProtobufWriter();
  let ends = new Uint32Array(1024);
  /** Number of each symbol in the request under way, and which request that was. */
  let places = new Uint32Array(1024);
  let requests = new Uint32Array(1024);
  let request = 1;
  let used = 1;
  let count = 0;
  const numberOf = (text: string): number => {
    let number = numbers.get(text);
    if (number === undefined) {
      number = texts.length;
      texts.push(text);
      numbers.set(text, number);
      encoded.string(4, text);
      if (number >= ends.length) ends = grown(ends, number + 1);
      ends[number] = encoded.length;
    }
    return number;
  };
  const place = (number: number): number => {
    if (number === 0) return 0;
    if (number >= places.length) {
      places = grown(places, number + 1);
      requests = grown(requests, number + 1);
    }
    if (requests[number] === request) return places[number]!;
    requests[number] = request;
    places[number] = used;
    symbols.append(encoded, ends[number - 1]!, ends[number]!);
    return used++;
  };
  const packedSymbols = (labels: Labels): Uint8Array => {
    seriesReferences.clear();
    for (const text of labels) {
      symbols.string(4, text);
      seriesReferences.varint(used++);
    }
    return seriesReferences.view();
  };
  const addSeries = (labels: KeptLabels, inner: ProtobufWriter): void => {
    const { words } = labels;
    const from = labels.from >>> 2;
    const to = from + (labels.length >>> 2);
    seriesReferences.clear();
    for (let i = from; i < to; i++) seriesReferences.varint(place(words[i]!));
    const packed = seriesReferences;
    const metadata = metadataMessage(words, from, to);
    const length = 1 + varintLength(packed.length) + packed.length + inner.length + metadata.length;
    series.tag(5, WIRE.bytes);
    series.varint(length);
    series.tag(1, WIRE.bytes);
    series.varint(packed.length);
    series.append(packed);
    series.append(inner);
    series.append(metadata);
  };
  const metadataMessage = (words: Uint32Array, from: number, to: number): ProtobufWriter => {
    metadataField.clear();
    let metadata: MetricMetadata | undefined;
    for (let i = from; i < to && !metadata; i += 2) {
      if (texts[words[i]!] === METRIC_NAME) metadata = familyOf(texts[words[i + 1]!]!, metadataOf);
    }
    if (!metadata) return metadataField;
    metadataFields.clear();
    metadataFields.number(1, METADATA_TYPES.indexOf(metadata.type));
    metadataFields.number(3, place(numberOf(metadata.help)));
    metadataFields.number(4, place(numberOf(metadata.unit)));
    metadataField.bytes(5, metadataFields.view());
    return metadataField;
  };
  return {
    contentType: 'application/x-protobuf;proto=io.prometheus.write.v2.Request',
    version: '2.0.0',
    get count() {
      return count;
    },
    labels: (labels) => new Uint8Array(Uint32Array.from(labels, numberOf).buffer),
    add(labels, samples, from, to, exemplars = []) {
      scratch.clear();
      count += writeSamples(scratch, samples, from, to, { samples: 2, histograms: 3, starts: true });
      for (const exemplar of exemplars) {
        exemplarField.clear();
        // Named for this request alone: trace ids are new each time.
        exemplarField.bytes(1, packedSymbols(exemplar.labels));
        scratch.bytes(4, exemplarMessage(exemplar, exemplarField.view()));
      }
      count += exemplars.length;
      addSeries(labels, scratch);
    },
    finish() {
      whole.clear();
      // The first symbol is the empty one.
      whole.tag(4, WIRE.bytes);
      whole.varint(0);
      whole.raw(symbols.view());
      whole.raw(series.view());
      symbols.clear();
      series.clear();
      request++;
      used = 1;
      count = 0;
      return whole.view();
    },
  };
}

/** Metadata is kept by family; the series of histograms and summaries have its name with an ending. */
function familyOf(metric: string, metadataOf: MetadataOf): MetricMetadata | undefined {
  const own = metadataOf(metric);
  if (own) return own;
  const family = /^(.+)_(?:bucket|count|sum)$/.exec(metric)?.[1];
  const metadata = family === undefined ? undefined : metadataOf(family);
  return metadata && ['histogram', 'summary', 'gaugehistogram'].includes(metadata.type)
    ? metadata
    : undefined;
}

interface SampleFields {
  readonly samples: number;
  readonly histograms: number;
  /** Whether start timestamps can be said. */
  readonly starts: boolean;
}

function writeSamples(
  out: ProtobufWriter,
  { timestamps, values, histograms, starts }: SentSamples,
  from: number,
  to: number,
  fields: SampleFields,
): number {
  /** The halves of the values, once they are needed. */
  let words: Uint32Array | undefined;
  for (let i = from; i < to; i++) {
    const timestamp = timestamps[i]!;
    let start = fields.starts ? (starts?.[i] ?? 0) : 0;
    const histogram = histograms?.[i];
    if (histogram) {
      out.bytes(fields.histograms, histogramMessage(histogram, timestamp, start));
      continue;
    }
    const value = values[i]!;
    const isNan = Number.isNaN(value);
    if (isNan) {
      // By its bits: a staleness marker may change when it becomes a number.
      words ??= wordsOf(values);
      if (isStaleAt(words, i)) {
        if (histograms && (histograms[i - 1] || histograms[i + 1])) {
          const message = staleHistogramMessage(words[2 * i]!, words[2 * i + 1]!, timestamp);
          out.bytes(fields.histograms, message);
          continue;
        }
        // Nothing is counted any more, so nothing began.
        start = 0;
      }
    }
    const startLength = start === 0 ? 0 : 1 + varintLength(start);
    const timeLength = timestamp === 0 ? 0 : 1 + varintLength(timestamp);
    const isZero = Object.is(value, 0);
    out.tag(fields.samples, WIRE.bytes);
    out.varint((isZero ? 0 : VALUE_BYTES) + timeLength + startLength);
    if (isNan) out.doubleWords(1, words![2 * i]!, words![2 * i + 1]!);
    else if (!isZero) out.double(1, value);
    out.number(2, timestamp);
    out.number(3, start);
  }
  return to - from;
}

/** The same in both versions but for the labels, which are whole fields. */
function exemplarMessage({ value, timestamp = 0 }: Exemplar, labels: Uint8Array): Uint8Array {
  const message = new ProtobufWriter();
  message.raw(labels);
  message.double(2, value);
  message.number(3, timestamp);
  return message.view();
}

/** A remote write 1.0 request that holds only metadata. */
export function metadataRequest(
  metadata: Iterable<readonly [metric: string, about: MetricMetadata]>,
): Uint8Array {
  const out = new ProtobufWriter();
  const inner = new ProtobufWriter();
  for (const [metric, { type, help, unit }] of metadata) {
    inner.clear();
    inner.number(1, METADATA_TYPES.indexOf(type));
    inner.string(2, metric);
    inner.string(4, help);
    inner.string(5, unit);
    out.bytes(3, inner.view());
  }
  return out.finish();
}

function grown(words: Uint32Array<ArrayBuffer>, atLeast: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(Math.max(atLeast, words.length * 2));
  larger.set(words);
  return larger;
}
