import { quote } from '../model/labels.ts';

/** Operators and punctuation are named by themselves, keywords by their lower-case word. */
export type TokenType = string;

export interface Token {
  readonly type: TokenType;
  /** The text as written; for ERROR the message. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

export const EOF = 'EOF';
export const ERROR = 'ERROR';
export const NUMBER = 'NUMBER';
export const DURATION = 'DURATION';
export const STRING = 'STRING';
export const IDENTIFIER = 'IDENTIFIER';
export const METRIC_IDENTIFIER = 'METRIC_IDENTIFIER';

export const AGGREGATORS: ReadonlySet<string> = new Set(
  'sum avg count min max group stddev stdvar topk bottomk count_values quantile limitk limit_ratio'.split(
    ' ',
  ),
);
const KEYWORDS: ReadonlySet<string> = new Set(
  'offset smoothed anchored by without on ignoring group_left group_right fill fill_left fill_right bool'.split(
    ' ',
  ),
);
const WORD_OPERATORS: ReadonlySet<string> = new Set(['and', 'or', 'unless', 'atan2']);
const PREPROCESSORS: ReadonlySet<string> = new Set(['start', 'end', 'step', 'range', 'max_of', 'min_of']);
const SYMBOL_OPERATORS: ReadonlySet<string> = new Set('+ - * / % ^ == != <= < >= > </ >/ =~ !~ @'.split(' '));
const DURATION_WORDS: ReadonlySet<string> = new Set(['step', 'range', 'max_of', 'min_of']);

/** Whether the token is a word the language gives a meaning to, outside of braces. */
export const isReservedWord = (type: TokenType): boolean =>
  AGGREGATORS.has(type) || KEYWORDS.has(type) || WORD_OPERATORS.has(type) || PREPROCESSORS.has(type);

/** How an error message speaks of a token. */
export function describeToken(token: Token): string {
  switch (token.type) {
    case EOF:
      return 'end of input';
    case IDENTIFIER:
      return `identifier ${quote(token.text)}`;
    case METRIC_IDENTIFIER:
      return `metric identifier ${quote(token.text)}`;
    case STRING:
      return `string ${shortQuote(token.text)}`;
    case NUMBER:
      return `number ${shortQuote(token.text)}`;
    case DURATION:
      return `duration ${shortQuote(token.text)}`;
  }
  if (KEYWORDS.has(token.type)) return `<${token.text}>`;
  if (WORD_OPERATORS.has(token.type) || SYMBOL_OPERATORS.has(token.type)) return `<op:${token.text}>`;
  if (AGGREGATORS.has(token.type)) return `<aggr:${token.text}>`;
  return quote(token.text);
}

function shortQuote(text: string): string {
  return text.length > 10 ? `${quote(text.slice(0, 10))}...` : quote(text);
}

/**
 * Splits a query into tokens, comments left out. The last one is EOF, or ERROR with a message in place of the text where the
 * scan could not go on: the parser reports it when it gets there.
 */
export function tokenize(text: string): Token[] {
  const lexer = new Lexer(text);
  while (lexer.next());
  return lexer.tokens;
}

const isSpace = (code: number): boolean => code === 32 || code === 9 || code === 10 || code === 13;
const isDigit = (code: number): boolean => code >= 48 && code <= 57;
const isAlpha = (code: number): boolean =>
  code === 95 || (code >= 97 && code <= 122) || (code >= 65 && code <= 90);
const isAlphaNumeric = (code: number): boolean => isAlpha(code) || isDigit(code);

/** What a query may hold, but not the duration of a range. */
const NOT_IN_DURATIONS = /[@=!<>"'`{}[]/;

class Lexer {
  readonly tokens: Token[] = [];
  private readonly text: string;
  private pos = 0;
  private start = 0;
  private parens = 0;
  private inBraces = false;
  private inBrackets = false;
  private gotColon = false;

  constructor(text: string) {
    this.text = text;
  }

  /** Scans one token; false when the scan is over. */
  next(): boolean {
    this.skipSpace();
    this.start = this.pos;
    if (this.pos >= this.text.length) return this.finish();
    return this.inBraces ? this.insideBraces() : this.statement();
  }

  private skipSpace(): void {
    const { text } = this;
    for (;;) {
      while (this.pos < text.length && isSpace(text.charCodeAt(this.pos))) this.pos++;
      if (text[this.pos] !== '#') return;
      while (this.pos < text.length && text[this.pos] !== '\n' && text[this.pos] !== '\r') this.pos++;
    }
  }

  private finish(): boolean {
    if (this.inBraces) return this.fail('unexpected end of input inside braces');
    if (this.inBrackets) return this.fail('unexpected end of input in duration expression');
    if (this.parens !== 0) return this.fail('unclosed left parenthesis');
    this.emit(EOF);
    return false;
  }

  private statement(): boolean {
    const char = this.text[this.pos]!;
    const code = this.text.charCodeAt(this.pos);
    const following = this.text[this.pos + 1];
    if (this.inBrackets && NOT_IN_DURATIONS.test(char)) return this.notInDurations();
    switch (char) {
      case ',':
      case '*':
      case '/':
      case '%':
      case '+':
      case '-':
      case '^':
      case '@':
        return this.symbol(1);
      case '=':
        if (following === '=') return this.symbol(2);
        if (following === '~') {
          this.pos++;
          return this.fail(`unexpected character after '=': '~'`);
        }
        return this.symbol(1);
      case '!':
        if (following === '=') return this.symbol(2);
        this.pos++;
        return this.fail(`unexpected character after '!': ${this.quoteHere()}`);
      case '<':
      case '>':
        return this.symbol(following === '=' || following === '/' ? 2 : 1);
      case '"':
      case "'":
        return this.quotedString(char);
      case '`':
        return this.rawString();
      case '(':
        this.parens++;
        return this.symbol(1);
      case ')':
        if (this.parens === 0) {
          this.start = ++this.pos;
          return this.fail(`unexpected right parenthesis ')'`);
        }
        this.parens--;
        return this.symbol(1);
      case '{':
        this.inBraces = true;
        return this.symbol(1);
      case '[':
        this.gotColon = false;
        this.inBrackets = true;
        return this.symbol(1);
      case ']':
        if (!this.inBrackets) return this.fail(`unexpected right bracket ']'`);
        this.inBrackets = false;
        return this.symbol(1);
    }
    if (isDigit(code) || (char === '.' && isDigit(this.text.charCodeAt(this.pos + 1)))) {
      return this.numberOrDuration();
    }
    if (isAlpha(code) || char === ':') return this.inBrackets ? this.wordInBrackets(char) : this.word();
    return this.inBrackets ? this.notInDurations() : this.fail(`unexpected character: ${this.quoteHere()}`);
  }

  private notInDurations(): boolean {
    return this.fail(`unexpected character in duration expression: ${this.quoteHere()}`);
  }

  private insideBraces(): boolean {
    const char = this.text[this.pos]!;
    const following = this.text[this.pos + 1];
    if (isAlpha(this.text.charCodeAt(this.pos))) {
      while (isAlphaNumeric(this.text.charCodeAt(this.pos))) this.pos++;
      return this.emit(IDENTIFIER);
    }
    switch (char) {
      case ',':
        return this.symbol(1);
      case '"':
      case "'":
        return this.quotedString(char);
      case '`':
        return this.rawString();
      case '=':
        return this.symbol(following === '~' ? 2 : 1);
      case '!':
        if (following === '~' || following === '=') return this.symbol(2);
        this.pos++;
        return this.fail(`unexpected character after '!' inside braces: ${this.quoteHere()}`);
      case '{':
        return this.fail(`unexpected left brace '{'`);
      case '}':
        this.inBraces = false;
        return this.symbol(1);
    }
    return this.fail(`unexpected character inside braces: ${this.quoteHere()}`);
  }

  private word(): boolean {
    const { text } = this;
    while (isAlphaNumeric(text.charCodeAt(this.pos)) || text[this.pos] === ':') this.pos++;
    const word = text.slice(this.start, this.pos);
    const lower = word.toLowerCase();
    if (lower === 'inf' || lower === 'nan') return this.emit(NUMBER);
    if (isReservedWord(lower)) {
      const isFill = lower === 'fill' || lower === 'fill_left' || lower === 'fill_right';
      return this.emit(isFill && !this.isParenNext() ? IDENTIFIER : lower);
    }
    return this.emit(word.includes(':') ? METRIC_IDENTIFIER : IDENTIFIER);
  }

  private wordInBrackets(char: string): boolean {
    if (char === ':') {
      if (this.gotColon) return this.fail(`unexpected colon ':'`);
      this.gotColon = true;
      return this.symbol(1);
    }
    let end = this.pos;
    while (isAlpha(this.text.charCodeAt(end))) end++;
    const word = this.text.slice(this.pos, end).toLowerCase();
    if (DURATION_WORDS.has(word)) {
      this.pos = end;
      return this.emit(word);
    }
    return this.fail(`unexpected character: '${char}', expected ':'`);
  }

  private isParenNext(): boolean {
    let at = this.pos;
    while (isSpace(this.text.charCodeAt(at))) at++;
    return this.text[at] === '(';
  }

  private numberOrDuration(): boolean {
    if (this.scanNumber()) return this.emit(NUMBER);
    if (this.scanRestOfDuration()) return this.emit(DURATION);
    return this.fail(`bad number or duration syntax: ${quote(this.text.slice(this.start, this.pos))}`);
  }

  private accept(set: string): boolean {
    const char = this.text[this.pos];
    if (char === undefined || !set.includes(char)) return false;
    this.pos++;
    return true;
  }

  private isNext(set: string): boolean {
    const char = this.text[this.pos];
    return char !== undefined && set.includes(char);
  }

  /** Leaves the position after what could be read; true when that is a number and nothing alphanumeric follows. */
  private scanNumber(): boolean {
    let digits = '0123456789';
    if (this.accept('0') && this.accept('xX')) {
      this.accept('_');
      digits = '0123456789abcdefABCDEF';
    }
    const isHex = digits.length > 10;
    this.accept('.');
    this.accept(digits);
    let hasDot = false;
    let hasExponent = false;
    while (this.isNext(`${digits}._eE`)) {
      if (this.isNext('.') && hasDot) {
        this.pos++;
        return false;
      }
      if (this.isNext('eE') && hasExponent) {
        this.pos++;
        return false;
      }
      if (this.accept('.')) {
        hasDot = true;
        if (this.accept('_.') || isHex) return false;
      } else if (!isHex && this.accept('eE')) {
        hasExponent = true;
        this.accept('+-');
        if (this.accept('._eE') || this.pos >= this.text.length) return false;
      } else if (this.accept('_')) {
        if (this.accept('._eE') || this.pos >= this.text.length) return false;
      } else {
        while (this.accept(digits));
      }
    }
    return !isAlphaNumeric(this.text.charCodeAt(this.pos));
  }

  private scanRestOfDuration(): boolean {
    if (!this.accept('smhdwy')) return false;
    this.accept('s');
    while (this.accept('0123456789')) {
      while (this.accept('0123456789'));
      if (!this.accept('smhdw')) return false;
      this.accept('s');
    }
    if (!isAlphaNumeric(this.text.charCodeAt(this.pos))) return true;
    this.pos++;
    return false;
  }

  private quotedString(mark: string): boolean {
    const { text } = this;
    this.pos++;
    for (;;) {
      const char = text[this.pos];
      if (char === undefined || char === '\n') return this.fail('unterminated quoted string');
      this.pos++;
      if (char === mark) return this.emit(STRING);
      if (char === '\\') {
        const problem = this.scanEscape(mark);
        if (problem !== undefined) return this.fail(problem);
      }
    }
  }

  private rawString(): boolean {
    const end = this.text.indexOf('`', this.pos + 1);
    if (end < 0) return this.fail('unterminated raw string');
    this.pos = end + 1;
    return this.emit(STRING);
  }

  /** Steps over an escape whose backslash has been read; returns what is wrong with it, if anything. */
  private scanEscape(mark: string): string | undefined {
    const char = this.text[this.pos];
    if (char === undefined) return 'escape sequence not terminated';
    if (`abfnrtv\\${mark}`.includes(char)) {
      this.pos++;
      return undefined;
    }
    let count: number;
    let base: number;
    if (char >= '0' && char <= '7') [count, base] = [3, 8];
    else if (char === 'x') [count, base] = [2, 16];
    else if (char === 'u') [count, base] = [4, 16];
    else if (char === 'U') [count, base] = [8, 16];
    else return `unknown escape sequence ${unicodeName(this.text, this.pos)}`;
    if (base === 16) this.pos++;
    let value = 0;
    for (let i = 0; i < count; i++) {
      const digitText = this.text[this.pos];
      if (digitText === undefined) return 'escape sequence not terminated';
      const digit = Number.parseInt(digitText, base);
      if (Number.isNaN(digit))
        return `illegal character ${unicodeName(this.text, this.pos)} in escape sequence`;
      value = value * base + digit;
      this.pos++;
    }
    const max = count <= 3 ? 255 : 0x10ffff;
    if (value > max || (value >= 0xd800 && value < 0xe000)) {
      return 'escape sequence is an invalid Unicode code point';
    }
    return undefined;
  }

  private symbol(length: number): boolean {
    this.pos += length;
    return this.emit(this.text.slice(this.start, this.pos));
  }

  private emit(type: TokenType): boolean {
    this.tokens.push({ type, text: this.text.slice(this.start, this.pos), start: this.start, end: this.pos });
    this.start = this.pos;
    return true;
  }

  private fail(message: string): boolean {
    this.tokens.push({ type: ERROR, text: message, start: this.start, end: this.text.length });
    return false;
  }

  /** The character at the position as Go's %q writes a rune. */
  private quoteHere(): string {
    const code = this.text.codePointAt(this.pos);
    if (code === undefined) return `'\\uffff'`;
    const char = String.fromCodePoint(code);
    return char === "'" ? `'\\''` : `'${quote(char).slice(1, -1).replace('\\"', '"')}'`;
  }
}

function unicodeName(text: string, at: number): string {
  const code = text.codePointAt(at)!;
  return `U+${code.toString(16).toUpperCase().padStart(4, '0')} '${String.fromCodePoint(code)}'`;
}

const SIMPLE_ESCAPES: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  '\\': 92,
  "'": 39,
  '"': 34,
};

/** The value of a STRING token. Its escapes were checked when it was scanned. */
export function unquoteString(literal: string): string {
  const body = literal.slice(1, -1);
  if (literal[0] === '`' || !body.includes('\\')) return body;
  const encoder = new TextEncoder();
  const bytes: number[] = [];
  for (let i = 0; i < body.length; ) {
    if (body[i] !== '\\') {
      const char = String.fromCodePoint(body.codePointAt(i)!);
      bytes.push(...encoder.encode(char));
      i += char.length;
      continue;
    }
    const kind = body[i + 1]!;
    const simple = SIMPLE_ESCAPES[kind];
    if (simple !== undefined) {
      bytes.push(simple);
      i += 2;
    } else if (kind === 'x') {
      bytes.push(Number.parseInt(body.slice(i + 2, i + 4), 16));
      i += 4;
    } else if (kind === 'u' || kind === 'U') {
      const length = kind === 'u' ? 4 : 8;
      const code = Number.parseInt(body.slice(i + 2, i + 2 + length), 16);
      bytes.push(...encoder.encode(String.fromCodePoint(code)));
      i += 2 + length;
    } else {
      bytes.push(Number.parseInt(body.slice(i + 1, i + 4), 8));
      i += 4;
    }
  }
  return decodeUtf8(new Uint8Array(bytes));
}

/** Bytes that are no UTF-8 become lone surrogates, so that such a text is not well formed and stays distinct. */
function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return String.fromCharCode(...Array.from(bytes, (byte) => (byte < 0x80 ? byte : 0xdc00 + byte)));
  }
}

/** Quotes as Go does, bytes that are no UTF-8 (see decodeUtf8) as `\\xhh`. */
export const quoteText = (text: string): string =>
  quote(text).replace(/\p{Cs}/gu, (lone) => `\\x${(lone.charCodeAt(0) - 0xdc00).toString(16)}`);

/** Whether a label may have this name: any text that is valid UTF-8, but for the empty one. */
export const isLabelName = (text: string): boolean => text !== '' && text.isWellFormed();
