import { offsetAt, type Zone } from './go-zone.ts';

export const SECOND = 1_000_000_000n;

export const MONTHS: readonly string[] = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
export const WEEKDAYS: readonly string[] = [
  'Sunday',
  'Monday',
  'Tuesday',
  'Wednesday',
  'Thursday',
  'Friday',
  'Saturday',
];

export interface CivilTime {
  readonly year: number;
  /** From 1. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly nanosecond: number;
  /** From 1. */
  readonly yearDay: number;
  /** 0 = Sunday. */
  readonly weekday: number;
  readonly offsetSeconds: number;
  readonly abbreviation: string;
}

/** The time as a wall clock in its zone shows it. */
export function civil(ns: bigint, zone: Zone): CivilTime {
  const seconds = Number(floorDiv(ns, SECOND));
  const { offsetSeconds, abbreviation } = offsetAt(zone, seconds);
  const shown = new Date((seconds + offsetSeconds) * 1000);
  const year = shown.getUTCFullYear();
  return {
    year,
    month: shown.getUTCMonth() + 1,
    day: shown.getUTCDate(),
    hour: shown.getUTCHours(),
    minute: shown.getUTCMinutes(),
    second: shown.getUTCSeconds(),
    nanosecond: Number(((ns % SECOND) + SECOND) % SECOND),
    yearDay: Math.floor((shown.getTime() - utcDate(year, 1, 1)) / 86_400_000) + 1,
    weekday: shown.getUTCDay(),
    offsetSeconds,
    abbreviation,
  };
}

/** Nanoseconds since the epoch of a wall clock's time in a zone; out of range fields carry over. */
export function instant(
  zone: Zone,
  year: number,
  month: number,
  day: number,
  clock: Pick<CivilTime, 'hour' | 'minute' | 'second' | 'nanosecond'>,
): bigint {
  const shown = utcDate(year, month, day) / 1000 + clock.hour * 3600 + clock.minute * 60 + clock.second;
  let seconds = shown - offsetAt(zone, shown).offsetSeconds;
  seconds = shown - offsetAt(zone, seconds).offsetSeconds;
  return BigInt(seconds) * SECOND + BigInt(clock.nanosecond);
}

export function floorDiv(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b < 0n ? quotient - 1n : quotient;
}

/** Date.UTC, but years below 100 mean themselves. */
function utcDate(year: number, month: number, day: number): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getTime();
}
