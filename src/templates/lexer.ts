import { isPrintable, quoteGo } from './go-quote.ts';

export type TokenKind =
  | 'error'
  | 'bool'
  | 'char'
  | 'charConstant'
  | 'assign'
  | 'declare'
  | 'eof'
  | 'field'
  | 'identifier'
  | 'leftDelim'
  | 'leftParen'
  | 'number'
  | 'pipe'
  | 'rawString'
  | 'rightDelim'
  | 'rightParen'
  | 'space'
  | 'string'
  | 'text'
  | 'variable'
  | 'dot'
  | 'nil'
  | Keyword;

const KEYWORDS = [
  'block',
  'break',
  'continue',
  'define',
  'else',
  'end',
  'if',
  'range',
  'template',
  'with',
] as const;
type Keyword = (typeof KEYWORDS)[number];

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  /** Where it starts, in UTF-16 units of the template's text. */
  readonly at: number;
  /** From 1. */
  readonly line: number;
}

const SPACES = /[ \t\r\n]*/y;
const WORD = /[\p{L}\p{Nd}_]*/uy;
const STRING = /"(?:[^"\\\n]|\\[^\n])*/y;
const CHARACTER = /'(?:[^'\\\n]|\\[^\n])*/y;
const NUMBER =
  /[+-]?(?:0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]*)?|0[oO][0-7_]*|0[bB][01_]*|[0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9_]*)?)i?/y;

/** Cuts a template into tokens as Go's lexer does; a mistake is the last token, of kind `error`, with Go's text. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let line = 1;
  let at = 0;
  let depth = 0;

  const countLines = (part: string): void => {
    for (let i = part.indexOf('\n'); i >= 0; i = part.indexOf('\n', i + 1)) line++;
  };
  const push = (kind: TokenKind, part: string): void => {
    tokens.push({ kind, text: part, at, line });
    countLines(part);
    at += part.length;
  };
  const fail = (message: string): Token[] => {
    tokens.push({ kind: 'error', text: message, at, line });
    return tokens;
  };
  const skip = (length: number): void => {
    countLines(text.slice(at, at + length));
    at += length;
  };
  const match = (pattern: RegExp): string => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0] ?? '';
  };

  for (;;) {
    const open = text.indexOf('{{', at);
    let part = open < 0 ? text.slice(at) : text.slice(at, open);
    const full = part.length;
    const trimLeft = open >= 0 && text[open + 2] === '-' && isSpace(text[open + 3]);
    if (trimLeft) part = withoutSpaceAtEnd(part);
    if (part !== '') push('text', part);
    skip(full - part.length);
    if (open < 0) break;
    const body = open + 2 + (trimLeft ? 2 : 0);
    if (text.startsWith('/*', body)) {
      skip(body - at);
      const close = text.indexOf('*/', at);
      if (close < 0) return fail('unclosed comment');
      let end = close + 2;
      const trimRight = isSpace(text[end]) && text[end + 1] === '-' && text.startsWith('}}', end + 2);
      if (trimRight) end += 2;
      if (!text.startsWith('}}', end)) return fail('comment ends before closing delimiter');
      skip(end + 2 - at);
      if (trimRight) skip(match(SPACES).length);
      continue;
    }
    push('leftDelim', '{{');
    if (trimLeft) skip(2);
    depth = 0;
    for (;;) {
      const rest = text[at];
      const trimRight = isSpace(rest) && text[at + 1] === '-' && text.startsWith('}}', at + 2);
      if (trimRight || text.startsWith('}}', at)) {
        if (depth > 0) return fail('unclosed left paren');
        if (trimRight) skip(2);
        push('rightDelim', '}}');
        if (trimRight) skip(match(SPACES).length);
        break;
      }
      if (rest === undefined) return fail('unclosed action');
      if (isSpace(rest)) {
        const spaces = match(SPACES);
        // The space before a trim marker belongs to the delimiter.
        const keep = text.startsWith('-}}', at + spaces.length) ? spaces.length - 1 : spaces.length;
        push('space', spaces.slice(0, keep));
      } else if (rest === '=') push('assign', '=');
      else if (rest === ':') {
        if (text[at + 1] !== '=') return fail('expected :=');
        push('declare', ':=');
      } else if (rest === '|') push('pipe', '|');
      else if (rest === '"') {
        const part = match(STRING);
        if (text[at + part.length] !== '"') return fail('unterminated quoted string');
        push('string', `${part}"`);
      } else if (rest === '`') {
        const close = text.indexOf('`', at + 1);
        if (close < 0) return fail('unterminated raw quoted string');
        push('rawString', text.slice(at, close + 1));
      } else if (rest === "'") {
        const part = match(CHARACTER);
        if (text[at + part.length] !== "'") return fail('unterminated character constant');
        push('charConstant', `${part}'`);
      } else if (rest === '$' || (rest === '.' && !isDigit(text[at + 1]))) {
        const sigil = rest;
        at++;
        const name = match(WORD);
        at--;
        const whole = sigil + name;
        if (!atTerminator(text, at + whole.length)) return fail(badCharacter(text, at + whole.length));
        if (sigil === '$') push('variable', whole);
        else push(name === '' ? 'dot' : 'field', whole);
      } else if (rest === '+' || rest === '-' || rest === '.' || isDigit(rest)) {
        const part = match(NUMBER);
        const next = text.slice(at + part.length, at + part.length + 1);
        if (/[\p{L}\p{Nd}_]/u.test(next)) {
          return fail(`bad number syntax: ${quoteGo(text.slice(at, at + part.length + 1))}`);
        }
        push('number', part);
      } else if (/[\p{L}_]/u.test(wholeChar(text, at))) {
        const word = match(WORD);
        if (!atTerminator(text, at + word.length)) return fail(badCharacter(text, at + word.length));
        push(wordKind(word), word);
      } else if (rest === '(') {
        depth++;
        push('leftParen', '(');
      } else if (rest === ')') {
        if (--depth < 0) return fail('unexpected right paren');
        push('rightParen', ')');
      } else if (rest >= '!' && rest <= '~') push('char', rest);
      else return fail(`unrecognized character in action: ${unicode(wholeChar(text, at))}`);
    }
  }
  push('eof', '');
  return tokens;
}

const isSpace = (char: string | undefined): boolean =>
  char === ' ' || char === '\t' || char === '\r' || char === '\n';
function withoutSpaceAtEnd(part: string): string {
  let end = part.length;
  while (end > 0 && isSpace(part[end - 1])) end--;
  return part.slice(0, end);
}

const isDigit = (char: string | undefined): boolean => char !== undefined && char >= '0' && char <= '9';
const wholeChar = (text: string, at: number): string => String.fromCodePoint(text.codePointAt(at)!);

/** Whether a word may end here; `.x` goes on as a chain. */
function atTerminator(text: string, at: number): boolean {
  const char = text[at];
  return char === undefined || isSpace(char) || '.,|:()'.includes(char) || text.startsWith('}}', at);
}

const badCharacter = (text: string, at: number): string => `bad character ${unicode(wholeChar(text, at))}`;

const unicode = (char: string): string => {
  const hex = char.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0');
  return isPrintable(char) ? `U+${hex} '${char}'` : `U+${hex}`;
};

function wordKind(word: string): TokenKind {
  if (word === 'true' || word === 'false') return 'bool';
  if (word === 'nil') return 'nil';
  return (KEYWORDS as readonly string[]).includes(word) ? (word as Keyword) : 'identifier';
}
