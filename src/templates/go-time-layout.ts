import { type CivilTime, instant, MONTHS, WEEKDAYS } from './go-civil.ts';
import { fixedZone, type Zone, zoneNamed } from './go-zone.ts';

/** Pieces of Go's reference time, longest first where one starts with another. */
const PIECES =
  /January|Jan|Monday|Mon|MST|2006|-07:00:00|-070000|-07:00|-0700|-07|Z07:00:00|Z070000|Z07:00|Z0700|Z07|002|01|02|03|04|05|06|15|__2|_2|PM|pm|[.,](?:0+|9+)(?!\d)|1|2|3|4|5/g;

/** Formats as time.Time.Format does: the layout is the reference time `Mon Jan 2 15:04:05 MST 2006` as it should look. */
export function formatTime(parts: CivilTime, layout: string): string {
  let out = '';
  let last = 0;
  for (const match of layout.matchAll(PIECES)) {
    const piece = match[0];
    if (!isPiece(piece, layout, match.index)) continue;
    out += layout.slice(last, match.index) + shown(piece, parts);
    last = match.index + piece.length;
  }
  return out + layout.slice(last);
}

/** "Jan" and "Mon" are not pieces inside a word of lower case letters, "_2006" is an underscore and a year. */
function isPiece(piece: string, layout: string, at: number): boolean {
  const next = layout[at + piece.length] ?? '';
  if (piece === 'Jan' || piece === 'Mon') return !(next >= 'a' && next <= 'z');
  if (piece === '_2') return !layout.startsWith('_2006', at);
  return true;
}

const two = (value: number): string => String(value).padStart(2, '0');

function shown(piece: string, t: CivilTime): string {
  switch (piece) {
    case 'January':
      return MONTHS[t.month - 1]!;
    case 'Jan':
      return MONTHS[t.month - 1]!.slice(0, 3);
    case 'Monday':
      return WEEKDAYS[t.weekday]!;
    case 'Mon':
      return WEEKDAYS[t.weekday]!.slice(0, 3);
    case 'MST':
      return t.abbreviation || offset('-0700', t.offsetSeconds);
    case '2006':
      return t.year < 0 ? `-${String(-t.year).padStart(4, '0')}` : String(t.year).padStart(4, '0');
    case '06':
      return two(((t.year % 100) + 100) % 100);
    case '01':
      return two(t.month);
    case '1':
      return String(t.month);
    case '02':
      return two(t.day);
    case '_2':
      return String(t.day).padStart(2, ' ');
    case '2':
      return String(t.day);
    case '002':
      return String(t.yearDay).padStart(3, '0');
    case '__2':
      return String(t.yearDay).padStart(3, ' ');
    case '15':
      return two(t.hour);
    case '03':
      return two(t.hour % 12 || 12);
    case '3':
      return String(t.hour % 12 || 12);
    case '04':
      return two(t.minute);
    case '4':
      return String(t.minute);
    case '05':
      return two(t.second);
    case '5':
      return String(t.second);
    case 'PM':
      return t.hour >= 12 ? 'PM' : 'AM';
    case 'pm':
      return t.hour >= 12 ? 'pm' : 'am';
    default:
      return piece[0] === '.' || piece[0] === ','
        ? fraction(piece, t.nanosecond)
        : offset(piece, t.offsetSeconds);
  }
}

/** `.000` keeps zeros, `.999` drops those at the end, and the point with them. */
function fraction(piece: string, nanosecond: number): string {
  const digits = String(nanosecond)
    .padStart(9, '0')
    .slice(0, piece.length - 1)
    .padEnd(piece.length - 1, '0');
  if (piece[1] === '0') return piece[0] + digits;
  const kept = digits.replace(/0+$/, '');
  return kept === '' ? '' : piece[0] + kept;
}

function offset(piece: string, seconds: number): string {
  if (piece[0] === 'Z' && seconds === 0) return 'Z';
  const size = Math.abs(seconds);
  const fields = [two(Math.floor(size / 3600)), two(Math.floor((size % 3600) / 60)), two(size % 60)];
  const colon = piece.includes(':');
  const digits = piece.replace(/\D/g, '').length;
  return (seconds < 0 ? '-' : '+') + fields.slice(0, digits / 2).join(colon ? ':' : '');
}

/** Pieces as they are read, one after the other and without going back, as Go does. */
const READ: Readonly<Record<string, RegExp>> = Object.fromEntries(
  Object.entries({
    January: `(?<month>${MONTHS.join('|')})`,
    Jan: `(?<month>${MONTHS.map((name) => name.slice(0, 3)).join('|')})`,
    Monday: `(?:${WEEKDAYS.join('|')})`,
    Mon: `(?:${WEEKDAYS.map((name) => name.slice(0, 3)).join('|')})`,
    MST: '(?<zone>[A-Z]{3,5}|[+-]\\d\\d(?:\\d\\d)?)',
    '2006': '(?<year>\\d{4})',
    '06': '(?<yy>\\d\\d)',
    '01': '(?<mm>\\d\\d)',
    '1': '(?<mm>\\d\\d?)',
    '02': '(?<dd>\\d\\d)',
    _2: '(?<dd> ?\\d\\d?)',
    '2': '(?<dd>\\d\\d?)',
    '002': '(?<yday>\\d{3})',
    __2: '(?<yday> {0,2}\\d{1,3})',
    '15': '(?<hour>\\d\\d)',
    '03': '(?<hour>\\d\\d)',
    '3': '(?<hour>\\d\\d?)',
    '04': '(?<min>\\d\\d)',
    '4': '(?<min>\\d\\d?)',
    '05': '(?<sec>\\d\\d)(?<frac>[.,]\\d+)?',
    '5': '(?<sec>\\d\\d?)(?<frac>[.,]\\d+)?',
    PM: '(?<half>AM|PM)',
    pm: '(?<half>am|pm)',
    '-0700': '(?<off>[+-]\\d{4})',
    '-07:00': '(?<off>[+-]\\d\\d:\\d\\d)',
    '-07': '(?<off>[+-]\\d\\d)',
    '-070000': '(?<off>[+-]\\d{6})',
    '-07:00:00': '(?<off>[+-]\\d\\d:\\d\\d:\\d\\d)',
    Z0700: '(?<off>Z|[+-]\\d{4})',
    'Z07:00': '(?<off>Z|[+-]\\d\\d:\\d\\d)',
    Z07: '(?<off>Z|[+-]\\d\\d)',
    Z070000: '(?<off>Z|[+-]\\d{6})',
    'Z07:00:00': '(?<off>Z|[+-]\\d\\d:\\d\\d:\\d\\d)',
  }).map(([piece, pattern]) => [piece, new RegExp(pattern, 'y')]),
);
const FRACTION = /(?<frac>[.,]\d+)?/y;

export interface ParsedTime {
  readonly ns: bigint;
  readonly zone: Zone;
}

/**
 * Reads a time as time.ParseInLocation does with UTC.
 * @throws Error with Go's text when it does not fit the layout
 */
export function parseTime(layout: string, text: string): ParsedTime {
  const fail = (what: string) =>
    new Error(`parsing time ${JSON.stringify(text)} as ${JSON.stringify(layout)}: ${what}`);
  const found = fieldsOf(layout, text);
  if (!found) throw fail(`cannot parse ${JSON.stringify(text)} as ${JSON.stringify(layout)}`);
  const number = (name: string): number | undefined =>
    found[name] === undefined ? undefined : Number(found[name]);
  const yy = number('yy');
  const year = number('year') ?? (yy === undefined ? 0 : yy >= 69 ? 1900 + yy : 2000 + yy);
  const yearDay = number('yday');
  const month = yearDay !== undefined ? 1 : (number('mm') ?? monthOf(found) ?? 1);
  const day = yearDay ?? number('dd') ?? 1;
  let hour = number('hour') ?? 0;
  const half = found.half?.toUpperCase();
  if (half === 'PM' && hour < 12) hour += 12;
  if (half === 'AM' && hour === 12) hour = 0;
  const clock = {
    hour,
    minute: number('min') ?? 0,
    second: number('sec') ?? 0,
    nanosecond: Number((found.frac ?? '').slice(1, 10).padEnd(9, '0')),
  };
  if (month < 1 || month > 12) throw fail('month out of range');
  if (clock.hour > 23) throw fail('hour out of range');
  if (clock.minute > 59) throw fail('minute out of range');
  if (clock.second > 59) throw fail('second out of range');
  const days = yearDay !== undefined ? 366 : new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();
  if (day < 1 || day > days) throw fail('day out of range');
  const zone = zoneOf(found);
  return { ns: instant(zone, year, month, day, clock), zone };
}

type Fields = Record<string, string | undefined>;

/** What the text holds at the places of the layout; undefined when it does not fit. */
function fieldsOf(layout: string, text: string): Fields | undefined {
  const found: Fields = {};
  let last = 0;
  let at = 0;
  const isLiteral = (part: string): boolean => {
    if (!text.startsWith(part, at)) return false;
    at += part.length;
    return true;
  };
  for (const match of layout.matchAll(PIECES)) {
    const piece = match[0];
    if (!isPiece(piece, layout, match.index)) continue;
    if (!isLiteral(layout.slice(last, match.index))) return undefined;
    last = match.index + piece.length;
    const pattern = piece[0] === '.' || piece[0] === ',' ? FRACTION : READ[piece]!;
    pattern.lastIndex = at;
    const read = pattern.exec(text);
    if (!read) return undefined;
    at += read[0].length;
    for (const [name, value] of Object.entries(read.groups ?? {})) {
      if (value !== undefined) found[name] = value;
    }
  }
  return isLiteral(layout.slice(last)) && at === text.length ? found : undefined;
}

function monthOf(found: Fields): number | undefined {
  const name = found.month;
  if (name === undefined) return undefined;
  return MONTHS.findIndex((month) => month.startsWith(name)) + 1;
}

function zoneOf(found: Fields): Zone {
  const text = found.off;
  if (text === undefined || text === 'Z') {
    const name = found.zone;
    return name === undefined || name === 'UTC' ? zoneNamed('UTC') : fixedZone(name, 0);
  }
  const digits = text.replace(/\D/g, '').padEnd(6, '0');
  const seconds =
    Number(digits.slice(0, 2)) * 3600 + Number(digits.slice(2, 4)) * 60 + Number(digits.slice(4));
  if (seconds === 0) return zoneNamed('UTC');
  return fixedZone('', text[0] === '-' ? -seconds : seconds);
}
