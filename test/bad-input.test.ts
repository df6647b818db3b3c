import fs from 'node:fs';
import type http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { expect, test } from 'vitest';
import { httpTarget } from '../src/testing/http-target.ts';
import {
  type Appliance,
  eventually,
  runToEnd,
  startAppliance,
  temporaryFolder,
} from './harness/appliance.ts';

/** A folder that goes with the test. */
function folderOf(stack: AsyncDisposableStack, files: Readonly<Record<string, string>> = {}): string {
  const folder = temporaryFolder('bad');
  stack.defer(() => fs.rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(folder, name), text);
  return folder;
}

const serve = (folder: string, ...more: string[]) =>
  runToEnd(['serve', '--config', 'belfry.yaml', '--data', 'data', '--listen', '127.0.0.1:0', ...more], {
    cwd: folder,
  });

test.each([
  ['an unknown key', 'scrape_config: []\n', ['belfry.yaml:1:1: scrape_config: ', 'scrape_configs']],
  [
    'a wrong type',
    'global:\n  scrape_interval: fast\n',
    ['belfry.yaml:2:20: global.scrape_interval: expected a duration', 'fast'],
  ],
  [
    'a job named twice',
    'scrape_configs:\n  - job_name: a\n  - job_name: a\n',
    ['belfry.yaml:3:', 'scrape_configs[1].job_name', '"a"'],
  ],
  [
    'bad PromQL in a rule',
    'groups:\n  - name: g\n    rules:\n      - alert: A\n        expr: sum(rate(x[5m])\n',
    ['belfry.yaml:5:', 'groups[0].rules[0].expr', 'parse error'],
  ],
  ['no YAML at all', '{{{\n', ['belfry.yaml:2:1: not valid YAML']],
])('%s is refused with its place and exit code 2', async (_what, text, expected) => {
  await using stack = new AsyncDisposableStack();
  const folder = folderOf(stack, { 'belfry.yaml': text });
  const { status, output } = serve(folder);
  for (const part of expected) expect(output).toContain(part);
  expect(status).toBe(2);
  expect(runToEnd(['check', 'belfry.yaml'], { cwd: folder }).status).toBe(1);
});

test('all mistakes are told at once', async () => {
  await using stack = new AsyncDisposableStack();
  const folder = folderOf(stack, {
    'belfry.yaml': 'global:\n  scrape_intervall: 5s\n  evaluation_interval: 7 s\nwebb: {}\n',
  });
  const { output } = serve(folder);
  for (const part of [':2:3: ', ':3:24: ', ':4:1: ']) expect(output).toContain(`belfry.yaml${part}`);
});

test('an unreadable rule file is named', async () => {
  await using stack = new AsyncDisposableStack();
  const folder = folderOf(stack, {
    'belfry.yaml': 'rule_files: [rules.yml]\n',
    'rules.yml': 'groups:\n  - nam: x\n',
  });
  const { status, output } = serve(folder);
  expect(output).toContain('rules.yml:2:5: ');
  expect(status).toBe(2);
  fs.rmSync(path.join(folder, 'rules.yml'));
  fs.mkdirSync(path.join(folder, 'rules.yml'));
  const directory = serve(folder);
  expect(directory.output).toContain('rules.yml');
  expect(directory.status).toBe(2);
});

test('unknown flags and commands: exit code 2 and the nearest one', () => {
  expect(runToEnd(['serve', '--confg', 'x'])).toMatchObject({
    status: 2,
    output: expect.stringContaining('--config'),
  });
  expect(runToEnd(['srve'])).toMatchObject({ status: 2, output: expect.stringContaining('serve') });
});

test('a port that is taken: exit code 1, the address named', async () => {
  await using stack = new AsyncDisposableStack();
  const folder = folderOf(stack, { 'belfry.yaml': '' });
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stack.defer(() => void server.close());
  const { port } = server.address() as net.AddressInfo;
  const { status, output } = runToEnd(
    ['serve', '--config', 'belfry.yaml', '--data', 'data', '--listen', `127.0.0.1:${port}`],
    {
      cwd: folder,
    },
  );
  expect(output).toContain(`127.0.0.1:${port}`);
  expect(output).toMatch(/in use/);
  expect(status).toBe(1);
});

test('a data directory that another process has: exit code 1, the directory named, the first goes on', async () => {
  await using stack = new AsyncDisposableStack();
  const folder = folderOf(stack, { 'belfry.yaml': '' });
  const data = path.join(folder, 'data');
  const first = await startAppliance(stack, { config: path.join(folder, 'belfry.yaml'), data });
  const second = serve(folder);
  expect(second.output).toContain(data);
  expect(second.output).toMatch(/in use|locked/);
  expect(second.status).toBe(1);
  expect((await fetch(`${first.url}/-/ready`)).status).toBe(200);
});

test('a data directory that cannot be made: exit code 1, the directory named', async () => {
  await using stack = new AsyncDisposableStack();
  const folder = folderOf(stack, { 'belfry.yaml': '', data: 'a file is in the way' });
  const { status, output } = serve(folder);
  expect(output).toContain(path.join(folder, 'data'));
  expect(status).toBe(1);
});

interface TargetList {
  data: { activeTargets: { scrapePool: string; health: string; lastError: string }[] };
}

test('hostile targets hurt only themselves, and say why', async () => {
  await using stack = new AsyncDisposableStack();
  const good = await exporter(stack, (_request, response) => response.end('good 1\n'));
  const hanging = await exporter(stack, () => {});
  const garbage = await exporter(stack, (_request, response) => response.end('this is { not metrics\n'));
  const early = await exporter(stack, (_request, response) => {
    response.setHeader('content-length', '1000');
    response.write('a 1\n');
    setImmediate(() => response.destroy());
  });
  let sent = 0;
  const endless = await exporter(stack, (_request, response) => {
    const line = Buffer.from('x 1 # '.padEnd(64 * 1024, 'y'));
    const pump = (): void => {
      while (sent < 1e9 && !response.destroyed && response.write(line)) sent += line.length;
      if (sent >= 1e9) response.end();
    };
    response.on('drain', pump);
    pump();
  });
  const jobs = { good, hanging, garbage, early, endless };
  const config = `global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs:\n${Object.entries(jobs)
    .map(([job, address]) => `  - {job_name: ${job}, static_configs: [{targets: ['${address}']}]}\n`)
    .join('')}`;
  const folder = folderOf(stack, { 'belfry.yaml': config });
  const belfry = await startAppliance(stack, {
    config: path.join(folder, 'belfry.yaml'),
    data: path.join(folder, 'data'),
  });
  await eventually('each hostile target was found out', async () => {
    const down = await belfry.query('up == 0');
    return new Set(down.map((sample) => sample.metric.job)).size === 4;
  });
  const errors = async () => {
    const { data } = await belfry.get<TargetList>('/api/v1/targets');
    return Object.fromEntries(data.activeTargets.map((target) => [target.scrapePool, target.lastError]));
  };
  // On a busy machine any of them may run out of its time now and then.
  await expect.poll(errors).toEqual({
    good: '',
    hanging: expect.stringContaining('context deadline exceeded'),
    garbage: expect.stringContaining('line 1, column'),
    early: expect.stringContaining('unexpected EOF'),
    endless: expect.stringMatching(/body size limit exceeded|context deadline exceeded/),
  });
  await eventually('the good one is scraped', async () => (await belfry.query('good'))[0]?.value === 1);
  expect(rssOf(belfry)).toBeLessThan(600e6);
});

function rssOf(belfry: Appliance): number {
  const match = /VmRSS:\s+(\d+) kB/.exec(fs.readFileSync(`/proc/${belfry.pid}/status`, 'utf8'));
  return Number(match![1]) * 1024;
}

/** An exporter on loopback that serves what `answer` does. */
async function exporter(stack: AsyncDisposableStack, answer: http.RequestListener): Promise<string> {
  const server = stack.use(
    await httpTarget((request, response) => {
      response.setHeader('content-type', 'text/plain; version=0.0.4');
      answer(request, response);
    }),
  );
  return server.address;
}

test('SIGTERM ends it with code 0 while a target hangs', async () => {
  await using stack = new AsyncDisposableStack();
  let scrapes = 0;
  const hanging = await exporter(stack, () => void scrapes++);
  // Many, so that the first scrape is not far away.
  const targets = Array.from({ length: 1000 }, (_, n) => `{targets: ['${hanging}'], labels: {n: '${n}'}}`);
  const folder = folderOf(stack, {
    'belfry.yaml': `scrape_configs: [{job_name: a, scrape_interval: 15m, scrape_timeout: 15m, static_configs: [${targets.join(', ')}]}]\n`,
  });
  const belfry = await startAppliance(stack, {
    config: path.join(folder, 'belfry.yaml'),
    data: path.join(folder, 'data'),
  });
  await eventually('the scrape hangs', async () => scrapes > 0);
  belfry.kill('SIGTERM');
  expect(await belfry.ended).toEqual({ code: 0, signal: null });
});

test('a start right after kill -9 succeeds', async () => {
  await using stack = new AsyncDisposableStack();
  const folder = folderOf(stack, { 'belfry.yaml': 'self: {}\n' });
  const options = { config: path.join(folder, 'belfry.yaml'), data: path.join(folder, 'data') };
  const first = await startAppliance(stack, options);
  first.kill('SIGKILL');
  await first.ended;
  const second = await startAppliance(stack, options);
  expect((await fetch(`${second.url}/-/healthy`)).status).toBe(200);
});
