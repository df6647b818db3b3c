import type { HtmlContext } from './html-context.ts';
import { advanceUrl, skipSpace, until, untilQuote } from './html-passing.ts';

/** Moves over CSS, as `advance` does over HTML. */
export function advanceCss(context: HtmlContext, text: string, from: number): number {
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
