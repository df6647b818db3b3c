import { ProtobufWriter, WIRE } from '../exposition/remote/protobuf.ts';

/** What tests serve as protobuf. Times are Unix ms. */
export interface SentFamily {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'summary' | 'untyped' | 'histogram' | 'gaugehistogram';
  readonly help?: string;
  readonly unit?: string;
  readonly metrics: readonly SentMetric[];
}

export interface SentMetric {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value?: number;
  readonly timestamp?: number;
  readonly created?: number;
  readonly exemplar?: SentExemplar;
  readonly summary?: { readonly count: number; readonly sum: number; readonly quantiles?: readonly Pair[] };
  readonly histogram?: SentHistogram;
}

type Pair = readonly [number, number];

export interface SentExemplar {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly timestamp?: number;
}

export interface SentHistogram {
  readonly count?: number;
  readonly countFloat?: number;
  readonly sum?: number;
  /** Upper bound, cumulative count and exemplar. */
  readonly buckets?: readonly (readonly [bound: number, count: number, exemplar?: SentExemplar])[];
  readonly schema?: number;
  readonly zeroThreshold?: number;
  readonly zeroCount?: number;
  readonly zeroCountFloat?: number;
  readonly positiveSpans?: readonly (readonly [offset: number, length: number])[];
  readonly positiveDeltas?: readonly number[];
  readonly positiveCounts?: readonly number[];
  readonly negativeSpans?: readonly (readonly [offset: number, length: number])[];
  readonly negativeDeltas?: readonly number[];
  readonly negativeCounts?: readonly number[];
  readonly exemplars?: readonly SentExemplar[];
}

const TYPES = ['counter', 'gauge', 'summary', 'untyped', 'histogram', 'gaugehistogram'];

export const PROTOBUF_CONTENT_TYPE =
  'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited';

/** A page of delimited io.prometheus.client.MetricFamily messages. */
export function metricFamilyPage(families: readonly SentFamily[]): Uint8Array {
  return message((page) => {
    for (const family of families) {
      const bytes = message((to) => writeFamily(to, family));
      page.varint(bytes.length);
      page.raw(bytes);
    }
  });
}

/** The same as a page in the text format, as Go's library writes it; without what that format cannot say. */
export function textPage(families: readonly SentFamily[]): string {
  let page = '';
  for (const { name, type, help, metrics } of families) {
    if (metrics.length === 0) continue;
    const line = (suffix: string, labels: Readonly<Record<string, string>>, value: number, at = 0): void => {
      const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escaped(text)}"`);
      const braces = pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
      page += `${name}${suffix}${braces} ${number(value)}${at === 0 ? '' : ` ${at}`}\n`;
    };
    if (help !== undefined) page += `# HELP ${name} ${help.replace(/\\/g, '\\\\').replace(/\n/g, '\\n')}\n`;
    page += `# TYPE ${name} ${type === 'gaugehistogram' ? 'histogram' : type}\n`;
    for (const { labels = {}, value = 0, timestamp, summary, histogram } of metrics) {
      if (summary) {
        for (const [quantile, at] of summary.quantiles ?? []) {
          line('', { ...labels, quantile: number(quantile) }, at, timestamp);
        }
        line('_sum', labels, summary.sum, timestamp);
        line('_count', labels, summary.count, timestamp);
      } else if (histogram) {
        const { buckets = [], sum = 0, countFloat = 0 } = histogram;
        const count = countFloat || (histogram.count ?? 0);
        for (const [bound, below] of buckets)
          line('_bucket', { ...labels, le: number(bound) }, below, timestamp);
        if (buckets.at(-1)?.[0] !== Number.POSITIVE_INFINITY) {
          line('_bucket', { ...labels, le: '+Inf' }, count, timestamp);
        }
        line('_sum', labels, sum, timestamp);
        line('_count', labels, count, timestamp);
      } else line('', labels, value, timestamp);
    }
  }
  return page;
}

const escaped = (text: string): string =>
  text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');

function number(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (Object.is(value, -0)) return '-0';
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);
}

function writeFamily(to: ProtobufWriter, family: SentFamily): void {
  to.string(1, family.name);
  if (family.help !== undefined) to.string(2, family.help);
  to.number(3, TYPES.indexOf(family.type));
  for (const metric of family.metrics) {
    to.bytes(
      4,
      message((one) => writeMetric(one, family.type, metric)),
    );
  }
  if (family.unit !== undefined) to.string(5, family.unit);
}

const VALUE_FIELDS = { gauge: 2, counter: 3, untyped: 5 } as const;

function writeMetric(to: ProtobufWriter, type: SentFamily['type'], metric: SentMetric): void {
  writeLabels(to, metric.labels ?? {});
  to.number(6, metric.timestamp ?? 0);
  const { summary, histogram, created } = metric;
  if (type === 'summary') {
    const body = message((one) => {
      one.number(1, summary?.count ?? 0);
      double(one, 2, summary?.sum ?? 0);
      for (const [quantile, value] of summary?.quantiles ?? []) {
        one.bytes(
          3,
          message((pair) => {
            double(pair, 1, quantile);
            double(pair, 2, value);
          }),
        );
      }
      if (created !== undefined) one.bytes(4, time(created));
    });
    to.bytes(4, body);
  } else if (type === 'histogram' || type === 'gaugehistogram') {
    to.bytes(
      7,
      message((one) => writeHistogram(one, histogram ?? {}, created)),
    );
  } else {
    const body = message((one) => {
      double(one, 1, metric.value ?? 0);
      if (metric.exemplar) one.bytes(2, exemplar(metric.exemplar));
      if (created !== undefined) one.bytes(3, time(created));
    });
    to.bytes(VALUE_FIELDS[type], body);
  }
}

function writeHistogram(to: ProtobufWriter, sent: SentHistogram, created: number | undefined): void {
  to.number(1, sent.count ?? 0);
  double(to, 2, sent.sum ?? 0);
  for (const [bound, count, example] of sent.buckets ?? []) {
    to.bytes(
      3,
      message((bucket) => {
        if (Number.isInteger(count)) bucket.number(1, count);
        else double(bucket, 4, count);
        double(bucket, 2, bound);
        if (example) bucket.bytes(3, exemplar(example));
      }),
    );
  }
  double(to, 4, sent.countFloat ?? 0);
  to.number(5, zigzag(sent.schema ?? 0));
  double(to, 6, sent.zeroThreshold ?? 0);
  to.number(7, sent.zeroCount ?? 0);
  double(to, 8, sent.zeroCountFloat ?? 0);
  writeSpans(to, 9, sent.negativeSpans);
  // Go's library writes numbers one by one, others pack them.
  for (const delta of sent.negativeDeltas ?? []) {
    to.tag(10, WIRE.varint);
    to.varint(zigzag(delta));
  }
  if (sent.negativeCounts) to.bytes(11, doubles(sent.negativeCounts));
  writeSpans(to, 12, sent.positiveSpans);
  if (sent.positiveDeltas) {
    const deltas = sent.positiveDeltas;
    to.bytes(
      13,
      message((packed) => {
        for (const delta of deltas) packed.varint(zigzag(delta));
      }),
    );
  }
  for (const count of sent.positiveCounts ?? []) double(to, 14, count);
  if (created !== undefined) to.bytes(15, time(created));
  for (const example of sent.exemplars ?? []) to.bytes(16, exemplar(example));
}

function writeSpans(to: ProtobufWriter, field: number, spans: SentHistogram['positiveSpans']): void {
  for (const [offset, length] of spans ?? []) {
    to.bytes(
      field,
      message((span) => {
        span.number(1, zigzag(offset));
        span.number(2, length);
      }),
    );
  }
}

function writeLabels(to: ProtobufWriter, labels: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(labels)) {
    to.bytes(
      1,
      message((pair) => {
        pair.string(1, name);
        pair.string(2, value);
      }),
    );
  }
}

function exemplar({ labels, value, timestamp }: SentExemplar): Uint8Array {
  return message((to) => {
    writeLabels(to, labels);
    double(to, 2, value);
    if (timestamp !== undefined) to.bytes(3, time(timestamp));
  });
}

function time(ms: number): Uint8Array {
  return message((to) => {
    to.number(1, Math.floor(ms / 1000));
    to.number(2, (ms % 1000) * 1e6);
  });
}

function double(to: ProtobufWriter, field: number, value: number): void {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value, true);
  to.doubleWords(field, view.getUint32(0, true), view.getUint32(4, true));
}

function doubles(values: readonly number[]): Uint8Array {
  return new Uint8Array(Float64Array.from(values).buffer);
}

const zigzag = (value: number): number => (value < 0 ? -value * 2 - 1 : value * 2);

function message(write: (writer: ProtobufWriter) => void): Uint8Array {
  const writer = new ProtobufWriter();
  write(writer);
  return writer.finish();
}
