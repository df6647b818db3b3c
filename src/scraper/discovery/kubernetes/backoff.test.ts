import { expect, test } from 'vitest';
import { Backoff } from './backoff.ts';

test('waits double from 0.8 s up to half a minute, with up to as much again, and begin anew', () => {
  const backoff = new Backoff();
  for (let round = 0; round < 2; round++) {
    for (const least of [800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]) {
      const wait = backoff.next();
      expect(wait).toBeGreaterThanOrEqual(least);
      expect(wait).toBeLessThan(2 * least);
    }
    backoff.reset();
  }
});
