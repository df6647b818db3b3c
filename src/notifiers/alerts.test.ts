import { expect, test } from 'vitest';
import { labelsFromObject } from '../model/labels.ts';
import { AlertStore, alertProblem, intake, mergeAlerts, type StoredAlert } from './alerts.ts';
import { alert } from './notifier.fixture.ts';

const NOW = 1000;
const stored = (more: Partial<StoredAlert>): StoredAlert => ({
  ...intake(alert({ labels: { alertname: 'A' } }), NOW, 300),
  ...more,
});

test.each([
  ['nothing given', { startsAt: 0, endsAt: 0 }, { startsAt: 1000, endsAt: 1300, timeout: true }],
  ['only an end', { startsAt: 0, endsAt: 1500 }, { startsAt: 1500, endsAt: 1500, timeout: false }],
  ['only a start', { startsAt: 500, endsAt: 0 }, { startsAt: 500, endsAt: 1300, timeout: true }],
  ['both', { startsAt: 500, endsAt: 900 }, { startsAt: 500, endsAt: 900, timeout: false }],
])('the times of an alert: %s', (_, given, expected) => {
  expect(intake({ ...alert({ labels: { a: 'b' } }), ...given }, NOW, 300)).toMatchObject(expected);
});

test.each<[string, Partial<StoredAlert>, Partial<StoredAlert>, Partial<StoredAlert>]>([
  [
    'the earliest start is kept',
    { startsAt: 500, endsAt: 2000 },
    { startsAt: 900, endsAt: 2500, updatedAt: 2 },
    { startsAt: 500, endsAt: 2500 },
  ],
  [
    'spans that do not touch stay apart',
    { startsAt: 100, endsAt: 200 },
    { startsAt: 900, endsAt: 2500, updatedAt: 2 },
    { startsAt: 900 },
  ],
  [
    'a given end beats a timeout',
    { startsAt: 500, endsAt: 3000, timeout: false },
    { startsAt: 600, endsAt: 2000, timeout: true, updatedAt: 2 },
    { endsAt: 3000 },
  ],
  [
    'a timeout does not outlast what comes later',
    { startsAt: 500, endsAt: 3000, timeout: true },
    { startsAt: 600, endsAt: 2000, updatedAt: 2 },
    { endsAt: 2000 },
  ],
  [
    'resolving wins over a later end',
    { startsAt: 500, endsAt: 3000, timeout: false },
    { startsAt: 600, endsAt: 990, updatedAt: 2 },
    { endsAt: 990 },
  ],
  [
    'of two ends in the past the later counts',
    { startsAt: 500, endsAt: 950 },
    { startsAt: 600, endsAt: 900, updatedAt: 2 },
    { endsAt: 950 },
  ],
  [
    'an older word changes only the start',
    { startsAt: 500, endsAt: 3000, updatedAt: 9 },
    { startsAt: 400, endsAt: 2000, updatedAt: 2 },
    { startsAt: 400, endsAt: 3000 },
  ],
  [
    'after the clock was set back, what was heard before does not decide the end',
    { startsAt: 500, endsAt: 9000, updatedAt: 5000 },
    { startsAt: 600, endsAt: 1200, updatedAt: 900 },
    { startsAt: 500, endsAt: 1200, updatedAt: 900 },
  ],
])('%s', (_, old, arrived, expected) => {
  expect(mergeAlerts(stored({ updatedAt: 1, ...old }), stored(arrived), NOW)).toMatchObject(expected);
});

test.each([
  [{ labels: {} }, 'at least one label pair required'],
  [{ labels: { a: 'b' }, starts: 2, ends: 1 }, 'start time must be before end time'],
  [{ labels: { a: 'b' }, annotations: { x: '\ud800' } }, 'invalid annotations: invalid value "\\ud800"'],
  [{ labels: { a: 'b' } }, undefined],
])('%j: %s', (input, problem) => {
  expect(alertProblem(alert(input))).toBe(problem);
});

test('the store forgets what is over and not held', () => {
  const store = new AlertStore();
  const put = (name: string, endsAt: number) =>
    store.put(stored({ labels: labelsFromObject({ alertname: name }), fingerprint: name, endsAt }), NOW);
  put('over', 900);
  put('held', 900);
  put('fires', 2000);
  expect(store.collect(NOW, (fingerprint) => fingerprint === 'held').map((one) => one.fingerprint)).toEqual([
    'over',
  ]);
  expect([...store.values()].map((one) => one.fingerprint)).toEqual(['held', 'fires']);
});

test('alerts come in the order of their fingerprints, as they are when they are taken', () => {
  const store = new AlertStore();
  const put = (alertname: string, more: Partial<StoredAlert> = {}) =>
    store.put({ ...intake(alert({ labels: { alertname } }), NOW, 300), ...more }, NOW);
  const names = () => [...store.inOrder()].map(({ labels }) => labels[1]);
  const byFingerprint = ['B', 'A', 'C']
    .map((name) => put(name))
    .sort((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1));
  expect(names()).toEqual(byFingerprint.map(({ labels }) => labels[1]));
  const taken = store.inOrder();
  taken.next();
  put(byFingerprint[1]!.labels[1]!, { startsAt: 7 });
  expect(taken.next().value!.startsAt).toBe(7);
  const [first, second, third] = byFingerprint.map(({ labels }) => labels[1]!);
  put(first!, { endsAt: NOW });
  put(third!, { endsAt: NOW + 1 });
  store.collect(NOW, () => false);
  expect(names()).toEqual([second, third]);
  put(first!);
  expect(names()).toEqual([first, second, third]);
});

test('an alert keeps its arrays for as long as they say the same', () => {
  const store = new AlertStore();
  const put = (summary: string) =>
    store.put(intake(alert({ labels: { alertname: 'A' }, annotations: { summary } }), NOW, 300), NOW);
  const first = put('old');
  expect(put('old').annotations).toBe(first.annotations);
  const changed = put('new');
  expect(changed.labels).toBe(first.labels);
  expect(changed.annotations).toEqual(labelsFromObject({ summary: 'new' }));
});
