import type { Labels } from '../model/labels.ts';
import { formatValue } from '../model/sample.ts';

const CHUNK_CHARACTERS = 64 * 1024;
/** An answer grows in one buffer up to this; then it goes on in another. */
const PIECE_BYTES = 1024 * 1024;
/** Most bytes a character takes. */
const CHARACTER_BYTES = 4;

/** Thrown when an answer grows past its limit; the caller says so in the query's own words. */
export class ResultTooLargeError extends Error {
  readonly maxBytes: number;
  constructor(maxBytes: number) {
    super(
      `the answer is larger than ${maxBytes} bytes (query.max_result_bytes); narrow the selector, the range or the step`,
    );
    this.name = 'ResultTooLargeError';
    this.maxBytes = maxBytes;
  }
}

/** What a writer is bounded by. */
export interface WriterLimits {
  readonly maxBytes: number;
  /** Told of memory before it is taken; throws when it is too much. */
  readonly charge: (bytes: number) => void;
}

/**
 * Collects text as bytes in pieces of up to a megabyte, so that an answer of any size is encoded once, never joined, and can be
 * transferred, and be freed as it is sent. Most answers are one piece.
 */
export class JsonWriter {
  readonly #full: Uint8Array<ArrayBuffer>[] = [];
  /** Bytes in `#full`. */
  #fullBytes = 0;
  #bytes = new Uint8Array(16 * 1024);
  /** Bytes written to `#bytes`. */
  #length = 0;
  #pending = '';
  readonly #limits: WriterLimits;
  readonly #encoder = new TextEncoder();

  constructor(limits: WriterLimits) {
    this.#limits = limits;
  }

  /** Adds text that is valid JSON in its place. */
  raw(text: string): void {
    this.#pending += text;
    if (this.#pending.length > CHUNK_CHARACTERS) this.#drain();
  }

  /** Adds bytes as they are. */
  bytes(bytes: Uint8Array): void {
    this.#drain();
    for (let at = 0; at < bytes.length; ) {
      const part = bytes.subarray(at, at + (PIECE_BYTES - this.#length || PIECE_BYTES));
      this.#reserve(part.length);
      this.#bytes.set(part, this.#length);
      this.#grewTo(this.#length + part.length);
      at += part.length;
    }
  }

  /**
   * Lets `write` put at most `maxBytes` bytes in place.
   * @param write gets the buffer and where to start, returns the position after what it wrote
   */
  place(maxBytes: number, write: (bytes: Uint8Array, at: number) => number): void {
    this.#drain();
    this.#reserve(maxBytes);
    this.#grewTo(write(this.#bytes, this.#length));
  }

  /** The bytes written so far, in pieces that each own their memory, so that it can be transferred; ends the writer. */
  finish(): Uint8Array<ArrayBuffer>[] {
    this.#drain();
    this.#endPiece();
    return this.#full;
  }

  #drain(): void {
    for (let text = this.#pending; text !== ''; ) {
      const left = PIECE_BYTES - this.#length;
      this.#reserve(left < CHARACTER_BYTES ? CHARACTER_BYTES : Math.min(3 * text.length, left));
      const { read, written } = this.#encoder.encodeInto(text, this.#bytes.subarray(this.#length));
      this.#grewTo(this.#length + written);
      text = text.slice(read);
    }
    this.#pending = '';
  }

  #grewTo(length: number): void {
    this.#length = length;
    if (this.#fullBytes + length > this.#limits.maxBytes)
      throw new ResultTooLargeError(this.#limits.maxBytes);
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    if (needed <= PIECE_BYTES) {
      const size = Math.min(PIECE_BYTES, Math.max(needed, this.#bytes.length * 2));
      this.#limits.charge(size - this.#bytes.length);
      this.#bytes = new Uint8Array(this.#bytes.buffer.transfer(size));
      return;
    }
    this.#endPiece();
    const size = Math.max(PIECE_BYTES, count);
    this.#limits.charge(size);
    this.#bytes = new Uint8Array(size);
  }

  /** Closes the piece that is written to; what it does not use of its memory is given back. */
  #endPiece(): void {
    const length = this.#length;
    if (length === 0 && (this.#full.length > 0 || this.#bytes.length === 0)) return;
    const isFull = length > PIECE_BYTES / 2;
    const piece = isFull
      ? this.#bytes.subarray(0, length)
      : new Uint8Array(this.#bytes.buffer.transfer(length));
    this.#full.push(piece);
    this.#fullBytes += length;
    this.#bytes = new Uint8Array(0);
    this.#length = 0;
  }
}

/** Unix ms as upstream prints sample times: seconds, with three decimals when there is a fraction. */
export function formatTime(timestampMs: number): string {
  const seconds = Math.trunc(timestampMs / 1000);
  const fraction = Math.abs(timestampMs - seconds * 1000);
  if (fraction === 0) return String(seconds);
  const sign = timestampMs < 0 && seconds === 0 ? '-' : '';
  return `${sign}${seconds}.${String(Math.round(fraction)).padStart(3, '0')}`;
}

export function labelsJson(labels: Labels): string {
  let text = '{';
  for (let i = 0; i < labels.length; i += 2) {
    text += `${i > 0 ? ',' : ''}${stringJson(labels[i]!)}:${stringJson(labels[i + 1]!)}`;
  }
  return `${text}}`;
}

/** What JSON has to escape, and lone surrogates, which it has to as well. */
const ESCAPED = /["\\\u0000-\u001f\ud800-\udfff]/;

const stringJson = (text: string): string => (ESCAPED.test(text) ? JSON.stringify(text) : `"${text}"`);

export const sampleJson = (timestampMs: number, value: number): string =>
  `[${formatTime(timestampMs)},"${formatValue(value)}"]`;
