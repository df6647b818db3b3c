import type { NamedTimeIntervals, TimeIntervalSettings } from './settings.ts';

/** Tells whether a moment lies in any of some named time intervals. */
export interface TimeIntervals {
  /** The names among `names` that hold at `at` (Unix ms), in their order. Unknown names never hold. */
  holding(names: readonly string[], at: number): readonly string[];
}

export function compileTimeIntervals(settings: readonly NamedTimeIntervals[]): TimeIntervals {
  const byName = new Map<string, readonly Interval[]>();
  for (const { name, time_intervals } of settings) {
    byName.set(name, [...(byName.get(name) ?? []), ...time_intervals.map(compileInterval)]);
  }
  return {
    holding: (names, at) => names.filter((name) => byName.get(name)?.some((holds) => holds(at))),
  };
}

type Interval = (at: number) => boolean;

interface Range {
  readonly from: number;
  readonly to: number;
}

/** Wall clock in a time zone. Sunday is 0, January is 1. */
interface WallClock {
  readonly minutes: number;
  readonly weekday: number;
  readonly day: number;
  readonly month: number;
  readonly year: number;
}

/** All fields given must hold; of each field's list any entry. The end of a time of day is exclusive. */
function compileInterval(settings: TimeIntervalSettings): Interval {
  const times = settings.times?.map((time) => ({
    from: parseTimeOfDay(time.start_time),
    to: parseTimeOfDay(time.end_time),
  }));
  const weekdays = settings.weekdays?.map((text) => parseRange(text, WEEKDAYS, 0));
  const days = settings.days_of_month?.map((text) => parseRange(text));
  const months = settings.months?.map((text) => parseRange(text, MONTHS, 1));
  const years = settings.years?.map((text) => parseRange(text));
  const wallClock = wallClockIn(settings.location);
  return (at) => {
    const wall = wallClock(at);
    return (
      (!times || times.some((time) => wall.minutes >= time.from && wall.minutes < time.to)) &&
      (!days || days.some((range) => holdsDay(range, wall))) &&
      (!months || months.some((range) => within(range, wall.month))) &&
      (!weekdays || weekdays.some((range) => within(range, wall.weekday))) &&
      (!years || years.some((range) => within(range, wall.year)))
    );
  };
}

const within = (range: Range, value: number): boolean => value >= range.from && value <= range.to;

/** Negative days count from the end of the month; a range that begins after it does not hold. */
function holdsDay(range: Range, wall: WallClock): boolean {
  const length = new Date(Date.UTC(wall.year, wall.month, 0)).getUTCDate();
  const from = range.from < 0 ? length + range.from + 1 : range.from;
  const to = range.to < 0 ? length + range.to + 1 : range.to;
  return from <= length && wall.day >= from && wall.day <= to;
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

/** @param first the number of the first name */
function parseRange(text: string, names: readonly string[] = [], first = 0): Range {
  const parts = text.toLowerCase().split(':');
  const values = parts.map((part) => {
    const index = names.indexOf(part.trim());
    return index >= 0 ? index + first : Number(part);
  });
  const from = values[0];
  const to = values[values.length - 1];
  if (parts.length > 2 || !Number.isInteger(from) || !Number.isInteger(to)) {
    throw new Error(`expected a range such as "1:5"${names[1] ? ` or "${names[1]}"` : ''}, got "${text}"`);
  }
  return { from: from!, to: to! };
}

function parseTimeOfDay(text: string): number {
  const match = /^(\d{1,2}):(\d{2})$/.exec(text);
  const minutes = match ? Number(match[1]) * 60 + Number(match[2]) : Number.NaN;
  if (!(minutes >= 0 && minutes <= 1440)) throw new Error(`expected a time such as "09:30", got "${text}"`);
  return minutes;
}

function wallClockIn(location: string | undefined): (at: number) => WallClock {
  if (!location || location === 'UTC') {
    return (at) => {
      const date = new Date(at);
      return {
        minutes: date.getUTCHours() * 60 + date.getUTCMinutes(),
        weekday: date.getUTCDay(),
        day: date.getUTCDate(),
        month: date.getUTCMonth() + 1,
        year: date.getUTCFullYear(),
      };
    };
  }
  const format = new Intl.DateTimeFormat('en-US', {
    ...(location === 'Local' ? {} : { timeZone: location }),
    calendar: 'gregory',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  });
  return (at) => {
    const fields = new Map(format.formatToParts(at).map((part) => [part.type, Number(part.value)]));
    const [year, month, day] = [fields.get('year')!, fields.get('month')!, fields.get('day')!];
    return {
      minutes: fields.get('hour')! * 60 + fields.get('minute')!,
      weekday: new Date(Date.UTC(year, month - 1, day)).getUTCDay(),
      day,
      month,
      year,
    };
  };
}
