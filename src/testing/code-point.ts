import fc from 'fast-check';

/** Any character of Unicode, for `fc.string({ unit })`. Unlike fast-check's `binary` it is made at once: that one takes a second to be. */
export const codePoint: fc.Arbitrary<string> = fc
  .oneof(fc.integer({ min: 0, max: 0xd7ff }), fc.integer({ min: 0xe000, max: 0x10ffff }))
  .map((code) => String.fromCodePoint(code));
