import { formatFloat } from './go-float.ts';
import { quoteGo } from './go-quote.ts';
import { GoDuration, GoTime } from './go-time.ts';
import type { GoValue } from './go-value.ts';
import { typeOf } from './go-value.ts';

const four = (value: number): string => formatFloat(value, 'g', 4);
const LARGE = ['k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y'];
const LARGE_1024 = ['ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei', 'Zi', 'Yi'];
const SMALL = ['m', 'u', 'n', 'p', 'f', 'a', 'z', 'y'];

/** Reads what the humanize functions take: a float, an int, a duration, or text that holds a number. @throws Error with upstream's text */
export function toFloat(value: GoValue): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof GoDuration) return Number(value.ns) / 1e9;
  if (typeof value === 'string') {
    const number = parseFloatText(value);
    if (number === undefined)
      throw new Error(`strconv.ParseFloat: parsing ${quoteGo(value)}: invalid syntax`);
    return number;
  }
  throw new Error(`can't convert ${typeOf(value)} to float`);
}

function parseFloatText(text: string): number | undefined {
  const lower = text.toLowerCase();
  if (/^[+-]?inf(inity)?$/.test(lower)) return lower[0] === '-' ? -Infinity : Infinity;
  if (lower === 'nan') return Number.NaN;
  if (/^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/.test(lower)) return Number(lower);
  return undefined;
}

export function humanize(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return four(value);
  return Math.abs(value) >= 1 ? scaled(value, 1000, LARGE) : four2(small(value));
}

export function humanize1024(value: number): string {
  if (Math.abs(value) <= 1 || !Number.isFinite(value)) return four(value);
  return scaled(value, 1024, LARGE_1024);
}

export const humanizePercentage = (value: number): string => `${four(value * 100)}%`;

export function humanizeDuration(value: number): string {
  if (!Number.isFinite(value)) return four(value);
  if (value === 0) return '0s';
  if (Math.abs(value) < 1) return `${four2(small(value))}s`;
  const sign = value < 0 ? '-' : '';
  const size = Math.abs(value);
  // Go converts to int64 first; beyond its range nothing sensible comes out there either.
  const whole = Math.trunc(size);
  const seconds = whole % 60;
  const minutes = Math.trunc(whole / 60) % 60;
  const hours = Math.trunc(whole / 3600) % 24;
  const days = Math.trunc(whole / 86_400);
  if (days !== 0) return `${sign}${days}d ${hours}h ${minutes}m ${seconds}s`;
  if (hours !== 0) return `${sign}${hours}h ${minutes}m ${seconds}s`;
  if (minutes !== 0) return `${sign}${minutes}m ${seconds}s`;
  return `${sign}${four(size)}s`;
}

const MAX_INT64 = 2 ** 63;

/** A time from Unix seconds. @throws Error with upstream's text for NaN, infinities and what an int64 of nanoseconds cannot hold */
export function floatToTime(value: number): GoTime {
  if (!Number.isFinite(value)) throw new Error('value is NaN or Inf');
  const ns = value * 1e9;
  if (ns > MAX_INT64 || ns < -MAX_INT64) {
    const shown = formatFloat(value, 'g', -1);
    throw new Error(`${shown} cannot be represented as a nanoseconds timestamp since it overflows int64`);
  }
  // Upstream goes through milliseconds.
  return new GoTime((BigInt(Math.trunc(ns)) / 1_000_000n) * 1_000_000n);
}

export function humanizeTimestamp(value: number): string {
  return Number.isFinite(value) ? floatToTime(value).toString() : four(value);
}

function scaled(value: number, by: number, prefixes: readonly string[]): string {
  let size = value;
  let prefix = '';
  for (const next of prefixes) {
    if (Math.abs(size) < by) break;
    prefix = next;
    size /= by;
  }
  return four(size) + prefix;
}

function small(value: number): { size: number; prefix: string } {
  let size = value;
  let prefix = '';
  for (const next of SMALL) {
    if (Math.abs(size) >= 1) break;
    prefix = next;
    size *= 1000;
  }
  return { size, prefix };
}

const four2 = ({ size, prefix }: { size: number; prefix: string }): string => four(size) + prefix;
