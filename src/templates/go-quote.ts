import { GO_ESCAPES } from '../model/go-escapes.ts';
import { TemplateError } from './template-error.ts';

/** What Go's strconv.IsPrint takes for printable: letters, marks, numbers, punctuation, symbols and the ASCII space. */
export const isPrintable = (char: string): boolean =>
  char === ' ' || /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u.test(char);

const NAMED: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
};

/** Quotes as strconv.Quote does; `asciiOnly` as QuoteToASCII. */
export function quoteGo(text: string, quote = '"', asciiOnly = false): string {
  let out = quote;
  for (const char of text) {
    const code = char.codePointAt(0)!;
    if (char === quote) out += `\\${char}`;
    else if (NAMED[char]) out += NAMED[char];
    else if (code < 0x80 ? isPrintable(char) : !asciiOnly && isPrintable(char)) out += char;
    else if (code < 0x20 || code === 0x7f) out += `\\x${code.toString(16).padStart(2, '0')}`;
    else if (code < 0x10000) out += `\\u${code.toString(16).padStart(4, '0')}`;
    else out += `\\U${code.toString(16).padStart(8, '0')}`;
  }
  return out + quote;
}

const ESCAPE =
  /\\(?:([abfnrtv\\'"])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3}))|\\|[\s\S]/gu;

/**
 * Reads a Go string or character constant with its quotes, as strconv.Unquote does.
 * @throws TemplateError when it is none
 */
export function unquoteGo(literal: string): string {
  const quote = literal[0];
  const body = literal.slice(1, -1);
  if (literal.length < 2 || literal.at(-1) !== quote) throw new TemplateError('invalid syntax');
  if (quote === '`') return body.replace(/\r/g, '');
  if (body.includes('\n')) throw new TemplateError('invalid syntax');
  const bytes: number[] = [];
  const encoder = new TextEncoder();
  for (const match of body.matchAll(ESCAPE)) {
    const [whole, simple, x, u, U, octal] = match;
    if (simple !== undefined) {
      if ((simple === '"' || simple === "'") && simple !== quote) throw new TemplateError('invalid syntax');
      bytes.push(GO_ESCAPES[simple]!);
    } else if (x !== undefined) {
      const value = Number.parseInt(x, 16);
      bytes.push(value);
    } else if (octal !== undefined) {
      const value = Number.parseInt(octal, 8);
      if (value > 255) throw new TemplateError('invalid syntax');
      bytes.push(value);
    } else if (u !== undefined || U !== undefined) {
      const code = Number.parseInt((u ?? U)!, 16);
      if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) throw new TemplateError('invalid syntax');
      bytes.push(...encoder.encode(String.fromCodePoint(code)));
    } else if (whole === '\\' || whole === quote) {
      throw new TemplateError('invalid syntax');
    } else {
      bytes.push(...encoder.encode(whole));
    }
  }
  const text = new TextDecoder().decode(Uint8Array.from(bytes));
  if (quote === "'" && [...text].length !== 1) throw new TemplateError('invalid syntax');
  return text;
}
