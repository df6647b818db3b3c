import { describe, expect, test } from 'vitest';
import { MatcherSyntaxError, readMatcher, readMatchers, sortMatchers } from './alert-matchers.ts';
import { formatMatcher, type Matcher } from './matcher.ts';

const check = ({ op, value }: Matcher): void => {
  if (op.includes('~')) new RegExp(value);
};
const read = (text: string): string[] => readMatchers(text, check).map(formatMatcher);

describe('readMatchers', () => {
  test.each([
    ['foo="bar"', ['foo="bar"']],
    ['foo=bar', ['foo="bar"']],
    ['foo = bar baz ', ['foo="bar baz"']],
    ['foo=~bar|baz', ['foo=~"bar|baz"']],
    ['foo!~"a.*"', ['foo!~"a.*"']],
    ['foo!=""', ['foo!=""']],
    ['foo=', ['foo=""']],
    ['foo=bar=baz', ['foo="bar=baz"']],
    ["foo='bar'", [`foo="'bar'"`]],
    ['{a="b",c!="d"}', ['a="b"', 'c!="d"']],
    [' { a = "b" , c =~ "d" , } ', ['a="b"', 'c=~"d"']],
    ['a="b",c="d"', ['a="b"', 'c="d"']],
    ['{}', []],
    ['', []],
    ['"name with space"="x"', ['"name with space"="x"']],
    ['"Straße"="groß"', ['"Straße"="groß"']],
    ['k8s.pod/name=x', ['"k8s.pod/name"="x"']],
    [String.raw`a="say \"hi\" \\ \n"`, ['a="say \\"hi\\" \\\\ \\n"']],
    [String.raw`a=~"\d+\.x"`, [String.raw`a=~"\\d+\\.x"`]],
    ['a="{x,y}"', ['a="{x,y}"']],
    ['severity=~"warning|critical"', ['severity=~"warning|critical"']],
    // The classic syntax takes values without quotes that hold braces, and a brace at one end only.
    ['code=~5[0-9]{2}|4[0-9]{2}x', ['code=~"5[0-9]{2}|4[0-9]{2}x"']],
    ['{foo="x"', ['foo="x"']],
    ['foo="x"}', ['foo="x"']],
    [String.raw`a=b\nc\\d`, [String.raw`a="b\nc\\d"`]],
    // Where the two read different things, it is the classic one that counts: only three escapes are known to it.
    [String.raw`a="tab\t\u00e9"`, [String.raw`a="tab\\t\\u00e9"`]],
    [String.raw`"ä"="tab\t\u00e9\x41"`, ['"ä"="tab\\té' + 'A"']],
  ])('%s', (text, expected) => {
    expect(read(text)).toEqual(expected);
  });

  test.each([
    ['foo', 'expected one of =, !=, =~, !~ at offset 3 of the matcher "foo", got the end'],
    ['="x"', 'expected a label name at offset 0 of the matcher "=\\"x\\"", got "=\\"x\\""'],
    ['foo="x', 'expected a closing quote at offset 4 of the matcher "foo=\\"x", got "\\"x"'],
    ['{"ä"="x"', 'expected "}" at offset 8 of the matcher "{\\"ä\\"=\\"x\\"", got the end'],
    [
      '"ä"="x"}',
      'expected "{" at the start, as there is a "}" at offset 7 of the matcher "\\"ä\\"=\\"x\\"}", got "}"',
    ],
    [
      'foo="x" bar="y"',
      'expected a comma or the end at offset 8 of the matcher "foo=\\"x\\" bar=\\"y\\"", got "bar=\\"y\\""',
    ],
    ['{a="b"} c', 'expected the end at offset 8 of the matcher "{a=\\"b\\"} c", got "c"'],
    [
      String.raw`"ä"="\d"`,
      String.raw`expected a text with escapes as Go knows them at offset 4 of the matcher "\"ä\"=\"\\d\"", got "\"\\d\""`,
    ],
    ['foo=~"(("', 'Invalid regular expression: /((/: Unterminated group'],
  ])('%s is refused', (text, detail) => {
    expect(() => read(text)).toThrow(MatcherSyntaxError);
    expect(() => read(text)).toThrow(expect.objectContaining({ detail }));
  });
});

test('readMatcher wants exactly one', () => {
  expect(readMatcher('a="b"', check)).toEqual({ name: 'a', op: '=', value: 'b' });
  expect(() => readMatcher('"ä"="b","c"="d"', check)).toThrow('expected 1 matcher, found 2');
  expect(() => readMatcher('{a="b"}', check)).toThrow('unexpected open or close brace');
});

test('matchers are sorted by name, value and operator', () => {
  const matchers = readMatchers('b="x",a=~"y",a="y",a!="x"', check);
  expect(sortMatchers(matchers).map(formatMatcher)).toEqual(['a!="x"', 'a="y"', 'a=~"y"', 'b="x"']);
});
