import { randomBytes } from 'node:crypto';
import addressparser from 'nodemailer/lib/addressparser';
import { MessageError } from './exchange.ts';

/** A mail ready to be handed to a server. */
export interface Mail {
  /** Bare addresses of the envelope. */
  readonly from: string;
  readonly to: readonly string[];
  /** Headers and body, with CRLF line ends. */
  readonly source: string;
}

/** Writes a mail of alternatives, the preferred one last. Header values may hold any text; line breaks in them become spaces. */
export function mailSource(
  headers: readonly (readonly [name: string, value: string])[],
  parts: readonly { readonly type: string; readonly body: string }[],
  at: number,
): string {
  const boundary = randomBytes(30).toString('hex');
  const lines = headers.map(([name, value]) => `${name}: ${encodeHeader(name, value)}`);
  lines.push(`Date: ${mailDate(at)}`);
  lines.push(`Content-Type: multipart/alternative; boundary=${boundary}`, 'MIME-Version: 1.0', '');
  for (const { type, body } of parts) {
    lines.push(`--${boundary}`, 'Content-Transfer-Encoding: quoted-printable');
    lines.push(`Content-Type: ${type}; charset=UTF-8`, '', quotedPrintable(body));
  }
  lines.push(`--${boundary}--`, '');
  return lines.join('\r\n');
}

const ATOM_CHAR = String.raw`[^\s()<>[\]:;@\\,"\x00-\x1f\x7f]`;
/** A word of a name, or a half of an address, whole: the search stays linear. What means something in a list stands in quotes only. */
const ATOM = `${ATOM_CHAR}+(?!${ATOM_CHAR})`;
const QUOTED = String.raw`"(?:[^"\\\x00-\x1f\x7f]|\\[^\x00-\x1f\x7f])*"`;
const ADDRESS = String.raw`(?:${ATOM}|${QUOTED})@(?:${ATOM}|\[[^\s[\]]+\])`;
const COMMENT = String.raw`(?:\s*\([^()]*\))*`;
const ENTRY = String.raw`(?:${ADDRESS}|(?:(?:${ATOM}|${QUOTED})\s*)*<${ADDRESS}>)${COMMENT}`;
const LIST = new RegExp(String.raw`^[\s,]*${ENTRY}(?:\s*,[\s,]*${ENTRY})*[\s,]*$`);

/**
 * Reads a comma-separated list of addresses, with or without names; gives the bare addresses. A name is not taken for an address, whatever
 * a label has put into it.
 */
export function addressList(text: string, field: string): string[] {
  const found = LIST.test(text) ? addressparser(text, { flatten: true }).map((one) => one.address ?? '') : [];
  if (found.length === 0 || found.some((address) => !/^[^\s@<>]+@[^\s@<>]+$/.test(address))) {
    throw new MessageError(
      `parse '${field}' addresses: expected addresses such as "a@example.org", got "${text}"`,
    );
  }
  return found;
}

const ADDRESS_HEADERS = new Set(['to', 'from', 'cc', 'bcc', 'reply-to', 'sender']);

/** Words that are not ASCII are encoded (RFC 2047); in headers of addresses only the names, never the addresses. */
function encodeHeader(name: string, raw: string): string {
  const value = raw.replace(/[\r\n]+[ \t]*/g, ' ').trim();
  if (/^[\x20-\x7e\t]*$/.test(value)) return value;
  if (!ADDRESS_HEADERS.has(name.toLowerCase())) return encodeWords(value);
  return addressparser(value, { flatten: true })
    .map(({ name: person, address }) => {
      if (!person) return address;
      const plain = /^[\x20-\x7e]*$/.test(person);
      return `${plain ? `"${person.replace(/["\\]/g, '\\$&')}"` : encodeWords(person)} <${address}>`;
    })
    .join(', ');
}

/** Longest encoded word, of which 12 characters are its frame. */
const MAX_WORD = 75;

function encodeWords(text: string): string {
  const words: string[] = [];
  let word = '';
  for (const char of text) {
    const encoded = /[A-Za-z0-9!*+\-/]/.test(char)
      ? char
      : char === ' '
        ? '_'
        : [...Buffer.from(char)].map((byte) => `=${hex(byte)}`).join('');
    if (word.length + encoded.length > MAX_WORD - 12) {
      words.push(word);
      word = '';
    }
    word += encoded;
  }
  return [...words, word].map((one) => `=?utf-8?q?${one}?=`).join('\r\n ');
}

const hex = (byte: number): string => byte.toString(16).toUpperCase().padStart(2, '0');

/** Longest line of quoted-printable text, the soft break's "=" included. */
const MAX_LINE = 76;

/** RFC 2045, section 6.7; line ends of any kind become CRLF. */
export function quotedPrintable(text: string): string {
  return text
    .split(/\r\n|\n/)
    .map((line) => {
      const bytes = Buffer.from(line);
      let out = '';
      let width = 0;
      for (let i = 0; i < bytes.length; i++) {
        const byte = bytes[i]!;
        const isLast = i === bytes.length - 1;
        const blank = byte === 0x20 || byte === 0x09;
        const literal = (byte >= 0x21 && byte <= 0x7e && byte !== 0x3d) || (blank && !isLast);
        const encoded = literal ? String.fromCharCode(byte) : `=${hex(byte)}`;
        if (width + encoded.length > (isLast ? MAX_LINE : MAX_LINE - 1)) {
          out += '=\r\n';
          width = 0;
        }
        out += encoded;
        width += encoded.length;
      }
      return out;
    })
    .join('\r\n');
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function mailDate(at: number): string {
  const date = new Date(at);
  const two = (n: number): string => String(n).padStart(2, '0');
  const time = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
  return `${DAYS[date.getUTCDay()]}, ${two(date.getUTCDate())} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()} ${time} +0000`;
}
