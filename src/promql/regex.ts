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

/** Longest pattern given to the regex engine; alternatives of literals, as dashboards make them, may be longer. */
const MAX_LENGTH = 65_536;

function compileRe2(pattern: string): RE2JS {
  if (pattern.length > MAX_LENGTH) {
    throw new Error(
      `regular expression too long: ${pattern.length} characters, at most ${MAX_LENGTH} are allowed`,
    );
  }
  return RE2JS.compile(`^(?s:${pattern})$`);
}

function slowPattern(pattern: string): TextPredicate {
  const regex = compileRe2(pattern);
  return (text) => regex.matcher(text).find();
}

const LITERAL = /^(?:[^\\.+*?()|[\]{}^$]|\\[\\.+*?()|[\]{}^$/-])*$/;
const ESCAPE = /\\(.)/g;

/** Patterns that need no regex engine; undefined for all others. */
function fastPattern(pattern: string): TextPredicate | undefined {
  const body = withoutGroup(pattern);
  if (LITERAL.test(body)) {
    const literal = unescaped(body);
    return (text) => text === literal;
  }
  if (body === '.*') return () => true;
  if (body === '.+') return (text) => text !== '';
  if (body.includes('|')) {
    const alternatives = splitAlternatives(body);
    if (!alternatives.every((part) => LITERAL.test(part))) return undefined;
    const set = new Set(alternatives.map(unescaped));
    return (text) => set.has(text);
  }
  const wrapped = /^(\.[*+])?(.*?)(\.[*+])?$/s.exec(body)!;
  const [, before, inner = '', after] = wrapped;
  return LITERAL.test(inner) ? wildcard(before, unescaped(inner), after) : undefined;
}

const unescaped = (literal: string): string => literal.replace(ESCAPE, '$1');

/** A pattern that is one group as a whole, without the group. */
function withoutGroup(pattern: string): string {
  const inner = /^\((?:\?:)?([^()]*)\)$/s.exec(pattern)?.[1];
  return inner === undefined || inner.endsWith('\\') ? pattern : inner;
}

/** Splits at bars that are not escaped. */
function splitAlternatives(pattern: string): string[] {
  const parts: string[] = [];
  let start = 0;
  for (let i = 0; i < pattern.length; i++) {
    if (pattern[i] === '\\') i++;
    else if (pattern[i] === '|') {
      parts.push(pattern.slice(start, i));
      start = i + 1;
    }
  }
  parts.push(pattern.slice(start));
  return parts;
}

/** A literal with `.*` or `.+` before it, after it, or both. */
function wildcard(before: string | undefined, literal: string, after: string | undefined): TextPredicate {
  const head = before === '.+' ? 1 : 0;
  const tail = after === '.+' ? 1 : 0;
  const least = literal.length + head + tail;
  if (before === undefined) return (text) => text.length >= least && text.startsWith(literal);
  if (after === undefined) return (text) => text.length >= least && text.endsWith(literal);
  return (text) => {
    const at = text.indexOf(literal, head);
    return at >= head && at + literal.length + tail <= text.length;
  };
}

/** A pattern with groups, for label_replace. */
export interface ReplacePattern {
  /** The template expanded for a text that matches as a whole; undefined when it does not. */
  expand(text: string, template: string): string | undefined;
}

export function compileReplacePattern(pattern: string): ReplacePattern {
  const regex = compileRe2(pattern);
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
