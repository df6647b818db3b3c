import { formatValue } from '../model/sample.ts';
import { formatTime } from './json.ts';

/** Most bytes one point takes: two brackets, a comma, two quotes, a time and a value of at most 25 characters. */
export const MAX_POINT_BYTES = 64;

const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const OPEN = 0x5b;
const CLOSE = 0x5d;

/** Above this a value times 1000 has no exact int32. */
const MAX_SCALED = 2 ** 31 / 1000;

/** Writes `[time,"value"]` as upstream's JSON has it, at `at`. @returns the position after it */
export function writePoint(bytes: Uint8Array, at: number, time: Uint8Array, value: number): number {
  let to = at;
  bytes[to++] = OPEN;
  for (let i = 0; i < time.length; i++) bytes[to++] = time[i]!;
  bytes[to++] = COMMA;
  bytes[to++] = QUOTE;
  to = writeValueText(bytes, to, value);
  bytes[to++] = QUOTE;
  bytes[to++] = CLOSE;
  return to;
}

/** The text of formatValue, without a string where the value is an int32 or has at most three decimals. */
export function writeValueText(bytes: Uint8Array, at: number, value: number): number {
  if (value > -MAX_SCALED && value < MAX_SCALED && !Object.is(value, -0)) {
    const scaled = Math.round(value * 1000);
    // A decimal of at most 15 digits that reads back as the value is the shortest there is.
    if (scaled / 1000 === value) return writeThousandths(bytes, at, scaled);
  } else if ((value | 0) === value && value !== 0) {
    return writeDigits(bytes, at, value);
  }
  const text = formatValue(value);
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
  return at + text.length;
}

function writeThousandths(bytes: Uint8Array, at: number, scaled: number): number {
  let to = at;
  const size = scaled < 0 ? -scaled : scaled;
  if (scaled < 0) bytes[to++] = MINUS;
  const whole = (size / 1000) | 0;
  to = writeDigits(bytes, to, whole);
  let rest = size - whole * 1000;
  if (rest === 0) return to;
  bytes[to++] = DOT;
  for (let unit = 100; rest > 0; unit /= 10) {
    const digit = (rest / unit) | 0;
    bytes[to++] = ZERO + digit;
    rest -= digit * unit;
  }
  return to;
}

/** @param value a whole number within int32 */
function writeDigits(bytes: Uint8Array, at: number, value: number): number {
  let from = at;
  if (value < 0) {
    bytes[from++] = MINUS;
    // The one number whose opposite is no int32.
    if (value === -(2 ** 31)) return writeDigits(bytes, writeDigits(bytes, from, 214_748_364), 8);
  }
  let rest = (value < 0 ? -value : value) | 0;
  let count = 1;
  for (let limit = 10; rest >= limit; limit *= 10) count++;
  for (let i = from + count - 1; i >= from; i--) {
    const next = (rest / 10) | 0;
    bytes[i] = ZERO + (rest - next * 10);
    rest = next;
  }
  return from + count;
}

/**
 * Texts of the times of an answer as bytes, each made once: its series mostly share their steps, so the time after the last one asked
 * for is looked at first.
 */
export class TimeTexts {
  readonly #times: number[] = [];
  readonly #texts: Uint8Array[] = [];
  readonly #indexes = new Map<number, number>();
  readonly #maxTimes: number;
  #next = 0;

  /** @param maxTimes kept; raw samples of many targets share no times */
  constructor(maxTimes = 20_000) {
    this.#maxTimes = maxTimes;
  }

  of(timestamp: number): Uint8Array {
    if (this.#times[this.#next] === timestamp) return this.#texts[this.#next++]!;
    const known = this.#indexes.get(timestamp);
    if (known !== undefined) {
      this.#next = known + 1;
      return this.#texts[known]!;
    }
    const text = Buffer.from(formatTime(timestamp), 'latin1');
    if (this.#times.length < this.#maxTimes) {
      this.#indexes.set(timestamp, this.#times.length);
      this.#times.push(timestamp);
      this.#texts.push(text);
      this.#next = this.#times.length;
    }
    return text;
  }
}
