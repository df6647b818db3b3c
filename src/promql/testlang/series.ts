import type { Histogram } from '../../model/histogram.ts';
import { type Labels, labelsOf, METRIC_NAME } from '../../model/labels.ts';
import { addHistograms, subtractHistograms } from '../histogram/arithmetic.ts';
import { tokenize } from '../lexer.ts';
import { unquoteString } from '../string-literal.ts';
import { EOF, ERROR, IDENTIFIER, STRING } from '../tokens.ts';
import { parseHistogramLiteral } from './histogram-literal.ts';

/** One item of a series line. */
export type Item =
  | { readonly kind: 'none' }
  | { readonly kind: 'stale' }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'histogram'; readonly histogram: Histogram; readonly isHintGiven: boolean };

const NONE: Item = { kind: 'none' };

export interface SeriesLine {
  readonly labels: Labels;
  readonly items: readonly Item[];
}

/**
 * Reads `name{l="v"} 1 2+3x4 _ stale {{sum:1}}`.
 * @throws Error saying what was expected
 */
export function parseSeriesLine(line: string): SeriesLine {
  const { labels, end } = parseMetric(line);
  return { labels, items: parseItems(line.slice(end).trim()) };
}

/** The label set at the start of a line, and where it ends. */
export function parseMetric(line: string): { readonly labels: Labels; readonly end: number } {
  const name = /^[a-zA-Z_:][a-zA-Z0-9_:]*/.exec(line)?.[0] ?? '';
  const pairs: [string, string][] = name === '' ? [] : [[METRIC_NAME, name]];
  const open = /^\s*\{(?!\{)/.exec(line.slice(name.length));
  if (!open) {
    if (name === '') throw new Error(`expected a series, got ${JSON.stringify(line)}`);
    return { labels: labelsOf(pairs), end: name.length };
  }
  const end = closingBrace(line, name.length + open[0].length);
  const tokens = tokenize(line.slice(name.length, end));
  let at = 1;
  while (tokens[at]!.type !== '}') {
    const token = tokens[at]!;
    if (token.type === ERROR || token.type === EOF) throw new Error(token.text);
    if (token.type !== IDENTIFIER && token.type !== STRING)
      throw new Error(`expected a label, got ${token.text}`);
    const label = token.type === STRING ? unquoteString(token.text) : token.text;
    if (tokens[at + 1]?.type === '=') {
      const value = tokens[at + 2]!;
      if (value.type !== STRING) throw new Error(`expected a quoted label value, got ${value.text}`);
      pairs.push([label, unquoteString(value.text)]);
      at += 3;
    } else {
      pairs.push([METRIC_NAME, label]);
      at += 1;
    }
    if (tokens[at]!.type === ',') at++;
  }
  return { labels: labelsOf(pairs), end };
}

/** Where the braces that were open at `from` are closed. */
function closingBrace(line: string, from: number): number {
  let mark = '';
  for (let i = from; i < line.length; i++) {
    const char = line[i]!;
    if (mark !== '') {
      if (char === '\\' && mark !== '`') i++;
      else if (char === mark) mark = '';
    } else if (char === '"' || char === "'" || char === '`') mark = char;
    else if (char === '}') return i + 1;
  }
  throw new Error('expected "}" after the labels');
}

const NUMBER = String.raw`[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|inf|nan)`;
const FLOATS = new RegExp(`^(${NUMBER})(?:([+-])(${NUMBER.replace('[+-]?', '')}))?(?:x(\\d+))?$`, 'i');
const NONES = /^_(?:x(\d+))?$/;

/** Reads the items of a series line. */
export function parseItems(text: string): Item[] {
  const items: Item[] = [];
  for (const word of splitItems(text)) items.push(...parseItem(word));
  return items;
}

/** Splits at blanks outside of `{{…}}`. */
function splitItems(text: string): string[] {
  return text.match(/(?:\{\{.*?\}\}|[^\s{])+/g) ?? [];
}

function parseItem(word: string): Item[] {
  if (word === 'stale') return [{ kind: 'stale' }];
  const nones = NONES.exec(word);
  if (nones) return new Array<Item>(Number(nones[1] ?? 1)).fill(NONE);
  if (word.startsWith('{{')) return parseHistograms(word);
  const floats = FLOATS.exec(word);
  if (!floats) throw new Error(`expected a value such as 1, 1+2x3, _ or stale, got ${JSON.stringify(word)}`);
  const [, first, sign, step, times] = floats;
  const increment = step === undefined ? 0 : parseFloatWord(step) * (sign === '-' ? -1 : 1);
  if (step !== undefined && times === undefined) throw new Error(`expected xN after ${JSON.stringify(word)}`);
  const items: Item[] = [];
  let value = parseFloatWord(first!);
  for (let i = 0; i <= Number(times ?? 0); i++) {
    items.push({ kind: 'float', value });
    value += increment;
  }
  return items;
}

function parseFloatWord(word: string): number {
  const lower = word.toLowerCase();
  if (lower.endsWith('nan')) return Number.NaN;
  if (lower.endsWith('inf'))
    return lower.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return Number(word);
}

function parseHistograms(word: string): Item[] {
  const match = /^\{\{(.*?)\}\}(?:([+-])\{\{(.*?)\}\})?(?:x(\d+))?$/.exec(word);
  if (!match) throw new Error(`expected a histogram such as {{sum:1 count:2}}, got ${JSON.stringify(word)}`);
  const [, firstText, sign, stepText, times] = match;
  const first = parseHistogramLiteral(firstText!);
  if (stepText === undefined) {
    return new Array<Item>(Number(times ?? 0) + 1).fill({ kind: 'histogram', ...first });
  }
  const step = parseHistogramLiteral(stepText);
  const items: Item[] = [];
  let { histogram } = first;
  for (let i = 0; i <= Number(times ?? 0); i++) {
    if (i > 0) {
      if (histogram.schema > step.histogram.schema) {
        throw new Error(
          `cannot merge a histogram of schema ${step.histogram.schema} into ${histogram.schema}`,
        );
      }
      histogram = (sign === '-' ? subtractHistograms : addHistograms)(histogram, step.histogram).histogram;
    }
    items.push({ kind: 'histogram', histogram, isHintGiven: step.isHintGiven });
  }
  return items;
}
