import { percentEncode } from './escape-text.ts';

/** What stands for a value that its place cannot take; upstream's mark, for whoever finds it in a page. */
const UNSAFE = 'ZgotmplZ';

const TEXT: Readonly<Record<string, string>> = {
  '\0': '\ufffd',
  '"': '&#34;',
  "'": '&#39;',
  '&': '&amp;',
  '+': '&#43;',
  '<': '&lt;',
  '>': '&gt;',
};

/** For text and quoted attributes. */
export const escapeHtmlText = (text: string): string => text.replace(/[\0"'&+<>]/g, (char) => TEXT[char]!);

/** For trusted HTML: only what could end the attribute or element it stands in. */
export const normalizeHtml = (text: string): string => text.replace(/[\0"'+<>]/g, (char) => TEXT[char]!);

const UNQUOTED: Readonly<Record<string, string>> = {
  ...TEXT,
  '\0': '&#xfffd;',
  '\t': '&#9;',
  '\n': '&#10;',
  '\v': '&#11;',
  '\f': '&#12;',
  '\r': '&#13;',
  ' ': '&#32;',
  '=': '&#61;',
  '`': '&#96;',
};

/** For attribute values without quotes. */
export function escapeUnquoted(text: string): string {
  if (text === '') return UNSAFE;
  return text.replace(/[\0\t\n\v\f\r "'&+<>=`]/g, (char) => UNQUOTED[char]!);
}

/** Takes tags out of trusted HTML that stands in an attribute or in a title. */
export function stripTags(html: string): string {
  let out = '';
  let at = 0;
  while (at < html.length) {
    const open = html.indexOf('<', at);
    if (open < 0) return out + html.slice(at);
    out += html.slice(at, open);
    if (html.startsWith('<!--', open)) {
      const close = html.indexOf('-->', open + 4);
      at = close < 0 ? html.length : close + 3;
    } else if (/^<\/?[a-zA-Z]/.test(html.slice(open, open + 3))) at = endOfTag(html, open);
    else {
      out += '<';
      at = open + 1;
    }
  }
  return out;
}

/** Index behind the tag's `>`, which is not one within quotes. */
function endOfTag(html: string, open: number): number {
  let quote: string | undefined;
  for (let at = open; at < html.length; at++) {
    const char = html[at]!;
    if (quote !== undefined) {
      if (char === quote) quote = undefined;
    } else if (char === '"' || char === "'") quote = char;
    else if (char === '>') return at + 1;
  }
  return html.length;
}

/** Lets pass only names that are letters and digits, and none whose value would be code or a link. */
export function filterName(text: string, isPlain: (name: string) => boolean): string {
  const name = text.toLowerCase();
  return name !== '' && /^[a-z0-9]+$/.test(name) && isPlain(name) ? name : UNSAFE;
}

/** Lets pass relative links and those of the schemes that run no code. */
export function filterUrl(text: string): string {
  const colon = text.indexOf(':');
  if (colon >= 0 && !text.slice(0, colon).includes('/')) {
    const scheme = text.slice(0, colon).toLowerCase();
    if (scheme !== 'http' && scheme !== 'https' && scheme !== 'mailto') return `#${UNSAFE}`;
  }
  return text;
}

/** Percent-encodes all but what has no meaning in a URL. Digits are lower case, as html/template writes them. */
export const escapeUrl = (text: string): string => lowerEncode(text, /[A-Za-z0-9\-._~]/);

/** Percent-encodes what cannot stand in a URL; keeps what is encoded already. */
export function normalizeUrl(text: string): string {
  return text.replace(/%[0-9a-fA-F]{2}|[^A-Za-z0-9\-._~!#$&*+,/:;=?@[\]]/gu, (part) =>
    part.length === 3 && part[0] === '%' ? part : lowerEncode(part, /[^\s\S]/),
  );
}

const lowerEncode = (text: string, keep: RegExp): string =>
  percentEncode(text, keep).replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());

const JS_STRING: Readonly<Record<string, string>> = {
  '\0': '\\u0000',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\u000b',
  '\f': '\\f',
  '\r': '\\r',
  '"': '\\u0022',
  '`': '\\u0060',
  '&': '\\u0026',
  "'": '\\u0027',
  '+': '\\u002b',
  '/': '\\/',
  '<': '\\u003c',
  '>': '\\u003e',
  '\\': '\\\\',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
};

/** For the inside of a JavaScript string. */
export const escapeJsString = (text: string): string =>
  text.replace(/[\0\t\n\v\f\r"`&'+/<>\\\u2028\u2029]/g, (char) => JS_STRING[char]!);

/** For the inside of a JavaScript template literal. */
export const escapeJsTemplate = (text: string): string =>
  escapeJsString(text).replace(/[${}]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`);

const REGEXP: Readonly<Record<string, string>> = {
  $: '\\$',
  '(': '\\(',
  ')': '\\)',
  '*': '\\*',
  '-': '\\-',
  '.': '\\.',
  '?': '\\?',
  '[': '\\[',
  ']': '\\]',
  '^': '\\^',
  '{': '\\{',
  '|': '\\|',
  '}': '\\}',
};

/** For the inside of a JavaScript regular expression. */
export const escapeJsRegexp = (text: string): string =>
  text === '' ? '(?:)' : escapeJsString(text).replace(/[$()*\-.?[\]^{|}]/g, (char) => REGEXP[char]!);

/** JSON in a form that is safe in a script. */
export const escapeJson = (json: string): string =>
  json.replace(/[<>&\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** For the inside of a CSS string. */
export function escapeCss(text: string): string {
  return text.replace(/[\0\t\n\f\r"&'()+/:;<>\\{}]/g, (char, at: number) => {
    if (char === '\\') return '\\\\';
    const hex = char.charCodeAt(0).toString(16);
    const next = text[at + 1] ?? '';
    // A space ends the escape where the next character would be read as part of it.
    return `\\${hex}${next === '' || /[0-9a-fA-F \t\n\f\r]/.test(next) ? ' ' : ''}`;
  });
}

/** Lets pass harmless values: numbers with units, colours, names; nothing that could load or run. */
export function filterCssValue(text: string): string {
  const decoded = text.replace(/\\([0-9a-fA-F]{1,6})[ \t\n\f\r]?/g, (_, hex: string) => {
    const code = Number.parseInt(hex, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd';
  });
  let letters = '';
  for (let i = 0; i < decoded.length; i++) {
    const char = decoded[i]!;
    if (`\0"'()/;@[\\]\`{}<>`.includes(char)) return UNSAFE;
    if (char === '-' && decoded[i - 1] === '-' && i > 0) return UNSAFE;
    if (/[a-zA-Z]/.test(char)) letters += char.toLowerCase();
  }
  return letters.includes('expression') || letters.includes('mozbinding') ? UNSAFE : decoded;
}
