import bcrypt from 'bcryptjs';
import Database from 'better-sqlite3';
import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { type AccessUser, createAccess } from '../access/access.ts';
import type { Log } from '../model/log.ts';
import type { SqliteDatabase } from '../sqlite/database.ts';
import { fakeClock } from '../testing/fake-clock.ts';
import { type LoggedEvent, silentLog } from '../testing/silent-log.ts';
import { accessRoutes } from './access.ts';
import { environmentOf } from './call.ts';
import { createGuard, type GuardSettings, guarded } from './guard.ts';

const HOST = 'localhost:9797';
const OWN = `http://${HOST}`;
const hash = (password: string): string => bcrypt.hashSync(password, 4);
const USERS: Readonly<Record<string, AccessUser>> = {
  vera: { role: 'viewer', hash: hash('v') },
  ria: { role: 'responder', hash: hash('r') },
  ada: { role: 'admin', hash: hash('a') },
};

/** A server whose routes all answer "in", behind the guard. */
function server(
  options: {
    users?: Readonly<Record<string, AccessUser>>;
    settings?: Partial<GuardSettings>;
    db?: SqliteDatabase;
    log?: Log;
    /** What the routes answer with. */
    status?: 200 | 503;
  } = {},
) {
  const clock = fakeClock();
  const users = new Map(Object.entries(options.users ?? {}));
  const settings: GuardSettings = {
    isLoginNeeded: users.size > 0,
    hosts: ['monitor.example.org:9797'],
    externalOrigin: 'http://monitor.example.org:9797',
    prefix: '',
    isCorsOrigin: () => false,
    headers: {},
    ...options.settings,
  };
  const access = createAccess({
    db: options.db ?? new Database(':memory:'),
    clock,
    log: options.log ?? silentLog(),
    settings: () => ({ users, sessions: { idleMs: 86_400_000, maxAgeMs: 7 * 86_400_000 } }),
  });
  const routes = new Hono();
  routes.route('/api', accessRoutes({ access, clock, settings: () => settings }));
  routes.all('*', (c) => c.text('in', options.status ?? 200));
  const app = new Hono();
  app.use(guarded(createGuard({ settings: () => settings, access: () => access })));
  app.all('*', (c) => routes.fetch(c.req.raw, environmentOf(c)));
  const ask = (path: string, init: RequestInit & { from?: string } = {}) =>
    app.request(
      path,
      { ...init, headers: { host: HOST, ...(init.headers as Record<string, string>) } },
      { incoming: { socket: { remoteAddress: init.from ?? '192.0.2.1' } } },
    );
  return { ask, access, clock, users };
}

const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });
const json = { 'content-type': 'application/json', origin: OWN };
const login = (ask: ReturnType<typeof server>['ask'], name: string, password: string, from?: string) =>
  ask('/api/login', { method: 'POST', headers: json, body: JSON.stringify({ name, password }), from });
const cookieOf = (response: Response): string => response.headers.get('set-cookie')!.split(';')[0]!;
const errorOf = async (response: Response): Promise<string> =>
  ((await response.json()) as { error: string }).error;

test.each([
  '127.0.0.1:9797',
  'localhost:9797',
  'LOCALHOST',
  '[::1]:9797',
  '10.1.2.3',
  'monitor.example.org',
  'Monitor.Example.org:443',
])('Host %s is served', async (host) => {
  expect((await server().ask('/', { headers: { host } })).status).toBe(200);
});

test.each(['evil.example.com', 'evil.example.com:9797', '127.0.0.1.evil.com', ''])(
  'Host %j is refused',
  async (host) => {
    expect((await server().ask('/', { headers: { host } })).status).toBe(403);
  },
);

test.each([
  ['http://evil.example.com', 403],
  ['null', 403],
  ['http://localhost:9798', 403],
  ['http://localhost:9797', 200],
  ['http://monitor.example.org:9797', 200],
])('a page of the origin %s gets %d', async (origin, status) => {
  for (const method of ['GET', 'POST'])
    expect((await server().ask('/api/v1/query', { method, headers: { origin } })).status).toBe(status);
});

test('pages of another site cannot have ours fetched, links from them work', async () => {
  const { ask } = server();
  for (const site of ['cross-site', 'same-site']) {
    const from = (mode: string) => ({ 'sec-fetch-site': site, 'sec-fetch-mode': mode });
    expect((await ask('/api/v1/query?query=up', { headers: from('no-cors') })).status).toBe(403);
    expect((await ask('/graph', { headers: from('navigate') })).status).toBe(200);
    expect((await ask('/-/reload', { method: 'POST', headers: from('navigate') })).status).toBe(403);
  }
});

test('an origin of web.cors_origin may read and change nothing', async () => {
  const origin = 'https://grafana.example.org';
  const { ask } = server({ settings: { isCorsOrigin: (given) => given === origin } });
  const answer = await ask('/api/v1/query', { method: 'POST', headers: { origin } });
  expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, origin]);
  const preflight = await ask('/api/v1/query', { method: 'OPTIONS', headers: { origin } });
  expect([preflight.status, preflight.headers.get('access-control-allow-methods')]).toEqual([
    204,
    'GET, POST, OPTIONS',
  ]);
  for (const [method, path] of [
    ['POST', '/api/v2/silences'],
    ['POST', '/api/v1/write'],
    ['POST', '/api/login'],
    ['POST', '/api/logout'],
    ['DELETE', '/api/sessions/x'],
    ['GET', '/api/audit'],
  ])
    expect([path, (await ask(path!, { method, headers: { origin } })).status]).toEqual([path, 403]);
  expect((await ask('/api/v1/query', { headers: { origin: 'https://x.example.org' } })).status).toBe(403);
});

test('with users, only a right password gets in, again and again', async () => {
  const { ask } = server({ users: USERS });
  const asked = await ask('/metrics');
  expect([asked.status, asked.headers.get('www-authenticate')]).toEqual([
    401,
    'Basic realm="belfry", charset="UTF-8"',
  ]);
  for (const wrong of ['ada:wrong', 'ada', 'eve:secret', '__proto__:x', ':'])
    expect((await ask('/metrics', { headers: basic(wrong), from: `192.0.2.${wrong.length}` })).status).toBe(
      401,
    );
  expect((await ask('/metrics', { headers: basic('ada:a') })).status).toBe(200);
  expect((await ask('/metrics', { headers: basic('ada:a') })).status).toBe(200);
  expect((await ask('/metrics', { headers: basic('ada:a2') })).status).toBe(401);
});

test('health, the login page and what it is made of need no login; the page leads there and back', async () => {
  const { ask } = server({ users: USERS });
  for (const path of ['/-/healthy', '/-/ready', '/login', '/assets/login-x.js', '/start.js', '/favicon.svg'])
    expect([path, (await ask(path)).status]).toEqual([path, 200]);
  const headers = { accept: 'text/html,application/xhtml+xml' };
  const page = await ask('/graph?g0.expr=up', { headers });
  expect([page.status, page.headers.get('location')]).toEqual([303, '/login?next=%2Fgraph%3Fg0.expr%3Dup']);
  const api = await ask('/api/v1/query', { headers });
  expect(api.status).toBe(401);
  // The page's own requests must not make the browser ask for a password by itself.
  expect((await ask('/api/me', { headers: { referer: OWN } })).headers.get('www-authenticate')).toBe(null);
});

test('roles: a viewer looks, a responder also silences, an admin does everything', async () => {
  const { ask } = server({ users: USERS });
  const status = async (user: string, method: string, path: string) =>
    (await ask(path, { method, headers: basic(user) })).status;
  expect(await status('vera:v', 'POST', '/api/v1/query_range')).toBe(200);
  expect(await status('vera:v', 'POST', '/api/v2/silences')).toBe(403);
  expect(await status('ria:r', 'POST', '/api/v2/silences')).toBe(200);
  expect(await status('ria:r', 'POST', '/-/reload')).toBe(403);
  expect(await status('ria:r', 'POST', '/api/v1/write')).toBe(403);
  expect(await status('ada:a', 'POST', '/-/reload')).toBe(200);
  const refused = await ask('/-/reload', { method: 'POST', headers: basic('vera:v') });
  expect(await errorOf(refused)).toBe('vera, viewer, may not do this: it needs admin');
});

test('a login: a cookie no script and no other site can use, a page that changes with it, and its end', async () => {
  const { ask, access } = server({
    users: USERS,
    settings: { externalOrigin: 'https://monitor.example.org' },
  });
  const answer = await login(ask, 'ria', 'r');
  expect(await answer.json()).toEqual({ name: 'ria', role: 'responder' });
  const set = answer.headers.get('set-cookie')!;
  expect(set).toMatch(
    /^belfry_session=[\w-]{43}; Max-Age=86400; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
  );
  const cookie = cookieOf(answer);
  expect((await ask('/api/me', { headers: { cookie } })).status).toBe(200);
  const silence = (headers: Record<string, string>) =>
    ask('/api/v2/silences', { method: 'POST', headers: { cookie, ...headers } });
  expect((await silence({ origin: OWN })).status).toBe(200);
  expect((await silence({ 'sec-fetch-site': 'same-origin' })).status).toBe(200);
  // Another site has the browser post: no page of ours stands behind it.
  expect((await silence({})).status).toBe(403);
  expect((await silence({ origin: 'https://evil.example.com' })).status).toBe(403);
  const out = await ask('/api/logout', { method: 'POST', headers: { cookie, origin: OWN } });
  expect([out.status, out.headers.get('set-cookie')]).toEqual([204, expect.stringContaining('Max-Age=0')]);
  expect((await ask('/api/me', { headers: { cookie } })).status).toBe(401);
  expect(access.audit(10).map(({ who, what, status }) => [who, what, status])).toEqual([
    ['ria', 'POST /api/logout', 204],
    ['ria', 'POST /api/v2/silences', 200],
    ['ria', 'POST /api/v2/silences', 200],
    ['ria', 'login', 200],
  ]);
});

test.each(['POST', 'PUT', 'PATCH', 'DELETE'])(
  '%s with a cookie needs our own page behind it',
  async (method) => {
    const { ask } = server({ users: USERS });
    const cookie = cookieOf(await login(ask, 'ada', 'a'));
    const change = async (headers: Record<string, string>) =>
      (await ask('/api/v2/silence/x', { method, headers: { cookie, ...headers } })).status;
    expect(await change({})).toBe(403);
    expect(await change({ 'sec-fetch-site': 'none' })).toBe(403);
    expect(await change({ origin: OWN })).toBe(200);
  },
);

test('over plain HTTP the cookie is not for HTTPS only, which would be no login at all', async () => {
  const answer = await login(server({ users: USERS }).ask, 'ria', 'r');
  expect(answer.headers.get('set-cookie')).toMatch(/; Path=\/; HttpOnly; SameSite=Strict$/);
});

test('the browser gets another secret each hour; the one before ends when the new one was used', async () => {
  const { ask, clock } = server({ users: USERS });
  const first = cookieOf(await login(ask, 'vera', 'v'));
  const me = (cookie: string) => ask('/api/me', { headers: { cookie } });
  expect((await me(first)).headers.get('set-cookie')).toBe(null);
  await clock.advance('61m');
  // This answer is lost on the way.
  await me(first);
  const second = cookieOf(await me(first));
  expect(second).not.toBe(first);
  // Asked together with it: whichever answer comes last, the browser has a secret that is good.
  expect(cookieOf(await me(first))).toBe(second);
  expect((await me(second)).status).toBe(200);
  expect((await me(first)).status).toBe(200);
  await clock.advance('61s');
  expect((await me(first)).status).toBe(401);
  expect((await me(second)).status).toBe(200);
});

test('a disk that cannot be written keeps nobody out; what is not stored is said', async () => {
  const db = new Database(':memory:');
  const events: LoggedEvent[] = [];
  const { ask, access, clock } = server({ users: USERS, db, log: silentLog(events) });
  const made = access.tokens.create({ name: 'tool', scopes: ['read'], createdBy: 'ada', expiresAt: null });
  const before = cookieOf(await login(ask, 'vera', 'v'));
  db.pragma('query_only = ON');
  await clock.advance('61m');
  const me = async (headers: Record<string, string>) => ask('/api/me', { headers });
  const rotated = await me({ cookie: before });
  expect(rotated.status).toBe(200);
  expect((await me({ cookie: cookieOf(rotated) })).status).toBe(200);
  expect((await me({ authorization: `Bearer ${made.secret}` })).status).toBe(200);
  const cookie = cookieOf(await login(ask, 'ria', 'r'));
  const silence = await ask('/api/v2/silences', { method: 'POST', headers: { cookie, origin: OWN } });
  expect(silence.status).toBe(200);
  await clock.advance('25h');
  expect((await me({ cookie })).status).toBe(401);
  expect(events.map(({ message }) => message)).toEqual([
    'cannot store a login; going on from memory',
    'cannot store a login; going on from memory',
    'cannot store when a token was used',
    'cannot store a login; going on from memory',
    'cannot store an entry of the audit log',
    'cannot store an entry of the audit log',
    'cannot store the end of a login',
  ]);
  expect(events.at(-2)!.fields).toMatchObject({ who: 'ria', what: 'POST /api/v2/silences', status: 200 });
});

test('a login ends when unused, when too old, when the password changes and when the user goes', async () => {
  const { ask, clock, users } = server({ users: USERS });
  const me = async (cookie: string) => (await ask('/api/me', { headers: { cookie } })).status;
  const idle = cookieOf(await login(ask, 'vera', 'v'));
  await clock.advance('25h');
  expect(await me(idle)).toBe(401);
  let old = cookieOf(await login(ask, 'vera', 'v'));
  // Used each half day, it lives for a week.
  for (let day = 0; day < 7; day += 0.5) {
    const answer = await ask('/api/me', { headers: { cookie: old } });
    expect([day, answer.status]).toEqual([day, 200]);
    if (answer.headers.has('set-cookie')) old = cookieOf(answer);
    await clock.advance('12h');
  }
  await clock.advance('1s');
  expect(await me(old)).toBe(401);
  const changed = cookieOf(await login(ask, 'vera', 'v'));
  users.set('vera', { role: 'viewer', hash: hash('new') });
  expect(await me(changed)).toBe(401);
  const gone = cookieOf(await login(ask, 'ria', 'r'));
  users.delete('ria');
  expect(await me(gone)).toBe(401);
});

test('wrong passwords lock the name for that address, with a text that says for how long; others get in', async () => {
  const { ask, clock, access } = server({ users: USERS });
  for (let i = 0; i < 5; i++) expect((await login(ask, 'ada', 'no', '198.51.100.7')).status).toBe(401);
  const locked = await login(ask, 'ada', 'a', '198.51.100.7');
  expect([locked.status, locked.headers.get('retry-after')]).toEqual([429, '30']);
  expect(await errorOf(locked)).toBe(
    'Too many wrong passwords. Try again in 30 s; an admin sees the attempts in the audit log.',
  );
  expect((await login(ask, 'ada', 'a', '198.51.100.8')).status).toBe(200);
  expect((await ask('/metrics', { headers: basic('ada:no'), from: '198.51.100.7' })).status).toBe(429);
  await clock.advance('31s');
  expect((await login(ask, 'ada', 'no', '198.51.100.7')).status).toBe(401);
  expect((await login(ask, 'ada', 'no', '198.51.100.7')).headers.get('retry-after')).toBe('60');
  expect(access.audit(50).filter(({ what }) => what === 'login locked')).toHaveLength(2);
});

test('who is locked out does not learn a password that tools have used, by guessing on', async () => {
  const { ask, clock } = server({ users: USERS });
  expect((await ask('/metrics', { headers: basic('ada:a') })).status).toBe(200);
  for (let i = 0; i < 5; i++) await ask('/metrics', { headers: basic(`ada:${i}`) });
  expect((await ask('/metrics', { headers: basic('ada:a') })).status).toBe(429);
  expect((await ask('/metrics', { headers: basic('ada:a'), from: '192.0.2.2' })).status).toBe(200);
  await clock.advance('30s');
  expect((await ask('/metrics', { headers: basic('ada:a') })).status).toBe(200);
});

test('a right password forgives the wrong ones before it', async () => {
  const { ask } = server({ users: USERS });
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 4; i++) expect((await login(ask, 'ada', 'no')).status).toBe(401);
    expect((await login(ask, 'ada', 'a')).status).toBe(200);
  }
});

test('a password that changes ends the one before for tools too, and a login that failed is in the audit log', async () => {
  const { ask, users, access } = server({ users: USERS });
  expect((await ask('/metrics', { headers: basic('ada:a') })).status).toBe(200);
  users.set('ada', { role: 'admin', hash: hash('new') });
  expect((await ask('/metrics', { headers: basic('ada:a') })).status).toBe(401);
  expect((await login(ask, 'ada', 'a')).status).toBe(401);
  expect((await ask('/metrics', { headers: basic('ada:new') })).status).toBe(200);
  expect(access.audit(9).map(({ who, what, status }) => [who, what, status])).toEqual([
    ['ada', 'login', 401],
  ]);
});

test('what was refused and what failed is in the audit log, what was asked wrongly is not', async () => {
  const { ask, access } = server({ users: USERS, status: 503 });
  await ask('/-/reload', { method: 'POST', headers: basic('vera:v') });
  await ask('/-/reload', { method: 'POST', headers: basic('ada:a') });
  await ask('/api/tokens', { method: 'POST', headers: basic('ada:a'), body: '{}' });
  await ask('/api/v1/query', { method: 'POST', headers: basic('ada:a') });
  const entries = access
    .audit(9)
    .map(({ who, what, status, address, detail }) => [who, what, status, address, detail]);
  expect(entries).toEqual([
    ['ada', 'POST /-/reload', 503, '192.0.2.1', ''],
    ['vera', 'POST /-/reload', 403, '192.0.2.1', 'refused'],
  ]);
});

test('many names from one address lock the address', async () => {
  const many = Array.from({ length: 40 }, (_, i): [string, AccessUser] => [`user${i}`, USERS.vera!]);
  const { ask } = server({ users: { ...USERS, ...Object.fromEntries(many) } });
  const attempts = Array.from({ length: 40 }, (_, i) => login(ask, `user${i}`, 'x', '198.51.100.9'));
  const statuses = (await Promise.all(attempts)).map(({ status }) => status);
  // Those above 32 at once are not even looked at.
  expect(statuses.filter((status) => status === 401)).toHaveLength(30);
  expect(statuses.filter((status) => status === 429)).toHaveLength(10);
  expect((await login(ask, 'ada', 'a', '198.51.100.9')).status).toBe(429);
});

test('API tokens: shown once, kept as a hash, with scopes and an end', async () => {
  const { ask, clock, access } = server({ users: USERS });
  const create = (body: object, user = 'ada:a') =>
    ask('/api/tokens', { method: 'POST', headers: { ...basic(user) }, body: JSON.stringify(body) });
  expect((await create({ name: 'x', scopes: ['read'] }, 'ria:r')).status).toBe(403);
  const created = await create({ name: 'prometheus', scopes: ['ingest'], expires_in: '90d' });
  const { token, id } = (await created.json()) as { token: string; id: string };
  expect(token).toMatch(/^belfry_[\w-]{43}$/);
  const bearer = { authorization: `Bearer ${token}` };
  const status = async (method: string, path: string) =>
    (await ask(path, { method, headers: bearer })).status;
  expect(await status('POST', '/api/v1/write')).toBe(200);
  expect(await status('POST', '/api/v2/alerts')).toBe(200);
  expect(await status('GET', '/api/v1/query')).toBe(403);
  const list = await (await ask('/api/tokens', { headers: basic('ada:a') })).text();
  expect(list).not.toContain(token.slice(7));
  expect(JSON.parse(list)).toEqual([
    {
      id,
      name: 'prometheus',
      scopes: ['ingest'],
      createdBy: 'ada',
      createdAt: '2026-01-01T00:00:00.000Z',
      expiresAt: '2026-04-01T00:00:00.000Z',
      usedAt: '2026-01-01T00:00:00.000Z',
      isExpired: false,
    },
  ]);
  expect((await create({ name: 'prometheus', scopes: ['read'] })).status).toBe(400);
  expect((await create({ name: 'y', scopes: ['root'] })).status).toBe(400);
  expect((await create({ name: 'y', scopes: ['read'], expires_in: 'soon' })).status).toBe(400);
  await clock.advance('90d');
  expect(await status('POST', '/api/v1/write')).toBe(401);
  const gone = await ask(`/api/tokens/${id}`, { method: 'DELETE', headers: basic('ada:a') });
  expect([gone.status, access.tokens.list()]).toEqual([204, []]);
  expect(access.audit(2).map(({ who, detail }) => [who, detail])).toEqual([
    ['ada', 'revoked token prometheus'],
    ['ada', 'token prometheus with ingest for 90d'],
  ]);
});

test('people see their own logins and end them, an admin all of them', async () => {
  const { ask } = server({ users: USERS });
  await login(ask, 'ada', 'a');
  const cookie = cookieOf(await login(ask, 'vera', 'v'));
  const sessions = async (headers: Record<string, string>) =>
    (await (await ask('/api/sessions', { headers })).json()) as {
      id: string;
      user: string;
      isThis: boolean;
    }[];
  const own = await sessions({ cookie });
  expect(own.map(({ user, isThis }) => [user, isThis])).toEqual([['vera', true]]);
  const all = await sessions(basic('ada:a'));
  expect(all.map(({ user }) => user).sort()).toEqual(['ada', 'vera']);
  const end = async (id: string, headers: Record<string, string>) =>
    (await ask(`/api/sessions/${id}`, { method: 'DELETE', headers })).status;
  const ofAda = all.find(({ user }) => user === 'ada')!.id;
  expect(await end(ofAda, { cookie, origin: OWN })).toBe(404);
  expect(await end(own[0]!.id, basic('ada:a'))).toBe(204);
  expect((await ask('/api/me', { headers: { cookie } })).status).toBe(401);
});

test('every answer carries the security headers, refusals too; configured ones replace them', async () => {
  const { ask } = server({ users: USERS, settings: { headers: { 'X-Frame-Options': 'SAMEORIGIN' } } });
  const asked = [
    ['/api/v1/query', { host: 'evil.example.com' }, 403],
    ['/api/v1/query', {}, 401],
    ['/graph', { accept: 'text/html' }, 303],
    ['/login', {}, 200],
    ['/api/v1/query', basic('ada:a'), 200],
  ] as const;
  for (const [path, given, status] of asked) {
    const answer = await ask(path, { headers: { ...given } as Record<string, string> });
    const carried = Object.keys(SECURITY).map((name) => [name, answer.headers.get(name)]);
    expect([path, answer.status, Object.fromEntries(carried)]).toEqual([path, status, SECURITY]);
  }
});

/** Written out: each of them is a promise of docs/security.md. */
const SECURITY = {
  'content-security-policy':
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'SAMEORIGIN',
  'referrer-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

test('with users, no answer but what is public is kept by browser or proxy', async () => {
  const { ask } = server({ users: USERS });
  const kept = async (path: string, headers = {}) =>
    (await ask(path, { headers })).headers.get('cache-control');
  expect(await kept('/api/v1/query', basic('ada:a'))).toBe('no-store');
  expect(await kept('/graph', { accept: 'text/html' })).toBe('no-store');
  expect(await kept('/assets/login-x.js')).toBe(null);
});

test('behind a proxy on this host, attempts count for the address it names', async () => {
  const { ask } = server({ users: USERS });
  const via = (client: string, password: string) =>
    ask('/api/login', {
      method: 'POST',
      headers: { ...json, 'x-forwarded-for': `1.1.1.1, ${client}` },
      body: JSON.stringify({ name: 'ada', password }),
      from: '127.0.0.1',
    });
  for (let i = 0; i < 5; i++) await via('203.0.113.5', 'no');
  expect((await via('203.0.113.5', 'a')).status).toBe(429);
  expect((await via('203.0.113.6', 'a')).status).toBe(200);
  // A client that is no proxy of ours cannot speak for another address.
  for (let i = 0; i < 5; i++) {
    const headers = { ...json, 'x-forwarded-for': `203.0.113.${50 + i}` };
    const body = JSON.stringify({ name: 'ria', password: 'no' });
    await ask('/api/login', { method: 'POST', headers, body, from: '198.51.100.7' });
  }
  expect((await login(ask, 'ria', 'r', '198.51.100.7')).status).toBe(429);
});

test('logins and tokens outlive a restart, those that ended do not come back', async () => {
  const db = new Database(':memory:');
  const before = server({ users: USERS, db });
  const kept = cookieOf(await login(before.ask, 'ada', 'a'));
  const ended = cookieOf(await login(before.ask, 'ada', 'a'));
  await before.ask('/api/logout', { method: 'POST', headers: { cookie: ended, origin: OWN } });
  const create = async (name: string) => {
    const body = JSON.stringify({ name, scopes: ['read'] });
    const answer = await before.ask('/api/tokens', { method: 'POST', headers: basic('ada:a'), body });
    return (await answer.json()) as { id: string; token: string };
  };
  const [good, revoked] = [await create('good'), await create('revoked')];
  await before.ask(`/api/tokens/${revoked.id}`, { method: 'DELETE', headers: basic('ada:a') });
  const { ask } = server({ users: USERS, db });
  const status = async (headers: Record<string, string>) => (await ask('/metrics', { headers })).status;
  expect(await status({ cookie: kept })).toBe(200);
  expect(await status({ cookie: ended })).toBe(401);
  expect(await status({ authorization: `Bearer ${good.token}` })).toBe(200);
  expect(await status({ authorization: `Bearer ${revoked.token}` })).toBe(401);
  // Neither is written anywhere: only hashes are.
  const stored = JSON.stringify(
    ['access_sessions', 'access_tokens'].map((table) => db.prepare(`SELECT * FROM ${table}`).all()),
  );
  for (const secret of [kept.split('=')[1]!, good.token, good.token.slice('belfry_'.length)])
    expect(stored).not.toContain(secret);
});

test('of one user the fifty logins used last stay', async () => {
  const { ask, clock } = server({ users: USERS });
  const first = cookieOf(await login(ask, 'vera', 'v'));
  await clock.advance('1s');
  const second = cookieOf(await login(ask, 'vera', 'v'));
  for (let i = 0; i < 49; i++) {
    await clock.advance('1s');
    await login(ask, 'vera', 'v');
  }
  const me = async (cookie: string) => (await ask('/api/me', { headers: { cookie } })).status;
  expect([await me(first), await me(second)]).toEqual([401, 200]);
});
