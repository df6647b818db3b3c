import type { Matcher, MatchOp } from '../model/matcher.ts';
import { compileMatcher } from './matching.ts';

/**
 * Reads one matcher as Alertmanager's API and amtool write it: `severity=~"crit.*"`. The UTF-8 syntax is tried beside the
 * classic one; where they read different things the classic one wins, as upstream has it until the old syntax is gone.
 * @throws Error with the reason
 */
export function parseMatcher(input: string): Matcher {
  if (input.startsWith('{') || input.endsWith('}')) {
    throw new Error(`unexpected open or close brace: ${input}`);
  }
  const matchers = parseMatchers(input, true);
  if (matchers.length !== 1) throw new Error(`expected 1 matcher, found ${matchers.length}`);
  return matchers[0]!;
}

/** Reads a list of matchers with or without braces around it: `{a="b", c!="d"}`. @throws Error with the reason */
export function parseMatchers(input: string, single = false): Matcher[] {
  const modern = attempt(() => parseModern(input));
  const classic = attempt(() => (single ? [classicMatcher(input)] : parseClassic(input)));
  if (classic.matchers) {
    const agree = modern.matchers && JSON.stringify(modern.matchers) === JSON.stringify(classic.matchers);
    return agree ? modern.matchers! : classic.matchers;
  }
  if (modern.matchers) return modern.matchers;
  throw classic.error;
}

function attempt(parse: () => Matcher[]): { matchers?: Matcher[]; error?: unknown } {
  try {
    const matchers = parse();
    for (const matcher of matchers) compileMatcher(matcher);
    return { matchers };
  } catch (error) {
    return { error };
  }
}

const CLASSIC = /^\s*([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(=~|=|!=|!~)\s*([\s\S]*?)\s*$/;

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

function parseClassic(input: string): Matcher[] {
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
    } else escaped = char === '\\' && !escaped;
    token += char;
  }
  if (token.trim() !== '') tokens.push(token.trim());
  return tokens.map(classicMatcher);
}

const TOKEN = /\s*(?:([{},])|(=~|!=|!~|=)|("(?:[^"\\]|\\[\s\S])*")|([^\s{}!=~,\\"'`]+))/y;

interface Token {
  readonly kind: 'punctuation' | 'operator' | 'text';
  readonly text: string;
}

function parseModern(input: string): Matcher[] {
  const tokens = tokenize(input);
  const braced = tokens[0]?.text === '{' && tokens[0].kind === 'punctuation';
  let at = braced ? 1 : 0;
  const isPunctuation = (text: string): boolean =>
    tokens[at]?.kind === 'punctuation' && tokens[at]!.text === text;
  const matchers: Matcher[] = [];
  while (at < tokens.length && !isPunctuation('}')) {
    const [name, op, value] = [tokens[at], tokens[at + 1], tokens[at + 2]];
    if (name?.kind !== 'text') throw new Error('expected label name');
    if (op?.kind !== 'operator') {
      throw new Error("expected an operator such as '=', '!=', '=~' or '!~'");
    }
    if (value?.kind !== 'text') throw new Error('expected label value');
    matchers.push({ name: name.text, op: op.text as MatchOp, value: value.text });
    at += 3;
    if (at >= tokens.length || isPunctuation('}')) break;
    if (!isPunctuation(',')) throw new Error('expected a comma or close brace');
    at++;
  }
  if (braced && !isPunctuation('}')) throw new Error('expected close brace');
  if (braced) at++;
  if (at < tokens.length) throw new Error('expected end of input');
  return matchers;
}

function tokenize(input: string): Token[] {
  const tokens: Token[] = [];
  const text = input.trimEnd();
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const from = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (!match) throw new Error(`${from}: ${text.slice(from)}: invalid input`);
    if (match[1]) tokens.push({ kind: 'punctuation', text: match[1] });
    else if (match[2]) tokens.push({ kind: 'operator', text: match[2] });
    else if (match[3]) tokens.push({ kind: 'text', text: unquoteGo(match[3]) });
    else tokens.push({ kind: 'text', text: match[4]! });
  }
  return tokens;
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

/** Undoes Go's quoting; unknown escapes are errors there too. */
function unquoteGo(text: string): string {
  return text
    .slice(1, -1)
    .replace(
      /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([\s\S]))/g,
      (_, x, u, long, char) => {
        const hex = x ?? u ?? long;
        if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
        const plain = ESCAPES[char];
        if (plain === undefined) throw new Error(`${text}: invalid input`);
        return plain;
      },
    );
}
