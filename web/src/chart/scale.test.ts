import { expect, test } from 'vitest';
import { assignColors } from './palette.ts';
import { alignTimes, axisSpan, niceTicks, stackColumns, steadySpan, tickSteps } from './scale.ts';

test('the axis starts at zero where that wastes little, not where it hides the data', () => {
  expect(axisSpan(20, 100, {})[0]).toBe(0);
  expect(axisSpan(95, 100, {})[0]).toBeGreaterThan(90);
});

test('fixed ends hold, soft ones give way', () => {
  expect(axisSpan(10, 250, { min: 0, max: 100 })).toEqual([0, 100]);
  expect(axisSpan(0, 0.2, { min: 0, softMax: 1 })[1]).toBeGreaterThanOrEqual(1);
  expect(axisSpan(0, 5, { min: 0, softMax: 1 })[1]).toBeGreaterThan(5);
});

test.each([
  [null, null],
  [0, 0],
  [7, 7],
  [-7, -7],
])('data from %s to %s gets an axis of some length that holds it', (low, high) => {
  const [bottom, top] = axisSpan(low, high, {});
  expect(top).toBeGreaterThan(bottom);
  expect(low ?? 0).toBeGreaterThanOrEqual(bottom);
  expect(high ?? 0).toBeLessThanOrEqual(top);
});

test('the axis stays while the data fits it, and moves when it does not', () => {
  const first = steadySpan(undefined, 10, 100, {});
  expect(steadySpan(first, 12, 95, {})).toEqual(first);
  expect(steadySpan(first, 10, 200, {})[1]).toBeGreaterThan(200);
  expect(steadySpan(first, 1, 3, {})[1]).toBeLessThan(10);
});

test('stacks add up; where nobody has a value there is a hole', () => {
  expect(
    stackColumns([
      [1, null, 3],
      [10, null, null],
    ]),
  ).toEqual([
    [1, null, 3],
    [11, null, 3],
  ]);
});

test('ticks of bytes are powers of two', () => {
  expect(tickSteps('bytes')).toContain(256 * 1024);
  expect(tickSteps('s')).toEqual(expect.arrayContaining([0.05, 10, 30, 60, 300, 86_400]));
  expect(tickSteps('ms')).toEqual(expect.arrayContaining([50, 60_000]));
  expect(tickSteps('s')).not.toContain(50);
  expect(tickSteps('percent')).toBeUndefined();
});

test('twelve names get twelve colours, and a name keeps its own', () => {
  const names = Array.from({ length: 12 }, (_, i) => `series ${i}`);
  expect(new Set(assignColors(names)).size).toBe(12);
  expect(assignColors(['series 3'])[0]).toBe(assignColors(['series 3', 'other'])[0]);
});

test('of more than twelve names no colour is given a third time before all are given twice', () => {
  const given = assignColors(Array.from({ length: 24 }, (_, i) => `{cpu="${i}"}`));
  expect(Object.values(Object.groupBy(given, String)).map((uses) => uses!.length)).toEqual(
    Array.from({ length: 12 }, () => 2),
  );
});

test('series on grids of their own are joined; where one has no sample, its line goes on', () => {
  const { times, columns } = alignTimes([
    { times: [0, 30, 60], values: [1, null, 3] },
    { times: [0, 15, 30, 45, 60], values: [5, 6, 7, 8, 9] },
  ]);
  expect(times).toEqual([0, 15, 30, 45, 60]);
  expect(columns).toEqual([
    [1, undefined, null, undefined, 3],
    [5, 6, 7, 8, 9],
  ]);
});

test('an axis around zero reaches as far down as up', () => {
  expect(axisSpan(-2, 10, { isCentered: true })).toEqual([-10.96, 10.96]);
});

test.each([
  [0, 99.6, false, [0, 25, 50, 75, 100]],
  [0, 115, false, [0, 50, 100, 150]],
  [0, 0.03, false, [0, 0.01, 0.02, 0.03]],
  [0, 70, true, [0, 20, 40, 60]],
  [-3, 3, false, [-2, 0, 2, 4]],
  [0, 0, false, [0]],
])('bars from %d to %d, fixed %s, have their marks at %j', (low, high, isFixed, marks) => {
  expect(niceTicks(low, high, isFixed)).toEqual(marks);
});
