import { expect, test } from 'vitest';
import { PromqlError } from '../promql/errors.ts';
import { parseExpr } from '../promql/parse.ts';
import { keptExpressions } from './kept-expressions.ts';

test('a query is read once', () => {
  const readExpr = keptExpressions(1000);
  const expr = readExpr('sum(rate(x[5m]))');
  expect(expr).toEqual(parseExpr('sum(rate(x[5m]))'));
  expect(readExpr('sum(rate(x[5m]))')).toBe(expr);
});

test('what was not asked for longest makes room for others, and one that is a large part of it is not kept', () => {
  const readExpr = keptExpressions(16);
  const first = readExpr('a1');
  const second = readExpr('a2');
  for (const text of ['a3', 'a4', 'a5', 'a6', 'a7', 'a8']) readExpr(text);
  expect(readExpr('a1')).toBe(first);
  readExpr('a9');
  expect(readExpr('a1')).toBe(first);
  expect(readExpr('a2')).not.toBe(second);
  const long = readExpr('abc');
  expect(readExpr('abc')).not.toBe(long);
});

test('an error is told each time', () => {
  const readExpr = keptExpressions(1000);
  expect(() => readExpr('sum(')).toThrow(PromqlError);
  expect(() => readExpr('sum(')).toThrow(PromqlError);
});
