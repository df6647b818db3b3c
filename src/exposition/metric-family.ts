import { isUtf8 } from 'node:buffer';
import type { Histogram, Span } from '../model/histogram.ts';
import { NativeFields } from './native-fields.ts';
import { METRIC_TYPES, type WrittenExemplar } from './parser.ts';
import { ProtobufReader, WIRE } from './remote/protobuf.ts';
import { WireError } from './remote/wire-error.ts';
import { MAX_LINE_BYTES } from './series-reader.ts';

/** MetricType of io.prometheus.client, by its number. */
const TYPES = (['counter', 'gauge', 'summary', 'unknown', 'histogram', 'gaugehistogram'] as const).map(
  (type) => METRIC_TYPES.indexOf(type),
);
export const COUNTER = METRIC_TYPES.indexOf('counter');
export const SUMMARY = METRIC_TYPES.indexOf('summary');
export const HISTOGRAM = METRIC_TYPES.indexOf('histogram');
export const GAUGE_HISTOGRAM = METRIC_TYPES.indexOf('gaugehistogram');

/** Buckets, quantiles or exemplars of one metric. One metric is read in one go: it must not take long. */
const MAX_PARTS = 20_000;
/** Buckets of native histograms on one page: one takes a byte on the page and eight in memory. */
const MAX_PAGE_BUCKETS = 2_000_000;

const FAMILY = { name: 1, help: 2, type: 3, metric: 4, unit: 5 } as const;
const METRIC = {
  label: 1,
  gauge: 2,
  counter: 3,
  summary: 4,
  untyped: 5,
  timestamp: 6,
  histogram: 7,
} as const;

/**
 * Reads a page of delimited io.prometheus.client.MetricFamily messages, family by family and metric by metric. Fields describe the
 * last one and are overwritten by the next; nothing is allocated for a metric unless a method is called that says so.
 * All methods throw WireError when the bytes are none.
 */
export class MetricFamilyReader {
  family = '';
  help = '';
  unit = '';
  /** Index into METRIC_TYPES. */
  type = 0;
  /** Of the family's name in the page. */
  nameFrom = 0;
  nameTo = 0;
  /** Unix ms, NaN without. */
  timestamp = Number.NaN;
  /** Unix ms, 0 without. */
  start = 0;
  /** Counters, gauges, untyped metrics. */
  value = 0;
  /** Summaries and histograms. */
  count = 0;
  sum = 0;
  /** Quantiles of a summary, upper bounds of the buckets of a histogram; `parts` of them. */
  parts = 0;
  readonly bounds: number[] = [];
  /** Values of the quantiles, cumulative counts of the buckets. */
  readonly values: number[] = [];
  /** From and to of each label pair in the page, in turn; the first `labelEnds` numbers count. */
  readonly labelRanges: number[] = [];
  labelEnds = 0;
  /** From and to of the exemplar of a counter or of each bucket; 0 to 0 without. */
  readonly exemplarRanges: number[] = [];
  /** From and to of each exemplar of a native histogram; `nativeExemplars` numbers. */
  readonly nativeExemplarRanges: number[] = [];
  nativeExemplars = 0;
  readonly #reader: ProtobufReader;
  readonly #inner: ProtobufReader;
  readonly #native = new NativeFields();
  #familyEnd = 0;
  #pageBuckets = 0;

  constructor(page: Uint8Array) {
    this.#reader = new ProtobufReader(page);
    this.#inner = new ProtobufReader(page);
  }

  /** The page. */
  get bytes(): Buffer {
    return this.#reader.bytes;
  }

  /** Whether the metric has the parts of a native histogram. */
  get isNative(): boolean {
    return this.#native.isNative;
  }

  /** Goes on to the next family; false at the end of the page. */
  nextFamily(): boolean {
    const reader = this.#reader;
    const { bytes } = reader;
    reader.seek(Math.max(reader.position, this.#familyEnd), bytes.length);
    if (reader.position >= bytes.length) return false;
    reader.wire = WIRE.bytes;
    const length = reader.length();
    const from = reader.position;
    this.#familyEnd = from + length;
    reader.end = this.#familyEnd;
    this.help = '';
    this.unit = '';
    let type = 0;
    this.nameFrom = from;
    this.nameTo = from;
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field === FAMILY.name) {
        const size = reader.length();
        this.nameFrom = reader.take(size);
        this.nameTo = reader.position;
      } else if (field === FAMILY.help) this.help = reader.string();
      else if (field === FAMILY.type) type = this.#number();
      else if (field === FAMILY.unit) this.unit = reader.string();
      else reader.skip();
    }
    this.family = this.#text(this.nameFrom, this.nameTo);
    if (this.family === '') throw new WireError('protobuf: expected a metric name, got an empty one');
    const known = TYPES[type];
    if (known === undefined) {
      throw new WireError(`unknown metric type for metric ${JSON.stringify(this.family)}: ${type}`);
    }
    this.type = known;
    reader.seek(from, this.#familyEnd);
    return true;
  }

  /** Goes on to the family's next metric; false when there is none. */
  nextMetric(): boolean {
    const reader = this.#reader;
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field !== FAMILY.metric) {
        reader.skip();
        continue;
      }
      const length = reader.length();
      const end = reader.position + length;
      reader.end = end;
      this.#metric();
      reader.seek(end, this.#familyEnd);
      return true;
    }
    return false;
  }

  /** Names and values in turn, in the order written. Allocates. */
  labels(): string[] {
    const flat: string[] = [];
    for (let i = 0; i < this.labelEnds; i += 2)
      this.#label(this.labelRanges[i]!, this.labelRanges[i + 1]!, flat);
    return flat;
  }

  /** The exemplar in a range of the page. Allocates. */
  exemplar(from: number, to: number): WrittenExemplar {
    const reader = this.#inner.seek(from, to);
    const labels: string[] = [];
    let value = 0;
    let timestamp = Number.NaN;
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field === 1) {
        const length = reader.length();
        const at = reader.take(length);
        this.#label(at, at + length, labels);
        reader.seek(at + length, to);
      } else if (field === 2) value = double(reader);
      else if (field === 3) timestamp = readTime(reader);
      else reader.skip();
    }
    return { labels, value, timestamp };
  }

  /** The native histogram of the metric; to be called once. Allocates. */
  histogram(): Histogram {
    return this.#native.histogram(this.sum, this.type === GAUGE_HISTOGRAM ? 'gauge' : 'unknown');
  }

  #metric(): void {
    const reader = this.#reader;
    const { end } = reader;
    this.labelEnds = 0;
    this.timestamp = Number.NaN;
    this.start = 0;
    this.value = 0;
    this.count = 0;
    this.sum = 0;
    this.parts = 0;
    this.nativeExemplars = 0;
    this.exemplarRanges[0] = 0;
    this.exemplarRanges[1] = 0;
    this.#native.clear();
    let labelBytes = this.nameTo - this.nameFrom;
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field === METRIC.timestamp) {
        const timestamp = this.#number();
        this.timestamp = timestamp === 0 ? Number.NaN : timestamp;
        continue;
      }
      if (reader.wire !== WIRE.bytes) {
        reader.skip();
        continue;
      }
      const length = reader.length();
      const from = reader.position;
      if (field === METRIC.label) {
        labelBytes += length;
        if (labelBytes > MAX_LINE_BYTES) {
          throw new WireError(`expected a series of at most ${MAX_LINE_BYTES} bytes, found a longer one`);
        }
        this.labelRanges[this.labelEnds++] = from;
        this.labelRanges[this.labelEnds++] = from + length;
      } else if (this.#holdsType(field)) {
        reader.end = from + length;
        if (field === METRIC.summary) this.#summary();
        else if (field === METRIC.histogram) this.#histogram();
        else this.#simple(field === METRIC.counter);
      }
      reader.seek(from + length, end);
    }
  }

  /** Whether a field of a metric has what its family's type says. */
  #holdsType(field: number): boolean {
    if (this.type === SUMMARY) return field === METRIC.summary;
    if (this.type === HISTOGRAM || this.type === GAUGE_HISTOGRAM) return field === METRIC.histogram;
    if (this.type === COUNTER) return field === METRIC.counter;
    return field === (this.type === 0 ? METRIC.untyped : METRIC.gauge);
  }

  #simple(isCounter: boolean): void {
    const reader = this.#reader;
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field === 1) this.value = double(reader);
      else if (isCounter && field === 2) this.#noteExemplar(this.exemplarRanges, 0);
      else if (isCounter && field === 3) this.start = readTime(reader);
      else reader.skip();
    }
  }

  #summary(): void {
    const reader = this.#reader;
    const { end } = reader;
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field === 1) this.count = this.#number();
      else if (field === 2) this.sum = double(reader);
      else if (field === 3) {
        const to = reader.length() + reader.position;
        reader.end = to;
        let quantile = 0;
        let value = 0;
        for (let part = reader.next(); part !== 0; part = reader.next()) {
          if (part === 1) quantile = double(reader);
          else if (part === 2) value = double(reader);
          else reader.skip();
        }
        this.#part(quantile, value);
        reader.seek(to, end);
      } else if (field === 4) this.start = readTime(reader);
      else reader.skip();
    }
  }

  #histogram(): void {
    const reader = this.#reader;
    const native = this.#native;
    const { end } = reader;
    let countFloat = 0;
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      switch (field) {
        case 1:
          this.count = this.#number();
          break;
        case 2:
          this.sum = double(reader);
          break;
        case 3: {
          const to = reader.length() + reader.position;
          reader.end = to;
          this.#bucket();
          reader.seek(to, end);
          break;
        }
        case 4:
          countFloat = double(reader);
          break;
        case 5:
          native.schema = this.#signed();
          break;
        case 6:
          native.zeroThreshold = double(reader);
          break;
        case 7:
          native.zeroCount = this.#number();
          break;
        case 8:
          native.zeroCountFloat = double(reader);
          break;
        case 9:
          this.#span(native.negativeSpans);
          break;
        case 10:
          this.#deltas(native.negativeDeltas);
          break;
        case 11:
          this.#doubles(native.negativeCounts);
          break;
        case 12:
          this.#span(native.positiveSpans);
          break;
        case 13:
          this.#deltas(native.positiveDeltas);
          break;
        case 14:
          this.#doubles(native.positiveCounts);
          break;
        case 15:
          this.start = readTime(reader);
          break;
        case 16:
          this.#atMost(this.nativeExemplars / 2);
          this.#noteExemplar(this.nativeExemplarRanges, this.nativeExemplars);
          this.nativeExemplars += 2;
          break;
        default:
          reader.skip();
      }
    }
    native.count = this.count;
    native.countFloat = countFloat;
    if (countFloat !== 0) this.count = countFloat;
  }

  #bucket(): void {
    const reader = this.#reader;
    let count = 0;
    let countFloat = 0;
    let bound = 0;
    const at = 2 * this.parts;
    this.exemplarRanges[at] = 0;
    this.exemplarRanges[at + 1] = 0;
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field === 1) count = this.#number();
      else if (field === 2) bound = double(reader);
      else if (field === 3) this.#noteExemplar(this.exemplarRanges, at);
      else if (field === 4) countFloat = double(reader);
      else reader.skip();
    }
    this.#part(bound, countFloat !== 0 ? countFloat : count);
  }

  #part(bound: number, value: number): void {
    this.#atMost(this.parts);
    this.bounds[this.parts] = bound;
    this.values[this.parts++] = value;
  }

  #span(spans: Span[]): void {
    const reader = this.#reader;
    const { end } = reader;
    const to = reader.length() + reader.position;
    reader.end = to;
    let offset = 0;
    let length = 0;
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field === 1) offset = this.#signed();
      else if (field === 2) length = this.#number();
      else reader.skip();
    }
    reader.seek(to, end);
    this.#atMost(spans.length);
    spans.push({ offset, length });
  }

  /** Packed or one by one. */
  #deltas(into: number[]): void {
    const reader = this.#reader;
    if (reader.wire === WIRE.varint) {
      this.#nativeBucket(into, reader.signedVarint());
      return;
    }
    const to = reader.length() + reader.position;
    while (reader.position < to) this.#nativeBucket(into, reader.signedVarint());
    if (reader.position !== to) throw reader.malformed('the end of the buckets');
  }

  #doubles(into: number[]): void {
    const reader = this.#reader;
    if (reader.wire === WIRE.fixed64) {
      this.#nativeBucket(into, reader.double());
      return;
    }
    const to = reader.length() + reader.position;
    while (reader.position < to) this.#nativeBucket(into, reader.double());
    if (reader.position !== to) throw reader.malformed('the end of the buckets');
  }

  #nativeBucket(into: number[], value: number): void {
    this.#atMost(into.length);
    if (++this.#pageBuckets > MAX_PAGE_BUCKETS) {
      throw new WireError(`expected at most ${MAX_PAGE_BUCKETS} buckets of native histograms, found more`);
    }
    into.push(value);
  }

  #atMost(have: number): void {
    if (have < MAX_PARTS) return;
    throw new WireError(
      `expected at most ${MAX_PARTS} buckets in a metric, found more in ${JSON.stringify(this.family)}`,
    );
  }

  #noteExemplar(ranges: number[], at: number): void {
    const length = this.#reader.length();
    const from = this.#reader.take(length);
    ranges[at] = from;
    ranges[at + 1] = from + length;
  }

  #number(): number {
    if (this.#reader.wire !== WIRE.varint) throw this.#reader.malformed('a whole number');
    return this.#reader.varint();
  }

  #signed(): number {
    if (this.#reader.wire !== WIRE.varint) throw this.#reader.malformed('a whole number');
    return this.#reader.signedVarint();
  }

  #label(from: number, to: number, into: string[]): void {
    const reader = this.#inner.seek(from, to);
    let name = '';
    let value = '';
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field === 1) name = reader.string();
      else if (field === 2) value = reader.string();
      else reader.skip();
    }
    if (name === '') {
      throw new WireError(
        `protobuf: expected a label name, got an empty one in ${JSON.stringify(this.family)}`,
      );
    }
    into.push(name, value);
  }

  #text(from: number, to: number): string {
    const { bytes } = this.#reader;
    if (!isUtf8(bytes.subarray(from, to))) throw new WireError(`protobuf: expected UTF-8 at byte ${from}`);
    return bytes.toString('utf8', from, to);
  }
}

function double(reader: ProtobufReader): number {
  if (reader.wire !== WIRE.fixed64) throw reader.malformed('a double');
  return reader.double();
}

/** google.protobuf.Timestamp as Unix ms. */
function readTime(reader: ProtobufReader): number {
  const { end } = reader;
  const to = reader.length() + reader.position;
  reader.end = to;
  let seconds = 0;
  let nanos = 0;
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (reader.wire !== WIRE.varint) reader.skip();
    else if (field === 1) seconds = reader.varint();
    else if (field === 2) nanos = reader.varint();
    else reader.skip();
  }
  reader.seek(to, end);
  const ms = seconds * 1000 + Math.trunc(nanos / 1e6);
  if (!Number.isSafeInteger(ms)) throw reader.malformed('a timestamp');
  return ms;
}
