import { expect, test } from 'vitest';
import type { AlertingRuleConfig, RuleGroupConfig } from '../config/rules.ts';
import { labelsFromObject } from '../model/labels.ts';
import { bench, hook, matchers, type RouteInput, route } from '../notifiers/notifier.fixture.ts';
import { type Element, type RuleText, ruleGroup, ruleManager, scriptedEvaluator } from '../testing/rules.ts';
import { routedAlerts } from './outgoing.ts';
import { rangeOf } from './range.fixture.ts';
import { rehearse } from './rehearse.ts';
import { type RoutedAlert, type RoutingSettings, rehearseRouting } from './routing.ts';
import { summarizeRouting } from './summary.ts';

const START = Date.UTC(2026, 0, 1);
const SECOND = 1000;
const MINUTE = 60 * SECOND;

const NONE = { receivers: [], inhibit_rules: [], time_intervals: [], silences: [] };

const settings = (routes: RouteInput, more: Partial<RoutingSettings> = {}): RoutingSettings => ({
  ...NONE,
  route: route(routes),
  receivers: [{ name: 'w', integrations: [{ kind: 'webhook', index: 0, sendResolved: true }] }],
  ...more,
});

const fired = (
  name: string,
  from: number,
  to: number | undefined,
  more: Record<string, string> = {},
): RoutedAlert => ({
  labels: labelsFromObject({ alertname: name, ...more }),
  startsAt: START + from * SECOND,
  endsAt: to === undefined ? undefined : START + to * SECOND,
  resolvedAgainAt: [],
});

const play = (given: RoutingSettings, alerts: readonly RoutedAlert[], others: readonly RoutedAlert[] = []) =>
  rehearseRouting(given, alerts, others, { from: START, to: START + 600 * SECOND });

const told = (given: RoutingSettings, alerts: readonly RoutedAlert[], others: readonly RoutedAlert[] = []) =>
  play(given, alerts, others).notifications.map(
    ({ at, reason, firing, resolved }) => `${(at - START) / SECOND} ${reason}: ${firing}+${resolved}`,
  );

test('a group waits, tells of what is new at its ticks, and of the end', () => {
  const given = settings({ group_by: ['alertname'], group_wait: 10_000, group_interval: 30_000 });
  expect(told(given, [fired('A', 0, 200, { i: '1' }), fired('A', 15, 99, { i: '2' })])).toEqual([
    '10 first notification: 1+0',
    '40 new alerts added: 2+0',
    '100 some alerts resolved: 1+1',
    '220 all alerts resolved: 0+1',
  ]);
});

test('repeats fall on ticks after the repeat interval', () => {
  const given = settings({ group_wait: 0, group_interval: 2000, repeat_interval: 5000 });
  expect(told(given, [fired('A', 0, 15)])).toEqual([
    '0 first notification: 1+0',
    '6 repeat interval elapsed: 1+0',
    '12 repeat interval elapsed: 1+0',
    '16 all alerts resolved: 0+1',
  ]);
});

test('what is over before the first look is told to nobody', () => {
  const given = settings({ group_wait: 30_000, group_interval: 60_000 });
  const { notifications, untold } = play(given, [fired('A', 0, 20)]);
  expect(notifications).toEqual([]);
  expect(untold['over before the first look']).toBe(1);
});

test('inhibited by another alert while that fires', () => {
  const given = settings(
    { group_by: ['severity'], group_wait: 0, group_interval: 10_000 },
    {
      inhibit_rules: [
        {
          source_matchers: matchers('severity="critical"'),
          target_matchers: matchers('severity="warning"'),
          equal: ['dc'],
        },
      ],
    },
  );
  const source = fired('Out', 0, 54, { severity: 'critical', dc: 'x' });
  const alerts = [
    fired('Slow', 5, 100, { severity: 'warning', dc: 'x' }),
    fired('Lost', 5, 40, { severity: 'warning', dc: 'x', i: '2' }),
  ];
  expect(told(given, alerts, [source])).toEqual([
    '55 first notification: 1+0',
    '105 all alerts resolved: 0+1',
  ]);
  expect(play(given, alerts, [source]).untold.inhibited).toBe(1);
});

test('silenced while the silence lasts', () => {
  const silence = {
    id: 's',
    matcherSets: [matchers('alertname="A"')],
    startsAt: START,
    endsAt: START + 95 * SECOND,
    updatedAt: START,
    createdBy: 'a',
    comment: 'b',
    annotations: {},
  };
  const given = settings({ group_wait: 0, group_interval: 10_000 }, { silences: [silence] });
  expect(told(given, [fired('A', 0, undefined)])).toEqual(['100 first notification: 1+0']);
});

test('muted by a time interval until it ends', () => {
  const given = settings(
    { group_wait: 0, group_interval: 10_000, routes: [{ mute_time_intervals: ['start'] }] },
    { time_intervals: [{ name: 'start', time_intervals: [{ times: [{ start: 0, end: 3 }] }] }] },
  );
  expect(told(given, [fired('A', 0, undefined)])).toEqual(['180 first notification: 1+0']);
});

test('a receiver that is not told of ends counts none', () => {
  const given = settings(
    { group_wait: 0, group_interval: 10_000, repeat_interval: 60_000 },
    { receivers: [{ name: 'w', integrations: [{ kind: 'email', index: 0, sendResolved: false }] }] },
  );
  const routing = play(given, [fired('A', 0, 100), fired('A', 200, 215)]);
  expect(summarizeRouting(routing)).toMatchObject({
    notifications: 3,
    receivers: [{ receiver: 'w', integration: 'email', firing: 2, repeats: 1, resolved: 0, nightShare: 1 }],
  });
});

test('a month of an alert that goes on is a matter of milliseconds', () => {
  const given = settings({
    group_by: ['i'],
    group_wait: 0,
    group_interval: 10_000,
    repeat_interval: 14_400_000,
  });
  const alerts = Array.from({ length: 100 }, (_, i) => fired('A', i, undefined, { i: String(i) }));
  const month = { from: START, to: START + 30 * 86_400_000 };
  const before = process.threadCpuUsage();
  const { notifications } = rehearseRouting(given, alerts, [], month);
  expect(notifications.length).toBe(100 * 180);
  const { user, system } = process.threadCpuUsage(before);
  // A busy machine's caches make a second three.
  expect((user + system) / 1000).toBeLessThan(10_000);
});

test('it agrees with what rules and notifiers really do', async () => {
  const slow: RuleText = {
    alert: 'Slow',
    expr: 'slow',
    for: '2m',
    keep_firing_for: '1m',
    labels: { severity: 'warning' },
  };
  const out: RuleText = { alert: 'Out', expr: 'out', labels: { severity: 'critical' } };
  const holds =
    (salt: number) =>
    (at: number): Element[] =>
      ['a', 'b', 'c', 'd'].flatMap((job, i) => {
        const turn = Math.floor((at - START) / (7 * MINUTE)) + i * 5;
        return (turn * 2654435761 + salt) % 97 < 50
          ? [{ labels: { job, dc: i < 2 ? 'x' : 'y' }, value: turn }]
          : [];
      });
  const expressions = { slow: holds(0), out: holds(41) };
  const groups = [
    ruleGroup([slow], { name: 'slow', interval: '30s' }),
    ruleGroup([out], { name: 'out', interval: '30s' }),
  ];
  const routes: RouteInput = {
    receiver: 'rest',
    group_by: ['alertname', 'dc'],
    group_wait: 20_000,
    group_interval: 100_000,
    repeat_interval: 900_000,
    routes: [
      { matchers: 'alertname="Slow"', receiver: 'team', continue: true },
      { matchers: 'job=~"a|c"', receiver: 'chat', group_by: ['job'], mute_time_intervals: ['second hour'] },
    ],
  };
  const inhibit_rules = [
    {
      source_matchers: matchers('severity="critical"'),
      target_matchers: matchers('severity="warning"'),
      equal: ['dc', 'job'],
    },
  ];
  const time_intervals = [{ name: 'second hour', time_intervals: [{ times: [{ start: 60, end: 120 }] }] }];
  const to = START + 360 * MINUTE;

  const live = bench({
    route: route(routes),
    receivers: [hook('rest'), hook('team'), hook('chat', { send_resolved: false })],
    inhibit_rules,
    time_intervals,
  });
  await live.notifier.setSilence({
    id: '',
    matcherSets: [matchers('job="d"')],
    startsAt: START + 180 * MINUTE,
    endsAt: START + 240 * MINUTE,
    createdBy: 'a',
    comment: 'b',
    annotations: {},
  });
  const evaluator = scriptedEvaluator();
  evaluator.set('slow', expressions.slow);
  evaluator.set('out', expressions.out);
  const manager = ruleManager({ clock: live.clock, evaluator, sink: live.notifier });
  manager.apply(groups);
  await live.clock.advance(to - START - 1);
  await manager.stop();
  const lived = live.posts
    .filter(({ alerts }) => alerts.some((name) => name.startsWith('Slow')))
    .map(({ t, to: receiver, reason, alerts }) => `${t} ${receiver} ${reason} ${alerts.length}`);

  const firingsOf = async (group: RuleGroupConfig, instant: (at: number) => readonly Element[]) => {
    const { firings } = await rehearse({
      group,
      rule: group.rules[0] as AlertingRuleConfig,
      range: { from: START, to },
      evaluate: rangeOf((at) => (at < START ? [] : instant(at))),
      externalLabels: {},
      externalUrl: '',
    });
    return routedAlerts(firings, { group, externalLabels: {} }, (labels) => labels);
  };
  const integrations = (sendResolved: boolean) => [{ kind: 'webhook', index: 0, sendResolved }];
  const { notifications } = rehearseRouting(
    {
      route: route(routes),
      receivers: [
        { name: 'rest', integrations: integrations(true) },
        { name: 'team', integrations: integrations(true) },
        { name: 'chat', integrations: integrations(false) },
      ],
      inhibit_rules,
      time_intervals,
      silences: live.notifier.silences(),
    },
    await firingsOf(groups[0]!, expressions.slow),
    await firingsOf(groups[1]!, expressions.out),
    { from: START, to },
  );
  const rehearsed = notifications.map(
    ({ at, receiver, reason, firing, resolved }) =>
      `${(at - START) / SECOND} ${receiver} ${reason} ${firing + resolved}`,
  );
  expect(lived.length).toBeGreaterThan(50);
  expect(rehearsed.sort()).toEqual(lived.sort());
});
