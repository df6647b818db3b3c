import { compareStrings } from '../model/labels.ts';
import type { Matcher, MatchOp } from '../model/matcher.ts';
import { regexError } from './leaves.ts';

const OPERATORS: readonly MatchOp[] = ['=~', '!~', '!=', '='];

/**
 * Parses Alertmanager's matchers: one (`severity="critical"`, `team=~a|b`, `"name with space"!=x`), or several with commas,
 * with or without braces. Values need no quotes unless they hold a comma, a brace, a quote or spaces; inside double quotes
 * `\"`, `\\`, `\n`, `\t` and `\uXXXX` are escapes.
 * @throws Error naming what was expected and what was found, with the offset in `text`.
 */
export function parseMatchers(text: string): Matcher[] {
  const reader = new Reader(text);
  reader.skipSpace();
  const braces = reader.take('{');
  const matchers: Matcher[] = [];
  reader.skipSpace();
  while (!reader.atEnd() && reader.peek() !== '}') {
    matchers.push(matcher(reader));
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

/** Parses exactly one matcher. */
export function parseMatcher(text: string): Matcher {
  const matchers = parseMatchers(text);
  if (matchers.length !== 1) throw new Error(`expected one matcher, got ${JSON.stringify(text)}`);
  return matchers[0]!;
}

/** Upstream's order: by name, then value, then operator. */
export function sortMatchers(matchers: readonly Matcher[]): Matcher[] {
  return [...matchers].sort(
    (a, b) =>
      compareStrings(a.name, b.name) ||
      compareStrings(a.value, b.value) ||
      RANK.indexOf(a.op) - RANK.indexOf(b.op),
  );
}

const RANK: readonly MatchOp[] = ['=', '!=', '=~', '!~'];

function matcher(reader: Reader): Matcher {
  const name = reader.peek() === '"' ? reader.quoted() : reader.bare();
  if (name === '') reader.fail('expected a label name');
  reader.skipSpace();
  const op = OPERATORS.find((candidate) => reader.take(candidate));
  if (op === undefined) return reader.fail('expected one of =, !=, =~, !~');
  reader.skipSpace();
  const value = reader.peek() === '"' ? reader.quoted() : reader.bareValue();
  if (op === '=~' || op === '!~') {
    const fault = regexError(value);
    if (fault !== undefined) throw new Error(fault);
  }
  return { name, op, value };
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

  /** A name without quotes: up to an operator, a comma, a brace, a quote or a space. */
  bare(): string {
    return this.#while(/[^\s,{}="~!'`\\]/);
  }

  /** A value without quotes, as the classic syntax has them: up to a comma or the closing brace; spaces inside are kept. */
  bareValue(): string {
    return this.#while(/[^,{}"]/).trimEnd();
  }

  quoted(): string {
    const from = this.#at;
    this.#at++;
    for (let raw = ''; ; this.#at++) {
      const char = this.peek();
      if (char === '') {
        this.#at = from;
        return this.fail('expected a closing quote');
      }
      if (char === '"') {
        this.#at++;
        return unescapeQuoted(raw);
      }
      raw += char;
      if (char === '\\') {
        this.#at++;
        raw += this.peek();
      }
    }
  }

  fail(expectation: string): never {
    const found = this.atEnd() ? 'the end' : JSON.stringify(this.#text.slice(this.#at, this.#at + 20));
    throw new Error(
      `${expectation} at offset ${this.#at} of the matcher ${JSON.stringify(this.#text)}, got ${found}`,
    );
  }

  #while(allowed: RegExp): string {
    const from = this.#at;
    while (!this.atEnd() && allowed.test(this.peek())) this.#at++;
    return this.#text.slice(from, this.#at);
  }
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '"': '"', '\\': '\\' };

/** An unknown escape stays as written: regexes hold many. */
function unescapeQuoted(raw: string): string {
  return raw.replace(/\\(u[0-9a-fA-F]{4}|.)/gs, (whole, code: string) => {
    if (code.length === 5) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
    return ESCAPES[code] ?? whole;
  });
}
