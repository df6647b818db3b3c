import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import bcrypt from 'bcryptjs';
import type { Context, MiddlewareHandler } from 'hono';

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
const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

/**
 * Refuses what no honest caller sends: a `Host` that is neither an address nor a name of ours (DNS rebinding), an `Origin` that is not
 * the page's own, and, when there are users, missing or wrong credentials. Requests without `Origin` (tools) pass.
 */
export function guard(options: () => GuardOptions): MiddlewareHandler {
  const accepted = new Map<string, true>();
  return async (c, next) => {
    const { users, hosts } = options();
    const host = c.req.header('host') ?? '';
    if (!isKnownHost(host, hosts)) {
      return refuse(
        c,
        403,
        `Host ${JSON.stringify(host)} is not served; add it to web.external_url or use an IP address`,
      );
    }
    const origin = c.req.header('origin');
    if (origin !== undefined && !isOwnOrigin(origin, host)) {
      return refuse(c, 403, `Origin ${JSON.stringify(origin)} is not this server's own`);
    }
    const names = Object.keys(users);
    if (names.length > 0 && !(await isAuthorised(c, users, accepted))) {
      c.header('www-authenticate', 'Basic realm="belfry"');
      return refuse(c, 401, 'login needed');
    }
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) c.header(name, value);
    await next();
  };
}

function refuse(c: Context, status: 401 | 403, message: string): Response {
  return c.json(
    { status: 'error', errorType: status === 401 ? 'unauthorized' : 'forbidden', error: message },
    status,
  );
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

function isOwnOrigin(origin: string, host: string): boolean {
  try {
    return new URL(origin).host === host.toLowerCase();
  } catch {
    return false;
  }
}

async function isAuthorised(
  c: Context,
  users: Readonly<Record<string, string>>,
  accepted: Map<string, true>,
): Promise<boolean> {
  const header = c.req.header('authorization') ?? '';
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
