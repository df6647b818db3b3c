import { quote } from './labels.ts';

export type MatchOp = '=' | '!=' | '=~' | '!~';

/** One condition on a label, as written: plain data, so that it crosses threads. A missing label counts as the empty string. */
export interface Matcher {
  readonly name: string;
  readonly op: MatchOp;
  readonly value: string;
}

export function formatMatcher(matcher: Matcher): string {
  return `${matcher.name}${matcher.op}${quote(matcher.value)}`;
}
