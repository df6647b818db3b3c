// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the placeholders are Grafana's
import { describe, expect, test } from 'vitest';
import { type Chosen, substitute } from './substitute.ts';

const chosen = (values: string[], rest: Partial<Chosen> = {}): Chosen => ({
  values,
  texts: values,
  isAll: false,
  allValue: '',
  isMulti: false,
  ...rest,
});
const choices = new Map([
  ['job', chosen(['a.b'])],
  ['node', chosen(['h1:9100', 'h2:9100'], { isMulti: true })],
  ['one', chosen(['h1.x'], { isMulti: true })],
  ['all', chosen(['a', 'b'], { isAll: true, allValue: '.*', isMulti: true })],
]);
const macros = { __interval: '30s', __rate_interval: '1m' };

describe('in a query', () => {
  test.each([
    ['up{job="$job"}', 'up{job="a.b"}'],
    ['up{job="[[job]]"}', 'up{job="a.b"}'],
    ['up{i=~"$node"}', 'up{i=~"(h1:9100|h2:9100)"}'],
    ['up{i=~"$one"}', 'up{i=~"h1\\\\.x"}'],
    ['up{i=~"${all}"}', 'up{i=~".*"}'],
    ['up{i=~"${node:pipe}"}', 'up{i=~"h1:9100|h2:9100"}'],
    ['rate(x[$__rate_interval]) @ ${__interval}', 'rate(x[1m]) @ 30s'],
    ['label_replace(x, "a", "$1", "b", "(.*)")', 'label_replace(x, "a", "$1", "b", "(.*)")'],
    ['$unknown ${job:csv}', '$unknown a.b'],
  ])('%s', (text, expected) => {
    expect(substitute(text, choices, macros)).toBe(expected);
  });
});

test('in a title the texts stand as people read them', () => {
  expect(substitute('CPU of $node, $all', choices, {}, 'text')).toBe('CPU of h1:9100 + h2:9100, All');
});
