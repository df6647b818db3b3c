import { expect, test } from 'vitest';
import { additionsTo, type Tally } from './additions.ts';

const columns = (...samples: (readonly [time: number, value: number])[]) => ({
  timestamps: Float64Array.from(samples, ([time]) => time),
  values: Float64Array.from(samples, ([, value]) => value),
});

test('of what is imported the samples count for whose time nothing is stored; any bit tells two values apart', () => {
  const tally: Tally = { added: 0, duplicates: 0, conflicts: 0 };
  const stored = columns([2, 0.1], [3, 0.1], [4, 0], [5, 7]);
  const fresh = columns([1, 1], [2, 0.1], [3, 0.1 + 2 ** -56], [4, -0], [5, 7 + 2 ** 30], [6, 2]);
  const { timestamps, values } = additionsTo(stored, fresh, tally)!;
  expect([...timestamps]).toEqual([1, 6]);
  expect([...values]).toEqual([1, 2]);
  expect(tally).toEqual({ added: 2, duplicates: 1, conflicts: 3 });
  expect(additionsTo(stored, stored, tally)).toBeUndefined();
  expect(tally).toEqual({ added: 2, duplicates: 5, conflicts: 3 });
});
