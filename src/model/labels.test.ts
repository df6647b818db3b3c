import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatLabels, labelsOf, quote, textsKey } from './labels.ts';
import { formatMatcher } from './matcher.ts';

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

test.each([
  ['plain', '"plain"'],
  ['"a\\b"', '"\\"a\\\\b\\""'],
  ['\n\t\x07\x01\x7f', '"\\n\\t\\a\\x01\\x7f"'],
  ['größe 東京 🙂', '"größe 東京 🙂"'],
  // What cannot be seen: a blank that does not break, a joiner within a picture, a private letter beyond the first plane.
  ['a\u00a0b', '"a\\u00a0b"'],
  ['👩\u200d🚀', '"👩\\u200d🚀"'],
  ['\u{f0000}', '"\\U000f0000"'],
])('%j is quoted as Go does', (text, quoted) => {
  expect(quote(text)).toBe(quoted);
});

test('names that need quotes have them', () => {
  expect(formatLabels(labelsOf([['a b', 'c']]))).toBe('{"a b"="c"}');
  expect(formatMatcher({ name: 'a b', op: '=~', value: 'c' })).toBe('"a b"=~"c"');
  expect(formatMatcher({ name: 'a', op: '!=', value: 'c' })).toBe('a!="c"');
});
