import type { Budget } from './budget.ts';
import { type FloatVerb, formatFloat } from './go-float.ts';
import { isPrintable, quoteGo } from './go-quote.ts';
import { GoDuration, GoTime } from './go-time.ts';
import { byteLength, GoEnum, GoList, GoMap, GoText, type GoValue, typeOf, typeText } from './go-value.ts';

/** As fmt.Sprint: operands one after another, a space between two of which neither is a string. */
export function sprint(args: readonly GoValue[], budget: Budget): string {
  const out = new Printer(budget);
  let previousIsString = false;
  args.forEach((arg, i) => {
    const isString = typeof arg === 'string';
    if (i > 0 && !isString && !previousIsString) out.write(' ');
    out.value(arg, 'v', PLAIN, 0);
    previousIsString = isString;
  });
  return out.text;
}

/** As fmt.Sprintln: a space between all operands, a line feed at the end. */
export function sprintln(args: readonly GoValue[], budget: Budget): string {
  const out = new Printer(budget);
  args.forEach((arg, i) => {
    if (i > 0) out.write(' ');
    out.value(arg, 'v', PLAIN, 0);
  });
  out.write('\n');
  return out.text;
}

interface Flags {
  readonly plus: boolean;
  /** The plus of `%+v`, which asks for names of fields, not for signs. */
  readonly plusV: boolean;
  readonly minus: boolean;
  readonly sharp: boolean;
  readonly space: boolean;
  readonly zero: boolean;
  readonly width: number | undefined;
  readonly precision: number | undefined;
}

const PLAIN: Flags = {
  plus: false,
  plusV: false,
  minus: false,
  sharp: false,
  space: false,
  zero: false,
  width: undefined,
  precision: undefined,
};

/** Widths and precisions beyond this are mistakes to Go. */
const MAX_WIDTH = 1_000_000;
const MAX_DEPTH = 100;

/** As fmt.Sprintf, mistakes included: `%!d(string=x)`, `%!d(MISSING)`, `%!(EXTRA int=1)`. */
export function sprintf(format: string, args: readonly GoValue[], budget: Budget): string {
  const out = new Printer(budget);
  let next = 0;
  let reordered = false;
  let goodIndex = true;
  let i = 0;

  const argumentIndex = (): boolean => {
    if (format[i] !== '[') return false;
    reordered = true;
    const close = format.indexOf(']', i);
    const digits = close < 0 ? '' : format.slice(i + 1, close);
    const index = /^\d+$/.test(digits) ? Number(digits) : 0;
    if (close < 0) {
      goodIndex = false;
      i++;
      return false;
    }
    i = close + 1;
    if (index < 1 || index > args.length) {
      goodIndex = false;
      return true;
    }
    next = index - 1;
    return true;
  };
  const number = (): number | undefined => {
    const digits = /^\d+/.exec(format.slice(i))?.[0];
    if (digits === undefined) return undefined;
    // Go reads on to the end in search of one that is not too large.
    if (Number(digits.slice(0, -1)) > MAX_WIDTH) {
      i = format.length;
      return undefined;
    }
    i += digits.length;
    return Number(digits);
  };
  const starred = (): number | undefined => {
    const arg = args[next++];
    return typeof arg === 'bigint' && arg >= -MAX_WIDTH && arg <= MAX_WIDTH ? Number(arg) : undefined;
  };

  while (i < format.length) {
    budget.step();
    const percent = format.indexOf('%', i);
    out.write(percent < 0 ? format.slice(i) : format.slice(i, percent));
    if (percent < 0) break;
    i = percent + 1;
    goodIndex = true;
    let afterIndex = false;
    const flags = { ...PLAIN } as { -readonly [K in keyof Flags]: Flags[K] };
    for (; i < format.length; i++) {
      const char = format[i];
      if (char === '#') flags.sharp = true;
      else if (char === '0') flags.zero = true;
      else if (char === '+') flags.plus = true;
      else if (char === '-') flags.minus = true;
      else if (char === ' ') flags.space = true;
      else break;
    }
    afterIndex = argumentIndex();
    if (format[i] === '*') {
      i++;
      flags.width = starred();
      if (flags.width === undefined) out.write('%!(BADWIDTH)');
      else if (flags.width < 0) {
        flags.width = -flags.width;
        flags.minus = true;
      }
      afterIndex = false;
    } else {
      flags.width = number();
      if (afterIndex && flags.width !== undefined) goodIndex = false;
      if (flags.width !== undefined && flags.width > MAX_WIDTH) flags.width = undefined;
    }
    if (format[i] === '.') {
      i++;
      if (afterIndex) goodIndex = false;
      afterIndex = argumentIndex();
      if (format[i] === '*') {
        i++;
        flags.precision = starred();
        if (flags.precision === undefined) out.write('%!(BADPREC)');
        else if (flags.precision < 0) {
          flags.precision = undefined;
          out.write('%!(BADPREC)');
        }
        afterIndex = false;
      } else flags.precision = number() ?? 0;
    }
    if (!afterIndex) argumentIndex();
    if (i >= format.length) {
      out.write('%!(NOVERB)');
      break;
    }
    const verb = String.fromCodePoint(format.codePointAt(i)!);
    i += verb.length;
    if (flags.minus) flags.zero = false;
    if (verb === 'v' && flags.plus) {
      flags.plus = false;
      flags.plusV = true;
    }
    if (verb === '%') out.write('%');
    else if (!goodIndex) out.write(`%!${verb}(BADINDEX)`);
    else if (next >= args.length) out.write(`%!${verb}(MISSING)`);
    else out.value(args[next++], verb, flags, 0);
  }
  if (!reordered && next < args.length) {
    out.write('%!(EXTRA ');
    args.slice(next).forEach((arg, k) => {
      if (k > 0) out.write(', ');
      if (arg === null || arg === undefined) out.write('<nil>');
      else {
        out.write(`${typeOf(arg)}=`);
        out.value(arg, 'v', PLAIN, 0);
      }
    });
    out.write(')');
  }
  return out.text;
}

/** As the `#` flag has it: always a decimal point, and of `g` the zeros at the end, too. */
function withPoint(text: string, verb: string, precision = -1): string {
  const size = text.replace(/^[-+]/, '');
  const tail = /[pPeE][-+]?\d+$/.exec(size)?.[0] ?? '';
  const digits = size.slice(0, size.length - tail.length);
  const wanted = 'gGx'.includes(verb) ? (precision < 0 ? 6 : precision) : 0;
  // A zero by itself counts as a digit, zeros before the first other one do not.
  const isLoneZero = digits === '0';
  const given = isLoneZero ? 1 : digits.replace('.', '').replace(/^0+/, '').length;
  const point = digits.includes('.') ? '' : '.';
  const zeros = '0'.repeat(Math.max(0, wanted - given));
  return `${text.slice(0, text.length - size.length)}${digits}${point}${zeros}${tail}`;
}

class Printer {
  readonly budget: Budget;
  #parts: string[] = [];
  #length = 0;

  constructor(budget: Budget) {
    this.budget = budget;
  }

  get text(): string {
    return this.#parts.join('');
  }

  write(text: string): void {
    this.#length += text.length;
    this.budget.text(this.#length, text.length);
    this.#parts.push(text);
  }

  value(value: GoValue, verb: string, flags: Flags, depth: number): void {
    this.budget.step();
    if (depth > MAX_DEPTH) throw new Error(`value is nested deeper than ${MAX_DEPTH}`);
    if (value === undefined || value === null) {
      if (verb === 'T' || verb === 'v') this.#pad('<nil>', flags);
      else this.write(`%!${verb}(<nil>)`);
      return;
    }
    if (verb === 'T') {
      this.#string(typeOf(value), 's', flags, value);
      return;
    }
    if (typeof value === 'boolean') {
      if (verb === 't' || verb === 'v') this.#pad(String(value), flags);
      else this.#bad(value, verb);
    } else if (typeof value === 'number') this.#float(value, verb, flags);
    else if (typeof value === 'bigint') this.#integer(value, verb, flags, value);
    else if (typeof value === 'string') this.#string(value, verb, flags, value);
    else if (value instanceof GoText) this.#string(value.value, verb, flags, value);
    else this.#composite(value, verb, flags, depth);
  }

  #composite(
    value: Exclude<GoValue, undefined | null | boolean | number | bigint | string | GoText>,
    verb: string,
    flags: Flags,
    depth: number,
  ): void {
    const isGoSyntax = verb === 'v' && flags.sharp;
    if (!isGoSyntax && 'vsxXq'.includes(verb)) {
      const text = textOf(value);
      if (text !== undefined) {
        this.#string(text, verb, flags, value);
        return;
      }
    }
    if (value instanceof GoDuration) {
      this.#integer(value.ns, verb, flags, value);
      return;
    }
    if (value instanceof GoEnum) {
      this.#integer(value.value, verb, flags, value);
      return;
    }
    if (value instanceof GoTime) {
      this.#bad(value, verb);
      return;
    }
    if (value instanceof GoMap) {
      this.write(isGoSyntax ? `${value.type}{` : 'map[');
      value.sortedKeys().forEach((key, i) => {
        if (i > 0) this.write(isGoSyntax ? ', ' : ' ');
        this.value(key, verb, flags, depth + 1);
        this.write(':');
        this.value(value.entries.get(key), verb, flags, depth + 1);
      });
      this.write(isGoSyntax ? '}' : ']');
    } else if (value instanceof GoList) {
      this.write(isGoSyntax ? `${value.type}{` : '[');
      value.items.forEach((item, i) => {
        if (i > 0) this.write(isGoSyntax ? ', ' : ' ');
        this.value(item, verb, flags, depth + 1);
      });
      this.write(isGoSyntax ? '}' : ']');
    } else {
      const named = flags.plusV || (verb === 'v' && flags.sharp);
      const isPointer = value.type.startsWith('*');
      this.write(isPointer ? '&' : '');
      this.write(isGoSyntax ? `${value.type.replace('*', '')}{` : '{');
      let i = 0;
      for (const [name, field] of value.fields) {
        if (i++ > 0) this.write(isGoSyntax ? ', ' : ' ');
        if (named) this.write(`${name}:`);
        this.value(field, verb, flags, depth + 1);
      }
      this.write('}');
    }
  }

  #float(value: number, verb: string, flags: Flags): void {
    let text: string;
    const precision = flags.precision;
    if (verb === 'v') text = formatFloat(value, 'g', precision ?? -1);
    else if ('eEfF'.includes(verb)) text = formatFloat(value, verb as FloatVerb, precision ?? 6);
    else if ('gGbxX'.includes(verb)) text = formatFloat(value, verb as FloatVerb, precision ?? -1);
    else {
      this.#bad(value, verb);
      return;
    }
    const isFiniteValue = Number.isFinite(value);
    if (flags.sharp && isFiniteValue && !'vb'.includes(verb)) text = withPoint(text, verb, precision);
    const signed = text[0] === '-' || text[0] === '+';
    let sign = signed ? text[0]! : '';
    const digits = signed ? text.slice(1) : text;
    if (sign === '' && flags.plus) sign = '+';
    if (sign === '' && flags.space) sign = ' ';
    // +Inf keeps its sign, but for a space in its place.
    if (sign === '+' && !flags.plus && flags.space) sign = ' ';
    if (flags.zero && isFiniteValue && flags.width !== undefined && !flags.minus) {
      this.write(sign + digits.padStart(flags.width - sign.length, '0'));
      return;
    }
    this.#pad(sign + digits, { ...flags, zero: false });
  }

  #integer(value: bigint, verb: string, flags: Flags, original: GoValue): void {
    if (verb === 'c') {
      this.#pad(runeText(value), flags);
      return;
    }
    if (verb === 'q') {
      if (value < 0n || value > MAX_RUNE) this.#bad(original, verb);
      else this.#pad(quoteGo(runeText(value), "'", flags.plus), flags);
      return;
    }
    if (verb === 'U') {
      const hex = BigInt.asUintN(64, value).toString(16).toUpperCase();
      const char = runeText(value);
      const shown = flags.sharp && isRune(value) && isPrintable(char) ? ` '${char}'` : '';
      this.#pad(`U+${hex.padStart(Math.max(flags.precision ?? 0, 4), '0')}${shown}`, {
        ...flags,
        zero: false,
      });
      return;
    }
    const radix = { d: 10, v: 10, b: 2, o: 8, O: 8, x: 16, X: 16 }[verb];
    if (radix === undefined) {
      this.#bad(original, verb);
      return;
    }
    if (flags.precision === 0 && value === 0n) {
      this.#pad('', { ...flags, zero: false });
      return;
    }
    let digits = (value < 0n ? -value : value).toString(radix);
    if (verb === 'X') digits = digits.toUpperCase();
    let sign = value < 0n ? '-' : flags.plus ? '+' : flags.space ? ' ' : '';
    if (flags.precision !== undefined) digits = digits.padStart(flags.precision, '0');
    else if (flags.zero && flags.width !== undefined) {
      digits = digits.padStart(flags.width - sign.length, '0');
    }
    if (flags.sharp) {
      if (verb === 'b') sign += '0b';
      else if (verb === 'o' && digits[0] !== '0') sign += '0';
      else if (verb === 'x' || verb === 'X') sign += `0${verb}`;
    }
    if (verb === 'O') sign += '0o';
    this.#pad(sign + digits, { ...flags, zero: false });
  }

  #string(text: string, verb: string, flags: Flags, original: GoValue): void {
    const cut = (value: string): string =>
      flags.precision === undefined ? value : [...value].slice(0, flags.precision).join('');
    switch (verb) {
      case 'v':
        this.#pad(flags.sharp ? quoteGo(text) : cut(text), flags);
        return;
      case 's': {
        this.#pad(cut(text), flags);
        return;
      }
      case 'q': {
        const kept = cut(text);
        if (flags.sharp && !/[`\p{Cc}]/u.test(kept.replaceAll('\t', ''))) {
          this.#pad(`\`${kept}\``, flags);
          return;
        }
        this.#pad(quoteGo(kept, '"', flags.plus), flags);
        return;
      }
      case 'x':
      case 'X': {
        const bytes = Buffer.from(text).subarray(0, flags.precision ?? Number.POSITIVE_INFINITY);
        const pairs = [...bytes].map((byte) => byte.toString(16).padStart(2, '0'));
        const prefix = flags.sharp ? '0x' : '';
        const hex = flags.space
          ? pairs.map((pair) => prefix + pair).join(' ')
          : pairs.length > 0
            ? prefix + pairs.join('')
            : '';
        this.#pad(verb === 'X' ? hex.toUpperCase() : hex, flags);
        return;
      }
      default:
        this.#bad(original, verb);
    }
  }

  #bad(value: GoValue, verb: string): void {
    this.write(`%!${verb}(${typeOf(value)}=`);
    this.value(value, 'v', PLAIN, 0);
    this.write(')');
  }

  #pad(text: string, flags: Flags): void {
    const missing = (flags.width ?? 0) - [...text].length;
    if (missing <= 0) {
      this.write(text);
      return;
    }
    this.budget.text(missing);
    if (flags.minus) this.write(text + ' '.repeat(missing));
    else this.write((flags.zero ? '0' : ' ').repeat(missing) + text);
  }
}

/** What a value's String method gives, if it has one. */
function textOf(value: GoValue): string | undefined {
  if (value instanceof GoDuration || value instanceof GoTime) return value.toString();
  if (value instanceof GoEnum) return value.text;
  if (value instanceof GoMap || value instanceof GoList) return value.text?.();
  return undefined;
}

/** Length as the builtin `len` gives it, or undefined when the value has none. */
export function lengthOf(value: GoValue): number | undefined {
  if (typeof value === 'string') return byteLength(value);
  if (value instanceof GoText) return byteLength(value.value);
  if (value instanceof GoMap) return value.entries.size;
  if (value instanceof GoList) return value.items.length;
  return undefined;
}

/** Name of a type in Go's error texts. */
export const shownType = (value: GoValue): string =>
  value === null || value === undefined ? 'nil' : typeText(typeOf(value));

const MAX_RUNE = 0x10ffffn;

const isRune = (value: bigint): boolean =>
  value >= 0n && value <= MAX_RUNE && !(value >= 0xd800n && value < 0xe000n);

const runeText = (value: bigint): string => (isRune(value) ? String.fromCodePoint(Number(value)) : '\ufffd');
