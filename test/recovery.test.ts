import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { type Appliance, eventually, startAppliance, temporaryFolder } from './harness/appliance.ts';

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
