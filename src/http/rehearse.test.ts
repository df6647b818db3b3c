import { expect, test } from 'vitest';
import type { RehearsalJson } from '../cli/rehearsal-text.ts';
import { configFromData } from '../config/config.ts';
import type { RuleGroupConfig } from '../config/rules.ts';
import { labelsFromObject } from '../model/labels.ts';
import { checkExpr } from '../promql/parse.ts';
import { answerTo, type RehearsalRequest } from '../rehearse/service.ts';
import { fakeClock } from '../testing/fake-clock.ts';
import { ruleGroup } from '../testing/rules.ts';
import { type RehearseDeps, rehearseRoutes, routingOf } from './rehearse.ts';

type Answer = RehearsalJson & {
  readonly error: string;
  readonly notifications: readonly object[];
  readonly sweep: NonNullable<RehearsalJson['sweep']>;
};

const NOW = Date.UTC(2026, 0, 2);
const HOUR = 3_600_000;

const config = configFromData({
  route: {
    receiver: 'ops',
    group_by: ['alertname'],
    group_wait: '30s',
    group_interval: '5m',
    repeat_interval: '4h',
  },
  receivers: [{ name: 'ops', webhook_configs: [{ url: 'http://secret.example/' }] }],
});

const groups: readonly RuleGroupConfig[] = [
  ruleGroup(
    [{ alert: 'Hot', expr: 'temp > 30', for: '10m', annotations: { summary: '{{ $value }} degrees' } }],
    {
      interval: '1m',
    },
  ),
];

/** A temperature that is its hour, for one room, and one alert of another rule. */
async function evaluate({
  expr,
  start,
  end,
  stepMs,
}: {
  expr: string;
  start: number;
  end: number;
  stepMs: number;
}) {
  if (expr.startsWith('ALERTS')) return [];
  const timestamps: number[] = [];
  const values: number[] = [];
  for (let at = start; at <= end; at += stepMs) {
    const value = 20 + new Date(at).getUTCHours();
    if (expr.includes('>') && value <= 30) continue;
    timestamps.push(at);
    values.push(value);
  }
  return [{ labels: labelsFromObject({ room: 'a' }), timestamps, values }];
}

function served(more: Partial<RehearseDeps> = {}) {
  const asked: RehearsalRequest[] = [];
  const app = rehearseRoutes({
    clock: fakeClock(NOW),
    groups: () => groups,
    checkExpr,
    externalLabels: () => ({ site: 'x' }),
    externalUrl: () => 'http://belfry.example',
    routing: () => routingOf(config, []),
    run: (request) => {
      asked.push(structuredClone(request));
      return answerTo(request, evaluate);
    },
    ...more,
  });
  const post = async (body: object) => {
    const response = await app.request('/rehearse', { method: 'POST', body: JSON.stringify(body) });
    return { status: response.status, body: (await response.json()) as Answer };
  };
  return { post, asked };
}

test('firings and who would have been told', async () => {
  const { post, asked } = served();
  const { status, body } = await post({ alert: 'Hot', from: (NOW - 24 * HOUR) / 1000 });
  expect(status).toBe(200);
  expect(body).toMatchObject({
    alert: 'Hot',
    for: '10m',
    threshold: 30,
    summary: { firings: 1, nightShare: 0 },
    firings: [{ labels: { alertname: 'Hot', room: 'a' }, annotations: { summary: '31 degrees' }, peak: 43 }],
    routing: {
      notifications: 4,
      receivers: [{ receiver: 'ops', integration: 'webhook', notifications: 4, firing: 1, repeats: 3 }],
    },
  });
  expect(body.notifications[0]).toMatchObject({
    reason: 'first notification',
    groupLabels: { alertname: 'Hot' },
  });
  expect(JSON.stringify(asked)).not.toContain('secret');
});

test('a sweep tries thresholds and waits in all combinations, and agrees with each by itself', async () => {
  const { post } = served();
  const from = (NOW - 24 * HOUR) / 1000;
  const { body } = await post({ alert: 'Hot', from, sweep: { threshold: [25, 40, 50], for: ['0s', '5h'] } });
  expect(body.sweep.map((one) => [one.threshold, one.for, one.summary.firings])).toEqual([
    [25, '0s', 1],
    [25, '5h', 1],
    [40, '0s', 1],
    [40, '5h', 0],
    [50, '0s', 0],
    [50, '5h', 0],
  ]);
  const own = await post({ alert: 'Hot', from, sweep: { threshold: [30] } });
  expect(own.body.sweep[0]?.summary).toEqual(own.body.summary);
  expect(own.body.sweep[0]?.routing).toEqual(own.body.routing);
});

test('a rule that is not loaded', async () => {
  const { post } = served();
  const rule = { alert: 'New', expr: 'temp > 30', labels: { severity: 'page' } };
  const { status, body } = await post({ rule, interval: '1m', from: (NOW - 24 * HOUR) / 1000 });
  expect(status).toBe(200);
  expect(body).toMatchObject({ alert: 'New', group: 'rehearsal', summary: { firings: 1 } });
  expect(body.firings[0]?.labels).toEqual({ alertname: 'New', room: 'a', severity: 'page' });
});

test.each<[body: object, status: number, error: string]>([
  [{}, 400, 'expected alert or rule, got neither'],
  [{ alert: 'Nope' }, 404, 'no alerting rule "Nope" is loaded'],
  [{ alert: 'Hot', rule: { alert: 'A', expr: 'a' } }, 400, 'expected either alert or rule, got both'],
  [{ alert: 'Hot', expr: 'temp >' }, 400, 'expr: '],
  [{ rule: { alert: 'A', expr: 'temp >' } }, 400, 'rule.expr: '],
  [{ alert: 'Hot', timezone: 'Mars' }, 400, 'timezone: expected a time zone, got "Mars"'],
  [
    { alert: 'Hot', expr: 'temp', sweep: { threshold: [1] } },
    400,
    'sweep.threshold: expected a rule that compares',
  ],
  [
    { alert: 'Hot', sweep: { threshold: Array(101).fill(1) } },
    400,
    'sweep: expected at most 100 combinations, got 101',
  ],
  [{ alert: 'Hot', from: 5, to: 4 }, 400, 'expected a period of at most 100 days'],
])('%j is refused', async (body, status, error) => {
  const answer = await served().post(body);
  expect(answer.status).toBe(status);
  expect(answer.body.error).toContain(error);
});

test('without a route only firings are rehearsed', async () => {
  const { body } = await served({ routing: () => undefined }).post({
    alert: 'Hot',
    from: (NOW - 24 * HOUR) / 1000,
  });
  expect(body.summary.firings).toBe(1);
  expect(body.routing).toBeUndefined();
});
