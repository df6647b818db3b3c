import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import {
  type Appliance,
  eventually,
  runToEnd,
  startAppliance,
  temporaryFolder,
} from './harness/appliance.ts';

const CONFIG = `global: {scrape_interval: 1s}
self: {}
groups:
  - {name: g, interval: 1s, rules: [{alert: Always, expr: vector(1)}]}
`;

async function stopped(belfry: Appliance): Promise<void> {
  belfry.kill('SIGKILL');
  await belfry.ended;
}

test.each(['state.db', 'log.db'])(
  'a %s that is no database is set aside and named; monitoring goes on',
  async (name) => {
    await using stack = new AsyncDisposableStack();
    const folder = temporaryFolder('recovery');
    stack.defer(() => fs.rmSync(folder, { recursive: true, force: true }));
    const data = path.join(folder, 'data');
    const config = path.join(folder, 'belfry.yaml');
    fs.writeFileSync(config, CONFIG);
    const first = await startAppliance(stack, { config, data });
    await eventually('the alert fires', async () => (await first.query('ALERTS')).length === 1);
    await stopped(first);
    for (const suffix of ['-wal', '-shm']) fs.rmSync(path.join(data, name + suffix), { force: true });
    fs.writeFileSync(path.join(data, name), 'not a database, not at all '.repeat(500));
    const second = await startAppliance(stack, { config, data });
    expect(second.output()).toContain(name);
    expect(fs.readdirSync(path.join(data, 'quarantine')).some((file) => file.startsWith(name))).toBe(true);
    await eventually(
      'the alert fires again',
      async () => (await second.query('ALERTS{alertstate="firing"}')).length === 1,
    );
  },
);

test('samples of before a kill are there after it, from the log and from partitions', async () => {
  await using stack = new AsyncDisposableStack();
  const folder = temporaryFolder('recovery');
  stack.defer(() => fs.rmSync(folder, { recursive: true, force: true }));
  const data = path.join(folder, 'data');
  const config = path.join(folder, 'belfry.yaml');
  fs.writeFileSync(config, CONFIG);
  const count = async (belfry: Appliance): Promise<number> =>
    (await belfry.query('sum(count_over_time(up{job="belfry"}[1h]))'))[0]?.value ?? 0;
  let seen = 0;
  for (let round = 0; round < 3; round++) {
    const belfry = await startAppliance(stack, { config, data });
    expect(await count(belfry)).toBeGreaterThanOrEqual(seen);
    await eventually('two more scrapes', async () => (await count(belfry)) >= seen + 2);
    if (round === 1) await fetch(`${belfry.url}/api/v1/admin/flush`, { method: 'POST' });
    seen = await count(belfry);
    await stopped(belfry);
  }
});

test('a stop with many series leaves their index to the next start, which takes it; after a kill with new ones the log is read', async () => {
  await using stack = new AsyncDisposableStack();
  const folder = temporaryFolder('recovery');
  stack.defer(() => fs.rmSync(folder, { recursive: true, force: true }));
  let series = 10_000;
  const exporter = http.createServer((_, response) => {
    response.setHeader('content-type', 'text/plain; version=0.0.4');
    response.end(Array.from({ length: series }, (_, i) => `m{i="${i}"} ${i}\n`).join(''));
  });
  exporter.listen(0, '127.0.0.1');
  await once(exporter, 'listening');
  stack.defer(() => {
    exporter.close();
    exporter.closeAllConnections();
  });
  const { port } = exporter.address() as AddressInfo;
  const data = path.join(folder, 'data');
  const config = path.join(folder, 'belfry.yaml');
  fs.writeFileSync(
    config,
    `scrape_configs: [{job_name: many, scrape_interval: 1s, static_configs: [{targets: ['127.0.0.1:${port}']}]}]\n`,
  );
  const start = (): Promise<Appliance> => startAppliance(stack, { config, data });
  const count = async (belfry: Appliance): Promise<number> =>
    (await belfry.query('count(last_over_time(m[1h]))'))[0]?.value ?? 0;
  const first = await start();
  await eventually('the page is stored', async () => (await count(first)) === series);
  first.kill('SIGTERM');
  await first.ended;
  const second = await start();
  expect(second.output()).toContain('isIndexKept=true');
  expect(await count(second)).toBe(series);
  series += 500;
  await eventually('the new series are stored', async () => (await count(second)) === series);
  await stopped(second);
  const third = await start();
  expect(third.output()).toContain('isIndexKept=false');
  expect(await count(third)).toBe(series);
});

test('a damaged day is named by every answer that lacks it, in status, metrics and notifications; the rest goes on', async () => {
  await using stack = new AsyncDisposableStack();
  const folder = temporaryFolder('recovery');
  stack.defer(() => fs.rmSync(folder, { recursive: true, force: true }));
  const data = path.join(folder, 'data');
  const config = path.join(folder, 'belfry.yaml');
  fs.writeFileSync(config, `${CONFIG}storage: {tsdb: {retention: {time: 100y}}}\n`);
  const text = path.join(folder, 'days.om');
  const [first, second] = [Date.UTC(2026, 0, 2) / 1000, Date.UTC(2026, 0, 3) / 1000];
  const line = (_: unknown, n: number): string =>
    `m ${n / 7} ${(n < 100 ? first : second - 100 * 60) + n * 60}\n`;
  fs.writeFileSync(text, `${Array.from({ length: 200 }, line).join('')}# EOF\n`);
  expect(runToEnd(['import', 'openmetrics', text, '--data', data])).toMatchObject({ status: 0 });
  const file = path.join(data, '20260102.db');
  const bytes = fs.readFileSync(file);
  const db = new Database(file, { readonly: true });
  const [block] = db.prepare('SELECT b FROM block').pluck().all() as Buffer[];
  db.close();
  bytes[bytes.indexOf(block!) + 20]! ^= 1;
  fs.writeFileSync(file, bytes);

  const belfry = await startAppliance(stack, { config, data });
  type Answer = { warnings?: string[]; data: { result: { value: [number, string] }[] } };
  const ask = (at: number): Promise<Answer> =>
    belfry.get(`/api/v1/query?query=count_over_time(m[2d])&time=${at}`);
  const whole = await ask(second + 86_400);
  expect(whole.data.result[0]?.value[1]).toBe('100');
  const warning = expect.stringMatching(
    /^samples of partition 20260102\.db \(2026-01-02 UTC\) are left out, because it is damaged: table block/,
  );
  expect(whole.warnings).toEqual([warning]);
  expect((await ask(second + 3 * 86_400 - 1)).warnings).toBeUndefined();
  expect(await belfry.query('vector(1)')).toHaveLength(1);

  const { damage } = await belfry.get<{ damage: unknown }>('/api/status');
  expect(damage).toEqual({
    partitions: [
      { file: '20260102.db', loss: 'is damaged', detail: expect.stringContaining('table block'), places: 1 },
    ],
    setAside: [],
  });
  expect(await (await fetch(`${belfry.url}/metrics`)).text()).toMatch(
    /^belfry_tsdb_damaged_places_total 1$/m,
  );
  const notes = await belfry.get<{ data: { text: string }[] }>('/api/v1/notifications');
  expect(notes.data.map((note) => note.text)).toEqual([
    expect.stringContaining('Partition 20260102.db is damaged'),
  ]);
  expect(belfry.output()).toContain('partition 20260102.db is damaged');
  const { data: stored } = await belfry.get<{ data: { blocks: { ulid: string; stats: object }[] } }>(
    '/api/v1/status/tsdb/blocks',
  );
  expect(stored.blocks.find(({ ulid }) => ulid === '20260103')?.stats).toMatchObject({
    numSamples: 100,
    numSeries: 1,
    numChunks: 1,
  });
  const exported = runToEnd(['export', '--data', data, '--match', 'm']);
  expect(exported.status).toBe(1);
  expect(exported.stdout.split('\n').filter((row) => row.startsWith('m '))).toHaveLength(100);
  expect(exported.stderr).toContain('samples of partition 20260102.db (2026-01-02 UTC) are left out');
});
