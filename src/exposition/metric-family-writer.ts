import { CUSTOM_BUCKETS_SCHEMA, type Histogram, type Span } from '../model/histogram.ts';
import { ProtobufWriter, WIRE, zigzag } from './remote/protobuf.ts';

/** A sample as a page of another server gives it, under a name of its own. */
export interface PageSample {
  readonly name: string;
  /** Names and values in turn, without the metric's name. */
  readonly labels: readonly string[];
  /** Unix ms. */
  readonly timestamp: number;
  readonly value: number;
  /** The sample is this histogram. */
  readonly histogram?: Histogram | undefined;
}

/** The page of a federation. */
export const metricFamilies = {
  contentType: 'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited',
  encode: writeMetricFamilies,
};

const UNTYPED = 3;
const HISTOGRAM = 4;
const GAUGE_HISTOGRAM = 5;

/**
 * Writes samples, those of one name together, as delimited io.prometheus.client.MetricFamily messages, as upstream's federation does: floats are
 * untyped, histograms have floating-point counts. Floats, counters and gauges of one name are families of their own. A histogram with
 * custom buckets is written as a classic one, since the messages have no place for its bounds.
 */
export function writeMetricFamilies(samples: readonly PageSample[]): Uint8Array {
  const page = new ProtobufWriter();
  const family = new ProtobufWriter();
  let name = '';
  let type = 0;
  const flush = (): void => {
    if (type === 0) return;
    page.varint(family.length);
    page.raw(family.view());
  };
  for (const sample of samples) {
    const wanted = typeOf(sample.histogram);
    if (type !== wanted || name !== sample.name) {
      flush();
      family.clear();
      [name, type] = [sample.name, wanted];
      family.string(1, name);
      family.number(3, type);
    }
    family.bytes(4, metricMessage(sample));
  }
  flush();
  return page.finish();
}

function typeOf(histogram: Histogram | undefined): number {
  if (!histogram) return UNTYPED;
  return histogram.counterResetHint === 'gauge' ? GAUGE_HISTOGRAM : HISTOGRAM;
}

function metricMessage({ labels, timestamp, value, histogram }: PageSample): Uint8Array {
  const metric = new ProtobufWriter();
  const inner = new ProtobufWriter();
  for (let i = 0; i < labels.length; i += 2) {
    inner.clear();
    inner.string(1, labels[i]!);
    // An empty value says that the label is to be empty.
    inner.string(2, labels[i + 1]!);
    metric.bytes(1, inner.view());
  }
  inner.clear();
  if (histogram) {
    writeHistogram(inner, histogram);
    metric.bytes(7, inner.view());
  } else {
    inner.double(1, value);
    metric.bytes(5, inner.view());
  }
  metric.number(6, timestamp);
  return metric.finish();
}

function writeHistogram(out: ProtobufWriter, histogram: Histogram): void {
  out.double(4, histogram.count);
  out.double(2, histogram.sum);
  if (histogram.schema === CUSTOM_BUCKETS_SCHEMA) {
    writeClassicBuckets(out, histogram);
    return;
  }
  out.tag(5, WIRE.varint);
  out.varint(zigzag(histogram.schema));
  out.double(6, histogram.zeroThreshold);
  out.double(8, histogram.zeroCount);
  writeSpans(out, 9, histogram.negativeSpans);
  for (const count of histogram.negativeBuckets) out.double(11, count);
  writeSpans(out, 12, histogram.positiveSpans);
  for (const count of histogram.positiveBuckets) out.double(14, count);
  const isEmpty = histogram.positiveSpans.length + histogram.negativeSpans.length === 0;
  // Without buckets a span of none says that the histogram is a native one.
  if (isEmpty && histogram.zeroThreshold === 0 && histogram.zeroCount === 0) {
    writeSpans(out, 12, [{ offset: 0, length: 0 }]);
  }
}

function writeClassicBuckets(out: ProtobufWriter, histogram: Histogram): void {
  const { customValues, positiveSpans, positiveBuckets } = histogram;
  const counts = new Float64Array(customValues.length + 1);
  let index = 0;
  let place = 0;
  for (const { offset, length } of positiveSpans) {
    index += offset;
    for (let i = 0; i < length; i++) counts[index++] = positiveBuckets[place++]!;
  }
  let below = 0;
  for (const [i, bound] of [...customValues, Number.POSITIVE_INFINITY].entries()) {
    below += counts[i]!;
    const bucket = new ProtobufWriter();
    bucket.double(4, below);
    bucket.double(2, bound);
    out.bytes(3, bucket.view());
  }
}

function writeSpans(out: ProtobufWriter, field: number, spans: readonly Span[]): void {
  for (const { offset, length } of spans) {
    const span = new ProtobufWriter();
    span.number(1, zigzag(offset));
    span.number(2, length);
    out.bytes(field, span.view());
  }
}
