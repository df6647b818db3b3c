import type { AlertTrace, OutboxRow, SentNotification } from '../src/data/trace-types.ts';

const MINUTE = 60_000;

/** What the notifier would tell of one made-up alert. `age` is how long it fires, ms. */
export interface FakeNotified {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly age: number;
  readonly team: string;
  readonly silencedBy: readonly string[];
}

export function fakeTrace(alert: FakeNotified, now: number): AlertTrace {
  const receiver = `team-${alert.team}`;
  const groupKey = `{}/{team="${alert.team}"}:{alertname="${alert.name}"}`;
  const toldAt = now - alert.age + 30_000;
  const isSilenced = alert.silencedBy.length > 0;
  const verdict = isSilenced
    ? ({ kind: 'silenced', by: alert.silencedBy } as const)
    : ({ kind: 'passed' } as const);
  const isOther = alert.team !== 'backend';
  return {
    alert: {
      fingerprint: alert.name,
      labels: alert.labels,
      annotations: alert.annotations,
      startsAt: new Date(now - alert.age).toISOString(),
      endsAt: new Date(now + 4 * MINUTE).toISOString(),
    },
    routes: [
      { id: '{}', matchers: '{}', receiver: 'team-all', matched: true, failing: [], chosen: false },
      ...(isOther
        ? [
            {
              id: '{}/{team="backend"}/0',
              matchers: '{team="backend"}',
              receiver: 'team-backend',
              matched: false,
              failing: [{ name: 'team', op: '=', value: 'backend' }],
              chosen: false,
            },
          ]
        : []),
      {
        id: `{}/{team="${alert.team}"}/1`,
        matchers: `{team="${alert.team}"}`,
        receiver,
        matched: true,
        failing: [],
        chosen: true,
      },
    ],
    groups: [
      {
        key: groupKey,
        receiver,
        nextFlushAt: now + 140_000,
        verdict,
        integrations: isSilenced
          ? []
          : [
              {
                integration: 'slack',
                index: 0,
                reason: 'none',
                lastToldAt: toldAt,
                repeatAfter: toldAt + 240 * MINUTE,
              },
            ],
      },
    ],
    flushes: [
      {
        groupKey,
        groupLabels: ['alertname', alert.name],
        route: `{}/{team="${alert.team}"}/1`,
        receiver,
        at: toldAt,
        lastAt: toldAt,
        count: 1,
        alerts: [{ fingerprint: alert.name, status: 'firing', verdict }],
        integrations: isSilenced
          ? []
          : [
              {
                integration: 'slack',
                index: 0,
                reason: 'first notification',
                outcome: { kind: 'delivered', attempts: 1, durationMs: 184, answer: '200: ok' },
              },
              {
                integration: 'email',
                index: 0,
                reason: 'first notification',
                outcome: {
                  kind: 'failed',
                  attempts: 4,
                  durationMs: 61_000,
                  error: 'connect ECONNREFUSED mail.example.com:587',
                  rejected: false,
                },
              },
            ],
      },
    ],
    notifications: isSilenced ? [] : fakeSent([alert], now),
  };
}

/** Two messages for each alert: one that arrived and one that did not. */
export function fakeSent(alerts: readonly FakeNotified[], now: number): SentNotification[] {
  return alerts
    .flatMap((alert, i): SentNotification[] => {
      const base = {
        receiver: `team-${alert.team}`,
        index: 0,
        groupKey: `{}/{team="${alert.team}"}:{alertname="${alert.name}"}`,
        reason: 'first notification',
        status: 'firing',
        alerts: [{ fingerprint: alert.name, status: 'firing', labels: alert.labels }],
      } as const;
      const at = now - alert.age + 30_000;
      return [
        {
          ...base,
          id: i * 2 + 1,
          at,
          integration: 'slack',
          outcome: 'delivered',
          attempts: 1,
          durationMs: 184,
          answer: '200: ok',
        },
        {
          ...base,
          id: i * 2 + 2,
          at: at + MINUTE,
          integration: 'email',
          outcome: 'failed',
          attempts: 4,
          durationMs: 61_000,
          answer: 'connect ECONNREFUSED mail.example.com:587',
        },
      ];
    })
    .sort((a, b) => b.at - a.at);
}

export function fakeOutbox(now: number): OutboxRow[] {
  return [
    {
      key: 'k1',
      receiver: 'team-backend',
      integration: 'email',
      index: 0,
      state: 'failed',
      createdAt: now - 11 * MINUTE,
      attempts: 4,
      error: 'connect ECONNREFUSED mail.example.com:587',
      expiresAt: now + 7 * 60 * MINUTE,
      notification: {
        groupKey: '{}/{team="backend"}:{alertname="HighErrorRate"}',
        reason: 'first notification',
        alerts: [{ status: 'firing', labels: [] }],
      },
    },
  ];
}
