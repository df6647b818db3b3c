import { expect, test } from 'vitest';
import type { InhibitRuleConfig } from '../config/inhibit.ts';
import { labelValue } from '../model/labels.ts';
import { countTurns } from '../testing/count-turns.ts';
import { alert, bench, hook, matchers, receiver, route, webhook } from './notifier.fixture.ts';

const one = (more = {}) => ({ route: route({ group_by: ['alertname'], ...more }), receivers: [hook('w')] });

test('a group waits group_wait, then tells of new members only at its ticks', async () => {
  const { at, post, seen } = bench(one({ group_wait: 0, group_interval: 4000 }));
  post({ labels: { alertname: 'A', i: '1' } });
  await at(1);
  post({ labels: { alertname: 'A', i: '2' } });
  await at(2);
  post({ labels: { alertname: 'A', i: '3' } });
  await at(6);
  post({ labels: { alertname: 'A', i: '1' }, ends: 6 });
  await at(10);
  expect(seen('w')).toEqual([
    [0, ['A 1']],
    [4, ['A 1', 'A 2', 'A 3']],
    [8, ['A 1 resolved', 'A 2', 'A 3']],
  ]);
});

test('alerts without a group label make a group of their own; members are ordered by job, instance, labels', async () => {
  const { at, post, posts } = bench(one({ group_by: ['alertname', 'cluster'] }));
  post(
    { labels: { alertname: 'Disk', cluster: 'a', instance: 'i2' } },
    { labels: { alertname: 'Disk', cluster: 'a', instance: 'i1' } },
    { labels: { alertname: 'Disk', cluster: 'a', i: 'no instance' } },
    { labels: { alertname: 'Disk', instance: 'i9' } },
  );
  await at(1);
  expect(
    posts.map((one) => [
      one.groupKey,
      (one.body.alerts as { labels: { instance?: string } }[]).map((a) => a.labels.instance),
    ]),
  ).toEqual([
    ['{}:{alertname="Disk", cluster="a"}', ['i1', 'i2', undefined]],
    ['{}:{alertname="Disk"}', ['i9']],
  ]);
});

test.each([
  ['a repeat falls on the first tick after the interval', 5000, 2000, [1, 7, 13]],
  ['a repeat below the group interval falls on every tick', 1000, 3000, [1, 4, 7, 10, 13]],
  ['an exact multiple is not yet past', 4000, 2000, [1, 7, 13]],
])('%s', async (_, repeat_interval, group_interval, times) => {
  const { at, post, seen } = bench(one({ repeat_interval, group_interval }));
  post({ labels: { alertname: 'A' }, ends: 1000 });
  await at(14);
  expect(seen('w').map(([t]) => t)).toEqual(times);
});

test('resolved alerts are told of, each once; send_resolved: false strips them and keeps the log', async () => {
  const { at, post, seen } = bench({
    route: route({ group_by: ['alertname'] }),
    receivers: [
      receiver('w', {
        webhook_configs: [webhook('http://sink/yes'), webhook('http://sink/no', { send_resolved: false })],
      }),
    ],
  });
  post({ labels: { alertname: 'A', i: '1' } }, { labels: { alertname: 'A', i: '2' } });
  await at(2);
  post({ labels: { alertname: 'A', i: '1' }, ends: 2 });
  await at(5.8);
  post({ labels: { alertname: 'A', i: '2' }, ends: 5.8 });
  await at(9.8);
  post({ labels: { alertname: 'A', i: '3' } });
  await at(14);
  expect(seen('yes')).toEqual([
    [1, ['A 1', 'A 2']],
    [3, ['A 1 resolved', 'A 2']],
    [7, ['A 2 resolved']],
    [11, ['A 3']],
  ]);
  expect(seen('no')).toEqual([
    [1, ['A 1', 'A 2']],
    [11, ['A 3']],
  ]);
});

test('an old alert has its new group flush at once, in whatever order those come that come with it; one that comes later does not', async () => {
  const { at, post, seen } = bench(one({ group_by: ['i'], group_wait: 3000 }));
  const old = { starts: -20 };
  post({ labels: { alertname: 'New', i: '1' } }, { labels: { alertname: 'Old', i: '1' }, ...old });
  post({ labels: { alertname: 'Old', i: '2' }, ...old }, { labels: { alertname: 'New', i: '2' } });
  post({ labels: { alertname: 'New', i: '3' } });
  post({ labels: { alertname: 'Old', i: '3' }, ...old });
  await at(3.5);
  expect(seen('w')).toEqual([
    [0, ['New 1', 'Old 1']],
    [0, ['New 2', 'Old 2']],
    [3, ['New 3', 'Old 3']],
  ]);
});

test('what fires and ends before the first flush, or ends and fires again between ticks, is not told of', async () => {
  const { at, post, seen } = bench(one({ group_interval: 3000 }));
  post({ labels: { alertname: 'F', i: '1' } }, { labels: { alertname: 'Short' } });
  await at(0.5);
  post({ labels: { alertname: 'Short' }, ends: 0.5 });
  await at(1.8);
  post({ labels: { alertname: 'F', i: '1' }, ends: 1.8 });
  await at(2.6);
  post({ labels: { alertname: 'F', i: '1' }, starts: 2.6 });
  await at(7);
  expect(seen('w')).toEqual([[1, ['F 1']]]);
});

test('an alert without an end is over after resolve_timeout unless it is posted again', async () => {
  const { at, post, seen } = bench({ ...one({ group_by: [] }), global: { resolve_timeout: 4000 } });
  post({ labels: { alertname: 'Once' } }, { labels: { alertname: 'Kept' } });
  await at(3);
  post({ labels: { alertname: 'Kept' } });
  await at(6);
  expect(seen('w')).toEqual([
    [1, ['Kept', 'Once']],
    [5, ['Kept', 'Once resolved']],
  ]);
});

test('changed annotations wait for the next notification', async () => {
  const { at, post, posts } = bench(one({ repeat_interval: 5000 }));
  post({ labels: { alertname: 'A' }, annotations: { v: '1' } });
  await at(1.8);
  post({ labels: { alertname: 'A' }, annotations: { v: '2' } });
  await at(8);
  expect(posts.map((one) => [one.t, one.body.commonAnnotations])).toEqual([
    [1, { v: '1' }],
    [7, { v: '2' }],
  ]);
});

const rule = (source: string, target: string, equal: readonly string[] = []): InhibitRuleConfig => ({
  source_matchers: matchers(source),
  target_matchers: matchers(target),
  equal,
});

test('an inhibited alert is told of at the tick after its source is over, not as resolved if it ended meanwhile', async () => {
  const { at, post, seen, notifier } = bench({
    ...one({ group_by: ['alertname', 'cluster'] }),
    inhibit_rules: [rule('severity="critical"', 'severity=~"warning|info"', ['cluster'])],
  });
  post(
    { labels: { alertname: 'Src', severity: 'critical', cluster: 'a' } },
    { labels: { alertname: 'T1', severity: 'warning', cluster: 'a' } },
    { labels: { alertname: 'T2', severity: 'info', cluster: 'a' } },
    { labels: { alertname: 'T3', severity: 'warning', cluster: 'b' } },
  );
  await at(2);
  const states = [...notifier.alerts()].map((shown) => [
    shown.alert.labels[1],
    shown.status.state,
    shown.status.inhibitedBy.length,
  ]);
  expect(states.sort()).toEqual([
    ['Src', 'active', 0],
    ['T1', 'suppressed', 1],
    ['T2', 'suppressed', 1],
    ['T3', 'active', 0],
  ]);
  post({ labels: { alertname: 'T2', severity: 'info', cluster: 'a' }, ends: 2 });
  await at(4);
  post({ labels: { alertname: 'Src', severity: 'critical', cluster: 'a' }, ends: 4 });
  await at(7);
  expect(seen('w')).toEqual([
    [1, ['Src']],
    [1, ['T3']],
    [5, ['Src resolved']],
    [5, ['T1']],
  ]);
});

test('an alert on both sides of a rule is inhibited by a one-sided source only', async () => {
  const { at, post, seen } = bench({
    ...one({ group_by_all: true }),
    inhibit_rules: [rule('s="1"', 't="1"')],
  });
  post({ labels: { alertname: 'Both', s: '1', t: '1' } }, { labels: { alertname: 'Other', s: '1', t: '1' } });
  await at(1);
  expect(seen('w').map(([, names]) => names[0])).toEqual(['Both', 'Other']);
  post({ labels: { alertname: 'One', s: '1' } });
  await at(1.5);
  post({ labels: { alertname: 'Third', s: '1', t: '1' } });
  await at(4);
  expect(seen('w').map(([, names]) => names[0])).toEqual(['Both', 'Other', 'One']);
});

const silence = (alertname: string, ends: number) => ({
  id: '',
  matcherSets: [matchers(`alertname=~"${alertname}"`)],
  startsAt: 0,
  endsAt: Date.UTC(2026, 0, 1) + ends * 1000,
  createdBy: 'me',
  comment: 'c',
  annotations: {},
});

test('labels of any name must be equal for an inhibition, and missing ones are empty', async () => {
  const { at, post, notifier } = bench({
    ...one({}),
    inhibit_rules: [rule('"k8s.role"="src"', '"k8s.role"="tgt"', ['größe m²', 'k8s.zone'])],
  });
  const labels = (alertname: string, role: string, size: string, zone = '') => ({
    labels: { alertname, 'k8s.role': role, 'größe m²': size, 'k8s.zone': zone },
  });
  await post(labels('S', 'src', '10'), labels('T', 'tgt', '10'), labels('U', 'tgt', '11'));
  await post(labels('V', 'tgt', '10', 'z'));
  await at(2);
  const inhibited = [...notifier.alerts()].filter(({ status }) => status.inhibitedBy.length > 0);
  expect(inhibited.map(({ alert: { labels } }) => labelValue(labels, 'alertname'))).toEqual(['T']);
});

test('a group whose alerts are over keeps its ticks until it is looked for; then a returning alert waits group_wait', async () => {
  const { at, post, seen } = bench(one({ group_wait: 1000, group_interval: 4000 }));
  await post({ labels: { alertname: 'A' }, ends: 60 });
  await at(2);
  await post({ labels: { alertname: 'A' }, starts: 0, ends: 2 });
  await at(6);
  await post({ labels: { alertname: 'A' }, starts: 6, ends: 7 * 60 });
  await at(10);
  // Ticks at 1, 5 and 9 s.
  expect(seen('w')).toEqual([
    [1, ['A']],
    [5, ['A resolved']],
    [9, ['A']],
  ]);
  await post({ labels: { alertname: 'A' }, starts: 6, ends: 10 });
  await at(70);
  await post({ labels: { alertname: 'A' }, starts: 70, ends: 500 });
  await at(72);
  expect(seen('w').slice(3)).toEqual([
    [13, ['A resolved']],
    [71, ['A']],
  ]);
});

test('a silenced alert is told of at the first tick after the silence', async () => {
  const { at, post, seen, notifier } = bench(one());
  await notifier.setSilence(silence('A', 4.2));
  post({ labels: { alertname: 'A' } }, { labels: { alertname: 'B' } });
  await at(8);
  expect(seen('w')).toEqual([
    [1, ['B']],
    [5, ['A']],
  ]);
});

test('ending a silence does not repeat before repeat_interval; what resolved under it is never told of', async () => {
  const { at, post, seen, notifier } = bench(one({ repeat_interval: 11_000 }));
  post({ labels: { alertname: 'A' } }, { labels: { alertname: 'Res' } });
  await at(1.8);
  const { id } = await notifier.setSilence(silence('A|Res', 300));
  await at(4);
  post({ labels: { alertname: 'Res' }, ends: 4 });
  await at(10);
  await notifier.expireSilence(id);
  await at(16);
  expect(seen('w')).toEqual([
    [1, ['A']],
    [1, ['Res']],
    [13, ['A']],
  ]);
});

test('mute times win over active times; the group says what muted it', async () => {
  const always = { years: [{ begin: 2000, end: 2100 }] };
  const never = { years: [{ begin: 1990, end: 1990 }] };
  const { at, post, posts, notifier } = bench({
    route: route({
      routes: [
        { receiver: 'muted', mute_time_intervals: ['always'], continue: true },
        { receiver: 'inactive', active_time_intervals: ['never'], continue: true },
        {
          receiver: 'both',
          mute_time_intervals: ['always'],
          active_time_intervals: ['always'],
          continue: true,
        },
        { receiver: 'sent', mute_time_intervals: ['never'], active_time_intervals: ['never', 'always'] },
      ],
    }),
    receivers: ['w', 'muted', 'inactive', 'both', 'sent'].map((name) => hook(name)),
    time_intervals: [
      { name: 'always', time_intervals: [always] },
      { name: 'never', time_intervals: [never] },
    ],
  });
  post({ labels: { alertname: 'A' } });
  await at(3);
  expect(posts.map((one) => one.to)).toEqual(['sent']);
  expect([...notifier.groups()].map((group) => [group.receiver, group.mutedBy])).toEqual([
    ['both', ['always']],
    ['inactive', ['never']],
    ['muted', ['always']],
    ['sent', []],
  ]);
});

test('5xx and broken connections are retried with backoff; the log is written once', async () => {
  const { at, post, seen, script, notifier } = bench(one({ group_interval: 8000 }));
  script.set('w', [500, 'reset', 200]);
  post({ labels: { alertname: 'A' } });
  await at(8);
  expect(seen('w').map(([t]) => t)).toEqual([1, 1.5, 2.25]);
  expect(notifier.notifications().map(({ outcome, attempts }) => [outcome, attempts])).toEqual([
    ['delivered', 3],
  ]);
  expect(notifier.outbox()).toEqual([]);
});

test('4xx is not retried at once, but at every tick; other integrations do not notice', async () => {
  const { at, post, seen, script, notifier } = bench({
    route: route({ group_by: ['alertname'], group_interval: 3000 }),
    receivers: [
      receiver('w', { webhook_configs: [webhook('http://sink/bad'), webhook('http://sink/fine')] }),
    ],
  });
  script.set('bad', [400, 404, 200]);
  post({ labels: { alertname: 'A' } });
  await at(3);
  expect(notifier.outbox().map(({ state, error }) => [state, error])).toEqual([
    ['failed', 'unexpected status code 400'],
  ]);
  await at(11);
  expect(seen('bad').map(([t]) => t)).toEqual([1, 4, 7]);
  expect(seen('fine').map(([t]) => t)).toEqual([1]);
});

test('a receiver that hangs delays only itself', async () => {
  const { at, post, seen, script } = bench({
    route: route({ group_by: ['alertname'] }),
    receivers: [
      receiver('w', { webhook_configs: [webhook('http://sink/slow'), webhook('http://sink/fine')] }),
    ],
  });
  script.set('slow', ['hang']);
  post({ labels: { alertname: 'A', i: '1' } });
  await at(2);
  post({ labels: { alertname: 'A', i: '2' } });
  await at(3);
  expect(seen('fine')).toEqual([
    [1, ['A 1']],
    [3, ['A 1', 'A 2']],
  ]);
  await at(12);
  expect(seen('slow')).toEqual([
    [1, ['A 1']],
    [11, ['A 1', 'A 2']],
  ]);
});

test('kill -9: nothing is sent twice, nothing is lost, what resolved meanwhile is told of', async () => {
  const first = bench(one({ repeat_interval: 9000 }));
  await first.notifier.setSilence(silence('Sil', 300));
  first.post(
    { labels: { alertname: 'A' } },
    { labels: { alertname: 'Gone' } },
    { labels: { alertname: 'Sil' } },
  );
  await first.at(4.6);
  const second = first.crash();
  await second.at(6.5);
  second.post(
    { labels: { alertname: 'A' }, starts: 0 },
    { labels: { alertname: 'Sil' }, starts: 0 },
    { labels: { alertname: 'Gone' }, starts: 0, ends: 5 },
    { labels: { alertname: 'New' } },
  );
  await second.at(15);
  expect(second.seen('w')).toEqual([
    [1, ['A']],
    [1, ['Gone']],
    [6.5, ['Gone resolved']],
    [7.5, ['New']],
    [10.5, ['A']],
  ]);
});

test('a message under way when the process dies is sent by the next one, once', async () => {
  const first = bench(one());
  first.script.set('w', ['hang']);
  first.post({ labels: { alertname: 'A' } });
  await first.at(1.2);
  expect(first.notifier.outbox().map((row) => row.state)).toEqual(['sending']);
  const second = first.crash();
  await second.at(1.3);
  second.post({ labels: { alertname: 'A' }, starts: 0 });
  await second.at(9);
  expect(second.seen('w')).toEqual([
    [1, ['A']],
    [1.2, ['A']],
  ]);
  expect(second.notifier.outbox()).toEqual([]);
});

test('a message that fails after a restart is tried until it is too old, then kept as given up', async () => {
  const first = bench(one({ group_interval: 10_000, repeat_interval: 20_000 }));
  first.script.set('w', [400]);
  first.post({ labels: { alertname: 'A' } });
  await first.at(1.5);
  const second = first.crash();
  second.script.set('w', [400, 400, 400, 400, 400, 400, 400]);
  await second.at(60);
  expect(second.notifier.outbox().map(({ state, error }) => [state, error])).toEqual([
    ['dead', 'unexpected status code 400'],
  ]);
  second.script.clear();
  expect(second.notifier.resend(second.notifier.outbox()[0]!.key)).toBe(true);
  await second.at(61);
  expect(second.notifier.outbox()).toEqual([]);
});

test('alerts of own rules are there again after a crash, inhibit, and are not told of twice', async () => {
  const config = { ...one(), inhibit_rules: [rule('sev="crit"', 'sev="warn"')] };
  const first = bench(config);
  await first.notifier.accept([
    alert({ labels: { alertname: 'Src', sev: 'crit' }, ends: 30 }),
    alert({ labels: { alertname: 'Tgt', sev: 'warn' }, ends: 30 }),
  ]);
  await first.at(5);
  await first.clock.advance('40s');
  const second = first.crash();
  await second.at(100);
  expect(second.seen('w').slice(0, 1)).toEqual([[1, ['Src']]]);
  expect(
    [...second.notifier.alerts()].map((shown) => [shown.alert.labels[1], shown.status.state]).sort(),
  ).toEqual([
    ['Src', 'active'],
    ['Tgt', 'suppressed'],
  ]);
});

test('a reload puts live alerts into the new routes: another receiver is told at once, the old one not again', async () => {
  const { at, post, seen, notifier } = bench({ ...one(), receivers: [hook('w'), hook('v')] });
  post({ labels: { alertname: 'A', team: 'x' } });
  await at(2.5);
  const config = {
    route: route({ group_by: ['alertname'], routes: [{ matchers: 'team="x"', receiver: 'v' }] }),
    receivers: [hook('w'), hook('v')],
    inhibit_rules: [],
    time_intervals: [],
    global: { resolve_timeout: 300_000 },
  };
  notifier.apply(config);
  await at(9);
  expect(seen('v')).toEqual([[2.5, ['A']]]);
  expect(seen('w')).toEqual([[1, ['A']]]);
});

test('without a route alerts are shown and sent to nobody', async () => {
  const { at, post, posts, notifier } = bench({});
  post({ labels: { alertname: 'A' } });
  await at(60);
  expect(posts).toEqual([]);
  expect([...notifier.alerts()].map((shown) => [shown.alert.labels[1], shown.receivers])).toEqual([
    ['A', []],
  ]);
});

test('stop lets a message under way finish for 3 s, cuts it off and keeps it', async () => {
  const { at, post, clock, script, notifier } = bench(one());
  script.set('w', ['hang']);
  post({ labels: { alertname: 'A' } });
  await at(1.5);
  let isStopped = false;
  const stopping = notifier.stop().then(() => (isStopped = true));
  await clock.advance('2900ms');
  expect(isStopped).toBe(false);
  await clock.advance('100ms');
  await stopping;
  expect(notifier.outbox().map((row) => row.state)).toEqual(['sending']);
});

test('the trace of an alert tells its routes, what muted it, and what was sent', async () => {
  const { at, post, notifier } = bench({
    ...one(),
    inhibit_rules: [{ name: 'crit over warn', ...rule('sev="crit"', 'sev="warn"') }],
  });
  post({ labels: { alertname: 'Src', sev: 'crit' } }, { labels: { alertname: 'Tgt', sev: 'warn' } });
  await at(4);
  const of = (name: string) =>
    [...notifier.alerts()].find((shown) => shown.alert.labels[1] === name)!.alert.fingerprint;
  const target = notifier.trace(of('Tgt'));
  expect(target.routes).toMatchObject([{ matchers: '{}', matched: true, chosen: true, receiver: 'w' }]);
  expect(target.flushes.map((flush) => [flush.alerts[0]!.verdict, flush.count])).toMatchObject([
    [{ kind: 'inhibited', rule: 'crit over warn', by: of('Src') }, 2],
  ]);
  const source = notifier.trace(of('Src'));
  expect(
    source.flushes.map((flush) => [flush.integrations[0]!.reason, flush.integrations[0]!.outcome]),
  ).toMatchObject([
    ['none', { kind: 'nothing to send' }],
    ['first notification', { kind: 'delivered', attempts: 1, answer: '200' }],
  ]);
  expect(source.notifications).toMatchObject([{ outcome: 'delivered', receiver: 'w', status: 'firing' }]);
  expect(source.groups).toMatchObject([
    {
      receiver: 'w',
      key: '{}:{alertname="Src"}',
      nextFlushAt: Date.UTC(2026, 0, 1, 0, 0, 5),
      verdict: { kind: 'passed' },
      integrations: [{ integration: 'webhook', reason: 'none', repeatAfter: Date.UTC(2026, 0, 1, 1, 0, 1) }],
    },
  ]);
  expect(target.groups).toMatchObject([{ verdict: { kind: 'inhibited', by: of('Src') }, integrations: [] }]);
});

test('what is over is forgotten in time: alerts, log, silences, traces, history', async () => {
  const { at, post, db, notifier, clock } = bench(one({ repeat_interval: 3_600_000 }));
  await notifier.setSilence(silence('Never', 10));
  await notifier.accept([alert({ labels: { alertname: 'Own' }, ends: 60 })]);
  await post({ labels: { alertname: 'A' }, ends: 60 });
  await at(600);
  const count = (table: string) =>
    (db.prepare(`SELECT count(*) AS n FROM ${table}`).get() as { n: number }).n;
  expect([notifier.status().alerts, count('notifier_alerts'), count('notifier_log')]).toEqual([0, 0, 2]);
  expect([count('notifier_silences'), count('notifier_history'), count('notifier_members')]).toEqual([
    1, 4, 2,
  ]);
  await at(6 * 86_400);
  expect([count('notifier_log'), count('notifier_silences'), count('notifier_history')]).toEqual([0, 0, 4]);
  await at(8 * 86_400);
  expect([count('notifier_flushes'), count('notifier_members'), count('notifier_history')]).toEqual([
    0, 0, 4,
  ]);
  // Three months in one: what cleans up does so at its next turn.
  clock.jump(83 * 86_400_000 - 3_600_000);
  await at(91 * 86_400);
  expect(count('notifier_history')).toBe(0);
});

test('a message is in the outbox before it leaves', async () => {
  const states: unknown[] = [];
  const made = bench(one(), {
    http: async () => {
      states.push(made.db.prepare('SELECT count(*) AS n FROM notifier_outbox').get(), made.db.inTransaction);
      return { status: 200, headers: {}, body: '' };
    },
  });
  await made.post({ labels: { alertname: 'A' } });
  await made.at(1);
  expect(states).toEqual([{ n: 1 }, false]);
});

test('a disk that cannot be written keeps nobody from being told', async () => {
  const { at, post, db, seen } = bench(one());
  await post({ labels: { alertname: 'A' }, ends: 100 });
  db.exec("CREATE TRIGGER full BEFORE INSERT ON notifier_outbox BEGIN SELECT raise(ABORT, 'disk full'); END");
  db.exec(
    "CREATE TRIGGER full2 BEFORE INSERT ON notifier_flushes BEGIN SELECT raise(ABORT, 'disk full'); END",
  );
  await at(10);
  expect(seen('w')).toEqual([[1, ['A']]]);
});

test('ten thousand alerts at once are taken in slices, and what is said later counts', async () => {
  const { notifier, at } = bench(one());
  const ofNumber = (i: number, ends: number) =>
    alert({ labels: { alertname: 'A', i: String(i) }, starts: 0, ends });
  using turns = countTurns();
  const first = notifier.accept(Array.from({ length: 10_000 }, (_, i) => ofNumber(i, 100)));
  const second = notifier.accept([ofNumber(9999, 200)]);
  await Promise.all([first, second]);
  expect(turns.count).toBeGreaterThan(30);
  await at(0.5);
  const ends = [...notifier.alerts()].map((shown) => (shown.alert.endsAt - Date.UTC(2026, 0, 1)) / 1000);
  expect(ends.filter((end) => end === 200)).toHaveLength(1);
  expect(ends).toHaveLength(10_000);
});

test('the trace foresees the next notification', async () => {
  const { at, post, notifier } = bench(one());
  await post({ labels: { alertname: 'A', i: '1' } });
  await at(2);
  await post({ labels: { alertname: 'A', i: '2' } });
  const late = [...notifier.alerts()].find((shown) => shown.alert.labels.includes('2'))!.alert.fingerprint;
  const { flushes, groups } = notifier.trace(late);
  expect(flushes).toEqual([]);
  expect(groups).toMatchObject([
    { nextFlushAt: Date.UTC(2026, 0, 1, 0, 0, 3), integrations: [{ reason: 'new alerts added' }] },
  ]);
});

test('the trace does not foresee the end of what fires, however soon it would end by itself', async () => {
  const { at, post, notifier } = bench(one());
  await post({ labels: { alertname: 'A' }, ends: 2.5 });
  await at(2);
  const [shown] = [...notifier.alerts()];
  const [next] = notifier.trace(shown!.alert.fingerprint).groups;
  expect(next!.nextFlushAt).toBeGreaterThan(Date.UTC(2026, 0, 1, 0, 0, 2, 500));
  expect(next!.integrations.map(({ reason }) => reason)).not.toContain('all alerts resolved');
});

test('a test message goes to each integration of a receiver, is marked, and leaves the groups alone', async () => {
  const { notifier, posts, script, at } = bench({
    route: route({}),
    receivers: [receiver('w', { webhook_configs: [webhook('http://sink/a'), webhook('http://sink/b')] })],
  });
  script.set('b', [404]);
  expect(await notifier.test('w', 'firing')).toMatchObject([
    { integration: 'webhook', index: 0, outcome: 'delivered', answer: '200' },
    { integration: 'webhook', index: 1, outcome: 'failed', answer: 'unexpected status code 404' },
  ]);
  expect(posts.map((one) => [one.to, one.body.commonLabels])).toEqual([
    ['a', { alertname: 'BelfryTest', severity: 'none', test: 'true' }],
    ['b', { alertname: 'BelfryTest', severity: 'none', test: 'true' }],
  ]);
  expect(notifier.lastDelivered('w')).toMatchObject({ integration: 'webhook', index: 0, reason: 'test' });
  expect(await notifier.test('nobody', 'firing')).toBeUndefined();
  await at(10);
  expect([posts.length, notifier.outbox(), [...notifier.groups()]]).toEqual([2, [], []]);
});

test('a timeout of its own ends a try, which is repeated', async () => {
  const { at, post, seen, script } = bench({
    ...one({ group_interval: 20_000 }),
    receivers: [receiver('w', { webhook_configs: [webhook('http://sink/w', { timeout: 3000 })] })],
  });
  script.set('w', ['hang']);
  await post({ labels: { alertname: 'A' } });
  await at(10);
  expect(seen('w').map(([t]) => t)).toEqual([1, 4.5]);
});

test('two routes with the same key and receiver share a lane: one message, and both go on', async () => {
  const twice = { matchers: 'alertname=~".*"', receiver: 'w', group_by: ['alertname'] };
  const { at, post, seen, script, notifier } = bench({
    route: route({ routes: [{ ...twice, continue: true }, twice] }),
    receivers: [hook('w')],
  });
  script.set('w', ['hang']);
  await post({ labels: { alertname: 'A', i: '1' } });
  await at(12);
  await post({ labels: { alertname: 'A', i: '2' } });
  await at(16);
  expect(seen('w').map(([, names]) => names)).toEqual([['A 1'], ['A 1'], ['A 1', 'A 2']]);
  const flushAt = [...notifier.groups()].map((group) => group.nextFlushAt);
  expect(flushAt.every((one) => one > Date.UTC(2026, 0, 1, 0, 0, 16))).toBe(true);
  expect(flushAt).toHaveLength(2);
});
