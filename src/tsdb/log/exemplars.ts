import { ByteReader, type ByteWriter } from '../../encoding/bytes.ts';
import { CorruptBlockError } from '../../encoding/corrupt-block.ts';
import { readFloat, writeFloat } from '../../encoding/histogram-bytes.ts';
import type { SeriesRef } from '../block.ts';

/** An exemplar as the ring and the log keep it. */
export interface StoredExemplar {
  readonly ref: SeriesRef;
  /** Unix ms. */
  readonly timestamp: number;
  readonly value: number;
  /** Names and values of its labels in turn, each with its length before it. */
  readonly text: Uint8Array;
}

/** Labels are at most 128 characters; a longer claim is damage. */
const MAX_TEXT_BYTES = 4096;

export function writeExemplar(out: ByteWriter, { ref, timestamp, value, text }: StoredExemplar): void {
  out.varint(ref);
  writeFloat(out, timestamp);
  writeFloat(out, value);
  out.varint(text.length);
  out.bytes(text);
}

/** @throws CorruptBlockError when the bytes are not a row of what `writeExemplar` writes */
export function* readExemplarRow(bytes: Uint8Array): Generator<StoredExemplar> {
  const reader = new ByteReader(bytes);
  while (reader.remaining > 0) {
    const ref = reader.varint() as SeriesRef;
    const timestamp = readFloat(reader);
    const value = readFloat(reader);
    const length = reader.varint();
    if (length > MAX_TEXT_BYTES) throw new CorruptBlockError(`labels of an exemplar of ${length} bytes`);
    yield { ref, timestamp, value, text: reader.take(length) };
  }
}
