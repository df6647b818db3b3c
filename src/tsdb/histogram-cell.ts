import { ByteReader } from '../encoding/bytes.ts';
import { CorruptBlockError } from '../encoding/corrupt-block.ts';
import { readHistogram } from '../encoding/histogram-bytes.ts';
import type { Histogram } from '../model/histogram.ts';

/**
 * Where the sample of a column is a native histogram its cell is a NaN with this upper word, which no float of ours has: a NaN
 * with it is made the normal one. The lower word says in the head where the histogram lies in the arena, in units of 8 bytes; elsewhere it
 * is 0 and the histograms stand beside the column.
 */
export const HISTOGRAM_HIGH = 0x7ffa4831;

/** No histogram is longer as bytes; a larger claim is a torn read or damage. */
export const MAX_HISTOGRAM_BYTES = 2 ** 22;

const LENGTH_BYTES = 4;

/** Units of the arena that a histogram of so many bytes takes: a length, then the bytes. */
export const histogramUnits = (bytes: number): number => Math.ceil((LENGTH_BYTES + bytes) / 8);

export function writeHeld(words: Uint32Array, unit: number, bytes: Uint8Array): void {
  words[2 * unit] = bytes.length;
  new Uint8Array(words.buffer, words.byteOffset + 8 * unit + LENGTH_BYTES, bytes.length).set(bytes);
}

/** The bytes of the histogram at a unit of the arena, as a view; undefined when what stands there cannot be one. */
export function heldBytes(words: Uint32Array, unit: number): Uint8Array | undefined {
  const length = words[2 * unit];
  if (length === undefined || length === 0 || length > MAX_HISTOGRAM_BYTES) return undefined;
  const from = 8 * unit + LENGTH_BYTES;
  return from + length > words.byteLength
    ? undefined
    : new Uint8Array(words.buffer, words.byteOffset + from, length);
}

/** Decodes what a cell of the arena refers to; only where nobody can have changed it. */
export function heldHistogram(words: Uint32Array, unit: number): Histogram {
  const bytes = heldBytes(words, unit);
  if (bytes === undefined) throw new Error(`no histogram lies at unit ${unit} of the arena`);
  return histogramOf(bytes);
}

export const histogramOf = (bytes: Uint8Array): Histogram => readHistogram(new ByteReader(bytes));

/** Whether bytes of the log are a histogram. @throws CorruptBlockError when they are not */
export function checkHistogramBytes(bytes: Uint8Array): void {
  if (bytes.length === 0 || bytes.length > MAX_HISTOGRAM_BYTES) {
    throw new CorruptBlockError(`a histogram of ${bytes.length} bytes`);
  }
  const reader = new ByteReader(bytes);
  readHistogram(reader);
  if (reader.remaining > 0) throw new CorruptBlockError(`${reader.remaining} bytes after a histogram`);
}

export const isHistogramAt = (words: Uint32Array, index: number): boolean =>
  words[2 * index + 1] === HISTOGRAM_HIGH;

/** Marks the sample at `index` as a histogram that stands beside the column. */
export function writeHistogramAt(words: Uint32Array, index: number): void {
  words[2 * index] = 0;
  words[2 * index + 1] = HISTOGRAM_HIGH;
}
