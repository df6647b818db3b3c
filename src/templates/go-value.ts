import type { Budget } from './budget.ts';
import type { GoDuration, GoTime } from './go-time.ts';

/**
 * A Go value as a template sees it. `string`, `boolean` and `null` (a nil interface) are themselves, `number` is a float64,
 * `bigint` an int; `undefined` is reflect's invalid value: no data at all. All are immutable.
 */
export type GoValue =
  | undefined
  | null
  | boolean
  | string
  | bigint
  | number
  | GoTime
  | GoDuration
  | GoMap
  | GoList
  | GoStruct
  | GoText
  | GoEnum;

/** Names of Go types that parameters have. `any` is the empty interface. */
export type GoType = string;

/** A function or bound method. Arguments arrive checked against `params`, then `variadic`; a thrown Error is what Go returns as error. */
export interface GoFunction {
  readonly params: readonly GoType[];
  readonly variadic?: GoType;
  call(args: readonly GoValue[], budget: Budget): GoValue;
}

export type GoFunctions = Readonly<Record<string, GoFunction>>;

/** A map with string keys. */
export class GoMap {
  readonly type: GoType;
  /** Type of the values; decides what a missing key gives. */
  readonly elem: GoType;
  readonly entries: ReadonlyMap<string, GoValue>;
  readonly methods: GoFunctions | undefined;
  /** What its String method gives, where it has one. */
  readonly text: (() => string) | undefined;

  constructor(
    elem: GoType,
    entries: ReadonlyMap<string, GoValue>,
    own: { type?: GoType; methods?: GoFunctions; text?: () => string } = {},
  ) {
    this.type = own.type ?? `map[string]${typeText(elem)}`;
    this.elem = elem;
    this.entries = entries;
    this.methods = own.methods;
    this.text = own.text;
  }

  /** Keys in the order in which Go prints and ranges over them: that of their bytes. */
  sortedKeys(): string[] {
    return [...this.entries.keys()].sort(byBytes);
  }
}

/** A slice. */
export class GoList {
  readonly type: GoType;
  readonly elem: GoType;
  readonly items: readonly GoValue[];
  readonly methods: GoFunctions | undefined;
  readonly text: (() => string) | undefined;

  constructor(
    elem: GoType,
    items: readonly GoValue[],
    own: { type?: GoType; methods?: GoFunctions; text?: () => string } = {},
  ) {
    this.type = own.type ?? `[]${typeText(elem)}`;
    this.elem = elem;
    this.items = items;
    this.methods = own.methods;
    this.text = own.text;
  }
}

/** A struct, or a pointer to one when the type starts with `*`. */
export class GoStruct {
  readonly type: GoType;
  readonly fields: ReadonlyMap<string, GoValue>;
  readonly methods: GoFunctions | undefined;
  /** Names of the fields in JSON, where the type has tags. */
  readonly jsonNames: Readonly<Record<string, string>> | undefined;

  constructor(
    type: GoType,
    fields: ReadonlyMap<string, GoValue>,
    own: { methods?: GoFunctions; jsonNames?: Readonly<Record<string, string>> } = {},
  ) {
    this.type = type;
    this.fields = fields;
    this.methods = own.methods;
    this.jsonNames = own.jsonNames;
  }
}

/** A string of a type of its own, such as `template.HTML`, which says that it is safe in its context. */
export class GoText {
  readonly type: 'template.HTML' | 'template.URL';
  readonly value: string;

  constructor(type: 'template.HTML' | 'template.URL', value: string) {
    this.type = type;
    this.value = value;
  }
}

/** An int with a name, such as a month. */
export class GoEnum {
  readonly type: GoType;
  readonly value: bigint;
  readonly text: string;

  constructor(type: GoType, value: bigint, text: string) {
    this.type = type;
    this.value = value;
    this.text = text;
  }
}

const encoder = new TextEncoder();

/** Length in UTF-8, which is what Go counts. */
export const byteLength = (text: string): number => Buffer.byteLength(text);

/** Compares as Go compares strings: by their bytes. */
export function byBytes(a: string, b: string): number {
  if (a === b) return 0;
  return Buffer.compare(encoder.encode(a), encoder.encode(b));
}

export const typeText = (type: GoType): string => (type === 'any' ? 'interface {}' : type);

/** Go's name of the value's type, as `%T` prints it. */
export function typeOf(value: GoValue): GoType {
  if (value === undefined || value === null) return '<nil>';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'string') return 'string';
  if (typeof value === 'bigint') return 'int';
  if (typeof value === 'number') return 'float64';
  return value.type;
}

/** The zero value of a type, as a missing key of a map gives it. */
export function zeroOf(type: GoType): GoValue {
  if (type === 'string') return '';
  if (type === 'bool') return false;
  if (type === 'int') return 0n;
  if (type === 'float64') return 0;
  return null;
}

/** Whether nil may stand for a value of the type. */
export const canBeNil = (type: GoType): boolean =>
  type === 'any' || type.startsWith('*') || type.startsWith('[]') || type.startsWith('map[');

/** Go's rule of assignment, as far as our types need it. */
export function isAssignable(value: GoValue, type: GoType): boolean {
  if (type === 'any') return true;
  const own = typeOf(value);
  if (own === type) return true;
  if (value instanceof GoList) return type.startsWith('[]') && `[]${typeText(value.elem)}` === typeText(type);
  if (value instanceof GoMap) return type === `map[string]${typeText(value.elem)}`;
  return false;
}

/** Whether a value counts as true for if, with, and, or, not. */
export function isTrue(value: GoValue): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value === 'boolean') return value;
  if (typeof value === 'string') return value !== '';
  if (typeof value === 'bigint') return value !== 0n;
  if (typeof value === 'number') return value !== 0;
  if (value instanceof GoMap) return value.entries.size > 0;
  if (value instanceof GoList) return value.items.length > 0;
  if (value instanceof GoText) return value.value !== '';
  if (value instanceof GoEnum) return value.value !== 0n;
  if (value instanceof GoStruct) return true;
  return value.type !== 'time.Duration' || value.ns !== 0n;
}

export const stringMap = (entries: Iterable<readonly [string, string]>): GoMap =>
  new GoMap('string', new Map(entries));

export const stringList = (items: readonly string[]): GoList => new GoList('string', items);
