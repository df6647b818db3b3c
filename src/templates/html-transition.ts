import { attributeKind, type HtmlContext, isJavaScriptType, isScriptLiteral } from './html-context.ts';
import { advanceUrl, skipSpace } from './html-passing.ts';
import { advanceJs } from './html-script.ts';
import { advanceCss } from './html-style.ts';

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
    if (name !== undefined) return Object.hasOwn(ENTITIES, name as string) ? ENTITIES[name]! : whole;
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

function endOfName(text: string, from: number): number {
  let at = from;
  while (at < text.length && !/[\s=>/"'<]/.test(text[at]!)) at++;
  return at;
}
