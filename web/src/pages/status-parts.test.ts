import { expect, test } from 'vitest';
import type { StoredFile } from '../data/api-types.ts';
import { daysOf, forecastOf } from './status-parts.tsx';

const DAY = 86_400_000;
const file = (day: number, numBytes: number, level: number): StoredFile => ({
  ulid: `${day} ${level}`,
  // The first sample of the day and the end of the last one.
  minTime: day * DAY + level * 1000,
  maxTime: (day + 1) * DAY - 1000,
  stats: { numBytes },
  compaction: { level },
});

test('the files of a day are one row, newest first, and whole days say what all that are kept will take', () => {
  const days = daysOf([file(1, 100, 2), file(2, 300, 2), file(3, 10, 1), file(3, 20, 2)]);
  expect(days).toEqual([
    { time: 3 * DAY, bytes: 30, isOpen: true },
    { time: 2 * DAY, bytes: 300, isOpen: false },
    { time: DAY, bytes: 100, isOpen: false },
  ]);
  expect(forecastOf(days, '15d')).toBe(3000);
  expect(forecastOf(days, '15d or 20GB')).toBe(3000);
  expect(forecastOf(days, '20GB')).toBeUndefined();
  expect(forecastOf(days.slice(0, 1), '15d')).toBeUndefined();
});
