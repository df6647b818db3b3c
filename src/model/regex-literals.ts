/** The finite or prefix form of a regular expression that needs no engine. */
export type LiteralForm =
  | { readonly kind: 'literals'; readonly literals: readonly string[] }
  /** `nonEmptyRest`: at least one more character must follow the prefix (`.+` instead of `.*`). */
  | { readonly kind: 'prefix'; readonly prefix: string; readonly nonEmptyRest: boolean };

/** Alternatives beyond this many are left to the engine; dashboards write lists of thousands of hosts. */
const MAX_LITERALS = 65_536;
/** The same for products of alternations, which grow faster than their text. */
const MAX_PRODUCT = 1024;

const SPECIAL = new Set('\\.+*?()|[]{}^$');

/**
 * Recognises fully anchored expressions that are a set of strings (`a|b`, `10\.0\.0\.(1|2)`) or a string followed by `.*` or `.+`.
 * @returns undefined for anything else, valid or not
 */
export function literalForm(pattern: string): LiteralForm | undefined {
  const reader: Reader = { pattern, at: 0 };
  const prefix = prefixForm(pattern);
  if (prefix) return prefix;
  const literals = alternation(reader, 0);
  if (literals === undefined || reader.at !== pattern.length) return undefined;
  return { kind: 'literals', literals: [...new Set(literals)] };
}

interface Reader {
  readonly pattern: string;
  at: number;
}

function prefixForm(pattern: string): LiteralForm | undefined {
  const start = pattern.startsWith('^') ? 1 : 0;
  const end = pattern.endsWith('$') && !pattern.endsWith('\\$') ? pattern.length - 1 : pattern.length;
  const rest = pattern.slice(end - 2, end);
  if (end - 2 < start || (rest !== '.*' && rest !== '.+')) return undefined;
  const head: Reader = { pattern: pattern.slice(start, end - 2), at: 0 };
  const literals = concatenation(head, 1);
  if (literals?.length !== 1 || head.at !== head.pattern.length) return undefined;
  return { kind: 'prefix', prefix: literals[0]!, nonEmptyRest: rest === '.+' };
}

function alternation(reader: Reader, depth: number): string[] | undefined {
  const all: string[] = [];
  for (;;) {
    const branch = concatenation(reader, depth);
    if (branch === undefined) return undefined;
    for (const literal of branch) all.push(literal);
    if (all.length > MAX_LITERALS) return undefined;
    if (reader.pattern[reader.at] !== '|') return all;
    reader.at++;
  }
}

/** Stops before `|`, `)` and the end. Depth 0 is the outermost level, where `^` and `$` at the ends say nothing new. */
function concatenation(reader: Reader, depth: number): string[] | undefined {
  const { pattern } = reader;
  let literals = [''];
  if (depth === 0 && pattern[reader.at] === '^') reader.at++;
  while (reader.at < pattern.length) {
    const char = pattern[reader.at]!;
    if (char === '|' || char === ')') return literals;
    const next = pattern[reader.at + 1];
    if (char === '$' && depth === 0 && (next === undefined || next === '|')) {
      reader.at++;
      return literals;
    }
    let factor: string[] | undefined;
    if (char === '(') factor = group(reader, depth);
    else if (char === '\\') factor = escaped(reader);
    else if (!SPECIAL.has(char)) {
      const point = String.fromCodePoint(pattern.codePointAt(reader.at)!);
      reader.at += point.length;
      factor = [point];
    }
    if (factor === undefined || isQuantifier(pattern[reader.at])) return undefined;
    if (literals.length > 1 && literals.length * factor.length > MAX_PRODUCT) return undefined;
    literals =
      literals.length === 1 && factor.length === 1
        ? [literals[0]! + factor[0]!]
        : literals.flatMap((left) => factor.map((right) => left + right));
  }
  return literals;
}

function group(reader: Reader, depth: number): string[] | undefined {
  const { pattern } = reader;
  reader.at++;
  if (pattern.startsWith('?:', reader.at)) reader.at += 2;
  else if (pattern[reader.at] === '?') return undefined;
  if (depth > 20) return undefined;
  const inner = alternation(reader, depth + 1);
  if (inner === undefined || pattern[reader.at] !== ')') return undefined;
  reader.at++;
  return inner;
}

/** Only escaped punctuation stands for itself. */
function escaped(reader: Reader): string[] | undefined {
  const char = reader.pattern[reader.at + 1];
  if (char === undefined || !/[!-/:-@[-`{-~]/.test(char) || char === '_') return undefined;
  reader.at += 2;
  return [char];
}

const isQuantifier = (char: string | undefined): boolean =>
  char === '*' || char === '+' || char === '?' || char === '{';
