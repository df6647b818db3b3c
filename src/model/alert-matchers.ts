import { compareStrings } from './labels.ts';
import type { Matcher, MatchOp } from './matcher.ts';

/** A text that is no matcher in either syntax. The message is that of the classic one, which upstream tells. */
export class MatcherSyntaxError extends Error {
  /** What was expected where, and what was found. */
  readonly detail: string;

  constructor(message: string, detail: string) {
    super(message);
    this.name = 'MatcherSyntaxError';
    this.detail = detail;
  }
}

/**
 * Reads Alertmanager's matchers, with or without braces around them: `{a="b", c!="d"}`. The UTF-8 syntax is tried beside the classic one,
 * which takes a value without quotes up to the next comma; where they read different things the classic one wins, as upstream has it
 * until the old syntax is gone.
 * @param check throws when the expression of a matcher cannot be used
 * @throws MatcherSyntaxError
 */
export function readMatchers(text: string, check: (matcher: Matcher) => void): Matcher[] {
  return read(
    () => readModern(text),
    () => readClassic(text),
    check,
  );
}

/** Reads one matcher, which may have no braces: `severity=~"crit.*"`. @throws MatcherSyntaxError */
export function readMatcher(text: string, check: (matcher: Matcher) => void): Matcher {
  const fail = (problem: string): never => {
    throw new MatcherSyntaxError(problem, problem);
  };
  if (text.startsWith('{') || text.endsWith('}')) fail(`unexpected open or close brace: ${text}`);
  const found = read(
    () => readModern(text),
    () => [classicMatcher(text)],
    check,
  );
  return found.length === 1 ? found[0]! : fail(`expected 1 matcher, found ${found.length}`);
}

/** Upstream's order: by name, then value, then operator. Group keys depend on it. */
export function sortMatchers(matchers: readonly Matcher[]): Matcher[] {
  return [...matchers].sort(
    (a, b) =>
      compareStrings(a.name, b.name) ||
      compareStrings(a.value, b.value) ||
      RANK.indexOf(a.op) - RANK.indexOf(b.op),
  );
}

const RANK: readonly MatchOp[] = ['=', '!=', '=~', '!~'];

function read(
  modern: () => Matcher[],
  classic: () => Matcher[],
  check: (matcher: Matcher) => void,
): Matcher[] {
  const attempt = (parse: () => Matcher[]): { readonly found?: Matcher[]; readonly problem: string } => {
    try {
      const found = parse();
      for (const matcher of found) check(matcher);
      return { found, problem: '' };
    } catch (error) {
      return { problem: (error as Error).message };
    }
  };
  const old = attempt(classic);
  if (old.found) return old.found;
  const { found, problem } = attempt(modern);
  if (found) return found;
  throw new MatcherSyntaxError(old.problem, problem);
}

const CLASSIC = /^\s*([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(=~|=|!=|!~)\s*([\s\S]*?)\s*$/;

/** Within the value, quoted or not, `\"`, `\\` and `\n` are escapes; every other backslash stands for itself. */
function classicMatcher(text: string): Matcher {
  const match = CLASSIC.exec(text);
  if (!match) throw new Error(`bad matcher format: ${text}`);
  const quoted = match[3]!.startsWith('"');
  const raw = quoted ? match[3]!.slice(1) : match[3]!;
  const bad = new Error(`matcher value contains unescaped double quote: ${match[3]}`);
  let value = '';
  let closed = !quoted;
  for (let i = 0; i < raw.length; i++) {
    const char = raw[i]!;
    if (char === '\\' && i < raw.length - 1) {
      const next = raw[++i]!;
      value += next === 'n' ? '\n' : next === '"' || next === '\\' ? next : `\\${next}`;
    } else if (char === '"') {
      if (closed || i < raw.length - 1) throw bad;
      closed = true;
    } else value += char;
  }
  if (!closed) throw bad;
  return { name: match[1]!, op: match[2] as MatchOp, value };
}

/** A brace at either end is as good as none. */
function readClassic(input: string): Matcher[] {
  const text = input.replace(/^\{/, '').replace(/\}$/, '');
  const tokens: string[] = [];
  let token = '';
  let quoted = false;
  let escaped = false;
  for (const char of text) {
    if (char === ',' && !quoted) {
      tokens.push(token);
      token = '';
      continue;
    }
    if (char === '"') {
      if (!escaped) quoted = !quoted;
      escaped = false;
    } else if (char === '\\') escaped = !escaped;
    else if (char !== ',') escaped = false;
    token += char;
  }
  if (token.trim() !== '') tokens.push(token.trim());
  return tokens.map(classicMatcher);
}

function readModern(text: string): Matcher[] {
  const reader = new Reader(text);
  reader.skipSpace();
  const braces = reader.take('{');
  const matchers: Matcher[] = [];
  reader.skipSpace();
  while (!reader.atEnd() && reader.peek() !== '}') {
    matchers.push(modernMatcher(reader));
    reader.skipSpace();
    if (reader.atEnd() || reader.peek() === '}') break;
    if (!reader.take(',')) reader.fail('expected a comma or the end');
    reader.skipSpace();
  }
  if (braces && !reader.take('}')) reader.fail('expected "}"');
  if (!braces && reader.peek() === '}') reader.fail('expected "{" at the start, as there is a "}"');
  reader.skipSpace();
  if (!reader.atEnd()) reader.fail('expected the end');
  return matchers;
}

const OPERATORS: readonly MatchOp[] = ['=~', '!~', '!=', '='];

function modernMatcher(reader: Reader): Matcher {
  const name = reader.token('expected a label name');
  reader.skipSpace();
  const op = OPERATORS.find((candidate) => reader.take(candidate));
  if (op === undefined) return reader.fail('expected one of =, !=, =~, !~');
  reader.skipSpace();
  return { name, op, value: reader.token('expected a value') };
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  atEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  peek(): string {
    return this.#text[this.#at] ?? '';
  }

  take(token: string): boolean {
    if (!this.#text.startsWith(token, this.#at)) return false;
    this.#at += token.length;
    return true;
  }

  skipSpace(): void {
    while (/\s/.test(this.peek())) this.#at++;
  }

  /** A name or a value: quoted as Go quotes, or of characters that mean nothing here. */
  token(expectation: string): string {
    if (this.peek() === '"') return this.#quoted();
    const from = this.#at;
    while (!this.atEnd() && /[^\s{}!=~,\\"'`]/.test(this.peek())) this.#at++;
    return from === this.#at ? this.fail(expectation) : this.#text.slice(from, this.#at);
  }

  fail(expectation: string): never {
    const found = this.atEnd() ? 'the end' : JSON.stringify(this.#text.slice(this.#at, this.#at + 20));
    throw new Error(
      `${expectation} at offset ${this.#at} of the matcher ${JSON.stringify(this.#text)}, got ${found}`,
    );
  }

  #quoted(): string {
    const from = this.#at;
    this.#at++;
    for (let raw = ''; ; this.#at++) {
      const char = this.peek();
      if (char === '"') {
        const value = unquoteGo(raw);
        if (value === undefined) break;
        this.#at++;
        return value;
      }
      raw += char;
      if (char === '\\') {
        this.#at++;
        raw += this.peek();
      }
      if (this.atEnd()) {
        this.#at = from;
        return this.fail('expected a closing quote');
      }
    }
    this.#at = from;
    return this.fail('expected a text with escapes as Go knows them');
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '"': '"',
};

/** Undoes Go's quoting; undefined when an escape is not known there. */
function unquoteGo(raw: string): string | undefined {
  let isKnown = true;
  const text = raw.replace(
    /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U(000[0-9a-fA-F]{5}|0010[0-9a-fA-F]{4})|([\s\S]))/g,
    (_, x, u, long, char) => {
      const hex = x ?? u ?? long;
      if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
      const plain = ESCAPES[char];
      if (plain === undefined) isKnown = false;
      return plain ?? '';
    },
  );
  return isKnown ? text : undefined;
}
