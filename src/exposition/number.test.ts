import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DecimalReader, parseDecimal } from './number.ts';

const encode = (text: string): Uint8Array => new TextEncoder().encode(`${text}\n`);

test.each([
  ['1', 1],
  ['-0', -0],
  ['+1.5', 1.5],
  ['1.', 1],
  ['.5', 0.5],
  ['1e3', 1000],
  ['1E-3', 0.001],
  ['1.445657e+06', 1_445_657],
  ['9007199254740993', 9_007_199_254_740_992],
  ['7.424100000000001e-05', 0.00007424100000000001],
  ['4.9e-324', 5e-324],
  ['NaN', Number.NaN],
  ['nan', Number.NaN],
  ['Inf', Number.POSITIVE_INFINITY],
  ['+Inf', Number.POSITIVE_INFINITY],
  ['-inf', Number.NEGATIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
])('the value %s is %d', (text, value) => {
  expect(parseDecimal(text)).toBe(value);
});

test.each([
  '',
  '-',
  '.',
  '1e',
  '1e+',
  '0x1p4',
  '0x10',
  '1_000',
  '1p3',
  '1e400',
  '-1e400',
  '+NaN',
  '1,5',
  '1 ',
  'infinite',
  '--1',
  '1.2.3',
])('the value %j is none', (text) => {
  expect(typeof parseDecimal(text)).toBe('string');
});

test('the quick reader gives what the whole text means, or nothing', () => {
  const reader = new DecimalReader();
  const decimal = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
    fc.integer().map(String),
    fc
      .tuple(fc.bigInt(-(10n ** 20n), 10n ** 20n), fc.integer({ min: -30, max: 30 }))
      .map(([m, e]) => `${m}e${e}`),
    fc.tuple(fc.nat(), fc.nat()).map(([a, b]) => `${a}.${b}`),
  );
  fc.assert(
    fc.property(decimal, (text) => {
      const value = reader.read(encode(text), 0);
      if (Number.isNaN(value)) return;
      expect(reader.end).toBe(text.length);
      expect(value).toBe(Number(text));
    }),
    { numRuns: 5000 },
  );
});

test.each(['', '-', '.', 'e5', '1e', 'NaN', '+Inf'])('the quick reader leaves %j to the slow one', (text) => {
  expect(new DecimalReader().read(encode(text), 0)).toBeNaN();
});
