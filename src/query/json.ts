import type { Labels } from '../model/labels.ts';
import { formatValue } from '../model/sample.ts';

const CHUNK_CHARACTERS = 64 * 1024;

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

/** Collects text into one growing buffer, so that an answer of any size is encoded once and transferred, never joined as a string. */
export class JsonWriter {
  #buffer = new ArrayBuffer(16 * 1024);
  #bytes = new Uint8Array(this.#buffer);
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
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#grewTo(this.#length + bytes.length);
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

  /** The bytes written so far; ends the writer. They own their memory, so that it can be transferred. */
  finish(): Uint8Array<ArrayBuffer> {
    this.#drain();
    // At least half of a large buffer is written: it goes as it is rather than be there twice.
    if (this.#length > CHUNK_CHARACTERS) return new Uint8Array(this.#buffer, 0, this.#length);
    return new Uint8Array(this.#buffer.transfer(this.#length));
  }

  #drain(): void {
    if (this.#pending === '') return;
    this.#reserve(this.#pending.length * 3);
    const { written } = this.#encoder.encodeInto(this.#pending, this.#bytes.subarray(this.#length));
    this.#pending = '';
    this.#grewTo(this.#length + written);
  }

  #grewTo(length: number): void {
    this.#length = length;
    if (length > this.#limits.maxBytes) throw new ResultTooLargeError(this.#limits.maxBytes);
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#buffer.byteLength) return;
    const size = Math.max(needed, this.#buffer.byteLength * 2);
    this.#limits.charge(size - this.#buffer.byteLength);
    this.#buffer = this.#buffer.transfer(size);
    this.#bytes = new Uint8Array(this.#buffer);
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
