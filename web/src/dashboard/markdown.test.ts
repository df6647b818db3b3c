import { expect, test } from 'vitest';
import { markdownBlocks } from './markdown.ts';

const paragraph = (text: string) => ({ kind: 'paragraph', text });
const list = (isNumbered: boolean, items: object[], start = 1) => ({
  kind: 'list',
  isNumbered,
  start,
  items,
});
const item = (text: string, ...blocks: object[]) => ({ text, blocks });

test.each([
  ['one\ntwo\n\nthree', [paragraph('one two'), paragraph('three')]],
  ['one  \ntwo', [paragraph('one<br> two')]],
  ['## Title ##\ntext', [{ kind: 'heading', level: 2, text: 'Title' }, paragraph('text')]],
  ['- a\n- b\n  goes on\n\ntext', [list(false, [item('a'), item('b goes on')]), paragraph('text')]],
  ['3. a\n4. b', [list(true, [item('a'), item('b')], 3)]],
  ['- a\n  - b\n  - c\n- d', [list(false, [item('a', list(false, [item('b'), item('c')])), item('d')])]],
  ['* a\n\n* b', [list(false, [item('a'), item('b')])]],
  ['> a\n> b\n\nc', [{ kind: 'quote', blocks: [paragraph('a b')] }, paragraph('c')]],
  ['```sh\n# a\n\n- b\n```\nc', [{ kind: 'code', text: '# a\n\n- b' }, paragraph('c')]],
  ['a\n\n---\nb', [paragraph('a'), { kind: 'rule' }, paragraph('b')]],
  [
    '| a | b |\n|---|--:|\n| 1 | 2 \\| 3 |\nend',
    [{ kind: 'table', head: ['a', 'b'], aligns: ['', 'right'], rows: [['1', '2 | 3']] }, paragraph('end')],
  ],
  [
    '# A\n<div>x</div>\n\ny',
    [{ kind: 'heading', level: 1, text: 'A' }, { kind: 'html', text: '<div>x</div>' }, paragraph('y')],
  ],
  ['', []],
])('%j', (markdown, blocks) => {
  expect(markdownBlocks(markdown)).toEqual(blocks);
});

test('lists and quotes within each other are read to some depth, and no further', () => {
  const timesIn = (word: string, markdown: string): number =>
    JSON.stringify(markdownBlocks(markdown)).split(`"${word}"`).length - 1;
  expect(timesIn('quote', '> '.repeat(2000))).toBe(8);
  const nested = Array.from({ length: 200 }, (_, i) => `${'  '.repeat(i)}- a`).join('\n');
  expect(timesIn('list', nested)).toBe(8);
});
