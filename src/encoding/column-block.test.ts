import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { wordsOf, writeStaleAt } from '../model/sample.ts';
import { ColumnDecoder } from './column-decoder.ts';
import { ColumnEncoder, denseOf } from './column-encoder.ts';
import { CorruptBlockError } from './corrupt-block.ts';
import { type Compression, FrameKind, frame } from './frame.ts';
import { spansOfBitmap } from './presence.ts';

const ALWAYS: Compression = { level: 3, atLeast: 0 };

interface Given {
  values: Float64Array;
  presence?: Uint8Array;
}

function pack(rows: number, columns: readonly Given[], compression?: Compression): Uint8Array {
  const encoder = new ColumnEncoder();
  encoder.begin(rows, compression);
  for (const { values, presence } of columns) encoder.addRows(values, presence);
  return encoder.finish();
}

/** Bits as text, so that a failing comparison can be read. */
const bits = (values: Float64Array): string[] =>
  Array.from(
    values,
    (_, i) =>
      wordsOf(values)[2 * i + 1]!.toString(16) + wordsOf(values)[2 * i]!.toString(16).padStart(8, '0'),
  );

function expectRoundTrip(rows: number, columns: readonly Given[], compression?: Compression): void {
  const decoder = new ColumnDecoder();
  decoder.open(pack(rows, columns, compression));
  expect([decoder.rows, decoder.columns]).toEqual([rows, columns.length]);
  // Backwards too: what a column needs of another must not depend on the order of reading.
  for (const order of [columns.keys(), [...columns.keys()].reverse()]) {
    for (const i of order) {
      const { values, presence } = columns[i]!;
      const spans = presence && spansOfBitmap(presence, rows);
      const expected = spans ? denseOf(values, spans) : values;
      expect(decoder.count(i)).toBe(expected.length);
      if (expected.length > 0) expect(decoder.spans(i)).toEqual(spans);
      const out = new Float64Array(expected.length + 2);
      decoder.decode(i, out, 1);
      expect(bits(out.subarray(1, expected.length + 1))).toEqual(bits(expected));
      expect([out[0], out[expected.length + 1]]).toEqual([0, 0]);
    }
  }
}

function column(rows: number, value: (row: number) => number, staleAt: readonly number[] = []): Given {
  const values = Float64Array.from({ length: rows }, (_, row) => value(row));
  for (const row of staleAt) writeStaleAt(wordsOf(values), row);
  return { values };
}

const noise = (row: number): number => Math.sin(row * 12.9898) * 43758.5453;
const whole = (row: number): number => Math.floor(Math.abs(noise(row)) % 40);

describe.each([
  ['plain', undefined],
  ['packed', ALWAYS],
] as const)('%s columns come back bit by bit', (_, compression) => {
  const shapes: Record<string, (row: number) => number> = {
    constant: () => 42,
    'constant fraction': () => 0.1,
    'constant noise': () => Math.PI,
    'negative zero': () => -0,
    infinity: () => Number.POSITIVE_INFINITY,
    'quiet NaN': () => Number.NaN,
    subnormal: (row) => row * Number.MIN_VALUE,
    'line of slope 15': (row) => 1000 + 15 * row,
    'small counter': (row) => 1e6 + row * 3 + whole(row),
    'wide counter': (row) => 1e12 + row * 1e7 + whole(row) * 1e5,
    'noisy gauge': (row) => 500 + whole(row),
    'negative gauge': (row) => -500 + whole(row) * 20,
    'pages in bytes': (row) => 4096 * (1e6 + whole(row)),
    'two decimals': (row) => (100_000 + whole(row)) / 100,
    'milliseconds as seconds': (row) => (7_654_321 + row * 7 + whole(row)) * 0.001,
    'microseconds as seconds': (row) => (7_654_321 + row * 7 + whole(row)) / 1000 / 1000,
    halves: (row) => whole(row) / 1024,
    'single precision': (row) => Math.fround(noise(row)),
    'full mantissa': (row) => noise(row) * Math.PI,
    'largest numbers': (row) => Number.MAX_VALUE * (row & 1 ? 1 : -1),
    'integers beyond 2^53': (row) => 2 ** 60 + row * 2 ** 12,
    'some zeros are negative': (row) => (row % 50 === 7 ? -0 : row),
    'few infinities': (row) => (row % 60 === 7 ? Number.NEGATIVE_INFINITY : row / 10),
  };
  test.each(Object.entries(shapes))('%s', (_name, value) => {
    for (const rows of [1, 2, 3, 32, 300]) expectRoundTrip(rows, [column(rows, value)], compression);
  });
  test('stale markers at the ends, alone and in runs', () => {
    for (const stale of [[0], [31], [0, 31], [5, 6, 7], Array.from({ length: 32 }, (_, i) => i)]) {
      expectRoundTrip(32, [column(32, (row) => row * 2, stale), column(32, noise, stale)], compression);
    }
  });
  test('histogram buckets, repeated and absent columns', () => {
    const bucket = (k: number) => column(300, (row) => 100 + row * 5 * k + whole(row), k === 2 ? [17] : []);
    const absent: Given = { values: new Float64Array(300), presence: new Uint8Array(38) };
    expectRoundTrip(
      300,
      [
        bucket(1),
        bucket(2),
        bucket(3),
        bucket(3),
        bucket(3),
        bucket(4),
        absent,
        bucket(4),
        bucket(5),
        bucket(2),
        bucket(5),
      ],
      compression,
    );
  });
  test('any bits in any rows', () => {
    const value = fc.oneof(
      fc.double(),
      fc.integer().map(Number),
      fc.integer({ min: -9999, max: 9999 }).map((n) => n / 100),
      fc.constantFrom(0, -0, 1, Number.NaN, 2 ** 49, -(2 ** 49), 2 ** 49 + 1, 2 ** 53, 5e-324),
    );
    const words = fc.array(fc.integer({ min: 0, max: 0xffffffff }), { minLength: 2, maxLength: 2 });
    const cell = fc.oneof({ weight: 6, arbitrary: value }, { weight: 1, arbitrary: words });
    const block = fc.integer({ min: 1, max: 70 }).chain((rows) =>
      fc
        .array(
          fc.record({
            cells: fc.oneof(
              fc.array(cell, { minLength: rows, maxLength: rows }),
              cell.map((one) => Array.from({ length: rows }, () => one)),
            ),
            present: fc.option(fc.array(fc.boolean(), { minLength: rows, maxLength: rows })),
          }),
          { minLength: 0, maxLength: 6 },
        )
        .map((columns) => ({ rows, columns })),
    );
    fc.assert(
      fc.property(block, ({ rows, columns }) => {
        expectRoundTrip(
          rows,
          columns.map(({ cells, present }) => {
            const values = new Float64Array(rows);
            cells.forEach((one, i) => {
              if (typeof one === 'number') values[i] = one;
              else wordsOf(values).set(one, 2 * i);
            });
            if (!present) return { values };
            const presence = new Uint8Array((rows + 7) >> 3);
            present.forEach((is, i) => {
              if (is) presence[i >> 3]! |= 1 << (i & 7);
            });
            return { values, presence };
          }),
          compression,
        );
      }),
      { numRuns: 300 },
    );
  });
});

test('golden bytes: a format that is on disks does not change', () => {
  const sparse = { ...column(8, (row) => row * 100), presence: Uint8Array.of(0b0111_0110) };
  const blob = pack(8, [
    column(8, () => 7),
    column(8, () => 7),
    column(8, (row) => 10 + row * row, [7]),
    column(8, (row) => 11 + row * row + (row & 1)),
    column(8, (row) => row / 8 + 0.01),
    sparse,
    column(8, (row) => Math.PI * row),
  ]);
  expect(Buffer.from(blob).toString('hex')).toBe(
    '010100080700060e010142010f0011140200111602010611141202010201030031c801c801035d0002060a0e1216000004040c0c14141c00fafafafafafafa0000c80b09001818d2185ed275002d2d212d3821a700444433445533bb0054547f54297fe900fbfb7cfb7a7cbb002121d9216ad9fd0009103b0b061d07004000000000000098ab117d',
  );
});

test('golden bytes of a packed block can still be read', () => {
  const rows = 40;
  const columns = [
    column(rows, (row) => row * row),
    column(rows, (row) => row / 10, [39]),
    column(rows, () => 0.5),
  ];
  const packed =
    '0101002803020200310002000042014f0102310002000005000000000000e03f3828b52ffd20507d01006402000004080c101216181a1c2022222426282a2c2c2e2e303032323434363636363838383a00010200c10b06e0096546345f';
  const decoder = new ColumnDecoder();
  decoder.open(Buffer.from(packed, 'hex'));
  columns.forEach(({ values }, i) => {
    const out = new Float64Array(rows);
    decoder.decode(i, out, 0);
    expect(bits(out)).toEqual(bits(values));
  });
});

test('every truncation and every flipped bit is found', () => {
  for (const compression of [undefined, ALWAYS]) {
    const blob = pack(
      12,
      [column(12, (row) => row * row, [4]), column(12, noise), column(12, () => 1)],
      compression,
    );
    const decoder = new ColumnDecoder();
    for (let length = 0; length < blob.length; length++) {
      expect(() => decoder.open(blob.subarray(0, length)), `first ${length} bytes`).toThrow(
        CorruptBlockError,
      );
    }
    for (let bit = 0; bit < blob.length * 8; bit++) {
      const damaged = blob.slice();
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => decoder.open(damaged), `bit ${bit}`).toThrow(CorruptBlockError);
    }
  }
});

test('a body that contradicts itself under a right checksum is refused or read, never a crash', () => {
  const whole = [column(40, (row) => row * 7, [3]), column(40, noise), column(40, (row) => row % 3)];
  const sparse = { ...column(40, (row) => row / 10), presence: Uint8Array.of(0xf0, 0x0f, 0, 0, 0xff) };
  for (const compression of [undefined, ALWAYS]) {
    const body = pack(40, [...whole, sparse], compression).subarray(3, -4);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(body.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        (changes) => {
          const changed = body.slice();
          for (const [at, byte] of changes) changed[at] = byte;
          const decoder = new ColumnDecoder();
          try {
            decoder.open(frame(FrameKind.columns, changed, undefined, 0));
            for (let i = 0; i < Math.min(decoder.columns, 8); i++) {
              if (decoder.count(i) < 1e6) decoder.decode(i, new Float64Array(decoder.count(i)), 0);
            }
          } catch (error) {
            if (!(error instanceof CorruptBlockError)) throw error;
          }
        },
      ),
      { numRuns: 500 },
    );
  }
});
