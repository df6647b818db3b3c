import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CounterResetHint, Histogram, Span } from '../model/histogram.ts';
import { ByteReader, ByteWriter } from './bytes.ts';
import { CorruptBlockError } from './corrupt-block.ts';
import { decodeHistograms, encodeHistograms } from './histogram-block.ts';
import { readHistogram, writeHistogram } from './histogram-bytes.ts';

const encode = (histogram: Histogram): Uint8Array => {
  const writer = new ByteWriter();
  writeHistogram(writer, histogram);
  return writer.view().slice();
};

const count = fc.oneof(
  fc.nat(1000),
  fc.maxSafeNat(),
  fc.double(),
  fc.constantFrom(0, -0, 2 ** 60, Number.NaN),
);
const buckets = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.array(count, { maxLength: 4 })), { maxLength: 4 })
  .chain((runs) =>
    fc.integer({ min: -40, max: 40 }).map((first) => ({
      spans: runs.map(([offset, run], i): Span => ({ offset: i === 0 ? first : offset, length: run.length })),
      counts: runs.flatMap(([, run]) => run),
    })),
  );
const histogram: fc.Arbitrary<Histogram> = fc
  .record({
    schema: fc.constantFrom(-4, 0, 3, 8, -53),
    count,
    sum: fc.double(),
    zeroThreshold: fc.constantFrom(0, 1e-128, 0.5),
    zeroCount: count,
    positive: buckets,
    negative: buckets,
    customValues: fc.constantFrom<readonly number[]>([], [0.1, 1], [0.1, 1, 10]),
    counterResetHint: fc.constantFrom<CounterResetHint>('unknown', 'reset', 'not_reset', 'gauge'),
    isFloat: fc.boolean(),
  })
  .map(({ positive, negative, isFloat, ...rest }) => ({
    ...rest,
    ...(isFloat ? { isFloat } : {}),
    positiveSpans: positive.spans,
    positiveBuckets: positive.counts,
    negativeSpans: negative.spans,
    negativeBuckets: negative.counts,
  }));

/** A growing histogram, as a scraped one is: mostly the same buckets, now and then one more. */
const life = fc
  .tuple(histogram, fc.array(fc.array(fc.nat(20), { minLength: 1, maxLength: 8 }), { maxLength: 40 }))
  .map(([first, steps]) => {
    let last = first;
    return [
      first,
      ...steps.map((growth) => {
        const positiveBuckets = last.positiveBuckets.map((value, i) => value + growth[i % growth.length]!);
        const isNew = growth[0] === 7;
        last = {
          ...last,
          count: last.count + growth[0]!,
          sum: last.sum + growth[0]! / 3,
          positiveSpans: isNew ? [...last.positiveSpans, { offset: 1, length: 1 }] : last.positiveSpans,
          positiveBuckets: isNew ? [...positiveBuckets, 1] : positiveBuckets,
        };
        return last;
      }),
    ];
  });

const simple: Histogram = {
  schema: 3,
  count: 12,
  sum: 18.4,
  zeroThreshold: 0.001,
  zeroCount: 2,
  positiveSpans: [
    { offset: -1, length: 2 },
    { offset: 1, length: 1 },
  ],
  positiveBuckets: [3, 5, 1],
  negativeSpans: [{ offset: 0, length: 1 }],
  negativeBuckets: [1],
  customValues: [],
  counterResetHint: 'not_reset',
};

describe('one histogram', () => {
  test('comes back bit by bit', () => {
    fc.assert(
      fc.property(histogram, (one) => {
        const reader = new ByteReader(encode(one));
        expect(readHistogram(reader)).toStrictEqual(one);
        expect(reader.remaining).toBe(0);
      }),
    );
  });

  test('has these bytes', () => {
    expect(Buffer.from(encode(simple)).toString('hex')).toBe(
      '2a06666666666666324018fca9f1d24d62503f040201020201030604070100010102',
    );
    // The same counts as floats.
    expect(Buffer.from(encode({ ...simple, isFloat: true })).toString('hex')).toBe(
      '6a06666666666666324018fca9f1d24d62503f040201020201030604070100010102',
    );
  });

  test('cut off anywhere it is found', () => {
    const bytes = encode(simple);
    for (let length = 0; length < bytes.length; length++) {
      expect(() => readHistogram(new ByteReader(bytes.subarray(0, length)))).toThrow(CorruptBlockError);
    }
  });

  test('with a bit turned over it is read or found, nothing else', () => {
    const bytes = encode(simple);
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const broken = bytes.slice();
      broken[bit >> 3]! ^= 1 << (bit & 7);
      try {
        readHistogram(new ByteReader(broken));
      } catch (error) {
        expect(error).toBeInstanceOf(CorruptBlockError);
      }
    }
  });
});

describe('histograms of a series', () => {
  test.each([undefined, { level: 6, atLeast: 64 }])('come back bit by bit, packed as %j', (compression) => {
    fc.assert(
      fc.property(fc.oneof(life, fc.array(histogram, { maxLength: 20 })), (all) => {
        expect(decodeHistograms(encodeHistograms(all, compression))).toStrictEqual(all);
      }),
    );
  });

  test('more buckets than a blob has columns', () => {
    const wide: Histogram = {
      ...simple,
      positiveSpans: [{ offset: 0, length: 9000 }],
      positiveBuckets: Array.from({ length: 9000 }, (_, i) => i),
    };
    expect(decodeHistograms(encodeHistograms([wide, simple, wide]))).toStrictEqual([wide, simple, wide]);
  });

  test('cut off anywhere or with a bit turned over they are read or found, nothing else', () => {
    const bytes = encodeHistograms([simple, { ...simple, schema: 4 }, simple], { level: 6, atLeast: 64 });
    const readOrFound = (broken: Uint8Array): void => {
      try {
        decodeHistograms(broken);
      } catch (error) {
        expect(error).toBeInstanceOf(CorruptBlockError);
      }
    };
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeHistograms(bytes.subarray(0, length))).toThrow(CorruptBlockError);
    }
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const broken = bytes.slice();
      broken[bit >> 3]! ^= 1 << (bit & 7);
      readOrFound(broken);
    }
  });

  test('a day of a hundred buckets takes a few bytes each', () => {
    const buckets = new Array<number>(100).fill(0);
    let random = 1;
    const next = (): number => (random = (random * 48_271) % 2_147_483_647) / 2_147_483_647;
    const day = Array.from({ length: 5760 }, (): Histogram => {
      for (let n = 0; n < 20; n++) buckets[Math.floor(50 + 15 * (next() + next() + next() - 1.5))]!++;
      return {
        ...simple,
        count: buckets.reduce((sum, value) => sum + value, 0),
        positiveSpans: [{ offset: 0, length: 100 }],
        positiveBuckets: [...buckets],
        negativeSpans: [],
        negativeBuckets: [],
      };
    });
    const stored = encodeHistograms(day, { level: 6, atLeast: 512 }).length;
    expect(stored / day.length).toBeLessThan(25);
  });
});
