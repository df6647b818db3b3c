import { expect, test } from 'vitest';
import { goTable, table } from './listing.ts';

test('columns are as wide as their widest cell, the last one too', () => {
  expect(
    table(
      ['A', 'Name'],
      [
        ['x', 'é'],
        ['longer', 'one\ntwo'],
      ],
    ),
  ).toBe(['A       Name     ', 'x       é        ', 'longer  one two  ', ''].join('\n'));
});

test('columns have a least width, and the last one is as long as it is', () => {
  const rows = [
    ['a', 'bb'],
    ['ccc', 'd'],
  ];
  expect(goTable(rows, { least: 8, padding: 2 })).toBe('a       bb\nccc     d\n');
  expect(goTable(rows, { least: 2, padding: 2 })).toBe('a    bb\nccc  d\n');
});

test('a table may have more rows than a function takes arguments', () => {
  const rows = Array.from({ length: 150_000 }, () => ['a', 'b']);
  expect(table(['A', 'B'], rows)).toHaveLength(150_001 * 7);
  expect(goTable(rows, { least: 2, padding: 1 })).toHaveLength(150_000 * 4);
});
