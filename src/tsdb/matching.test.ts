import fc from 'fast-check';
import { RE2JS } from 're2js';
import { describe, expect, test } from 'vitest';
import { literalForm } from '../model/regex-literals.ts';
import { compileMatcher, createMatcherCache, MatcherError } from './matching.ts';

const regex = (value: string) => compileMatcher({ name: 'l', op: '=~', value });

describe('classification', () => {
  test.each([
    ['', { kind: 'literals', literals: [''] }],
    ['a', { kind: 'literals', literals: ['a'] }],
    ['a|b|a', { kind: 'literals', literals: ['a', 'b'] }],
    ['a||b', { kind: 'literals', literals: ['a', '', 'b'] }],
    ['^a$', { kind: 'literals', literals: ['a'] }],
    ['(a|b)c(?:d|)', { kind: 'literals', literals: ['acd', 'ac', 'bcd', 'bc'] }],
    ['10\\.0\\.0\\.1:9100', { kind: 'literals', literals: ['10.0.0.1:9100'] }],
    ['.*', { kind: 'prefix', prefix: '', nonEmptyRest: false }],
    ['^.+$', { kind: 'prefix', prefix: '', nonEmptyRest: true }],
    ['/api/.*', { kind: 'prefix', prefix: '/api/', nonEmptyRest: false }],
    ['5..', undefined],
    ['a|b.*', undefined],
    ['a+', undefined],
    ['(?i)a', undefined],
    ['\\d', undefined],
    ['a)', undefined],
    ['\\.*', undefined],
    ['.*?', undefined],
  ])('literalForm(%j)', (pattern, form) => expect(literalForm(pattern)).toEqual(form));

  test('agrees with RE2 on any pattern it takes', () => {
    const atom = fc.constantFrom(
      'a',
      'b',
      '|',
      '(',
      ')',
      '(?:',
      '.',
      '*',
      '+',
      '?',
      '^',
      '$',
      '\\.',
      '\\',
      'ö',
      '\n',
      '{',
      '[',
    );
    const value = fc.string({ unit: fc.constantFrom('a', 'b', '.', 'ö', '\n', '$'), maxLength: 5 });
    fc.assert(
      fc.property(fc.array(atom, { maxLength: 7 }), fc.array(value, { maxLength: 8 }), (atoms, values) => {
        const pattern = atoms.join('');
        if (literalForm(pattern) === undefined) return;
        const engine = RE2JS.compile(pattern, RE2JS.DOTALL);
        for (const candidate of ['', 'a', ...values]) {
          expect(regex(pattern).matches(candidate), `${pattern} on ${candidate}`).toBe(
            engine.matches(candidate),
          );
        }
      }),
      { numRuns: 3000 },
    );
  });
});

describe('compileMatcher', () => {
  test.each([
    ['=', 'a', 'a', true],
    ['=', 'a', '', false],
    ['=', '', '', true],
    ['!=', '', 'a', true],
    ['!=', 'a', '', true],
    ['=~', '5..', '503', true],
    ['=~', '5..', '5033', false],
    ['=~', 'a.c', 'a\nc', true],
    ['=~', '(?i)get|post', 'POST', true],
    ['=~', 'a|bc', 'bcd', false],
    ['!~', 'x.+', '', true],
    ['!~', '.*', 'x', false],
    ['=~', '.+', '', false],
  ] as const)('%s %j on %j is %s', (op, value, on, expected) => {
    const matcher = compileMatcher({ name: 'l', op, value });
    expect(matcher.matches(on)).toBe(expected);
    expect(matcher.matchesEmpty).toBe(matcher.matches(''));
  });

  test('knows what matches everything', () => {
    expect(regex('.*').matchesAll).toBe(true);
    expect(regex('.+').matchesAll).toBe(false);
    expect(compileMatcher({ name: 'l', op: '!~', value: '.*' }).matchesAll).toBe(false);
  });

  test('an invalid expression throws RE2’s message', () => {
    expect(() => regex('a(')).toThrow(MatcherError);
    expect(() => regex('a(')).toThrow(/missing closing \)/);
  });

  test('a nested quantifier stays linear', () => {
    expect(regex('(a*)*b').matches('a'.repeat(20_000))).toBe(false);
  });
});

test('the cache forgets the oldest matcher', () => {
  const cache = createMatcherCache(2);
  const a = { name: 'l', op: '=', value: 'a' } as const;
  const first = cache.compile(a);
  expect(cache.compile(a)).toBe(first);
  cache.compile({ ...a, value: 'b' });
  cache.compile({ ...a, value: 'c' });
  expect(cache.compile(a)).not.toBe(first);
});
