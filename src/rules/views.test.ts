import { expect, test } from 'vitest';
import { alertCounts, type PresentAlert } from './views.ts';

const alert = (state: PresentAlert['state'], activeAt: number): PresentAlert =>
  ({ state, activeAt }) as PresentAlert;

test('alerts are counted by state, and the oldest that fires is told', () => {
  const minute = Date.UTC(2026, 0, 1, 12, 1);
  expect(
    alertCounts([
      alert('pending', minute - 50_000),
      alert('firing', minute),
      alert('firing', minute - 30_000),
      alert('firing', minute + 5000),
    ]),
  ).toEqual({ firing: 3, pending: 1, firingSince: '2026-01-01T12:00:30Z' });
  expect(alertCounts([alert('pending', minute)])).toEqual({ firing: 0, pending: 1, firingSince: null });
});
