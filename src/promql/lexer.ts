import { quote } from '../model/labels.ts';
import {
  DURATION,
  DURATION_WORDS,
  EOF,
  ERROR,
  IDENTIFIER,
  isReservedWord,
  METRIC_IDENTIFIER,
  NUMBER,
  STRING,
  type Token,
  type TokenType,
} from './tokens.ts';

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
