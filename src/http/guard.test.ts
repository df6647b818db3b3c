import bcrypt from 'bcryptjs';
import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { createGuard, type GuardOptions, guarded } from './guard.ts';

function ask(options: Partial<GuardOptions>, headers: Record<string, string>) {
  const app = new Hono();
  app.use(guarded(createGuard(() => ({ users: {}, hosts: ['monitor.example.org:9797'], ...options }))));
  app.all('*', (c) => c.text('in'));
  return app.request('/', { headers });
}

test.each([
  '127.0.0.1:9797',
  'localhost:9797',
  'LOCALHOST',
  '[::1]:9797',
  '10.1.2.3',
  'monitor.example.org',
  'Monitor.Example.org:443',
])('Host %s is served', async (host) => {
  expect((await ask({}, { host })).status).toBe(200);
});

test.each(['evil.example.com', 'evil.example.com:9797', '127.0.0.1.evil.com', ''])(
  'Host %j is refused',
  async (host) => {
    expect((await ask({}, { host })).status).toBe(403);
  },
);

test('a page of another origin is refused, our own and tools without an origin pass', async () => {
  const host = '127.0.0.1:9797';
  expect((await ask({}, { host, origin: 'http://evil.example.com' })).status).toBe(403);
  expect((await ask({}, { host, origin: 'null' })).status).toBe(403);
  expect((await ask({}, { host, origin: 'http://127.0.0.1:9798' })).status).toBe(403);
  expect((await ask({}, { host, origin: 'http://127.0.0.1:9797' })).status).toBe(200);
  expect((await ask({}, { host })).status).toBe(200);
});

test('with users, only a right password gets in, again and again', async () => {
  const users = { ada: bcrypt.hashSync('secret', 4) };
  const app = new Hono();
  app.use(guarded(createGuard(() => ({ users, hosts: [] }))));
  app.all('*', (c) => c.text('in'));
  const login = (text: string) =>
    app.request('/', {
      headers: { host: 'localhost', authorization: `Basic ${Buffer.from(text).toString('base64')}` },
    });
  expect(
    (await app.request('/', { headers: { host: 'localhost' } })).headers.get('www-authenticate'),
  ).toContain('Basic');
  for (const wrong of ['ada:wrong', 'ada', 'eve:secret', '__proto__:x', ':'])
    expect((await login(wrong)).status).toBe(401);
  expect((await login('ada:secret')).status).toBe(200);
  expect((await login('ada:secret')).status).toBe(200);
  expect((await login('ada:secret2')).status).toBe(401);
});

test('every answer carries the security headers', async () => {
  const { headers } = await ask({}, { host: 'localhost' });
  expect(headers.get('content-security-policy')).toContain("default-src 'self'");
  expect(headers.get('x-frame-options')).toBe('DENY');
});
