import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { textsKey } from './labels.ts';

const texts = fc.array(
  fc.string({ unit: fc.constantFrom('ÿ', '"', ',', '[', ']', '\\', 'a'), maxLength: 6 }),
  {
    minLength: 1,
    maxLength: 4,
  },
);

test('texts have the same key only where they are the same', () => {
  fc.assert(
    fc.property(texts, texts, (a, b) => {
      expect(textsKey(a) === textsKey(b)).toBe(JSON.stringify(a) === JSON.stringify(b));
    }),
  );
  // What the key of the others looks like, taken apart where a key without ÿ is joined.
  const [before, after] = JSON.stringify(['ÿ', 'y', 'z']).split('ÿ') as [string, string];
  expect(textsKey(['', before, after])).not.toBe(textsKey(['ÿ', 'y', 'z']));
});
