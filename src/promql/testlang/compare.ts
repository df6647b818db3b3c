import type { Histogram } from '../../model/histogram.ts';
import { compareLabels, formatSeries, type Labels, labelsKey } from '../../model/labels.ts';
import { formatValue } from '../../model/sample.ts';
import { almostEqual } from '../almost-equal.ts';
import type { QueryValue } from '../evaluate.ts';
import { compactHistogram } from '../histogram/arithmetic.ts';
import { eachBucket } from '../histogram/buckets.ts';
import { formatHistogramLiteral } from './histogram-literal.ts';
import type { ExpectedResult } from './script.ts';
import type { Item } from './series.ts';

/** Relative; at zero values are compared exactly. */
const TOLERANCE = 1e-6;

const isAsExpected = (a: number, b: number): boolean => almostEqual(a, b, TOLERANCE);

/** Times a matrix is expected at. */
export interface ExpectedTimes {
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

/** What differs between a result and what was expected; undefined when nothing does. */
export function compareResult(
  expected: ExpectedResult,
  value: QueryValue,
  isOrdered: boolean,
  times: ExpectedTimes,
): string | undefined {
  switch (value.kind) {
    case 'scalar':
      if (expected.kind !== 'scalar')
        return `expected ${expected.kind}, got the scalar ${formatValue(value.value)}`;
      if (isAsExpected(expected.value, value.value)) return undefined;
      return `expected the scalar ${formatValue(expected.value)}, got ${formatValue(value.value)}`;
    case 'string':
      if (expected.kind === 'string' && expected.value === value.value) return undefined;
      return `expected ${JSON.stringify(expected)}, got the string ${JSON.stringify(value.value)}`;
    case 'vector':
      if (expected.kind !== 'series' && expected.kind !== 'range')
        return `expected ${expected.kind}, got an instant vector`;
      return compareVector(expected.series, value.samples, isOrdered);
    case 'matrix':
      if (expected.kind !== 'series' && expected.kind !== 'range')
        return `expected ${expected.kind}, got a matrix`;
      if (isOrdered) return 'expected an ordered result, got a matrix';
      return compareMatrix(expected.series, value.series, times);
  }
}

type ExpectedSeries = readonly { readonly labels: Labels; readonly items: readonly Item[] }[];

function compareVector(
  expected: ExpectedSeries,
  samples: readonly {
    readonly labels: Labels;
    readonly value: number;
    readonly histogram?: Histogram | undefined;
  }[],
  isOrdered: boolean,
): string | undefined {
  const wanted = new Map(
    expected.map((series, position) => [labelsKey(series.labels), { ...series, position }]),
  );
  const seen = new Set<string>();
  for (let i = 0; i < samples.length; i++) {
    const sample = samples[i]!;
    const key = labelsKey(sample.labels);
    const found = { value: sample.value, histogram: sample.histogram };
    const series = wanted.get(key);
    if (series === undefined)
      return `unexpected series ${formatSeries(sample.labels)} with ${formatPoint(found)}`;
    if (isOrdered && series.position !== i) {
      return `expected ${formatSeries(sample.labels)} at position ${series.position + 1}, got it at ${i + 1}`;
    }
    const difference = comparePoint(series.items[0]!, found);
    if (difference) return `${formatSeries(sample.labels)}: ${difference}`;
    seen.add(key);
  }
  for (const [key, series] of wanted) {
    if (!seen.has(key)) return `expected series ${formatSeries(series.labels)}, which is missing`;
  }
  return undefined;
}

function compareMatrix(
  expected: ExpectedSeries,
  actual: Extract<QueryValue, { kind: 'matrix' }>['series'],
  times: ExpectedTimes,
): string | undefined {
  for (let i = 1; i < actual.length; i++) {
    if (compareLabels(actual[i - 1]!.labels, actual[i]!.labels) >= 0)
      return 'the result is not sorted by labels';
  }
  const wanted = new Map(expected.map((series) => [labelsKey(series.labels), series]));
  const seen = new Set<string>();
  for (const series of actual) {
    const key = labelsKey(series.labels);
    const want = wanted.get(key);
    const points = Array.from(series.timestamps, (time, i) => ({
      time,
      value: series.values[i]!,
      histogram: series.histograms?.[i],
    }));
    const listed = points.map((point) => `${formatPoint(point)}@${point.time}`).join(' ');
    if (want === undefined) return `unexpected series ${formatSeries(series.labels)} with ${listed}`;
    seen.add(key);
    const items: { time: number; item: Item }[] = [];
    for (let i = 0; i < want.items.length; i++) {
      const time = times.start + i * times.step;
      if (time > times.end)
        return `expected more points than the query has steps for ${formatSeries(series.labels)}`;
      if (want.items[i]!.kind !== 'none') items.push({ time, item: want.items[i]! });
    }
    const name = formatSeries(series.labels);
    if (items.length !== points.length) return `${name}: expected ${items.length} points, got ${listed}`;
    for (let i = 0; i < items.length; i++) {
      const { time, item } = items[i]!;
      if (time !== points[i]!.time) return `${name}: expected a point at ${time}, got ${listed}`;
      const difference = comparePoint(item, points[i]!);
      if (difference) return `${name} at ${time}: ${difference}`;
    }
  }
  for (const [key, series] of wanted) {
    if (!seen.has(key)) return `expected series ${formatSeries(series.labels)}, which is missing`;
  }
  return undefined;
}

interface FoundPoint {
  readonly value: number;
  readonly histogram?: Histogram | undefined;
}

function comparePoint(item: Item, found: FoundPoint): string | undefined {
  const differs = `expected ${formatItem(item)}, got ${formatPoint(found)}`;
  switch (item.kind) {
    case 'float':
      return found.histogram === undefined && isAsExpected(item.value, found.value) ? undefined : differs;
    case 'histogram':
      if (found.histogram === undefined) return differs;
      return sameHistogram(item.histogram, found.histogram, item.isHintGiven) ? undefined : differs;
    default:
      return differs;
  }
}

function sameHistogram(expected: Histogram, found: Histogram, withHint: boolean): boolean {
  const a = compactHistogram(expected);
  const b = compactHistogram(found);
  return (
    a.schema === b.schema &&
    a.zeroThreshold === b.zeroThreshold &&
    isAsExpected(a.count, b.count) &&
    isAsExpected(a.sum, b.sum) &&
    isAsExpected(a.zeroCount, b.zeroCount) &&
    a.customValues.length === b.customValues.length &&
    a.customValues.every((bound, i) => Object.is(bound, b.customValues[i])) &&
    sameBuckets(bucketsOf(a, 'positive'), bucketsOf(b, 'positive')) &&
    sameBuckets(bucketsOf(a, 'negative'), bucketsOf(b, 'negative')) &&
    (!withHint || a.counterResetHint === b.counterResetHint)
  );
}

function bucketsOf(histogram: Histogram, side: 'positive' | 'negative'): Map<number, number> {
  const buckets = new Map<number, number>();
  eachBucket(histogram[`${side}Spans`], histogram[`${side}Buckets`], (index, count) =>
    buckets.set(index, count),
  );
  return buckets;
}

function sameBuckets(a: ReadonlyMap<number, number>, b: ReadonlyMap<number, number>): boolean {
  if (a.size !== b.size) return false;
  for (const [index, count] of a) {
    const other = b.get(index);
    if (other === undefined || !isAsExpected(count, other)) return false;
  }
  return true;
}

function formatItem(item: Item): string {
  if (item.kind === 'float') return formatValue(item.value);
  return item.kind === 'histogram' ? formatHistogramLiteral(item.histogram) : item.kind;
}

const formatPoint = (point: FoundPoint): string =>
  point.histogram ? formatHistogramLiteral(point.histogram) : formatValue(point.value);
