import fc from 'fast-check';
import { expect, test } from 'vitest';
import { quoteGo, unquoteGo } from './go-quote.ts';
import { TemplateError } from './template-error.ts';

test.each([
  ['"a\\tb\\n\\"\\\\"', 'a\tb\n"\\'],
  ['"\\x41\\101\\u00e9\\U0001F600"', 'AAé😀'],
  ['"\\xc3\\xa9"', 'é'],
  ['`a\\n"\r`', 'a\\n"'],
  ["'x'", 'x'],
  ["'\\''", "'"],
  ["'😀'", '😀'],
])('%s is %j', (literal, text) => expect(unquoteGo(literal)).toBe(text));

test.each(['"', '"a', '"\\q"', '"\\x4"', '"\\\'"', '"\\400"', '"\\ud800"', "'ab'", "''", '"a\nb"', 'x'])(
  '%j is no constant',
  (literal) => expect(() => unquoteGo(literal)).toThrow(TemplateError),
);

test('quoted text reads back the same', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.boolean(), (text, asciiOnly) => {
      expect(unquoteGo(quoteGo(text, '"', asciiOnly))).toBe(text);
    }),
  );
});
