import { expect, test } from 'vitest';
import { matchersFor, matcherText, matchesAll, parseMatchers } from './silences.ts';

test.each([
  ['job="backend"', [['job', '=', 'backend']]],
  [
    'job=backend\ninstance=~web-.*',
    [
      ['job', '=', 'backend'],
      ['instance', '=~', 'web-.*'],
    ],
  ],
  [
    '{a!="x, y", b!~"z"}',
    [
      ['a', '!=', 'x, y'],
      ['b', '!~', 'z'],
    ],
  ],
  ['"my label"="1"', [['my label', '=', '1']]],
  ['a="say \\"hi\\""', [['a', '=', 'say "hi"']]],
  ['', []],
])('%j', (text, expected) => {
  expect(
    parseMatchers(text).map(({ name, value, isRegex, isEqual }) => [
      name,
      (isEqual ? '=' : '!') + (isRegex ? '~' : isEqual ? '' : '='),
      value,
    ]),
  ).toEqual(expected);
});

test('what cannot be read is named', () => {
  expect(() => parseMatchers('job')).toThrow('expected a matcher such as job="backend", got job');
  expect(() => parseMatchers('job=~"("')).toThrow('expected a regular expression in job=~"("');
});

test('the silence for an alert matches it and nothing beside it', () => {
  const labels = { alertname: 'Disk "full"', mountpoint: 'C:\\', instance: 'a' };
  const matchers = parseMatchers(matchersFor(labels));
  expect(matchesAll(matchers, labels)).toBe(true);
  expect(matchesAll(matchers, { ...labels, instance: 'b' })).toBe(false);
  expect(matchers.map(matcherText)[1]).toBe('mountpoint="C:\\\\"');
});

test('regular expressions are anchored, a missing label is empty', () => {
  const hits = (text: string, labels: Record<string, string>): boolean =>
    matchesAll(parseMatchers(text), labels);
  expect(hits('a=~"b"', { a: 'abc' })).toBe(false);
  expect(hits('a=~".*b.*"', { a: 'abc' })).toBe(true);
  expect(hits('a=""', {})).toBe(true);
  expect(hits('a!="x"', {})).toBe(true);
});
