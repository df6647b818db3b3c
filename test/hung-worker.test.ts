import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { eventually, startAppliance, temporaryFolder } from './harness/appliance.ts';

/**
 * Loaded by each thread before its own code: the background worker never comes back once a file is there, and the main thread asks it
 * sixty times as often whether it turns. What takes five minutes takes five seconds.
 */
const preload = (hang: string): string => `
const { isMainThread, threadName } = require('node:worker_threads');
if (isMainThread) {
  const { setTimeout: later } = globalThis;
  globalThis.setTimeout = (run, ms, ...rest) => later(run, ms === 15_000 ? 250 : ms, ...rest);
} else if (threadName === 'background') {
  const fs = require('node:fs');
  setInterval(() => {
    if (!fs.existsSync(${JSON.stringify(hang)})) return;
    fs.rmSync(${JSON.stringify(hang)});
    for (;;);
  }, 20).unref();
}
`;

test('a background worker that hangs is replaced: rules go on, what it had to write is written, nothing is lost', async () => {
  await using stack = new AsyncDisposableStack();
  const folder = temporaryFolder('hung');
  stack.defer(() => fs.rmSync(folder, { recursive: true, force: true }));
  const hang = path.join(folder, 'hang');
  fs.writeFileSync(path.join(folder, 'preload.cjs'), preload(hang));
  const config = path.join(folder, 'belfry.yaml');
  fs.writeFileSync(
    config,
    `global: {scrape_interval: 1s, evaluation_interval: 1s}
self: {}
groups: [{name: g, rules: [{record: counted, expr: 'count_over_time(up[1h])'}]}]
`,
  );
  const start = {
    config,
    data: path.join(folder, 'data'),
    env: { NODE_OPTIONS: `--require ${path.join(folder, 'preload.cjs')}` },
  };
  const belfry = await startAppliance(stack, start);
  const value = async (query: string): Promise<number> => (await belfry.query(query))[0]?.value ?? 0;
  await eventually('a rule was evaluated', async () => (await value('counted')) > 2);

  const startedAt = await value('timestamp(up)');
  fs.writeFileSync(hang, '');
  await eventually(
    'it is replaced',
    async () => (await value('last_over_time(belfry_background_worker_replaced_total[1h])')) > 0,
  );
  expect(fs.existsSync(hang)).toBe(false);
  expect(belfry.output()).toMatch(/it was hung: no sign of life for 300 s/);
  const replacedAt = await value('timestamp(up)');
  await eventually('rules go on', async () => (await value('timestamp(counted)')) > replacedAt);
  expect((await fetch(`${belfry.url}/api/v1/admin/flush`, { method: 'POST' })).status).toBe(200);

  // Scraped meanwhile as well; and all of it outlives a kill.
  const until = await value('timestamp(up)');
  const stored = await value('count_over_time(up[1h])');
  expect(await value(`count_over_time(up[1h] @ ${replacedAt})`)).toBeGreaterThan(
    await value(`count_over_time(up[1h] @ ${startedAt})`),
  );
  belfry.kill('SIGKILL');
  await belfry.ended;
  const again = await startAppliance(stack, start);
  const [kept] = await again.query(`count_over_time(up[1h] @ ${until})`);
  expect(kept!.value).toBeGreaterThanOrEqual(stored - 1);
});
