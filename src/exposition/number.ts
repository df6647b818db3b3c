const ZERO = 0x30;
const NINE = 0x39;
const PLUS = 0x2b;
const MINUS = 0x2d;
const DOT = 0x2e;
const UPPER_E = 0x45;
const LOWER_E = 0x65;

/** Powers of ten that a double holds exactly. */
export const POWERS = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));
const LARGEST_EXACT_INTEGER = 2 ** 53;
const MAX_FAST_EXPONENT = 9999;

/**
 * Reads decimal numbers out of a page without making a string. A mantissa below 2^53 times or over a power of ten up to 10^22 is
 * correctly rounded by one multiplication or division (Clinger, "How to read floating point numbers accurately", 1990).
 */
export class DecimalReader {
  /** Where the last number ended, exclusive. */
  end = 0;

  /** The number at `from`, or NaN when it is none of the simple kind; then `parseDecimal` decides. */
  read(bytes: Uint8Array, from: number): number {
    let i = from;
    let byte = bytes[i]!;
    const negative = byte === MINUS;
    if (negative || byte === PLUS) byte = bytes[++i]!;
    let mantissa = 0;
    let exponent = 0;
    const digitsFrom = i;
    while (byte >= ZERO && byte <= NINE) {
      mantissa = mantissa * 10 + (byte - ZERO);
      byte = bytes[++i]!;
    }
    let digits = i - digitsFrom;
    if (byte === DOT) {
      const fractionFrom = ++i;
      byte = bytes[i]!;
      while (byte >= ZERO && byte <= NINE) {
        mantissa = mantissa * 10 + (byte - ZERO);
        byte = bytes[++i]!;
      }
      exponent = fractionFrom - i;
      digits += i - fractionFrom;
    }
    if (digits === 0) return Number.NaN;
    if (byte === LOWER_E || byte === UPPER_E) {
      byte = bytes[++i]!;
      const exponentNegative = byte === MINUS;
      if (exponentNegative || byte === PLUS) byte = bytes[++i]!;
      const exponentFrom = i;
      let written = 0;
      while (byte >= ZERO && byte <= NINE) {
        if (written < MAX_FAST_EXPONENT) written = written * 10 + (byte - ZERO);
        byte = bytes[++i]!;
      }
      if (i === exponentFrom) return Number.NaN;
      exponent += exponentNegative ? -written : written;
    }
    this.end = i;
    if (mantissa >= LARGEST_EXACT_INTEGER || exponent > 22 || exponent < -22) return Number.NaN;
    const value = exponent < 0 ? mantissa / POWERS[-exponent]! : mantissa * POWERS[exponent]!;
    return negative ? -value : value;
  }
}

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const INFINITE = /^[+-]?inf(?:inity)?$/i;
const NOT_A_NUMBER = /^nan$/i;

/**
 * A number as upstream's parsers take it: Go's ParseFloat as it was before Go 1.13, so neither hexadecimal nor underscores.
 * @returns the number, or what is wrong with the text
 */
export function parseDecimal(text: string): number | string {
  if (DECIMAL.test(text)) {
    const value = Number(text);
    return Number.isFinite(value) ? value : 'a number out of range';
  }
  if (NOT_A_NUMBER.test(text)) return Number.NaN;
  if (INFINITE.test(text)) return text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return 'not a number';
}

/**
 * Writes the bound of a bucket or quantile as OpenMetrics and upstream do: Go's shortest `%g`, with an exponent from 1e+06 on and
 * below 0.0001, and `.0` behind whole numbers.
 */
export function formatBound(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (value === 0) return '0.0';
  const [mantissa, exponentText] = value.toExponential().split('e') as [string, string];
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= 6) {
    return `${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  const text = String(value);
  return text.includes('.') ? text : `${text}.0`;
}
