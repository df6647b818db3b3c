import type { Exemplar } from '../../model/exemplar.ts';
import { compareStrings, type Labels, labelsFromSorted, labelsOf, METRIC_NAME } from '../../model/labels.ts';
import type { MetricMetadata } from '../../model/queryable.ts';
import { wordsOf } from '../../model/sample.ts';
import { ProtobufReader, WIRE } from './protobuf.ts';
import { readHistogramMessage, type SentHistogram } from './read-histogram.ts';
import { WireError } from './wire-error.ts';

/** One thing out of a write request. Labels are text where they are none, which says why. */
export type WriteItem =
  | SeriesItem
  | (SentHistogram & { readonly kind: 'histogram'; readonly labels: Labels | string })
  | { readonly kind: 'exemplar'; readonly labels: Labels | string; readonly exemplar: Exemplar }
  | { readonly kind: 'metadata'; readonly metric: string; readonly metadata: MetricMetadata };

/** A run of samples of one series; a long series comes in several. The columns are reused: take what is wanted before going on. */
export interface SeriesItem {
  readonly kind: 'series';
  /** Or, as text, why they are none. */
  readonly labels: Labels | string;
  readonly count: number;
  /** Unix ms. */
  readonly timestamps: Float64Array;
  /** With the bits that were sent; `words` are the halves of the values. */
  readonly values: Float64Array;
  readonly words: Uint32Array;
  /** When counting began, Unix ms; 0: not known. */
  readonly starts: Float64Array;
}

/** Samples in one item. */
const RUN = 512;

interface Run {
  readonly timestamps: Float64Array;
  readonly values: Float64Array;
  readonly words: Uint32Array;
  readonly starts: Float64Array;
}

const newRun = (): Run => {
  const values = new Float64Array(RUN);
  return {
    timestamps: new Float64Array(RUN),
    values,
    words: wordsOf(values),
    starts: new Float64Array(RUN),
  };
};

/**
 * Reads a remote write 1.0 request (prometheus.WriteRequest).
 * @throws WireError when the bytes are none
 */
export function* readWriteRequestV1(bytes: Uint8Array): Generator<WriteItem> {
  const reader = new ProtobufReader(bytes);
  const inner = new ProtobufReader(bytes);
  const run = newRun();
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field !== 1 && field !== 3) {
      reader.skip();
      continue;
    }
    const length = reader.length();
    const at = reader.take(length);
    if (field === 3) yield readMetadata(inner.seek(at, at + length));
    else yield* readSeries(inner.seek(at, at + length), run, undefined);
  }
}

/**
 * Reads a remote write 2.0 request (io.prometheus.write.v2.Request); undefined now and then while the symbols are read, so that a
 * caller can slice the work.
 * @throws WireError when the bytes are none, or a reference points outside the symbols
 */
export function* readWriteRequestV2(bytes: Uint8Array): Generator<WriteItem | undefined> {
  const symbols: string[] = [];
  const reader = new ProtobufReader(bytes);
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field !== 4) {
      reader.skip();
      continue;
    }
    symbols.push(reader.string());
    if (symbols.length % RUN === 0) yield undefined;
  }
  if (symbols.length > 0 && symbols[0] !== '') {
    throw new WireError(`expected the empty string as the first symbol, got ${JSON.stringify(symbols[0])}`);
  }
  reader.seek(0, bytes.length);
  const inner = new ProtobufReader(bytes);
  const run = newRun();
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field !== 5) {
      reader.skip();
      continue;
    }
    const length = reader.length();
    const at = reader.take(length);
    yield* readSeries(inner.seek(at, at + length), run, symbols);
  }
}

/** Field numbers of a series that differ between the two versions. */
const HISTOGRAMS = { v1: 4, v2: 3 } as const;
const EXEMPLARS = { v1: 3, v2: 4 } as const;

/** @param symbols of version 2; labels of version 1 are written out */
function* readSeries(
  reader: ProtobufReader,
  run: Run,
  symbols: readonly string[] | undefined,
): Generator<WriteItem> {
  const version = symbols ? 'v2' : 'v1';
  const { position: start, end } = reader;
  const pairs: string[] = [];
  const references: number[] = [];
  let metadata: MetricMetadata | undefined;
  let samples = 0;
  let others = 0;
  /** Of the first form of version 2.0, where a series has one for all samples. */
  let created = 0;
  // Fields may come in any order: the labels are looked for first, the samples are read afterwards.
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1 && symbols) readReferences(reader, references);
    else if (field === 1) readLabel(reader, pairs);
    else if (field === 5 && symbols) {
      metadata = readMetadataV2(reader.message(), symbols);
    } else if (field === 6 && symbols && reader.wire === WIRE.varint) created = reader.varint();
    else {
      if (field === 2) samples++;
      else if (field === HISTOGRAMS[version] || field === EXEMPLARS[version]) others++;
      reader.skip();
    }
  }
  if (symbols) {
    if (references.length % 2 !== 0) {
      throw new WireError(`expected label references in pairs, got ${references.length}`);
    }
    for (const reference of references) pairs.push(symbolAt(symbols, reference));
  }
  const labels = checkedLabels(pairs);
  if (metadata && typeof labels !== 'string') {
    yield { kind: 'metadata', metric: nameOf(labels), metadata };
  }
  if (samples + others === 0) return;
  reader.seek(start, end);
  let count = 0;
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 2) {
      readSample(reader, run, count++, created);
      if (count < RUN) continue;
      yield { kind: 'series', labels, count, ...run };
      count = 0;
    } else if (field === HISTOGRAMS[version]) {
      const sent = readHistogramMessage(reader.message());
      yield { kind: 'histogram', labels, ...sent, start: sent.start || created };
    } else if (field === EXEMPLARS[version]) {
      yield {
        kind: 'exemplar',
        labels,
        exemplar: readExemplar(reader.message(), symbols),
      };
    } else reader.skip();
  }
  if (count > 0) yield { kind: 'series', labels, count, ...run };
}

function readExemplar(reader: ProtobufReader, symbols: readonly string[] | undefined): Exemplar {
  const pairs: string[] = [];
  const references: number[] = [];
  let value = 0;
  let timestamp = 0;
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1 && symbols) readReferences(reader, references);
    else if (field === 1) readLabel(reader, pairs);
    else if (field === 2 && reader.wire === WIRE.fixed64) value = reader.double();
    else if (field === 3 && reader.wire === WIRE.varint) timestamp = reader.varint();
    else reader.skip();
  }
  for (const reference of references) pairs.push(symbolAt(symbols!, reference));
  const named = Array.from(
    { length: pairs.length >> 1 },
    (_, i) => [pairs[2 * i]!, pairs[2 * i + 1]!] as const,
  );
  return { labels: labelsOf(named), value, timestamp };
}

function readSample(reader: ProtobufReader, run: Run, index: number, created: number): void {
  const length = reader.length();
  const { end } = reader;
  const sampleEnd = reader.position + length;
  reader.end = sampleEnd;
  let low = 0;
  let high = 0;
  let timestamp = 0;
  let started = created;
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1 && reader.wire === WIRE.fixed64) {
      const at = reader.take(8);
      // By its bits: a NaN may change when it becomes a number.
      low = reader.bytes.readUInt32LE(at);
      high = reader.bytes.readUInt32LE(at + 4);
    } else if (field === 2 && reader.wire === WIRE.varint) timestamp = reader.varint();
    else if (field === 3 && reader.wire === WIRE.varint) started = reader.varint();
    else reader.skip();
  }
  reader.seek(sampleEnd, end);
  run.starts[index] = started;
  run.words[2 * index] = low;
  run.words[2 * index + 1] = high;
  run.timestamps[index] = timestamp;
}

function readLabel(reader: ProtobufReader, pairs: string[]): void {
  const length = reader.length();
  const { end } = reader;
  const labelEnd = reader.position + length;
  reader.end = labelEnd;
  let name = '';
  let value = '';
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) name = reader.string();
    else if (field === 2) value = reader.string();
    else reader.skip();
  }
  reader.seek(labelEnd, end);
  pairs.push(name, value);
}

/** Packed, as proto3 writes them, or one by one. */
function readReferences(reader: ProtobufReader, references: number[]): void {
  if (reader.wire === WIRE.varint) {
    references.push(reader.varint());
    return;
  }
  const length = reader.length();
  const end = reader.position + length;
  while (reader.position < end) references.push(reader.varint());
  if (reader.position !== end) throw reader.malformed('the end of the references');
}

/** Types by their number on the wire. */
export const METADATA_TYPES: readonly MetricMetadata['type'][] = [
  'unknown',
  'counter',
  'gauge',
  'histogram',
  'gaugehistogram',
  'summary',
  'info',
  'stateset',
];

function readMetadata(reader: ProtobufReader): WriteItem {
  let metric = '';
  let type = 0;
  let help = '';
  let unit = '';
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1 && reader.wire === WIRE.varint) type = reader.varint();
    else if (field === 2) metric = reader.string();
    else if (field === 4) help = reader.string();
    else if (field === 5) unit = reader.string();
    else reader.skip();
  }
  return { kind: 'metadata', metric, metadata: { type: METADATA_TYPES[type] ?? 'unknown', help, unit } };
}

/** Undefined when the message says nothing. */
function readMetadataV2(reader: ProtobufReader, symbols: readonly string[]): MetricMetadata | undefined {
  let type = 0;
  let help = '';
  let unit = '';
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (reader.wire !== WIRE.varint) reader.skip();
    else if (field === 1) type = reader.varint();
    else if (field === 3) help = symbolAt(symbols, reader.varint());
    else if (field === 4) unit = symbolAt(symbols, reader.varint());
    else reader.skip();
  }
  return type === 0 && help === '' && unit === ''
    ? undefined
    : { type: METADATA_TYPES[type] ?? 'unknown', help, unit };
}

function symbolAt(symbols: readonly string[], reference: number): string {
  const symbol = symbols[reference];
  if (symbol === undefined) {
    throw new WireError(`expected a reference to one of ${symbols.length} symbols, got ${reference}`);
  }
  return symbol;
}

function nameOf(labels: Labels): string {
  const at = labels.indexOf(METRIC_NAME);
  return labels[at + 1] ?? '';
}

/** A label set from pairs as they came, or what is wrong with them. Senders sort; those who do not are helped. */
function checkedLabels(pairs: readonly string[]): Labels | string {
  const sorted = isSorted(pairs) ? pairs : sortPairs(pairs);
  let hasName = false;
  let hasEmpty = false;
  for (let i = 0; i < sorted.length; i += 2) {
    const name = sorted[i]!;
    const value = sorted[i + 1]!;
    if (name === '') return `expected label names, got an empty one with the value ${JSON.stringify(value)}`;
    if (i > 0 && name === sorted[i - 2]) return `label ${JSON.stringify(name)} is given twice`;
    if (value === '') hasEmpty = true;
    else if (name === METRIC_NAME) hasName = true;
  }
  if (!hasName) return `expected a metric name, got the labels ${JSON.stringify(pairs.slice(0, 20))}`;
  if (!hasEmpty) return labelsFromSorted(sorted);
  return labelsFromSorted(sorted.filter((_, i) => sorted[i | 1] !== ''));
}

function isSorted(pairs: readonly string[]): boolean {
  for (let i = 2; i < pairs.length; i += 2) if (compareStrings(pairs[i - 2]!, pairs[i]!) > 0) return false;
  return true;
}

function sortPairs(pairs: readonly string[]): string[] {
  const indexes = Array.from({ length: pairs.length / 2 }, (_, i) => i * 2);
  indexes.sort((a, b) => compareStrings(pairs[a]!, pairs[b]!));
  return indexes.flatMap((i) => [pairs[i]!, pairs[i + 1]!]);
}
