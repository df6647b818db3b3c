// biome-ignore-all lint/suspicious/noTemplateCurlyInString: replacements are written like that
import { expect, test } from 'vitest';
import { scrapeJob } from '../testing/scrape-job.ts';
import { compileRelabel, type NameValidation } from './relabel.ts';

type Labels = Record<string, string>;

function relabel(
  steps: Record<string, unknown>[],
  labels: Labels,
  validation: NameValidation = 'utf8',
): Labels | 'dropped' {
  const builder = new Map(Object.entries(labels));
  const keep = compileRelabel(
    scrapeJob({ metric_relabel_configs: steps }).metric_relabel_configs,
    validation,
  );
  return keep(builder) ? Object.fromEntries(builder) : 'dropped';
}

test.each<[string, Record<string, unknown>, Labels, Labels | 'dropped']>([
  [
    'replace by a group',
    { source_labels: ['a'], regex: 'f(.*)', target_label: 'd', replacement: 'ch${1}-ch${1}' },
    { a: 'foo' },
    { a: 'foo', d: 'choo-choo' },
  ],
  [
    'replace joins sources',
    { source_labels: ['a', 'b'], regex: 'f(.*);(.*)r', target_label: 'a', replacement: 'b${1}${2}m' },
    { a: 'foo', b: 'bar' },
    { a: 'boobam', b: 'bar' },
  ],
  [
    'replace without a match does nothing',
    { source_labels: ['a'], regex: 'x', target_label: 'd', replacement: 'y' },
    { a: 'foo' },
    { a: 'foo' },
  ],
  [
    'the expression is anchored',
    { source_labels: ['a'], regex: 'o', target_label: 'd', replacement: 'y' },
    { a: 'foo' },
    { a: 'foo' },
  ],
  [
    'the dot matches newlines',
    { source_labels: ['a'], regex: 'f.o', target_label: 'd', replacement: 'y' },
    { a: 'f\no' },
    { a: 'f\no', d: 'y' },
  ],
  [
    'the end is not before a last newline',
    { source_labels: ['a'], regex: 'foo', target_label: 'd', replacement: 'y' },
    { a: 'foo\n' },
    { a: 'foo\n' },
  ],
  [
    'replace sets a constant',
    { target_label: 'd', replacement: 'const' },
    { a: 'foo' },
    { a: 'foo', d: 'const' },
  ],
  [
    'replace copies by default',
    { source_labels: ['a'], target_label: 'd' },
    { a: 'foo' },
    { a: 'foo', d: 'foo' },
  ],
  ['an empty result removes the label', { source_labels: ['x'], target_label: 'a' }, { a: 'foo' }, {}],
  [
    'the target may be a group',
    { source_labels: ['a'], regex: '(f)(.*)', target_label: '${1}_name', replacement: '$2' },
    { a: 'foo' },
    { a: 'foo', f_name: 'oo' },
  ],
  [
    'an empty target does nothing',
    { source_labels: ['a'], regex: 'foo(.*)', target_label: '${1}', replacement: 'x' },
    { a: 'foo' },
    { a: 'foo' },
  ],
  [
    'named groups',
    {
      source_labels: ['a'],
      regex: '(?P<first>f)(?P<rest>.*)',
      target_label: 'd',
      replacement: '${rest}-$first',
    },
    { a: 'foo' },
    { a: 'foo', d: 'oo-f' },
  ],
  [
    'a bare variable is as long as it goes',
    { source_labels: ['a'], regex: '(f)(.*)', target_label: 'd', replacement: '$1x|${1}x' },
    { a: 'foo' },
    { a: 'foo', d: '|fx' },
  ],
  [
    'a doubled dollar, groups that are not there',
    { source_labels: ['a'], target_label: 'd', replacement: '$$1 $2 $0 $' },
    { a: 'foo' },
    { a: 'foo', d: '$1  foo $' },
  ],
  [
    'a group that took no part is empty',
    { source_labels: ['a'], regex: '(x)?(f.*)', target_label: 'd', replacement: '[$1]' },
    { a: 'foo' },
    { a: 'foo', d: '[]' },
  ],
  ['keep', { source_labels: ['a'], regex: 'f.*', action: 'keep' }, { a: 'foo' }, { a: 'foo' }],
  ['keep drops the rest', { source_labels: ['a'], regex: 'f', action: 'keep' }, { a: 'foo' }, 'dropped'],
  ['drop', { source_labels: ['a'], regex: '.*o', action: 'drop' }, { a: 'foo' }, 'dropped'],
  ['drop keeps the rest', { source_labels: ['a'], regex: 'o', action: 'drop' }, { a: 'foo' }, { a: 'foo' }],
  [
    'keepequal',
    { source_labels: ['a'], target_label: 'b', action: 'keepequal' },
    { a: 'x', b: 'x' },
    { a: 'x', b: 'x' },
  ],
  [
    'keepequal drops the rest',
    { source_labels: ['a'], target_label: 'b', action: 'keepequal' },
    { a: 'x', b: 'y' },
    'dropped',
  ],
  [
    'dropequal',
    { source_labels: ['a'], target_label: 'b', action: 'dropequal' },
    { a: 'x', b: 'x' },
    'dropped',
  ],
  [
    'lowercase',
    { source_labels: ['a'], target_label: 'b', action: 'lowercase' },
    { a: 'FoO' },
    { a: 'FoO', b: 'foo' },
  ],
  [
    'uppercase',
    { source_labels: ['a'], target_label: 'b', action: 'uppercase' },
    { a: 'FoO' },
    { a: 'FoO', b: 'FOO' },
  ],
  [
    'case is changed character by character',
    { source_labels: ['a'], target_label: 'a', action: 'lowercase' },
    { a: 'ΟΔΟΣ İ' },
    { a: 'οδοσ i' },
  ],
  [
    'and each to one',
    { source_labels: ['a'], target_label: 'a', action: 'uppercase' },
    { a: 'straße ﬁ é' },
    { a: 'STRAßE ﬁ É' },
  ],
  [
    'names beyond the old alphabet are sources and targets',
    { source_labels: ['schlüssel.a', 'b c'], target_label: 'ключ', separator: '→' },
    { 'schlüssel.a': 'x', 'b c': 'y' },
    { 'schlüssel.a': 'x', 'b c': 'y', ключ: 'x→y' },
  ],
  [
    'such names come from groups',
    { source_labels: ['a'], regex: '(.+)=(.+)', target_label: 'k8s.${1}', replacement: '$2' },
    { a: 'имя=значение' },
    { a: 'имя=значение', 'k8s.имя': 'значение' },
  ],
  [
    'such names are mapped',
    { regex: 'k8s\\.(.+)', replacement: 'pod/$1', action: 'labelmap' },
    { 'k8s.имя': '1', 'k8s.': '2', a: '3' },
    { 'k8s.имя': '1', 'k8s.': '2', a: '3', 'pod/имя': '1' },
  ],
  ['such names are dropped', { regex: '.*ü.*', action: 'labeldrop' }, { schlüssel: 'x', b: 'y' }, { b: 'y' }],
  ['and kept', { regex: '\\p{Cyrillic}+', action: 'labelkeep' }, { ключ: 'x', b: 'y' }, { ключ: 'x' }],
  [
    'a missing label is empty: keep',
    { source_labels: ['x'], regex: '.+', action: 'keep' },
    { a: '1' },
    'dropped',
  ],
  [
    'a missing label is empty: drop',
    { source_labels: ['x'], regex: '', action: 'drop' },
    { a: '1' },
    'dropped',
  ],
  [
    'a missing label is empty: keepequal',
    { source_labels: ['x'], target_label: 'y', action: 'keepequal' },
    { a: '1' },
    { a: '1' },
  ],
  [
    'a missing label is empty: dropequal',
    { source_labels: ['x'], target_label: 'y', action: 'dropequal' },
    { a: '1' },
    'dropped',
  ],
  [
    'a missing label is empty: lowercase',
    { source_labels: ['x'], target_label: 'a', action: 'lowercase' },
    { a: '1' },
    {},
  ],
  [
    'a missing label is empty: hashmod',
    { source_labels: ['x'], target_label: 'h', action: 'hashmod', modulus: 1000 },
    {},
    { h: '958' },
  ],
  [
    'several that are missing leave their separators',
    { source_labels: ['x', 'a', 'y'], target_label: 'd' },
    { a: '1' },
    { a: '1', d: ';1;' },
  ],
  [
    'hashmod',
    { source_labels: ['c'], target_label: 'd', action: 'hashmod', modulus: 1000 },
    { c: 'baz' },
    { c: 'baz', d: '976' },
  ],
  [
    'hashmod over newlines',
    { source_labels: ['a'], target_label: 'd', action: 'hashmod', modulus: 1000 },
    { a: 'foo\nbar' },
    { a: 'foo\nbar', d: '734' },
  ],
  [
    'labelmap',
    { regex: '(b.*)', replacement: 'bar_${1}', action: 'labelmap' },
    { a: 'foo', b1: 'bar', b2: 'baz' },
    { a: 'foo', b1: 'bar', b2: 'baz', bar_b1: 'bar', bar_b2: 'baz' },
  ],
  [
    'labelmap strips a prefix',
    { regex: '__meta_(.*)', action: 'labelmap' },
    { __meta_zone: 'x' },
    { __meta_zone: 'x', zone: 'x' },
  ],
  ['labeldrop', { regex: '(b.*)', action: 'labeldrop' }, { a: 'foo', b1: 'bar' }, { a: 'foo' }],
  ['labelkeep', { regex: '(b.*)', action: 'labelkeep' }, { a: 'foo', b1: 'bar' }, { b1: 'bar' }],
])('%s', (_, step, labels, expected) => {
  expect(relabel([step], labels)).toEqual(expected);
});

test('steps work on what the steps before left', () => {
  const steps = [
    { source_labels: ['a'], regex: '(.*)', target_label: 'b', replacement: '$1!' },
    { source_labels: ['b'], regex: 'x!', action: 'keep' },
    { regex: 'a', action: 'labeldrop' },
  ];
  expect(relabel(steps, { a: 'x' })).toEqual({ b: 'x!' });
  expect(relabel(steps, { a: 'y' })).toBe('dropped');
});

test('with legacy names a target outside the old alphabet is not written', () => {
  const step = { source_labels: ['a'], regex: '(.*)', target_label: '${1}', replacement: 'v' };
  expect(relabel([step], { a: 'with.dot' }, 'legacy')).toEqual({ a: 'with.dot' });
  expect(relabel([step], { a: 'with.dot' }, 'utf8')).toEqual({ a: 'with.dot', 'with.dot': 'v' });
});
