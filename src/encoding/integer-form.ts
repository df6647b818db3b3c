import { wordsOf } from '../model/sample.ts';

/**
 * How a column's floats are computed back from integers `m`. Each is one exact sequence of float operations, so that a value
 * has a form exactly when the operations give back its bits. `decimal` is how decimal text is read; `product` and `thousands` are
 * how exporters convert ticks and microseconds; `binary` covers page counts and sums of halves. Numbers reach the disk.
 */
export const IntegerForm = { plain: 0, decimal: 1, product: 2, thousands: 3, binary: 4 } as const;
export type IntegerForm = (typeof IntegerForm)[keyof typeof IntegerForm];

export interface FormChoice {
  readonly form: IntegerForm;
  /** Powers of ten for `decimal` and `product`, of two for `binary`; otherwise 0. */
  readonly exponent: number;
  /** Values that the form does not give back; they are stored beside it. */
  readonly exceptions: readonly number[];
}

/** Largest integer in a column: sums and differences of two stay exact, and zigzag coding too. */
const MAX_INTEGER = 2 ** 48;
const MAX_DECIMALS = 15;
const MAX_PRODUCT = 9;
/** Values tried before a form is given up without reading the whole column. */
const PROBE = 12;

/** Powers of ten that are exact in a double. */
const POW10 = Float64Array.from({ length: 23 }, (_, e) => Number(`1e${e}`));
/** The doubles nearest to 10^-e, as a source text `0.001` gives them. */
const INVERSE_POW10 = Float64Array.from({ length: 23 }, (_, e) => Number(`1e-${e}`));

/** Computes the values of a form in place. `exponent` as stored. */
export function applyForm(
  form: IntegerForm,
  exponent: number,
  values: Float64Array,
  from: number,
  to: number,
): void {
  switch (form) {
    case IntegerForm.plain:
      return;
    case IntegerForm.decimal: {
      const power = POW10[exponent]!;
      for (let i = from; i < to; i++) values[i] = values[i]! / power;
      return;
    }
    case IntegerForm.product: {
      const power = INVERSE_POW10[exponent]!;
      for (let i = from; i < to; i++) values[i] = values[i]! * power;
      return;
    }
    case IntegerForm.thousands:
      for (let i = from; i < to; i++) values[i] = values[i]! / 1000 / 1000;
      return;
    case IntegerForm.binary: {
      const power = 2 ** exponent;
      for (let i = from; i < to; i++) values[i] = values[i]! * power;
      return;
    }
  }
}

/** Whether a form is stored with an exponent. */
export const hasExponent = (form: IntegerForm): boolean =>
  form !== IntegerForm.plain && form !== IntegerForm.thousands;

/** Whether stored form and exponent are ones that `chooseForm` makes. */
export function isKnownForm(form: number, exponent: number): form is IntegerForm {
  switch (form) {
    case IntegerForm.plain:
    case IntegerForm.thousands:
      return exponent === 0;
    case IntegerForm.decimal:
      return exponent >= 1 && exponent <= MAX_DECIMALS;
    case IntegerForm.product:
      return exponent >= 1 && exponent <= MAX_PRODUCT;
    case IntegerForm.binary:
      return exponent >= -1074 && exponent <= 1023;
    default:
      return false;
  }
}

/**
 * Finds integers from which `values` can be computed back bit by bit and writes them to the start of `integers`; at an exception the integer
 * before it is repeated. Undefined when no form fits all but a sixteenth (at least two) of the values.
 */
export function chooseForm(values: Float64Array, integers: Float64Array): FormChoice | undefined {
  const count = values.length;
  const allowed = Math.max(2, count >> 4);
  const plain = fitForm(values, integers, allowed, IntegerForm.plain, 0);
  if (plain) return quantised(values, integers, plain) ?? plain;
  const decimals = decimalsOf(values, allowed);
  if (decimals > 0) {
    const decimal = fitForm(values, integers, allowed, IntegerForm.decimal, decimals);
    if (decimal) return decimal;
  }
  for (let e = 1; e <= MAX_PRODUCT; e++) {
    if (!probe(values, IntegerForm.product, e)) continue;
    const product = fitForm(values, integers, allowed, IntegerForm.product, e);
    if (product) return product;
  }
  if (probe(values, IntegerForm.thousands, 0)) {
    const thousands = fitForm(values, integers, allowed, IntegerForm.thousands, 0);
    if (thousands) return thousands;
  }
  const power = lowestBit(values);
  return power === undefined ? undefined : fitForm(values, integers, allowed, IntegerForm.binary, power);
}

/** The integer that `form` turns into `value`, or undefined; -0, NaN and infinities have none. */
function integerOf(value: number, form: IntegerForm, exponent: number): number | undefined {
  let integer: number;
  let back: number;
  switch (form) {
    case IntegerForm.plain:
      integer = Math.trunc(value);
      back = integer;
      break;
    case IntegerForm.decimal:
      integer = Math.round(value * POW10[exponent]!);
      back = integer / POW10[exponent]!;
      break;
    case IntegerForm.product:
      integer = Math.round(value * POW10[exponent]!);
      back = integer * INVERSE_POW10[exponent]!;
      break;
    case IntegerForm.thousands:
      integer = Math.round(value * 1e6);
      back = integer / 1000 / 1000;
      break;
    case IntegerForm.binary:
      // Two steps: the power alone may be out of a double's range.
      integer = value / 2 ** (exponent >> 1) / 2 ** (exponent - (exponent >> 1));
      if (!Number.isInteger(integer)) return undefined;
      back = integer * 2 ** exponent;
      break;
  }
  if (back !== value || integer > MAX_INTEGER || integer < -MAX_INTEGER) return undefined;
  if (value === 0 && (Object.is(value, -0) || Object.is(back, -0))) return undefined;
  return integer;
}

function fitForm(
  values: Float64Array,
  integers: Float64Array,
  allowed: number,
  form: IntegerForm,
  exponent: number,
): FormChoice | undefined {
  const exceptions: number[] = [];
  const count = values.length;
  let last = 0;
  for (let i = 0; i < count; i++) {
    const integer = integerOf(values[i]!, form, exponent);
    if (integer === undefined) {
      exceptions.push(i);
      if (exceptions.length > allowed || exceptions.length === count) return undefined;
    } else {
      last = integer;
    }
    integers[i] = last;
  }
  // Before the first integer there was none to repeat; the first one itself is nearest.
  let first = 0;
  while (exceptions[first] === first) first++;
  integers.fill(integers[first]!, 0, first);
  return { form, exponent, exceptions };
}

/** Integers that share a factor 2^k, such as bytes counted in pages, shrink by it. */
function quantised(values: Float64Array, integers: Float64Array, plain: FormChoice): FormChoice | undefined {
  let bits = 0;
  let high = 0;
  for (let i = 0; i < values.length; i++) {
    const integer = integers[i]!;
    bits |= integer | 0;
    high = Math.max(high, Math.abs(integer));
    if (bits & 1) return undefined;
  }
  // `| 0` sees the low 32 bits of a number of any size; when all are clear, 2^16 is gain enough.
  const power = bits === 0 ? 16 : 31 - Math.clz32(bits & -bits);
  if (power < 4 || high < 2 ** power) return undefined;
  const factor = 2 ** power;
  for (let i = 0; i < values.length; i++) {
    if (integers[i]! % factor !== 0) return undefined;
  }
  for (let i = 0; i < values.length; i++) integers[i] = integers[i]! / factor;
  return { form: IntegerForm.binary, exponent: power, exceptions: plain.exceptions };
}

function probe(values: Float64Array, form: IntegerForm, exponent: number): boolean {
  const step = Math.max(1, Math.floor(values.length / PROBE));
  let failures = 0;
  for (let i = 0; i < values.length; i += step) {
    if (integerOf(values[i]!, form, exponent) === undefined && ++failures > 2) return false;
  }
  return true;
}

/** Decimals that all but `allowed` values can be written with; 0 when there is no such number. */
function decimalsOf(values: Float64Array, allowed: number): number {
  let decimals = 0;
  let failures = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!Number.isFinite(value) || value === 0) continue;
    let e = decimals;
    while (e <= MAX_DECIMALS && integerOf(value, IntegerForm.decimal, e) === undefined) e++;
    if (e <= MAX_DECIMALS) {
      decimals = e;
    } else if (++failures > allowed) {
      return 0;
    }
  }
  return decimals;
}

/** The largest power of two that divides all finite values; undefined when the integers would be too large. */
function lowestBit(values: Float64Array): number | undefined {
  const words = wordsOf(values);
  let power: number | undefined;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!Number.isFinite(value) || value === 0) continue;
    const own = trailingPower(words[2 * i + 1]!, words[2 * i]!);
    if (power === undefined || own < power) power = own;
    if (Math.abs(value) / 2 ** power > MAX_INTEGER) return undefined;
  }
  return power;
}

/** The exponent of the lowest set bit of a finite, non-zero double, given as its words. */
function trailingPower(high: number, low: number): number {
  const exponent = (high >>> 20) & 0x7ff;
  const fraction = exponent === 0 ? high & 0xfffff : (high & 0xfffff) | 0x100000;
  const zeros = low !== 0 ? 31 - Math.clz32(low & -low) : 63 - Math.clz32(fraction & -fraction);
  return Math.max(exponent, 1) - 1075 + zeros;
}
