import Database from 'better-sqlite3';
import type { Hono } from 'hono';
import { beforeEach, expect, test } from 'vitest';
import { statusPageConfig } from '../config/status-page.ts';
import {
  createIncidentStore,
  type IncidentStore,
  MAX_INCIDENTS,
  migrateIncidents,
} from '../incidents/incident-store.ts';
import { labelsFromObject } from '../model/labels.ts';
import { compileMatchers } from '../notifiers/matching.ts';
import type { StoredTransition } from '../rules/rule-store.ts';
import { fakeClock } from '../testing/fake-clock.ts';
import { incidentRoutes } from './incidents.ts';

const NOW = Date.UTC(2026, 0, 8, 12);
const MINUTE = 60_000;
let app: Hono;
let db: Database.Database;
let store: IncidentStore;
let clock: ReturnType<typeof fakeClock>;

/** An alert that fired from then to then. */
function* past(name: string, service: string, from: number, to: number): Generator<StoredTransition> {
  const labels = labelsFromObject({ alertname: name, service });
  yield { rule: 'r', labels, from: 'firing', to: 'inactive', at: to, value: 0 };
  yield { rule: 'r', labels, from: 'inactive', to: 'firing', at: from, value: 2 };
}

beforeEach(() => {
  db = new Database(':memory:');
  migrateIncidents(db);
  store = createIncidentStore(db);
  clock = fakeClock(NOW);
  const { services } = statusPageConfig.parse({ services: [{ name: 'Shop', matchers: ['service="shop"'] }] });
  app = incidentRoutes({
    incidents: store,
    services: () => services.map((service) => ({ service, state: 'degraded' as const, since: NOW })),
    statusPage: () => undefined,
    rules: {
      *history(from, to) {
        const all = [
          ...past('Slow', 'shop', NOW - 5 * MINUTE, NOW + MINUTE),
          ...past('Full', 'disk', NOW - 4 * MINUTE, NOW - 3 * MINUTE),
          ...past('Old', 'shop', NOW - 60 * MINUTE, NOW - 50 * MINUTE),
        ];
        yield all.filter(({ at }) => at >= from && at < to).sort((a, b) => b.at - a.at);
      },
      alerts: () => [],
    },
    compile: (matchers) => compileMatchers(matchers).matches,
    clock,
  });
});

const ask = async (method: string, path: string, body?: unknown) => {
  const answer = await app.request(path, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return [answer.status, text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text] as const;
};

test('an incident is begun, followed and ended; its timeline says when and by whom', async () => {
  const [status, made] = await ask('POST', '/incidents', {
    title: ' The shop is slow ',
    services: ['Shop'],
    isPublic: true,
    text: 'We look.',
    author: 'kim',
  });
  expect([status, made.id, made.title, made.status, made.endedAt]).toEqual([
    201,
    1,
    'The shop is slow',
    'investigating',
    null,
  ]);
  await clock.advance('10m');
  await ask('POST', '/incidents/1/updates', { status: 'identified', text: 'A query.', author: 'lee' });
  await clock.advance('10m');
  const [, ended] = await ask('POST', '/incidents/1/updates', { status: 'resolved' });
  expect(ended).toMatchObject({
    status: 'resolved',
    startedAt: '2026-01-08T12:00:00.000Z',
    endedAt: '2026-01-08T12:20:00.000Z',
  });
  expect(
    ended.updates.map((one: { status: string; author: string; text: string }) => [
      one.status,
      one.author,
      one.text,
    ]),
  ).toEqual([
    ['investigating', 'kim', 'We look.'],
    ['identified', 'lee', 'A query.'],
    ['resolved', '', ''],
  ]);
  const [, again] = await ask('POST', '/incidents/1/updates', { status: 'monitoring' });
  expect(again.endedAt).toBeNull();
});

test('the alerts of its services and its matchers are gathered, from a quarter of an hour before', async () => {
  const names = async (id: number): Promise<string[]> =>
    (await ask('GET', `/incidents/${id}`))[1].alerts.map(
      ({ labels }: { labels: { alertname: string } }) => labels.alertname,
    );
  await clock.advance('2m');
  await ask('POST', '/incidents', { title: 'a', services: ['Shop'], startedAt: NOW });
  await ask('POST', '/incidents', { title: 'b', matchers: '{alertname=~"F.*"}', startedAt: NOW });
  await ask('POST', '/incidents', {
    title: 'c',
    services: ['Shop'],
    matchers: 'service="disk"',
    startedAt: NOW,
  });
  await ask('POST', '/incidents', { title: 'd', startedAt: NOW });
  expect(await Promise.all([1, 2, 3, 4].map(names))).toEqual([['Slow'], ['Full'], ['Full', 'Slow'], []]);
  const [, one] = await ask('GET', '/incidents/1');
  expect(one.alerts[0].firings).toEqual([
    { from: '2026-01-08T11:55:00.000Z', to: '2026-01-08T12:01:00.000Z' },
  ]);
  const [, report] = await ask('GET', '/incidents/1/report');
  expect(report).toBe(
    [
      '# a',
      '',
      '- Began: 2026-01-08T12:00:00Z',
      '- Ended: not yet',
      '- Affected: Shop',
      '',
      '## Timeline',
      '',
      '- 2026-01-08T12:02:00Z **investigating**: ',
      '',
      '## Alerts',
      '',
      '- 2026-01-08T11:55:00.000Z – 2026-01-08T12:01:00.000Z: **Slow** service=shop',
      '',
    ].join('\n'),
  );
});

test('what is said of an incident can be changed, and it can be taken away', async () => {
  await ask('POST', '/incidents', { title: 'a' });
  expect((await ask('PATCH', '/incidents/1', { title: 'b', isPublic: true }))[1]).toMatchObject({
    title: 'b',
    isPublic: true,
    services: [],
  });
  expect((await ask('DELETE', '/incidents/1'))[0]).toBe(204);
  for (const [method, path, body] of [
    ['GET', '/incidents/1'],
    ['GET', '/incidents/1/report'],
    ['PATCH', '/incidents/1', {}],
    ['POST', '/incidents/1/updates', { status: 'resolved' }],
    ['DELETE', '/incidents/1'],
    ['DELETE', '/incidents/x'],
  ] as const)
    expect((await ask(method, path, body))[0], `${method} ${path}`).toBe(404);
});

test.each<[method: string, path: string, body: unknown, error: RegExp]>([
  ['POST', '/incidents', undefined, /^body: expected JSON, got something else$/],
  ['POST', '/incidents', {}, /^title: /],
  ['POST', '/incidents', { title: ' ' }, /^title: expected some words/],
  ['POST', '/incidents', { title: 'a', status: 'done' }, /^status: /],
  ['POST', '/incidents', { title: 'a', matchers: 'a=~"("' }, /^matchers: .*missing closing \)/],
  ['POST', '/incidents', { title: 'a', matchers: '{{' }, /^matchers: /],
  ['POST', '/incidents', { title: 'a', sevices: [] }, /sevices/],
  ['PATCH', '/incidents/1', { matchers: '=' }, /^matchers: /],
  ['POST', '/incidents/1/updates', { text: 'x' }, /^status: /],
  ['GET', '/incidents?since=x', undefined, /^since: expected Unix ms/],
])('%s %s with %j is refused', async (method, path, body, error) => {
  await ask('POST', '/incidents', { title: 'there' });
  const [status, answer] = await ask(method, path, body);
  expect([status, answer.error]).toEqual([400, expect.stringMatching(error)]);
});

test('the list has what goes on and what began or ended since; it is bounded', async () => {
  await ask('POST', '/incidents', { title: 'over', startedAt: NOW - 10 * MINUTE });
  await ask('POST', '/incidents/1/updates', { status: 'resolved', at: NOW + 5 * MINUTE });
  await ask('POST', '/incidents', { title: 'goes on', startedAt: NOW - 10 * MINUTE });
  const titles = async (query: string) =>
    (await ask('GET', `/incidents${query}`))[1].map(({ title }: { title: string }) => title);
  expect(await titles('')).toEqual(['goes on', 'over']);
  expect(await titles(`?since=${NOW + 4 * MINUTE}`)).toEqual(['goes on', 'over']);
  expect(await titles(`?since=${NOW + 6 * MINUTE}`)).toEqual(['goes on']);
  db.exec(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${MAX_INCIDENTS})
    INSERT INTO incidents (title, services, matchers, is_public, started_at, ended_at) SELECT 'x', '[]', '', 0, ${NOW}, ${NOW} FROM n`);
  await ask('POST', '/incidents', { title: 'newest' });
  expect([store.get(1), store.get(2)?.title]).toEqual([undefined, 'goes on']);
});

test('services are told with their state', async () => {
  expect(await ask('GET', '/services')).toEqual([
    200,
    {
      statusPage: null,
      services: [
        { name: 'Shop', group: '', description: '', state: 'degraded', since: '2026-01-08T12:00:00.000Z' },
      ],
    },
  ]);
});
