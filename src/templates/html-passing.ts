import type { HtmlContext } from './html-context.ts';

/** Moves over a quoted text and its closing quote; what stands after it is of the language `after`. */
export function untilQuote(
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

/** Moves over what `mark` ends, and over the mark. */
export function until(
  context: HtmlContext,
  text: string,
  from: number,
  mark: string,
  after: 'js' | 'css',
): number {
  const end = text.indexOf(mark, from);
  if (end < 0) return text.length;
  context.state = after;
  return end + mark.length;
}

/** Notes how far into an address its text leads. */
export function advanceUrl(context: HtmlContext, part: string): void {
  if (/[#?]/.test(part)) context.urlPart = 'query';
  else if (context.urlPart === 'start' && part.trim() !== '') context.urlPart = 'path';
}

export function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && /\s/.test(text[at]!)) at++;
  return at;
}
