import { expect, test } from 'vitest';
import { momentOf, timeOf } from './flag-times.ts';

const NOW = Date.UTC(2026, 0, 31, 12);

test.each([
  ['1767225600', 1_767_225_600_000],
  ['1767225600.5', 1_767_225_600_500],
  ['0', 0],
  ['-5', -5000],
  ['2026-01-01T01:00:00+01:00', 1_767_225_600_000],
  ['2026-01-01T00:00:00.25Z', 1_767_225_600_250],
  ['2026-01-01', 1_767_225_600_000],
  ['now', NOW],
  ['30d', NOW - 30 * 86_400_000],
  ['-1h30m', NOW - 5_400_000],
  ['now-500ms', NOW - 500],
])('--from %s is the moment %d', (text, moment) => {
  expect(momentOf('from', text, NOW)).toBe(moment);
});

test.each([
  '2026-02-30',
  '2026-13-01T00:00:00Z',
  '2026-01-01 10:00',
  'monday 5',
  'noon',
  '',
  'now+1h',
  '9'.repeat(400),
])('--from %j is no moment', (text) => {
  expect(() => momentOf('from', text, NOW)).toThrow('--from: expected Unix seconds, a time such as');
});

test('a duration with a unit that there is not is named', () => {
  expect(() => momentOf('from', '3x', NOW)).toThrow('--from: ');
});

test('a time of amtool has seconds and a zone', () => {
  expect(timeOf('start', '2026-01-02T15:04:05Z')).toBe(Date.UTC(2026, 0, 2, 15, 4, 5));
  for (const text of ['2026-01-02', '2026-01-02T15:04Z', '2026-02-30T00:00:00Z', '1767225600'])
    expect(() => timeOf('start', text)).toThrow('--start: expected a time such as 2026-01-02T15:04:05Z');
});
