import { expect, test } from 'vitest';
import { PieceJoiner } from './query-merge.ts';
import { Scratch } from './scratch.ts';

const floats = (...values: number[]): Float64Array => Float64Array.from(values);
const plain = ({ timestamps, values }: { timestamps: Float64Array; values: Float64Array }) => [
  [...timestamps],
  [...values],
];

test('days of a series follow each other, and series of one target share their times', () => {
  const charged: number[] = [];
  const joiner = new PieceJoiner(new Scratch(0), (bytes) => charged.push(bytes));
  const monday = floats(1, 2);
  const tuesday = floats(3, 4, 5);
  const a = joiner.join([
    { timestamps: monday, values: floats(10, 20) },
    { timestamps: tuesday, values: floats(30, 40, 50) },
  ]);
  const b = joiner.join([
    { timestamps: monday.subarray(0), values: floats(1, 2) },
    { timestamps: tuesday, values: floats(3, 4, 5) },
  ]);
  expect(plain(a)).toEqual([
    [1, 2, 3, 4, 5],
    [10, 20, 30, 40, 50],
  ]);
  expect(plain(b)).toEqual([
    [1, 2, 3, 4, 5],
    [1, 2, 3, 4, 5],
  ]);
  expect(b.timestamps).toBe(a.timestamps);
  // Times once, values each.
  expect(charged).toEqual([40, 40, 40]);
});

test('other times of the same length are not taken for the same', () => {
  const joiner = new PieceJoiner(new Scratch(0), () => {});
  const join = (first: Float64Array) =>
    joiner.join([
      { timestamps: first, values: floats(1) },
      { timestamps: floats(9), values: floats(2) },
    ]);
  const two = floats(1, 2);
  expect([...join(two.subarray(0, 1)).timestamps]).toEqual([1, 9]);
  expect([...join(two.subarray(1, 2)).timestamps]).toEqual([2, 9]);
});

test('where two know a time, what was stored first counts', () => {
  const joiner = new PieceJoiner(new Scratch(0), () => {});
  const next = joiner.join([
    { timestamps: floats(1, 2), values: floats(10, 20) },
    { timestamps: floats(2, 3), values: floats(99, 30) },
  ]);
  expect(plain(next)).toEqual([
    [1, 2, 3],
    [10, 20, 30],
  ]);
  const joined = joiner.join([
    { timestamps: floats(1, 3), values: floats(10, 30) },
    { timestamps: floats(2, 3), values: floats(20, 99) },
  ]);
  expect(plain(joined)).toEqual([
    [1, 2, 3],
    [10, 20, 30],
  ]);
});

test('scratch memory is used again after a reset, never twice before it', () => {
  const scratch = new Scratch(8 * 1024 * 1024);
  const first = scratch.floats(1000).fill(1);
  const second = scratch.floats(1000).fill(2);
  expect(first.every((value) => value === 1)).toBe(true);
  expect(second.every((value) => value === 2)).toBe(true);
  scratch.reset();
  expect(scratch.floats(1000).buffer).toBe(first.buffer);
});

test('what is larger than a piece, or outlives its query, is memory of its own', () => {
  const kept = new Scratch(8 * 1024 * 1024);
  expect(kept.floats(1_000_000)).toHaveLength(1_000_000);
  const own = new Scratch(0);
  const first = own.floats(10).fill(1);
  own.reset();
  own.floats(10).fill(2);
  expect([...first]).toEqual(new Array(10).fill(1));
});
