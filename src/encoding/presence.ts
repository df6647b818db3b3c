import type { ByteReader, ByteWriter } from './bytes.ts';
import { CorruptBlockError } from './corrupt-block.ts';

/**
 * The rows of a block in which a column has samples, as half-open spans `[from, to, from, to, …]`, ascending, none empty, none
 * touching the next. A column that has a sample in every row has no spans at all (undefined).
 */
export type RowSpans = readonly number[];

/** Reads a bitmap (bit i of byte i>>3, least significant first); undefined when every one of `rows` is set. */
export function spansOfBitmap(bitmap: Uint8Array, rows: number): RowSpans | undefined {
  const spans: number[] = [];
  let row = 0;
  while (row < rows) {
    while (row < rows && !isSet(bitmap, row)) row += (row & 7) === 0 && bitmap[row >> 3] === 0 ? 8 : 1;
    if (row >= rows) break;
    const from = row;
    while (row < rows && isSet(bitmap, row)) row += (row & 7) === 0 && bitmap[row >> 3] === 255 ? 8 : 1;
    spans.push(from, Math.min(row, rows));
  }
  return spans[0] === 0 && spans[1] === rows ? undefined : spans;
}

export function spannedRows(spans: RowSpans): number {
  let count = 0;
  for (let i = 0; i < spans.length; i += 2) count += spans[i + 1]! - spans[i]!;
  return count;
}

export function sameSpans(a: RowSpans | undefined, b: RowSpans | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined || a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

export function writeSpans(writer: ByteWriter, spans: RowSpans): void {
  writer.varint(spans.length / 2);
  let row = 0;
  for (const bound of spans) {
    writer.varint(bound - row);
    row = bound;
  }
}

/** @throws CorruptBlockError when the spans are not what `writeSpans` makes for a block of `rows` */
export function readSpans(reader: ByteReader, rows: number): RowSpans {
  const count = reader.varint();
  if (count * 2 > reader.remaining) throw new CorruptBlockError(`claims ${count} spans of rows`);
  const spans: number[] = [];
  let row = 0;
  for (let i = 0; i < 2 * count; i++) {
    const step = reader.varint();
    row += step;
    if ((step === 0 && i > 0) || row > rows)
      throw new CorruptBlockError(`rows out of order in span ${i >> 1}`);
    spans.push(row);
  }
  return spans;
}

const isSet = (bitmap: Uint8Array, row: number): boolean => ((bitmap[row >> 3]! >> (row & 7)) & 1) === 1;
