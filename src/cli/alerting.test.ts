import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { alertCommand } from './alert.ts';
import { configCommand } from './config.ts';
import { ran } from './ran.fixture.ts';
import { testReceiver } from './receiver.ts';
import { type World, world } from './remote.fixture.ts';
import { routeCommand } from './route.ts';
import { silenceCommand } from './silence.ts';
import { whyCommand } from './why.ts';
import { runWord } from './words.ts';

const folder = mkdtempSync(join(tmpdir(), 'belfry-cli-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function start(): Promise<World & { silence: ReturnType<typeof silenceCommand> }> {
  const made = await world();
  onTestFinished(() => made.close());
  return Object.assign(made, { silence: silenceCommand(() => made.clock.now()) });
}

test('alert add posts, alert query lists in three ways', async () => {
  const w = await start();
  const added = await w.run(
    alertCommand,
    'add',
    'Disk',
    'node=a b',
    '--annotation=summary="it is full"',
    '--start=2026-01-01T00:00:00Z',
    '--end=2026-01-02T00:00:00+01:00',
    '--generator-url=http://gen.test/',
  );
  expect(added).toEqual({ code: 0, out: '', err: '' });
  await w.at(1);
  expect((await w.run(alertCommand)).out).toBe(
    'Alertname  Starts At                Summary     State   \n' +
      'Disk       2026-01-01 00:00:00 UTC  it is full  active  \n',
  );
  expect((await w.run(alertCommand, 'query', '-o', 'extended', 'Disk', 'node=~a.*')).out).toBe(
    'Labels                       Annotations           Starts At                Ends At                  Generator URL     State   \n' +
      'alertname="Disk" node="a b"  summary="it is full"  2026-01-01 00:00:00 UTC  2026-01-01 23:00:00 UTC  http://gen.test/  active  \n',
  );
  const json = JSON.parse((await w.run(alertCommand, '--output=json', 'Disk')).out);
  expect(json).toMatchObject([{ labels: { alertname: 'Disk', node: 'a b' }, status: { state: 'active' } }]);
  expect((await w.run(alertCommand, 'Other')).out).toBe('Alertname  Starts At  Summary  State  \n');
});

test('alert query shows active alerts unless a state is asked for', async () => {
  const w = await start();
  await w.post({ labels: { alertname: 'Src', sev: 'crit' } }, { labels: { alertname: 'Tgt', sev: 'warn' } });
  await w.at(1);
  const names = async (...argv: string[]) =>
    (JSON.parse((await w.run(alertCommand, '-o=json', ...argv)).out) as { labels: { alertname: string } }[])
      .map((one) => one.labels.alertname)
      .sort();
  expect(await names()).toEqual(['Src']);
  expect(await names('--inhibited')).toEqual(['Tgt']);
  expect(await names('-a', '-i')).toEqual(['Src', 'Tgt']);
  expect(await names('-a', '-r', 'muted')).toEqual([]);
});

test('silence add, query, update, expire', async () => {
  const w = await start();
  const added = await w.run(w.silence, 'add', 'Disk', 'node!=b', '-c', 'planned', '-d', '2h');
  const id = added.out.trim();
  expect(id).toMatch(/^[0-9a-f-]{36}$/);
  expect((await w.run(w.silence)).out).toBe(
    `ID                                    Matchers                    Ends At                  Created By  Comment  \n` +
      `${id}  alertname="Disk" node!="b"  2026-01-01 02:00:00 UTC  tester      planned  \n`,
  );
  expect((await w.run(w.silence, 'query', '-o=extended', '--within=3h')).out).toContain(
    '{alertname="Disk",node!="b"}',
  );
  expect((await w.run(w.silence, 'query', '-q', '--within=1h')).out).toBe('');
  expect((await w.run(w.silence, 'query', '-q', '--created-by=you')).out).toBe('');
  const updated = await w.run(w.silence, 'update', id, '-d=3h', '-c=longer', '-o=json');
  expect(JSON.parse(updated.out)).toMatchObject([{ endsAt: '2026-01-01T03:00:00.000Z', comment: 'longer' }]);
  const [now] = (await w.run(w.silence, '-q')).out.trim().split('\n');
  expect((await w.run(w.silence, 'expire', now!)).code).toBe(0);
  await w.at(1);
  expect((await w.run(w.silence, '-q')).out).toBe('');
  expect((await w.run(w.silence, '-q', '--expired')).out).toContain(now);
});

test('silence import makes silences anew, and says which it could not', async () => {
  const w = await start();
  await w.run(w.silence, 'add', 'A', '-c=one');
  await w.run(w.silence, 'add', 'B', '-c=two');
  const listed = JSON.parse((await w.run(w.silence, '-o=json')).out) as { id: string; matchers: unknown[] }[];
  const file = join(folder, 'silences.json');
  writeFileSync(
    file,
    JSON.stringify([
      { ...listed[0], id: '00000000-0000-4000-8000-000000000000' },
      { ...listed[1], matchers: [] },
    ]),
  );
  const imported = await w.run(w.silence, 'import', file);
  expect(imported.code).toBe(1);
  expect(imported.out).toMatch(/^[0-9a-f-]{36}\n$/);
  expect(imported.err).toContain(`Error adding silence id='${listed[1]!.id}'`);
  expect(imported.err).toContain("couldn't import 1 out of 2 silences");
  expect((await w.run(w.silence, '-q')).out.trim().split('\n')).toHaveLength(3);
});

test.each([
  [['add', 'A'], 'a comment is needed'],
  [['add', '-c=x'], 'no matchers specified'],
  [['add', 'A', '-c=x', '-d=0s'], 'greater than 0'],
  [['add', 'A', '-c=x', '--end=tomorrow'], '--end: expected a time such as'],
  [
    ['add', 'A', '-c=x', '--start=2026-01-02T00:00:00Z', '--end=2026-01-01T00:00:00Z'],
    'cannot start after it ends',
  ],
  [['expire'], 'no silence IDs specified'],
  [['-o=yaml'], 'expected simple, extended or json'],
])('silence %j is a mistake', async (argv, message) => {
  await expect(
    ran(
      silenceCommand(() => 0),
      argv,
    ),
  ).rejects.toThrow(message);
});

const TREE = `.
└── default-route  receiver: ops
    ├── {team="db"}  continue: true  receiver: db
    │   └── {shard=~"^(?:[0-4])$"}  receiver: low
    └── {team=~"db|web"}  receiver: web
`;

test('route show and test against a running monitor', async () => {
  const w = await start();
  expect(await w.run(routeCommand)).toEqual({ code: 0, out: `Routing tree:\n${TREE}\n`, err: '' });
  expect((await w.run(routeCommand, 'test', 'team=db', 'shard=3')).out).toBe('low,web\n');
  expect((await w.run(routeCommand, 'test', 'team=db', '--tree')).out).toBe(
    'Matching routes:\n.\n└── default-route\n    ├── {team="db"}  receiver: db\n    └── {team=~"db|web"}  receiver: web\n\n\ndb,web\n',
  );
  expect((await w.run(routeCommand, 'test', 'x=y', '--verify.receivers=ops')).code).toBe(0);
  expect((await w.run(configCommand)).out).toMatch(/^\nroute:\n {2}receiver: ops\n/);
  expect(await w.run(routeCommand, 'test', 'x=y', '--verify.receivers=db')).toEqual({
    code: 1,
    out: 'ops\nWARNING: Expected receivers did not match resolved receivers.\n',
    err: '',
  });
});

test('route test of a file needs no monitor', async () => {
  const text =
    'route: {receiver: a, routes: [{receiver: b, match: {x: y}}]}\nreceivers: [{name: a}, {name: b}]\n';
  writeFileSync(join(folder, 'am.yml'), text);
  expect((await ran(routeCommand, ['test', '--config', 'am.yml', 'x=y'], { cwd: folder })).out).toBe('b\n');
  writeFileSync(join(folder, 'bad.yml'), 'route: {receiver: a}\n');
  const bad = await ran(routeCommand, ['show', '--config.file', 'bad.yml'], { cwd: folder });
  expect(bad.code).toBe(1);
  expect(bad.err).toContain('bad.yml:1:1: route: expected receivers beside route');
});

test('test receiver sends through every integration', async () => {
  const w = await start();
  const command = (...args: Parameters<typeof alertCommand.run>) => runWord(testReceiver, ...args);
  const fine = await w.run(command, 'ops');
  expect(fine.code).toBe(0);
  expect(fine.out).toMatch(/^Integration {2}Outcome +Took +Answer +\nwebhook\[0\] +delivered +0 ms +200/);
  w.script.set('ops', [500]);
  expect((await w.run(command, 'ops', '--resolve')).code).toBe(1);
  expect(w.posts.map((post) => post.alerts)).toEqual([['BelfryTest'], ['BelfryTest resolved']]);
  expect(await w.run(command, 'silent')).toMatchObject({
    code: 1,
    err: 'belfry: receiver "silent" has no integrations\n',
  });
  expect((await w.run(command, 'nobody')).err).toContain('404 no receiver "nobody"');
});

test('a monitor that says no, or nothing, is told on stderr with exit code 1', async () => {
  const w = await start();
  const no = await w.run(alertCommand, 'query', '-r', '(');
  expect([no.code, no.err]).toEqual([1, expect.stringContaining('400 failed to parse receiver param')]);
  const gone = await ran(alertCommand, ['--url', 'http://127.0.0.1:1', '--timeout=2s']);
  expect([gone.code, gone.err]).toEqual([1, expect.stringContaining('http://127.0.0.1:1: ')]);
});

test('a user in the address becomes the login', async () => {
  const w = await start();
  await ran(alertCommand, ['--alertmanager.url', w.url.replace('://', '://me:p%40ss@')]);
  expect(w.headers.authorization).toBe(`Basic ${Buffer.from('me:p@ss').toString('base64')}`);
});

const why = (w: World) => whyCommand(() => w.clock.now());

test.each([
  [
    'inhibited',
    { sev: 'warn' },
    /inhibited by \{alertname="Src", sev="crit"\}, fingerprint [0-9a-f]{16} \(rule crit\), since 2026-01-01 00:00:01 UTC or before/,
  ],
  ['muted', { to: 'muted' }, /muted by the time always, since 2026-01-01 00:00:01 UTC or before/],
  ['inactive', { to: 'inactive' }, /not sent outside the active time never, since/],
  ['silenced', { quiet: 'yes' }, /silenced by [0-9a-f-]{36}, since/],
])('why says that an alert is %s', async (_, labels, expected) => {
  const w = await start();
  await w.run(w.silence, 'add', 'quiet=yes', '-c=x');
  await w.post({ labels: { alertname: 'Src', sev: 'crit' } }, { labels: { alertname: 'Tgt', ...labels } });
  await w.at(5);
  const { code, out } = await w.run(why(w), 'Tgt');
  expect(code).toBe(0);
  expect(out).toMatch(expected);
  expect(out).toContain('No message about it was sent.');
});

test('why names each reason of a notification', async () => {
  const w = await start();
  await w.post({ labels: { alertname: 'A', i: '1' }, starts: 0, ends: 1000 });
  await w.at(2);
  const first = await w.run(why(w), 'A');
  expect(first.out).toContain('alertname="A" i="1"\n  fingerprint ');
  expect(first.out).toContain('webhook[0]: first notification, delivered after 1 try and 0 ms: 200');
  expect(first.out).toMatch(
    /would not be sent to webhook\[0\]: last told at 2026-01-01 00:00:01 UTC, an unchanged group is told again at the first look after 2026-01-01 00:00:11 UTC/,
  );
  await w.post({ labels: { alertname: 'A', i: '2' }, starts: 0, ends: 1000 });
  expect((await w.run(why(w), 'A')).out).toMatch(
    /would be sent at 2026-01-01 00:00:04 UTC \(new alerts added\) to webhook\[0\]: last told at/,
  );
  await w.at(5);
  await w.post({ labels: { alertname: 'A', i: '2' }, starts: 0, ends: 5 });
  await w.at(8);
  await w.at(20);
  await w.post({ labels: { alertname: 'A', i: '1' }, starts: 0, ends: 20 });
  await w.at(25);
  const [entry] = w.notifier.notifications();
  const { out } = await w.run(why(w), entry!.alerts[0]!.fingerprint);
  for (const reason of [
    'new alerts added',
    'some alerts resolved',
    'repeat interval elapsed',
    'all alerts resolved',
  ]) {
    expect(out).toContain(`(${reason}; 1 try`);
  }
});

test('why says which routes matched and why, what was refused, and what is tried again', async () => {
  const w = await start();
  w.script.set('refusing', [400, 500]);
  await w.post({ labels: { alertname: 'R', to: 'refusing' } });
  await w.at(1);
  const { out } = await w.run(why(w), 'R');
  expect(out).toContain('default route: matched as every alert; a route below takes it');
  expect(out).toContain('route {to="muted"}: not matched, because the alert is not to="muted"');
  expect(out).toContain(
    'route {to="refusing"}: matched because all of {to="refusing"} hold, goes to receiver "refusing"',
  );
  expect(out).toContain(
    'webhook[0]: first notification, refused after 1 try and 0 ms: unexpected status code 400',
  );
  await w.at(4.1);
  expect((await w.run(why(w), 'R')).out).toContain(
    'webhook[0]: first notification, being sent again after 1 try: unexpected status code 500\n',
  );
});

test('why in JSON is what the API says; an alert that nobody knows is an error', async () => {
  const w = await start();
  await w.post({ labels: { alertname: 'A' } });
  await w.at(1);
  const traces = JSON.parse((await w.run(why(w), 'A', '-o', 'json')).out);
  expect(traces).toMatchObject([{ alert: { labels: { alertname: 'A' } }, flushes: [{ receiver: 'ops' }] }]);
  expect(await w.run(why(w), 'B')).toMatchObject({
    code: 1,
    err: expect.stringContaining('no alert named "B"'),
  });
  expect(await w.run(why(w), '0123456789abcdef')).toMatchObject({
    code: 1,
    err: expect.stringContaining('404 no alert "0123456789abcdef" is known'),
  });
});
