import type { LabelMap, SilenceMatcher } from './api-types.ts';

const OPERATORS = ['=~', '!~', '!=', '='] as const;

/**
 * Reads matchers as people type them, one per line or separated by commas: `job="backend"`, `instance=~web.*`. Quotes are
 * optional.
 * @throws Error naming the matcher that cannot be read
 */
export function parseMatchers(text: string): SilenceMatcher[] {
  const body = text.trim().replace(/^\{([\s\S]*)\}$/, '$1');
  return splitMatchers(body).map((part) => {
    const match = /^("(?:[^"\\]|\\.)*"|[^=!~\s]+)\s*(=~|!~|!=|=)\s*([\s\S]*)$/.exec(part);
    if (!match) throw new Error(`expected a matcher such as job="backend", got ${part}`);
    const [, name = '', op = '=', rawValue = ''] = match;
    const value = unquote(rawValue.trim());
    const isRegex = op.endsWith('~');
    if (isRegex) checkRegex(part, value);
    return { name: unquote(name), value, isRegex, isEqual: !op.startsWith('!') };
  });
}

export function matcherText({ name, value, isRegex, isEqual }: SilenceMatcher): string {
  const op = OPERATORS.find((o) => o.endsWith('~') === isRegex && !o.startsWith('!') === isEqual)!;
  return `${name}${op}${JSON.stringify(value)}`;
}

/** A silence for exactly this alert, one matcher per line. */
export function matchersFor(labels: LabelMap): string {
  return Object.entries(labels)
    .filter(([name]) => name !== '__name__')
    .map(([name, value]) => matcherText({ name, value, isRegex: false, isEqual: true }))
    .join('\n');
}

/** A preview in the browser; the server's own regular expressions decide in the end. A missing label counts as empty. */
export function matchesAll(matchers: readonly SilenceMatcher[], labels: LabelMap): boolean {
  return matchers.every(({ name, value, isRegex, isEqual }) => {
    const found = labels[name] ?? '';
    const hit = isRegex ? new RegExp(`^(?:${value})$`, 'su').test(found) : found === value;
    return hit === isEqual;
  });
}

function splitMatchers(text: string): string[] {
  const parts: string[] = [];
  let current = '';
  let inQuotes = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (inQuotes && char === '\\') {
      current += char + (text[++i] ?? '');
      continue;
    }
    if (char === '"') inQuotes = !inQuotes;
    if (!inQuotes && (char === ',' || char === '\n')) {
      parts.push(current);
      current = '';
    } else current += char;
  }
  return [...parts, current].map((part) => part.trim()).filter((part) => part !== '');
}

function unquote(text: string): string {
  if (text.length < 2 || !text.startsWith('"') || !text.endsWith('"')) return text;
  try {
    return JSON.parse(text) as string;
  } catch {
    return text.slice(1, -1);
  }
}

function checkRegex(part: string, value: string): void {
  try {
    new RegExp(value, 'u');
  } catch {
    throw new Error(`expected a regular expression in ${part}`);
  }
}
