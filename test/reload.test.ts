import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { eventually, freePort, runToEnd, startAppliance, temporaryFolder } from './harness/appliance.ts';
import { EXECUTABLE } from './harness/executable.ts';

interface Status {
  readonly config: { isSuccessful: boolean; problem: string | null; warnings: string[] };
}

const job = (name: string): string =>
  `  - { job_name: ${name}, static_configs: [{ targets: ['127.0.0.1:1'] }] }\n`;

test('a reload takes all of a file or nothing, and says so: exit code, API, metrics, audit log', async () => {
  await using stack = new AsyncDisposableStack();
  const folder = temporaryFolder('reload');
  stack.defer(() => fs.rmSync(folder, { recursive: true, force: true }));
  const config = path.join(folder, 'belfry.yaml');
  const write = (text: string): void => fs.writeFileSync(config, text);
  write(`scrape_configs:\n${job('first')}`);
  const belfry = await startAppliance(stack, {
    config,
    data: path.join(folder, 'data'),
    args: ['--config.auto-reload-interval=1s'],
  });
  const jobs = async () =>
    (await belfry.get<{ data: { scrapePools: string[] } }>('/api/v1/scrape_pools')).data.scrapePools;
  const state = async () => (await belfry.get<Status>('/api/status')).config;
  const metric = async () =>
    /^belfry_config_last_reload_successful (\d)/m.exec(
      await (await fetch(`${belfry.url}/metrics`)).text(),
    )![1];
  const reload = () => runToEnd(['reload', '--url', belfry.url]);

  write(`scrape_configs:\n${job('first')}${job('second')}rule_files: [none.yml]\n`);
  const good = reload();
  expect([good.status, good.stdout]).toEqual([0, 'the configuration was read and is in use\n']);
  expect(good.stderr).toMatch(/rule_files\[0\]: no such file: .*none\.yml/);
  expect(await jobs()).toEqual(['first', 'second']);
  expect([(await state()).isSuccessful, (await state()).warnings.length, await metric()]).toEqual([
    true,
    1,
    '1',
  ]);

  write(`scrape_configs:\n${job('third')}  - { job_nam: x }\n`);
  const bad = reload();
  expect([bad.status, bad.stderr]).toEqual([1, expect.stringContaining('scrape_configs[1].job_nam')]);
  expect(await jobs()).toEqual(['first', 'second']);
  expect([(await state()).isSuccessful, await metric()]).toEqual([false, '0']);
  expect((await state()).problem).toContain('did you mean "job_name"');

  // A changed file is read by itself, and so it is when SIGHUP asks.
  write(`scrape_configs:\n${job('fourth')}`);
  await eventually('the changed file is in use', async () => (await jobs()).join() === 'fourth');
  belfry.kill('SIGHUP');
  const causes = async () =>
    (await belfry.get<{ who: string; what: string }[]>('/api/audit')).map(({ who }) => who);
  await eventually('all causes are in the audit log', async () => {
    const seen = await causes();
    return ['SIGHUP', 'changed file', 'anyone'].every((who) => seen.includes(who));
  });
});

test('of several files one broken one keeps all others from being taken, rules and jobs alike, and everybody is told', async () => {
  await using stack = new AsyncDisposableStack();
  const folder = temporaryFolder('half-reload');
  stack.defer(() => fs.rmSync(folder, { recursive: true, force: true }));
  const write = (name: string, text: string): void => fs.writeFileSync(path.join(folder, name), text);
  const group = (name: string): string =>
    `groups: [{ name: ${name}, rules: [{ record: r, expr: vector(1) }] }]\n`;
  const configOf = (name: string): string =>
    `rule_files: ['*.rules.yml']\nscrape_configs:\n${job(name)}route: { receiver: ${name} }\nreceivers: [{ name: ${name} }]\n`;
  write('belfry.yaml', configOf('old'));
  write('a.rules.yml', group('a'));
  write('b.rules.yml', group('b'));
  const belfry = await startAppliance(stack, {
    config: path.join(folder, 'belfry.yaml'),
    data: path.join(folder, 'data'),
  });
  const inUse = async () => {
    const pools = await belfry.get<{ data: { scrapePools: string[] } }>('/api/v1/scrape_pools');
    const rules = await belfry.get<{ data: { groups: { name: string }[] } }>('/api/v1/rules');
    const receivers = await belfry.get<{ name: string }[]>('/api/v2/receivers');
    const shown = await belfry.get<{ data: { yaml: string } }>('/api/v1/status/config');
    return [
      pools.data.scrapePools,
      rules.data.groups.map(({ name }) => name),
      receivers.map(({ name }) => name),
      shown.data.yaml.includes('new'),
    ];
  };
  const before = [['old'], ['a', 'b'], ['old'], false];
  expect(await inUse()).toEqual(before);

  write('b.rules.yml', group('b').replace('vector(1)', "'sum('"));
  write('a.rules.yml', group('changed'));
  write('belfry.yaml', configOf('new'));
  const asked = runToEnd(['reload', '--url', belfry.url]);
  expect([asked.status, asked.stderr]).toEqual([1, expect.stringContaining('b.rules.yml')]);
  belfry.kill('SIGHUP');
  await eventually('the refusal is in the audit log', async () =>
    (await belfry.get<{ who: string; status: number; detail: string }[]>('/api/audit')).some(
      ({ who, status, detail }) => who === 'SIGHUP' && status === 500 && detail.includes('b.rules.yml'),
    ),
  );
  expect(await inUse()).toEqual(before);
  const { config } = await belfry.get<Status>('/api/status');
  expect([config.isSuccessful, config.problem]).toEqual([false, expect.stringContaining('b.rules.yml')]);
  const notes = await belfry.get<{ data: { text: string }[] }>('/api/v1/notifications');
  expect(notes.data.map(({ text }) => text)).toContain('Configuration reload has failed.');
  expect(belfry.output()).toContain('configuration refused; the old one goes on');

  // What turns out to be impossible only when it is put to use, after the jobs were, takes them back.
  write('b.rules.yml', group('b'));
  write('belfry.yaml', `${configOf('new')}backup: { directory: a.rules.yml }\n`);
  const impossible = runToEnd(['reload', '--url', belfry.url]);
  expect([impossible.status, impossible.stderr]).toEqual([1, expect.stringContaining('a.rules.yml')]);
  expect(await inUse()).toEqual(before);

  write('belfry.yaml', configOf('new'));
  expect(runToEnd(['reload', '--url', belfry.url]).status).toBe(0);
  expect(await inUse()).toEqual([['new'], ['changed', 'b'], ['new'], true]);
});

test('a SIGHUP that comes while it starts is heard when it has started', async () => {
  await using stack = new AsyncDisposableStack();
  const folder = temporaryFolder('reload');
  stack.defer(() => fs.rmSync(folder, { recursive: true, force: true }));
  const url = `127.0.0.1:${await freePort()}`;
  // Without a receiver it says so long before it is ready.
  fs.writeFileSync(path.join(folder, 'belfry.yaml'), 'self: {}\n');
  const args = ['serve', '--data', path.join(folder, 'data'), '--listen', url];
  const belfry = spawn(EXECUTABLE, args, { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] });
  stack.defer(() => void belfry.kill('SIGKILL'));
  belfry.stdout.once('data', () => void belfry.kill('SIGHUP'));
  await eventually('the reload is in the audit log', async () => {
    expect([belfry.exitCode, belfry.signalCode]).toEqual([null, null]);
    const entries = (await (await fetch(`http://${url}/api/audit`)).json()) as { who: string }[];
    return entries.some(({ who }) => who === 'SIGHUP');
  });
});

test('a reload cannot open to everybody what listens beyond this host', async () => {
  await using stack = new AsyncDisposableStack();
  const folder = temporaryFolder('reload');
  stack.defer(() => fs.rmSync(folder, { recursive: true, force: true }));
  const config = path.join(folder, 'belfry.yaml');
  const hash = runToEnd(['hash-password'], { input: 'secret\n' }).stdout.trim();
  fs.writeFileSync(config, `web: { users: { ada: { role: admin, password_hash: '${hash}' } } }\n`);
  const data = path.join(folder, 'data');
  const port = await freePort();
  const belfry = await startAppliance(stack, { config, data, port, listen: `0.0.0.0:${port}` });
  fs.writeFileSync(config, '');
  const refused = runToEnd(['reload', '--url', `http://127.0.0.1:${port}`], {
    env: { BELFRY_USER: 'ada:secret' },
  });
  expect([refused.status, refused.stderr]).toEqual([1, expect.stringContaining('refusing to listen')]);
  expect((await fetch(`${belfry.url}/metrics`, { headers: { connection: 'close' } })).status).toBe(401);
});
