import * as z from 'zod';
import { text } from './leaves.ts';

/** Both ends included. */
export interface InclusiveRange {
  readonly begin: number;
  readonly end: number;
}

/** Minutes of a day, 0…1440, the end not included. */
export interface MinuteRange {
  readonly start: number;
  readonly end: number;
}

/** All given fields must hold; a field not given always does. */
export interface TimeIntervalConfig {
  readonly times?: readonly MinuteRange[];
  /** 0 is Sunday. */
  readonly weekdays?: readonly InclusiveRange[];
  /** 1…31, or negative from the end of the month: -1 is the last day. */
  readonly days_of_month?: readonly InclusiveRange[];
  /** 1 is January. */
  readonly months?: readonly InclusiveRange[];
  readonly years?: readonly InclusiveRange[];
  /** IANA time zone; UTC unless given. */
  readonly location?: string;
}

/** A name for time intervals; it holds when any of them does. */
export interface NamedTimeIntervals {
  readonly name: string;
  readonly time_intervals: readonly TimeIntervalConfig[];
}

const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
const MONTHS = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
];

const minuteRange = z.lazy(() =>
  z
    .strictObject({
      start_time: timeOfDay().describe('`HH:MM`.'),
      end_time: timeOfDay().describe('`HH:MM`, not included; `24:00` is the end of the day.'),
    })
    .superRefine(({ start_time, end_time }, context) => {
      if (start_time >= end_time) {
        context.addIssue({
          code: 'custom',
          path: ['end_time'],
          message: 'expected an end later than the start',
        });
      }
    })
    .transform(({ start_time, end_time }): MinuteRange => ({ start: start_time, end: end_time })),
);

const timeInterval = z.lazy(() =>
  z.strictObject({
    times: z.array(minuteRange).optional().describe('Parts of the day.'),
    weekdays: z
      .array(range('weekday', 'monday:friday', weekday, 0, 6))
      .optional()
      .describe('Such as `monday:friday`.'),
    days_of_month: z
      .array(dayOfMonthRange())
      .optional()
      .describe('Such as `1:5` or `-3:-1`, from the end of the month.'),
    months: z
      .array(range('month', 'march:june', month, 1, 12))
      .optional()
      .describe('Such as `march:june` or `3:6`.'),
    years: z
      .array(range('year', '2026:2030', integer, 0, 9999))
      .optional()
      .describe('Such as `2026:2030`.'),
    location: timeZone().optional().describe('Time zone such as `Europe/Berlin`; UTC unless given.'),
  }),
);

export const namedTimeIntervals = z.lazy(() =>
  z.strictObject({
    name: text().min(1, { error: 'expected a name, got nothing' }).describe('Name that routes use.'),
    time_intervals: z.array(timeInterval).default([]).describe('Holds when any of these does.'),
  }),
);

function timeOfDay() {
  return z
    .string()
    .meta({ type: 'time of day' })
    .transform((value, context) => {
      const match = /^([01]\d|2[0-3]):([0-5]\d)$|^24:00$/.exec(value);
      if (match) return match[1] === undefined ? 1440 : Number(match[1]) * 60 + Number(match[2]);
      return refuse(context, value, `expected a time such as "09:30", got ${JSON.stringify(value)}`);
    });
}

function range(
  what: string,
  example: string,
  member: (word: string) => number | undefined,
  min: number,
  max: number,
) {
  return z
    .string()
    .meta({ type: `${what} range` })
    .transform((value, context): InclusiveRange => {
      const words = value.toLowerCase().split(':');
      const [begin, end = begin] = words.map(member);
      const isValid = (n: number | undefined) => n !== undefined && n >= min && n <= max;
      if (words.length > 2 || !isValid(begin) || !isValid(end)) {
        return refuse(
          context,
          value,
          `expected a ${what} or a range such as "${example}", got ${JSON.stringify(value)}`,
        );
      }
      if (begin! > end!) {
        return refuse(
          context,
          value,
          `expected a range that ends after it begins, got ${JSON.stringify(value)}`,
        );
      }
      return { begin: begin!, end: end! };
    });
}

function dayOfMonthRange() {
  return z
    .string()
    .meta({ type: 'day range' })
    .transform((value, context): InclusiveRange => {
      const words = value.split(':');
      const [begin, end = begin] = words.map(integer);
      const isDay = (day: number | undefined) => day !== undefined && day !== 0 && day >= -31 && day <= 31;
      if (words.length > 2 || !isDay(begin) || !isDay(end)) {
        return refuse(
          context,
          value,
          `expected a day of the month or a range such as "1:7" or "-3:-1", got ${JSON.stringify(value)}`,
        );
      }
      if (begin! < 0 && end! > 0) {
        return refuse(
          context,
          value,
          `expected a negative end after a negative begin, got ${JSON.stringify(value)}`,
        );
      }
      // In the shortest month, so that a range that is empty in every month is refused.
      const inMonth = (day: number) => (day < 0 ? 28 + day : day);
      if (inMonth(begin!) > inMonth(end!)) {
        return refuse(
          context,
          value,
          `expected a range that ends after it begins, got ${JSON.stringify(value)}`,
        );
      }
      return { begin: begin!, end: end! };
    });
}

export function timeZone() {
  return z
    .string()
    .meta({ type: 'time zone' })
    .refine(isTimeZone, {
      error: (issue) => `expected a time zone such as "Europe/Berlin", got ${JSON.stringify(issue.input)}`,
    });
}

function isTimeZone(name: string): boolean {
  if (name === '' || name === 'Local') return true;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

function weekday(word: string): number | undefined {
  const index = WEEKDAYS.indexOf(word);
  return index < 0 ? undefined : index;
}

function month(word: string): number | undefined {
  const index = MONTHS.indexOf(word);
  return index < 0 ? integer(word) : index + 1;
}

function integer(word: string): number | undefined {
  return /^-?\d+$/.test(word) ? Number(word) : undefined;
}

function refuse(context: z.core.$RefinementCtx, input: unknown, message: string): never {
  context.issues.push({ code: 'custom', message, input });
  return z.NEVER;
}
