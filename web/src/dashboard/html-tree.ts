/** A node of an HTML text: words, or an element with what is kept of its attributes. */
export type HtmlNode = string | HtmlElement;

export interface HtmlElement {
  readonly tag: string;
  readonly href?: string;
  readonly title?: string;
  /** Of cells. */
  readonly span?: number;
  readonly style?: Readonly<Record<string, string>>;
  readonly children: HtmlNode[];
}

/** Elements that are kept; of all others only what is in them. */
const KEPT = new Set(
  'a b big blockquote br center code dd del div dl dt em font h1 h2 h3 h4 h5 h6 hr i kbd li mark ol p pre s section small span strong sub sup table tbody td tfoot th thead tr u ul'.split(
    ' ',
  ),
);
const EMPTY = new Set(['br', 'hr']);
/** What one of these opens while the other is open ends the other: their end tags are often left out. */
const ENDS_ITSELF: Readonly<Record<string, RegExp>> = {
  li: /^li$/,
  p: /^p$/,
  tr: /^t[rdh]$/,
  td: /^t[dh]$/,
  th: /^t[dh]$/,
};
/** Style that says how words look; nothing that places, hides or loads. */
const STYLES = new Set(
  'background-color color font-size font-style font-weight line-height margin-top margin-bottom padding text-align text-decoration'.split(
    ' ',
  ),
);
const MAX_DEPTH = 60;

const NAMED: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: '\u00a0',
  mdash: '—',
  ndash: '–',
  hellip: '…',
  copy: '©',
  middot: '·',
  bull: '•',
  rarr: '→',
  larr: '←',
  deg: '°',
};

/**
 * An HTML text as a tree of what is allowed to stand in a panel: everyday elements, links to pages, colours and sizes of words. Done
 * on the text itself: the browser's parser, even in a document that is never shown, compiles inline handlers, which the page's
 * content security policy reports.
 */
export function htmlTree(html: string): HtmlNode[] {
  const root: HtmlElement = { tag: '', children: [] };
  const open: HtmlElement[] = [root];
  const add = (node: HtmlNode): void => void open.at(-1)!.children.push(node);
  const close = (tag: string): void => {
    const at = open.findLastIndex((one) => one.tag === tag);
    if (at > 0) open.length = at;
  };
  const text = html
    .replace(/<!--[\s\S]*?(-->|$)/g, '')
    .replace(/<(script|style|template|iframe|svg|math|object)\b[\s\S]*?(<\/\1\s*>|$)/gi, '');
  const tags = /<(\/?)([a-z][a-z0-9]*)((?:"[^"]*"|'[^']*'|[^>"'])*)(?:>|$)|<!doctype[^>]*>/gi;
  let at = 0;
  for (const match of text.matchAll(tags)) {
    if (match.index > at) add(words(text.slice(at, match.index)));
    at = match.index + match[0].length;
    const tag = match[2]?.toLowerCase();
    if (tag === undefined) continue;
    const attributes = attributesOf(match[3] ?? '');
    if (tag === 'img' && attributes.alt) add(attributes.alt);
    if (!KEPT.has(tag)) continue;
    if (match[1] === '/') {
      close(tag);
      continue;
    }
    const last = open.at(-1)!.tag;
    if (ENDS_ITSELF[tag]?.test(last)) close(tag === 'tr' && last !== 'tr' ? 'tr' : last);
    const element: HtmlElement = { tag, ...keptOf(tag, attributes), children: [] };
    add(element);
    if (!EMPTY.has(tag) && open.length < MAX_DEPTH) open.push(element);
  }
  if (at < text.length) add(words(text.slice(at)));
  return root.children;
}

function attributesOf(text: string): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const [, name, , double, single, bare] of text.matchAll(
    /([a-z-]+)\s*(=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/gi,
  ))
    found[name!.toLowerCase()] ??= words(double ?? single ?? bare ?? '');
  return found;
}

function keptOf(tag: string, given: Readonly<Record<string, string>>): Partial<HtmlElement> {
  const style: Record<string, string> = {};
  for (const part of (given.style ?? '').split(';')) {
    const [, name = '', value = ''] = /^\s*([a-z-]+)\s*:\s*(.+?)\s*$/i.exec(part) ?? [];
    if (
      STYLES.has(name.toLowerCase()) &&
      /^[\w\s#%.,()-]{1,80}$/.test(value) &&
      !/url|expression/i.test(value)
    )
      style[name.toLowerCase()] = value;
  }
  if (given.align && /^(left|center|right)$/.test(given.align)) style['text-align'] = given.align;
  if (tag === 'font' && /^[\w#]{1,30}$/.test(given.color ?? '')) style.color = given.color!;
  if (tag === 'center') style['text-align'] = 'center';
  const span = Number(given.colspan);
  return {
    ...(tag === 'a' && isSafeAddress(given.href ?? '') ? { href: given.href! } : {}),
    ...(given.title ? { title: given.title } : {}),
    ...(/^t[dh]$/.test(tag) && span > 1 && span < 100 ? { span } : {}),
    ...(Object.keys(style).length > 0 ? { style } : {}),
  };
}

/** Pages of the web and of this server; no scripts, no data. */
export const isSafeAddress = (address: string): boolean => /^(https?:\/\/|\/(?!\/)|#)/.test(address);

/** Text with its entities as the letters they stand for. */
function words(text: string): string {
  return text.replace(/&(?:#(\d+)|#x([\da-f]+)|(\w+));/gi, (whole, decimal, hex, name) => {
    if (name !== undefined) return NAMED[(name as string).toLowerCase()] ?? whole;
    const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : '';
  });
}
