import Database from 'better-sqlite3';
import { Hono } from 'hono';
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { createAccess } from '../access/access.ts';
import { ROLE_SCOPES, ROLES, type Scope } from '../access/scope.ts';
import { fakeClock } from '../testing/fake-clock.ts';
import { silentLog } from '../testing/silent-log.ts';
import { ACCESS_RULES, accessRules } from './access-rules.ts';
import { httpSurface, serviceRoutes } from './app.ts';
import { createGuard, guarded } from './guard.ts';
import { httpServices, type ServiceParts } from './services.ts';

/** Parts that nobody calls: only the routes are of interest. */
const anything = (): unknown => new Proxy(() => {}, { get: () => anything() });
const parts: Partial<ServiceParts> = { clock: fakeClock(), registry: new Registry() };
const services = httpServices(
  new Proxy(parts, { get: (own, key) => Reflect.get(own, key) ?? anything() }) as ServiceParts,
);
const settings = {
  isLoginNeeded: true,
  hosts: [],
  externalOrigin: 'http://localhost',
  prefix: '',
  isCorsOrigin: () => false,
  headers: {},
};
const { app: outer } = httpSurface({
  log: silentLog(),
  guard: { settings: () => settings, access: () => undefined },
  services: () => undefined,
  web: { read: () => undefined },
  prefix: () => '',
});

const CATCH_ALL = /\*/;
/** Every route of both apps as `METHOD /path`, from the routers themselves. */
const ROUTES = [
  ...new Set(
    [...outer.routes, ...serviceRoutes(services).routes]
      .filter(({ method, path }) => method !== 'ALL' && !CATCH_ALL.test(path))
      .filter(({ path }) => path !== '/-/:probe')
      .map(({ method, path }) => `${method} ${path}`),
  ),
].sort();

/** A route's address with something in place of its parameters. */
const example = (path: string): string => path.replaceAll(/:\w+/g, 'x').replaceAll('*', 'x');

test('every route of the router has a rule who may call it', () => {
  const missing = ROUTES.filter((route) => !Object.hasOwn(ACCESS_RULES, route));
  expect(
    missing,
    'add a line for each of these to ACCESS_RULES in src/http/access-rules.ts: `read` for looking, `respond` for what a person on call does, `admin` for the rest, `ingest` for data from programs; until then only admins may call them',
  ).toEqual([]);
});

test('every rule has a route', () => {
  const files = ['GET *', 'GET /assets/*', 'GET /login', 'GET /favicon.svg', 'GET /start.js'];
  const stale = Object.keys(ACCESS_RULES).filter((rule) => !ROUTES.includes(rule) && !files.includes(rule));
  expect(stale, 'remove these lines from ACCESS_RULES, or spell them as the router does').toEqual([]);
});

/** What a viewer may post: questions whose text is too long for an address, and their own login. */
const POSTED_QUESTIONS = [
  'DELETE /api/sessions/:id',
  'POST /api/batch',
  'POST /api/logout',
  'POST /api/rehearse',
  'POST /api/v1/format_query',
  'POST /api/v1/labels',
  'POST /api/v1/parse_query',
  'POST /api/v1/query',
  'POST /api/v1/query_exemplars',
  'POST /api/v1/query_range',
  'POST /api/v1/read',
  'POST /api/v1/search/label_names',
  'POST /api/v1/search/label_values',
  'POST /api/v1/search/metric_names',
  'POST /api/v1/series',
];

test('a viewer can change nothing, and what changes something is in the audit log', () => {
  const changing = Object.entries(ACCESS_RULES).filter(([route]) => !route.startsWith('GET '));
  const forViewers = changing.filter(([, { need }]) => need !== 'public' && need.includes('read'));
  expect(forViewers.map(([route]) => route).sort()).toEqual(POSTED_QUESTIONS);
  const unaudited = changing.filter(([, rule]) => !rule.isAudited).map(([route]) => route);
  expect(unaudited.filter((route) => !POSTED_QUESTIONS.includes(route)).sort()).toEqual([
    // Writes its own entries, with the name.
    'POST /api/login',
    // Only renders, only tells.
    'POST /api/templates/preview',
    'POST /api/v1/admin/tsdb/delete_series/preview',
    // Data of other programs.
    'POST /api/v1/write',
    'POST /api/v2/alerts',
  ]);
});

test('what a viewer may not even look at', () => {
  const looking = Object.entries(ACCESS_RULES).filter(([route]) => route.startsWith('GET '));
  const closed = looking.filter(([, { need }]) => need !== 'public' && !need.includes('read'));
  expect(closed.map(([route, { need }]) => `${route}: ${need}`).sort()).toEqual([
    'GET /api/audit: admin',
    'GET /api/backups/:backup/:file: admin',
    'GET /api/backups: admin',
    'GET /api/log: respond',
    'GET /api/tokens: admin',
    'GET /api/v1/admin/tsdb/delete_series/preview: admin',
  ]);
});

test('what a responder may change, and programs', () => {
  const may = (scope: Scope): string[] =>
    Object.entries(ACCESS_RULES)
      .filter(([, { need }]) => need !== 'public' && need.includes(scope))
      .map(([route]) => route)
      .sort();
  expect(may('respond')).toEqual([
    'DELETE /api/annotations/:id',
    'DELETE /api/incidents/:id',
    'DELETE /api/queries/:id',
    'DELETE /api/v2/silence/:silenceID',
    'GET /api/log',
    'PATCH /api/incidents/:id',
    'POST /api/annotations',
    'POST /api/incidents',
    'POST /api/incidents/:id/updates',
    'POST /api/notifications/outbox/resend',
    'POST /api/receivers/:name/test',
    'POST /api/templates/preview',
    'POST /api/v2/alerts',
    'POST /api/v2/silences',
  ]);
  expect(may('ingest')).toEqual([
    'POST /api/annotations',
    'POST /api/import/openmetrics',
    'POST /api/v1/write',
    'POST /api/v2/alerts',
  ]);
  expect(ROLE_SCOPES).toEqual({
    viewer: ['read'],
    responder: ['read', 'respond'],
    admin: ['read', 'respond', 'ingest', 'admin'],
  });
});

test('nothing but health, the login, its files and the status page is public', () => {
  const open = Object.entries(ACCESS_RULES).filter(([, { need }]) => need === 'public');
  expect(open.map(([route]) => route).sort()).toEqual([
    'GET /-/healthy',
    'GET /-/ready',
    'GET /assets/*',
    'GET /favicon.svg',
    'GET /login',
    'GET /start.js',
    'GET /status-page',
    'GET /status-page.json',
    'POST /api/login',
  ]);
});

/** Each kind of caller with what it may do. */
const CALLERS: readonly (readonly [name: string, scopes: readonly Scope[] | undefined])[] = [
  ['nobody', undefined],
  ...ROLES.map((role) => [role, ROLE_SCOPES[role]] as const),
  ['a token to read', ['read']],
  ['a token to respond', ['respond']],
  ['a token to ingest', ['ingest']],
];

test.each(CALLERS)(
  '%s gets through the guard where the rules say so, and nowhere else',
  async (_, scopes) => {
    const access = createAccess({
      db: new Database(':memory:'),
      clock: fakeClock(),
      log: silentLog(),
      settings: () => ({ users: new Map(), sessions: { idleMs: 1, maxAgeMs: 1 } }),
    });
    const made = scopes && access.tokens.create({ name: 'x', scopes, createdBy: 'x', expiresAt: null });
    const app = new Hono();
    app.use(guarded(createGuard({ settings: () => settings, access: () => access })));
    app.all('*', (c) => c.text('in'));
    const wrong: string[] = [];
    for (const route of [...ROUTES, ...Object.keys(ACCESS_RULES)]) {
      const [method = '', path = ''] = route.split(' ');
      const headers = { host: 'localhost', ...(made && { authorization: `Bearer ${made.secret}` }) };
      const { status } = await app.request(example(path), { method, headers });
      const need = ACCESS_RULES[route]?.need ?? ['admin'];
      const isLetIn = need === 'public' || need.some((scope) => scopes?.includes(scope));
      const expected = isLetIn ? 200 : scopes ? 403 : 401;
      if (status !== expected) wrong.push(`${route}: ${status}, expected ${expected}`);
    }
    expect(wrong).toEqual([]);
  },
);

test.each([
  ['GET', '/api/v1/nothing'],
  ['GET', '/-/nothing'],
  ['DELETE', '/api/v1/query'],
  ['PATCH', '/anything'],
  ['GET', '/api/alerts//trace'],
])('%s %s, which is no route, is for admins', (method, path) => {
  expect(accessRules()(method, path).need).toEqual(['admin']);
});

test('a path in disguise gets the rule of what it leads to', async () => {
  const app = new Hono();
  app.use(guarded(createGuard({ settings: () => settings, access: () => undefined })));
  app.all('*', (c) => c.text(c.req.path));
  for (const path of ['/api/%74okens', '/%61pi/tokens', '/api/v1/../tokens', '/login/../api/tokens'])
    expect([path, (await app.request(path, { headers: { host: 'localhost' } })).status]).toEqual([path, 503]);
});
