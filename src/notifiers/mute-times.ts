import type { InclusiveRange, NamedTimeIntervals, TimeIntervalConfig } from '../config/time-intervals.ts';

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

/** Wall clock in a time zone. Sunday is 0, January is 1. */
interface WallClock {
  readonly minutes: number;
  readonly weekday: number;
  readonly day: number;
  readonly month: number;
  readonly year: number;
}

/** All fields given must hold; of each field's list any entry. */
function compileInterval(config: TimeIntervalConfig): Interval {
  const { times, weekdays, days_of_month: days, months, years } = config;
  const wallClock = wallClockIn(config.location);
  return (at) => {
    const wall = wallClock(at);
    return (
      (!times || times.some((time) => wall.minutes >= time.start && wall.minutes < time.end)) &&
      (!days || days.some((range) => holdsDay(range, wall))) &&
      (!months || months.some((range) => within(range, wall.month))) &&
      (!weekdays || weekdays.some((range) => within(range, wall.weekday))) &&
      (!years || years.some((range) => within(range, wall.year)))
    );
  };
}

const within = (range: InclusiveRange, value: number): boolean => value >= range.begin && value <= range.end;

/** Negative days count from the end of the month; a range that begins after it does not hold. */
function holdsDay(range: InclusiveRange, wall: WallClock): boolean {
  const length = new Date(Date.UTC(wall.year, wall.month, 0)).getUTCDate();
  const from = range.begin < 0 ? length + range.begin + 1 : range.begin;
  const to = range.end < 0 ? length + range.end + 1 : range.end;
  return from <= length && wall.day >= from && wall.day <= to;
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
