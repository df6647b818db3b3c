import { quote } from '../model/labels.ts';
import type { Matcher } from '../model/matcher.ts';
import { parseMatcher } from '../notifiers/matcher-syntax.ts';
import { UsageError } from './args.ts';

/** Matchers as amtool takes them: a first one that is none is the name of an alert. */
export function matcherArgs(args: readonly string[]): readonly string[] {
  const [first, ...rest] = args;
  if (first === undefined) return [];
  return [isMatcher(first) ? first : `alertname=${quote(first)}`, ...rest];
}

/** @throws UsageError */
export function matchersOf(args: readonly string[]): readonly Matcher[] {
  return matcherArgs(args).map((text) => {
    try {
      return parseMatcher(text);
    } catch (error) {
      throw new UsageError((error as Error).message);
    }
  });
}

/**
 * `name=value` pairs.
 * @param what names them in errors, such as "labels"
 * @throws UsageError
 */
export function pairsOf(args: readonly string[], what: string): Record<string, string> {
  const pairs: Record<string, string> = {};
  for (const text of args) {
    let matcher: Matcher;
    try {
      matcher = parseMatcher(text);
    } catch (error) {
      throw new UsageError((error as Error).message);
    }
    if (matcher.op !== '=') throw new UsageError(`${what} must be specified as key=value pairs`);
    pairs[matcher.name] = matcher.value;
  }
  return pairs;
}

function isMatcher(text: string): boolean {
  try {
    parseMatcher(text);
    return true;
  } catch {
    return false;
  }
}
