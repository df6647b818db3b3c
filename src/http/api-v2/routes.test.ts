import { expect, test } from 'vitest';
import { bench, hook, matchers, type RouteInput, route } from '../../notifiers/notifier.fixture.ts';
import type { NotifierOptions } from '../../notifiers/notifier.ts';
import { apiV2Routes } from './routes.ts';

const NOW = Date.UTC(2026, 0, 1);
const iso = (seconds: number): string => new Date(NOW + seconds * 1000).toISOString();

function api(root: RouteInput = {}, more: Partial<NotifierOptions> = {}) {
  const made = bench(
    {
      route: route({
        group_by: ['alertname'],
        routes: [{ matchers: 'team="db"', receiver: 'db', group_by: ['alertname', 'shard'] }],
        ...root,
      }),
      receivers: [hook('w'), { ...hook('db'), labels: { name: 'db', owner: 'data' } }],
      inhibit_rules: [
        { source_matchers: matchers('sev="crit"'), target_matchers: matchers('sev="warn"'), equal: [] },
      ],
      time_intervals: [{ name: 'always', time_intervals: [{}] }],
    },
    more,
  );
  const app = apiV2Routes({
    notifier: made.notifier,
    clock: made.clock,
    configText: () => 'route:\n  receiver: w\n',
    version: { version: '1.2.3', revision: 'abc' },
  });
  const call = async (method: string, path: string, body?: unknown) => {
    const response = await app.request(path, {
      method,
      body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
    });
    const text = await response.text();
    return { status: response.status, json: text === '' ? undefined : JSON.parse(text) };
  };
  return { ...made, call };
}

const silence = (more: object = {}) => ({
  matchers: [{ name: 'alertname', value: 'A', isRegex: false, isEqual: true }],
  startsAt: iso(0),
  endsAt: iso(60),
  createdBy: 'me',
  comment: 'c',
  ...more,
});

test('status has the shape that amtool reads', async () => {
  const { call } = api();
  expect(await call('GET', '/status')).toEqual({
    status: 200,
    json: {
      cluster: { peers: [], status: 'disabled' },
      config: { original: 'route:\n  receiver: w\n' },
      uptime: '2026-01-01T00:00:00.000Z',
      versionInfo: {
        branch: '',
        buildDate: '',
        buildUser: '',
        goVersion: '',
        revision: 'abc',
        version: '1.2.3',
      },
    },
  });
});

test('posted alerts are shown with times, state, receivers and fingerprint', async () => {
  const { call } = api();
  const posted = await call('POST', '/alerts', [
    {
      labels: { alertname: 'A', job: 'node', empty: '' },
      annotations: { summary: 's' },
      startsAt: '2026-01-01T01:00:00.123456789+01:00',
      generatorURL: 'http://prom/g',
    },
  ]);
  expect(posted).toEqual({ status: 200, json: undefined });
  expect((await call('GET', '/alerts')).json).toEqual([
    {
      annotations: { summary: 's' },
      endsAt: '2026-01-01T00:05:00.000Z',
      fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
      receivers: [{ name: 'w' }],
      startsAt: '2026-01-01T00:00:00.123Z',
      status: { inhibitedBy: [], mutedBy: [], silencedBy: [], state: 'active' },
      updatedAt: '2026-01-01T00:00:00.000Z',
      generatorURL: 'http://prom/g',
      labels: { alertname: 'A', job: 'node' },
    },
  ]);
});

test('texts of every kind are shown as they are', async () => {
  const { call, at } = api();
  const texts = ['"', '\\', 'a"b\\c', 'line\nbreak', '\u0000\u001f\u007f', 'ö 日本 🚨', '~ !#[]', ''];
  const annotations = Object.fromEntries(
    texts.filter((text) => text !== '').map((text, i) => [`a${i}`, text]),
  );
  const labels = { alertname: 'A"\n', 'a "name"': '\\' };
  await call('POST', '/alerts', [{ labels, annotations, generatorURL: 'http://x/?a="b"' }]);
  await at(1);
  const expected = { labels, annotations, generatorURL: 'http://x/?a="b"' };
  expect((await call('GET', '/alerts')).json).toMatchObject([expected]);
  expect((await call('GET', '/alerts/groups')).json).toMatchObject([
    { labels: { alertname: 'A"\n' }, receiver: { name: 'w' }, alerts: [expected] },
  ]);
});

test('one bad alert is refused and the good ones are kept', async () => {
  const { call } = api();
  const posted = await call('POST', '/alerts', [
    { labels: { alertname: 'Good' } },
    { labels: { x: '' } },
    { labels: { alertname: 'Ends' }, startsAt: iso(10), endsAt: iso(5) },
  ]);
  expect(posted).toEqual({
    status: 400,
    json: 'at least one label pair required\nstart time must be before end time',
  });
  const shown = (await call('GET', '/alerts')).json as { labels: { alertname: string } }[];
  expect(shown.map((one) => one.labels.alertname)).toEqual(['Good']);
});

test.each([
  ['{', 400, 400],
  [{}, 400, 400],
  [[{ annotations: {} }], 422, 602],
  [[{ labels: { a: 1 } }], 400, 400],
  [[{ labels: { a: 'b' }, startsAt: 'yesterday' }], 400, 400],
])('the body %j of alerts is answered with %d', async (body, status, code) => {
  const answer = await api().call('POST', '/alerts', body);
  expect([answer.status, (answer.json as { code: number }).code]).toEqual([status, code]);
});

test('alerts are filtered by labels, receiver and state', async () => {
  const { call } = api();
  await call('POST', '/alerts', [
    { labels: { alertname: 'A', sev: 'crit' } },
    { labels: { alertname: 'B', sev: 'warn' } },
    { labels: { alertname: 'C', team: 'db' } },
  ]);
  await call('POST', '/silences', silence());
  const names = async (query: string) => {
    const { status, json } = await call('GET', `/alerts?${query}`);
    return status === 200
      ? (json as { labels: { alertname: string } }[]).map((one) => one.labels.alertname).sort()
      : json;
  };
  expect(await names('')).toEqual(['A', 'B', 'C']);
  expect(await names('active=false')).toEqual(['A', 'B']);
  expect(await names('silenced=false')).toEqual(['B', 'C']);
  expect(await names('inhibited=false')).toEqual(['A', 'C']);
  expect(
    await names(
      `filter=${encodeURIComponent('sev=~"c.*|w.*"')}&filter=${encodeURIComponent('alertname!="A"')}`,
    ),
  ).toEqual(['B']);
  expect(await names('receiver=d.')).toEqual(['C']);
  expect(await names(`receiver_matchers=${encodeURIComponent('owner="data"')}`)).toEqual(['C']);
  expect(await names('receiver=%28')).toMatch(/^failed to parse receiver param: /);
  expect(await names('filter=%28')).toBe('bad matcher format: (');
});

test('groups hold their labels, receiver and alerts', async () => {
  const { call } = api();
  await call('POST', '/alerts', [
    { labels: { alertname: 'C', team: 'db', shard: '1' } },
    { labels: { alertname: 'A' } },
    { labels: { alertname: 'A', i: '2' } },
  ]);
  const { json } = await call('GET', '/alerts/groups');
  expect(
    (json as { labels: object; receiver: object; alerts: unknown[] }[]).map((one) => [
      one.labels,
      one.receiver,
      one.alerts.length,
    ]),
  ).toEqual([
    [{ alertname: 'A' }, { name: 'w' }, 2],
    [{ alertname: 'C', shard: '1' }, { name: 'db' }, 1],
  ]);
});

test('groups are filtered by receiver, its labels, alerts, their state, and whether a time mutes them', async () => {
  const { call, clock } = api({
    routes: [
      { matchers: 'team="db"', receiver: 'db' },
      { matchers: 'team="night"', receiver: 'w', mute_time_intervals: ['always'] },
    ],
  });
  await call('POST', '/alerts', [
    { labels: { alertname: 'A' } },
    { labels: { alertname: 'A', sev: 'crit' } },
    { labels: { alertname: 'B', sev: 'warn' } },
    { labels: { alertname: 'D', team: 'db' } },
    { labels: { alertname: 'N', team: 'night' } },
  ]);
  await call('POST', '/silences', silence({ matchers: [{ name: 'team', value: 'db', isRegex: false }] }));
  await clock.advance('2s');
  const shown = async (query: string) =>
    ((await call('GET', `/alerts/groups?${query}`)).json as { labels: object; alerts: unknown[] }[]).map(
      ({ labels, alerts }) => `${Object.values(labels).join()} ${alerts.length}`,
    );
  expect(await shown('')).toEqual(['A 2', 'B 1', 'D 1', 'N 1']);
  expect(await shown('muted=false')).toEqual(['A 2', 'B 1', 'D 1']);
  expect(await shown('silenced=false')).toEqual(['A 2', 'B 1', 'N 1']);
  expect(await shown('inhibited=0')).toEqual(['A 2', 'D 1', 'N 1']);
  expect(await shown('active=false')).toEqual(['B 1', 'D 1']);
  expect(await shown('filter=sev%3Dcrit')).toEqual(['A 1']);
  expect(await shown('receiver=db%7Cx')).toEqual(['D 1']);
  expect(await shown('receiver=d')).toEqual([]);
  expect(await shown('receiver_matchers=owner%3D%7E%22da.*%22')).toEqual(['D 1']);
  for (const query of ['filter=%7B', 'receiver=%28', 'receiver_matchers=%28'])
    expect((await call('GET', `/alerts/groups?${query}`)).status).toBe(400);
  // A muted alert says by what.
  const { json } = await call('GET', '/alerts/groups?receiver=w&filter=team%3Dnight');
  expect((json as { alerts: { status: object }[] }[])[0]!.alerts[0]!.status).toEqual({
    inhibitedBy: [],
    mutedBy: ['always'],
    silencedBy: [],
    state: 'suppressed',
  });
});

test('labels of a route are rendered of the whole group, whatever of it is shown', async () => {
  const rendered: number[] = [];
  const { call } = api(
    { labels: { owner: 'template' } },
    {
      templates: {
        renderText: (template, data) => {
          rendered.push(data.alerts.length);
          return `${template} rendered`;
        },
        renderHtml: (template) => template,
      },
    },
  );
  await call('POST', '/alerts', [{ labels: { alertname: 'A' } }, { labels: { alertname: 'A', i: '1' } }]);
  const { json } = await call('GET', '/alerts/groups?filter=i%3D1');
  expect(json).toMatchObject([{ alerts: [{}], routeLabels: { owner: 'template rendered' } }]);
  expect(rendered.at(-1)).toBe(2);
});

test('silences are told with their annotations, active ones before pending and expired ones', async () => {
  const { call, clock } = api();
  const make = async (name: string, more: object) =>
    (
      (await call('POST', '/silences', silence({ annotations: { name }, ...more }))).json as {
        silenceID: string;
      }
    ).silenceID;
  await make('ends later', { endsAt: iso(90) });
  await make('starts later', { startsAt: iso(50), endsAt: iso(60) });
  await make('starts', { startsAt: iso(40), endsAt: iso(70) });
  await make('ends', { endsAt: iso(30) });
  await make('ended first', { endsAt: iso(5) });
  await make('ended', { endsAt: iso(8) });
  await clock.advance('10s');
  const shown = async (query: string) =>
    ((await call('GET', `/silences?${query}`)).json as { annotations: { name: string } }[]).map(
      ({ annotations }) => annotations.name,
    );
  const [active, pending, expired] = [
    ['ends', 'ends later'],
    ['starts', 'starts later'],
    ['ended', 'ended first'],
  ];
  expect(await shown('')).toEqual([...active!, ...pending!, ...expired!]);
  expect(await shown('active=false')).toEqual([...pending!, ...expired!]);
  expect(await shown('pending=false&expired=f')).toEqual(active);
});

test.each([
  ['no matchers', { matchers: [] }, 422],
  ['ends before it starts', { startsAt: iso(60), endsAt: iso(30) }, 400],
  ['ends in the past', { startsAt: iso(-60), endsAt: iso(-30) }, 400],
  ['matches the empty string', { matchers: [{ name: 'a', value: '', isRegex: false }] }, 400],
  ['expression matches the empty string', { matchers: [{ name: 'a', value: '.*', isRegex: true }] }, 400],
  ['bad expression', { matchers: [{ name: 'a', value: '(', isRegex: true }] }, 400],
  ['no comment', { comment: undefined }, 422],
  ['unknown id', { id: '3c2a1cd5-0000-4000-8000-000000000000' }, 404],
])('a silence with %s is refused', async (_, more, status) => {
  expect((await api().call('POST', '/silences', silence(more))).status).toBe(status);
});

test('a silence is made, shown, found by its matchers, changed and ended', async () => {
  const { call, clock } = api();
  const made = await call(
    'POST',
    '/silences',
    silence({
      matchers: [
        { name: 'a', value: 'd.+', isRegex: true, isEqual: false },
        { name: 'b', value: 'c', isRegex: false },
      ],
    }),
  );
  const id = (made.json as { silenceID: string }).silenceID;
  expect((await call('GET', `/silence/${id}`)).json).toEqual({
    id,
    status: { state: 'active' },
    updatedAt: iso(0),
    comment: 'c',
    createdBy: 'me',
    endsAt: iso(60),
    matchers: [
      { isEqual: false, isRegex: true, name: 'a', value: 'd.+' },
      { isEqual: true, isRegex: false, name: 'b', value: 'c' },
    ],
    startsAt: iso(0),
  });
  const count = async (filter: string) =>
    ((await call('GET', `/silences?filter=${encodeURIComponent(filter)}`)).json as unknown[]).length;
  expect([await count('a!~"d.+"'), await count('b=c'), await count('b="zz"'), await count('b=')]).toEqual([
    1, 1, 0, 0,
  ]);

  await clock.advance('10s');
  const {
    id: _,
    status: __,
    ...shown
  } = (await call('GET', `/silence/${id}`)).json as Record<string, unknown>;
  const longer = await call('POST', '/silences', { ...shown, id, endsAt: iso(120) });
  expect(longer.json).toEqual({ silenceID: id });
  const other = await call('POST', '/silences', {
    ...shown,
    id,
    matchers: [{ name: 'x', value: 'y', isRegex: false }],
  });
  expect((other.json as { silenceID: string }).silenceID).not.toBe(id);
  expect(((await call('GET', `/silence/${id}`)).json as { status: unknown }).status).toEqual({
    state: 'expired',
  });
  expect(((await call('GET', '/silences?expired=false')).json as unknown[]).length).toBe(1);

  const otherId = (other.json as { silenceID: string }).silenceID;
  expect((await call('DELETE', `/silence/${otherId}`)).status).toBe(200);
  expect(((await call('GET', `/silence/${otherId}`)).json as { status: unknown }).status).toEqual({
    state: 'expired',
  });
  expect((await call('DELETE', '/silence/3c2a1cd5-0000-4000-8000-000000000000')).status).toBe(500);
  expect((await call('GET', '/silence/3c2a1cd5-0000-4000-8000-000000000000')).status).toBe(404);
  expect((await call('GET', '/silence/nope')).status).toBe(422);
});
