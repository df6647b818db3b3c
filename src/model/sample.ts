/**
 * The staleness marker is a NaN with a payload of its own (upstream's value.StaleNaN, 0x7ff0000000000002). It is a signalling
 * NaN: loading it into a JavaScript number and storing it again may change its bits. So it is written and recognised through
 * the 32-bit words of the column, never by value.
 */
export const STALE_NAN_HIGH = 0x7ff00000;
export const STALE_NAN_LOW = 2;

/** The NaN that a text's `NaN` is (upstream's value.NormalNaN), and any number of ours that is none: a number has no payload. */
export const NORMAL_NAN_HIGH = 0x7ff80000;
export const NORMAL_NAN_LOW = 1;

/** Little-endian words of a Float64Array, for telling NaNs apart. Shares its memory. */
export function wordsOf(values: Float64Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
}

/** Whether `values[index]` is a staleness marker; `words` is `wordsOf(values)`. */
export function isStaleAt(words: Uint32Array, index: number): boolean {
  return words[2 * index + 1] === STALE_NAN_HIGH && words[2 * index] === STALE_NAN_LOW;
}

export function writeStaleAt(words: Uint32Array, index: number): void {
  words[2 * index] = STALE_NAN_LOW;
  words[2 * index + 1] = STALE_NAN_HIGH;
}

/** Makes every NaN among `values[from, to)` the normal one. */
export function normaliseNaNs(values: Float64Array, from = 0, to = values.length): void {
  for (let i = from; i < to; i++) {
    if (!Number.isNaN(values[i]!)) continue;
    const words = wordsOf(values);
    words[2 * i] = NORMAL_NAN_LOW;
    words[2 * i + 1] = NORMAL_NAN_HIGH;
  }
}

/** Writes a sample value as upstream's API and templates do: shortest form, `+Inf`, `-Inf`, `NaN`, exponents from 1e+21. */
export function formatValue(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  if (Object.is(value, -0)) return '-0';
  const text = String(value);
  const exponent = text.indexOf('e');
  if (exponent < 0) return text;
  const sign = text[exponent + 1] === '-' ? '-' : '+';
  const digits = text.slice(exponent + (text[exponent + 1] === '-' || text[exponent + 1] === '+' ? 2 : 1));
  return `${text.slice(0, exponent)}e${sign}${digits.padStart(2, '0')}`;
}
