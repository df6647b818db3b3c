/** A number as people read it; the unit is set apart because it is drawn small and dim. */
export interface Formatted {
  readonly text: string;
  /** With the space or none that belongs before it left to the style; empty for a bare number. */
  readonly unit: string;
}

type Format = (value: number, decimals: number | undefined) => Formatted;

/**
 * Writes a value in a unit of Grafana's catalogue; an unknown id is a suffix, as there. Decimals are chosen to show three
 * figures unless given.
 */
export function formatValue(value: number | null | undefined, unit = '', decimals?: number): Formatted {
  if (value === null || value === undefined || Number.isNaN(value)) return { text: '–', unit: '' };
  if (!Number.isFinite(value)) return { text: value > 0 ? '∞' : '−∞', unit: '' };
  return ((Object.hasOwn(FORMATS, unit) && FORMATS[unit]) || customFormat(unit))(value, decimals);
}

/** The same on one line, for axes, tooltips and titles. */
export function valueText(value: number | null | undefined, unit = '', decimals?: number): string {
  const { text, unit: suffix } = formatValue(value, unit, decimals);
  if (suffix === '') return text;
  return suffix === '%' || suffix === '°' ? `${text} ${suffix}` : `${text} ${suffix}`;
}

/** Three figures by default: 1.23, 12.3, 123, 1,234; a true minus sign, thousands set apart. */
export function formatNumber(value: number, decimals?: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e15 || size < 1e-4) && decimals === undefined)
    return minus(value.toExponential(2));
  const shown = decimals ?? automaticDecimals(size);
  const fixed = value.toFixed(Math.min(shown, 20));
  const trimmed = decimals === undefined && fixed.includes('.') ? fixed.replace(/\.?0+$/, '') : fixed;
  const [whole = '0', fraction] = trimmed.split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ',');
  const text = fraction === undefined ? grouped : `${grouped}.${fraction}`;
  return minus(/^-0(\.0*)?$/.test(text) ? text.slice(1) : text);
}

const minus = (text: string): string => (text.startsWith('-') ? `−${text.slice(1)}` : text);

function automaticDecimals(size: number): number {
  if (size >= 100 || size === 0) return 0;
  if (size >= 10) return 1;
  if (size >= 1) return 2;
  return Math.min(6, 2 - Math.floor(Math.log10(size)));
}

const SI = ['', 'k', 'M', 'G', 'T', 'P', 'E'];
const IEC = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

/** Scales by powers of `base`; `start` is the prefix the value already has. */
function scaled(base: number, prefixes: readonly string[], suffix: string, start = 0): Format {
  return (value, decimals) => {
    let power = start;
    let rest = value;
    while (Math.abs(rest) >= base && power < prefixes.length - 1) {
      rest /= base;
      power++;
    }
    while (power > 0 && rest !== 0 && Math.abs(rest) < 1) {
      rest *= base;
      power--;
    }
    if (rest === 0) power = 0;
    return { text: formatNumber(rest, decimals), unit: prefixes[power] + suffix };
  };
}

const suffixed =
  (suffix: string, factor = 1): Format =>
  (value, decimals) => ({ text: formatNumber(value * factor, decimals), unit: suffix });

const prefixed =
  (prefix: string): Format =>
  (value, decimals) => ({ text: prefix + formatNumber(value, decimals), unit: '' });

/** Rates and counts: scaled like bare numbers, the unit after the prefix ("1.2 k req/s"). */
const counted =
  (suffix: string): Format =>
  (value, decimals) => {
    const short = scaled(1000, SI, '')(value, decimals);
    return { text: short.text, unit: short.unit === '' ? suffix : `${short.unit} ${suffix}`.trim() };
  };

const TIME_STEPS: readonly (readonly [seconds: number, unit: string])[] = [
  [1e-9, 'ns'],
  [1e-6, 'µs'],
  [1e-3, 'ms'],
  [1, 's'],
  [60, 'min'],
  [3600, 'h'],
  [86_400, 'd'],
  [31_536_000, 'y'],
];

/** One unit of time, the largest that keeps the number at 1 or more. */
const timed =
  (secondsEach: number): Format =>
  (value, decimals) => {
    const seconds = value * secondsEach;
    const size = Math.abs(seconds);
    if (size === 0) return { text: '0', unit: TIME_STEPS.find(([s]) => s === secondsEach)?.[1] ?? 's' };
    let step = TIME_STEPS[0]!;
    for (const candidate of TIME_STEPS) if (size >= candidate[0] * 0.9999995) step = candidate;
    return { text: formatNumber(seconds / step[0], decimals), unit: step[1] };
  };

/** Hours, minutes and seconds as on a clock, days before them. */
const clocked =
  (secondsEach: number): Format =>
  (value) => {
    const total = Math.round(Math.abs(value * secondsEach));
    const two = (n: number): string => String(n).padStart(2, '0');
    const days = Math.floor(total / 86_400);
    const text = `${two(Math.floor((total % 86_400) / 3600))}:${two(Math.floor((total % 3600) / 60))}:${two(total % 60)}`;
    return { text: `${value < 0 ? '−' : ''}${days > 0 ? `${days} d ` : ''}${text}`, unit: '' };
  };

const dated =
  (write: (date: Date) => string): Format =>
  (value) => ({ text: write(new Date(value)), unit: '' });

const two = (n: number): string => String(n).padStart(2, '0');
const isoLocal = (d: Date): string =>
  `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())} ${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;

const boolean =
  (yes: string, no: string): Format =>
  (value) => ({ text: value === 0 ? no : yes, unit: '' });

const FORMATS: Readonly<Record<string, Format>> = {
  '': (value, decimals) => ({ text: formatNumber(value, decimals), unit: '' }),
  none: (value, decimals) => ({ text: formatNumber(value, decimals), unit: '' }),
  locale: (value, decimals) => ({ text: formatNumber(value, decimals), unit: '' }),
  string: (value, decimals) => ({ text: formatNumber(value, decimals), unit: '' }),
  short: scaled(1000, SI, ''),
  sishort: scaled(1000, SI, ''),
  percent: suffixed('%'),
  percentunit: suffixed('%', 100),
  humidity: suffixed('%H'),
  bits: scaled(1024, IEC, 'b'),
  decbits: scaled(1000, SI, 'b'),
  bytes: scaled(1024, IEC, 'B'),
  kbytes: scaled(1024, IEC, 'B', 1),
  mbytes: scaled(1024, IEC, 'B', 2),
  gbytes: scaled(1024, IEC, 'B', 3),
  tbytes: scaled(1024, IEC, 'B', 4),
  decbytes: scaled(1000, SI, 'B'),
  deckbytes: scaled(1000, SI, 'B', 1),
  decmbytes: scaled(1000, SI, 'B', 2),
  decgbytes: scaled(1000, SI, 'B', 3),
  binBps: scaled(1024, IEC, 'B/s'),
  binbps: scaled(1024, IEC, 'b/s'),
  Bps: scaled(1000, SI, 'B/s'),
  bps: scaled(1000, SI, 'b/s'),
  KBs: scaled(1000, SI, 'B/s', 1),
  KiBs: scaled(1024, IEC, 'B/s', 1),
  Kbits: scaled(1000, SI, 'b/s', 1),
  Kibits: scaled(1024, IEC, 'b/s', 1),
  MBs: scaled(1000, SI, 'B/s', 2),
  MiBs: scaled(1024, IEC, 'B/s', 2),
  Mbits: scaled(1000, SI, 'b/s', 2),
  Mibits: scaled(1024, IEC, 'b/s', 2),
  GBs: scaled(1000, SI, 'B/s', 3),
  GiBs: scaled(1024, IEC, 'B/s', 3),
  Gbits: scaled(1000, SI, 'b/s', 3),
  pps: counted('p/s'),
  ops: counted('ops/s'),
  reqps: counted('req/s'),
  rps: counted('rd/s'),
  wps: counted('wr/s'),
  iops: counted('io/s'),
  cps: counted('c/s'),
  eps: counted('ev/s'),
  mps: counted('msg/s'),
  recps: counted('rec/s'),
  rowsps: counted('rows/s'),
  opm: counted('ops/min'),
  rpm: counted('rd/min'),
  wpm: counted('wr/min'),
  cpm: counted('c/min'),
  reqpm: counted('req/min'),
  hertz: scaled(1000, SI, 'Hz'),
  rotrpm: suffixed('rpm'),
  rothz: suffixed('Hz'),
  rotmhz: scaled(1000, SI, 'Hz', 2),
  ns: timed(1e-9),
  µs: timed(1e-6),
  us: timed(1e-6),
  ms: timed(1e-3),
  s: timed(1),
  m: timed(60),
  h: timed(3600),
  d: timed(86_400),
  dtdurations: clocked(1),
  dtdurationms: clocked(1e-3),
  dthms: clocked(1),
  dtdhms: clocked(1),
  clocks: clocked(1),
  clockms: clocked(1e-3),
  timeticks: clocked(0.01),
  celsius: suffixed('°C'),
  fahrenheit: suffixed('°F'),
  kelvin: suffixed('K'),
  watt: scaled(1000, SI, 'W'),
  kwatt: scaled(1000, SI, 'W', 1),
  watth: scaled(1000, SI, 'Wh'),
  kwatth: scaled(1000, SI, 'Wh', 1),
  joule: scaled(1000, SI, 'J'),
  volt: scaled(1000, SI, 'V'),
  amp: scaled(1000, SI, 'A'),
  dBm: suffixed('dBm'),
  dB: suffixed('dB'),
  degree: suffixed('°'),
  pressurehpa: suffixed('hPa'),
  lengthm: scaled(1000, SI, 'm'),
  currencyUSD: prefixed('$'),
  currencyEUR: prefixed('€'),
  currencyGBP: prefixed('£'),
  currencyJPY: prefixed('¥'),
  currencyBTC: prefixed('฿'),
  bool: boolean('true', 'false'),
  bool_yes_no: boolean('yes', 'no'),
  bool_on_off: boolean('on', 'off'),
  dateTimeAsIso: dated(isoLocal),
  dateTimeAsIsoNoDateIfToday: dated(isoLocal),
  dateTimeAsSystem: dated(isoLocal),
  dateTimeAsLocal: dated(isoLocal),
  dateTimeAsUS: dated(isoLocal),
  dateTimeAsUSNoDateIfToday: dated(isoLocal),
  hex: (value) => ({ text: Math.round(value).toString(16), unit: '' }),
  sci: (value) => ({ text: minus(value.toExponential(2)), unit: '' }),
};

/** `prefix:x`, `suffix:x`, `si:x`, `count:x`, `currency:x`, and any other text, which simply follows the number. */
function customFormat(id: string): Format {
  const match = /^(prefix|suffix|si|count|currency|time):(.*)$/s.exec(id);
  if (!match) return suffixed(id.trim());
  const [, kind, text = ''] = match;
  switch (kind) {
    case 'prefix':
    case 'currency':
      return prefixed(text);
    case 'si':
      return scaled(1000, SI, text);
    case 'count':
      return counted(text);
    case 'time':
      return dated(isoLocal);
    default:
      return suffixed(text.trim());
  }
}
