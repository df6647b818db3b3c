import { describe, expect, test } from 'vitest';
import { formatFinding } from './finding.ts';
import { kindOf } from './kind.ts';
import { YamlFile } from './yaml.ts';

const yaml = (...lines: string[]) => new YamlFile('a.yaml', lines.join('\n'));
const errors = (file: YamlFile) => file.errors.map(formatFinding);

describe('positions', () => {
  const file = yaml(
    'a: 1', // 1
    'b:', // 2
    '  - c: x', // 3
    '    d:', // 4
    '      e: y', // 5
    '  - {c: "z", d: [1, 2]}', // 6
  );
  test.each([
    [[], '1:1'],
    [['a'], '1:4'],
    [['b'], '2:1'],
    [['b', 0], '3:5'],
    [['b', 0, 'c'], '3:8'],
    [['b', 0, 'd'], '4:5'],
    [['b', 0, 'd', 'e'], '5:10'],
    [['b', 0, 'd', 'missing'], '4:5'],
    [['b', 1], '6:5'],
    [['b', 1, 'c'], '6:9'],
    [['b', 1, 'd', 1], '6:21'],
    [['no', 'such', 'path'], '1:1'],
  ])('%j is at %s', (path, expected) => {
    const { line, column } = file.positionOf(path);
    expect(`${line}:${column}`).toBe(expected);
  });
});

describe('positions inside a scalar', () => {
  const at = (text: string, word: string, ...lines: string[]) => {
    const finding = yaml(...lines).findingInside(['e'], text.indexOf(word), 'x');
    return `${finding.line}:${finding.column}`;
  };
  test.each([
    ['plain', 'sum(a) by (job', 'by', ['e: sum(a) by (job'], '1:11'],
    ['literal block', 'sum(\n  a\n) by', 'by', ['e: |  # comment', '  sum(', '    a', '  ) by'], '4:5'],
    ['folded block', 'sum( a ) by', 'by', ['e: >-', '  sum(', '  a', '  ) by'], '4:5'],
    ['double quotes', 'a{b="c"} by', 'by', ['e: "a{b=\\"c\\"} by"'], '1:16'],
    ['escaped line break', 'a\nby', 'by', ['e: "a\\nby"'], '1:8'],
    ['single quotes', "a ' by", 'by', ["e: 'a '' by'"], '1:10'],
    ['plain over two lines', 'a by', 'by', ['e: a', '  by'], '2:3'],
  ])('%s', (_, text, word, lines, expected) => {
    expect(at(text, word, ...lines)).toBe(expected);
  });
});

test('a key given twice is an error that names both lines', () => {
  const file = yaml('a: 1', 'b:', '  c: 1', '  c: 2', 'a: 3');
  expect(errors(file)).toEqual([
    'a.yaml:4:3: b.c: expected each key once, got it first in line 3',
    'a.yaml:5:1: a: expected each key once, got it first in line 1',
  ]);
});

test('anchors, aliases and merge keys work as in Go', () => {
  const file = yaml(
    'base: &base {x: 1, y: 2}',
    'more: &more {y: 3, z: 4}',
    'one: {<<: *base, x: 9}',
    'two:',
    '  <<: [*base, *more]',
    'same: *base',
  );
  expect(errors(file)).toEqual([]);
  const keys = (name: string) => {
    const node = file.nodeAt([name]);
    return file
      .entries(node as Parameters<typeof file.entries>[0])
      .map(({ key, value }) => `${key}=${value}`);
  };
  expect(keys('one')).toEqual(['x=9', 'y=2']);
  expect(keys('two')).toEqual(['x=1', 'y=2', 'z=4']);
  expect(keys('same')).toEqual(['x=1', 'y=2']);
});

test.each([
  [
    ['a: [', 'b: 1'],
    'a.yaml:2:1: not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]',
  ],
  [['a: *nowhere'], 'a.yaml:1:4: expected an anchor &nowhere before *nowhere'],
  [['a: {[1]: 2}'], 'a.yaml:1:5: a: expected a key, got a mapping or a list'],
  [['a: {<<: 1}'], 'a.yaml:1:5: a["<<"]: expected a mapping to merge, got something else'],
])('%j', (lines, expected) => {
  expect(errors(yaml(...lines))[0]).toBe(expected);
});

test('tabs for indentation are an error with a position', () => {
  expect(errors(yaml('a:', '\tb: 1'))[0]).toMatch(/^a\.yaml:2:\d+: not valid YAML: /);
});

test('nesting has a limit', () => {
  const file = yaml(`a: ${'['.repeat(50_000)}${']'.repeat(50_000)}`);
  expect(errors(file)).toEqual(['a.yaml:1:103: expected at most 100 levels of nesting, got more']);
});

test('only the first document counts', () => {
  const file = yaml('a: 1', '---', 'b: 2');
  expect(file.nodeAt(['a'])).toBeDefined();
  expect(file.warnings.map(formatFinding)).toEqual([
    'a.yaml:2:1: only the first YAML document of a file counts',
  ]);
});

test.each([
  ['groups: []', 'rules'],
  ['groups: []\nglobal: {}', 'config'],
  ['basic_auth_users: {}', 'web'],
  ['', 'config'],
  ['route: {}', 'config'],
  ['[1]', 'config'],
])('kindOf(%j) is %s', (text, kind) => {
  expect(kindOf(new YamlFile('a', text))).toBe(kind);
});
