import { compileRe2 } from './pattern.ts';

/** Fills a template in with the groups of a match. */
export type WriteTemplate = (template: string) => string;

/** What nearly all replacements match: no engine is needed for it. */
const MATCH_ALL = '(.*)';
const VARIABLE = /\$(?:\$|\{([^{}]*)\}|([\p{L}\p{Nd}_]+))/gu;
const NAME = /^[\p{L}\p{Nd}_]+$/u;
const NUMBER = /^(?:0|[1-9]\d{0,8})$/;

/**
 * Compiles a pattern with groups, RE2 and anchored at both ends. For a text that matches it gives what fills templates in, as Go's
 * Regexp.Expand does: `$name` as long as it goes, `${name}`, `$1`, `$$`; a dollar before anything else stands for itself, a group that is
 * not there is empty. For any other text it gives nothing.
 * @throws Error with RE2's text when the pattern is malformed or too long
 */
export function compileExpander(pattern: string): (text: string) => WriteTemplate | undefined {
  if (pattern === MATCH_ALL) {
    return (text) => (template) => expand(template, (group) => (group === '0' || group === '1' ? text : ''));
  }
  const regex = compileRe2(pattern);
  const named: Readonly<Record<string, number | undefined>> = regex.namedGroups();
  const count = regex.groupCount();
  return (text) => {
    const match = regex.matcher(text);
    if (!match.find()) return undefined;
    const groupAt = (index: number): string => (index <= count ? (match.group(index) ?? '') : '');
    return (template) =>
      expand(template, (group) => {
        if (NUMBER.test(group)) return groupAt(Number(group));
        const index = named[group];
        return index === undefined ? '' : groupAt(index);
      });
  };
}

function expand(template: string, groupOf: (name: string) => string): string {
  if (!template.includes('$')) return template;
  return template.replace(VARIABLE, (written, braced: string | undefined, bare: string | undefined) => {
    if (written === '$$') return '$';
    const name = braced ?? bare ?? '';
    return NAME.test(name) ? groupOf(name) : written;
  });
}
