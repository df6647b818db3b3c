import type { Histogram, Span } from '../model/histogram.ts';
import { ByteReader, ByteWriter } from './bytes.ts';
import { ColumnDecoder } from './column-decoder.ts';
import { ColumnEncoder } from './column-encoder.ts';
import { MAX_ROWS } from './column-layout.ts';
import { CorruptBlockError } from './corrupt-block.ts';
import type { Compression } from './frame.ts';
import { HINTS, readFloat, readSpanList, writeFloat, writeSpanList } from './histogram-bytes.ts';

/** Columns that every family has, before those of its buckets. */
const FIXED = { hint: 0, count: 1, sum: 2, zeroThreshold: 3, zeroCount: 4, layout: 5 } as const;
const FIXED_COLUMNS = 6;
/** Added to the number of a hint: the counts are floats, though all are whole. */
const WHOLE_FLOATS = 4;
/** Columns of one blob. */
const COLUMNS_PER_BLOB = 4000;
/** What a histogram takes in memory beside its buckets, bytes. */
const HISTOGRAM_BYTES = 160;

/** Which buckets a histogram has, as its spans say. */
interface Layout {
  readonly positiveSpans: readonly Span[];
  readonly negativeSpans: readonly Span[];
}

/** Histograms with the same bounds: a column for each bucket that any of them has. */
interface Family {
  readonly schema: number;
  readonly customValues: readonly number[];
  readonly rows: Histogram[];
}

/**
 * Packs histograms of one series, in order of time (docs/formats/block.md): a column for each bucket, so that it is coded against itself
 * as it was before. Spans of a histogram must be as long together as it has buckets, and must not overlap.
 */
export function encodeHistograms(histograms: readonly Histogram[], compression?: Compression): Uint8Array {
  const families: Family[] = [];
  const byKey = new Map<string, number>();
  const familyOf = new Float64Array(histograms.length);
  for (const [row, histogram] of histograms.entries()) {
    const { schema, customValues } = histogram;
    const key = `${schema} ${customValues.join(' ')}`;
    let family = byKey.get(key);
    if (family === undefined) {
      byKey.set(key, (family = families.length));
      families.push({ schema, customValues, rows: [] });
    }
    families[family]!.rows.push(histogram);
    familyOf[row] = family;
  }
  const out = new ByteWriter();
  const encoder = new ColumnEncoder();
  out.varint(histograms.length);
  out.varint(families.length);
  if (families.length > 1) {
    encoder.begin(histograms.length, compression);
    encoder.add(familyOf);
    writeBlob(out, encoder.finish());
  }
  for (const family of families) writeFamily(out, encoder, family, compression);
  return out.view().slice();
}

/**
 * Undoes `encodeHistograms`. Histograms with the same buckets share their spans.
 * @param charge is told of bytes before they are allocated
 * @throws CorruptBlockError when the bytes contradict themselves
 */
export function decodeHistograms(bytes: Uint8Array, charge: (bytes: number) => void = () => {}): Histogram[] {
  const reader = new ByteReader(bytes);
  const count = reader.varint();
  if (count > MAX_ROWS) throw new CorruptBlockError(`claims ${count} histograms`);
  const familyCount = reader.varint();
  if (familyCount > count)
    throw new CorruptBlockError(`claims ${familyCount} families of ${count} histograms`);
  charge(HISTOGRAM_BYTES * count);
  const decoder = new ColumnDecoder();
  let familyOf: Float64Array | undefined;
  if (familyCount > 1) {
    familyOf = new Float64Array(count);
    openColumns(decoder, reader, count, 1);
    decodeWhole(decoder, 0, familyOf);
  }
  const families: Histogram[][] = [];
  for (let left = familyCount; left > 0; left--) families.push(readFamily(reader, decoder, count, charge));
  if (reader.remaining > 0) throw new CorruptBlockError(`${reader.remaining} bytes after the last histogram`);
  if (familyOf === undefined) return checkCount(families[0] ?? [], count);
  const cursors = new Array<number>(familyCount).fill(0);
  return Array.from(familyOf, (family) => {
    const histogram = families[family]?.[cursors[family]!++];
    if (histogram === undefined) throw new CorruptBlockError(`a histogram of family ${family} is not there`);
    return histogram;
  });
}

function checkCount(histograms: Histogram[], count: number): Histogram[] {
  if (histograms.length !== count) {
    throw new CorruptBlockError(`expected ${count} histograms, found ${histograms.length}`);
  }
  return histograms;
}

function writeFamily(
  out: ByteWriter,
  encoder: ColumnEncoder,
  { schema, customValues, rows }: Family,
  compression: Compression | undefined,
): void {
  const layouts: Layout[] = [];
  const byKey = new Map<string, number>();
  const fixed = Array.from({ length: FIXED_COLUMNS }, () => new Float64Array(rows.length));
  for (const [row, histogram] of rows.entries()) {
    const { positiveSpans, negativeSpans } = histogram;
    const key = `${spanKey(positiveSpans)}|${spanKey(negativeSpans)}`;
    let layout = byKey.get(key);
    if (layout === undefined) {
      byKey.set(key, (layout = layouts.length));
      layouts.push({ positiveSpans, negativeSpans });
    }
    fixed[FIXED.hint]![row] =
      HINTS.indexOf(histogram.counterResetHint) + (histogram.isFloat ? WHOLE_FLOATS : 0);
    fixed[FIXED.count]![row] = histogram.count;
    fixed[FIXED.sum]![row] = histogram.sum;
    fixed[FIXED.zeroThreshold]![row] = histogram.zeroThreshold;
    fixed[FIXED.zeroCount]![row] = histogram.zeroCount;
    fixed[FIXED.layout]![row] = layout;
  }
  out.varint(rows.length);
  out.signed(schema);
  out.varint(customValues.length);
  for (const bound of customValues) writeFloat(out, bound);
  out.varint(layouts.length);
  for (const { positiveSpans, negativeSpans } of layouts) {
    writeSpanList(out, positiveSpans);
    writeSpanList(out, negativeSpans);
  }
  const columns = [
    ...fixed.map((values) => ({ values, presence: undefined })),
    ...bucketColumns(rows, layouts, fixed[FIXED.layout]!, 'positive'),
    ...bucketColumns(rows, layouts, fixed[FIXED.layout]!, 'negative'),
  ];
  for (let from = 0; from < columns.length; from += COLUMNS_PER_BLOB) {
    encoder.begin(rows.length, compression);
    for (const { values, presence } of columns.slice(from, from + COLUMNS_PER_BLOB)) {
      encoder.addRows(values, presence);
    }
    writeBlob(out, encoder.finish());
  }
}

const spanKey = (spans: readonly Span[]): string =>
  spans.map(({ offset, length }) => `${offset},${length}`).join(' ');

interface BucketColumn {
  readonly values: Float64Array;
  /** The rows whose histograms have the bucket; undefined when all have. */
  readonly presence: Uint8Array | undefined;
}

/** The counts of each bucket, by ascending index. */
function bucketColumns(
  rows: readonly Histogram[],
  layouts: readonly Layout[],
  layoutOf: Float64Array,
  side: 'positive' | 'negative',
): BucketColumn[] {
  const indexes = layouts.map((layout) => bucketIndexes(layout[`${side}Spans`]));
  const all = allIndexes(indexes);
  const columnOf = new Map(all.map((index, column) => [index, column]));
  const places = indexes.map((list) => list.map((index) => columnOf.get(index)!));
  const columns = all.map(() => ({
    values: new Float64Array(rows.length),
    presence: new Uint8Array((rows.length + 7) >> 3),
    count: 0,
  }));
  for (const [row, histogram] of rows.entries()) {
    const buckets = histogram[`${side}Buckets`];
    const place = places[layoutOf[row]!]!;
    if (buckets.length !== place.length) {
      throw new Error(`a histogram has ${buckets.length} buckets for spans of ${place.length}`);
    }
    for (let i = 0; i < place.length; i++) {
      const column = columns[place[i]!]!;
      column.values[row] = buckets[i]!;
      column.presence[row >> 3]! |= 1 << (row & 7);
      column.count++;
    }
  }
  return columns.map(({ values, presence, count }) => ({
    values,
    presence: count === rows.length ? undefined : presence,
  }));
}

/** Index of each bucket of the spans, in order. */
function bucketIndexes(spans: readonly Span[]): number[] {
  const indexes: number[] = [];
  let next = 0;
  for (const { offset, length } of spans) {
    next += offset;
    for (let i = 0; i < length; i++) indexes.push(next++);
  }
  return indexes;
}

const allIndexes = (layouts: readonly (readonly number[])[]): number[] =>
  [...new Set(layouts.flat())].sort((a, b) => a - b);

function readFamily(
  reader: ByteReader,
  decoder: ColumnDecoder,
  most: number,
  charge: (bytes: number) => void,
): Histogram[] {
  const rows = reader.varint();
  if (rows > most) throw new CorruptBlockError(`claims ${rows} of ${most} histograms`);
  const schema = reader.signed();
  const customValues = readBounds(reader);
  const layouts = readLayouts(reader);
  const positive = sideOf(
    layouts.map((layout) => layout.positiveSpans),
    reader.bytes.length,
  );
  const negative = sideOf(
    layouts.map((layout) => layout.negativeSpans),
    reader.bytes.length,
  );
  const columns = readColumns(reader, decoder, rows, FIXED_COLUMNS + positive.count + negative.count, charge);
  const fixed = columns.slice(0, FIXED_COLUMNS);
  if (fixed.some((values) => values.length !== rows))
    throw new CorruptBlockError('a histogram lacks a number that all have');
  const numberOf = (column: number, row: number): number => fixed[column]![row]!;
  const bucketsOf = bucketReader(columns);
  const histograms: Histogram[] = [];
  for (let row = 0; row < rows; row++) {
    const layoutId = numberOf(FIXED.layout, row);
    const layout = layouts[layoutId];
    const hint = numberOf(FIXED.hint, row);
    const counterResetHint = HINTS[hint < WHOLE_FLOATS ? hint : hint - WHOLE_FLOATS];
    if (layout === undefined || counterResetHint === undefined) {
      throw new CorruptBlockError(`unknown layout ${layoutId} or hint ${hint} of a histogram`);
    }
    const positivePlaces = positive.places[layoutId]!;
    const negativePlaces = negative.places[layoutId]!;
    charge(8 * (positivePlaces.length + negativePlaces.length));
    histograms.push({
      schema,
      count: numberOf(FIXED.count, row),
      sum: numberOf(FIXED.sum, row),
      zeroThreshold: numberOf(FIXED.zeroThreshold, row),
      zeroCount: numberOf(FIXED.zeroCount, row),
      positiveSpans: layout.positiveSpans,
      positiveBuckets: bucketsOf(positivePlaces, FIXED_COLUMNS),
      negativeSpans: layout.negativeSpans,
      negativeBuckets: bucketsOf(negativePlaces, FIXED_COLUMNS + positive.count),
      customValues,
      counterResetHint,
      ...(hint >= WHOLE_FLOATS ? { isFloat: true } : {}),
    });
  }
  return histograms;
}

function readBounds(reader: ByteReader): number[] {
  const count = reader.varint();
  if (8 * count > reader.remaining) throw new CorruptBlockError(`claims ${count} bounds`);
  return Array.from({ length: count }, () => readFloat(reader));
}

function readLayouts(reader: ByteReader): Layout[] {
  const count = reader.varint();
  if (2 * count > reader.remaining) throw new CorruptBlockError(`claims ${count} layouts`);
  const layouts: Layout[] = [];
  for (let i = 0; i < count; i++) {
    layouts.push({ positiveSpans: readSpanList(reader), negativeSpans: readSpanList(reader) });
  }
  return layouts;
}

/** Takes the counts of one histogram after the other: from each column that it has a bucket in, the next. */
function bucketReader(
  columns: readonly Float64Array[],
): (places: Uint32Array, firstColumn: number) => number[] {
  const cursors = new Uint32Array(columns.length);
  return (places, firstColumn) => {
    const buckets = new Array<number>(places.length);
    for (let i = 0; i < places.length; i++) {
      const column = firstColumn + places[i]!;
      const value = columns[column]![cursors[column]!++];
      if (value === undefined) throw new CorruptBlockError('a bucket of a histogram is not there');
      buckets[i] = value;
    }
    return buckets;
  };
}

/** How many bucket columns there are, and which of them each layout has. */
function sideOf(
  layouts: readonly (readonly Span[])[],
  blobBytes: number,
): { readonly count: number; readonly places: readonly Uint32Array[] } {
  for (const spans of layouts) {
    // Each bucket of a layout has a column, and each column takes a byte at least.
    const buckets = spans.reduce((sum, { length }) => sum + length, 0);
    if (buckets > blobBytes) throw new CorruptBlockError(`claims a histogram of ${buckets} buckets`);
  }
  const indexes = layouts.map(bucketIndexes);
  const all = allIndexes(indexes);
  const columnOf = new Map(all.map((index, column) => [index, column]));
  return {
    count: all.length,
    places: indexes.map((list) => Uint32Array.from(list, (index) => columnOf.get(index)!)),
  };
}

/** All columns of a family, each with the samples it has. */
function readColumns(
  reader: ByteReader,
  decoder: ColumnDecoder,
  rows: number,
  count: number,
  charge: (bytes: number) => void,
): Float64Array[] {
  const columns: Float64Array[] = [];
  for (let from = 0; from < count; from += COLUMNS_PER_BLOB) {
    const here = Math.min(COLUMNS_PER_BLOB, count - from);
    openColumns(decoder, reader, rows, here);
    for (let column = 0; column < here; column++) {
      const samples = decoder.count(column);
      charge(8 * samples);
      const values = new Float64Array(samples);
      decoder.decode(column, values, 0);
      columns.push(values);
    }
  }
  return columns;
}

function openColumns(decoder: ColumnDecoder, reader: ByteReader, rows: number, columns: number): void {
  decoder.open(reader.take(reader.varint()));
  if (decoder.rows !== rows || decoder.columns !== columns) {
    throw new CorruptBlockError(
      `expected ${columns} columns of ${rows} histograms, found ${decoder.columns} of ${decoder.rows}`,
    );
  }
}

function decodeWhole(decoder: ColumnDecoder, column: number, out: Float64Array): void {
  if (decoder.count(column) !== out.length) throw new CorruptBlockError('a histogram is of no family');
  decoder.decode(column, out, 0);
}

function writeBlob(out: ByteWriter, blob: Uint8Array): void {
  out.varint(blob.length);
  out.bytes(blob);
}
