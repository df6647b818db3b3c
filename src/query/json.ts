import { eachLabel, type Labels } from '../model/labels.ts';
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

/** Collects JSON text into one growing buffer, so that an answer of any size is encoded once and transferred, never joined as a string. */
export class JsonWriter {
  #bytes = new Uint8Array(16 * 1024);
  #length = 0;
  #pending = '';
  readonly #maxBytes: number;
  readonly #check: () => void;
  readonly #encoder = new TextEncoder();

  /** @param check called every few ten KB; throws when the query is to end */
  constructor(maxBytes: number, check: () => void = () => {}) {
    this.#maxBytes = maxBytes;
    this.#check = check;
  }

  /** Adds text that is valid JSON in its place. */
  raw(text: string): void {
    this.#pending += text;
    if (this.#pending.length > CHUNK_CHARACTERS) this.#drain();
  }

  /** Adds bytes as they are. */
  bytes(bytes: Uint8Array): void {
    this.#drain();
    if (this.#length + bytes.length > this.#maxBytes) throw new ResultTooLargeError(this.#maxBytes);
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** The bytes written so far; ends the writer. Owns its memory, so that it can be transferred. */
  finish(): Uint8Array {
    this.#drain();
    return this.#bytes.slice(0, this.#length);
  }

  #drain(): void {
    // An answer within its limit doubles at most once beyond it.
    this.#reserve(this.#pending.length * 3);
    this.#length += this.#encoder.encodeInto(this.#pending, this.#bytes.subarray(this.#length)).written;
    this.#pending = '';
    if (this.#length > this.#maxBytes) throw new ResultTooLargeError(this.#maxBytes);
    this.#check();
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
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
  for (const [name, value] of eachLabel(labels)) {
    if (text.length > 1) text += ',';
    text += `${JSON.stringify(name)}:${JSON.stringify(value)}`;
  }
  return `${text}}`;
}

export const sampleJson = (timestampMs: number, value: number): string =>
  `[${formatTime(timestampMs)},"${formatValue(value)}"]`;
