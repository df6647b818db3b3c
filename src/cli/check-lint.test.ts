import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { check } from './check.ts';
import { clearSecrets } from './clear-secrets.ts';
import { checkLanguages } from './languages.ts';
import { ran } from './ran.fixture.ts';
import { apiSource } from './store-source.ts';

const root = resolve(import.meta.dirname, '../..');
const community = resolve(root, '../shared/rules');

async function run(cwd: string, ...argv: string[]) {
  const languages = checkLanguages(() => 0);
  const { err, ...rest } = await ran((args, io) => check(args, io, languages), argv, { cwd });
  return { ...rest, err: err.split('\n') };
}

/** Findings as `file rule check`, those of configs by their path. */
const found = (lines: readonly string[]): string[] =>
  lines.flatMap((line) => {
    const match = /^([^:]+):\d+:\d+: (.*?): lint \(([a-z-]+)\): /.exec(line);
    return match ? [`${match[1]} ${match[2]} ${match[3]}`] : [];
  });

/** The committed list: each finding with the reason for which it is right. */
const expected = (name: string): string[] =>
  readFileSync(join(import.meta.dirname, 'testdata', name), 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.slice(0, line.indexOf(': ')));

test('--only tells what one check finds, and counts nothing else', async () => {
  const guide = join(root, 'examples/guide');
  const all = await run(guide, '--lint-fatal', 'prometheus.yml');
  const names = new Set(found(all.err).map((line) => line.split(' ').at(-1)!));
  expect(names.size).toBeGreaterThan(2);
  for (const name of names) {
    const one = await run(guide, '--lint-fatal', '--only', name, 'prometheus.yml');
    expect([one.code, found(one.err)]).toEqual([
      3,
      found(all.err).filter((line) => line.endsWith(` ${name}`)),
    ]);
  }
  expect(await run(guide, '--lint-fatal', '--only=topk-in-alert', 'prometheus.yml')).toMatchObject({
    code: 0,
    out: expect.stringContaining('lint: nothing found'),
  });
  await expect(run(guide, '--lint', '--only=nothing', 'prometheus.yml')).rejects.toThrow(
    '--only: expected one of',
  );
});

test('every trap in the guide is found, and nothing else', async () => {
  const { code, err } = await run(
    join(root, 'examples/guide'),
    '--lint-fatal',
    'prometheus.yml',
    'alertmanager.yml',
  );
  expect(code).toBe(3);
  expect(found(err)).toEqual(expected('lint-guide.txt'));
});

test('without --lint-fatal findings change no exit code', async () => {
  const { code, out } = await run(join(root, 'examples/guide'), '--lint', 'alerts/infrastructure.yml');
  expect([code, out]).toEqual([0, 'alerts/infrastructure.yml: valid rule file, 4 rules\nlint: 2 findings\n']);
});

test('without --lint nothing is linted', async () => {
  const { code, out } = await run(join(root, 'examples/guide'), 'alerts/infrastructure.yml');
  expect([code, out]).toEqual([0, 'alerts/infrastructure.yml: valid rule file, 4 rules\n']);
});

const isThere = existsSync(community);
if (!isThere) console.warn(`skipped: no rules at ${community}`);

test.skipIf(!isThere)('what is found in rules of the community is right, as listed', async () => {
  const files = readdirSync(community)
    .filter((name) => name.endsWith('.yml'))
    .sort();
  const { err } = await run(community, '--lint', ...files);
  expect(found(err)).toEqual(expected('lint-community-rules.txt'));
});

test('secrets that stand in clear, but not variables, files or addresses', () => {
  const found = clearSecrets(`
global: { smtp_auth_password: abc, slack_api_url: '\${SLACK}' }
receivers:
  - name: a
    webhook_configs: [{ url: 'http://a/' }]
    pagerduty_configs: [{ routing_key_file: x }, { routing_key: k }]
scrape_configs:
  - { job_name: a, basic_auth: { username: u, password: p } }
`);
  expect(found.map((path) => path.join('.'))).toEqual([
    'global.smtp_auth_password',
    'receivers.0.pagerduty_configs.1.routing_key',
    'scrape_configs.0.basic_auth.password',
  ]);
});

test('a store is asked over its API', async () => {
  const asked: string[] = [];
  const source = apiSource(
    'http://belfry.example/',
    {
      now: () => 1_000_000_000,
      fetch: async (input) => {
        asked.push(decodeURIComponent(String(input)));
        const data = String(input).includes('metadata')
          ? { up: [{ type: 'gauge' }], odd: [{ type: 'unknown' }] }
          : ['__name__', 'job'];
        return new Response(JSON.stringify({ status: 'success', data }));
      },
    },
    'Basic x',
  );
  expect(await source.labelNames([{ name: '__name__', op: '=', value: 'up' }])).toEqual(['__name__', 'job']);
  expect([...(await source.types())]).toEqual([['up', 'gauge']]);
  expect(asked).toEqual([
    'http://belfry.example/api/v1/labels?match[]=up&start=395200&end=1000000',
    'http://belfry.example/api/v1/metadata?',
  ]);
});

test('what the store refuses is told', async () => {
  const source = apiSource('http://a', {
    now: () => 0,
    fetch: async () => new Response('{"status":"error","error":"no"}', { status: 400 }),
  });
  await expect(source.types()).rejects.toThrow('http://a/api/v1/metadata: no');
});
