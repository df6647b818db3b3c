import { GO_ESCAPES } from '../model/go-escapes.ts';
import { quote } from '../model/labels.ts';

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
    const simple = GO_ESCAPES[kind];
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
    let text = '';
    for (const byte of bytes) text += String.fromCharCode(byte < 0x80 ? byte : 0xdc00 + byte);
    return text;
  }
}

/** Quotes as Go does, bytes that are no UTF-8 (see decodeUtf8) as `\xhh`. */
export const quoteText = (text: string): string =>
  quote(text).replace(/\p{Cs}/gu, (lone) => `\\x${(lone.charCodeAt(0) - 0xdc00).toString(16)}`);
