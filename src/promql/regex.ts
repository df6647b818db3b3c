import { compilePattern as compileModelPattern, compileRe2 } from '../model/pattern.ts';

/** A compiled pattern of a matcher: whether the whole of a text matches. */
export type TextPredicate = (text: string) => boolean;

/** @throws Error with RE2's text when the pattern is malformed */
export const compilePattern = (pattern: string): TextPredicate => compileModelPattern(pattern).matches;

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
