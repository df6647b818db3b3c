import { expect, test } from 'vitest';
import { durationText, parsePromDuration, promDuration, spacedUnits } from './duration.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

test.each([
  [-5, '0 s'],
  [42_900, '42 s'],
  [12 * MINUTE, '12 min'],
  [89 * MINUTE, '89 min'],
  [3 * HOUR, '3 h'],
  [3 * HOUR + 20 * MINUTE, '3 h 20 min'],
  [26 * HOUR, '26 h'],
  [52 * HOUR, '2 d 4 h'],
  [30 * 24 * HOUR, '30 d'],
])('%d ms lasts %s', (ms, text) => {
  expect(durationText(ms)).toBe(text);
});

test.each([
  ['15s', 15_000],
  ['1h30m', 90 * MINUTE],
  ['250ms', 250],
  ['1d', 24 * HOUR],
  ['', undefined],
  ['30 sec', undefined],
  ['1m1h', undefined],
])('%j is %s ms', (text, ms) => {
  expect(parsePromDuration(text)).toBe(ms);
});

test.each([
  [0, '0s'],
  [90_000, '1m30s'],
  [36 * HOUR, '1d12h'],
  [1250, '1s250ms'],
])('%d ms is written %s', (ms, text) => {
  expect(promDuration(ms)).toBe(text);
});

test.each([
  ['15d', '15 d'],
  ['1d12h', '1 d 12 h'],
  ['15d or 5GB or 80%', '15 d or 5 GB or 80 %'],
])('%s is shown as %s', (text, shown) => {
  expect(spacedUnits(text)).toBe(shown);
});
