import { expect, test } from 'vitest';
import { containerValue, yamlValue } from './deep.ts';

test.each<[string, unknown]>([
  ['', null],
  ['~', null],
  ['words and more  words', 'words and more  words'],
  ['two\nlines', 'two\nlines'],
  ['"quoted"', '"quoted"'],
  ['5', 5],
  ['-017', -15],
  ['089', 89],
  ['0x1F', 31],
  ['0o17', 15],
  ['0b101', 5],
  ['1_000', 1000],
  ['1.50', 1.5],
  ['.5e1', 5],
  ['1e400', '1e400'],
  ['1:30', '1:30'],
  ['12345678901234567890', '12345678901234567890'],
  ['yes', true],
  ['Off', false],
  ['2026-01-02', '2026-01-02'],
  ['2026-01-02T03:04:05Z', '2026-01-02T03:04:05Z'],
  ['foo: bar', { foo: 'bar' }],
  ['value:', { value: null }],
  ['- a\n- "1"\n- 1', ['a', '1', 1]],
  [
    '{"num":"123","truthy":"true","empty":"null","n":null}',
    { num: '123', truthy: 'true', empty: 'null', n: null },
  ],
  ['{1: a, b: [on, "on"]}', { b: [true, 'on'] }],
  ['a: &x {b: 1}\nc: *x', { a: { b: 1 }, c: { b: 1 } }],
  ['a: 1\na: 2', { a: 2 }],
  ['{open', '{open'],
  ['*nowhere', '*nowhere'],
  ['@at', '@at'],
  [`a: ${'b'.repeat(40_000)}`, `a: ${'b'.repeat(40_000)}`],
  [`${'['.repeat(20_000)}`, '['.repeat(20_000)],
])('%j reads as %j', (text, value) => expect(yamlValue(text)).toEqual(value));

test.each<[string, unknown]>([
  ['5', '5'],
  ['a: b', 'a: b'],
  [' ["a", 1]', ['a', 1]],
  ['[warning] disk: full', '[warning] disk: full'],
])('%j alone reads as %j', (text, value) => expect(containerValue(text)).toEqual(value));
