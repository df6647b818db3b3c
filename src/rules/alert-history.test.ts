import { expect, test } from 'vitest';
import { labelsFromObject } from '../model/labels.ts';
import { AlertPasts } from './alert-history.ts';
import type { AlertState, AlertTransition } from './alert-state.ts';

const RANGE = { from: 1000, to: 2000 };
const moved = (
  alertname: string,
  from: AlertState,
  to: AlertState,
  at: number,
  value = at,
): AlertTransition => ({ labels: labelsFromObject({ alertname }), from, to, at, value });

const active = (alertname: string, state: 'pending' | 'firing', activeAt: number) => ({
  labels: labelsFromObject({ alertname }),
  state,
  activeAt,
  value: 1,
});

/** @param steps how many changes are taken at once */
function episodes(
  transitions: readonly AlertTransition[],
  now: Parameters<AlertPasts['takeActive']>[0],
  alertname?: string,
  steps = 1000,
) {
  const pasts = new AlertPasts(RANGE, alertname);
  for (let i = 0; i < transitions.length; i += steps) pasts.take(transitions.slice(i, i + steps));
  pasts.takeActive(now);
  return [...pasts.all()].map(({ labels, episodes: all }) => [labels[1], ...all]);
}

test.each([1000, 1, 3])('pending, firing and over, also more than once, %d changes at once', (steps) => {
  const transitions = [
    moved('C', 'pending', 'inactive', 1050),
    moved('A', 'inactive', 'pending', 1100),
    moved('A', 'pending', 'firing', 1200),
    moved('A', 'firing', 'inactive', 1300),
    moved('A', 'inactive', 'firing', 1500),
    moved('B', 'inactive', 'pending', 1600),
    moved('B', 'pending', 'inactive', 1700),
  ];
  expect(episodes(transitions, [], undefined, steps)).toEqual([
    [
      'A',
      { pendingAt: 1100, firingAt: 1200, isFiringBefore: false, endedAt: 1300, value: 1200 },
      { pendingAt: 1500, firingAt: 1500, isFiringBefore: false, endedAt: undefined, value: 1500 },
    ],
    ['B', { pendingAt: 1600, firingAt: undefined, isFiringBefore: false, endedAt: 1700, value: 1600 }],
    ['C', { pendingAt: undefined, firingAt: undefined, isFiringBefore: false, endedAt: 1050, value: 1050 }],
  ]);
});

test('what began before the period', () => {
  const transitions = [moved('A', 'firing', 'inactive', 1100), moved('B', 'pending', 'firing', 1200)];
  expect(episodes(transitions, [])).toEqual([
    ['A', { pendingAt: undefined, firingAt: undefined, isFiringBefore: true, endedAt: 1100, value: 1100 }],
    ['B', { pendingAt: undefined, firingAt: 1200, isFiringBefore: false, endedAt: undefined, value: 1200 }],
  ]);
});

test('what is active and did nothing in the period was so all along, unless it began later', () => {
  expect(episodes([], [active('A', 'firing', 500), active('B', 'pending', 2500)])).toEqual([
    ['A', { pendingAt: 500, firingAt: undefined, isFiringBefore: true, endedAt: undefined, value: 1 }],
  ]);
});

test('one alert by its name', () => {
  const transitions = [moved('A', 'inactive', 'firing', 1100), moved('B', 'inactive', 'firing', 1100)];
  expect(episodes(transitions, [active('C', 'firing', 1)], 'B').map(([name]) => name)).toEqual(['B']);
});

test('many alerts come in order of their labels, however they are taken', () => {
  const names = Array.from({ length: 50 }, (_, i) => `N${String((i * 37) % 50).padStart(2, '0')}`);
  const transitions = names.map((name, i) => moved(name, 'inactive', 'firing', 1000 + i));
  const found = episodes(transitions, [active('N255', 'firing', 1)], undefined, 7);
  expect(found.map(([name]) => name)).toEqual([...names, 'N255'].sort());
});
