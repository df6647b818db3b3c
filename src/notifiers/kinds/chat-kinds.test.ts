import { expect, test } from 'vitest';
import { discordMessage } from './discord.ts';
import { configOf, converse, notification, render, resolved } from './kinds.fixture.ts';
import { mattermostMessage } from './mattermost.ts';
import { Memory } from './memory.ts';
import { msteamsMessage, msteamsv2Message } from './msteams.ts';
import { rocketchatMessage } from './rocketchat.ts';
import { telegramMessage } from './telegram.ts';
import { webexMessage } from './webex.ts';
import { wechatMessage } from './wechat.ts';

const TITLE = '[FIRING:1] HighLoad (critical)';
const LINK = 'http://belfry.test/#/alerts?receiver=team%5C.x';
const json = { 'Content-Type': 'application/json' };

test('Discord: an embed with the usual texts', () => {
  const config = configOf('discord', {
    webhook_url: 'http://discord.test/w',
    username: 'B',
    avatar_url: 'nope',
  });
  const { asked, outcome } = converse(discordMessage(config, notification, render), [{ status: 204 }]);
  expect(asked).toEqual([
    {
      method: 'POST',
      url: 'http://discord.test/w',
      headers: json,
      body: {
        content: '',
        embeds: [{ title: TITLE, description: expect.stringContaining('Alerts Firing:\n'), color: 0x992d22 }],
        username: 'B',
      },
    },
  ]);
  expect(outcome.kind).toBe('delivered');
});

test('Discord: what is too long is cut, what is over is green, 429 is final', () => {
  const config = configOf('discord', {
    webhook_url: 'http://discord.test/w',
    title: 't'.repeat(300),
    message: 'm'.repeat(5000),
    content: 'c'.repeat(3000),
    avatar_url: 'http://img.test/a.png',
  });
  const { asked, outcome } = converse(discordMessage(config, resolved, render), [
    { status: 429, body: 'slow' },
  ]);
  const { content, embeds, avatar_url } = asked[0]!.body as {
    content: string;
    embeds: [{ title: string; description: string; color: number }];
    avatar_url: string;
  };
  expect([content, embeds[0].title, embeds[0].description].map((one) => one.length)).toEqual([
    2000, 256, 4096,
  ]);
  expect(embeds[0].title.endsWith('t…')).toBe(true);
  expect(embeds[0].color).toBe(0x2ecc71);
  expect(avatar_url).toBe('http://img.test/a.png');
  expect(outcome).toEqual({
    kind: 'rejected',
    reason: 'rateLimited',
    message: 'unexpected status code 429: slow',
  });
});

test('Microsoft Teams: a message card', () => {
  const config = configOf('msteams', { webhook_url: 'http://teams.test/w', text: '{{ .Status }}' });
  expect(converse(msteamsMessage(config, notification, render)).asked[0]!.body).toEqual({
    '@context': 'http://schema.org/extensions',
    type: 'MessageCard',
    title: TITLE,
    summary: TITLE,
    text: 'firing',
    themeColor: '8C1A1A',
  });
});

test('Microsoft Teams: an adaptive card', () => {
  const config = configOf('msteamsv2', { webhook_url: 'http://teams.test/w', text: '{{ .Status }}' });
  expect(converse(msteamsv2Message(config, resolved, render)).asked[0]!.body).toEqual({
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        contentUrl: null,
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.2',
          body: [
            {
              type: 'TextBlock',
              text: TITLE,
              weight: 'Bolder',
              size: 'Medium',
              wrap: true,
              style: 'heading',
              color: 'Good',
            },
            { type: 'TextBlock', text: 'firing', wrap: true },
          ],
          msteams: { width: 'full' },
        },
      },
    ],
  });
});

test('Microsoft Teams: workflows take the global proxy', () => {
  const global = { http_config: { proxy_url: 'http://proxy.test:3128' } };
  const keys = { webhook_url: 'http://teams.test/w', http_config: { follow_redirects: false } };
  expect(configOf('msteamsv2', keys, global).http_config).toMatchObject({
    proxy_url: 'http://proxy.test:3128',
    follow_redirects: false,
  });
  expect(configOf('msteams', keys, global).http_config.proxy_url).toBeUndefined();
});

test('Webex: Markdown of at most 7439 bytes', () => {
  const keys = { room_id: 'R', http_config: { authorization: { credentials: 'x' } } };
  const config = configOf('webex', { ...keys, message: 'é'.repeat(5000) });
  const { asked } = converse(webexMessage(config, notification, render));
  expect(asked[0]!.url).toBe('https://webexapis.com/v1/messages');
  const { markdown, roomId } = asked[0]!.body as { markdown: string; roomId: string };
  expect(roomId).toBe('R');
  expect(Buffer.byteLength(markdown)).toBe(7439);
  expect(markdown).toBe(`${'é'.repeat(3718)}…`);
});

const bot = { bot_token: '12:abc', chat_id: -100 };

test('Telegram: HTML, escaped', () => {
  const config = configOf('telegram', {
    ...bot,
    message: '<b>{{ (index .Alerts 0).Annotations.summary }}</b>',
    message_thread_id: 7,
    disable_notifications: true,
  });
  const said = { body: '{"ok":true,"result":{"message_id":1,"chat":{"id":-100}}}' };
  const { asked, outcome } = converse(telegramMessage(config, notification, render), [said]);
  expect(asked[0]).toMatchObject({
    url: 'https://api.telegram.org/bot12:abc/sendMessage',
    body: {
      chat_id: '-100',
      disable_notification: 'true',
      disable_web_page_preview: 'true',
      message_thread_id: '7',
      parse_mode: 'HTML',
      text: '<b>Load on web-1 &lt;high&gt; &amp; rising</b>',
    },
  });
  expect(outcome.kind).toBe('delivered');
});

test('Telegram: HTML that is too long cannot be cut and is said so; other text is cut', () => {
  const textOf = (keys: object): string => {
    const config = configOf('telegram', { ...bot, message: 'x'.repeat(5000), ...keys });
    const { asked } = converse(telegramMessage(config, notification, render), [{ body: '{"ok":true}' }]);
    return (asked[0]!.body as { text: string }).text;
  };
  expect(textOf({})).toMatch(/longer than the 4096 characters/);
  expect(textOf({ parse_mode: 'MarkdownV2' })).toBe(`${'x'.repeat(4095)}…`);
});

test.each([
  [
    400,
    '{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}',
    'clientError',
    'telegram: Bad Request: chat not found (400)',
  ],
  [
    401,
    '{"ok":false,"error_code":401,"description":"Unauthorized"}',
    'authError',
    'telegram: Unauthorized (401)',
  ],
  [
    429,
    '{"ok":false,"error_code":429,"description":"Too Many Requests"}',
    'rateLimited',
    'telegram: Too Many Requests (429)',
  ],
  [502, '<html>', 'serverError', 'unexpected answer with status code 502: <html>'],
  [200, 'what', 'other', 'unexpected answer with status code 200: what'],
])('Telegram: %d %s is tried again', (status, body, reason, message) => {
  const config = configOf('telegram', bot);
  const { outcome } = converse(telegramMessage(config, notification, render), [{ status, body }]);
  expect(outcome).toEqual({ kind: 'retry', reason, message });
});

test('Telegram: a chat that is no number is not sent to', () => {
  const config = { ...configOf('telegram', bot), chat_id: 'me' as unknown as number };
  expect(() => converse(telegramMessage(config, notification, render))).toThrow(
    'expected a number as chat_id, got "me"',
  );
});

const rocket = { token: 'T', token_id: 'I', channel: '#ops' };

test('Rocket.Chat: an attachment, the user in headers', () => {
  const config = configOf('rocketchat', {
    ...rocket,
    api_url: 'http://chat.test/',
    short_fields: true,
    fields: [
      { title: 'S', value: '{{ .Status }}' },
      { title: 'T', short: false },
    ],
    actions: [{ text: 'Go', url: 'http://go.test', msg: 'hi' }],
  });
  const { asked, outcome } = converse(rocketchatMessage(config, notification, render), [
    { body: '{"success":true}' },
  ]);
  expect(asked).toEqual([
    {
      method: 'POST',
      url: 'http://chat.test/api/v1/chat.postMessage',
      headers: { ...json, 'X-Auth-Token': 'T', 'X-User-Id': 'I' },
      body: {
        channel: '#ops',
        attachments: [
          {
            title: TITLE,
            title_link: LINK,
            color: 'red',
            fields: [
              { short: true, title: 'S', value: 'firing' },
              { short: false, title: 'T' },
            ],
            actions: [
              {
                type: 'button',
                text: 'Go',
                url: 'http://go.test',
                is_webview: false,
                msg: 'hi',
                msg_in_chat_window: false,
              },
            ],
          },
        ],
      },
    },
  ]);
  expect(outcome.kind).toBe('delivered');
});

test.each([
  [200, '{"success":false,"error":"no-channel"}', 'rejected', 'error response from Rocketchat: no-channel'],
  [200, 'oops', 'retry', 'could not unmarshal JSON response "oops"'],
  [401, 'who', 'rejected', 'unexpected status code 401: who'],
  [503, 'down', 'retry', 'unexpected status code 503: down'],
])('Rocket.Chat answering %d %s', (status, body, kind, message) => {
  const { outcome } = converse(rocketchatMessage(configOf('rocketchat', rocket), notification, render), [
    { status, body },
  ]);
  expect(outcome).toMatchObject({ kind, message: `channel "#ops": ${message}` });
});

test('Mattermost: one attachment of the usual texts', () => {
  const config = configOf(
    'mattermost',
    { channel: 'ops', text: 'T {{ .Status }}', fields: [{ title: 'a', value: 'b', short: true }] },
    { mattermost_webhook_url: 'http://mm.test/hook' },
  );
  const { asked } = converse(mattermostMessage(config, notification, render));
  expect(asked[0]).toMatchObject({ url: 'http://mm.test/hook' });
  expect(asked[0]!.body).toEqual({
    channel: 'ops',
    username: 'Alertmanager',
    attachments: [
      {
        fallback: `${TITLE} | ${LINK}`,
        color: 'danger',
        text: 'T firing',
        title: TITLE,
        title_link: LINK,
        fields: [{ title: 'a', value: 'b', short: true }],
      },
    ],
  });
});

test.each([
  [
    { priority: 'URGENT', requested_ack: true, persistent_notifications: true },
    { priority: 'urgent', requested_ack: true, persistent_notifications: true },
  ],
  [
    { priority: 'important', requested_ack: true, persistent_notifications: true },
    { priority: 'important', requested_ack: true },
  ],
  [{ priority: 'so-so', requested_ack: true }, { priority: 'standard' }],
])('Mattermost: own attachments, and priority %j as far as it is allowed', (priority, sent) => {
  const config = configOf('mattermost', {
    webhook_url: 'http://mm.test/hook',
    text: 'x'.repeat(20_000),
    attachments: [{ title: '{{ .Status }}' }, { text: 'two' }],
    props: { card: 'C {{ .Status }}' },
    priority,
  });
  const { asked } = converse(mattermostMessage(config, notification, render));
  expect(asked[0]!.body).toEqual({
    text: `${'x'.repeat(16_382)}…`,
    username: 'Alertmanager',
    attachments: [{ title: 'firing' }, { text: 'two' }],
    props: { card: 'C firing' },
    priority: sent,
  });
});

const company = {
  corp_id: 'C',
  api_secret: 'S',
  api_url: 'http://wx.test/cgi-bin',
  to_user: '@all',
  agent_id: '1',
};

test('WeChat: a token first, kept for two hours, asked for anew when it is over', () => {
  const memory = new Memory();
  let now = 1_000_000;
  const send = (answers: { body: string; status?: number }[]) =>
    converse(
      wechatMessage(configOf('wechat', { ...company, message: 'M' }), notification, render, {
        memory,
        now: () => now,
      }),
      answers,
    );
  const token = { body: '{"errcode":0,"access_token":"tok"}' };
  const fine = { body: '{"errcode":0,"errmsg":"ok"}' };
  const first = send([token, fine]);
  expect(first.asked).toEqual([
    { method: 'GET', url: 'http://wx.test/cgi-bin/gettoken?corpid=C&corpsecret=S', headers: {}, body: '' },
    {
      method: 'POST',
      url: 'http://wx.test/cgi-bin/message/send?access_token=tok',
      headers: json,
      body: {
        text: { content: 'M' },
        touser: '@all',
        agentid: '1',
        safe: '0',
        msgtype: 'text',
        markdown: { content: '' },
      },
    },
  ]);
  expect(first.outcome.kind).toBe('delivered');
  expect(send([fine]).asked).toHaveLength(1);
  const expired = send([{ body: '{"errcode":42001,"errmsg":"expired"}' }]);
  expect(expired.outcome).toEqual({ kind: 'retry', reason: 'other', message: 'expired' });
  expect(send([token, fine]).asked).toHaveLength(2);
  now += 7_200_000;
  expect(send([token, fine]).asked).toHaveLength(2);
});

test.each([
  [[{ body: '{"errcode":40001}' }], 'rejected', 'invalid APISecret for CorpID: C'],
  [[{ body: '{"access_token":"t"}' }, { body: '', status: 403 }], 'retry', 'unexpected status code 403'],
  [
    [{ body: '{"access_token":"t"}' }, { body: '{"errcode":81013,"errmsg":"no user"}' }],
    'rejected',
    'no user',
  ],
])('WeChat answering %j', (answers, kind, message) => {
  const means = { memory: new Memory(), now: () => 0 };
  const exchange = wechatMessage(configOf('wechat', company), notification, render, means);
  expect(converse(exchange, answers).outcome).toMatchObject({ kind, message });
});
