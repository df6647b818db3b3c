import { wordsOf, writeStaleAt } from '../model/sample.ts';
import { ByteReader } from './bytes.ts';
import {
  ColumnKind,
  HAS_EXCEPTIONS,
  KIND_MASK,
  MAX_COLUMNS,
  MAX_ROWS,
  PRESENCE_MASK,
  PresenceMode,
} from './column-layout.ts';
import { CorruptBlockError } from './corrupt-block.ts';
import { readFloatPlanes } from './float-planes.ts';
import { FrameKind, unframe } from './frame.ts';
import { applyForm, IntegerForm, isKnownForm } from './integer-form.ts';
import { type IntegerStream, readIntegers, Transform, VARINTS } from './integer-stream.ts';
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
  readonly from: number;
  readonly to: number;
}

const NO_EXCEPTIONS: readonly Exception[] = [];
const NO_STREAM: IntegerStream = { transform: Transform.delta, width: 0, base: 0, step: 0 };
const ABSENT: Column = {
  kind: ColumnKind.absent,
  spans: undefined,
  count: 0,
  exceptions: NO_EXCEPTIONS,
  form: IntegerForm.plain,
  exponent: 0,
  stream: NO_STREAM,
  neighbour: undefined,
  from: 0,
  to: 0,
};

/**
 * Reads blobs of `ColumnEncoder`, any column in any order. A decoder is kept and reused; `open` forgets the blob before.
 * Every method throws CorruptBlockError when the bytes contradict themselves.
 */
export class ColumnDecoder {
  rows = 0;
  #body: Uint8Array = new Uint8Array(0);
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
    let at = 0;
    for (let i = 0; i < count; i++) {
      const column = readColumn(reader, columns, rows, at);
      columns.push(column);
      at = Math.max(at, column.to);
    }
    // Payload positions were counted from 0: the directory's own length is known only now.
    const start = reader.position;
    if (start + at !== body.length) {
      throw new CorruptBlockError(`columns take ${at} bytes, found ${body.length - start}`);
    }
    this.rows = rows;
    this.#columns = columns;
    this.#body = body.subarray(start);
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
    if (column.kind === ColumnKind.floats) {
      readFloatPlanes(this.#payload(column), count, out, at);
      return;
    }
    if (column.neighbour !== undefined || this.#columns[index + 1]?.neighbour === column) {
      out.set(this.#integersFor(column).subarray(0, count), at);
    } else {
      readIntegers(this.#payload(column), column.stream, count, undefined, out, at);
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
      readIntegers(this.#payload(link), link.stream, link.count, link.neighbour && this.#integers, out, 0);
      this.#spare = this.#integers;
      this.#integers = out;
      this.#integersOf = link;
    }
    return this.#integers;
  }

  #payload(column: Column): ByteReader {
    return new ByteReader(this.#body, column.from, column.to);
  }
}

function readColumn(reader: ByteReader, columns: readonly Column[], rows: number, at: number): Column {
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
  const mode = head & PRESENCE_MASK;
  const spans =
    mode === PresenceMode.all
      ? undefined
      : mode === PresenceMode.spans
        ? readSpans(reader, rows)
        : before?.spans;
  if (mode !== PresenceMode.all && spans === undefined)
    throw new CorruptBlockError('unknown presence of a column');
  const count = spans ? spannedRows(spans) : rows;
  if (count === 0) throw new CorruptBlockError('a column without samples');
  const exceptions = head & HAS_EXCEPTIONS ? readExceptions(reader, count) : NO_EXCEPTIONS;
  const shared = { kind, spans, count, exceptions, from: at };
  if (kind === ColumnKind.floats) {
    return {
      ...shared,
      form: IntegerForm.plain,
      exponent: 0,
      stream: NO_STREAM,
      neighbour: undefined,
      to: at + 8 * count,
    };
  }
  if (kind !== ColumnKind.integers) throw new CorruptBlockError(`unknown kind ${kind} of a column`);
  const form = reader.u8();
  const exponent = form === IntegerForm.plain || form === IntegerForm.thousands ? 0 : reader.signed();
  if (!isKnownForm(form, exponent))
    throw new CorruptBlockError(`unknown form ${form}, ${exponent} of a column`);
  const shape = reader.u8();
  const width = shape & 15;
  const transform = shape >> 4;
  if (!isTransform(transform) || width > VARINTS)
    throw new CorruptBlockError(`unknown shape ${shape} of a column`);
  const base = reader.signed();
  const step = transform === Transform.deltaOfDelta ? reader.signed() : 0;
  const length = reader.varint();
  if (width !== VARINTS && length !== width * count) {
    throw new CorruptBlockError(`expected ${width * count} bytes of a column, found ${length}`);
  }
  const neighbour = transform === Transform.neighbour ? before : undefined;
  if (
    transform === Transform.neighbour &&
    (neighbour?.kind !== ColumnKind.integers || neighbour.count !== count)
  ) {
    throw new CorruptBlockError('a column rests on a neighbour that is not there');
  }
  return { ...shared, form, exponent, stream: { transform, width, base, step }, neighbour, to: at + length };
}

const isTransform = (value: number): value is Transform => value <= Transform.neighbour;

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
