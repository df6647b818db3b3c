import type { Budget } from './budget.ts';
import { escapeHtml, queryEscape } from './escape-text.ts';
import { sprint } from './go-format.ts';
import { GoText, type GoValue } from './go-value.ts';
import { type HtmlContext, isHarmlessAttribute, isScriptLiteral, startContext } from './html-context.ts';
import {
  escapeCss,
  escapeHtmlText,
  escapeJson,
  escapeJsRegexp,
  escapeJsString,
  escapeJsTemplate,
  escapeUnquoted,
  escapeUrl,
  filterCssValue,
  filterName,
  filterUrl,
  normalizeHtml,
  normalizeUrl,
  stripTags,
} from './html-escapers.ts';
import { advance, openValue } from './html-transition.ts';
import { toJson } from './to-json.ts';
import { indirect, type PredefinedEscaper, type TemplateWriter } from './writer.ts';

/**
 * HTML with every value escaped for the place where it stands, as Go's html/template does: text, attributes, links, scripts,
 * styles. Comments of the template are left out.
 */
export function htmlWriter(budget: Budget): TemplateWriter {
  const context = startContext();
  const parts: string[] = [];
  let length = 0;
  const write = (text: string): void => {
    length += text.length;
    budget.text(length, text.length);
    parts.push(text);
  };
  return {
    literal(text) {
      for (let at = 0; at < text.length; ) {
        const before = context.state;
        const isAttribute = context.delimiter !== undefined;
        const end = advance(context, text, at);
        // HTML comments vanish; those of scripts and styles too, but for the line end that may end a statement.
        const passed = text.slice(at, end);
        if (before === 'htmlComment' || context.state === 'htmlComment') at = end;
        else {
          write(isAttribute ? passed : visible(passed, before, context));
          at = end;
        }
      }
    },
    value(value, escaper) {
      nudge(context);
      write(escaped(value, escaper, context, budget));
    },
    takesOver(escaper) {
      nudge(context);
      const { state, urlPart, delimiter } = context;
      if (escaper === 'html') {
        return (
          state === 'text' || state === 'rcdata' || (delimiter !== undefined && delimiter !== 'unquoted')
        );
      }
      if (state === 'cssDoubleQuoted' || state === 'cssSingleQuoted') return urlPart === 'query';
      return state === 'url' || state.startsWith('cssUrl');
    },
    get text() {
      return parts.join('');
    },
  };
}

const COMMENT_START = /(?:\/[/*]|<!--|-->|#!)$/;

/** In text, also that of a title, a `<` that opens no tag is written as an entity; in a script's strings, one that a browser could take for a tag. */
function visible(passed: string, before: HtmlContext['state'], context: HtmlContext): string {
  if (before !== 'text' && before !== 'rcdata') {
    if (before.endsWith('Comment')) return hiddenComment(passed, before);
    const kept = context.state.endsWith('Comment') ? passed.replace(COMMENT_START, '') : passed;
    return isScriptLiteral(before) ? kept.replace(/<(?=!--|\/?script)/gi, '\\x3C') : kept;
  }
  return context.state === 'tag' ? passed : passed.replace(/<(?!!doctype)/gi, '&lt;');
}

const hiddenComment = (passed: string, state: HtmlContext['state']): string => {
  if (state === 'cssBlockComment') return ' ';
  if (state === 'jsBlockComment') return /[\n\r\u2028\u2029]/.test(passed) ? '\n' : ' ';
  return /[\n\r\u2028\u2029]$/.exec(passed)?.[0] ?? '';
};

/** Moves on from places where only a value can come next. */
function nudge(context: HtmlContext): void {
  if (context.state === 'tag') context.state = 'attrName';
  else if (context.state === 'beforeValue') {
    context.delimiter = 'unquoted';
    openValue(context);
  } else if (context.state === 'afterName') {
    context.state = 'attrName';
    context.attribute = 'plain';
  }
}

function plain(value: GoValue, budget: Budget): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'string' ? value : sprint([indirect(value)], budget);
}

function escaped(value: GoValue, escaper: PredefinedEscaper, context: HtmlContext, budget: Budget): string {
  const isHtml = value instanceof GoText && value.type === 'template.HTML';
  const text = plain(value, budget);
  let out: string;
  switch (context.state) {
    case 'text':
      return escaper === 'html' ? escapeHtml(text) : isHtml ? text : escapeHtmlText(text);
    case 'rcdata':
      return isHtml ? normalizeHtml(text) : escapeHtmlText(text);
    case 'attr':
      out = isHtml ? stripTags(text) : text;
      break;
    case 'attrName':
    case 'tag':
      return filterName(text, isHarmlessAttribute);
    case 'url':
    case 'cssUrl':
    case 'cssUrlDoubleQuoted':
    case 'cssUrlSingleQuoted':
      out = url(value, text, escaper, context);
      break;
    case 'cssDoubleQuoted':
    case 'cssSingleQuoted':
      if (context.urlPart === 'query') out = url(value, text, escaper, context);
      else out = escapeCss(context.urlPart === 'start' ? safeUrl(value, text) : text);
      break;
    case 'srcset':
      out = text
        .split(',')
        .map((part) => normalizeUrl(filterUrl(part.trim())))
        .join(',');
      break;
    case 'metaContent':
      out = text;
      break;
    case 'metaContentUrl':
      out = safeUrl(value, text);
      break;
    case 'js':
      out = jsValue(value, budget);
      context.slash = 'divide';
      break;
    case 'jsDoubleQuoted':
    case 'jsSingleQuoted':
      out = escapeJsString(text);
      break;
    case 'jsTemplate':
      out = escapeJsTemplate(text);
      break;
    case 'jsRegexp':
      out = escapeJsRegexp(text);
      break;
    case 'css':
      out = filterCssValue(text);
      break;
    default:
      // Comments: nothing of the value may show.
      return '';
  }
  if (context.delimiter === undefined) return out;
  const trusted = isHtml && context.state === 'attr';
  if (context.delimiter === 'unquoted') return escapeUnquoted(out);
  return trusted ? normalizeHtml(out) : escaper === 'html' ? escapeHtml(out) : escapeHtmlText(out);
}

const isUrl = (value: GoValue): boolean => value instanceof GoText && value.type === 'template.URL';
const safeUrl = (value: GoValue, text: string): string => (isUrl(value) ? text : filterUrl(text));

function url(value: GoValue, text: string, escaper: PredefinedEscaper, context: HtmlContext): string {
  const isStart = context.urlPart === 'start';
  if (escaper === 'urlquery') return queryEscape(isStart ? safeUrl(value, text) : text);
  if (context.urlPart === 'query') return isUrl(value) ? normalizeUrl(text) : escapeUrl(text);
  return normalizeUrl(isStart ? safeUrl(value, text) : text);
}

/** A value as a JavaScript expression. */
function jsValue(value: GoValue, budget: Budget): string {
  const json = escapeJson(toJson(value, budget));
  // Spaces keep the value from running into a name beside it.
  return /^["[{]/.test(json) ? json : ` ${json} `;
}
