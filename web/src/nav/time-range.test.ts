import { describe, expect, test } from 'vitest';
import {
  describeRange,
  parseInstant,
  pastedRange,
  resolveRange,
  shiftRange,
  tidyRange,
  widenRange,
} from './time-range.ts';

const NOW = new Date(2026, 10, 23, 7, 4, 0).getTime();
const HOUR = 3_600_000;

describe('parseInstant', () => {
  test.each([
    ['now', NOW],
    ['now-6h', NOW - 6 * HOUR],
    ['now + 1h', NOW + HOUR],
    ['now-2d', NOW - 48 * HOUR],
    ['now/d', new Date(2026, 10, 23).getTime()],
    ['now/w', new Date(2026, 10, 23).getTime()],
    ['now-1M/M', new Date(2026, 9, 1).getTime()],
    ['1700000000000', 1_700_000_000_000],
    ['2026-11-23 06:00', new Date(2026, 10, 23, 6).getTime()],
    ['2026-11-23', new Date(2026, 10, 23).getTime()],
    ['2026-11-23T06:00:00Z', Date.UTC(2026, 10, 23, 6)],
    ['yesterday', undefined],
    ['now-6', undefined],
    ['', undefined],
  ])('%j', (text, expected) => {
    expect(parseInstant(text, NOW)).toBe(expected);
  });

  test('an end rounds up to the end of its day', () => {
    expect(parseInstant('now/d', NOW, true)).toBe(new Date(2026, 10, 24).getTime());
  });
});

test('a range that cannot be read becomes the last hour', () => {
  const lastHour = { from: NOW - HOUR, to: NOW };
  expect(resolveRange({ from: 'x', to: 'now' }, NOW)).toEqual(lastHour);
  expect(resolveRange({ from: 'now', to: 'now-1h' }, NOW)).toEqual(lastHour);
});

test.each([
  [{ from: 'now-6h', to: 'now' }, 'Last 6 h'],
  [{ from: 'now-45m', to: 'now' }, 'Last 45 m'],
  [{ from: String(NOW - HOUR), to: String(NOW) }, '2026-11-23 06:04 – 07:04'],
])('%j reads %s', (range, text) => {
  expect(describeRange(range, NOW)).toBe(text);
});

test('shifting makes a range absolute, widening keeps a relative one relative', () => {
  const range = { from: 'now-2h', to: 'now' };
  expect(shiftRange(range, -1, NOW)).toEqual({ from: String(NOW - 3 * HOUR), to: String(NOW - HOUR) });
  expect(tidyRange(widenRange(range, NOW))).toEqual({ from: 'now-4h', to: 'now' });
});

test.each([
  ['now-7200s', 'now-2h'],
  ['now-86400s', 'now-24h'],
  ['now-604800s', 'now-7d'],
  ['now-90s', 'now-90s'],
  ['now-1h', 'now-1h'],
])('%s is tidied to %s', (from, tidy) => {
  expect(tidyRange({ from, to: 'now' }).from).toBe(tidy);
});

test.each([
  ['now-6h to now', { from: 'now-6h', to: 'now' }],
  ['2026-11-23 07:00 to 2026-11-23 08:00', { from: '2026-11-23 07:00', to: '2026-11-23 08:00' }],
  ['{"from":"now-7d","to":"now-1d"}', { from: 'now-7d', to: 'now-1d' }],
  ['from here to there', undefined],
  ['{"from":1}', undefined],
  ['{', undefined],
])('%j is pasted as a range', (text, expected) => {
  expect(pastedRange(text)).toEqual(expected);
});

test('by the clock of UTC a date without a zone is UTC, one with a zone is what it says', () => {
  expect(parseInstant('2026-11-23 06:00', NOW, false, 'utc')).toBe(Date.UTC(2026, 10, 23, 6));
  expect(parseInstant('2026-11-23T06:00:00+02:00', NOW, false, 'utc')).toBe(Date.UTC(2026, 10, 23, 4));
  const range = { from: String(Date.UTC(2026, 10, 23, 6)), to: String(Date.UTC(2026, 10, 23, 7)) };
  expect(describeRange(range, NOW, 'utc')).toBe('2026-11-23 06:00 – 07:00');
});
