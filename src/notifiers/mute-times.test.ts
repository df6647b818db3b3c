import { expect, test } from 'vitest';
import type { TimeIntervalConfig } from '../config/time-intervals.ts';
import { compileTimeIntervals } from './mute-times.ts';

const holds = (interval: TimeIntervalConfig, iso: string): boolean =>
  compileTimeIntervals([{ name: 'x', time_intervals: [interval] }]).holding(['x'], Date.parse(iso)).length >
  0;

const nineToFive = { times: [{ start: 540, end: 1020 }] };
const day = (begin: number, end = begin) => ({ days_of_month: [{ begin, end }] });

test.each<[string, TimeIntervalConfig, string, boolean]>([
  ['the start counts', nineToFive, '2026-03-04T09:00:00Z', true],
  ['the end does not', nineToFive, '2026-03-04T17:00:00Z', false],
  ['the last minute counts', nineToFive, '2026-03-04T16:59:59.999Z', true],
  ['24:00 is the end of the day', { times: [{ start: 0, end: 1440 }] }, '2026-03-04T23:59:59Z', true],
  [
    'all fields must hold',
    { ...nineToFive, weekdays: [{ begin: 1, end: 5 }] },
    '2026-03-07T10:00:00Z',
    false,
  ],
  ['Wednesday is 3', { weekdays: [{ begin: 3, end: 3 }] }, '2026-03-04T10:00:00Z', true],
  [
    'any of a list',
    {
      months: [
        { begin: 1, end: 1 },
        { begin: 3, end: 3 },
      ],
    },
    '2026-03-04T10:00:00Z',
    true,
  ],
  ['years', { years: [{ begin: 2020, end: 2025 }] }, '2026-01-01T00:00:00Z', false],
  ['-1 is the last day', day(-1), '2026-02-28T10:00:00Z', true],
  ['-1 in a leap year', day(-1), '2028-02-28T10:00:00Z', false],
  ['-3 to -1', day(-3, -1), '2026-04-28T10:00:00Z', true],
  ['1 to -1 is the whole month', day(1, -1), '2026-02-15T10:00:00Z', true],
  ['31 in a short month', day(31), '2026-04-30T10:00:00Z', false],
  ['29 to 31 in February', day(29, 31), '2026-02-28T10:00:00Z', false],
])('%s', (_, interval, iso, expected) => {
  expect(holds(interval, iso)).toBe(expected);
});

test.each([
  ['2026-03-28T07:59:00Z', false],
  ['2026-03-28T08:00:00Z', true],
  ['2026-03-30T06:59:00Z', false],
  ['2026-03-30T07:00:00Z', true],
  ['2026-10-26T07:30:00Z', false],
  ['2026-10-26T08:00:00Z', true],
])('nine in Berlin at %s, summer time or not: %s', (iso, expected) => {
  expect(holds({ ...nineToFive, location: 'Europe/Berlin' }, iso)).toBe(expected);
});

// At 02:00 clocks in Berlin go to 03:00 in spring, at 03:00 to 02:00 in autumn.
test.each([
  ['2026-03-29T00:59:59Z', false],
  ['2026-03-29T01:00:00Z', false],
  ['2026-10-25T00:00:00Z', true],
  ['2026-10-25T01:59:59Z', true],
  ['2026-10-25T02:00:00Z', false],
  ['2026-10-26T01:30:00Z', true],
])('between two and three in Berlin at %s, when clocks change: %s', (iso, expected) => {
  const interval = { times: [{ start: 120, end: 180 }], location: 'Europe/Berlin' };
  expect(holds(interval, iso)).toBe(expected);
});

test.each([
  ['2021-03-31T16:00:00Z', true],
  ['2021-03-30T16:00:00Z', false],
  ['2021-11-30T16:00:00Z', true],
])('the last day of a month whose clocks change, in New York at %s: %s', (iso, expected) => {
  expect(holds({ ...day(-1), location: 'America/New_York' }, iso)).toBe(expected);
});

test('the day is that of the zone', () => {
  const friday = { weekdays: [{ begin: 5, end: 5 }], location: 'Pacific/Kiritimati' };
  expect(holds(friday, '2026-03-05T12:00:00Z')).toBe(true);
  expect(holds(friday, '2026-03-06T12:00:00Z')).toBe(false);
});

test('names that hold are given in the order asked for, unknown ones never hold', () => {
  const always = { name: 'always', time_intervals: [{}] };
  const times = compileTimeIntervals([always, { name: 'never', time_intervals: [] }]);
  expect(times.holding(['never', 'always', 'nobody'], 0)).toEqual(['always']);
});
