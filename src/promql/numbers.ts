import { readDuration } from '../model/duration.ts';
import { quote } from '../model/labels.ts';

/**
 * Reads a number literal as upstream does: decimal, `0x` hexadecimal, octal after a leading zero, `_` between digits, Inf, NaN.
 * @throws what `fail` makes of upstream's message
 */
export function parseNumber(text: string, fail: (message: string) => Error): number {
  const lower = text.toLowerCase();
  if (lower === 'inf') return Number.POSITIVE_INFINITY;
  if (lower === 'nan') return Number.NaN;
  const digits = text.includes('_') ? text.replaceAll('_', '') : text;
  if (/^0[0-7]+$/.test(digits)) return withinInt64(BigInt(`0o${digits.slice(1)}`)) ?? Number(digits);
  if (/^0[xX][0-9a-fA-F]+$/.test(digits)) {
    const value = withinInt64(BigInt(digits));
    if (value !== undefined) return value;
  } else if (/^(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(digits)) {
    const value = Number(digits);
    if (Number.isFinite(value)) return value;
    throw fail(`error parsing number: strconv.ParseFloat: parsing ${quote(text)}: value out of range`);
  }
  throw fail(`error parsing number: strconv.ParseFloat: parsing ${quote(text)}: invalid syntax`);
}

function withinInt64(value: bigint): number | undefined {
  return value < 2n ** 63n ? Number(value) : undefined;
}

/** Milliseconds of a duration token such as `1h30m`. */
export function parseDurationToken(text: string, fail: (message: string) => Error): number {
  const read = readDuration(text);
  if (typeof read === 'number') return read;
  throw fail(read === 'too long' ? 'duration out of range' : durationProblem(text));
}

const UNITS = ['y', 'w', 'd', 'h', 'm', 's', 'ms'];

/** What is wrong with a duration, read from the left: a unit that is none, or one that comes too late. */
function durationProblem(text: string): string {
  let before = -1;
  for (const [, unit] of text.matchAll(/\d+(\D+)/g)) {
    const at = UNITS.indexOf(unit!);
    if (at < 0) return `unknown unit ${quote(unit!)} in duration ${quote(text)}`;
    if (at <= before) break;
    before = at;
  }
  return `not a valid duration string: ${quote(text)}`;
}

/**
 * Reads text as Go's strconv.ParseFloat: label values such as `le`, series items of the test language.
 * @returns undefined when it is no number
 */
export function parseGoFloat(text: string): number | undefined {
  if (/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) {
    const value = Number(text);
    return Number.isFinite(value) ? value : undefined;
  }
  if (/^[+-]?inf(inity)?$/i.test(text))
    return text[0] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (/^nan$/i.test(text)) return Number.NaN;
  const hex = /^([+-]?)0x([0-9a-f]*)(?:\.([0-9a-f]*))?p([+-]?\d+)$/i.exec(text);
  if (hex && (hex[2] !== '' || (hex[3] ?? '') !== '')) {
    const fraction = hex[3] ?? '';
    const mantissa = Number(`0x${hex[2]}${fraction}` as string);
    return (hex[1] === '-' ? -1 : 1) * mantissa * 2 ** (Number(hex[4]) - 4 * fraction.length);
  }
  return undefined;
}

/** As Go's %g with an optional precision: shortest digits, exponent below 1e-4 and from 1e+06 (or beyond the precision). */
export function formatG(value: number, precision?: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const [mantissa, exponentText] = (
    precision === undefined ? value.toExponential() : value.toExponential(precision - 1)
  ).split('e') as [string, string];
  const exponent = Number(exponentText);
  const trimmed = mantissa.includes('.') ? mantissa.replace(/\.?0+$/, '') : mantissa;
  const limit = precision ?? 6;
  if (exponent < -4 || exponent >= limit) {
    const digits = String(Math.abs(exponent)).padStart(2, '0');
    return `${trimmed}e${exponent < 0 ? '-' : '+'}${digits}`;
  }
  return formatDecimal(Number(`${trimmed}e${exponent}`));
}

/** As Go's strconv 'f' format with the shortest digits: never an exponent. */
export function formatDecimal(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const [mantissa, exponentText] = Math.abs(value).toExponential().split('e') as [string, string];
  const exponent = Number(exponentText);
  const digits = mantissa.replace('.', '');
  const sign = value < 0 ? '-' : '';
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  if (digits.length <= exponent + 1) return sign + digits + '0'.repeat(exponent + 1 - digits.length);
  return `${sign}${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`;
}
