import { expect, test } from 'vitest';
import { alertRows, deliveryText, subjectOf } from './alerts.ts';
import type { ApiAlert, NotifierAlert } from './api-types.ts';

const alert = (alertname: string, state: ApiAlert['state'], minute: number, labels = {}): ApiAlert => ({
  labels: { alertname, ...labels },
  annotations: {},
  state,
  activeAt: new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString(),
  value: '5e-02',
});
const known = (
  labels: Record<string, string>,
  status: Partial<NotifierAlert['status']> = {},
): NotifierAlert => ({
  labels,
  fingerprint: 'f',
  receivers: [{ name: 'team-a' }],
  status: { state: 'active', silencedBy: [], inhibitedBy: [], ...status },
  startsAt: '',
  endsAt: '',
});

test('firing before pending, heard before silenced, oldest first', () => {
  const rows = alertRows(
    [
      alert('Pending', 'pending', 0),
      alert('Silenced', 'firing', 1),
      alert('New', 'firing', 9),
      alert('Old', 'firing', 2),
      alert('Gone', 'inactive', 0),
    ],
    [known({ alertname: 'Silenced', region: 'eu' }, { silencedBy: ['x'] })],
  );
  expect(rows.map(({ name }) => name)).toEqual(['Old', 'New', 'Silenced', 'Pending']);
});

test('the notifier’s alert is found despite its external labels, and tells who was told', () => {
  const [row] = alertRows(
    [alert('A', 'firing', 0, { job: 'b' })],
    [known({ alertname: 'A', job: 'b', region: 'eu' })],
  );
  expect(deliveryText(row!)).toBe('to team-a');
  expect(row!.value).toBe(0.05);
});

test.each([
  [{ silencedBy: ['s'] }, 'silenced'],
  [{ inhibitedBy: ['f'] }, 'held back by another alert'],
  [{ mutedBy: ['weekend'] }, 'muted by weekend'],
])('%j reads %s', (status, text) => {
  const [row] = alertRows([alert('A', 'firing', 0)], [known({ alertname: 'A' }, status)]);
  expect(deliveryText(row!)).toBe(text);
});

test('the subject names the thing, not the severity', () => {
  expect(
    subjectOf({ alertname: 'A', severity: 'critical', mountpoint: '/', job: 'node', instance: 'h:1' }),
  ).toBe('node · h:1 · /');
  expect(subjectOf({ alertname: 'BackupFailed', host: 'db-1' })).toBe('db-1');
});

test('an alert that no rule of this server has sent is a row of its own, once', () => {
  const failing = {
    ...known({ alertname: 'BelfryReceiverFailing', receiver: 'ops' }),
    annotations: { summary: 'Notifications do not reach it' },
    startsAt: '2026-01-01T00:05:00Z',
    fingerprint: 'r',
    isOther: true,
  };
  const rows = alertRows([alert('A', 'firing', 9)], [known({ alertname: 'A' }), failing]);
  expect(rows.map(({ name, id, state, value }) => [name, id, state, value])).toEqual([
    ['BelfryReceiverFailing', 'r', 'firing', undefined],
    ['A', 'f', 'firing', 0.05],
  ]);
  expect(rows[0]!.annotations).toEqual({ summary: 'Notifications do not reach it' });
  expect(deliveryText(rows[0]!)).toBe('to team-a');
});

test('of many alerts of one name each finds its own', () => {
  const rows = alertRows(
    [alert('A', 'firing', 0, { job: 'b', instance: 'h:1' }), alert('A', 'firing', 1, { job: 'b' })],
    [
      { ...known({ alertname: 'A', job: 'b', instance: 'h:2', region: 'eu' }), fingerprint: 'two' },
      { ...known({ alertname: 'A', job: 'b', instance: 'h:1', region: 'eu' }), fingerprint: 'one' },
    ],
  );
  // The second has no instance of its own: any with its labels will do.
  expect(rows.map(({ id }) => id)).toEqual(['one', 'two']);
  const [other] = alertRows([alert('A', 'firing', 0, { job: '' })], [known({ alertname: 'A' })]);
  expect(other!.id).not.toBe('f');
});
