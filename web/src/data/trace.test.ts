import { expect, test } from 'vitest';
import type { AlertRow } from './alerts.ts';
import type { AlertingRule } from './api-types.ts';
import { traceSteps } from './trace.ts';
import type { AlertTrace } from './trace-types.ts';

const NOW = Date.UTC(2026, 10, 23, 8);
const MINUTE = 60_000;

const rule = { type: 'alerting', name: 'DiskFull', query: 'free < 5', duration: 300 } as AlertingRule;
const row = (state: 'firing' | 'pending', activeAt: number) =>
  ({ name: 'DiskFull', state, activeAt, labels: { alertname: 'DiskFull' } }) as unknown as AlertRow;

const trace = (change: Partial<AlertTrace> = {}): AlertTrace => ({
  alert: {
    fingerprint: 'a1',
    labels: { alertname: 'DiskFull', team: 'db' },
    annotations: {},
    startsAt: new Date(NOW - 7 * MINUTE).toISOString(),
    endsAt: new Date(NOW + 4 * MINUTE).toISOString(),
  },
  routes: [
    { id: '{}', matchers: '{}', receiver: 'everyone', matched: true, failing: [], chosen: false },
    {
      id: '{}/{team="web"}/0',
      matchers: '{team="web"}',
      receiver: 'web',
      matched: false,
      failing: [{ name: 'team', op: '=', value: 'web' }],
      chosen: false,
    },
    {
      id: '{}/{team="db"}/1',
      matchers: '{team="db"}',
      receiver: 'db',
      matched: true,
      failing: [],
      chosen: true,
    },
  ],
  groups: [
    {
      key: '{}/{team="db"}:{alertname="DiskFull"}',
      receiver: 'db',
      nextFlushAt: NOW + 90_000,
      verdict: { kind: 'passed' },
      integrations: [
        {
          integration: 'slack',
          index: 0,
          reason: 'none',
          lastToldAt: NOW - 6 * MINUTE,
          repeatAfter: NOW + 234 * MINUTE,
        },
      ],
    },
  ],
  flushes: [
    {
      groupKey: '{}/{team="db"}:{alertname="DiskFull"}',
      groupLabels: ['alertname', 'DiskFull'],
      route: '{}/{team="db"}/1',
      receiver: 'db',
      at: NOW - 6 * MINUTE,
      lastAt: NOW - 6 * MINUTE,
      count: 1,
      alerts: [{ fingerprint: 'a1', status: 'firing', verdict: { kind: 'passed' } }],
      integrations: [
        {
          integration: 'slack',
          index: 0,
          reason: 'first notification',
          outcome: { kind: 'delivered', attempts: 2, durationMs: 812, answer: '200 ok' },
        },
      ],
    },
  ],
  notifications: [],
  ...change,
});

const told = (steps: ReturnType<typeof traceSteps>) => steps.map((step) => `${step.state}: ${step.title}`);

test('the way of a delivered alert, from its rule to the next look at its group', () => {
  const steps = traceSteps({
    row: row('firing', NOW - 12 * MINUTE),
    rule,
    trace: trace(),
    now: NOW,
    zone: 'utc',
  });
  expect(told(steps)).toEqual([
    'ok: Rule DiskFull',
    'pending: Pending',
    'firing: Firing',
    'ok: Routed to db',
    'ok: Grouped with',
    'ok: slack: delivered after 2 tries',
    'planned: Looks again',
  ]);
  expect(steps[2]!.at).toBe(NOW - 7 * MINUTE);
  expect(steps[3]).toMatchObject({
    code: 'everything › {team="db"}',
    detail: 'Not to web (team="web" does not hold).',
  });
  expect(steps[4]!.code).toBe('alertname="DiskFull"');
  expect(steps[6]).toMatchObject({ due: NOW + 90_000 });
  expect(steps[6]!.detail).toMatch(/told again after/);
});

test('a pending alert says when it will fire, and nothing of the notifier', () => {
  const steps = traceSteps({
    row: row('pending', NOW - MINUTE),
    rule,
    trace: undefined,
    now: NOW,
    zone: 'utc',
  });
  expect(told(steps)).toEqual(['ok: Rule DiskFull', 'pending: Pending', 'planned: Fires']);
  expect(steps[2]!.due).toBe(NOW + 4 * MINUTE);
});

test.each([
  [{ kind: 'silenced', by: ['f1d7'] } as const, 'Silenced', 'f1d7'],
  [
    { kind: 'inhibited', rule: '0', by: 'b2', byLabels: ['alertname', 'HostDown'] } as const,
    'Held back by another alert',
    'alertname="HostDown"',
  ],
  [{ kind: 'muted', intervals: ['nights'] } as const, 'Muted at this time', undefined],
])('an alert that is held back says by what: %j', (verdict, title, code) => {
  const made = trace();
  const steps = traceSteps({
    row: row('firing', NOW - 12 * MINUTE),
    rule,
    trace: { ...made, groups: made.groups.map((group) => ({ ...group, verdict, integrations: [] })) },
    now: NOW,
    zone: 'utc',
  });
  const step = steps.find((one) => one.title === title)!;
  expect(step.state).toBe('quiet');
  expect(step.code).toBe(code);
  expect(steps.at(-1)).toMatchObject({ state: 'planned', detail: 'It stays held back.' });
});

test('a message that was refused is told with the receiver’s words', () => {
  const made = trace();
  const flush = made.flushes[0]!;
  const failed = {
    ...flush.integrations[0]!,
    outcome: {
      kind: 'failed',
      attempts: 1,
      durationMs: 40,
      error: '403 invalid_token',
      rejected: true,
    } as const,
  };
  const steps = traceSteps({
    row: row('firing', NOW - 12 * MINUTE),
    rule,
    trace: { ...made, flushes: [{ ...flush, integrations: [failed] }] },
    now: NOW,
    zone: 'utc',
  });
  expect(steps.find((step) => step.title === 'slack: refused')).toMatchObject({
    state: 'firing',
    detail: '403 invalid_token',
  });
});

test('an alert the notifier never heard of, and one without a route', () => {
  const input = { row: row('firing', NOW - 12 * MINUTE), rule, now: NOW };
  expect(told(traceSteps({ ...input, trace: undefined, zone: 'utc' })).at(-1)).toBe(
    'quiet: Not handed to the notifier',
  );
  const nobody = trace({ routes: [], groups: [], flushes: [] });
  expect(told(traceSteps({ ...input, trace: nobody, zone: 'utc' })).at(-1)).toBe('quiet: Goes to nobody');
});

test('an alert that is over is told from its last flush', () => {
  const over = trace({ routes: [], groups: [] });
  const steps = traceSteps({
    row: undefined,
    rule: undefined,
    trace: { ...over, alert: { ...over.alert!, endsAt: new Date(NOW - MINUTE).toISOString() } },
    now: NOW,
    zone: 'utc',
  });
  expect(told(steps)).toEqual([
    'firing: Firing',
    'ok: Over',
    'ok: Grouped with',
    'ok: slack: delivered after 2 tries',
  ]);
});
