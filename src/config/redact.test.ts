import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { checkFile } from './load.ts';
import { redactConfig, redactedAlertmanagerConfig, redactedScrapeConfig } from './redact.ts';

const CONFIG = `# comment
global:
  scrape_interval: 15s # stays
  smtp_auth_password: &pw hunter2
  slack_api_url: https://hooks.example.org/T0K3N
  smtp_from: me@x
scrape_configs:
  - job_name: a
    basic_auth: { username: bob, password: *pw }
    authorization: { credentials_file: /etc/token }
    proxy_url: http://bob:s3cret@proxy:3128
    http_headers: { X-Key: { secrets: [k3y], values: [plain] } }
    consul_sd_configs: [{ server: c:8500, token: c0nsul }]
web:
  basic_auth_users: { admin: $2b$10$abc }
remote_write:
  - url: http://x
    bearer_token: r3mote
    bearer_token_file: /etc/remote
route: { receiver: a }
receivers:
  - name: a
    webhook_configs: [{ url: 'http://w/?k=w3b' }]
    telegram_configs: [{ bot_token: t3le, chat_id: 5 }]
    pagerduty_configs: [{ routing_key: p4ger }]
`;

test('secrets are hidden, all else is as written', () => {
  const shown = redactConfig(CONFIG);
  for (const secret of [
    'hunter2',
    'T0K3N',
    's3cret',
    'k3y',
    'c0nsul',
    '$2b',
    'r3mote',
    'w3b',
    't3le',
    'p4ger',
  ]) {
    expect(shown).not.toContain(secret);
  }
  expect(shown).toContain('# comment\n');
  expect(shown).toContain('scrape_interval: 15s # stays');
  expect(shown).toContain('credentials_file: /etc/token');
  expect(shown).toContain('bearer_token_file: /etc/remote');
  expect(shown).toContain('http://bob:xxxxx@proxy:3128');
  expect(parse(shown)).toMatchObject({
    global: { smtp_auth_password: '<secret>', slack_api_url: '<secret>', smtp_from: 'me@x' },
    scrape_configs: [
      {
        basic_auth: { username: 'bob', password: '<secret>' },
        http_headers: { 'X-Key': { secrets: ['<secret>'], values: ['plain'] } },
      },
    ],
    web: { basic_auth_users: { admin: '<secret>' } },
  });
});

test("the alertmanager.yml in it has Alertmanager's keys only", () => {
  expect(parse(redactedAlertmanagerConfig(CONFIG))).toEqual({
    global: { smtp_auth_password: '<secret>', slack_api_url: '<secret>', smtp_from: 'me@x' },
    route: { receiver: 'a' },
    receivers: [
      {
        name: 'a',
        webhook_configs: [{ url: 'http://w/<secret>' }],
        telegram_configs: [{ bot_token: '<secret>', chat_id: 5 }],
        pagerduty_configs: [{ routing_key: '<secret>' }],
      },
    ],
  });
});

test('a config that tells nobody is still an alertmanager.yml', () => {
  const nobody = { route: { receiver: 'nobody' }, receivers: [{ name: 'nobody' }] };
  expect(parse(redactedAlertmanagerConfig('host: {}'))).toEqual(nobody);
  expect(parse(redactedAlertmanagerConfig(''))).toEqual(nobody);
});

test('a redacted config is a valid config', () => {
  const file = resolve(import.meta.dirname, '../../examples/guide/alertmanager.yml');
  const shown = redactConfig(readFileSync(join(file), 'utf8'));
  const { errors } = checkFile('a', { env: {}, cwd: '/', files: { read: () => shown, glob: () => [] } });
  expect(errors).toEqual([]);
});

test('what Alertmanager sections take from others by alias is written out', () => {
  const config = `
scrape_configs: [{ job_name: &name a, tls_config: &tls { insecure_skip_verify: true } }]
route: { receiver: *name, routes: &none [] }
receivers: [{ name: *name, webhook_configs: [{ url: x, http_config: { tls_config: *tls } }] }]
inhibit_rules: *none
`;
  expect(parse(redactedAlertmanagerConfig(config))).toEqual({
    route: { receiver: 'a', routes: [] },
    receivers: [
      {
        name: 'a',
        webhook_configs: [
          {
            url: 'http://hidden.invalid/<secret>',
            http_config: { tls_config: { insecure_skip_verify: true } },
          },
        ],
      },
    ],
    inhibit_rules: [],
  });
});

test('only the first document is shown, as only it counts', () => {
  expect(redactConfig('host: {}\n---\nself: {}\n')).toContain('host: {}');
});

test.each(['a: [', 'a: *b', '', '# nothing'])('%j is shown as nothing', (text) => {
  expect(redactConfig(text)).toBe('');
});

test('scalars keep their spelling', () => {
  const config = 'global:\nhost: ~\nself: {a}\nx: [0x1f, 1.10, yes, On, "587", 1_000]\n';
  const shown = redactConfig(config);
  expect(shown).toContain('global:\nhost: ~\n');
  expect(shown).toContain('[ 0x1f, 1.10, yes, On, "587", 1_000 ]');
});

test.each([
  ['http://sink:5001/hooks/t0ken?k=1', 'http://sink:5001/<secret>'],
  ['https://me:pw@hooks.example.org/x', 'https://hooks.example.org/<secret>'],
  ['{{ .CommonLabels.hook }}', 'http://hidden.invalid/<secret>'],
  ['https://{{ .CommonLabels.host }}/x', 'http://hidden.invalid/<secret>'],
])('the address %s of a webhook is shown as an address: strict readers ask for one', (url, shown) => {
  const text = `route: {receiver: a}\nreceivers: [{name: a, webhook_configs: [{url: '${url}'}]}]\n`;
  expect(parse(redactedAlertmanagerConfig(text)).receivers[0].webhook_configs).toEqual([{ url: shown }]);
});

test('one scrape config alone, with what an alias stood for, without secrets', () => {
  const shown = redactedScrapeConfig(CONFIG, 'a')!;
  expect(parse(shown)).toEqual({
    job_name: 'a',
    basic_auth: { username: 'bob', password: '<secret>' },
    authorization: { credentials_file: '/etc/token' },
    proxy_url: 'http://bob:xxxxx@proxy:3128',
    http_headers: { 'X-Key': { secrets: ['<secret>'], values: ['plain'] } },
    consul_sd_configs: [{ server: 'c:8500', token: '<secret>' }],
  });
  expect(redactedScrapeConfig(CONFIG, 'b')).toBeUndefined();
  expect(redactedScrapeConfig('nonsense: [', 'a')).toBeUndefined();
});
