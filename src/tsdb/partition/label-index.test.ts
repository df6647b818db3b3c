import { expect, test } from 'vitest';
import { labelsFromObject } from '../../model/labels.ts';
import type { Matcher } from '../../model/matcher.ts';
import type { SeriesEntry, SeriesRef, SourceId } from '../block.ts';
import { LabelIndex } from './label-index.ts';
import { identityOf } from './schema.ts';
import { encodeSeries, SERIES_PER_BLOB } from './series-blob.ts';

const entry = (ref: number, labels: Record<string, string>): SeriesEntry => ({
  ref: ref as SeriesRef,
  source: 1 as SourceId,
  labels: labelsFromObject(labels),
});

function* blobsOf(count: number, of: (ref: number) => SeriesEntry) {
  for (let from = 1, id = 1; from <= count; from += SERIES_PER_BLOB, id++) {
    const length = Math.min(SERIES_PER_BLOB, count - from + 1);
    const series = Array.from({ length }, (_, i) => of(from + i));
    yield { id, b: Buffer.from(encodeSeries(series, identityOf(id))) };
  }
}

const small = new LabelIndex(
  blobsOf(6, (ref) => entry(ref, { __name__: 'up', job: ref % 2 ? 'odd' : 'even', [`own_${ref % 3}`]: 'x' })),
);
const even: Matcher = { name: 'job', op: '=', value: 'even' };

test('names and values are told without spelling out the series', () => {
  expect(small.namesOf([]).sort()).toEqual(['__name__', 'job', 'own_0', 'own_1', 'own_2']);
  expect(small.namesOf([{ name: 'own_1', op: '=', value: 'x' }]).sort()).toEqual([
    '__name__',
    'job',
    'own_1',
  ]);
  expect(small.valuesOf('job', []).sort()).toEqual(['even', 'odd']);
  expect(small.valuesOf('job', [even])).toEqual(['even']);
  expect(small.valuesOf('own_1', [even])).toEqual(['x']);
  expect(small.valuesOf('nothing', [])).toEqual([]);
  expect(small.valuesOf('job', [{ name: 'job', op: '=~', value: 'none|.*x' }])).toEqual([]);
});

test('a selector that was matched before is remembered, another with the same parts is not it', () => {
  expect(small.match([even])).toBe(small.match([even]));
  expect(small.match([{ ...even, op: '!=' }]).map(({ ref }) => ref)).toEqual([1, 3, 5]);
  expect(small.match([{ name: 'jobe', op: '=', value: 'ven' }])).toEqual([]);
});

/** Series of a site whose pods come and go. */
const churned = (ref: number): SeriesEntry =>
  entry(ref, {
    __name__: `metric_${ref % 50}`,
    job: 'pods',
    namespace: `space-${ref % 7}`,
    pod: `checkout-${Math.floor(ref / 50)
      .toString(16)
      .padStart(10, '0')}-${(ref * 7919) % 100_000}`,
  });

/** Counts what is charged and ends at a limit. */
function budget(most = Number.POSITIVE_INFINITY) {
  let held = 0;
  let peak = 0;
  return {
    samples() {},
    bytes(count: number) {
      held += count;
      peak = Math.max(peak, held);
      if (held > most) throw new Error('query.max_bytes');
    },
    check() {},
    peak: () => peak,
  };
}

const COUNT = 60_000;
const index = new LabelIndex(blobsOf(COUNT, churned));

test('reading many series charges what their labels take, before', () => {
  const spent = budget();
  const built = new LabelIndex(blobsOf(COUNT, churned), spent.bytes);
  expect(built.count).toBe(COUNT);
  expect(spent.peak()).toBeGreaterThan(built.bytes * 0.8);
  expect(spent.peak()).toBeLessThan(built.bytes * 4);
  expect(() => new LabelIndex(blobsOf(COUNT, churned), budget(built.bytes / 4).bytes)).toThrow(
    'query.max_bytes',
  );
});

test('matching many series charges for each before it is spelled out', () => {
  const spent = budget();
  const found = index.match([{ name: 'job', op: '=', value: 'pods' }], spent);
  expect(found).toHaveLength(COUNT);
  expect(spent.peak()).toBeGreaterThan(COUNT * 300);
  const few = budget(1_000_000);
  expect(() => index.match([{ name: 'job', op: '=~', value: 'p.*' }], few)).toThrow('query.max_bytes');
  expect(few.peak()).toBeLessThan(1_200_000);
});

test('values of many series cost what the values are, not what the series are', () => {
  const spent = budget();
  expect(index.valuesOf('namespace', [{ name: 'job', op: '=', value: 'pods' }], spent)).toHaveLength(7);
  expect(spent.peak()).toBeLessThan(COUNT);
  expect(() => index.valuesOf('pod', [], budget(10_000))).toThrow('query.max_bytes');
});
