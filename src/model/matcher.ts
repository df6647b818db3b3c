import { labelNameText, quote } from './labels.ts';

export type MatchOp = '=' | '!=' | '=~' | '!~';

/** One condition on a label, as written: plain data, so that it crosses threads. A missing label counts as the empty string. */
export interface Matcher {
  readonly name: string;
  readonly op: MatchOp;
  readonly value: string;
}

/** Writes a condition as it stands in PromQL's braces. */
export function formatMatcher({ name, op, value }: Matcher): string {
  return `${labelNameText(name)}${op}${quote(value)}`;
}
