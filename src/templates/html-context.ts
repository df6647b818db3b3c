/**
 * Where in an HTML document a piece of output stands. The states and their changes are those of Go's html/template
 * ("contextual autoescaping", after Samuel et al., "Context-Sensitive Auto-Sanitization in Web Templating Languages", CCS 2011),
 * followed at run time over what is really written instead of beforehand over the template.
 */
export type HtmlState =
  | 'text'
  | 'tag'
  | 'attrName'
  | 'afterName'
  | 'beforeValue'
  | 'htmlComment'
  | 'rcdata'
  | 'attr'
  | 'url'
  | 'srcset'
  | 'metaContent'
  | 'metaContentUrl'
  | 'js'
  | 'jsDoubleQuoted'
  | 'jsSingleQuoted'
  | 'jsTemplate'
  | 'jsRegexp'
  | 'jsBlockComment'
  | 'jsLineComment'
  | 'css'
  | 'cssDoubleQuoted'
  | 'cssSingleQuoted'
  | 'cssUrlDoubleQuoted'
  | 'cssUrlSingleQuoted'
  | 'cssUrl'
  | 'cssBlockComment'
  | 'cssLineComment';

export type AttributeKind = 'plain' | 'script' | 'scriptType' | 'style' | 'url' | 'srcset' | 'metaContent';

export interface HtmlContext {
  state: HtmlState;
  /** What ends the attribute value: a quote, or space and `>` of one without; undefined outside of one. */
  delimiter: '"' | "'" | 'unquoted' | undefined;
  urlPart: 'start' | 'path' | 'query';
  /** Whether a slash in JavaScript would start a regular expression (or divide). */
  slash: 'regexp' | 'divide';
  attribute: AttributeKind;
  /** Element whose raw text we are in or whose tag is open. */
  element: 'script' | 'style' | 'textarea' | 'title' | 'meta' | undefined;
  /** Whether the script's type says that it is not JavaScript. */
  isDataScript: boolean;
  /** Open braces in each `${` of JavaScript template literals that we are in, innermost last. */
  braces: number[];
  /** Where in the text being passed the element's end tag is; -1 = not in it. */
  endTag: { readonly text: string; readonly at: number } | undefined;
}

/** Whether a state is inside a string, template or regular expression of a script. */
export const isScriptLiteral = (state: HtmlState): boolean =>
  state === 'jsDoubleQuoted' || state === 'jsSingleQuoted' || state === 'jsTemplate' || state === 'jsRegexp';

export const startContext = (): HtmlContext => ({
  state: 'text',
  delimiter: undefined,
  urlPart: 'start',
  slash: 'regexp',
  attribute: 'plain',
  element: undefined,
  isDataScript: false,
  braces: [],
  endTag: undefined,
});

const URL_ATTRIBUTES: ReadonlySet<string> = new Set([
  'action',
  'archive',
  'background',
  'cite',
  'classid',
  'codebase',
  'data',
  'formaction',
  'href',
  'icon',
  'longdesc',
  'manifest',
  'poster',
  'profile',
  'src',
  'usemap',
  'xmlns',
]);

/** Attributes that a template may set only by writing their names out: their values change what the element does. */
const UNSAFE_ATTRIBUTES: ReadonlySet<string> = new Set([
  'accept-charset',
  'async',
  'challenge',
  'charset',
  'content',
  'crossorigin',
  'defer',
  'enctype',
  'form',
  'formenctype',
  'formmethod',
  'formnovalidate',
  'http-equiv',
  'keytype',
  'language',
  'method',
  'novalidate',
  'pattern',
  'rel',
  'sandbox',
  'srcdoc',
  'type',
  'value',
]);

/** Whether an attribute whose name is a value may stay. */
export const isHarmlessAttribute = (name: string): boolean =>
  attributeKind(name) === 'plain' && !UNSAFE_ATTRIBUTES.has(name);

/** What the value of an attribute is, told from its name. */
export function attributeKind(rawName: string): AttributeKind {
  let name = rawName.toLowerCase();
  if (name.startsWith('data-')) name = name.slice(5);
  else if (name.includes(':')) {
    if (name.startsWith('xmlns:')) return 'url';
    name = name.slice(name.indexOf(':') + 1);
  }
  if (URL_ATTRIBUTES.has(name)) return 'url';
  if (name === 'srcset' || name === 'imagesrcset') return 'srcset';
  if (name === 'style') return 'style';
  if (name.startsWith('on')) return 'script';
  // Unknown names that speak of links are taken for links.
  if (/src|uri|url/.test(name)) return 'url';
  return 'plain';
}

const JS_TYPES: ReadonlySet<string> = new Set([
  '',
  'application/ecmascript',
  'application/javascript',
  'application/json',
  'application/ld+json',
  'application/x-ecmascript',
  'application/x-javascript',
  'module',
  'text/ecmascript',
  'text/javascript',
  'text/x-javascript',
  'text/jscript',
  'text/livescript',
]);

/** Whether a script element with this type holds JavaScript. */
export const isJavaScriptType = (type: string): boolean =>
  JS_TYPES.has(type.split(';', 1)[0]!.trim().toLowerCase());
