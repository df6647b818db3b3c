/** By whose clock times are written. */
export type Zone = 'local' | 'utc';

/** A date whose UTC fields are what a clock of the zone shows. */
export function clockOf(time: number, zone: Zone): Date {
  return zone === 'utc' ? new Date(time) : new Date(time - new Date(time).getTimezoneOffset() * 60_000);
}

const two = (n: number): string => String(n).padStart(2, '0');

/** 24 h time; seconds only when they say something, the day only when it is not `now`'s. */
export function timeText(time: number, now: number, zone: Zone): string {
  const date = clockOf(time, zone);
  const seconds = date.getUTCSeconds() === 0 ? '' : `:${two(date.getUTCSeconds())}`;
  const clock = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}${seconds}`;
  const isToday = date.toISOString().slice(0, 10) === clockOf(now, zone).toISOString().slice(0, 10);
  return isToday ? clock : `${dayText(time, zone)} ${clock}`;
}

/** `23 Nov`. */
export function dayText(time: number, zone: Zone): string {
  const date = clockOf(time, zone);
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}`;
}

/** What stands at a tick of a time axis: clock times; midnight and steps of days show the day. Seconds below a minute's step. */
export function tickText(time: number, stepMs: number, zone: Zone): string {
  const date = clockOf(time, zone);
  const isMidnight = date.getTime() % 86_400_000 === 0;
  if (stepMs >= 86_400_000 || isMidnight) return dayText(time, zone);
  const seconds = stepMs < 60_000 ? `:${two(date.getUTCSeconds())}` : '';
  return `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}${seconds}`;
}

/** The whole of it, for tooltips: `2026-11-23 07:04:05 +01:00`. */
export function exactText(time: number, zone: Zone): string {
  const offset = zone === 'utc' ? 0 : -new Date(time).getTimezoneOffset();
  const sign = offset < 0 ? '−' : '+';
  const text = `${two(Math.floor(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`;
  return `${clockOf(time, zone).toISOString().slice(0, 19).replace('T', ' ')} ${sign}${text}`;
}

/** RFC 3339 as the API writes it, in ms; undefined for Go's zero time, which means never. */
export function parseApiTime(text: string | undefined): number | undefined {
  if (text === undefined || text === '' || text.startsWith('0001-01-01')) return undefined;
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
