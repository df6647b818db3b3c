const two = (n: number): string => String(n).padStart(2, '0');

/** Local 24 h time; seconds only when they say something, the day only when it is not `now`'s. */
export function timeText(time: number, now: number): string {
  const date = new Date(time);
  const seconds = date.getSeconds() === 0 ? '' : `:${two(date.getSeconds())}`;
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}${seconds}`;
  return sameDay(date, new Date(now)) ? clock : `${dayText(date)} ${clock}`;
}

/** `23 Nov` with the year when it is another one than now is implied to be. */
export function dayText(date: Date, withYear = false): string {
  const text = `${date.getDate()} ${MONTHS[date.getMonth()]}`;
  return withYear ? `${text} ${date.getFullYear()}` : text;
}

/** The whole of it, for tooltips: `2026-11-23 07:04:05 +01:00`. */
export function exactText(time: number): string {
  const d = new Date(time);
  const offset = -d.getTimezoneOffset();
  const zone = `${offset < 0 ? '−' : '+'}${two(Math.floor(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`;
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())} ${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())} ${zone}`;
}

/** RFC 3339 as the API writes it, in ms; undefined for Go's zero time, which means never. */
export function parseApiTime(text: string | undefined): number | undefined {
  if (text === undefined || text === '' || text.startsWith('0001-01-01')) return undefined;
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function sameDay(a: Date, b: Date): boolean {
  return a.getFullYear() === b.getFullYear() && a.getMonth() === b.getMonth() && a.getDate() === b.getDate();
}
