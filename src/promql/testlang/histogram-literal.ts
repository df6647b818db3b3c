import type { CounterResetHint, Histogram, Span } from '../../model/histogram.ts';
import { eachBucket } from '../histogram/buckets.ts';
import { formatG, parseGoFloat } from '../numbers.ts';

const HINTS: ReadonlySet<string> = new Set(['unknown', 'reset', 'not_reset', 'gauge']);
const NUMBERS = new Set(['schema', 'count', 'sum', 'z_bucket', 'z_bucket_w', 'offset', 'n_offset']);
const LISTS = new Set(['buckets', 'n_buckets', 'custom_values']);

/**
 * Reads what stands between `{{` and `}}`.
 * @throws Error saying what was expected
 */
export function parseHistogramLiteral(text: string): {
  readonly histogram: Histogram;
  readonly isHintGiven: boolean;
} {
  const numbers: Record<string, number> = {};
  const lists: Record<string, number[]> = {};
  let hint: CounterResetHint | undefined;
  const pattern = /\s*([a-z_]+):(\[[^\]]*\]|\S+)\s*/gy;
  while (pattern.lastIndex < text.length) {
    const match = pattern.exec(text);
    if (!match) throw new Error(`expected key:value in a histogram, got ${JSON.stringify(text)}`);
    const [, key, value] = match as unknown as [string, string, string];
    if (key in numbers || key in lists) throw new Error(`duplicate key "${key}" in histogram`);
    if (NUMBERS.has(key)) numbers[key] = numberOf(value);
    else if (LISTS.has(key)) lists[key] = value.slice(1, -1).split(/\s+/).filter(Boolean).map(numberOf);
    else if (key === 'counter_reset_hint' && HINTS.has(value)) hint = value as CounterResetHint;
    else throw new Error(`expected a key of a histogram, got "${key}:${value}"`);
  }
  const positiveBuckets = lists.buckets ?? [];
  const negativeBuckets = lists.n_buckets ?? [];
  const histogram: Histogram = {
    schema: numbers.schema ?? 0,
    count: numbers.count ?? 0,
    sum: numbers.sum ?? 0,
    zeroThreshold: numbers.z_bucket_w ?? 0,
    zeroCount: numbers.z_bucket ?? 0,
    positiveSpans: spansOf(positiveBuckets, numbers.offset ?? 0),
    positiveBuckets,
    negativeSpans: spansOf(negativeBuckets, numbers.n_offset ?? 0),
    negativeBuckets,
    customValues: lists.custom_values ?? [],
    counterResetHint: hint ?? 'unknown',
  };
  return { histogram, isHintGiven: hint !== undefined };
}

const spansOf = (buckets: readonly number[], offset: number): Span[] =>
  buckets.length === 0 ? [] : [{ offset, length: buckets.length }];

function numberOf(text: string): number {
  const number = parseGoFloat(text);
  if (number === undefined) throw new Error(`expected a number in a histogram, got "${text}"`);
  return number;
}

/** Writes a histogram as it would stand in a script. */
export function formatHistogramLiteral(histogram: Histogram): string {
  const parts: string[] = [];
  const add = (key: string, value: number): void => {
    if (value !== 0) parts.push(`${key}:${formatG(value)}`);
  };
  add('schema', histogram.schema);
  add('count', histogram.count);
  add('sum', histogram.sum);
  add('z_bucket', histogram.zeroCount);
  add('z_bucket_w', histogram.zeroThreshold);
  if (histogram.customValues.length > 0)
    parts.push(`custom_values:[${histogram.customValues.map((v) => formatG(v)).join(' ')}]`);
  if (histogram.counterResetHint !== 'unknown')
    parts.push(`counter_reset_hint:${histogram.counterResetHint}`);
  addSide(parts, '', histogram.positiveSpans, histogram.positiveBuckets);
  addSide(parts, 'n_', histogram.negativeSpans, histogram.negativeBuckets);
  return `{{${parts.join(' ')}}}`;
}

function addSide(parts: string[], prefix: string, spans: readonly Span[], buckets: readonly number[]): void {
  const counts = new Map<number, number>();
  eachBucket(spans, buckets, (index, count) => counts.set(index, count));
  if (counts.size === 0) return;
  const first = Math.min(...counts.keys());
  const last = Math.max(...counts.keys());
  const dense = Array.from({ length: last - first + 1 }, (_, i) => formatG(counts.get(first + i) ?? 0));
  if (first !== 0) parts.push(`${prefix}offset:${first}`);
  parts.push(`${prefix}buckets:[${dense.join(' ')}]`);
}
