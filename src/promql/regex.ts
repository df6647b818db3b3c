import { RE2JS } from 're2js';

/** A compiled pattern of a matcher: whether the whole of a text matches. */
export type TextPredicate = (text: string) => boolean;

/**
 * Compiles a matcher's RE2 pattern, anchored at both ends and with `.` matching newlines. Literals, alternatives of literals
 * and `.*` or `.+` at the ends take no regex engine.
 * @throws Error with RE2's text when the pattern is malformed
 */
export function compilePattern(pattern: string): TextPredicate {
  return fastPattern(pattern) ?? slowPattern(pattern);
}

function slowPattern(pattern: string): TextPredicate {
  const regex = RE2JS.compile(`^(?s:${pattern})$`);
  return (text) => regex.matcher(text).find();
}

const LITERAL = /^[^\\.+*?()|[\]{}^$]*$/;

function fastPattern(pattern: string): TextPredicate | undefined {
  if (LITERAL.test(pattern)) return (text) => text === pattern;
  if (pattern === '.*') return () => true;
  if (pattern === '.+') return (text) => text !== '';
  const alternatives = pattern.split('|');
  if (alternatives.length > 1 && alternatives.every((part) => LITERAL.test(part))) {
    const set = new Set(alternatives);
    return (text) => set.has(text);
  }
  const wrapped = /^(\.[*+])?([^\\.+*?()|[\]{}^$]*)(\.[*+])?$/.exec(pattern);
  if (!wrapped) return undefined;
  const [, before, literal = '', after] = wrapped;
  const least = literal.length + (before === '.+' ? 1 : 0) + (after === '.+' ? 1 : 0);
  if (before !== undefined && after !== undefined) {
    const first = before === '.+' ? 1 : 0;
    const tail = after === '.+' ? 1 : 0;
    return (text) => {
      const at = text.indexOf(literal, first);
      return at >= 0 && at + literal.length + tail <= text.length;
    };
  }
  if (after !== undefined) return (text) => text.length >= least && text.startsWith(literal);
  return (text) => text.length >= least && text.endsWith(literal);
}

/** A pattern with groups, for label_replace. */
export interface ReplacePattern {
  /** The template expanded for a text that matches as a whole; undefined when it does not. */
  expand(text: string, template: string): string | undefined;
}

export function compileReplacePattern(pattern: string): ReplacePattern {
  const regex = RE2JS.compile(`^(?s:${pattern})$`);
  const names = regex.namedGroups() as Record<string, number>;
  return {
    expand(text, template) {
      const matcher = regex.matcher(text);
      if (!matcher.find()) return undefined;
      const groups = matcher.groupCount();
      return expandTemplate(template, (name) => {
        const index = /^\d+$/.test(name) ? Number(name) : names[name];
        if (index === undefined || index > groups) return '';
        return matcher.group(index) ?? '';
      });
    },
  };
}

/** Go's regexp.Expand: `$name`, `${name}`, `$1`; the longest word is the name, `$$` is a dollar. */
function expandTemplate(template: string, group: (name: string) => string): string {
  return template.replace(
    /\$(?:\$|\{([A-Za-z0-9_\p{L}\p{Nd}]+)\}|([A-Za-z0-9_\p{L}\p{Nd}]+))?/gu,
    (all, braced, plain) => {
      if (all === '$$') return '$';
      const name = braced ?? plain;
      return name === undefined ? '$' : group(name);
    },
  );
}
