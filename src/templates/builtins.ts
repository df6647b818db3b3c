import type { Budget } from './budget.ts';
import { escapeHtml, escapeJs, queryEscape } from './escape-text.ts';
import { lengthOf, shownType, sprint, sprintf, sprintln } from './go-format.ts';
import { GoDuration } from './go-time.ts';
import {
  byBytes,
  GoEnum,
  type GoFunctions,
  GoList,
  GoMap,
  GoText,
  type GoValue,
  isTrue,
  typeOf,
  typeText,
  zeroOf,
} from './go-value.ts';
import { indirect } from './writer.ts';

const ANY = ['any'] as const;
const PAIR = ['any', 'any'] as const;

/** What every Go template can call. */
export const builtins: GoFunctions = {
  // These two are evaluated by the executor, which stops at the argument that decides.
  and: { params: ANY, variadic: 'any', call: (args) => args.find((arg) => !isTrue(arg)) ?? args.at(-1) },
  or: { params: ANY, variadic: 'any', call: (args) => args.find(isTrue) ?? args.at(-1) },
  not: { params: ANY, call: ([value]) => !isTrue(value) },
  eq: { params: ANY, variadic: 'any', call: ([first, ...others]) => isEqualToAny(first, others) },
  ne: { params: PAIR, call: ([a, b]) => !isEqualToAny(a, [b]) },
  lt: { params: PAIR, call: ([a, b]) => isLess(a, b) },
  le: { params: PAIR, call: ([a, b]) => isLess(a, b) || isEqualToAny(a, [b]) },
  gt: { params: PAIR, call: ([a, b]) => !(isLess(a, b) || isEqualToAny(a, [b])) },
  ge: { params: PAIR, call: ([a, b]) => !isLess(a, b) },
  len: { params: ANY, call: ([value]) => length(value) },
  index: { params: ANY, variadic: 'any', call: ([value, ...keys]) => index(value, keys) },
  slice: { params: ANY, variadic: 'any', call: ([value, ...bounds]) => slice(value, bounds) },
  call: {
    params: ANY,
    variadic: 'any',
    call: ([fn]) => {
      if (fn === null || fn === undefined) throw new Error('call of nil');
      throw new Error(`non-function of type ${shownType(fn)}`);
    },
  },
  print: { params: [], variadic: 'any', call: (args, budget) => sprint(args, budget) },
  printf: {
    params: ['string'],
    variadic: 'any',
    call: ([format, ...args], budget) => sprintf(format as string, args, budget),
  },
  println: { params: [], variadic: 'any', call: (args, budget) => sprintln(args, budget) },
  html: { params: [], variadic: 'any', call: (args, budget) => escapeHtml(joined(args, budget)) },
  js: { params: [], variadic: 'any', call: (args, budget) => escapeJs(joined(args, budget)) },
  urlquery: { params: [], variadic: 'any', call: (args, budget) => queryEscape(joined(args, budget)) },
};

/** Arguments as one text: what print makes of them, but no data is `<no value>`. */
function joined(args: readonly GoValue[], budget: Budget): string {
  if (args.length === 1 && typeof args[0] === 'string') return args[0];
  return sprint(
    args.map((arg) => (arg === null || arg === undefined ? '<no value>' : indirect(arg))),
    budget,
  );
}

type Basic = 'bool' | 'int' | 'float' | 'string';

function basicKind(value: GoValue): Basic | undefined {
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'bigint' || value instanceof GoDuration || value instanceof GoEnum) return 'int';
  if (typeof value === 'number') return 'float';
  if (typeof value === 'string' || value instanceof GoText) return 'string';
  return undefined;
}

/** The value stripped of a type of its own. */
function basic(value: GoValue): GoValue {
  if (value instanceof GoDuration) return value.ns;
  return value instanceof GoEnum || value instanceof GoText ? value.value : value;
}

const isNil = (value: GoValue): boolean => value === null || value === undefined;

function isEqualToAny(first: GoValue, others: readonly GoValue[]): boolean {
  if (others.length === 0) throw new Error('missing argument for comparison');
  const kind = basicKind(first);
  for (const other of others) {
    // Anything may be compared with nil.
    if (isNil(first) || isNil(other)) {
      if (isNil(first) && isNil(other)) return true;
      continue;
    }
    if (kind !== basicKind(other)) throw new Error('incompatible types for comparison');
    if (kind === undefined) {
      assertComparable(first);
      assertComparable(other);
      if (typeOf(first) === typeOf(other) && first === other) return true;
    } else if (basic(first) === basic(other)) return true;
  }
  return false;
}

function assertComparable(value: GoValue): void {
  if (value instanceof GoMap || value instanceof GoList) {
    throw new Error(`non-comparable type ${typeText(value.type)}`);
  }
}

function isLess(a: GoValue, b: GoValue): boolean {
  const kind = basicKind(a);
  const other = basicKind(b);
  if (kind === undefined || other === undefined) throw new Error('invalid type for comparison');
  if (kind !== other) throw new Error('incompatible types for comparison');
  const x = basic(a);
  const y = basic(b);
  if (kind === 'bool') throw new Error('invalid type for comparison');
  if (kind === 'string') return byBytes(x as string, y as string) < 0;
  return (x as number | bigint) < (y as number | bigint);
}

function length(value: GoValue): bigint {
  const count = lengthOf(value);
  if (count !== undefined) return BigInt(count);
  if (isNil(value)) throw new Error('len of nil pointer');
  throw new Error(`len of type ${shownType(value)}`);
}

function whole(value: GoValue, limit: number): number {
  if (isNil(value)) throw new Error('cannot index slice/array with nil');
  if (basicKind(value) !== 'int') {
    throw new Error(`cannot index slice/array with type ${shownType(value)}`);
  }
  const at = basic(value) as bigint;
  if (at < 0n || at > BigInt(limit)) throw new Error(`index out of range: ${at}`);
  return Number(at);
}

function index(value: GoValue, keys: readonly GoValue[]): GoValue {
  let item = value;
  if (isNil(item)) throw new Error('index of untyped nil');
  for (const key of keys) {
    if (isNil(item)) throw new Error('index of nil pointer');
    if (item instanceof GoList) item = item.items[whole(key, item.items.length - 1)];
    else if (typeof item === 'string') {
      const bytes = Buffer.from(item);
      item = BigInt(bytes[whole(key, bytes.length - 1)]!);
    } else if (item instanceof GoMap) {
      if (isNil(key)) throw new Error('value is nil; should be of type string');
      if (typeof key !== 'string') throw new Error(`value has type ${shownType(key)}; should be string`);
      item = item.entries.has(key) ? item.entries.get(key) : zeroOf(item.elem);
    } else throw new Error(`can't index item of type ${shownType(item)}`);
  }
  return item;
}

function slice(value: GoValue, bounds: readonly GoValue[]): GoValue {
  if (isNil(value)) throw new Error('slice of untyped nil');
  if (bounds.length > 3) throw new Error(`too many slice indexes: ${bounds.length}`);
  if (typeof value !== 'string' && !(value instanceof GoList)) {
    throw new Error(`can't slice item of type ${shownType(value)}`);
  }
  if (typeof value === 'string' && bounds.length === 3) throw new Error('cannot 3-index slice a string');
  const bytes = typeof value === 'string' ? Buffer.from(value) : undefined;
  const size = bytes ? bytes.length : (value as GoList).items.length;
  const [from = 0, to = size, cap = size] = bounds.map((bound) => whole(bound, size));
  if (from > to) throw new Error(`invalid slice index: ${from} > ${to}`);
  if (to > cap) throw new Error(`invalid slice index: ${to} > ${cap}`);
  if (bytes) return bytes.toString('utf8', from, to);
  const list = value as GoList;
  return new GoList(list.elem, list.items.slice(from, to), { type: list.type, methods: list.methods });
}
