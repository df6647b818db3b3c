/** A time zone by its IANA name; `UTC` and `Local` are themselves, `+0230` style names are fixed offsets. */
export interface Zone {
  readonly name: string;
  readonly fixedSeconds?: number;
}

/** Abbreviations that the tz database has and Intl does not know, by zone and offset in seconds. */
const ABBREVIATIONS: Readonly<Record<string, string>> = {
  'Asia/Shanghai+28800': 'CST',
  'Asia/Chongqing+28800': 'CST',
  'Asia/Harbin+28800': 'CST',
  'Asia/Taipei+28800': 'CST',
  'Asia/Macau+28800': 'CST',
  'PRC+28800': 'CST',
  'Asia/Hong_Kong+28800': 'HKT',
  'Asia/Tokyo+32400': 'JST',
  'Japan+32400': 'JST',
  'Asia/Seoul+32400': 'KST',
  'Asia/Manila+28800': 'PST',
  'Asia/Jakarta+25200': 'WIB',
  'Asia/Makassar+28800': 'WITA',
  'Asia/Jayapura+32400': 'WIT',
  'Asia/Kolkata+19800': 'IST',
  'Asia/Calcutta+19800': 'IST',
  'Asia/Karachi+18000': 'PKT',
  'Asia/Jerusalem+7200': 'IST',
  'Asia/Jerusalem+10800': 'IDT',
  'Europe/Moscow+10800': 'MSK',
  'Europe/Minsk+10800': '+03',
  'Europe/Dublin+3600': 'IST',
  'Europe/Dublin+0': 'GMT',
  'Africa/Johannesburg+7200': 'SAST',
  'Africa/Lagos+3600': 'WAT',
  'Africa/Nairobi+10800': 'EAT',
  'Africa/Cairo+7200': 'EET',
  'Africa/Cairo+10800': 'EEST',
  'Pacific/Auckland+43200': 'NZST',
  'Pacific/Auckland+46800': 'NZDT',
  'America/Havana-18000': 'CST',
  'America/Havana-14400': 'CDT',
};

/** Locales that between them know the letters of most zones that have any. */
const LOCALES = ['en-US', 'en-GB', 'en-AU', 'en-CA'] as const;

const UTC: Zone = { name: 'UTC' };

/** @throws Error with Go's text when no such zone is known */
export function zoneNamed(name: string): Zone {
  if (name === 'UTC' || name === '') return UTC;
  if (name === 'Local') return { name: Intl.DateTimeFormat().resolvedOptions().timeZone };
  if (!/^[A-Za-z][\w+/-]*$/.test(name)) throw new Error(`unknown time zone ${name}`);
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name });
  } catch {
    throw new Error(`unknown time zone ${name}`);
  }
  return { name };
}

export const fixedZone = (name: string, seconds: number): Zone => ({ name, fixedSeconds: seconds });

export interface ZoneOffset {
  /** East of UTC. */
  readonly offsetSeconds: number;
  /** What the layout `MST` prints. */
  readonly abbreviation: string;
}

/** Offset in force at an instant, Unix seconds. */
export function offsetAt(zone: Zone, seconds: number): ZoneOffset {
  if (zone.fixedSeconds !== undefined) {
    return { offsetSeconds: zone.fixedSeconds, abbreviation: zone.name };
  }
  if (zone.name === 'UTC') return { offsetSeconds: 0, abbreviation: 'UTC' };
  const date = new Date(seconds * 1000);
  const offsetSeconds = offsetOf(zone.name, date);
  return { offsetSeconds, abbreviation: abbreviationOf(zone.name, date, offsetSeconds) };
}

function offsetOf(zone: string, date: Date): number {
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
  const text = partOf(format, date);
  const match = /^GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(text);
  if (!match) throw new Error(`time zone ${zone} has the offset ${JSON.stringify(text)}, which is none`);
  if (!match[1]) return 0;
  const size = Number(match[2]) * 3600 + Number(match[3]) * 60 + Number(match[4] ?? 0);
  return match[1] === '-' ? -size : size;
}

function abbreviationOf(zone: string, date: Date, offset: number): string {
  const known = ABBREVIATIONS[`${zone}${offset < 0 ? '' : '+'}${offset}`];
  if (known) return known;
  for (const locale of LOCALES) {
    const text = partOf(new Intl.DateTimeFormat(locale, { timeZone: zone, timeZoneName: 'short' }), date);
    if (/^[A-Z]{2,5}$/.test(text)) return text;
  }
  const size = Math.abs(offset);
  const hours = String(Math.floor(size / 3600)).padStart(2, '0');
  const minutes = Math.floor((size % 3600) / 60);
  return `${offset < 0 ? '-' : '+'}${hours}${minutes === 0 ? '' : String(minutes).padStart(2, '0')}`;
}

const partOf = (format: Intl.DateTimeFormat, date: Date): string =>
  format.formatToParts(date).find((part) => part.type === 'timeZoneName')?.value ?? '';
