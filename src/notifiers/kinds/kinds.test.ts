import { expect, test } from 'vitest';
import type { PagerdutyConfig } from '../../config/receivers/pagerduty.ts';
import type { SlackConfig } from '../../config/receivers/slack.ts';
import { plainHttp, webhook } from '../notifier.fixture.ts';
import { notification, render, renderFor, talk } from './kinds.fixture.ts';
import { pagerdutyMessage } from './pagerduty.ts';
import { slackMessage } from './slack.ts';
import { webhookMessage } from './webhook.ts';

test('the webhook payload is version 4, byte for byte', () => {
  const { request } = talk(webhookMessage(webhook('http://sink/{{ .Status }}'), notification, renderFor));
  expect(request.url).toBe('http://sink/firing');
  expect(request.body).toBe(
    '{"receiver":"team\\\\.x","status":"firing","alerts":[' +
      '{"status":"firing","labels":{"alertname":"HighLoad","instance":"web-1","severity":"critical"},' +
      '"annotations":{"summary":"Load on web-1 \\u003chigh\\u003e \\u0026 rising"},' +
      '"startsAt":"2026-01-02T03:04:05.678Z","endsAt":"0001-01-01T00:00:00Z",' +
      '"generatorURL":"http://prom.test/graph?a=1\\u0026b=2","fingerprint":"f-web-1"},' +
      '{"status":"resolved","labels":{"alertname":"HighLoad","instance":"web-2","severity":"critical"},' +
      '"annotations":{"summary":"Load on web-2 \\u003chigh\\u003e \\u0026 rising"},' +
      '"startsAt":"2026-01-02T03:04:05.678Z","endsAt":"2026-01-02T04:00:00Z",' +
      '"generatorURL":"http://prom.test/graph?a=1\\u0026b=2","fingerprint":"f-web-2"}],' +
      '"notification_reason":"first notification","groupLabels":{"alertname":"HighLoad"},' +
      '"commonLabels":{"alertname":"HighLoad","severity":"critical"},"commonAnnotations":{},' +
      '"routeLabels":{"tier":"one"},"externalURL":"http://belfry.test","version":"4",' +
      '"groupKey":"{}:{alertname=\\"HighLoad\\"}","truncatedAlerts":0}\n',
  );
});

test('max_alerts cuts before common labels are computed', () => {
  const { json } = talk(webhookMessage(webhook('http://sink/', { max_alerts: 1 }), notification, renderFor));
  expect(json).toMatchObject({ truncatedAlerts: 1, commonLabels: { instance: 'web-1' } });
  expect(json.alerts).toHaveLength(1);
});

test('an own payload is rendered, and what it renders to is read as YAML', () => {
  const payload = {
    text: '{{ .Status }}',
    n: '{{ len .Alerts }}',
    labels: '{{ .GroupLabels | toJson }}',
    '{{ .Status }}': [1, true, '{{ eq .Status "firing" }}', '{{ .CommonLabels.nothing }}'],
    note: 'Status: {{ .Status }}',
    json: '{"n": "1", "m": 1, "id": "value:"}',
  };
  const { json } = talk(webhookMessage(webhook('http://sink/', { payload }), notification, renderFor));
  expect(json).toEqual({
    text: 'firing',
    n: 2,
    labels: { alertname: 'HighLoad' },
    firing: [1, true, true, null],
    note: { Status: 'firing' },
    json: { n: '1', m: 1, id: 'value:' },
  });
});

test('an address that renders to nothing cannot be sent to', () => {
  expect(() => webhookMessage(webhook('{{ .CommonLabels.url }}'), notification, renderFor)).toThrow(
    'webhook URL is empty after templating',
  );
});

const slack = (more: Partial<SlackConfig> = {}): SlackConfig => ({
  api_url: 'http://slack.test/hook',
  app_url: '',
  channel: '#alerts',
  username: '{{ template "slack.default.username" . }}',
  color: '{{ template "slack.default.color" . }}',
  title: '{{ template "slack.default.title" . }}',
  title_link: '{{ template "slack.default.titlelink" . }}',
  pretext: '',
  text: '{{ range .Alerts }}{{ .Annotations.summary }};{{ end }}',
  message_text: '',
  fields: [],
  short_fields: false,
  footer: '',
  fallback: 'f',
  callback_id: '',
  icon_emoji: '',
  icon_url: '',
  image_url: '',
  thumb_url: '',
  link_names: false,
  mrkdwn_in: [],
  actions: [],
  update_message: false,
  timeout: 0,
  send_resolved: true,
  http_config: plainHttp,
  ...more,
});

test('a Slack message leaves out what is empty', () => {
  const { request, json } = talk(slackMessage(slack(), notification, render));
  expect(request.url).toBe('http://slack.test/hook');
  expect(json).toEqual({
    channel: '#alerts',
    username: expect.any(String),
    attachments: [
      {
        title: expect.stringContaining('HighLoad'),
        title_link: expect.stringContaining('http://belfry.test/#/alerts?receiver='),
        text: 'Load on web-1 <high> & rising;Load on web-2 <high> & rising;',
        fallback: 'f',
        callback_id: '',
        footer: '',
        color: 'danger',
        mrkdwn_in: ['fallback', 'pretext', 'text'],
      },
    ],
  });
});

test('Slack fields, actions and long titles', () => {
  const { json } = talk(
    slackMessage(
      slack({
        title: 'é'.repeat(1100),
        short_fields: true,
        fields: [
          { title: 'S', value: '{{ .Status }}' },
          { title: 'T', value: 'v', short: false },
        ],
        actions: [
          { type: 'button', text: 'Go', url: 'http://x', confirm: { text: 'sure?', ok_text: 'yes' } },
        ],
      }),
      notification,
      render,
    ),
  );
  const [attachment] = json.attachments;
  expect([...attachment.title]).toHaveLength(1024);
  expect(attachment.title.endsWith('é…')).toBe(true);
  expect(attachment.fields).toEqual([
    { title: 'S', value: 'firing', short: true },
    { title: 'T', value: 'v', short: false },
  ]);
  expect(attachment.actions).toEqual([
    { type: 'button', text: 'Go', url: 'http://x', confirm: { text: 'sure?', ok_text: 'yes' } },
  ]);
});

const json = { 'content-type': 'application/json; charset=utf-8' };

test.each([
  ['ok', {}, 'delivered', undefined],
  ['no_text', {}, 'rejected', 'channel "#alerts": received an error response from Slack: no_text'],
  [
    '{"ok":false,"error":"no_channel"}',
    { headers: json },
    'rejected',
    'channel "#alerts": error response from Slack: no_channel',
  ],
  ['{"ok"', { headers: json }, 'retry', 'channel "#alerts": could not unmarshal JSON response "{\\"ok\\""'],
  ['late', { status: 429 }, 'rejected', 'channel "#alerts": unexpected status code 429: late'],
  ['down', { status: 502 }, 'retry', 'channel "#alerts": unexpected status code 502: down'],
])('Slack answering %j', (body, answer, kind, message) => {
  const { outcome } = talk(slackMessage(slack(), notification, render), { body, ...answer });
  expect(outcome).toMatchObject({ kind, ...(message && { message }) });
});

test('Slack messages are updated in place when asked for', () => {
  const config = slack({ update_message: true, api_url: 'https://slack.com/api/chat.postMessage' });
  const first = talk(slackMessage(config, notification, render), {
    headers: json,
    body: '{"ok":true,"ts":"1.2","channel":"C1"}',
  });
  expect(first.outcome).toMatchObject({ kind: 'delivered', data: { threadTs: '1.2', channelId: 'C1' } });
  const data = { threadTs: '1.2', channelId: 'C1' };
  const second = talk(slackMessage(config, { ...notification, data }, render));
  expect(second.request.url).toBe('https://slack.com/api/chat.update');
  expect(second.json).toMatchObject({ channel: 'C1', ts: '1.2' });
});

const pagerduty = (more: Partial<PagerdutyConfig> = {}): PagerdutyConfig => ({
  routing_key: 'RK',
  url: 'http://pd.test/v2',
  client: 'C',
  client_url: 'http://c.test',
  description: '{{ .CommonLabels.alertname }}',
  details: { num_firing: '{{ .Alerts.Firing | len }}' },
  images: [{ src: 'http://img', alt: 'A' }, { src: '' }],
  links: [{ href: 'http://l', text: 'L' }, { text: 'gone' }],
  source: 'src',
  severity: '{{ .CommonLabels.severity }}',
  timeout: 0,
  send_resolved: true,
  http_config: plainHttp,
  ...more,
});

test('a PagerDuty event of version 2', () => {
  const { request, json: event } = talk(pagerdutyMessage(pagerduty(), notification, render));
  expect(request.url).toBe('http://pd.test/v2');
  expect(event).toEqual({
    routing_key: 'RK',
    dedup_key: expect.stringMatching(/^[0-9a-f]{64}$/),
    event_action: 'trigger',
    payload: {
      summary: 'HighLoad',
      source: 'src',
      severity: 'critical',
      custom_details: { num_firing: '1' },
    },
    client: 'C',
    client_url: 'http://c.test',
    images: [{ src: 'http://img', alt: 'A', href: '' }],
    links: [{ href: 'http://l', text: 'L' }],
  });
});

test('a PagerDuty event of version 1 is made from a service key; resolving leaves out the client', () => {
  const config = pagerduty({ routing_key: undefined, service_key: 'SK' });
  const resolved = { ...notification, alerts: notification.alerts.slice(1) };
  const { request, json: event } = talk(pagerdutyMessage(config, resolved, renderFor(resolved)));
  expect(request.url).toBe('https://events.pagerduty.com/generic/2010-04-15/create_event.json');
  expect(event).toEqual({
    service_key: 'SK',
    incident_key: expect.any(String),
    event_type: 'resolve',
    description: 'HighLoad',
    event_action: '',
    payload: null,
    details: { num_firing: '0' },
  });
});

test.each([
  ['v2', {}, 429, 'retry'],
  ['v2', {}, 403, 'rejected'],
  ['v1', { routing_key: undefined, service_key: 'k' }, 403, 'retry'],
  ['v1', { routing_key: undefined, service_key: 'k' }, 429, 'rejected'],
])('PagerDuty %s: a status worth another try', (_, more, status, kind) => {
  expect(talk(pagerdutyMessage(pagerduty(more), notification, render), { status }).outcome).toMatchObject({
    kind,
  });
});

test('what PagerDuty says about a bad event is told', () => {
  const body = '{"status":"invalid event","message":"Event object is invalid","errors":["a","b"]}';
  expect(talk(pagerdutyMessage(pagerduty(), notification, render), { status: 400, body }).outcome).toEqual({
    kind: 'rejected',
    reason: 'clientError',
    message: 'unexpected status code 400: Event object is invalid: a,b',
  });
});

test('details that make an event too large are left out', () => {
  const { json: event } = talk(
    pagerdutyMessage(pagerduty({ details: { x: 'y'.repeat(600_000) } }), notification, render),
  );
  expect(event.payload.custom_details).toEqual({
    error: 'Custom details have been removed because the original event exceeds the maximum size of 512KB',
  });
});
