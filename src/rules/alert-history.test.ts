import { expect, test } from 'vitest';
import { labelsFromObject } from '../model/labels.ts';
import { alertHistory } from './alert-history.ts';
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

const episodes = (...args: Parameters<typeof alertHistory>) =>
  alertHistory(...args).map(({ labels, episodes: all }) => [labels[1], ...all]);

test('pending, firing and over, also more than once, from transitions in any order', () => {
  const transitions = [
    moved('A', 'inactive', 'firing', 1500),
    moved('A', 'firing', 'inactive', 1300),
    moved('A', 'pending', 'firing', 1200),
    moved('A', 'inactive', 'pending', 1100),
    moved('B', 'inactive', 'pending', 1600),
    moved('B', 'pending', 'inactive', 1700),
  ];
  expect(episodes(transitions, [], RANGE)).toEqual([
    [
      'A',
      { pendingAt: 1100, firingAt: 1200, isFiringBefore: false, endedAt: 1300, value: 1200 },
      { pendingAt: 1500, firingAt: 1500, isFiringBefore: false, endedAt: undefined, value: 1500 },
    ],
    ['B', { pendingAt: 1600, firingAt: undefined, isFiringBefore: false, endedAt: 1700, value: 1600 }],
  ]);
});

test('what began before the period', () => {
  const transitions = [moved('A', 'firing', 'inactive', 1100), moved('B', 'pending', 'firing', 1200)];
  expect(episodes(transitions, [], RANGE)).toEqual([
    ['A', { pendingAt: undefined, firingAt: undefined, isFiringBefore: true, endedAt: 1100, value: 1100 }],
    ['B', { pendingAt: undefined, firingAt: 1200, isFiringBefore: false, endedAt: undefined, value: 1200 }],
  ]);
});

test('what is active and did nothing in the period was so all along, unless it began later', () => {
  expect(episodes([], [active('A', 'firing', 500), active('B', 'pending', 2500)], RANGE)).toEqual([
    ['A', { pendingAt: 500, firingAt: undefined, isFiringBefore: true, endedAt: undefined, value: 1 }],
  ]);
});

test('one alert by its name', () => {
  const transitions = [moved('A', 'inactive', 'firing', 1100), moved('B', 'inactive', 'firing', 1100)];
  expect(episodes(transitions, [active('C', 'firing', 1)], RANGE, 'B').map(([name]) => name)).toEqual(['B']);
});
