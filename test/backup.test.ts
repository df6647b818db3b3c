import fs from 'node:fs';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import {
  type Appliance,
  eventually,
  runToEnd,
  startAppliance,
  temporaryFolder,
} from './harness/appliance.ts';

const stack = new AsyncDisposableStack();
const folder = temporaryFolder('backup');
const data = path.join(folder, 'data');
const config = path.join(folder, 'belfry.yaml');
/** Of the appliance, whose clock is so far ahead that a minute is over 20 s after the test began, ms. */
const ahead = (100_000 - (Date.now() % 60_000)) % 60_000;
const clock = path.join(folder, 'clock');
const env = {
  NODE_OPTIONS: `--require ${path.resolve(import.meta.dirname, '../scripts/soak/clock-shim.cjs')}`,
  SOAK_CLOCK_FILE: clock,
};
const now = (): number => Date.now() + ahead;
afterAll(async () => {
  await stack.disposeAsync();
  fs.rmSync(folder, { recursive: true, force: true });
});

const CONFIG = `global: {scrape_interval: 1s}
self: {}
groups:
  - {name: g, interval: 1s, rules: [{alert: Always, expr: vector(1)}, {alert: Muted, expr: vector(1)}]}
backup: {schedule: '* * * * *', directory: kept, keep: 2}
route: {receiver: none, group_wait: 1s}
receivers: [{name: none}]
`;

interface Known {
  readonly samples: unknown;
  readonly silences: unknown;
  readonly alerts: unknown;
}

/** What a person would look for after a restore. */
async function known(belfry: Appliance, at: number): Promise<Known> {
  type Alerts = { data: { alerts: { labels: object; activeAt: string; state: string }[] } };
  const query = encodeURIComponent('{job="belfry",__name__=~"up|belfry_tsdb_series|belfry_build_info"}[1h]');
  const { data: samples } = await belfry.get<{ data: unknown }>(`/api/v1/query?query=${query}&time=${at}`);
  const silences = await belfry.get<object[]>('/api/v2/silences');
  const { alerts } = (await belfry.get<Alerts>('/api/v1/alerts')).data;
  return {
    samples,
    silences,
    alerts: alerts.map(({ labels, activeAt, state }) => ({ labels, activeAt, state })),
  };
}

test('after deleting everything, the last backup brings back queries, silences and alerts', async () => {
  fs.writeFileSync(config, CONFIG);
  fs.writeFileSync(clock, String(ahead));
  const first = await startAppliance(stack, { config, data, env });
  const silenced = await fetch(`${first.url}/api/v2/silences`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      matchers: [{ name: 'alertname', value: 'Muted', isRegex: false, isEqual: true }],
      startsAt: new Date(now()).toISOString(),
      endsAt: new Date(now() + 3_600_000).toISOString(),
      createdBy: 'test',
      comment: 'kept',
    }),
  });
  expect(silenced.status).toBe(200);
  await eventually(
    'alerts fire',
    async () => (await first.query('ALERTS{alertstate="firing"}')).length === 2,
  );
  // A scrape on its way carries the time it began at: what is known at `at` is known once a later one is stored.
  const at = now() / 1000;
  await eventually(
    'a scrape that began later is stored',
    async () => (await first.query('timestamp(up{job="belfry"})'))[0]!.value > at,
  );
  const before = await known(first, at);

  type Status = { backup: { last?: { name?: string; error?: string }; lastSuccess?: string } };
  const scheduled = await eventually(
    'the schedule has brought a backup',
    async () => (await first.get<Status>('/api/status')).backup.last?.name,
  );
  expect(runToEnd(['backup', 'verify', path.join(folder, 'kept', scheduled)]).status).toBe(0);
  const asked = runToEnd(['backup', path.join(folder, 'fetched'), '--url', first.url]);
  expect(asked).toMatchObject({ status: 0, stderr: '' });
  const name = fs.readdirSync(path.join(folder, 'fetched')).find((entry) => !entry.startsWith('.'));
  expect(asked.stdout).toContain(`${path.join(folder, 'fetched', name!)}: `);
  expect(await first.query('belfry_backup_last_failed')).toMatchObject([{ value: 0 }]);

  const busy = runToEnd(['backup', path.join(folder, 'never'), '--data', data]);
  expect([busy.status, busy.stderr]).toEqual([3, expect.stringContaining('is in use by another process')]);
  expect(runToEnd(['restore', path.join(folder, 'fetched', name!), '--data', data]).status).toBe(3);
  first.kill('SIGKILL');
  await first.ended;
  expect(runToEnd(['restore', path.join(folder, 'fetched', name!), '--data', data]).output).toContain(
    'is not empty; --force sets aside what is there',
  );
  fs.rmSync(data, { recursive: true });

  const restored = runToEnd(['restore', path.join(folder, 'fetched', name!), '--data', data]);
  expect(restored).toMatchObject({ status: 0, stderr: '' });
  const second = await startAppliance(stack, { config, data, env });
  expect(await known(second, at)).toEqual(before);
  second.kill('SIGTERM');
  await second.ended;

  const offline = runToEnd(['backup', path.join(folder, 'offline'), '--data', data, '--keep', '1']);
  expect(offline).toMatchObject({ status: 0, stderr: '' });
  expect(runToEnd(['backup', 'list', path.join(folder, 'offline')]).stdout.split('\n')).toHaveLength(2);
});

test('a snapshot is answered as upstream does and can be started with', async () => {
  const belfry = await startAppliance(stack, { config, data: path.join(folder, 'other') });
  await eventually('samples', async () => (await belfry.query('up')).length === 1);
  const answer = await fetch(`${belfry.url}/api/v1/admin/tsdb/snapshot`, { method: 'POST' });
  const { status, data: made } = (await answer.json()) as { status: string; data: { name: string } };
  expect([answer.status, status]).toEqual([200, 'success']);
  expect(made.name).toMatch(/^\d{8}T\d{6}Z-[0-9a-f]{16}$/);
  for (const word of ['perhaps', 'constructor']) {
    const bad = await fetch(`${belfry.url}/api/v1/admin/tsdb/snapshot?skip_head=${word}`, { method: 'PUT' });
    expect([word, bad.status]).toEqual([word, 400]);
  }
  const copy = await startAppliance(stack, { data: path.join(folder, 'other', 'snapshots', made.name) });
  expect((await copy.query('count_over_time(up{job="belfry"}[1h])'))[0]!.value).toBeGreaterThan(0);
});
