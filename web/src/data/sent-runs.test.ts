import { expect, test } from 'vitest';
import { sentRuns } from './sent-runs.ts';
import type { SentNotification } from './trace-types.ts';

const sent = (at: number, integration: string, answer: string, more: Partial<SentNotification> = {}) =>
  ({
    id: at,
    at,
    receiver: 'devops',
    integration,
    index: 0,
    groupKey: '{}',
    reason: 'first notification',
    status: 'firing',
    outcome: answer === 'ok' ? 'delivered' : 'failed',
    attempts: 2,
    durationMs: 1,
    answer,
    alerts: [{ fingerprint: 'a', status: 'firing', labels: {} }],
    ...more,
  }) satisfies SentNotification;
const runsOf = (list: readonly SentNotification[]) =>
  sentRuns(list).map(({ last, count, since, attempts }) => [last.at, count, since, attempts]);

test('failures alike are one, also where another integration was sent to in between', () => {
  expect(
    runsOf([
      sent(50, 'webhook', 'refused'),
      sent(40, 'slack', 'ok'),
      sent(30, 'webhook', 'refused'),
      sent(20, 'webhook', 'refused'),
      sent(10, 'slack', 'ok'),
    ]),
  ).toEqual([
    [50, 3, 20, 6],
    [40, 1, 40, 2],
    [10, 1, 10, 2],
  ]);
});

test.each([
  ['it answers otherwise', sent(20, 'webhook', 'timeout')],
  ['it delivers', sent(20, 'webhook', 'ok')],
  ['it is resolved', sent(20, 'webhook', 'refused', { status: 'resolved' })],
  ['it is about other alerts', sent(20, 'webhook', 'refused', { alerts: [] })],
])('a run ends where %s', (_, other) => {
  expect(runsOf([sent(30, 'webhook', 'refused'), other, sent(10, 'webhook', 'refused')])).toEqual([
    [30, 1, 30, 2],
    [20, 1, 20, 2],
    [10, 1, 10, 2],
  ]);
});
