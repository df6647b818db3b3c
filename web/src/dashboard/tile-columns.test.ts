import { expect, test } from 'vitest';
import { tileColumns } from './tile-columns.ts';

const pos = (w: number, h: number) => ({ x: 0, y: 0, w, h });

test.each([
  ['one fills the panel', 1, pos(6, 4), 1],
  ['four stand side by side where it is wide', 4, pos(12, 4), 4],
  ['four are two by two where it is not: none stands alone in a row', 4, pos(6, 8), 2],
  ['in a tall panel they are below each other', 3, pos(3, 12), 1],
])('%s', (_, count, gridPos, columns) => {
  expect(tileColumns(count, gridPos, 2, 1400)).toBe(columns);
});

test('on a phone a panel is as wide as the page', () => {
  expect(tileColumns(2, pos(2, 3), 2, 390)).toBe(2);
});
