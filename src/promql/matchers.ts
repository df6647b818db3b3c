import { type Labels, labelValue } from '../model/labels.ts';
import type { Matcher } from '../model/matcher.ts';
import { compilePattern } from '../model/pattern.ts';

/** Whether a label value meets a condition. @throws Error when its pattern is malformed */
export function compileMatcher(matcher: Matcher): (text: string) => boolean {
  const { op, value } = matcher;
  switch (op) {
    case '=':
      return (text) => text === value;
    case '!=':
      return (text) => text !== value;
    case '=~':
      return compilePattern(value).matches;
    case '!~': {
      const { matches } = compilePattern(value);
      return (text) => !matches(text);
    }
  }
}

/** Whether a label set meets all conditions; a missing label counts as empty. */
export function compileMatchers(matchers: readonly Matcher[]): (labels: Labels) => boolean {
  const compiled = matchers.map((matcher) => ({ name: matcher.name, matches: compileMatcher(matcher) }));
  return (labels) => compiled.every(({ name, matches }) => matches(labelValue(labels, name)));
}
