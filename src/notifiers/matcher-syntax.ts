import { readMatcher, readMatchers } from '../model/alert-matchers.ts';
import type { Matcher } from '../model/matcher.ts';
import { compileMatcher } from './matching.ts';

/** Reads one matcher as Alertmanager's API and amtool write it: `severity=~"crit.*"`. @throws MatcherSyntaxError with upstream's reason */
export const parseMatcher = (text: string): Matcher => readMatcher(text, compileMatcher);

/** Reads a list of matchers with or without braces around it: `{a="b", c!="d"}`. @throws MatcherSyntaxError with upstream's reason */
export const parseMatchers = (text: string): Matcher[] => readMatchers(text, compileMatcher);
