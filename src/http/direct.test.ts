import http from 'node:http';
import { gunzipSync } from 'node:zlib';
import bcrypt from 'bcryptjs';
import Database from 'better-sqlite3';
import { Hono } from 'hono';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAccess } from '../access/access.ts';
import type { HttpAnswer, QueryPool } from '../query/pool.ts';
import type { QueryTask } from '../query/protocol.ts';
import { fakeClock } from '../testing/fake-clock.ts';
import { silentLog } from '../testing/silent-log.ts';
import { queryRoutes } from './api-v1/query.ts';
import { type HttpServices, httpSurface } from './app.ts';
import { compressLarge } from './compress.ts';
import { type DirectHandler, directQueries } from './direct.ts';
import { answerError } from './envelope.ts';
import { createGuard, guarded } from './guard.ts';
import { type HttpServer, listen } from './listen.ts';
import { MAX_FORM_BYTES } from './params.ts';

/** The same routes behind two servers, one with the direct way before them: what it answers must be what they answer. */
const asked: { task: QueryTask; timeoutMs: number | undefined; signal: AbortSignal | undefined }[] = [];
let answer: (task: QueryTask, signal: AbortSignal) => HttpAnswer | Promise<HttpAnswer>;
const queries = {
  async run(task: QueryTask, signal: AbortSignal, timeoutMs?: number) {
    asked.push({ task, timeoutMs, signal });
    return answer(task, signal);
  },
} as QueryPool;
const clock = fakeClock();
const users = new Map([['ada', { role: 'viewer', hash: bcrypt.hashSync('secret', 4) } as const]]);
let isLoginNeeded = false;
let isReady = true;
const access = createAccess({
  db: new Database(':memory:'),
  clock,
  log: silentLog(),
  settings: () => ({ users, sessions: { idleMs: 1000, maxAgeMs: 1000 } }),
});
const open = {
  isLoginNeeded: false,
  hosts: [],
  externalOrigin: 'http://localhost',
  prefix: '',
  isCorsOrigin: () => false,
  headers: {},
};
const closed = { ...open, isLoginNeeded: true };
const guard = createGuard({ settings: () => (isLoginNeeded ? closed : open), access: () => access });
const app = new Hono();
app.onError(answerError);
app.use(guarded(guard));
app.use(compressLarge());
app.route('/api/v1', queryRoutes({ queries, clock }));
let directly: HttpServer;
let routed: HttpServer;
const taken: (string | undefined)[] = [];

beforeAll(async () => {
  const query = directQueries({
    log: silentLog(),
    guard,
    query: () => (isReady ? { queries, clock } : undefined),
  });
  const direct: DirectHandler = (request, response) => {
    const takes = query(request, response);
    if (takes) taken.push(request.url);
    return takes;
  };
  directly = await listen({ host: '127.0.0.1', port: 0 }, { app, direct });
  routed = await listen({ host: '127.0.0.1', port: 0 }, { app, direct: () => false });
});
afterAll(() => {
  directly.close();
  routed.close();
});

interface Answered {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

function ask(
  server: HttpServer,
  path: string,
  { method = 'GET', body = '', headers = {} }: { method?: string; body?: string; headers?: object } = {},
): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: server.port, path, method, headers: { ...headers } };
    const request = http.request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const bytes = Buffer.concat(chunks);
        const text = response.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes;
        resolve({ status: response.statusCode!, headers: response.headers, body: text.toString() });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

const form = { 'content-type': 'application/x-www-form-urlencoded' };
const small: HttpAnswer = {
  status: 200,
  contentType: 'application/json',
  body: [Buffer.from('{"status":"success"}')],
};

test.each<[string, string, object?, HttpAnswer?]>([
  ['an instant query', '/api/v1/query?query=up%7Bjob%3D%22a+b%22%7D&time=12.5&limit=3'],
  ['a query without a time', '/api/v1/query?query=up'],
  [
    'a range query with a timeout',
    '/api/v1/query_range?query=up&start=0&end=60&step=15.5&timeout=3s&stats=all',
  ],
  [
    'a posted form, whose body goes first',
    '/api/v1/query?query=down&time=1',
    { method: 'POST', body: 'query=up', headers: form },
  ],
  [
    'a posted form in another alphabet',
    '/api/v1/query',
    { method: 'POST', body: 'query=%7B%22größe%22%7D&time=1', headers: form },
  ],
  ['series', '/api/v1/series?match[]=up&match[]=down&start=1&end=2'],
  ['label names of everything', '/api/v1/labels'],
  ['cardinality', '/api/v1/status/tsdb?limit=7'],
  ['a time that is none', '/api/v1/query?query=up&time=soon'],
  ['too many points', '/api/v1/query_range?query=up&start=0&end=20000&step=1'],
  ['series of nothing', '/api/v1/series'],
  ['a foreign host', '/api/v1/query?query=up', { headers: { host: 'evil.example.com' } }],
  ['a foreign page', '/api/v1/query?query=up', { headers: { origin: 'http://evil.example.com' } }],
  ['a form without a query', '/api/v1/query', { method: 'POST', body: 'x'.repeat(10), headers: form }],
  [
    'a large answer, compressed',
    '/api/v1/query?query=large',
    { headers: { 'accept-encoding': 'gzip' } },
    { ...small, body: [Buffer.from(`"${'x'.repeat(50_000)}"`)] },
  ],
  [
    'a refusal',
    '/api/v1/query?query=up',
    {},
    { ...small, status: 503, body: [Buffer.from('{"status":"error"}')], retryAfterSeconds: 5 },
  ],
])('%s is answered directly as the routes answer it', async (_, path, options = {}, given = small) => {
  answer = () => given;
  taken.length = asked.length = 0;
  const fromRoutes = await ask(routed, path, options);
  const directAnswer = await ask(directly, path, options);
  const { date: _a, ...headers } = directAnswer.headers;
  const { date: _b, ...expected } = fromRoutes.headers;
  // Errors thrown in a route have no length: they are streamed.
  delete expected['transfer-encoding'];
  expect(taken).toEqual([path]);
  expect({ ...directAnswer, headers }).toMatchObject({ ...fromRoutes, headers: expected });
  // What is a mistake is asked of nobody.
  const isMistake = [400, 403].includes(fromRoutes.status);
  expect(asked).toHaveLength(isMistake ? 0 : 2);
  if (isMistake) return;
  expect(fromRoutes.status).toBe(given.status);
  expect(asked[1]).toMatchObject({ task: asked[0]!.task, timeoutMs: asked[0]!.timeoutMs });
});

test('a form over its size is refused before it is read', async () => {
  const headers = { ...form, 'content-length': String(MAX_FORM_BYTES + 1), expect: '100-continue' };
  const refused = await new Promise<number | undefined>((resolve, reject) => {
    const request = http.request(
      { host: '127.0.0.1', port: directly.port, path: '/api/v1/query', method: 'POST', headers },
      (response) => {
        resolve(response.statusCode);
        request.destroy();
      },
    );
    request.on('error', reject);
    request.flushHeaders();
  });
  expect(refused).toBe(400);
});

test('with users, a password is asked for here too', async () => {
  isLoginNeeded = true;
  try {
    answer = () => small;
    const path = '/api/v1/query?query=up';
    const refused = await ask(directly, path);
    expect(refused).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': 'Basic realm="belfry", charset="UTF-8"' },
    });
    const authorization = `Basic ${Buffer.from('ada:secret').toString('base64')}`;
    expect(await ask(directly, path, { headers: { authorization } })).toMatchObject({ status: 200 });
    const wrong = `Basic ${Buffer.from('ada:wrong').toString('base64')}`;
    expect(await ask(directly, path, { headers: { authorization: wrong } })).toMatchObject({ status: 401 });
  } finally {
    isLoginNeeded = false;
  }
});

test('every answer carries the security headers', async () => {
  answer = () => small;
  const { headers } = await ask(directly, '/api/v1/query?query=up');
  expect(headers).toMatchObject({ 'x-frame-options': 'DENY', 'x-content-type-options': 'nosniff' });
});

test('a connection stays open for the next refresh of a dashboard', async () => {
  answer = () => small;
  const agent = new http.Agent({ keepAlive: true });
  try {
    const { headers } = await new Promise<http.IncomingMessage>((resolve, reject) => {
      const options = { host: '127.0.0.1', port: directly.port, path: '/api/v1/query?query=up', agent };
      http.get(options, (response) => resolve(response.resume())).on('error', reject);
    });
    expect(headers).toMatchObject({ connection: 'keep-alive', 'keep-alive': 'timeout=300' });
  } finally {
    agent.destroy();
  }
});

test.each([
  ['HEAD', '/api/v1/query?query=up'],
  ['DELETE', '/api/v1/query?query=up'],
  ['POST', '/api/v1/status/tsdb'],
  ['GET', '/api/v1/label/job/values'],
  ['GET', '/api/v1/__proto__'],
  ['GET', '/api/v1'],
])('%s %s is left to the routes', async (method, path) => {
  answer = () => small;
  taken.length = 0;
  await ask(directly, path, { method });
  expect(taken).toEqual([]);
});

test('nothing is taken while the log is replayed', async () => {
  isReady = false;
  taken.length = 0;
  try {
    await ask(directly, '/api/v1/query?query=up');
    expect(taken).toEqual([]);
  } finally {
    isReady = true;
  }
});

test('a guard that fails lets nobody in, and fails no other request', async () => {
  const failing = directQueries({
    log: silentLog(),
    guard: { admit: () => Promise.reject(new Error('no hash')) },
    query: () => ({ queries, clock }),
  });
  const server = await listen({ host: '127.0.0.1', port: 0 }, { app, direct: failing });
  asked.length = 0;
  try {
    expect(await ask(server, '/api/v1/query?query=up')).toMatchObject({ status: 500, body: '' });
    expect(asked).toEqual([]);
  } finally {
    server.close();
  }
});

test('a client that leaves ends its query', async () => {
  const left = Promise.withResolvers<void>();
  const running = Promise.withResolvers<void>();
  answer = (_task, signal) => {
    running.resolve();
    return new Promise((resolve) =>
      signal.addEventListener('abort', () => {
        left.resolve();
        resolve({ ...small, status: 499 });
      }),
    );
  };
  const request = http.get({ host: '127.0.0.1', port: directly.port, path: '/api/v1/query?query=slow' });
  request.on('error', () => {});
  await running.promise;
  request.destroy();
  await left.promise;
});

test('the memory of an answer is given back once the client has it, not while the system may still be sending it', async () => {
  const freed: string[] = [];
  const piece = () => new Uint8Array(1024 * 1024).fill(32);
  const large = (free: () => void, count: number): HttpAnswer => ({
    ...small,
    body: Array.from({ length: count }, piece),
    free,
  });
  answer = () => large(() => freed.push('read'), 3);
  const path = '/api/v1/query?query=large';
  expect((await ask(directly, path)).body).toHaveLength(3 * 1024 * 1024);
  await expect.poll(() => freed).toEqual(['read']);
  const closed = Promise.withResolvers<void>();
  answer = () => ({ ...large(() => freed.push('left'), 64), release: () => closed.resolve() });
  const request = http.get({ host: '127.0.0.1', port: directly.port, path }, (response) =>
    response.destroy(),
  );
  request.on('error', () => {});
  await closed.promise;
  expect(freed).toEqual(['read']);
});

test.each<[string, string, number, { method?: string; headers?: object }?, boolean?]>([
  ['a live process', '/-/healthy', 200],
  ['one that is ready', '/-/ready?x=1', 200],
  ['one that starts', '/-/ready', 503, {}, false],
  ['a probe that wants no body', '/-/ready', 200, { method: 'HEAD' }],
  ['a probe from a foreign host', '/-/healthy', 403, { headers: { host: 'evil.example.com' } }],
  ['a method that is none of a probe’s, by the routes', '/-/ready', 401, { method: 'POST' }],
])('%s is told directly as the routes tell it', async (_, path, status, options = {}, ready = true) => {
  const surface = httpSurface({
    log: silentLog(),
    guard: { settings: () => closed, access: () => access },
    services: () => (ready ? ({} as HttpServices) : undefined),
    web: { read: () => undefined },
    prefix: () => '',
  });
  const isTaken = options.method !== 'POST';
  let takes = 0;
  const direct: DirectHandler = (request, response) => {
    const takesIt = surface.direct(request, response);
    if (takesIt) takes++;
    return takesIt;
  };
  const servers = [direct, () => false].map((way) =>
    listen({ host: '127.0.0.1', port: 0 }, { ...surface, direct: way }),
  );
  const [directly, routes] = await Promise.all(servers);
  try {
    const { date: _a, ...headers } = (await ask(directly!, path, options)).headers;
    const { date: _b, 'transfer-encoding': _c, ...expected } = (await ask(routes!, path, options)).headers;
    expect(headers).toMatchObject(expected);
    const [answer, same] = await Promise.all([ask(directly!, path, options), ask(routes!, path, options)]);
    expect([answer.status, answer.body]).toEqual([status, same.body]);
    expect(takes).toBe(isTaken ? 2 : 0);
  } finally {
    directly!.close();
    routes!.close();
  }
});
