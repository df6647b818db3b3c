import { describe, expect, test } from 'vitest';
import { formatMatcher } from '../model/matcher.ts';
import { parseMatcher, parseMatchers, sortMatchers } from './matchers.ts';

describe('parseMatchers', () => {
  test.each([
    ['foo="bar"', ['foo="bar"']],
    ['foo=bar', ['foo="bar"']],
    ['foo = bar baz ', ['foo="bar baz"']],
    ['foo=~bar|baz', ['foo=~"bar|baz"']],
    ['foo!~"a.*"', ['foo!~"a.*"']],
    ['foo!=""', ['foo!=""']],
    ['foo=', ['foo=""']],
    ['{a="b",c!="d"}', ['a="b"', 'c!="d"']],
    [' { a = "b" , c =~ "d" , } ', ['a="b"', 'c=~"d"']],
    ['a="b",c="d"', ['a="b"', 'c="d"']],
    ['{}', []],
    ['', []],
    ['"name with space"="x"', ['name with space="x"']],
    ['Straße="groß"', ['Straße="groß"']],
    [String.raw`a="say \"hi\" \\ \n"`, ['a="say \\"hi\\" \\\\ \\n"']],
    [String.raw`a=~"\d+\.x"`, [String.raw`a=~"\\d+\\.x"`]],
    ['a="{x,y}"', ['a="{x,y}"']],
    ['severity=~"warning|critical"', ['severity=~"warning|critical"']],
  ])('%s', (text, expected) => {
    expect(parseMatchers(text).map(formatMatcher)).toEqual(expected);
  });

  test.each([
    ['foo', 'expected one of =, !=, =~, !~ at offset 3 of the matcher "foo", got the end'],
    ['="x"', 'expected a label name at offset 0 of the matcher "=\\"x\\"", got "=\\"x\\""'],
    ['foo="x', 'expected a closing quote at offset 4 of the matcher "foo=\\"x", got "\\"x"'],
    ['{foo="x"', 'expected "}" at offset 8 of the matcher "{foo=\\"x\\"", got the end'],
    [
      'foo="x"}',
      'expected "{" at the start, as there is a "}" at offset 7 of the matcher "foo=\\"x\\"}", got "}"',
    ],
    [
      'foo="x" bar="y"',
      'expected a comma or the end at offset 8 of the matcher "foo=\\"x\\" bar=\\"y\\"", got "bar=\\"y\\""',
    ],
    ['{a="b"} c', 'expected the end at offset 8 of the matcher "{a=\\"b\\"} c", got "c"'],
    ['foo=~"(("', 'expected a regular expression, got "((" (missing closing ): `((`)'],
  ])('%s is refused', (text, message) => {
    expect(() => parseMatchers(text)).toThrow(message);
  });

  test('parseMatcher wants exactly one', () => {
    expect(parseMatcher('a="b"')).toEqual({ name: 'a', op: '=', value: 'b' });
    expect(() => parseMatcher('{a="b",c="d"}')).toThrow('expected one matcher');
  });
});

test('matchers are sorted by name, value and operator', () => {
  const matchers = parseMatchers('b="x",a=~"y",a="y",a!="x"');
  expect(sortMatchers(matchers).map(formatMatcher)).toEqual(['a!="x"', 'a="y"', 'a=~"y"', 'b="x"']);
});
