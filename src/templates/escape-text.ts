import { isPrintable } from './go-quote.ts';

const HTML: Readonly<Record<string, string>> = {
  '\0': '\ufffd',
  '"': '&#34;',
  "'": '&#39;',
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
};

/** As template.HTMLEscapeString. */
export const escapeHtml = (text: string): string => text.replace(/[\0"'&<>]/g, (char) => HTML[char]!);

const JS: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  "'": "\\'",
  '"': '\\"',
  '<': '\\u003C',
  '>': '\\u003E',
  '&': '\\u0026',
  '=': '\\u003D',
};

/** As template.JSEscapeString. */
export function escapeJs(text: string): string {
  return text.replace(/[\\'"<>&=]|[\0-\x1f]|[^\0-\x7f]/gu, (char) => {
    if (JS[char]) return JS[char];
    const code = char.codePointAt(0)!;
    if (code >= 0x80 && isPrintable(char)) return char;
    return `\\u${code.toString(16).toUpperCase().padStart(4, '0')}`;
  });
}

/** Percent-encodes the UTF-8 bytes of what `keep` does not name. */
export function percentEncode(text: string, keep: RegExp): string {
  let out = '';
  for (const char of text) {
    if (keep.test(char)) out += char;
    else for (const byte of Buffer.from(char)) out += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return out;
}

/** As url.QueryEscape: a space is a plus. */
export const queryEscape = (text: string): string =>
  percentEncode(text, /[A-Za-z0-9\-_.~ ]/).replaceAll(' ', '+');

/** As url.QueryUnescape. @throws Error with Go's text */
export function queryUnescape(text: string): string {
  const bytes: number[] = [];
  const source = Buffer.from(text.replaceAll('+', ' '));
  for (let i = 0; i < source.length; i++) {
    if (source[i] !== 0x25) {
      bytes.push(source[i]!);
      continue;
    }
    const hex = source.toString('latin1', i + 1, i + 3);
    if (!/^[0-9a-fA-F]{2}$/.test(hex)) {
      throw new Error(`invalid URL escape ${JSON.stringify(source.toString('utf8', i, i + 3))}`);
    }
    bytes.push(Number.parseInt(hex, 16));
    i += 2;
  }
  return Buffer.from(bytes).toString('utf8');
}
