import { expect, test } from 'vitest';
import { readDuration, readLimit, readTime } from './params.ts';

const of = (name: string, text: string) => new URLSearchParams([[name, text]]);

test.each([
  ['0', 0],
  ['1435781451.781', 1_435_781_451_781],
  ['-1.5', -1500],
  ['1e3', 1_000_000],
  ['2015-07-01T20:10:51.781Z', 1_435_781_451_781],
  ['2015-07-01T22:10:51.781+02:00', 1_435_781_451_781],
])('time %j is %d ms', (text, ms) => {
  expect(readTime(of('time', text), 'time')).toBe(ms);
});

test.each(['', 'now', '2015-07-01', 'NaN', 'Infinity', '0x10', '1435781451 '])(
  'time %j is refused',
  (text) => {
    expect(() => readTime(of('time', text), 'time')).toThrow(
      `invalid parameter "time": cannot parse ${JSON.stringify(text)} to a valid timestamp`,
    );
  },
);

test('an absent time is what the endpoint says', () => {
  expect(readTime(new URLSearchParams(), 'time', 42)).toBe(42);
});

test.each([
  ['15', 15_000],
  ['0.5', 500],
  ['1m30s', 90_000],
])('step %j is %d ms', (text, ms) => {
  expect(readDuration(of('step', text), 'step')).toBe(ms);
});

test('a step that is no duration is refused', () => {
  expect(() => readDuration(of('step', '1 m'), 'step')).toThrow(
    'invalid parameter "step": cannot parse "1 m" to a valid duration',
  );
});

test('limit 0 and no limit are the same; a negative one is refused', () => {
  expect(readLimit(of('limit', '0'))).toBeUndefined();
  expect(readLimit(new URLSearchParams())).toBeUndefined();
  expect(readLimit(of('limit', '7'))).toBe(7);
  expect(() => readLimit(of('limit', '-1'))).toThrow('limit must be non-negative');
});
