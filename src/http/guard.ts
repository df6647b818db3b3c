import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import bcrypt from 'bcryptjs';
import type { MiddlewareHandler } from 'hono';

export interface GuardOptions {
  /** Name to bcrypt hash, as in upstream's web-config. Empty: no login. */
  readonly users: Readonly<Record<string, string>>;
  /** Hosts (`name` or `name:port`) under which the server may be addressed, beside IP addresses and localhost. */
  readonly hosts: readonly string[];
}

const LOOPBACK_NAMES = new Set(['localhost', 'localhost.localdomain']);
/** How many accepted credentials are remembered, so that bcrypt runs once per user and not per request. */
const REMEMBERED = 100;

/** Strict: the page is made of its own files only. uPlot and Preact set styles through the CSSOM, which needs no exception. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

/** What is looked at before a request is served. */
export interface Asked {
  readonly method: string;
  /** Without the query string. */
  readonly path: string;
  /** @param name in lower case */
  header(name: string): string | undefined;
}

/** A request that is not served. */
export interface Refusal {
  readonly status: 401 | 403;
  readonly message: string;
}

/** The one door of the server: every request passes it, whoever answers. */
export interface Guard {
  /** Undefined when the request may be served; a promise only where a password has to be checked. */
  admit(request: Asked): Refusal | undefined | Promise<Refusal | undefined>;
}

/**
 * Refuses what no honest caller sends: a `Host` that is neither an address nor a name of ours (DNS rebinding), an `Origin` that is not
 * the page's own, and, when there are users, missing or wrong credentials. Requests without `Origin` (tools) pass.
 */
export function createGuard(options: () => GuardOptions): Guard {
  const accepted = new Map<string, true>();
  return {
    admit(request) {
      const { users, hosts } = options();
      const host = request.header('host') ?? '';
      if (!isKnownHost(host, hosts)) {
        const message = `Host ${JSON.stringify(host)} is not served; add it to web.external_url or use an IP address`;
        return { status: 403, message };
      }
      const origin = request.header('origin');
      if (origin !== undefined && !isOwnOrigin(origin, host)) {
        return { status: 403, message: `Origin ${JSON.stringify(origin)} is not this server's own` };
      }
      for (const _ in users) return withLogin(request, users, accepted);
      return undefined;
    },
  };
}

async function withLogin(
  request: Asked,
  users: GuardOptions['users'],
  accepted: Map<string, true>,
): Promise<Refusal | undefined> {
  if (await isAuthorised(request, users, accepted)) return undefined;
  return { status: 401, message: 'login needed' };
}

/** The guard before an app's routes. */
export function guarded(guard: Guard): MiddlewareHandler {
  return async (c, next) => {
    const { method, path } = c.req;
    const refusal = await guard.admit({ method, path, header: (name) => c.req.header(name) });
    if (refusal) {
      if (refusal.status === 401) c.header('www-authenticate', CHALLENGE);
      return c.body(refusalBody(refusal), refusal.status, { 'content-type': 'application/json' });
    }
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) c.header(name, value);
    await next();
  };
}

export const CHALLENGE = 'Basic realm="belfry"';

export const refusalBody = ({ status, message }: Refusal): string =>
  JSON.stringify({
    status: 'error',
    errorType: status === 401 ? 'unauthorized' : 'forbidden',
    error: message,
  });

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

function isOwnOrigin(origin: string, host: string): boolean {
  try {
    return new URL(origin).host === host.toLowerCase();
  } catch {
    return false;
  }
}

async function isAuthorised(
  request: Asked,
  users: Readonly<Record<string, string>>,
  accepted: Map<string, true>,
): Promise<boolean> {
  const header = request.header('authorization') ?? '';
  if (!header.startsWith('Basic ')) return false;
  const text = Buffer.from(header.slice(6), 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 0) return false;
  const name = text.slice(0, colon);
  const hash = Object.hasOwn(users, name) ? users[name]! : undefined;
  const proof = createHash('sha256').update(`${hash}\0${text}`).digest('base64');
  if (hash !== undefined && accepted.has(proof)) return true;
  // An unknown name costs as much time as a wrong password.
  const matches = await bcrypt.compare(text.slice(colon + 1), hash ?? UNKNOWN_USER_HASH);
  if (hash === undefined || !matches) return false;
  if (accepted.size >= REMEMBERED) accepted.clear();
  accepted.set(proof, true);
  return true;
}

const UNKNOWN_USER_HASH = '$2b$10$hsf1i/tZjn5sEyZjZPTqEuXuJS8TBuLdFx3ApLG.sPx8lXoVTtEVm';
