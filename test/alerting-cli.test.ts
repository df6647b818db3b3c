import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { alertCommand } from '../src/cli/alert.ts';
import { ran } from '../src/cli/ran.fixture.ts';
import { testReceiver } from '../src/cli/receiver.ts';
import { routeCommand } from '../src/cli/route.ts';
import { silenceCommand } from '../src/cli/silence.ts';
import { whyCommand } from '../src/cli/why.ts';
import { runWord } from '../src/cli/words.ts';
import { type Appliance, eventually, startAppliance, temporaryFolder } from './harness/appliance.ts';
import { peer, startSink } from './harness/peers.ts';

/** The commands against a whole appliance, and side by side with Debian's amtool where it is there. */
const stack = new AsyncDisposableStack();
let belfry: Appliance;
let sink: Awaited<ReturnType<typeof startSink>>;

const amtoolProgram = peer('amtool');
const silence = silenceCommand(Date.now);
const why = whyCommand(Date.now);
const receiverTest = {
  run: (...args: Parameters<typeof alertCommand.run>) => runWord(testReceiver, ...args),
};

beforeAll(async () => {
  const folder = temporaryFolder('cli');
  stack.defer(() => fs.rmSync(folder, { recursive: true }));
  sink = await startSink(stack);
  const config = path.join(folder, 'belfry.yaml');
  fs.writeFileSync(
    config,
    `route:
  receiver: hook
  group_by: [alertname]
  group_wait: 0s
  group_interval: 1s
  routes: [{ match_re: { team: x|y }, receiver: other }]
receivers:
  - name: hook
    webhook_configs: [{ url: '${sink.url}/hook?token=s3cret' }]
  - name: other
    telegram_configs: [{ bot_token: 'a:b', chat_id: 1 }]
`,
  );
  belfry = await startAppliance(stack, { config, data: path.join(folder, 'data') });
});
afterAll(() => stack.disposeAsync());

const run = (command: { run: typeof alertCommand.run }, ...argv: string[]) =>
  ran(command, [...argv, '--url', belfry.url], { env: { USER: 'tester' } });

test('an alert is added, told, explained, silenced; a receiver is tested', async () => {
  expect(await run(alertCommand, 'add', 'Full', 'disk=sda', '--annotation=summary=full')).toMatchObject({
    code: 0,
  });
  await eventually('the sink hears of it', async () =>
    sink.received.some(({ body }) => body.includes('Full')),
  );
  expect((await run(alertCommand, 'Full')).out).toMatch(
    /^Alertname .*\nFull +\d{4}-.* UTC +full +active +\n$/,
  );
  const told = await eventually('the trace says so', async () => {
    const { out } = await run(why, 'Full');
    return out.includes('delivered after') && out;
  });
  expect(told).toContain('default route: matched as every alert, goes to receiver "hook"');
  expect(told).toContain('webhook[0]: first notification, delivered after 1 try');

  const id = (await run(silence, 'add', 'Full', '-c=planned')).out.trim();
  expect(JSON.parse((await run(alertCommand, '--silenced', '-o=json')).out)).toMatchObject([
    { status: { state: 'suppressed', silencedBy: [id] } },
  ]);
  expect((await run(why, 'Full')).out).toContain(`silenced by ${id}`);
  expect(await run(silence, 'expire', id)).toEqual({ code: 0, out: '', err: '' });

  const proof = await run(receiverTest, 'hook');
  expect([proof.code, proof.out]).toEqual([0, expect.stringMatching(/webhook\[0\] +delivered/)]);
  expect(sink.received.at(-1)!.body).toContain('BelfryTest');
});

test.skipIf(!amtoolProgram.isThere)('lists are those of amtool, byte for byte', async () => {
  await run(silence, 'add', 'Other', 'node=~a|b', '-c', 'two words');
  const amtool = (...args: string[]): string =>
    execFileSync(amtoolProgram.file, [`--alertmanager.url=${belfry.url}`, ...args], {
      encoding: 'utf8',
      stdio: 'pipe',
    });
  for (const output of ['simple', 'extended']) {
    expect((await run(alertCommand, '-o', output)).out).toBe(amtool('alert', '-o', output));
    expect((await run(silence, '-o', output)).out).toBe(amtool('silence', '-o', output));
  }
  expect((await run(routeCommand)).out).toBe(amtool('config', 'routes', 'show'));
  expect((await run(routeCommand, 'test', '--tree', 'team=x')).out).toBe(
    amtool('config', 'routes', 'test', '--tree', 'team=x'),
  );
});

test.skipIf(!amtoolProgram.isThere)(
  'amtool itself adds alerts; makes, copies, changes and ends silences; reads the status',
  async () => {
    const amtool = (...args: string[]): string =>
      execFileSync(amtoolProgram.file, [`--alertmanager.url=${belfry.url}`, ...args], {
        encoding: 'utf8',
        stdio: 'pipe',
      }).trim();
    const shown = <T>(...args: string[]): T[] => JSON.parse(amtool(...args, '-o', 'json')) as T[];
    interface Shown {
      readonly labels: Record<string, string>;
      readonly annotations: Record<string, string>;
      readonly status: { readonly state: string; readonly silencedBy: string[] };
      readonly receivers: { readonly name: string }[];
    }
    interface ShownSilence {
      readonly id: string;
      readonly comment: string;
      readonly endsAt: string;
      readonly startsAt: string;
      readonly status: { readonly state: string };
    }

    amtool('alert', 'add', 'Am', 'node=a', 'team=x', '--annotation=summary=two words');
    amtool('alert', 'add', 'alertname=Am', 'node=b');
    expect(
      shown<Shown>('alert', 'query', 'Am')
        .map(({ labels }) => labels.node)
        .sort(),
    ).toEqual(['a', 'b']);
    expect(shown<Shown>('alert', 'query', 'alertname=Am', 'node=~"a|c"')).toMatchObject([
      { annotations: { summary: 'two words' }, receivers: [{ name: 'other' }], status: { state: 'active' } },
    ]);
    expect(shown<Shown>('alert', 'query', '--receiver=other', 'Am')).toHaveLength(1);

    const id = amtool('silence', 'add', 'alertname=Am', 'node=a', '--comment=c', '--author=me', '-d', '1h');
    expect(shown<Shown>('alert', 'query', '--silenced', 'Am')).toMatchObject([
      { labels: { node: 'a' }, status: { silencedBy: [id], state: 'suppressed' } },
    ]);
    expect(shown<Shown>('alert', 'query', '--active', 'Am').map(({ labels }) => labels.node)).toEqual(['b']);
    const silences = (...args: string[]) => shown<ShownSilence>('silence', 'query', ...args);
    expect(silences('alertname=Am')).toMatchObject([{ id, comment: 'c', status: { state: 'active' } }]);
    expect(amtool('silence', 'query', '-q', 'alertname=Am')).toBe(id);
    expect(silences('--created-by=me')).toHaveLength(1);
    expect(silences('--within=30m', 'alertname=Am')).toEqual([]);

    const [before] = silences('alertname=Am');
    amtool('silence', 'update', '--duration=2h', id);
    const [longer] = silences('alertname=Am');
    expect(longer!.id).toBe(id);
    expect(Date.parse(longer!.endsAt) - Date.parse(longer!.startsAt)).toBe(2 * 3_600_000);
    expect(longer!.startsAt).toBe(before!.startsAt);
    amtool('silence', 'update', '--comment=changed', id);
    expect(silences('alertname=Am')).toMatchObject([{ comment: 'changed' }]);

    const folder = temporaryFolder('amtool');
    const file = path.join(folder, 'silences.json');
    fs.writeFileSync(
      file,
      JSON.stringify(
        shown('silence', 'query', 'alertname=Am').map((one) => ({
          ...(one as object),
          id: '',
          comment: 'copy',
        })),
      ),
    );
    amtool('silence', 'import', '--force', file);
    expect(
      silences('alertname=Am')
        .map(({ comment }) => comment)
        .sort(),
    ).toEqual(['changed', 'copy']);
    amtool('silence', 'expire', ...amtool('silence', 'query', '-q', 'alertname=Am').split('\n'));
    expect(silences('alertname=Am')).toEqual([]);
    expect(silences('--expired', 'alertname=Am').length).toBeGreaterThanOrEqual(2);
    expect(() => amtool('silence', 'expire', '3c2a1cd5-0000-4000-8000-000000000000')).toThrow(
      'Command failed',
    );

    expect(amtool('config', 'show')).toContain('receiver: hook');
    expect(amtool('config', 'show')).not.toContain('s3cret');
    expect(amtool('config', 'routes', 'test', 'team=y')).toBe('other');
    expect(() => amtool('config', 'routes', 'test', '--verify.receivers=hook', 'team=y')).toThrow(
      'Command failed',
    );
    expect(amtool('cluster', 'show')).toMatch(/disabled/);
    // What the status shows is an alertmanager.yml that amtool takes.
    const config = path.join(folder, 'alertmanager.yml');
    const status = await belfry.get<{ config: { original: string } }>('/api/v2/status');
    fs.writeFileSync(config, status.config.original);
    expect(amtool('check-config', config)).toContain('SUCCESS');
    fs.rmSync(folder, { recursive: true });
  },
);
