import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteReader, ByteWriter, MAX_ZIGZAG, unzigzag, zigzag } from './bytes.ts';
import { CorruptBlockError } from './corrupt-block.ts';

test.each([
  [0, '00'],
  [127, '7f'],
  [128, '8001'],
  [300, 'ac02'],
  [2 ** 31 - 1, 'ffffffff07'],
  [2 ** 31, '8080808008'],
  [2 ** 32, '8080808010'],
  [Number.MAX_SAFE_INTEGER, 'ffffffffffffff0f'],
])('varint of %d is %s', (value, hex) => {
  const writer = new ByteWriter(0);
  writer.varint(value);
  expect(Buffer.from(writer.view()).toString('hex')).toBe(hex);
  expect(new ByteReader(writer.view()).varint()).toBe(value);
});

test('zigzag maps small magnitudes to small numbers and back', () => {
  expect([0, -1, 1, -2, 2, MAX_ZIGZAG].map(zigzag)).toEqual([0, 1, 2, 3, 4, 2 * MAX_ZIGZAG]);
  fc.assert(
    fc.property(
      fc.maxSafeInteger().filter((n) => Math.abs(n) <= MAX_ZIGZAG),
      (n) => unzigzag(zigzag(n)) === n,
    ),
  );
});

test('a writer gives back a sequence of anything', () => {
  const item = fc.oneof(
    fc.record({ kind: fc.constant('varint' as const), value: fc.maxSafeNat() }),
    fc.record({ kind: fc.constant('signed' as const), value: fc.integer() }),
    fc.record({ kind: fc.constant('u32' as const), value: fc.nat(0xffffffff) }),
    fc.record({ kind: fc.constant('text' as const), value: fc.string({ unit: 'grapheme' }) }),
  );
  fc.assert(
    fc.property(fc.array(item), (items) => {
      const writer = new ByteWriter(1);
      for (const one of items) {
        if (one.kind === 'text') writer.text(one.value);
        else writer[one.kind](one.value);
      }
      const reader = new ByteReader(writer.view());
      expect(items.map(({ kind }) => reader[kind]())).toEqual(items.map(({ value }) => value));
      expect(reader.remaining).toBe(0);
    }),
  );
});

test.each(['', '80', 'ffffffffffffffffff01', 'ffffffffffffff7f'])('a varint of %j is refused', (hex) => {
  expect(() => new ByteReader(Buffer.from(hex, 'hex')).varint()).toThrow(CorruptBlockError);
});

test('nothing is read past the end', () => {
  const reader = new ByteReader(Uint8Array.of(5, 1, 2), 0, 3);
  expect(() => new ByteReader(Uint8Array.of(5, 65)).text()).toThrow(
    /expected 5 more bytes at byte 1, found the end at 2/,
  );
  expect(() => reader.u32()).toThrow(CorruptBlockError);
  expect(() => reader.take(4)).toThrow(CorruptBlockError);
  expect([...reader.take(3)]).toEqual([5, 1, 2]);
});
