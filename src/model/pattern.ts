import { RE2JS } from 're2js';
import { type LiteralForm, literalForm } from './regex-literals.ts';

/** Longest pattern given to the regex engine, characters; alternatives of literals, as dashboards make them, may be longer. */
const MAX_LENGTH = 65_536;

/** What an index can use of a pattern: the texts it accepts, their beginning, or nothing. */
export type Acceptance = LiteralForm | { readonly kind: 'regex' };

/** A regular expression that must match a text as a whole. */
export interface Pattern {
  readonly accepts: Acceptance;
  /** Linear in the length of the text, whatever the pattern. */
  matches(text: string): boolean;
}

/**
 * Compiles a matcher's pattern: RE2, anchored at both ends, `.` matching newlines, as Prometheus. Literals, alternatives of literals,
 * and a literal with `.*` or `.+` before or after it take no regex engine.
 * @throws Error with RE2's text when the pattern is malformed
 */
export function compilePattern(source: string): Pattern {
  const form = literalForm(source);
  if (form) return { accepts: form, matches: literalTest(form) };
  const matches = wildcardTest(source) ?? engineTest(source);
  return { accepts: { kind: 'regex' }, matches };
}

/** Pattern with groups, anchored and with `.` matching newlines. @throws Error with RE2's text when it is malformed or too long */
export function compileRe2(pattern: string): RE2JS {
  if (pattern.length > MAX_LENGTH) {
    throw new Error(
      `regular expression too long: ${pattern.length} characters, at most ${MAX_LENGTH} are allowed`,
    );
  }
  return RE2JS.compile(`^(?s:${pattern})$`);
}

function literalTest(form: LiteralForm): (text: string) => boolean {
  if (form.kind === 'prefix') {
    const { prefix, nonEmptyRest } = form;
    const shortest = prefix.length + (nonEmptyRest ? 1 : 0);
    return (text) => text.length >= shortest && text.startsWith(prefix);
  }
  if (form.literals.length === 1) {
    const only = form.literals[0]!;
    return (text) => text === only;
  }
  const set = new Set(form.literals);
  return (text) => set.has(text);
}

function engineTest(pattern: string): (text: string) => boolean {
  const regex = compileRe2(pattern);
  return (text) => regex.matcher(text).find();
}

/** A literal with `.*` or `.+` before it, and perhaps after it; with one after it only, it is a literal form already. */
function wildcardTest(pattern: string): ((text: string) => boolean) | undefined {
  const [, before, inner, after] = /^(\.[*+])(.*?)(\.[*+])?$/s.exec(pattern) ?? [];
  const form = inner === undefined ? undefined : literalForm(inner);
  if (form?.kind !== 'literals' || form.literals.length !== 1 || /[$^|(]/.test(inner!)) return undefined;
  const literal = form.literals[0]!;
  const head = before === '.+' ? 1 : 0;
  const tail = after === '.+' ? 1 : 0;
  const shortest = literal.length + head + tail;
  if (after === undefined) return (text) => text.length >= shortest && text.endsWith(literal);
  return (text) => {
    const at = text.indexOf(literal, head);
    return at >= head && at + literal.length + tail <= text.length;
  };
}
