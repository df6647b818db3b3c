import { clockOf, type Zone } from '../format/time.ts';

/** A range as written in the URL and in dashboards: `now-6h`, `now`, `now/d`, Unix ms or a date. */
export interface RangeText {
  readonly from: string;
  readonly to: string;
}

/** Unix ms. */
export interface ResolvedRange {
  readonly from: number;
  readonly to: number;
}

export const DEFAULT_RANGE: RangeText = { from: 'now-1h', to: 'now' };

export const PRESETS: readonly (readonly [from: string, label: string])[] = [
  ['now-5m', 'Last 5 min'],
  ['now-15m', 'Last 15 min'],
  ['now-30m', 'Last 30 min'],
  ['now-1h', 'Last 1 h'],
  ['now-3h', 'Last 3 h'],
  ['now-6h', 'Last 6 h'],
  ['now-12h', 'Last 12 h'],
  ['now-24h', 'Last 24 h'],
  ['now-2d', 'Last 2 days'],
  ['now-7d', 'Last 7 days'],
  ['now-30d', 'Last 30 days'],
];

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
  M: 30 * 86_400_000,
  y: 365 * 86_400_000,
};

/** Reads one end of a range; undefined when it is neither relative, nor Unix ms, nor a date. `isEnd` rounds `/d` up. */
export function parseInstant(
  text: string,
  now: number,
  isEnd = false,
  zone: Zone = 'local',
): number | undefined {
  const trimmed = text.trim();
  const relative = /^now(?:\s*([+-])\s*(\d+)([smhdwMy]))?(?:\/([smhdwMy]))?$/.exec(trimmed);
  if (relative) {
    const [, sign, count, unit, round] = relative;
    const shift = unit === undefined ? 0 : Number(count) * UNIT_MS[unit]! * (sign === '-' ? -1 : 1);
    return round === undefined ? now + shift : roundTo(now + shift, round, isEnd);
  }
  if (/^\d{9,}$/.test(trimmed)) return Number(trimmed);
  if (!/^\d{4}-\d{2}-\d{2}/.test(trimmed)) return undefined;
  const date = trimmed.length === 10 ? `${trimmed}T00:00:00` : trimmed.replace(' ', 'T');
  const isZoned = /([Zz]|[+-]\d{2}:?\d{2})$/.test(date.slice(11));
  const ms = Date.parse(zone === 'utc' && !isZoned ? `${date}Z` : date);
  return Number.isNaN(ms) ? undefined : ms;
}

/** Rounds to the start (or the end) of a local unit of the calendar. */
function roundTo(time: number, unit: string, up: boolean): number {
  const date = new Date(time);
  const add = up ? 1 : 0;
  const [y, mo, d] = [date.getFullYear(), date.getMonth(), date.getDate()];
  switch (unit) {
    case 'y':
      return new Date(y + add, 0, 1).getTime();
    case 'M':
      return new Date(y, mo + add, 1).getTime();
    case 'w':
      return new Date(y, mo, d - ((date.getDay() + 6) % 7) + 7 * add).getTime();
    case 'd':
      return new Date(y, mo, d + add).getTime();
    default:
      return (Math.floor(time / UNIT_MS[unit]!) + add) * UNIT_MS[unit]!;
  }
}

/** The range in Unix ms; a range that cannot be read or is empty becomes the default one. */
export function resolveRange(range: RangeText, now: number): ResolvedRange {
  const from = parseInstant(range.from, now);
  const to = parseInstant(range.to, now, true);
  if (from === undefined || to === undefined || from >= to) return { from: now - UNIT_MS.h!, to: now };
  return { from, to };
}

export function isRelative(range: RangeText): boolean {
  return range.to.trim() === 'now' && range.from.trim().startsWith('now-') && !range.from.includes('/');
}

/** "Last 6 h", or the two ends. */
export function describeRange(range: RangeText, now: number, zone: Zone = 'local'): string {
  const preset = range.to === 'now' ? PRESETS.find(([from]) => from === range.from) : undefined;
  if (preset) return preset[1];
  if (isRelative(range)) return `Last ${range.from.slice(4).replace(/(\d+)([a-zA-Z])/, '$1 $2')}`;
  const { from, to } = resolveRange(range, now);
  const a = stampText(from, zone);
  const b = stampText(to, zone);
  return `${a} – ${a.slice(0, 10) === b.slice(0, 10) ? b.slice(11) : b}`;
}

/** `2026-11-23 07:04`, with seconds when they are not zero. */
export function stampText(time: number, zone: Zone = 'local'): string {
  const text = clockOf(time, zone).toISOString().slice(0, 19).replace('T', ' ');
  return text.endsWith(':00') ? text.slice(0, -3) : text;
}

/** Reads a copied range: `A to B`, or the JSON that Grafana copies; undefined for any other text. */
export function pastedRange(text: string): RangeText | undefined {
  const words = /^\s*(\S.*?)\s+to\s+(\S.*?)\s*$/.exec(text);
  let given: { from?: unknown; to?: unknown } = words ? { from: words[1], to: words[2] } : {};
  if (text.trim().startsWith('{')) {
    try {
      given = JSON.parse(text) as typeof given;
    } catch {
      return undefined;
    }
  }
  const { from, to } = given;
  if (typeof from !== 'string' || typeof to !== 'string') return undefined;
  const isReadable = parseInstant(from, 0) !== undefined && parseInstant(to, 0) !== undefined;
  return isReadable ? { from, to } : undefined;
}

/** Moves a range by half its length; a relative one becomes absolute. */
export function shiftRange(range: RangeText, direction: -1 | 1, now: number): RangeText {
  const { from, to } = resolveRange(range, now);
  const by = ((to - from) / 2) * direction;
  return { from: String(Math.round(from + by)), to: String(Math.round(to + by)) };
}

/** Twice as long around the same middle; a relative one stays relative. */
export function widenRange(range: RangeText, now: number): RangeText {
  const { from, to } = resolveRange(range, now);
  if (isRelative(range)) return { from: `now-${Math.round(((to - from) * 2) / 1000)}s`, to: 'now' };
  const by = (to - from) / 2;
  return { from: String(Math.round(from - by)), to: String(Math.round(to + by)) };
}

/** A relative range written with the largest whole unit: `now-7200s` is `now-2h`. */
export function tidyRange(range: RangeText): RangeText {
  const match = /^now-(\d+)s$/.exec(range.from);
  if (!match) return range;
  const seconds = Number(match[1]);
  for (const unit of ['d', 'h', 'm'] as const) {
    const size = UNIT_MS[unit]! / 1000;
    const keepHours = unit === 'd' && seconds < 2 * size;
    if (seconds % size === 0 && !keepHours) return { from: `now-${seconds / size}${unit}`, to: range.to };
  }
  return range;
}
