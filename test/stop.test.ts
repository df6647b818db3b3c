import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { expect, test } from 'vitest';
import { httpTarget, rawTarget } from '../src/testing/http-target.ts';
import { eventually, startAppliance, temporaryFolder } from './harness/appliance.ts';

test.each(['SIGTERM', 'SIGINT'] as const)(
  '%s ends it with exit code 0 while scrapes, sends, queries and clients hang; what was not delivered is sent after the next start',
  async (signal) => {
    await using stack = new AsyncDisposableStack();
    const folder = temporaryFolder('stop');
    stack.defer(() => fs.rmSync(folder, { recursive: true, force: true }));
    const silent = stack.use(await rawTarget(() => {}));
    let isWorking = false;
    const bodies: string[] = [];
    const receiver = stack.use(
      await httpTarget((request, response) => {
        if (!isWorking) return;
        request.on('data', (chunk) => bodies.push(String(chunk)));
        request.on('end', () => response.end());
      }),
    );
    const config = path.join(folder, 'belfry.yaml');
    fs.writeFileSync(
      config,
      `global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}
self: {}
scrape_configs: [{job_name: silent, scrape_interval: 1h, scrape_timeout: 30m, static_configs: [{targets: ['${silent.address}']}]}]
groups: [{name: g, rules: [{alert: Hangs, expr: vector(1)}]}]
route: {receiver: hook, group_wait: 0s, group_interval: 1s}
receivers: [{name: hook, webhook_configs: [{url: 'http://${receiver.address}/', timeout: 30m}]}]
`,
    );
    const data = path.join(folder, 'data');
    // It has to end by itself: what would cut it off after some seconds comes after ten minutes.
    const preload = path.join(folder, 'preload.cjs');
    fs.writeFileSync(
      preload,
      'const { setTimeout: later } = globalThis; globalThis.setTimeout = (run, ms, ...rest) => later(run, ms === 3500 ? 600_000 : ms, ...rest);',
    );
    const env = { NODE_OPTIONS: `--require ${preload}` };
    const belfry = await startAppliance(stack, { config, data, env });
    await eventually('the receiver is asked', async () => receiver.requests.length > 0);
    await eventually('samples are there', async () => (await belfry.query('up')).length > 0);
    const port = Number(new URL(belfry.url).port);
    // One that says nothing, one in the middle of its request, one that is kept alive, one whose query runs.
    for (const said of [
      '',
      'POST /api/v1/query HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\nqu',
    ]) {
      const socket = net.connect(port, '127.0.0.1').on('error', () => {});
      stack.defer(() => void socket.destroy());
      socket.write(said);
    }
    const agent = new http.Agent({ keepAlive: true });
    stack.defer(() => agent.destroy());
    await new Promise<void>((resolve) =>
      http.get(`${belfry.url}/metrics`, { agent }, (answer) => answer.resume().on('end', resolve)),
    );
    const form = { query: 'sum(sum_over_time(up[1h:1ms]))', start: '1', end: '99999', step: '10' };
    const asked = fetch(`${belfry.url}/api/v1/query_range`, {
      method: 'POST',
      body: new URLSearchParams(form),
    });
    const ended = asked.catch(() => {});
    await eventually('the query runs', async () => (await belfry.get<object[]>('/api/queries')).length > 0);

    belfry.kill(signal);
    expect(await belfry.ended).toEqual({ code: 0, signal: null });
    await ended;
    expect(belfry.output()).toMatch(new RegExp(`msg=stopping signal=${signal}\\n(.*\\n)*.*msg=stopped\\n$`));

    isWorking = true;
    await startAppliance(stack, { config, data });
    await eventually('what the receiver had not taken comes', async () => bodies.join('').includes('Hangs'));
  },
);

test('a stop that itself hangs is cut off: exit code 0, and what was stored is there', async () => {
  await using stack = new AsyncDisposableStack();
  const folder = temporaryFolder('stop');
  stack.defer(() => fs.rmSync(folder, { recursive: true, force: true }));
  const preload = path.join(folder, 'preload.cjs');
  const hang = path.join(folder, 'hang');
  const hangs = path.join(folder, 'hangs');
  fs.writeFileSync(
    preload,
    `const { threadName } = require('node:worker_threads');
const fs = require('node:fs');
const look = () => {
  if (!fs.existsSync(${JSON.stringify(hang)})) return;
  fs.writeFileSync(${JSON.stringify(hangs)}, '');
  for (;;);
};
if (threadName === 'background') setInterval(look, 20).unref();
`,
  );
  const config = path.join(folder, 'belfry.yaml');
  fs.writeFileSync(config, 'global: {scrape_interval: 1s}\nself: {}\n');
  const start = { config, data: path.join(folder, 'data'), env: { NODE_OPTIONS: `--require ${preload}` } };
  const belfry = await startAppliance(stack, start);
  const count = async (app: typeof belfry): Promise<number> =>
    (await app.query('count_over_time(up[1h])'))[0]?.value ?? 0;
  await eventually('samples are stored', async () => (await count(belfry)) > 2);
  const stored = await count(belfry);
  fs.writeFileSync(hang, '');
  await eventually('its storage hangs', async () => fs.existsSync(hangs));
  belfry.kill('SIGTERM');
  expect(await belfry.ended).toEqual({ code: 0, signal: null });
  expect(belfry.output()).toContain('the stop took too long and is cut off; nothing stored is lost');
  fs.rmSync(hang);
  expect(await count(await startAppliance(stack, start))).toBeGreaterThanOrEqual(stored);
});
