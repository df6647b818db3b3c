import { wordsOf, writeStaleAt } from '../model/sample.ts';
import { planesIn } from './byte-planes.ts';
import { ByteReader } from './bytes.ts';
import {
  ColumnKind,
  HAS_EXCEPTIONS,
  KIND_MASK,
  MAX_COLUMNS,
  MAX_ROWS,
  Packing,
  Placement,
  PRESENCE_MASK,
  PresenceMode,
} from './column-layout.ts';
import { CorruptBlockError } from './corrupt-block.ts';
import { FLOAT_PLANES, FloatCoding, readFloats } from './float-planes.ts';
import { FrameKind, unframe, unpack } from './frame.ts';
import { applyForm, hasExponent, IntegerForm, isKnownForm } from './integer-form.ts';
import {
  hasStep,
  type IntegerStream,
  readIntegers,
  Transform,
  usesNeighbour,
  VARINTS,
} from './integer-stream.ts';
import { type RowSpans, readSpans, spannedRows } from './presence.ts';

/** Where a column's values differ from its integers; a stale marker is two fixed words. */
interface Exception {
  readonly index: number;
  readonly low: number;
  readonly high: number;
  readonly stale: boolean;
}

interface Column {
  readonly kind: number;
  readonly spans: RowSpans | undefined;
  /** Samples. */
  readonly count: number;
  readonly exceptions: readonly Exception[];
  readonly form: IntegerForm;
  readonly exponent: number;
  readonly stream: IntegerStream;
  /** The column whose integers this one's rest on. */
  readonly neighbour: Column | undefined;
  readonly bytes: StreamPlace;
  /** Of a constant column. */
  readonly value: ConstantValue | undefined;
}

/** An integer, or the words of any double. */
interface ConstantValue {
  readonly integer: number;
  readonly low: number;
  readonly high: number;
}

/** Where a stream's bytes are. */
interface StreamPlace {
  /** Byte planes, each as long as the column has samples; 1 for varints, which are `length` bytes. */
  readonly planes: number;
  readonly length: number;
  /** Which planes lie in the section of noise. */
  readonly noise: number;
  readonly noiseFrom: number;
  readonly placement: number;
  /** In the shared section once unpacked, or in the section of streams packed for themselves. */
  readonly from: number;
  readonly to: number;
}

const EMPTY = new Uint8Array(0);
const NO_EXCEPTIONS: readonly Exception[] = [];
const NO_STREAM: IntegerStream = { transform: Transform.delta, width: 0, base: 0, step: 0 };
const NO_BYTES: StreamPlace = {
  planes: 0,
  length: 0,
  noise: 0,
  noiseFrom: 0,
  placement: Placement.shared,
  from: 0,
  to: 0,
};
const ABSENT: Column = {
  kind: ColumnKind.absent,
  spans: undefined,
  count: 0,
  exceptions: NO_EXCEPTIONS,
  form: IntegerForm.plain,
  exponent: 0,
  stream: NO_STREAM,
  neighbour: undefined,
  bytes: NO_BYTES,
  value: undefined,
};

/**
 * Reads blobs of `ColumnEncoder`, any column in any order. A decoder is kept and reused; `open` forgets the blob before.
 * Every method throws CorruptBlockError when the bytes contradict themselves.
 */
export class ColumnDecoder {
  rows = 0;
  /** The shared section: as stored, how long it is unpacked, and unpacked once it was needed. */
  #sharedStored: Uint8Array = EMPTY;
  #sharedLength = 0;
  #shared: Uint8Array | undefined;
  #noise: Uint8Array = EMPTY;
  #alone: Uint8Array = EMPTY;
  #assembled = new Uint8Array(0);
  /** A repeated column is the very object it repeats. */
  #columns: Column[] = [];
  #integers = new Float64Array(0);
  #spare = new Float64Array(0);
  #integersOf: Column | undefined;

  /** Checks the blob and reads its directory. Keeps a view of `blob` until the next call. */
  open(blob: Uint8Array, identity = 0): void {
    this.#columns = [];
    this.#integersOf = undefined;
    const body = unframe(FrameKind.columns, blob, identity);
    const reader = new ByteReader(body);
    const rows = reader.varint();
    const count = reader.varint();
    if (rows > MAX_ROWS || count > MAX_COLUMNS) {
      throw new CorruptBlockError(`claims ${count} columns of ${rows} rows`);
    }
    const columns: Column[] = [];
    const packing = reader.u8();
    if (packing > Packing.zstd) throw new CorruptBlockError(`unknown packing ${packing}`);
    const sizes: SectionSizes = { isBare: packing === Packing.bare, shared: 0, noise: 0, alone: 0 };
    for (let i = 0; i < count; i++) columns.push(readColumn(reader, columns, rows, sizes));
    const shared = reader.take(reader.varint());
    this.#noise = reader.take(sizes.noise);
    this.#alone = reader.take(sizes.alone);
    if (reader.remaining !== 0)
      throw new CorruptBlockError(`${reader.remaining} bytes after the last column`);
    if (packing !== Packing.zstd && shared.length !== sizes.shared) {
      throw new CorruptBlockError(`expected ${sizes.shared} shared bytes, found ${shared.length}`);
    }
    this.#sharedStored = shared;
    this.#sharedLength = sizes.shared;
    this.#shared = packing === Packing.zstd ? undefined : shared;
    this.rows = rows;
    this.#columns = columns;
  }

  /** Memory of what is open, about, with what is unpacked when it is needed. */
  get bytes(): number {
    const stored = this.#sharedStored.length + this.#noise.length + this.#alone.length;
    return stored + this.#sharedLength + 16 * this.rows + 200 * this.#columns.length;
  }

  /** How many columns there are; further columns of the group were unknown when the block was written. */
  get columns(): number {
    return this.#columns.length;
  }

  /** How many samples column `index` has; 0 when the block knows nothing about it. */
  count(index: number): number {
    return this.#columns[index]?.count ?? 0;
  }

  /** The rows that have samples; undefined when all have one. */
  spans(index: number): RowSpans | undefined {
    return this.#columns[index]?.spans;
  }

  /** Writes the `count(index)` samples of a column to `out` from `at`. */
  decode(index: number, out: Float64Array, at: number): void {
    const column = this.#columns[index];
    if (column === undefined || column.kind === ColumnKind.absent) return;
    const { count } = column;
    if (column.value !== undefined) {
      fillConstant(column.kind, column.value, out, at, count);
      return;
    }
    if (column.kind !== ColumnKind.integers) {
      const coding = column.kind === ColumnKind.floats ? FloatCoding.xored : FloatCoding.stepped;
      readFloats(coding, this.#streamOf(column), count, out, at);
      return;
    }
    if (column.neighbour !== undefined || this.#columns[index + 1]?.neighbour === column) {
      out.set(this.#integersFor(column).subarray(0, count), at);
    } else {
      readIntegers(new ByteReader(this.#streamOf(column)), column.stream, count, undefined, out, at);
    }
    applyForm(column.form, column.exponent, out, at, at + count);
    if (column.exceptions.length > 0) applyExceptions(column.exceptions, out, at);
  }

  /** The integers of a column before form and exceptions; buckets of a histogram are read one from the other. */
  #integersFor(column: Column): Float64Array {
    const chain: Column[] = [];
    for (let next: Column | undefined = column; next && next !== this.#integersOf; next = next.neighbour) {
      chain.push(next);
    }
    for (let link = chain.pop(); link; link = chain.pop()) {
      if (this.#spare.length < link.count) this.#spare = new Float64Array(link.count);
      const out = this.#spare;
      readIntegers(
        new ByteReader(this.#streamOf(link)),
        link.stream,
        link.count,
        link.neighbour && this.#integers,
        out,
        0,
      );
      this.#spare = this.#integers;
      this.#integers = out;
      this.#integersOf = link;
    }
    return this.#integers;
  }

  /** The stream of a column, its planes in order. */
  #streamOf(column: Column): Uint8Array {
    const { planes, length, noise, noiseFrom, placement, from, to } = column.bytes;
    if (planes === 0) return EMPTY;
    const noisy = planesIn(noise);
    if (noisy === planes) return this.#noise.subarray(noiseFrom, noiseFrom + planes * length);
    let packed: Uint8Array;
    if (placement === Placement.alone) {
      packed = unpack(this.#alone.subarray(from, to), (planes - noisy) * length);
    } else {
      this.#shared ??= unpack(this.#sharedStored, this.#sharedLength);
      packed = this.#shared.subarray(from, to);
    }
    if (noisy === 0) return packed;
    if (this.#assembled.length < planes * length) this.#assembled = new Uint8Array(planes * length);
    let fromNoise = noiseFrom;
    let fromPacked = 0;
    for (let plane = 0; plane < planes; plane++) {
      if (noise & (1 << plane)) {
        this.#assembled.set(this.#noise.subarray(fromNoise, fromNoise + length), plane * length);
        fromNoise += length;
      } else {
        this.#assembled.set(packed.subarray(fromPacked, fromPacked + length), plane * length);
        fromPacked += length;
      }
    }
    return this.#assembled.subarray(0, planes * length);
  }
}

/** Bytes that the columns so far take of each section; the shared one as it is unpacked. */
interface SectionSizes {
  /** All streams lie in the shared section, and columns do not say so. */
  readonly isBare: boolean;
  shared: number;
  noise: number;
  alone: number;
}

function readColumn(
  reader: ByteReader,
  columns: readonly Column[],
  rows: number,
  sizes: SectionSizes,
): Column {
  const head = reader.u8();
  const kind = head & KIND_MASK;
  if (kind === ColumnKind.absent) return ABSENT;
  if (kind === ColumnKind.sameAs) {
    const twin = columns[columns.length - reader.varint()];
    if (twin === undefined || twin.count === 0)
      throw new CorruptBlockError('a column repeats one that is not there');
    return twin;
  }
  const before = columns.at(-1);
  const spans = readPresence(reader, head & PRESENCE_MASK, rows, before);
  const count = spans ? spannedRows(spans) : rows;
  if (count === 0) throw new CorruptBlockError('a column without samples');
  if (kind === ColumnKind.constant || kind === ColumnKind.constantInteger) {
    const value: ConstantValue =
      kind === ColumnKind.constant
        ? { low: reader.u32(), high: reader.u32(), integer: 0 }
        : { low: 0, high: 0, integer: reader.signed() };
    return { ...ABSENT, kind, spans, count, value };
  }
  const exceptions = head & HAS_EXCEPTIONS ? readExceptions(reader, count) : NO_EXCEPTIONS;
  if (kind === ColumnKind.floats || kind === ColumnKind.floatSteps) {
    const bytes = readPlace(reader, FLOAT_PLANES, count, sizes);
    return { ...ABSENT, kind, spans, count, exceptions, bytes };
  }
  if (kind !== ColumnKind.integers) throw new CorruptBlockError(`unknown kind ${kind} of a column`);
  const form = reader.u8();
  const exponent = hasExponent(form as IntegerForm) ? reader.signed() : 0;
  if (!isKnownForm(form, exponent))
    throw new CorruptBlockError(`unknown form ${form}, ${exponent} of a column`);
  const stream = readStream(reader);
  const neighbour = usesNeighbour(stream.transform) ? before : undefined;
  if (
    usesNeighbour(stream.transform) &&
    (neighbour?.kind !== ColumnKind.integers || neighbour.count !== count)
  ) {
    throw new CorruptBlockError('a column rests on a neighbour that is not there');
  }
  const bytes = readIntegerPlace(reader, stream.width, count, sizes);
  return { ...ABSENT, kind, spans, count, exceptions, form, exponent, stream, neighbour, bytes };
}

/** The rows that have samples; undefined for all of them. @param before the column before, whose rows may be these */
function readPresence(
  reader: ByteReader,
  mode: number,
  rows: number,
  before: Column | undefined,
): RowSpans | undefined {
  if (mode === PresenceMode.all) return undefined;
  const spans = mode === PresenceMode.spans ? readSpans(reader, rows) : before?.spans;
  if (spans === undefined) throw new CorruptBlockError('unknown presence of a column');
  return spans;
}

function readStream(reader: ByteReader): IntegerStream {
  const shape = reader.u8();
  const width = shape & 15;
  const transform = shape >> 4;
  if (!isTransform(transform) || width > VARINTS)
    throw new CorruptBlockError(`unknown shape ${shape} of a column`);
  return { transform, width, base: reader.signed(), step: hasStep(transform) ? reader.signed() : 0 };
}

function readIntegerPlace(
  reader: ByteReader,
  width: number,
  count: number,
  sizes: SectionSizes,
): StreamPlace {
  if (width === 0) return NO_BYTES;
  return width === VARINTS
    ? readPlace(reader, 1, reader.varint(), sizes)
    : readPlace(reader, width, count, sizes);
}

function readPlace(reader: ByteReader, planes: number, length: number, sizes: SectionSizes): StreamPlace {
  const placement = sizes.isBare ? Placement.shared : reader.u8();
  const noise = sizes.isBare ? 0 : reader.u8();
  if (placement > Placement.alone || noise >> planes !== 0) {
    throw new CorruptBlockError(`unknown placement ${placement}, ${noise} of a column`);
  }
  const noiseFrom = sizes.noise;
  const noisy = planesIn(noise);
  sizes.noise += noisy * length;
  const section = placement === Placement.alone ? 'alone' : 'shared';
  const from = sizes[section];
  sizes[section] += placement === Placement.alone ? reader.varint() : (planes - noisy) * length;
  return { planes, length, noise, noiseFrom, placement, from, to: sizes[section] };
}

const isTransform = (value: number): value is Transform => value <= Transform.smoothedNeighbour;

function readExceptions(reader: ByteReader, count: number): readonly Exception[] {
  const exceptions: Exception[] = [];
  let next = 0;
  for (let left = reader.varint(); left > 0; left--) {
    const coded = reader.varint();
    const index = next + Math.floor(coded / 2);
    if (index >= count) throw new CorruptBlockError(`exception at sample ${index} of ${count}`);
    const stale = coded % 2 === 1;
    const low = stale ? 0 : reader.u32();
    const high = stale ? 0 : reader.u32();
    exceptions.push({ index, low, high, stale });
    next = index + 1;
  }
  return exceptions;
}

function fillConstant(
  kind: number,
  { integer, low, high }: ConstantValue,
  out: Float64Array,
  at: number,
  count: number,
): void {
  if (kind === ColumnKind.constantInteger) {
    out.fill(integer, at, at + count);
    return;
  }
  const words = wordsOf(out);
  for (let word = 2 * at; word < 2 * (at + count); word += 2) {
    words[word] = low;
    words[word + 1] = high;
  }
}

function applyExceptions(exceptions: readonly Exception[], out: Float64Array, at: number): void {
  const words = wordsOf(out);
  for (const { index, low, high, stale } of exceptions) {
    if (stale) {
      writeStaleAt(words, at + index);
    } else {
      words[2 * (at + index)] = low;
      words[2 * (at + index) + 1] = high;
    }
  }
}
