import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CounterResetHint, Histogram, Span } from '../../model/histogram.ts';
import { chunkLength, encodeFloatHistogramChunk, encodeIntegerHistogramChunk } from './histogram-chunk.ts';

/** Reads a chunk bit by bit, as upstream describes it; slow and plain. */
function decode(bytes: Uint8Array, kind: 'floats' | 'integers'): [number, Histogram][] {
  let bit = 0;
  const read = (count: number): bigint => {
    let value = 0n;
    for (let i = 0; i < count; i++, bit++) {
      value = (value << 1n) | BigInt((bytes[bit >> 3]! >> (7 - (bit & 7))) & 1);
    }
    return value;
  };
  const float = (raw: bigint): number => new Float64Array(new BigUint64Array([raw]).buffer)[0]!;
  const varbit = (): [value: bigint, width: number] => {
    let ones = 0;
    while (ones < 8 && read(1) === 1n) ones++;
    const width = [0, 3, 6, 9, 12, 18, 25, 56, 64][ones]!;
    return [read(width), width];
  };
  const unsigned = (): number => Number(varbit()[0]);
  const signed = (): bigint => {
    const [value, width] = varbit();
    // Of n bits, the largest positive number is 2^(n-1) here.
    const isNegative = width === 64 ? value >= 1n << 63n : width > 0 && value > 1n << BigInt(width - 1);
    return isNegative ? value - (1n << BigInt(width)) : value;
  };
  const spans = (): Span[] =>
    Array.from({ length: unsigned() }, () => {
      const length = unsigned();
      return { offset: Number(signed()), length };
    });
  const bound = (): number => {
    const at = bit;
    if (read(1) === 0n) return float(read(64));
    bit = at;
    return (unsigned() - 1) / 1000;
  };
  const count = Number(read(16));
  const header = ({ 0: 'unknown', 128: 'reset', 64: 'not_reset', 192: 'gauge' } as const)[Number(read(8))]!;
  const threshold = Number(read(8));
  const zeroThreshold = threshold === 0 ? 0 : threshold === 255 ? float(read(64)) : 2 ** (threshold - 244);
  const schema = Number(signed());
  const positiveSpans = spans();
  const negativeSpans = spans();
  const customValues = schema === -53 ? Array.from({ length: unsigned() }, bound) : [];
  const positive = positiveSpans.reduce((sum, { length }) => sum + length, 0);
  const negative = negativeSpans.reduce((sum, { length }) => sum + length, 0);
  const fields = Array.from({ length: 3 + positive + negative }, () => ({
    value: 0n,
    growth: 0n,
    leading: 0,
    trailing: 0,
  }));
  // In the order written: the sum comes third, between the counts and the buckets.
  const isXored = (place: number): boolean => kind === 'floats' || place === 2;
  let time = 0n;
  let delta = 0n;
  return Array.from({ length: count }, (_, i): [number, Histogram] => {
    if (i === 0) time = signed();
    else {
      delta = i === 1 ? varbit()[0] : delta + signed();
      time += delta;
    }
    for (const [place, field] of fields.entries()) {
      if (!isXored(place)) {
        if (i === 0) field.value = place < 2 ? varbit()[0] : signed();
        else {
          field.growth += signed();
          field.value += field.growth;
        }
        continue;
      }
      if (i === 0) {
        field.value = read(64);
        continue;
      }
      if (read(1) === 0n) continue;
      if (read(1) === 1n) {
        field.leading = Number(read(5));
        field.trailing = 64 - field.leading - (Number(read(6)) || 64);
      }
      field.value ^= read(64 - field.leading - field.trailing) << BigInt(field.trailing);
    }
    const values = fields.map(({ value }, place) => (isXored(place) ? float(value) : Number(value)));
    const buckets = (from: number, to: number): number[] => {
      let below = 0;
      return values.slice(from, to).map((value) => (kind === 'floats' ? value : (below += value)));
    };
    const histogram: Histogram = {
      schema,
      count: values[0]!,
      zeroCount: values[1]!,
      sum: values[2]!,
      zeroThreshold,
      positiveSpans,
      positiveBuckets: buckets(3, 3 + positive),
      negativeSpans,
      negativeBuckets: buckets(3 + positive, values.length),
      customValues,
      counterResetHint: header === 'gauge' ? 'gauge' : i > 0 ? 'not_reset' : header,
    };
    return [Number(time), histogram];
  });
}

const first: Histogram = {
  schema: 3,
  count: 10,
  sum: 18.4,
  zeroThreshold: 2 ** -128,
  zeroCount: 2,
  positiveSpans: [
    { offset: -12, length: 2 },
    { offset: 300, length: 1 },
  ],
  positiveBuckets: [3, 4, 1],
  negativeSpans: [],
  negativeBuckets: [],
  customValues: [],
  counterResetHint: 'unknown',
};

const grown = (histogram: Histogram, by: number): Histogram => ({
  ...histogram,
  count: histogram.count + by,
  sum: histogram.sum + by / 3,
  positiveBuckets: histogram.positiveBuckets.map((count, i) => count + (i === 0 ? by : 0)),
});

const wholeLayouts: fc.Arbitrary<Histogram> = fc.constantFrom<Histogram>(
  first,
  { ...first, negativeSpans: [{ offset: 1, length: 2 }], negativeBuckets: [0, 2 ** 40], zeroCount: 0 },
  { ...first, positiveSpans: [], positiveBuckets: [], counterResetHint: 'gauge' },
);

const layouts: fc.Arbitrary<Histogram> = fc.constantFrom<Histogram>(
  first,
  {
    ...first,
    zeroThreshold: 0.001,
    schema: -4,
    negativeSpans: [{ offset: 1, length: 2 }],
    negativeBuckets: [0, 0.5],
  },
  { ...first, zeroThreshold: 1024, counterResetHint: 'gauge' },
  {
    ...first,
    schema: -53,
    zeroThreshold: 0,
    zeroCount: 0,
    positiveSpans: [{ offset: 0, length: 3 }],
    customValues: [0.005, 1 / 3, 40_000],
    counterResetHint: 'reset',
  },
);

test.each(['floats', 'integers'] as const)('chunks of %s decode to the same times and histograms', (kind) => {
  const encode = kind === 'floats' ? encodeFloatHistogramChunk : encodeIntegerHistogramChunk;
  const step = fc.tuple(fc.oneof(fc.integer({ min: 1, max: 100_000 }), fc.constant(15_000)), fc.nat(1000));
  fc.assert(
    fc.property(
      kind === 'floats' ? layouts : wholeLayouts,
      fc.array(step, { maxLength: 30 }),
      (start, steps) => {
        const histograms = [start];
        const times = [1_700_000_000_000];
        for (const [after, by] of steps) {
          times.push(times.at(-1)! + after);
          const hint: CounterResetHint = start.counterResetHint === 'gauge' ? 'gauge' : 'not_reset';
          histograms.push({ ...grown(histograms.at(-1)!, by), counterResetHint: hint });
        }
        const { length } = histograms;
        expect(chunkLength(histograms, 0, length)).toBe(length);
        const chunk = encode(Float64Array.from(times), histograms, 0, length);
        expect(decode(chunk, kind)).toEqual(times.map((time, i) => [time, histograms[i]]));
      },
    ),
  );
});

test.each<[string, Histogram | undefined, number]>([
  ['goes on while the counts grow', grown(first, 1), 2],
  ['ends at a sample that is none', undefined, 1],
  ['ends when the count falls', { ...first, count: 9 }, 1],
  ['ends when a bucket falls', { ...grown(first, 5), positiveBuckets: [8, 4, 0] }, 1],
  ['ends at what says to be a reset', { ...grown(first, 1), counterResetHint: 'reset' }, 1],
  ['ends when the buckets change', { ...first, positiveSpans: [{ offset: -12, length: 3 }] }, 1],
  ['ends when a gauge follows a counter', { ...first, counterResetHint: 'gauge' }, 1],
  ['ends when the schema changes', { ...first, schema: 2 }, 1],
  ['ends when floats follow integers', { ...grown(first, 1), isFloat: true }, 1],
  ['ends when a count has a fraction', grown(first, 0.5), 1],
])('a chunk %s', (_, next, length) => {
  expect(chunkLength([first, next], 0, 2)).toBe(length);
});

test('gauges may fall within a chunk', () => {
  const gauge: Histogram = { ...first, counterResetHint: 'gauge' };
  expect(chunkLength([gauge, { ...gauge, count: 1 }], 0, 2)).toBe(2);
});
