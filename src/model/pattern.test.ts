import fc from 'fast-check';
import { RE2JS } from 're2js';
import { describe, expect, test } from 'vitest';
import { fuzzCases } from '../testing/fuzz-cases.ts';
import { compilePattern } from './pattern.ts';

const matcherOf = (pattern: string): ((text: string) => boolean) => compilePattern(pattern).matches;

const PATTERNS = [
  '',
  'abc',
  'a\\.b',
  'a|b',
  '(a|b|)',
  '(?:a|b\\|c)',
  '.*',
  '.+',
  'a.*',
  'a.+',
  '.*a',
  '.+a',
  '.*a.*',
  '.+a.+',
  '.+a.*',
  '10\\.0\\.0\\.1:9100|10\\.0\\.0\\.2:9100',
  'a|',
  '|',
  '(a)(b)',
  'a(b|c)',
  'a.c',
  '(?i)abc',
  '[a-c]+',
  'a\\d',
  '(a\\)',
  'a\\\\|b',
];
const TEXTS = [
  '',
  'a',
  'b',
  'ab',
  'abc',
  'a.b',
  'aXb',
  'b|c',
  'ba',
  'bab',
  'a\nb',
  'ABC',
  'a1',
  '\n',
  'a\\',
  '|',
  '10.0.0.1:9100',
];

describe('compilePattern', () => {
  test.each(PATTERNS)('%j agrees with RE2 on every text', (pattern) => {
    let regex: RE2JS;
    try {
      regex = RE2JS.compile(`^(?s:${pattern})$`);
    } catch {
      expect(() => matcherOf(pattern)).toThrow();
      return;
    }
    const matches = matcherOf(pattern);
    for (const text of TEXTS) expect([text, matches(text)]).toEqual([text, regex.matcher(text).find()]);
  });

  test('agrees with RE2 on random patterns and texts', () => {
    const piece = fc.constantFrom('a', 'b', '.*', '.+', '|', '\\.', '(', ')', '.', '\\|', '?:', '');
    const text = fc
      .array(fc.constantFrom('a', 'b', '.', '|', '\n'), { maxLength: 5 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), text, (pieces, subject) => {
        const pattern = pieces.join('');
        let regex: RE2JS;
        try {
          regex = RE2JS.compile(`^(?s:${pattern})$`);
        } catch {
          return;
        }
        expect(matcherOf(pattern)(subject)).toBe(regex.matcher(subject).find());
      }),
      { numRuns: fuzzCases(3000) },
    );
  });

  test('a long list of literals is fine, a long pattern is not', () => {
    const hosts = Array.from({ length: 10_000 }, (_, i) => `10\\.0\\.0\\.${i}:9100`).join('|');
    expect(matcherOf(hosts)('10.0.0.77:9100')).toBe(true);
    expect(() => matcherOf('(a|b)'.repeat(20_000))).toThrow('regular expression too long: 100000 characters');
  });
});
