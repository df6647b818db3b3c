import { attributeKind, type HtmlContext, isJavaScriptType, isScriptLiteral } from './html-context.ts';

/**
 * Moves the context over `text` from `from` and gives the index up to which it went, at least one character on. Nothing is
 * written here; the caller learns from `context.state` what the passed text was.
 */
export function advance(context: HtmlContext, text: string, from: number): number {
  if (context.delimiter !== undefined) return advanceAttribute(context, text, from);
  switch (context.state) {
    case 'text':
      return advanceText(context, text, from);
    case 'tag':
      return advanceTag(context, text, from);
    case 'attrName': {
      const end = endOfName(text, from);
      if (end < text.length) context.state = 'afterName';
      return Math.max(end, from);
    }
    case 'afterName': {
      const at = skipSpace(text, from);
      if (at === text.length) return at;
      if (text[at] !== '=') {
        context.state = 'tag';
        return at;
      }
      context.state = 'beforeValue';
      return at + 1;
    }
    case 'beforeValue': {
      const at = skipSpace(text, from);
      if (at === text.length) return at;
      const quote = text[at];
      context.delimiter = quote === '"' || quote === "'" ? quote : 'unquoted';
      openValue(context);
      return context.delimiter === 'unquoted' ? at : at + 1;
    }
    case 'htmlComment': {
      const end = text.indexOf('-->', from);
      if (end < 0) return text.length;
      context.state = 'text';
      return end + 3;
    }
    default:
      return advanceRawText(context, text, from);
  }
}

/** Enters the value of the attribute whose name was read. */
export function openValue(context: HtmlContext): void {
  context.urlPart = 'start';
  context.slash = 'regexp';
  context.braces = [];
  const states = {
    plain: 'attr',
    scriptType: 'attr',
    script: 'js',
    style: 'css',
    url: 'url',
    srcset: 'srcset',
    metaContent: 'metaContent',
  } as const;
  context.state = states[context.attribute];
}

const ELEMENT = /<(\/?)([a-zA-Z][^\s/>]*)/y;
/** Elements of which more must be known than that they are some. */
const SPECIAL_ELEMENTS = ['script', 'style', 'textarea', 'title', 'meta'] as const;

function advanceText(context: HtmlContext, text: string, from: number): number {
  for (let at = text.indexOf('<', from); at >= 0; at = text.indexOf('<', at + 1)) {
    if (text.startsWith('<!--', at)) {
      if (at > from) return at;
      context.state = 'htmlComment';
      return at + 4;
    }
    ELEMENT.lastIndex = at;
    const match = ELEMENT.exec(text);
    if (!match) continue;
    if (at > from) return at;
    const name = match[2]!.toLowerCase();
    context.state = 'tag';
    context.attribute = 'plain';
    context.isDataScript = false;
    context.element = match[1] === '' ? SPECIAL_ELEMENTS.find((special) => special === name) : undefined;
    return at + match[0].length;
  }
  return text.length;
}

function advanceTag(context: HtmlContext, text: string, from: number): number {
  const at = skipSpace(text, from);
  if (at === text.length) return at;
  if (text[at] === '>') {
    enterElement(context);
    return at + 1;
  }
  if (text[at] === '/') return at + 1;
  const end = endOfName(text, at);
  if (end === at) return at + 1;
  const name = text.slice(at, end).toLowerCase();
  context.attribute = attributeOf(context.element, name);
  context.state = end < text.length ? 'afterName' : 'attrName';
  return end;
}

function attributeOf(element: HtmlContext['element'], name: string): HtmlContext['attribute'] {
  if (element === 'script' && name === 'type') return 'scriptType';
  return element === 'meta' && name === 'content' ? 'metaContent' : attributeKind(name);
}

function enterElement(context: HtmlContext): void {
  context.slash = 'regexp';
  context.braces = [];
  switch (context.element) {
    case 'script':
      context.state = context.isDataScript ? 'text' : 'js';
      if (context.isDataScript) context.element = undefined;
      return;
    case 'style':
      context.state = 'css';
      return;
    case 'textarea':
    case 'title':
      context.state = 'rcdata';
      return;
    default:
      context.state = 'text';
  }
}

/** Text inside script, style, textarea and title: it goes up to their end tag, whatever else stands there. */
function advanceRawText(context: HtmlContext, text: string, from: number): number {
  const { element } = context;
  // What looks like an end tag in a script's string is none; the writer takes care that browsers agree.
  const isHidden =
    element === 'script' && (isScriptLiteral(context.state) || context.state.endsWith('Comment'));
  const end = element && !isHidden ? endTagAt(context, text, element, from) : -1;
  if (end === from) {
    context.state = 'tag';
    context.element = undefined;
    context.endTag = undefined;
    context.attribute = 'plain';
    return from + 2 + element!.length;
  }
  const limit = end < 0 ? text.length : end;
  return advanceCode(context, text, from, limit);
}

/** Looked for once per text, not at every step within it. */
function endTagAt(context: HtmlContext, text: string, element: string, from: number): number {
  const { endTag } = context;
  if (endTag?.text === text && (endTag.at < 0 || endTag.at >= from)) return endTag.at;
  const pattern = new RegExp(`</${element}(?=[\\s/>]|$)`, 'gi');
  pattern.lastIndex = from;
  const at = pattern.exec(text)?.index ?? -1;
  context.endTag = { text, at };
  return at;
}

function advanceAttribute(context: HtmlContext, text: string, from: number): number {
  const { delimiter } = context;
  let end: number;
  if (delimiter === 'unquoted') {
    end = text.slice(from).search(/[\s>]/);
    end = end < 0 ? -1 : from + end;
  } else end = text.indexOf(delimiter!, from);
  if (end === from) {
    context.delimiter = undefined;
    context.state = 'tag';
    context.attribute = 'plain';
    return delimiter === 'unquoted' ? from : from + 1;
  }
  const limit = end < 0 ? text.length : end;
  if (context.attribute === 'scriptType') {
    context.isDataScript = !isJavaScriptType(unescapeEntities(text.slice(from, limit)));
    return limit;
  }
  return advanceCode(context, text, from, limit);
}

const ENTITIES: Readonly<Record<string, string>> = {
  quot: '"',
  apos: "'",
  amp: '&',
  lt: '<',
  gt: '>',
  nbsp: '\u00a0',
};

function unescapeEntities(text: string): string {
  return text.replace(/&(?:#(\d+)|#[xX]([0-9a-fA-F]+)|(\w+));/g, (whole, decimal, hex, name) => {
    if (name !== undefined) return ENTITIES[name as string] ?? whole;
    const code = decimal !== undefined ? Number(decimal) : Number.parseInt(hex as string, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd';
  });
}

/** Moves over text in [from, limit) that is an attribute's value or an element's raw text; may stop earlier. */
function advanceCode(context: HtmlContext, text: string, from: number, limit: number): number {
  const part = text.slice(from, limit);
  switch (context.state) {
    case 'url':
      advanceUrl(context, part);
      return limit;
    case 'metaContent': {
      // `0; url=…` of a refresh.
      const link = /url\s*=/i.exec(part);
      if (!link) return limit;
      context.state = 'metaContentUrl';
      return from + link.index + link[0].length;
    }
    case 'metaContentUrl': {
      const end = part.indexOf(';');
      if (end < 0) return limit;
      context.state = 'metaContent';
      return from + end + 1;
    }
    case 'js':
    case 'jsDoubleQuoted':
    case 'jsSingleQuoted':
    case 'jsTemplate':
    case 'jsRegexp':
    case 'jsBlockComment':
    case 'jsLineComment':
      // Entities in an attribute are read before the script is; their length differs, so the whole value is taken at once.
      if (context.delimiter !== undefined && part.includes('&')) {
        advanceAll(context, unescapeEntities(part), advanceJs);
        return limit;
      }
      return from + advanceJs(context, part, 0);
    case 'css':
    case 'cssDoubleQuoted':
    case 'cssSingleQuoted':
    case 'cssUrlDoubleQuoted':
    case 'cssUrlSingleQuoted':
    case 'cssUrl':
    case 'cssBlockComment':
    case 'cssLineComment':
      if (context.delimiter !== undefined && part.includes('&')) {
        advanceAll(context, unescapeEntities(part), advanceCss);
        return limit;
      }
      return from + advanceCss(context, part, 0);
    default:
      return limit;
  }
}

function advanceAll(
  context: HtmlContext,
  text: string,
  step: (context: HtmlContext, text: string, from: number) => number,
): void {
  for (let at = 0; at < text.length; ) at = step(context, text, at);
}

function advanceUrl(context: HtmlContext, part: string): void {
  if (/[#?]/.test(part)) context.urlPart = 'query';
  else if (context.urlPart === 'start' && part.trim() !== '') context.urlPart = 'path';
}

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

function advanceJs(context: HtmlContext, text: string, from: number): number {
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

function advanceCss(context: HtmlContext, text: string, from: number): number {
  switch (context.state) {
    case 'cssDoubleQuoted':
    case 'cssUrlDoubleQuoted':
      return untilQuote(context, text, from, '"', 'css');
    case 'cssSingleQuoted':
    case 'cssUrlSingleQuoted':
      return untilQuote(context, text, from, "'", 'css');
    case 'cssUrl': {
      const end = text.slice(from).search(/[\s)]/);
      const limit = end < 0 ? text.length : from + end;
      advanceUrl(context, text.slice(from, limit));
      if (end < 0) return limit;
      context.state = 'css';
      return limit + 1;
    }
    case 'cssBlockComment':
      return until(context, text, from, '*/', 'css');
    case 'cssLineComment': {
      const end = text.slice(from).search(/[\n\f\r]/);
      if (end < 0) return text.length;
      context.state = 'css';
      return from + end + 1;
    }
    default:
      break;
  }
  const found = text.slice(from).search(/[("'/]/);
  if (found < 0) return text.length;
  const at = from + found;
  const char = text[at];
  if (char === '(') {
    if (text.slice(from, at).trimEnd().slice(-3).toLowerCase() !== 'url') return at + 1;
    const inside = skipSpace(text, at + 1);
    context.urlPart = 'start';
    if (text[inside] === '"') context.state = 'cssUrlDoubleQuoted';
    else if (text[inside] === "'") context.state = 'cssUrlSingleQuoted';
    else {
      context.state = 'cssUrl';
      return inside;
    }
    return inside + 1;
  }
  if (char === '"') context.state = 'cssDoubleQuoted';
  else if (char === "'") context.state = 'cssSingleQuoted';
  else if (text[at + 1] === '/') {
    context.state = 'cssLineComment';
    return at + 2;
  } else if (text[at + 1] === '*') {
    context.state = 'cssBlockComment';
    return at + 2;
  } else return at + 1;
  if (char === '"' || char === "'") context.urlPart = 'start';
  return at + 1;
}

function untilQuote(
  context: HtmlContext,
  text: string,
  from: number,
  quote: string,
  after: 'js' | 'css',
): number {
  for (let at = from; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === quote) {
      if (after === 'css') advanceUrl(context, text.slice(from, at));
      context.state = after;
      context.slash = 'divide';
      return at + 1;
    }
  }
  if (after === 'css') advanceUrl(context, text.slice(from));
  return text.length;
}

function until(context: HtmlContext, text: string, from: number, mark: string, after: 'js' | 'css'): number {
  const end = text.indexOf(mark, from);
  if (end < 0) return text.length;
  context.state = after;
  return end + mark.length;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && /\s/.test(text[at]!)) at++;
  return at;
}

function endOfName(text: string, from: number): number {
  let at = from;
  while (at < text.length && !/[\s=>/"'<]/.test(text[at]!)) at++;
  return at;
}
