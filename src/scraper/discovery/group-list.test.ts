import { expect, test } from 'vitest';
import { parseGroupsJson, parseGroupsYaml } from './group-list.ts';

const source = (index: number): string => `f:${index}`;

test('JSON', () => {
  const text =
    '[{"targets":["a:1","b:2"],"labels":{"team":"x","__meta_url":"forged"}},{"targets":[],"labels":null}]';
  expect(parseGroupsJson(text, source, { __meta_url: 'u' })).toEqual([
    {
      source: 'f:0',
      targets: [{ __address__: 'a:1' }, { __address__: 'b:2' }],
      labels: { team: 'x', __meta_url: 'u' },
    },
    { source: 'f:1', targets: [], labels: { __meta_url: 'u' } },
  ]);
  expect(parseGroupsJson('null', source, {})).toEqual([]);
});

test('YAML: every scalar is the text as written', () => {
  const text =
    '- targets: [10.0.0.1:9100, 9100]\n  labels:\n    on: yes\n    version: 1.10\n    none:\n- labels:\n';
  expect(parseGroupsYaml(text, source, {})).toEqual([
    {
      source: 'f:0',
      targets: [{ __address__: '10.0.0.1:9100' }, { __address__: '9100' }],
      labels: { on: 'yes', version: '1.10', none: '' },
    },
    { source: 'f:1', targets: [], labels: {} },
  ]);
  expect(parseGroupsYaml('', source, {})).toEqual([]);
  expect(parseGroupsYaml('# nothing yet\n', source, {})).toEqual([]);
});

test.each([
  ['{"targets":[]}', 'expected a list of target groups, got a mapping'],
  ['[{"targets":["a"]},null]', '[1]: expected targets and labels, got nothing'],
  ['["a:1"]', '[0]: expected targets and labels, got "a:1"'],
  ['[{"target":["a"]}]', '[0]: expected targets or labels, got "target"'],
  ['[{"targets":"a"}]', '[0].targets: expected a list, got "a"'],
  ['[{"targets":["a",1]}]', '[0].targets[1]: expected an address, got 1'],
  ['[{"labels":["a"]}]', '[0].labels: expected a mapping, got a list'],
  ['[{"labels":{"a":{}}}]', '[0].labels.a: expected a text, got a mapping'],
  ['[{"labels":{"":"x"}}]', '[0].labels: expected a label name, got ""'],
  ['[', 'not valid JSON: '],
])('%s is refused', (text, problem) => {
  expect(() => parseGroupsJson(text, source, {})).toThrow(problem);
});

test.each([
  ['- targets: [a', 'not valid YAML: '],
  ['- targets: [a]\n  targets: [b]\n', 'not valid YAML: Map keys must be unique'],
  ['targets: [a]', 'expected a list of target groups, got a mapping'],
  [
    `- &a [x,x,x,x,x,x,x,x,x]\n${Array.from({ length: 9 }, (_, i) => `- &${'bcdefghij'[i]} [${`*${'abcdefghi'[i]},`.repeat(9)}]`).join('\n')}`,
    'Excessive alias count',
  ],
])('%j is refused', (text, problem) => {
  expect(() => parseGroupsYaml(text, source, {})).toThrow(problem);
});
