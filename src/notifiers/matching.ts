import { RE2JS } from 're2js';
import { escapeText, type Labels, labelValue, quote } from '../model/labels.ts';
import type { Matcher } from '../model/matcher.ts';

/** Longest regular expression that is compiled on the main thread, characters. */
const MAX_PATTERN = 4096;

/** Matchers ready for use; all of them must hold. A missing label counts as the empty string. */
export interface CompiledMatchers {
  readonly matchers: readonly Matcher[];
  matches(labels: Labels): boolean;
  /** The matchers that do not hold: why a set of labels was not matched. */
  failing(labels: Labels): readonly Matcher[];
}

/** Tests one value against one matcher; regular expressions are RE2's and anchored at both ends. Throws on a bad pattern. */
export function compileMatcher(matcher: Matcher): (value: string) => boolean {
  if (matcher.op === '=') return (value) => value === matcher.value;
  if (matcher.op === '!=') return (value) => value !== matcher.value;
  const wanted = matcher.op === '=~';
  const pattern = compilePattern(matcher.value);
  return (value) => pattern.matches(value) === wanted;
}

/** @throws Error naming the pattern when it is too long or not RE2 */
export function compilePattern(source: string): { matches(text: string): boolean } {
  if (source.length > MAX_PATTERN) {
    throw new Error(
      `expected a regular expression of at most ${MAX_PATTERN} characters, got ${source.length}`,
    );
  }
  return RE2JS.compile(source);
}

export function compileMatchers(matchers: readonly Matcher[]): CompiledMatchers {
  const tests = matchers.map((matcher) => ({ matcher, test: compileMatcher(matcher) }));
  return {
    matchers,
    matches: (labels) => tests.every(({ matcher, test }) => test(labelValue(labels, matcher.name))),
    failing: (labels) =>
      tests.filter(({ matcher, test }) => !test(labelValue(labels, matcher.name))).map((t) => t.matcher),
  };
}

/**
 * Works an answer out once per label set, known by its array: the store keeps one for each alert. The answers go when the alert does,
 * or with the function.
 */
export function perLabelSet<T>(answer: (labels: Labels) => T): (labels: Labels) => T {
  const known = new WeakMap<Labels, { readonly value: T }>();
  return (labels) => {
    let found = known.get(labels);
    if (!found) known.set(labels, (found = { value: answer(labels) }));
    return found.value;
  };
}

const RESERVED = /[\s{}!=~,\\"'`]/;

/** Writes one matcher as Alertmanager does, which escapes only backslash, newline and double quote. */
export function formatAlertMatcher(matcher: Matcher): string {
  if (RESERVED.test(matcher.name)) return `${quote(matcher.name)}${matcher.op}${quote(matcher.value)}`;
  return `${matcher.name}${matcher.op}"${escapeText(matcher.value)}"`;
}

/** Writes matchers as they stand in group keys: `{a="b",c=~"d"}`. */
export function formatAlertMatchers(matchers: readonly Matcher[]): string {
  return `{${matchers.map(formatAlertMatcher).join(',')}}`;
}
