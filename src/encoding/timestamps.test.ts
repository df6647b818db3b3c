import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CorruptBlockError } from './corrupt-block.ts';
import { decodeTimestamps, encodeTimestamps } from './timestamps.ts';

const GOLDEN = '020100' + '04' + '809088c0ef66' + '9875' + '00080d' + '1ac087d0';

test('golden bytes: count, first, median step, differences', () => {
  const times = Float64Array.of(1_767_312_000_000, 1_767_312_015_000, 1_767_312_030_004, 1_767_312_044_997);
  expect(Buffer.from(encodeTimestamps(times)).toString('hex')).toBe(GOLDEN);
  expect(decodeTimestamps(Buffer.from(GOLDEN, 'hex'))).toEqual(times);
});

test('any increasing times come back, packed or not', () => {
  const times = fc
    .uniqueArray(fc.integer({ min: -(2 ** 45), max: 2 ** 45 }), { minLength: 1, maxLength: 200 })
    .map((some) => Float64Array.from(some).sort());
  const compression = fc.constantFrom(undefined, { level: 1, atLeast: 0 });
  fc.assert(
    fc.property(times, compression, fc.nat(0xffffffff), (given, packing, identity) => {
      expect(decodeTimestamps(encodeTimestamps(given, packing, identity), identity)).toEqual(given);
    }),
  );
});

test('scrapes on time cost next to nothing', () => {
  const times = Float64Array.from({ length: 5760 }, (_, i) => 1_767_312_000_000 + i * 15_000);
  expect(encodeTimestamps(times, { level: 3, atLeast: 512 }).length).toBeLessThan(50);
});

test('every truncation, every flipped bit and a foreign row are found', () => {
  const blob = encodeTimestamps(Float64Array.of(5, 10, 15, 21, 25), undefined, 7);
  expect(() => decodeTimestamps(blob, 8)).toThrow(/checksum/);
  for (let length = 0; length < blob.length; length++) {
    expect(() => decodeTimestamps(blob.subarray(0, length), 7)).toThrow(CorruptBlockError);
  }
  for (let bit = 0; bit < blob.length * 8; bit++) {
    const damaged = blob.slice();
    damaged[bit >> 3]! ^= 1 << (bit & 7);
    expect(() => decodeTimestamps(damaged, 7)).toThrow(CorruptBlockError);
  }
});
