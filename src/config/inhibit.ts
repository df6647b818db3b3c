import * as z from 'zod';
import { MatcherSyntaxError, readMatchers, sortMatchers } from '../model/alert-matchers.ts';
import type { Matcher } from '../model/matcher.ts';
import { labelName, legacyLabelName, oldForm, regex, regexError, text, verbatim } from './leaves.ts';

/** While an alert matches all source matchers, those that match all target matchers and share the `equal` labels are muted. */
export interface InhibitRuleConfig {
  readonly name?: string;
  readonly source_matchers: readonly Matcher[];
  readonly target_matchers: readonly Matcher[];
  readonly equal: readonly string[];
}

/** A list of matcher strings; the output is sorted as upstream sorts. */
export const matcherList = () =>
  z
    .array(
      verbatim()
        .meta({ verbatim: true, type: 'matcher' })
        .transform((value, context) => {
          try {
            return readMatchers(value, checkExpression);
          } catch (error) {
            if (!(error instanceof MatcherSyntaxError)) throw error;
            context.issues.push({ code: 'custom', message: error.detail, input: value });
            return z.NEVER;
          }
        }),
    )
    .transform((lists) => sortMatchers(lists.flat()));

function checkExpression({ op, value }: Matcher): void {
  const fault = op === '=~' || op === '!~' ? regexError(value) : undefined;
  if (fault !== undefined) throw new Error(fault);
}

/** `match`, `source_match` and `target_match`: labels and their values. */
export const equalMap = () => z.record(legacyLabelName(), verbatim());
/** `match_re` and its kin: labels and regular expressions. */
export const regexMap = () => z.record(legacyLabelName(), regex());

/** Joins the old maps and the new list into one list of matchers; patterns of the maps are anchored, and group keys show them so. */
export function joinMatchers(
  equal: Readonly<Record<string, string>> | undefined,
  regexes: Readonly<Record<string, string>> | undefined,
  matchers: readonly Matcher[] | undefined,
): Matcher[] {
  const joined: Matcher[] = [...(matchers ?? [])];
  for (const [name, value] of Object.entries(equal ?? {})) joined.push({ name, op: '=', value });
  for (const [name, value] of Object.entries(regexes ?? {}))
    joined.push({ name, op: '=~', value: `^(?:${value})$` });
  return sortMatchers(joined);
}

export const inhibitRule = z.lazy(() =>
  z
    .strictObject({
      name: text().optional().describe('For the why-trace and metrics.'),
      source_match: equalMap().optional().meta(oldForm('source_matchers')),
      source_match_re: regexMap().optional().meta(oldForm('source_matchers')),
      source_matchers: matcherList().optional().describe('What the inhibiting alert must match.'),
      target_match: equalMap().optional().meta(oldForm('target_matchers')),
      target_match_re: regexMap().optional().meta(oldForm('target_matchers')),
      target_matchers: matcherList().optional().describe('What the muted alert must match.'),
      equal: z
        .array(labelName())
        .default([])
        .describe('Labels that must have the same value on both; missing is empty.'),
    })
    .transform(
      (rule): InhibitRuleConfig => ({
        name: rule.name,
        source_matchers: joinMatchers(rule.source_match, rule.source_match_re, rule.source_matchers),
        target_matchers: joinMatchers(rule.target_match, rule.target_match_re, rule.target_matchers),
        equal: rule.equal,
      }),
    ),
);
