import type { Matcher } from '../model/matcher.ts';
import { type Acceptance, compilePattern, type Pattern } from '../model/pattern.ts';

/** A matcher's value is not a regular expression RE2 accepts; the message is RE2's. */
export class MatcherError extends Error {
  readonly matcher: Matcher;
  constructor(matcher: Matcher, message: string) {
    super(message);
    this.name = 'MatcherError';
    this.matcher = matcher;
  }
}

/** A matcher ready to be applied. A missing label is the empty value. */
export interface CompiledMatcher {
  readonly name: string;
  /** Of the positive form: for `!=` and `!~` everything else is accepted. */
  readonly accepts: Acceptance;
  /** Whether the operator is `!=` or `!~`. */
  readonly negated: boolean;
  /** Whether series without the label match; negation is already taken into account. */
  readonly matchesEmpty: boolean;
  /** Whether every value matches, the empty one too; negation is already taken into account. */
  readonly matchesAll: boolean;
  /** Negation is already taken into account. Linear in the length of the value. */
  matches(value: string): boolean;
}

/**
 * Compiles a matcher. Regular expressions are RE2's, anchored at both ends, and the dot matches newlines, as upstream's.
 * @throws MatcherError when the expression is invalid
 */
export function compileMatcher(matcher: Matcher): CompiledMatcher {
  const negated = matcher.op === '!=' || matcher.op === '!~';
  const { accepts, matches: accepted } = patternOf(matcher);
  const all = accepts.kind === 'prefix' && accepts.prefix === '' && !accepts.nonEmptyRest;
  return {
    name: matcher.name,
    accepts,
    negated,
    matchesEmpty: accepted('') !== negated,
    matchesAll: all && !negated,
    matches: negated ? (value) => !accepted(value) : accepted,
  };
}

/** The positive form. */
function patternOf(matcher: Matcher): Pattern {
  const { op, value: wanted } = matcher;
  if (op === '=' || op === '!=') {
    return { accepts: { kind: 'literals', literals: [wanted] }, matches: (value) => value === wanted };
  }
  try {
    return compilePattern(wanted);
  } catch (error) {
    throw new MatcherError(matcher, (error as Error).message);
  }
}

/** Compiled matchers by their text, so that a dashboard's queries compile an expression once; the oldest is forgotten first. */
export interface MatcherCache {
  /** @throws MatcherError when the expression is invalid */
  compile(matcher: Matcher): CompiledMatcher;
}

export function createMatcherCache(limit = 200): MatcherCache {
  const cache = new Map<string, CompiledMatcher>();
  return {
    compile(matcher) {
      const key = `${matcher.op}${matcher.name}\xff${matcher.value}`;
      let compiled = cache.get(key);
      if (compiled === undefined) compiled = compileMatcher(matcher);
      else cache.delete(key);
      cache.set(key, compiled);
      if (cache.size > limit) cache.delete(cache.keys().next().value!);
      return compiled;
    },
  };
}
