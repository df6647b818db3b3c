import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { ReceiverKind } from '../config/receivers/receiver.ts';
import type { HttpAnswer, HttpRequest } from './kinds/exchange.ts';
import { configOf, integrationOf, notification } from './kinds/kinds.fixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'belfry-integrations-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

/** One integration of a kind, and what it asked for. */
function one(
  kind: ReceiverKind,
  keys: object,
  answer: (request: HttpRequest) => Partial<HttpAnswer> | Error,
  environment: Record<string, string> = {},
) {
  const asked: HttpRequest[] = [];
  const way = integrationOf(kind, configOf(kind, keys), {
    environment,
    async http(request) {
      asked.push(request);
      const answered = answer(request);
      if (answered instanceof Error) throw answered;
      return { status: 200, headers: {}, body: '', ...answered };
    },
  });
  const attempt = () => way.attempt(notification, new AbortController().signal);
  return { asked, attempt };
}

test('secrets come from files, are read at each try, and are not repeated in what is told', async () => {
  const keys = {
    bot_token_file: file('token', '123456:first\n'),
    chat_id_file: file('chat', '-42\n'),
    message: 'x',
  };
  const { asked, attempt } = one('telegram', keys, ({ url }) => new Error(`cannot reach ${url}`));
  expect(await attempt()).toEqual({
    kind: 'retry',
    reason: 'other',
    message: expect.stringMatching(/^cannot reach .*\/bot<secret>\/sendMessage$/),
  });
  file('token', '123456:second\n');
  await attempt();
  expect(asked.map(({ url }) => url)).toEqual([
    'https://api.telegram.org/bot123456:first/sendMessage',
    'https://api.telegram.org/bot123456:second/sendMessage',
  ]);
  expect(JSON.parse(asked[0]!.body).chat_id).toBe('-42');
});

test('a receiver that says the secret back is told without it, also when it took the message', async () => {
  const keys = { url: 'http://hook.test/in?token=s3cret-token' };
  const { attempt } = one('webhook', keys, ({ url }) => ({ body: `thanks, ${url}` }));
  const outcome = await attempt();
  expect(outcome).toMatchObject({ kind: 'delivered', answer: expect.stringContaining('<secret>') });
  expect(JSON.stringify(outcome)).not.toContain('s3cret-token');
});

test('a secret that cannot be read refuses the message', async () => {
  const { asked, attempt } = one('opsgenie', { api_key_file: join(folder, 'gone') }, () => ({}));
  expect(await attempt()).toMatchObject({
    kind: 'rejected',
    message: expect.stringContaining('api_key_file'),
  });
  expect(asked).toEqual([]);
});

test('a token is kept between messages of an integration', async () => {
  const keys = { api_secret: 'geheim', corp_id: 'c', to_user: 'me' };
  const { asked, attempt } = one('wechat', keys, () => ({ body: '{"errcode":0,"access_token":"t"}' }));
  expect(await attempt()).toMatchObject({ kind: 'delivered' });
  expect(await attempt()).toMatchObject({ kind: 'delivered' });
  expect(asked.map(({ method }) => method)).toEqual(['GET', 'POST', 'POST']);
});

test('SNS signs with the credentials of the environment', async () => {
  const environment = {
    AWS_ACCESS_KEY_ID: 'AKENV',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_REGION: 'eu-north-1',
    HOME: folder,
  };
  const { asked, attempt } = one('sns', { topic_arn: 'T' }, () => ({}), environment);
  expect(await attempt()).toMatchObject({ kind: 'delivered' });
  expect(asked[0]).toMatchObject({
    url: 'https://sns.eu-north-1.amazonaws.com/',
    headers: { Authorization: expect.stringContaining('Credential=AKENV/') },
  });
});
