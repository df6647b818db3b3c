import { isIP } from 'node:net';
import type { Context, MiddlewareHandler } from 'hono';
import type { Access, Verdict } from '../access/access.ts';
import { ANYONE, type Caller, callerName } from '../access/scope.ts';
import { type AccessRule, accessRules } from './access-rules.ts';
import { type Call, keepCall } from './call.ts';

export interface GuardSettings {
  /** There are users: nothing but what is public goes without a login. */
  readonly isLoginNeeded: boolean;
  /** Hosts (`name` or `name:port`) under which the server may be addressed, beside IP addresses and localhost. */
  readonly hosts: readonly string[];
  /** Of the address people reach it by; its scheme decides whether cookies are for HTTPS only. */
  readonly externalOrigin: string;
  /** Path under which a proxy or `--web.route-prefix` shows the page; empty or without a slash at its end. */
  readonly prefix: string;
  /** Other origins whose pages may read. */
  readonly isCorsOrigin: (origin: string) => boolean;
  /** Added to every answer, in place of ours of the same name. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface GuardDeps {
  readonly settings: () => GuardSettings;
  /** Undefined until state.db is open. */
  readonly access: () => Access | undefined;
}

const LOOPBACK_NAMES = new Set(['localhost', 'localhost.localdomain']);
const SESSION_COOKIE = 'belfry_session';
const CHALLENGE = 'Basic realm="belfry", charset="UTF-8"';

/** Strict: the page is made of its own files only. uPlot and Preact set styles through the CSSOM, which needs no exception. */
const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

export type Headers = Readonly<Record<string, string>>;

/** What is looked at before a request is served. */
export interface Asked {
  readonly method: string;
  /** Without the query string. */
  readonly path: string;
  /** The query string without its question mark. */
  readonly search: string;
  /** Of the peer. */
  readonly address: string;
  /** @param name in lower case */
  header(name: string): string | undefined;
}

/** May be served; the answer carries these headers, and `done` is told of its status. */
export interface Admitted {
  readonly call: Call;
  readonly headers: Headers;
  done(status: number): void;
}

/** Is answered by the guard. */
export interface Refusal {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** The one door of the server: every request passes it, whoever answers. */
export interface Guard {
  /** A promise only where a password has to be checked. */
  admit(asked: Asked): Admitted | Refusal | Promise<Admitted | Refusal>;
}

export const isRefusal = (answer: Admitted | Refusal): answer is Refusal => 'body' in answer;

/** What somebody is let in as. */
interface Identified {
  readonly caller: Caller;
  /** To be handed to the browser in place of the one it came with. */
  readonly newSecret?: string;
}

/**
 * Refuses what no honest caller sends: a `Host` that is neither an address nor a name of ours (DNS rebinding), an `Origin` that is not
 * the page's own; then asks who calls and whether the route's rule lets them; then writes changes into the audit log. Requests
 * without `Origin` (tools) pass, unless a cookie speaks for them.
 */
export function createGuard({ settings: today, access: opened }: GuardDeps): Guard {
  const ruleOf = accessRules();
  return {
    admit(asked) {
      const settings = today();
      const rule = ruleOf(asked.method, asked.path);
      const foreign = foreignness(asked, settings, rule);
      if (foreign !== undefined) return refusal(settings, 403, foreign);
      const cors = corsHeaders(asked, settings);
      if (cors && asked.method === 'OPTIONS')
        return { status: 204, headers: { ...answerHeaders(settings, rule), ...cors }, body: '' };
      const access = opened();
      const address = addressOf(asked);
      const who = identify(asked, settings, rule, access, address);
      return who instanceof Promise
        ? who.then((known) => admission(asked, settings, rule, access, address, cors, known))
        : admission(asked, settings, rule, access, address, cors, who);
    },
  };
}

function admission(
  asked: Asked,
  settings: GuardSettings,
  rule: AccessRule,
  access: Access | undefined,
  address: string,
  cors: Headers | undefined,
  who: Identified | Refusal,
): Admitted | Refusal {
  if (!('caller' in who)) return who;
  const { caller, newSecret } = who;
  const { need, isAudited } = rule;
  const call: Call = { caller, address, detail: '' };
  const record = (status: number): void =>
    access?.record({
      who: callerName(caller),
      address,
      what: `${asked.method} ${asked.path}`,
      status,
      detail: call.detail,
    });
  if (need !== 'public' && !need.some((scope) => caller.scopes.includes(scope))) {
    call.detail = 'refused';
    if (isAudited) record(403);
    const role = caller.role ? `, ${caller.role},` : '';
    return refusal(
      settings,
      403,
      `${callerName(caller)}${role} may not do this: it needs ${need.join(' or ')}`,
    );
  }
  const common = answerHeaders(settings, rule);
  const headers =
    cors || newSecret !== undefined
      ? {
          ...common,
          ...cors,
          ...(newSecret !== undefined && {
            'set-cookie': sessionCookie(settings, newSecret, access!.cookieSeconds),
          }),
        }
      : common;
  return {
    call,
    headers,
    done(status) {
      // What was asked wrongly changed nothing.
      if (isAudited && (status < 400 || status >= 500)) record(status);
    },
  };
}

/** The guard before an app's routes. */
export function guarded(guard: Guard): MiddlewareHandler {
  return async (c, next) => {
    const answer = await guard.admit(askedOf(c));
    if (isRefusal(answer)) {
      const { status, headers, body } = answer;
      c.res = new Response(status === 204 || status === 303 ? null : body, { status, headers });
      return;
    }
    keepCall(c, answer.call);
    await next();
    for (const [name, value] of Object.entries(answer.headers)) {
      const isOwn = name === 'cache-control' || name === 'set-cookie';
      if (!isOwn || !c.res.headers.has(name)) c.res.headers.set(name, value);
    }
    answer.done(c.res.status);
  };
}

function askedOf(c: Context): Asked {
  const { incoming } = (c.env ?? {}) as { incoming?: { socket?: { remoteAddress?: string } } };
  const { url } = c.req;
  const mark = url.indexOf('?');
  return {
    method: c.req.method,
    path: c.req.path,
    search: mark < 0 ? '' : url.slice(mark + 1),
    address: incoming?.socket?.remoteAddress ?? '',
    header: (name) => c.req.header(name),
  };
}

/** Made once for each configuration: most requests need nothing else. */
const prepared = new WeakMap<GuardSettings, { readonly open: Headers; readonly private: Headers }>();

function answerHeaders(settings: GuardSettings, rule: AccessRule): Headers {
  let made = prepared.get(settings);
  if (!made) {
    const own = Object.entries(settings.headers).map(([name, value]) => [name.toLowerCase(), value]);
    const open: Headers = { ...SECURITY_HEADERS, ...(Object.fromEntries(own) as Headers) };
    made = { open, private: settings.isLoginNeeded ? { ...open, 'cache-control': 'no-store' } : open };
    prepared.set(settings, made);
  }
  return rule.need === 'public' ? made.open : made.private;
}

const NOBODY: Caller = { kind: 'anyone', name: '', scopes: [] };
const PUBLIC: AccessRule = { need: 'public', isAudited: false };

/** Who calls; a refusal when nobody may be let in. */
function identify(
  asked: Asked,
  settings: GuardSettings,
  rule: AccessRule,
  access: Access | undefined,
  address: string,
): Identified | Refusal | Promise<Identified | Refusal> {
  const authorization = asked.header('authorization') ?? '';
  if (!settings.isLoginNeeded) {
    const verdict = access && bearerVerdict(authorization, access);
    return { caller: verdict?.kind === 'right' ? verdict.caller : ANYONE };
  }
  if (rule.need === 'public') return { caller: NOBODY };
  if (!access) return refusal(settings, 503, 'starting: the log is being replayed');
  const verdict = bearerVerdict(authorization, access) ?? basicVerdict(authorization, access, address);
  const judged = (found: Verdict): Identified | Refusal => {
    if (found.kind === 'right') return { caller: found.caller };
    if (found.kind === 'wait') return tooMany(settings, found.waitMs);
    return askForLogin(asked, settings, 'wrong name, password or token');
  };
  if (verdict) return verdict instanceof Promise ? verdict.then(judged) : judged(verdict);
  const secret = sessionSecret(asked.header('cookie') ?? '');
  const found = secret === undefined ? undefined : access.session(secret);
  if (!found) return askForLogin(asked, settings, 'login needed');
  if (!isSafe(asked.method) && !isFromOwnPage(asked, settings)) {
    const message = 'a change with a cookie needs the Origin header of our own page; tools use a token';
    return refusal(settings, 403, message);
  }
  return found;
}

function bearerVerdict(authorization: string, access: Access): Verdict | undefined {
  return /^Bearer /i.test(authorization) ? access.token(authorization.slice(7).trim()) : undefined;
}

function basicVerdict(
  authorization: string,
  access: Access,
  address: string,
): Verdict | Promise<Verdict> | undefined {
  if (!/^Basic /i.test(authorization)) return undefined;
  const text = Buffer.from(authorization.slice(6), 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 0) return { kind: 'wrong' };
  return access.password(text.slice(0, colon), text.slice(colon + 1), address);
}

/** In words, for everyone who is locked out. */
export function tooMany(settings: GuardSettings, waitMs: number): Refusal {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000));
  const wait = seconds < 120 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`;
  const message = `Too many wrong passwords. Try again in ${wait}; an admin sees the attempts in the audit log.`;
  return refusal(settings, 429, message, { 'retry-after': String(seconds) });
}

/** A person's navigation leads to the login page; the page's own requests must not make the browser ask by itself. */
function askForLogin(asked: Asked, settings: GuardSettings, message: string): Refusal {
  const isPage = (asked.header('accept') ?? '').includes('text/html') && isSafe(asked.method);
  if (isPage && !asked.path.startsWith('/api/') && asked.header('authorization') === undefined) {
    const to = asked.path + (asked.search === '' ? '' : `?${asked.search}`);
    const location = `${settings.prefix}/login${to === '/' ? '' : `?next=${encodeURIComponent(to)}`}`;
    const headers = { ...answerHeaders(settings, PUBLIC), location, 'cache-control': 'no-store' };
    return { status: 303, headers, body: '' };
  }
  const isOwnPage = asked.header('referer') !== undefined || asked.header('sec-fetch-mode') !== undefined;
  return refusal(settings, 401, message, isOwnPage ? {} : { 'www-authenticate': CHALLENGE });
}

const ERROR_TYPES: Readonly<Record<number, string>> = {
  401: 'unauthorized',
  403: 'forbidden',
  429: 'too_many_requests',
  503: 'unavailable',
};

export function refusal(
  settings: GuardSettings,
  status: 401 | 403 | 429 | 503,
  message: string,
  more: Headers = {},
): Refusal {
  return {
    status,
    headers: { ...answerHeaders(settings, PUBLIC), 'content-type': 'application/json', ...more },
    body: JSON.stringify({ status: 'error', errorType: ERROR_TYPES[status], error: message }),
  };
}

/**
 * What the browser keeps: not for scripts, not for other sites, over HTTPS only where there is HTTPS.
 * @param seconds 0 takes it back
 */
export function sessionCookie(
  { externalOrigin, prefix }: GuardSettings,
  secret: string,
  seconds: number,
): string {
  const secure = externalOrigin.startsWith('https:') ? ' Secure;' : '';
  return `${SESSION_COOKIE}=${secret}; Max-Age=${seconds}; Path=${prefix}/; HttpOnly;${secure} SameSite=Strict`;
}

function sessionSecret(cookies: string): string | undefined {
  for (const part of cookies.split(';')) {
    const [name, value] = part.trim().split('=');
    if (name === SESSION_COOKIE) return value;
  }
  return undefined;
}

const isSafe = (method: string): boolean => method === 'GET' || method === 'HEAD' || method === 'OPTIONS';

/** The peer's address; behind a proxy on this host what the proxy says last, since only it can speak from loopback there. */
function addressOf(asked: Asked): string {
  const peer = asked.address.replace(/^::ffff:/, '');
  if (peer !== '::1' && !peer.startsWith('127.')) return peer;
  return asked.header('x-forwarded-for')?.split(',').at(-1)?.trim().slice(0, 60) || peer;
}

/** Why a request comes from a place that has no business here; undefined when it does not. */
function foreignness(asked: Asked, settings: GuardSettings, rule: AccessRule): string | undefined {
  const host = asked.header('host') ?? '';
  if (!isKnownHost(host, settings.hosts)) {
    return `Host ${JSON.stringify(host)} is not served; add it to web.external_url or use an IP address`;
  }
  const origin = asked.header('origin');
  if (origin !== undefined) {
    if (isOwnOrigin(origin, host, settings)) return undefined;
    const isReading = rule.need !== 'public' && rule.need.includes('read') && !rule.isAudited;
    if (isReading && settings.isCorsOrigin(origin)) return undefined;
    return `Origin ${JSON.stringify(origin)} is not this server's own`;
  }
  // Browsers that say so: another site's page has this one fetched without asking to read the answer.
  const site = asked.header('sec-fetch-site');
  const isElsewhere = site === 'cross-site' || site === 'same-site';
  const isVisit = asked.header('sec-fetch-mode') === 'navigate' && isSafe(asked.method);
  if (isElsewhere && !isVisit && rule.need !== 'public') return 'a page of another site may not ask this';
  return undefined;
}

function isFromOwnPage(asked: Asked, settings: GuardSettings): boolean {
  const origin = asked.header('origin');
  if (origin !== undefined) return isOwnOrigin(origin, asked.header('host') ?? '', settings);
  return asked.header('sec-fetch-site') === 'same-origin';
}

/** For a foreign origin that was let pass. */
function corsHeaders(asked: Asked, settings: GuardSettings): Headers | undefined {
  const origin = asked.header('origin');
  if (origin === undefined || isOwnOrigin(origin, asked.header('host') ?? '', settings)) return undefined;
  return {
    'access-control-allow-origin': origin,
    'access-control-allow-headers': 'Accept, Authorization, Content-Type, Origin',
    'access-control-allow-methods': 'GET, POST, OPTIONS',
    'access-control-expose-headers': 'Date',
    'cross-origin-resource-policy': 'cross-origin',
    vary: 'Origin',
  };
}

/** The host's name without port, lower case; brackets of IPv6 addresses removed. */
function hostName(host: string): string {
  const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(host);
  if (bracketed) return bracketed[1]!.toLowerCase();
  return host.replace(/:\d+$/, '').toLowerCase();
}

function isKnownHost(host: string, known: readonly string[]): boolean {
  const name = hostName(host);
  if (name === '') return false;
  return isIP(name) !== 0 || LOOPBACK_NAMES.has(name) || known.some((own) => hostName(own) === name);
}

function isOwnOrigin(origin: string, host: string, { externalOrigin }: GuardSettings): boolean {
  if (!URL.canParse(origin)) return false;
  const url = new URL(origin);
  return url.host === host.toLowerCase() || url.origin === externalOrigin;
}
