import { RE2JS } from 're2js';
import type { Budget } from './budget.ts';

/** Longest pattern, bytes. */
const MAX_PATTERN = 4096;

/** As regexp.MatchString: whether the pattern matches anywhere. @throws Error with Go's text for a bad pattern */
export function regexMatches(pattern: string, text: string, budget: Budget): boolean {
  return compiled(pattern, text, budget).matcher(text).find();
}

/** As Regexp.ReplaceAllString; `$1`, `$name` and `${name}` in the replacement stand for groups. */
export function regexReplaceAll(pattern: string, replacement: string, text: string, budget: Budget): string {
  const matcher = compiled(pattern, text, budget).matcher(text);
  const pieces = parseReplacement(replacement);
  let out = '';
  let last = 0;
  let previousEnd = -1;
  while (matcher.find()) {
    budget.step();
    const start = matcher.start();
    const end = matcher.end();
    // An empty match right behind another does not count.
    if (start === end && start === previousEnd) continue;
    out += text.slice(last, start);
    for (const piece of pieces) out += typeof piece === 'string' ? piece : groupText(matcher, piece.group);
    budget.text(out.length, end - start);
    last = end;
    previousEnd = end;
  }
  return out + text.slice(last);
}

function compiled(pattern: string, text: string, budget: Budget): RE2JS {
  // Matching is linear in both; a quarter of the steps is well under a second.
  budget.step((pattern.length * text.length) >>> 5);
  if (pattern.length > MAX_PATTERN) throw new Error(`pattern is longer than ${MAX_PATTERN} bytes`);
  const known = budget.patterns.get(pattern);
  if (known) return known;
  budget.step(pattern.length);
  const regex = RE2JS.compile(pattern);
  budget.patterns.set(pattern, regex);
  return regex;
}

type Matcher = ReturnType<RE2JS['matcher']>;

function groupText(matcher: Matcher, group: string): string {
  if (/^\d+$/.test(group)) {
    const index = Number(group);
    return index <= matcher.groupCount() ? (matcher.group(index) ?? '') : '';
  }
  try {
    return matcher.group(group) ?? '';
  } catch {
    // No group has that name: Go puts nothing.
    return '';
  }
}

function parseReplacement(replacement: string): (string | { group: string })[] {
  const pieces: (string | { group: string })[] = [];
  let last = 0;
  for (const match of replacement.matchAll(/\$(?:\$|\{([\p{L}\p{Nd}_]+)\}|([\p{L}\p{Nd}_]+))/gu)) {
    pieces.push(replacement.slice(last, match.index));
    const group = match[1] ?? match[2];
    pieces.push(group === undefined ? '$' : { group });
    last = match.index + match[0].length;
  }
  pieces.push(replacement.slice(last));
  return pieces;
}
