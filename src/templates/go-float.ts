/** Decimal digits of a finite positive number: 0.d1d2d3… × 10^point. No zeros at the end; empty for zero. */
interface Decimal {
  readonly digits: string;
  readonly point: number;
}

export type FloatVerb = 'e' | 'E' | 'f' | 'F' | 'g' | 'G' | 'b' | 'x' | 'X';

/**
 * Writes a float64 as Go's strconv.FormatFloat does; a precision of -1 asks for the shortest text that reads back the same.
 * Rounds half to even on the exact decimal value, which JavaScript's toFixed does not.
 */
export function formatFloat(value: number, verb: FloatVerb, precision: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  const negative = value < 0 || Object.is(value, -0);
  return (negative ? '-' : '') + formatSize(Math.abs(value), verb, precision);
}

function formatSize(size: number, verb: FloatVerb, precision: number): string {
  switch (verb) {
    case 'b':
      return binary(size);
    case 'x':
      return hexadecimal(size, precision);
    case 'X':
      return hexadecimal(size, precision).toUpperCase();
    case 'e':
    case 'E': {
      const decimal = precision < 0 ? shortest(size) : roundDigits(exact(size), precision + 1);
      return scientific(decimal, precision < 0 ? decimal.digits.length - 1 : precision, verb);
    }
    case 'f':
    case 'F': {
      if (precision < 0) {
        const decimal = shortest(size);
        return plain(decimal, Math.max(decimal.digits.length - decimal.point, 0));
      }
      const decimal = exact(size);
      return plain(roundDigits(decimal, decimal.point + precision), precision);
    }
    default:
      return general(size, verb, precision);
  }
}

/** Exponent from which Go writes the shortest form with an exponent. */
const SHORTEST_THRESHOLD = 6;

function general(size: number, verb: 'g' | 'G', precision: number): string {
  const asked = precision === 0 ? 1 : precision;
  const decimal = asked < 0 ? shortest(size) : roundDigits(exact(size), asked);
  const count = decimal.digits.length;
  let threshold = asked;
  if (threshold > count && count >= decimal.point) threshold = count;
  if (asked < 0) threshold = SHORTEST_THRESHOLD;
  const exponent = decimal.point - 1;
  if (exponent < -4 || exponent >= threshold) {
    return scientific(decimal, Math.max(count - 1, 0), verb === 'g' ? 'e' : 'E');
  }
  return plain(decimal, Math.max(count - decimal.point, 0));
}

function scientific({ digits, point }: Decimal, fraction: number, verb: 'e' | 'E'): string {
  const first = digits[0] ?? '0';
  const rest = digits.slice(1, fraction + 1).padEnd(Math.max(fraction, 0), '0');
  const exponent = digits === '' ? 0 : point - 1;
  const size = String(Math.abs(exponent)).padStart(2, '0');
  return `${first}${rest === '' ? '' : `.${rest}`}${verb}${exponent < 0 ? '-' : '+'}${size}`;
}

function plain({ digits, point }: Decimal, fraction: number): string {
  const whole = point > 0 ? digits.slice(0, point).padEnd(point, '0') : '0';
  if (fraction <= 0) return whole;
  const lead = '0'.repeat(Math.min(Math.max(-point, 0), fraction));
  const rest = lead + digits.slice(Math.max(point, 0));
  return `${whole}.${rest.slice(0, fraction).padEnd(fraction, '0')}`;
}

const trimmed = (digits: string, point: number): Decimal => {
  const kept = digits.replace(/0+$/, '');
  return kept === '' ? { digits: '', point: 0 } : { digits: kept, point };
};

function shortest(size: number): Decimal {
  if (size === 0) return { digits: '', point: 0 };
  const [mantissa, exponent] = size.toExponential().split('e') as [string, string];
  return trimmed(mantissa.replace('.', ''), Number(exponent) + 1);
}

/** Mantissa and binary exponent: size = mantissa × 2^exponent. */
function split(size: number): { mantissa: bigint; exponent: number } {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, size);
  const raw = bits.getBigUint64(0);
  const exponent = Number((raw >> 52n) & 0x7ffn);
  const mantissa = raw & 0xfffffffffffffn;
  return exponent === 0
    ? { mantissa, exponent: -1074 }
    : { mantissa: mantissa | (1n << 52n), exponent: exponent - 1075 };
}

function exact(size: number): Decimal {
  if (size === 0) return { digits: '', point: 0 };
  const { mantissa, exponent } = split(size);
  if (exponent >= 0) {
    const digits = (mantissa << BigInt(exponent)).toString();
    return trimmed(digits, digits.length);
  }
  const digits = (mantissa * 5n ** BigInt(-exponent)).toString();
  return trimmed(digits, digits.length + exponent);
}

/** Keeps `count` digits, rounding half to even. */
function roundDigits(decimal: Decimal, count: number): Decimal {
  const { digits, point } = decimal;
  if (count >= digits.length) return decimal;
  if (count < 0) return { digits: '', point: 0 };
  const next = digits.charCodeAt(count) - 48;
  const isTie = next === 5 && count + 1 === digits.length;
  const isOdd = count > 0 && (digits.charCodeAt(count - 1) & 1) === 1;
  const up = isTie ? isOdd : next >= 5;
  const kept = digits.slice(0, count);
  if (!up) return trimmed(kept, point);
  const raised = (BigInt(kept === '' ? '0' : kept) + 1n).toString();
  const grown = raised.length > Math.max(kept.length, 0);
  if (kept === '') return { digits: '1', point: point + 1 };
  return trimmed(raised.padStart(kept.length, '0'), grown ? point + 1 : point);
}

function binary(size: number): string {
  const { mantissa, exponent } = split(size);
  return `${mantissa}p${exponent < 0 ? '-' : '+'}${Math.abs(exponent)}`;
}

function hexadecimal(size: number, precision: number): string {
  let { mantissa, exponent } = split(size);
  if (mantissa === 0n) return `0x0${precision > 0 ? `.${'0'.repeat(precision)}` : ''}p+00`;
  while (mantissa < 1n << 52n) {
    mantissa <<= 1n;
    exponent--;
  }
  if (precision >= 0 && precision < 13) {
    const drop = BigInt(4 * (13 - precision));
    const rest = mantissa & ((1n << drop) - 1n);
    const half = 1n << (drop - 1n);
    mantissa >>= drop;
    if (rest > half || (rest === half && (mantissa & 1n) === 1n)) mantissa++;
    mantissa <<= drop;
    if (mantissa >= 1n << 53n) {
      mantissa >>= 1n;
      exponent++;
    }
  }
  const power = exponent + 52;
  let fraction = (mantissa & ((1n << 52n) - 1n)).toString(16).padStart(13, '0');
  fraction =
    precision < 0 ? fraction.replace(/0+$/, '') : fraction.slice(0, precision).padEnd(precision, '0');
  const sign = power < 0 ? '-' : '+';
  return `0x1${fraction === '' ? '' : `.${fraction}`}p${sign}${String(Math.abs(power)).padStart(2, '0')}`;
}
