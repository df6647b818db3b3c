import { type Context, Hono } from 'hono';
import * as z from 'zod';
import type { Access } from '../access/access.ts';
import { callerName, SCOPES } from '../access/scope.ts';
import type { StoredSession, StoredToken } from '../access/store.ts';
import type { Clock } from '../clock.ts';
import { parseDuration } from '../model/duration.ts';
import { limitedBody } from './body-limit.ts';
import { callOf, noteChange } from './call.ts';
import { type GuardSettings, type Refusal, refusal, sessionCookie, tooMany } from './guard.ts';

export interface AccessRouteDeps {
  readonly access: Access;
  readonly clock: Clock;
  readonly settings: () => GuardSettings;
}

const MAX_BODY_BYTES = 8 * 1024;
const MAX_AUDIT_PAGE = 1000;

const credentials = z.object({ name: z.string().max(200), password: z.string().max(1024) });

const wantedToken = z.strictObject({
  name: z.string().min(1).max(100),
  scopes: z.array(z.enum(SCOPES)).min(1),
  /** A duration such as `90d`; without it the token does not expire. */
  expires_in: z.string().optional(),
});

/** Login and logout, sessions, API tokens and the log of changes, under `/api`. */
export function accessRoutes({ access, clock, settings }: AccessRouteDeps): Hono {
  const app = new Hono();
  const small = limitedBody(MAX_BODY_BYTES);

  app.post('/login', small, async (c) => {
    const given = credentials.safeParse(await c.req.json().catch(() => undefined));
    if (!given.success) return c.json({ error: 'expected {"name": "…", "password": "…"}' }, 400);
    const { name, password } = given.data;
    const { address } = callOf(c);
    const verdict = await access.password(name, password, address);
    if (verdict.kind === 'wait') return answer(tooMany(settings(), verdict.waitMs));
    if (verdict.kind === 'wrong') {
      access.record({ who: name, address, what: 'login', status: 401, detail: 'wrong name or password' });
      return answer(refusal(settings(), 401, 'Wrong name or password.'));
    }
    const agent = c.req.header('user-agent') ?? '';
    const secret = access.begin(name, address, agent);
    c.header('set-cookie', sessionCookie(settings(), secret, access.cookieSeconds));
    access.record({ who: name, address, what: 'login', status: 200, detail: agent.slice(0, 120) });
    return c.json({ name, role: verdict.caller.role });
  });

  app.post('/logout', (c) => {
    const { sessionId } = callOf(c).caller;
    if (sessionId !== undefined) access.endSession(sessionId);
    c.header('set-cookie', sessionCookie(settings(), '', 0));
    return c.body(null, 204);
  });

  app.get('/me', (c) => {
    const { caller } = callOf(c);
    const { kind, name, role, scopes } = caller;
    return c.json({
      kind,
      name,
      role: role ?? null,
      scopes,
      canLogOut: caller.sessionId !== undefined,
      isLoginNeeded: settings().isLoginNeeded,
    });
  });

  app.get('/sessions', (c) => {
    const { caller } = callOf(c);
    const shown = access.sessions().filter(({ user }) => maySee(caller, user));
    return c.json(
      shown
        .sort((a, b) => b.usedAt - a.usedAt)
        .map((session) => ({ ...sessionJson(session), isThis: session.id === caller.sessionId })),
    );
  });

  app.delete('/sessions/:id', (c) => {
    const id = c.req.param('id');
    const session = access.sessions().find((one) => one.id === id);
    if (!session || !maySee(callOf(c).caller, session.user)) return c.json({ error: 'no such session' }, 404);
    access.endSession(id);
    noteChange(c, `ended a session of ${session.user}`);
    return c.body(null, 204);
  });

  app.get('/tokens', (c) => c.json(access.tokens.list().map((token) => tokenJson(token, clock.now()))));

  app.post('/tokens', small, async (c) => {
    const given = wantedToken.safeParse(await c.req.json().catch(() => undefined));
    if (!given.success) return badToken(c, z.prettifyError(given.error));
    const { name, scopes, expires_in } = given.data;
    let lifeMs: number | undefined;
    try {
      lifeMs = expires_in === undefined ? undefined : parseDuration(expires_in);
    } catch (error) {
      return badToken(c, `expires_in: ${(error as Error).message}`);
    }
    if (lifeMs === 0) return badToken(c, 'expires_in: expected a duration above zero');
    if (access.tokens.list().some((token) => token.name === name))
      return badToken(c, `there is a token named ${JSON.stringify(name)} already`);
    const { token, secret } = access.tokens.create({
      name,
      scopes: SCOPES.filter((scope) => scopes.includes(scope)),
      createdBy: callerName(callOf(c).caller),
      expiresAt: lifeMs === undefined ? null : clock.now() + lifeMs,
    });
    noteChange(c, `token ${name} with ${token.scopes.join(', ')}${expires_in ? ` for ${expires_in}` : ''}`);
    return c.json({ ...tokenJson(token, clock.now()), token: secret }, 201);
  });

  app.delete('/tokens/:id', (c) => {
    const token = access.tokens.revoke(c.req.param('id'));
    if (!token) return c.json({ error: 'no such token' }, 404);
    noteChange(c, `revoked token ${token.name}`);
    return c.body(null, 204);
  });

  app.get('/audit', (c) => {
    const limit = Math.min(MAX_AUDIT_PAGE, Math.max(1, Number(c.req.query('limit')) || 100));
    const before = Number(c.req.query('before')) || undefined;
    return c.json(access.audit(limit, before).map(({ at, ...entry }) => ({ ...entry, at: iso(at) })));
  });

  return app;
}

const answer = ({ status, headers, body }: Refusal): Response => new Response(body, { status, headers });

const badToken = (c: Context, problem: string): Response =>
  c.json({ error: `expected {"name": "…", "scopes": ["read"], "expires_in": "90d"}: ${problem}` }, 400);

const maySee = (caller: ReturnType<typeof callOf>['caller'], user: string): boolean =>
  caller.scopes.includes('admin') || (caller.kind === 'user' && caller.name === user);

const sessionJson = ({ id, user, createdAt, usedAt, address, agent }: StoredSession) => ({
  id,
  user,
  createdAt: iso(createdAt),
  usedAt: iso(usedAt),
  address,
  agent,
});

const tokenJson = (token: StoredToken, now: number) => ({
  id: token.id,
  name: token.name,
  scopes: token.scopes,
  createdBy: token.createdBy,
  createdAt: iso(token.createdAt),
  expiresAt: token.expiresAt === null ? null : iso(token.expiresAt),
  usedAt: token.usedAt === null ? null : iso(token.usedAt),
  isExpired: token.expiresAt !== null && now >= token.expiresAt,
});

const iso = (ms: number): string => new Date(ms).toISOString();
