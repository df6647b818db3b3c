/** A rule's expression cut at its comparison, so that what is compared can be drawn. */
export interface Comparison {
  /** What is compared: the expression to draw. */
  readonly measured: string;
  readonly op: string;
  /** The other side: a number as a line, an expression as one that may move. */
  readonly limit:
    | { readonly kind: 'number'; readonly value: number }
    | { readonly kind: 'expr'; readonly expr: string };
}

interface Token {
  readonly text: string;
  readonly from: number;
}

const COMPARISONS = new Set(['>', '<', '>=', '<=', '==', '!=']);
const SET_OPERATORS = new Set(['and', 'or', 'unless']);

/**
 * Cuts `A > 5` into what is measured and its limit. An expression joined of several by `and`, `or` or `unless` is cut in its first
 * part. Undefined when nothing is compared at the top: then the whole is what is measured.
 */
export function splitComparison(expr: string): Comparison | undefined {
  const text = withoutOuterParens(withoutComments(expr));
  const tokens = topLevel(text);
  const setAt = tokens.find((token) => SET_OPERATORS.has(token.text.toLowerCase()));
  if (setAt) return splitComparison(text.slice(0, setAt.from));
  const at = tokens.findLast((token) => COMPARISONS.has(token.text));
  if (!at) return undefined;
  const left = text.slice(0, at.from).trim();
  const right = withoutModifiers(text.slice(at.from + at.text.length).trim());
  const leftNumber = numberOf(left);
  const rightNumber = numberOf(right);
  if (rightNumber !== undefined)
    return { measured: left, op: at.text, limit: { kind: 'number', value: rightNumber } };
  if (leftNumber !== undefined)
    return {
      measured: right,
      op: MIRRORED[at.text] ?? at.text,
      limit: { kind: 'number', value: leftNumber },
    };
  return { measured: left, op: at.text, limit: { kind: 'expr', expr: right } };
}

const MIRRORED: Readonly<Record<string, string>> = { '>': '<', '<': '>', '>=': '<=', '<=': '>=' };

/** Comparison signs and words outside of all brackets and strings. */
function topLevel(text: string): Token[] {
  const tokens: Token[] = [];
  let depth = 0;
  for (const match of text.matchAll(
    /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`|[([{]|[)\]}]|>=|<=|==|!=|=~|!~|[<>]|[\w:.]+/g,
  )) {
    const token = match[0];
    if (/^[([{]$/.test(token)) depth++;
    else if (/^[)\]}]$/.test(token)) depth--;
    else if (depth === 0) tokens.push({ text: token, from: match.index });
  }
  return tokens;
}

function withoutComments(expr: string): string {
  return expr
    .replace(/("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)|#[^\n]*/g, (_, quoted) => quoted ?? '')
    .trim();
}

function withoutOuterParens(text: string): string {
  if (!text.startsWith('(') || !text.endsWith(')')) return text;
  let depth = 0;
  for (const match of text.matchAll(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`|[()]/g)) {
    if (match[0] === '(') depth++;
    else if (match[0] === ')') depth--;
    if (depth === 0 && match.index < text.length - 1 && match[0] === ')') return text;
  }
  return withoutOuterParens(text.slice(1, -1).trim());
}

/** `bool` and how two vectors are matched belong to the operator. */
function withoutModifiers(text: string): string {
  return text
    .replace(/^bool\b\s*/i, '')
    .replace(/^(?:on|ignoring)\s*\([^)]*\)\s*/i, '')
    .replace(/^group_(?:left|right)\b\s*(?:\([^)]*\))?\s*/i, '')
    .trim();
}

/** A number, or numbers multiplied and divided: `0.8`, `5 * 60`, `2e9`. Anything else is left to the server. */
function numberOf(text: string): number | undefined {
  const body = withoutOuterParens(text);
  const number = '[+-]?\\s*(?:\\d[\\d_]*\\.?\\d*(?:[eE][+-]?\\d+)?|\\.\\d+)';
  if (!new RegExp(`^${number}(?:\\s*[*/]\\s*${number})*$`).test(body)) return undefined;
  const parts = body.split(/\s*([*/])\s*/);
  let value = Number(parts[0]!.replace(/[\s_]/g, ''));
  for (let i = 1; i + 1 < parts.length; i += 2) {
    const next = Number(parts[i + 1]!.replace(/[\s_]/g, ''));
    value = parts[i] === '*' ? value * next : value / next;
  }
  return Number.isFinite(value) ? value : undefined;
}
