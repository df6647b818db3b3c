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

/** Seconds and a zone are needed, as in 2026-01-02T15:04:05Z. @throws UsageError naming the flag */
export function timeOf(flag: string, text: string): number {
  const isWhole = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(text);
  const at = isWhole ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(at)) return at;
  throw new UsageError(
    `--${flag}: expected a time such as 2026-01-02T15:04:05Z, got ${JSON.stringify(text)}`,
  );
}

function isMatcher(text: string): boolean {
  try {
    parseMatcher(text);
    return true;
  } catch {
    return false;
  }
}
