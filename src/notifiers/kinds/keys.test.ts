import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { HttpClientConfig } from '../../config/http-client.ts';
import { type ReceiverKind, receiver } from '../../config/receivers/receiver.ts';
import { fakeClock } from '../../testing/fake-clock.ts';
import type { Notification } from '../notification.ts';
import type { HttpAnswer, HttpRequest } from './exchange.ts';
import { configOf, integrationOf, notification, resolved } from './kinds.fixture.ts';

/**
 * Every key that receivers of Alertmanager 0.34 have: each is accepted, and what goes out differs from what goes out without it.
 */

const folder = mkdtempSync(join(tmpdir(), 'belfry-keys-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (text: string): string => {
  const name = join(folder, `${text.replace(/\W/g, '-')}.txt`);
  writeFileSync(name, text);
  return name;
};

/** How a key is tried where its value alone does not do. */
interface Trial {
  /** In place of the kind's own. */
  readonly base?: object;
  /** Beside the base and the key. */
  readonly beside?: object;
  readonly value: unknown;
  readonly notification?: Notification;
  readonly answer?: (request: HttpRequest) => Partial<HttpAnswer>;
  /** Nobody answers; the clock goes on for a minute. */
  readonly hangs?: boolean;
}
const trial = (value: unknown, more: Omit<Trial, 'value'> = {}): Trial & { readonly isTrial: true } => ({
  value,
  ...more,
  isTrial: true,
});

interface KindKeys {
  /** What the kind cannot do without. */
  readonly base: object;
  readonly answer?: (request: HttpRequest) => Partial<HttpAnswer>;
  readonly keys: Readonly<Record<string, unknown>>;
}

const HTTP = { http_config: { proxy_url: 'http://proxy.test' } };
const HOOK = { webhook_url_file: trial(file('http://file.test/hook'), { base: {} }) };
const LONG: Notification = {
  ...notification,
  alerts: Array.from({ length: 3 }, () => notification.alerts[0]!),
};

const JIRA_ISSUE = { key: 'P-1', fields: { status: { statusCategory: { key: 'new' } } } };
const JIRA_DONE = { key: 'P-1', fields: { status: { statusCategory: { key: 'done' } } } };
const jira =
  (issue: object | undefined) =>
  ({ url, method }: HttpRequest): Partial<HttpAnswer> => ({
    body: JSON.stringify(
      url.endsWith('search')
        ? { issues: issue ? [issue] : [] }
        : method === 'GET'
          ? { transitions: [{ id: '7', name: 'Go' }] }
          : {},
    ),
  });

const ATTACHMENT = {
  fallback: 'T',
  color: 'T',
  pretext: 'T',
  text: 'T',
  author_name: 'T',
  author_link: 'T',
  author_icon: 'T',
  title: 'T',
  title_link: 'T',
  fields: [{ title: 'a', value: 'b', short: true }],
  thumb_url: 'T',
  footer: 'T',
  footer_icon: 'T',
  image_url: 'T',
};

const kinds: Readonly<Record<ReceiverKind, KindKeys>> = {
  webhook: {
    base: { url: 'http://hook.test' },
    keys: {
      ...HTTP,
      url: 'http://other.test',
      url_file: trial(file('http://file.test/hook'), { base: {} }),
      max_alerts: trial(1, { notification: LONG }),
      timeout: trial('5s', { hangs: true }),
      payload: { a: '{{ .Status }}' },
    },
  },
  email: {
    base: { to: 'a@b.test', from: 'm@b.test', smarthost: 'mail.test:25', threading: { enabled: false } },
    keys: {
      to: 'c@b.test',
      from: 'n@b.test',
      hello: 'me.test',
      smarthost: 'other.test:26',
      auth_username: 'u',
      auth_password: 'p',
      auth_password_file: file('file password'),
      auth_secret: 's',
      auth_secret_file: file('file secret'),
      auth_identity: 'i',
      headers: { 'X-Team': '{{ .Status }}' },
      html: '<b>{{ .Status }}</b>',
      text: '{{ .Status }}',
      require_tls: false,
      tls_config: { server_name: 's.test' },
      force_implicit_tls: true,
      threading: { enabled: true, thread_by_date: 'daily' },
    },
  },
  slack: {
    base: { api_url: 'https://slack.test/hook' },
    answer: () => ({ body: 'ok' }),
    keys: {
      ...HTTP,
      api_url: 'https://slack.test/other',
      api_url_file: trial(file('https://file.test/hook'), { base: {} }),
      app_token: trial('xoxb-t', { base: { channel: '#c' } }),
      app_token_file: trial(file('xoxb-file'), { base: { channel: '#c' } }),
      app_url: trial('https://app.test/chat.postMessage', { base: { channel: '#c', app_token: 'xoxb-t' } }),
      channel: '#x',
      username: 'T',
      color: 'T',
      title: 'T',
      title_link: 'T',
      pretext: 'T',
      text: 'T',
      message_text: 'T',
      fields: [{ title: 'a', value: 'b' }],
      short_fields: trial(true, { beside: { fields: [{ title: 'a', value: 'b' }] } }),
      footer: 'T',
      fallback: 'T',
      callback_id: 'T',
      icon_emoji: 'T',
      icon_url: 'T',
      image_url: 'T',
      thumb_url: 'T',
      link_names: true,
      mrkdwn_in: ['text'],
      actions: [
        {
          type: 'button',
          text: 'x',
          url: 'T',
          style: 'danger',
          name: 'n',
          value: 'v',
          confirm: { text: 'q', title: 't', ok_text: 'o', dismiss_text: 'd' },
        },
      ],
      update_message: trial(true, {
        base: { channel: '#c', api_url: 'https://slack.com/api/chat.postMessage' },
        notification: { ...notification, data: { threadTs: '1.2', channelId: 'C1' } },
        answer: () => ({ headers: { 'content-type': 'application/json' }, body: '{"ok":true}' }),
      }),
      timeout: trial('5s', { hangs: true }),
    },
  },
  pagerduty: {
    base: { routing_key: 'k' },
    keys: {
      ...HTTP,
      routing_key: 'other',
      routing_key_file: trial(file('file key'), { base: {} }),
      service_key: trial('v1', { base: {} }),
      service_key_file: trial(file('file service key'), { base: {} }),
      url: 'http://pager.test/',
      client: 'T',
      client_url: 'T',
      description: 'T',
      details: { a: { b: 'T' } },
      images: [{ src: 's', alt: 'a', href: 'h' }],
      links: [{ href: 'h', text: 't' }],
      source: 'T',
      severity: 'T',
      class: 'T',
      component: 'T',
      group: 'T',
      timeout: trial('5s', { hangs: true }),
    },
  },
  discord: {
    base: { webhook_url: 'http://discord.test' },
    keys: {
      ...HTTP,
      ...HOOK,
      webhook_url: 'http://other.test',
      content: 'T',
      title: 'T',
      message: 'T',
      username: 'T',
      avatar_url: 'http://image.test',
    },
  },
  incidentio: {
    base: { url: 'http://incident.test', alert_source_token: 't' },
    keys: {
      ...HTTP,
      url: 'http://other.test',
      url_file: trial(file('http://file.test/incident'), { base: { alert_source_token: 't' } }),
      alert_source_token: 'other',
      alert_source_token_file: trial(file('file token'), { base: { url: 'http://incident.test' } }),
      max_alerts: trial(1, { notification: LONG }),
      timeout: trial('5s', { hangs: true }),
    },
  },
  jira: {
    base: { api_url: 'http://jira.test/rest/api/2', project: 'P', issue_type: 'Bug' },
    answer: jira(undefined),
    keys: {
      ...HTTP,
      api_url: 'http://other.test/rest/api/2',
      api_type: trial('cloud', { answer: () => ({ body: '{}' }) }),
      project: 'Q',
      issue_type: 'Task',
      summary: 'T',
      description: { template: 'T', enable_update: false },
      labels: ['T'],
      priority: 'T',
      reopen_transition: trial('Go', { answer: jira(JIRA_DONE), beside: { reopen_duration: '1h' } }),
      resolve_transition: trial('Go', { answer: jira(JIRA_ISSUE), notification: resolved }),
      wont_fix_resolution: "Won't do",
      reopen_duration: trial('1h', { beside: { reopen_transition: 'Go' } }),
      fields: { customfield_1: 'T' },
    },
  },
  mattermost: {
    base: { webhook_url: 'http://chat.test' },
    keys: {
      ...HTTP,
      ...HOOK,
      ...ATTACHMENT,
      webhook_url: 'http://other.test',
      channel: 'T',
      username: 'T',
      icon_url: 'T',
      icon_emoji: 'T',
      attachments: [ATTACHMENT],
      type: 'custom_x',
      props: { card: 'T' },
      priority: { priority: 'urgent', requested_ack: true, persistent_notifications: true },
    },
  },
  msteams: {
    base: { webhook_url: 'http://teams.test' },
    keys: { ...HTTP, ...HOOK, webhook_url: 'http://other.test', title: 'T', summary: 'T', text: 'T' },
  },
  msteamsv2: {
    base: { webhook_url: 'http://teams.test' },
    keys: { ...HTTP, ...HOOK, webhook_url: 'http://other.test', title: 'T', text: 'T' },
  },
  opsgenie: {
    base: { api_key: 'k' },
    keys: {
      ...HTTP,
      api_key: 'other',
      api_key_file: trial(file('file genie'), { base: {} }),
      api_url: 'http://genie.test/',
      message: 'T',
      description: 'T',
      source: 'T',
      details: { a: 'T' },
      entity: 'T',
      responders: [{ name: 'a', type: 'team' }],
      actions: 'a,b',
      tags: 'a,b',
      note: 'T',
      priority: 'P1',
      update_alerts: true,
    },
  },
  pushover: {
    base: { user_key: 'u', token: 't' },
    keys: {
      ...HTTP,
      user_key: 'other',
      user_key_file: trial(file('file user'), { base: { token: 't' } }),
      token: 'other',
      token_file: trial(file('file app'), { base: { user_key: 'u' } }),
      title: 'T',
      message: 'T',
      url: 'http://link.test',
      url_title: 'T',
      device: 'T',
      sound: 'T',
      priority: '1',
      retry: '5m',
      expire: '5h',
      ttl: '10m',
      html: true,
      monospace: true,
    },
  },
  rocketchat: {
    base: { api_url: 'http://rocket.test', token: 't', token_id: 'i' },
    answer: () => ({ body: '{"success":true}' }),
    keys: {
      ...HTTP,
      api_url: 'http://other.test',
      token_id: 'other',
      token_id_file: trial(file('file id'), { base: { api_url: 'http://rocket.test', token: 't' } }),
      token: 'other',
      token_file: trial(file('file rocket'), { base: { api_url: 'http://rocket.test', token_id: 'i' } }),
      channel: 'T',
      color: 'T',
      title: 'T',
      title_link: 'T',
      text: 'T',
      fields: [{ title: 'a', value: 'b' }],
      short_fields: trial(true, { beside: { fields: [{ title: 'a', value: 'b' }] } }),
      emoji: 'T',
      icon_url: 'T',
      image_url: 'T',
      thumb_url: 'T',
      actions: [{ type: 'button', text: 't', url: 'u', msg: 'm' }],
    },
  },
  sns: {
    base: { topic_arn: 'T', sigv4: { region: 'r', access_key: 'A', secret_key: 'S' } },
    keys: {
      ...HTTP,
      api_url: 'http://sns.test/',
      sigv4: { region: 'other', access_key: 'A', secret_key: 'S' },
      topic_arn: 'U',
      phone_number: trial('+1', { base: { sigv4: { region: 'r', access_key: 'A', secret_key: 'S' } } }),
      target_arn: trial('V', { base: { sigv4: { region: 'r', access_key: 'A', secret_key: 'S' } } }),
      subject: 'T',
      message: 'T',
      attributes: { a: 'T' },
    },
  },
  telegram: {
    base: { bot_token: 't', chat_id: 1, message: 'x<y' },
    answer: () => ({ body: '{"ok":true}' }),
    keys: {
      ...HTTP,
      api_url: 'http://telegram.test',
      bot_token: 'other',
      bot_token_file: trial(file('file bot'), { base: { chat_id: 1 } }),
      chat_id: 2,
      chat_id_file: trial(file('-42'), { base: { bot_token: 't' } }),
      message_thread_id: 3,
      message: 'T',
      disable_notifications: true,
      parse_mode: 'MarkdownV2',
    },
  },
  victorops: {
    base: { api_key: 'k', routing_key: 'r' },
    keys: {
      ...HTTP,
      api_key: 'other',
      api_key_file: trial(file('file victor'), { base: { routing_key: 'r' } }),
      api_url: 'http://victor.test/',
      routing_key: 'other',
      message_type: 'WARNING',
      state_message: 'T',
      entity_display_name: 'T',
      monitoring_tool: 'T',
      custom_fields: { a: 'T' },
    },
  },
  webex: {
    base: { room_id: 'r', http_config: { authorization: { credentials: 'c' } } },
    keys: {
      http_config: { authorization: { credentials: 'other' } },
      api_url: 'http://webex.test',
      message: 'T',
      room_id: 'other',
    },
  },
  wechat: {
    base: { api_secret: 's', corp_id: 'c' },
    answer: ({ url }) => ({ body: url.includes('gettoken') ? '{"access_token":"x"}' : '{"errcode":0}' }),
    keys: {
      ...HTTP,
      api_secret: 'other',
      api_secret_file: trial(file('file wechat'), { base: { corp_id: 'c' } }),
      corp_id: 'other',
      message: 'T',
      api_url: 'http://wechat.test/',
      to_user: 'T',
      to_party: 'T',
      to_tag: 'T',
      agent_id: 'T',
      message_type: 'markdown',
    },
  },
};

/** Where a key may be absent only because it is given for all. */
const GLOBAL: Partial<Record<ReceiverKind, object>> = {
  opsgenie: { opsgenie_api_key: 'g' },
  victorops: { victorops_api_key: 'g' },
  slack: { slack_api_url: 'https://g.test/hook' },
};

/** There is one client here for all kinds, and upstream sends no `link_names` either. */
const WITHOUT_EFFECT: Partial<Record<ReceiverKind, readonly string[]>> = {
  sns: ['use_aws_http_client'],
  rocketchat: ['link_names'],
};

/** What a receiver with these keys sends, and how; what a mail server sees of its keys is in smtp.test.ts. */
async function sent(kind: ReceiverKind, keys: object, how: Partial<Trial>): Promise<unknown> {
  const asked: (HttpRequest & { readonly via: HttpClientConfig })[] = [];
  const mails: unknown[] = [];
  const clock = fakeClock(Date.UTC(2026, 0, 1));
  const config = configOf(kind, keys, GLOBAL[kind]);
  const way = integrationOf(kind, config, {
    clock,
    http(request, via, signal) {
      asked.push({ ...request, via });
      if (how.hangs)
        return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('cut'))));
      return Promise.resolve({ status: 200, headers: {}, body: '', ...how.answer?.(request) });
    },
    async mail(mail, { send_resolved: _, headers: _headers, html: _html, text: _text, to: _to, ...via }) {
      const source = mail.source.toString().replace(/(Message-I[dD]: |boundary="?|^--).*/gm, '$1');
      mails.push({ ...mail, source, via });
      return { kind: 'delivered', answer: '' };
    },
  });
  const attempt = way.attempt(how.notification ?? notification, AbortSignal.timeout(60_000));
  const outcome = how.hangs
    ? await Promise.race([attempt, clock.advance('1m').then(() => 'still waiting')])
    : await attempt;
  return { asked, mails, outcome };
}

const isTrial = (value: unknown): value is Trial =>
  typeof value === 'object' && value !== null && 'isTrial' in value;

describe.each(Object.entries(kinds) as [ReceiverKind, KindKeys][])('%s', (kind, { base, answer, keys }) => {
  test('has all keys of upstream, and send_resolved', () => {
    const known = Object.keys(
      receiver.unwrap().shape[`${kind}_configs`].unwrap().element.unwrap().shape,
    ).sort();
    expect([...Object.keys(keys), 'send_resolved', ...(WITHOUT_EFFECT[kind] ?? [])].sort()).toEqual(known);
  });

  test.each(Object.entries(keys))('%s', async (key, given) => {
    const how: Trial = isTrial(given) ? given : { value: given };
    const without = { ...(how.base ?? base), ...how.beside };
    const trying = { answer, ...how };
    const before = await sent(kind, without, trying).catch((error: unknown) => String(error));
    const after = await sent(kind, { ...without, [key]: how.value }, trying);
    expect(after).not.toEqual(before);
    if (!how.hangs) expect(after).toMatchObject({ outcome: { kind: 'delivered' } });
    const again = await sent(kind, { ...without, [key]: how.value }, trying);
    expect(again).toEqual(after);
  });

  test('send_resolved', () => {
    for (const send_resolved of [true, false]) {
      const made = integrationOf(kind, configOf(kind, { ...base, send_resolved }));
      expect(made.sendResolved).toBe(send_resolved);
    }
  });
});
