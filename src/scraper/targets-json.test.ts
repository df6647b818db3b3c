import { expect, test } from 'vitest';
import { targetCountsJson } from './targets-json.ts';

const target = (seconds: number, health: 'up' | 'down' | 'unknown' = 'up') => ({
  target: { intervalMs: seconds * 1000 },
  health,
});

test.each([
  [[], { up: 0, down: 0, unknown: 0, scrapeIntervalSeconds: null }],
  [
    [target(15), target(60, 'down'), target(15, 'unknown')],
    { up: 1, down: 1, unknown: 1, scrapeIntervalSeconds: 15 },
  ],
  [[target(15), target(60)], { up: 2, down: 0, unknown: 0, scrapeIntervalSeconds: 60 }],
])('of %j it tells %j', (targets, told) => {
  expect(targetCountsJson(targets)).toEqual(told);
});
