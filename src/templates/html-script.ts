import type { HtmlContext } from './html-context.ts';
import { until, untilQuote } from './html-passing.ts';

const REGEXP_WORDS = new Set([
  'break',
  'case',
  'continue',
  'delete',
  'do',
  'else',
  'finally',
  'in',
  'instanceof',
  'return',
  'throw',
  'try',
  'typeof',
  'void',
]);

/** Whether a slash after this code starts a regular expression. */
function slashAfter(code: string, before: HtmlContext['slash']): HtmlContext['slash'] {
  const trimmed = code.trimEnd();
  if (trimmed === '') return before;
  const last = trimmed.at(-1)!;
  if (last === '+' || last === '-') {
    // ++ and -- end a value, + and - want one.
    let run = 1;
    while (trimmed.at(-1 - run) === last) run++;
    return run % 2 === 1 ? 'regexp' : 'divide';
  }
  if (last === '.') return /\d\.$/.test(trimmed) ? 'divide' : 'regexp';
  if (',<>=*%&|^?!~([:;{}'.includes(last)) return 'regexp';
  // No word that counts is longer.
  const word = /[\w$]+$/.exec(trimmed.slice(-16))?.[0] ?? '';
  return REGEXP_WORDS.has(word) ? 'regexp' : 'divide';
}

/** Moves over JavaScript, as `advance` does over HTML. */
export function advanceJs(context: HtmlContext, text: string, from: number): number {
  switch (context.state) {
    case 'jsDoubleQuoted':
      return untilQuote(context, text, from, '"', 'js');
    case 'jsSingleQuoted':
      return untilQuote(context, text, from, "'", 'js');
    case 'jsTemplate':
      return advanceJsTemplate(context, text, from);
    case 'jsRegexp': {
      let inSet = false;
      for (let at = from; at < text.length; at++) {
        const char = text[at];
        if (char === '\\') at++;
        else if (char === '[') inSet = true;
        else if (char === ']') inSet = false;
        else if (char === '/' && /^<\/script$/i.test(text.slice(at - 1, at + 7))) at += 6;
        else if (char === '/' && !inSet) {
          context.state = 'js';
          context.slash = 'divide';
          return at + 1;
        }
      }
      return text.length;
    }
    case 'jsBlockComment':
      return until(context, text, from, '*/', 'js');
    case 'jsLineComment': {
      const end = text.slice(from).search(/[\n\r\u2028\u2029]/);
      if (end < 0) return text.length;
      context.state = 'js';
      return from + end + 1;
    }
    default:
      break;
  }
  const found = text.slice(from).search(/["'`/{}]|<!--|-->|#!/);
  if (found < 0) {
    context.slash = slashAfter(text.slice(from), context.slash);
    return text.length;
  }
  const at = from + found;
  context.slash = slashAfter(text.slice(from, at), context.slash);
  return at + openJs(context, text, at);
}

/** Takes what stands at `at` and changes the state; gives its length. */
function openJs(context: HtmlContext, text: string, at: number): number {
  const { braces } = context;
  switch (text[at]) {
    case '"':
      context.state = 'jsDoubleQuoted';
      return 1;
    case "'":
      context.state = 'jsSingleQuoted';
      return 1;
    case '`':
      context.state = 'jsTemplate';
      return 1;
    case '{':
      context.slash = 'regexp';
      if (braces.length > 0) braces[braces.length - 1]!++;
      return 1;
    case '}':
      context.slash = 'regexp';
      if (braces.length === 0) return 1;
      if (braces.at(-1) === 0) {
        braces.pop();
        context.state = 'jsTemplate';
      } else braces[braces.length - 1]!--;
      return 1;
    case '<':
      context.state = 'jsLineComment';
      return 4;
    case '-':
      context.state = 'jsLineComment';
      return 3;
    case '#':
      context.state = 'jsLineComment';
      return 2;
    default:
      break;
  }
  if (text[at + 1] === '/') context.state = 'jsLineComment';
  else if (text[at + 1] === '*') context.state = 'jsBlockComment';
  else {
    if (context.slash === 'regexp') context.state = 'jsRegexp';
    else context.slash = 'regexp';
    return 1;
  }
  return 2;
}

function advanceJsTemplate(context: HtmlContext, text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const char = text[at];
    if (char === '\\') at++;
    else if (char === '`') {
      context.state = 'js';
      context.slash = 'divide';
      return at + 1;
    } else if (char === '$' && text[at + 1] === '{') {
      context.braces.push(0);
      context.state = 'js';
      context.slash = 'regexp';
      return at + 2;
    }
  }
  return text.length;
}
