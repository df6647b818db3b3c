import { expect, test } from 'vitest';
import { alert, bench, hook, matchers, route } from '../../notifiers/notifier.fixture.ts';
import { createTemplateSet } from '../../templates/notification.ts';
import { notificationRoutes } from './notifications.ts';

function api() {
  const made = bench({
    route: route({ group_by: ['alertname'], group_interval: 3000 }),
    receivers: [hook('w')],
    inhibit_rules: [
      {
        name: 'crit',
        source_matchers: matchers('sev="crit"'),
        target_matchers: matchers('sev="warn"'),
        equal: [],
      },
    ],
  });
  const app = notificationRoutes({ notifier: made.notifier });
  const call = async (method: string, path: string, body?: unknown) => {
    const response = await app.request(path, {
      method,
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, json: text === '' ? undefined : JSON.parse(text) };
  };
  return { ...made, call };
}

test('the trace of an alert is told by its fingerprint', async () => {
  const { call, post, at, notifier } = api();
  await post({ labels: { alertname: 'Src', sev: 'crit' } }, { labels: { alertname: 'Tgt', sev: 'warn' } });
  await at(2);
  const [source, target] = ['Src', 'Tgt'].map(
    (name) => notifier.alerts().find((shown) => shown.alert.labels[1] === name)!.alert.fingerprint,
  );
  expect(await call('GET', `/alerts/${target}/trace`)).toMatchObject({
    status: 200,
    json: {
      alert: { labels: { alertname: 'Tgt', sev: 'warn' }, endsAt: '2026-01-01T00:05:00.000Z' },
      status: { state: 'suppressed', inhibitedBy: [source] },
      routes: [{ receiver: 'w', chosen: true }],
      groups: [{ receiver: 'w', verdict: { kind: 'inhibited', rule: 'crit' } }],
      flushes: [{ alerts: [{ verdict: { kind: 'inhibited', by: source } }] }],
      notifications: [],
    },
  });
  expect((await call('GET', '/alerts/0000000000000000/trace')).status).toBe(404);
});

test('alerts that no rule of ours has sent are told apart', async () => {
  const { call, at, post, notifier } = api();
  const ofRule = alert({ labels: { alertname: 'Rule' }, ends: 600 });
  await notifier.accept([ofRule]);
  await post({ labels: { alertname: 'Posted' }, ends: 60 }, { labels: { alertname: 'Both' }, ends: 60 });
  await notifier.accept([alert({ labels: { alertname: 'Both' }, ends: 600 })]);
  const [posted] = [...notifier.alerts()].filter((shown) => shown.alert.labels[1] === 'Posted');
  expect((await call('GET', '/alerts/others')).json).toEqual([posted!.alert.fingerprint]);
  await at(61);
  expect((await call('GET', '/alerts/others')).json).toEqual([]);
});

test('messages are found by receiver, outcome, time and text', async () => {
  const { call, post, at, script } = api();
  script.set('w', [400]);
  await post({ labels: { alertname: 'A' } }, { labels: { alertname: 'B' } });
  await at(5);
  const found = async (query: string) =>
    ((await call('GET', `/notifications?${query}`)).json as { groupKey: string; outcome: string }[]).map(
      (one) => `${one.groupKey.slice(-3, -2)} ${one.outcome}`,
    );
  expect(await found('')).toEqual(['A delivered', 'B delivered', 'A failed']);
  expect(await found('outcome=failed')).toEqual(['A failed']);
  expect(await found('search=alertname=%5C%22b')).toEqual(['B delivered']);
  expect(await found('receiver=nobody')).toEqual([]);
  expect(await found(`from=${Date.UTC(2026, 0, 1, 0, 0, 2)}`)).toEqual(['A delivered']);
  expect(await found('limit=1')).toEqual(['A delivered']);
});

test('a message that failed is shown and can be sent again', async () => {
  const { call, post, at, script } = api();
  script.set('w', [400]);
  await post({ labels: { alertname: 'A' } });
  await at(1.5);
  const rows = (await call('GET', '/notifications/outbox')).json as { key: string; state: string }[];
  expect(rows.map((row) => row.state)).toEqual(['failed']);
  expect((await call('POST', '/notifications/outbox/resend', {})).status).toBe(400);
  expect((await call('POST', '/notifications/outbox/resend', { key: 'x' })).status).toBe(404);
  expect((await call('POST', '/notifications/outbox/resend', { key: rows[0]!.key })).status).toBe(202);
  await at(1.6);
  expect((await call('GET', '/notifications/outbox')).json).toEqual([]);
});

test('a receiver is tested, and shows its last delivery', async () => {
  const { call } = api();
  expect(await call('POST', '/receivers/w/test?resolve')).toMatchObject({
    status: 200,
    json: [{ integration: 'webhook', outcome: 'delivered' }],
  });
  expect((await call('POST', '/receivers/nobody/test')).status).toBe(404);
  expect((await call('GET', '/receivers')).json).toMatchObject([
    { name: 'w', lastDelivered: { reason: 'test', status: 'resolved' } },
  ]);
});

test('a template is tried on a group that is there, on a test message, and not on what is unknown', async () => {
  const templates = createTemplateSet({ now: () => 0 });
  const { notifier, at, post } = bench(
    {
      route: route({ group_by: ['alertname'], labels: { tier: 'one {{ .Status }}' } }),
      receivers: [hook('w')],
    },
    { templates },
  );
  const app = notificationRoutes({ notifier });
  const preview = async (body: unknown) => {
    const response = await app.request('/templates/preview', { method: 'POST', body: JSON.stringify(body) });
    return [response.status, await response.json()];
  };
  await post({ labels: { alertname: 'A', i: '<1>' } }, { labels: { alertname: 'A', i: '2' } });
  await at(1);
  const { fingerprint } = [...notifier.alerts()][0]!.alert;
  const template = '{{ .Receiver }} {{ len .Alerts }} {{ .GroupLabels.alertname }} {{ routeLabels "tier" }}';
  expect(await preview({ template, fingerprint })).toEqual([200, { text: 'w 2 A one firing' }]);
  const names = '{{ range .Alerts }}{{ .Labels.i }},{{ end }}';
  expect(await preview({ template: names, fingerprint, html: true })).toEqual([
    200,
    { text: '2,&lt;1&gt;,' },
  ]);
  expect(await preview({ template: '{{ .CommonLabels.alertname }}' })).toEqual([200, { text: 'BelfryTest' }]);
  expect(await preview({ template, fingerprint: '0000000000000000' })).toMatchObject([404, {}]);
  expect(await preview({ template: '{{ nope }}' })).toEqual([
    400,
    { error: expect.stringContaining('function "nope" not defined') },
  ]);
  expect(await preview({})).toMatchObject([400, {}]);
});
