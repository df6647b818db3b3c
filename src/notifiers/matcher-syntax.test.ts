import { expect, test } from 'vitest';
import { sortMatchers } from '../model/alert-matchers.ts';
import { parseMatcher, parseMatchers } from './matcher-syntax.ts';
import { formatAlertMatchers } from './matching.ts';

test.each([
  ['a="b"', 'a', '=', 'b'],
  [' a = b ', 'a', '=', 'b'],
  ['a=', 'a', '=', ''],
  ['a!~"d.+"', 'a', '!~', 'd.+'],
  ['a=~b|c', 'a', '=~', 'b|c'],
  ['a="say \\"hi\\""', 'a', '=', 'say "hi"'],
  ['a="back\\\\slash\\n"', 'a', '=', 'back\\slash\n'],
  ['a="\\d"', 'a', '=', '\\d'],
  ['a=with spaces', 'a', '=', 'with spaces'],
  ['"utf 8 ✓"="x"', 'utf 8 ✓', '=', 'x'],
  ['k8s.pod/name=x', 'k8s.pod/name', '=', 'x'],
  ["a!='b'", 'a', '!=', "'b'"],
])('parseMatcher(%j)', (text, name, op, value) => {
  expect(parseMatcher(text)).toEqual({ name, op, value });
});

test.each([
  ['', 'expected 1 matcher, found 0'],
  ['a', 'bad matcher format: a'],
  ['{a="b"}', 'unexpected open or close brace: {a="b"}'],
  ['a="b', 'matcher value contains unescaped double quote: "b'],
  ['a=b"c', 'matcher value contains unescaped double quote: b"c'],
])('parseMatcher(%j) says what is wrong', (text, message) => {
  expect(() => parseMatcher(text)).toThrow(message);
});

test('a bad regular expression is refused', () => {
  expect(() => parseMatcher('a=~"("')).toThrow();
});

test.each([
  ['{a="b",c=~"d+"}', 2],
  ['a=b, c!=d', 2],
  ['{a="x,y", }', 1],
  ['{}', 0],
  ['', 0],
])('parseMatchers(%j) finds %d', (text, count) => {
  expect(parseMatchers(text)).toHaveLength(count);
});

test('matchers are written as in group keys, sorted by name, value, operator', () => {
  const list = sortMatchers(parseMatchers('{b="2",b="1",a!~"x\\"y","q r"="z"}'));
  expect(formatAlertMatchers(list)).toBe('{a!~"x\\"y",b="1",b="2","q r"="z"}');
});
