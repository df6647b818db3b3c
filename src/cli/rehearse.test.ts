import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { fakeClock } from '../testing/fake-clock.ts';
import { checkLanguages } from './languages.ts';
import { ran } from './ran.fixture.ts';
import { rehearseCommand } from './rehearse.ts';

const cwd = mkdtempSync(join(tmpdir(), 'belfry-rehearse-'));
afterAll(() => rmSync(cwd, { recursive: true }));
writeFileSync(
  join(cwd, 'rules.yml'),
  'groups:\n  - name: g\n    interval: 30s\n    rules:\n      - { alert: A, expr: a > 1, for: 5m, labels: { severity: page } }\n      - { record: r, expr: b }\n      - { alert: B, expr: b > 1 }\n',
);

const summary = {
  firings: 2,
  alerts: 1,
  pendingOnly: 1,
  longestMs: 7_200_000,
  totalMs: 7_260_000,
  nightShare: 0.5,
  flaps: 0,
};
const answer = {
  alert: 'Hot',
  group: 'g',
  for: '5m',
  threshold: 30,
  from: '2026-01-01T00:00:00.000Z',
  to: '2026-01-02T00:00:00.000Z',
  summary,
  errors: [{ message: 'too many', count: 3 }],
  firings: [
    {
      labels: { alertname: 'Hot', room: 'a' },
      firingAt: '2026-01-01T01:00:00.000Z',
      resolvedAt: '2026-01-01T03:00:00.000Z',
      peak: 43.123456,
      lowest: 31,
    },
    {
      labels: { alertname: 'Hot', room: 'b' },
      firingAt: '2026-01-01T23:59:00.000Z',
      peak: null,
      lowest: null,
    },
  ],
  routing: {
    notifications: 3,
    receivers: [
      {
        receiver: 'ops',
        integration: 'webhook',
        index: 0,
        notifications: 3,
        firing: 1,
        repeats: 1,
        resolved: 1,
        nightShare: 1 / 3,
      },
    ],
    untold: { inhibited: 0, silenced: 2, 'over before the first look': 1 },
  },
  sweep: [{ for: '10m', threshold: 35, summary: { ...summary, firings: 1 }, routing: { notifications: 1 } }],
};

async function run(
  argv: string[],
  respond = () => new Response(JSON.stringify(answer)),
  env: Record<string, string> = {},
) {
  const asked: { url: string; body: unknown; authorization: string | null }[] = [];
  const command = rehearseCommand({
    clock: fakeClock(Date.UTC(2026, 0, 8)),
    ...checkLanguages(() => 0),
    fetch: async (url, init) => {
      const authorization = new Headers(init?.headers).get('authorization');
      asked.push({ url: String(url), body: JSON.parse(String(init?.body)), authorization });
      return respond();
    },
  });
  return { ...(await ran(command, argv, { cwd, env })), asked };
}

test('a rehearsal as text', async () => {
  const { code, out, asked } = await run([
    'Hot',
    '--from',
    '30d',
    '--try-for',
    '10m',
    '--try-threshold',
    '35',
  ]);
  expect(code).toBe(0);
  expect(asked).toEqual([
    {
      url: 'http://127.0.0.1:9797/api/rehearse',
      body: { alert: 'Hot', from: Date.UTC(2025, 11, 9) / 1000, sweep: { for: ['10m'], threshold: [35] } },
      authorization: null,
    },
  ]);
  expect(out).toBe(`Hot (group g), 2026-01-01 00:00 to 2026-01-02 00:00
  2 firings of 1 alert, longest 2h, 2h1m in all, 50 % at night, 1 × only pending
  3 evaluations failed: too many
  ops (webhook[0]): 3 notifications, 1 repeat, 1 that all is over, 33 % at night
  told to nobody: 2 silenced, 1 over before the first look

  firing at         lasted  values       labels
  2026-01-01 01:00  2h      31 to 43.12  {alertname="Hot", room="a"}
  2026-01-01 23:59  1m…     NaN          {alertname="Hot", room="b"}

  for  threshold  firings  notifications  longest  at night
  5m   30         2        3              2h       50 %  as it is
  10m  35         1        1              2h       50 %
`);
});

test('address and token come from the environment as for every command', async () => {
  const env = { BELFRY_URL: 'http://b:1/x/', BELFRY_TOKEN: 'belfry_t' };
  const { asked } = await run(['Hot'], undefined, env);
  expect(asked[0]).toMatchObject({ url: 'http://b:1/x/api/rehearse', authorization: 'Bearer belfry_t' });
});

test('each alerting rule of a file, and the answers as JSON', async () => {
  const { out, asked } = await run(['rules.yml', '--json', '--url', 'http://b/', '--user', 'a:b']);
  expect(asked.map(({ body }) => body)).toMatchObject([
    {
      rule: { alert: 'A', expr: 'a > 1', for: '5m', labels: { severity: 'page' } },
      group: 'g',
      interval: '30s',
    },
    { rule: { alert: 'B', for: '0s' } },
  ]);
  expect(asked[0]).toMatchObject({ url: 'http://b/api/rehearse', authorization: 'Basic YTpi' });
  expect(JSON.parse(out)).toEqual([answer, answer]);
});

test('what the server refuses is told, exit 1', async () => {
  const refuse = () => new Response('{"error":"no alerting rule \\"X\\" is loaded"}', { status: 404 });
  expect(await run(['X'], refuse)).toMatchObject({
    code: 1,
    err: 'belfry: http://127.0.0.1:9797/api/rehearse: no alerting rule "X" is loaded\n',
  });
});

test.each([
  [[]],
  [['a', 'b']],
  [['a', '--from', 'soon']],
  [['a', '--try-threshold', 'x']],
  [['a', '--try-for', 'long']],
  [['a', '--for', 'long']],
])('wrong usage: %j', async (argv) => {
  await expect(run(argv)).rejects.toThrow('expected');
});
