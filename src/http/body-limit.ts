import type { Context, MiddlewareHandler } from 'hono';
import { isForm } from './params.ts';
import { readUpTo } from './read-up-to.ts';

/** Bodies of requests to routes that have no limit of their own, bytes: ten thousand alerts at once and more. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;

/** Routes that bound their bodies themselves, mostly while they read them. */
const OWN_LIMIT = /^\/api\/(v1\/(write|read)|import\/openmetrics|dashboards)$/;

/**
 * Refuses a larger body with 413, by its declared length or what arrives. Hono's own fails on a body without a declared length, and looks at
 * the others, which costs the connection: a body that was looked at and not read is cut off half a second later.
 * @param what for the message, `a dashboard`
 */
export function limitedBody(maxBytes: number, what = 'a body'): MiddlewareHandler {
  const message = `expected ${what} of at most ${maxBytes} bytes, got a larger one`;
  return async (c, next) => {
    const declared = c.req.header('transfer-encoding') ? undefined : c.req.header('content-length');
    if (declared !== undefined) return Number(declared) > maxBytes ? tooLarge(c, message) : next();
    const body = await readUpTo(c.req.raw.body, maxBytes);
    if (!body) return tooLarge(c, message);
    const { method, headers, signal } = c.req.raw;
    c.req.raw = new Request(c.req.url, { method, headers, signal, body });
    return next();
  };
}

/** Alertmanager's shape under its API, else Prometheus' envelope, whose `error` is that of our own routes, too. */
function tooLarge(c: Context, message: string): Response {
  if (c.req.path.includes('/api/v2/')) return c.json({ code: 413, message }, 413);
  return c.json({ status: 'error', errorType: 'bad_data', error: message }, 413);
}

/** The limit of every route that has none of its own, forms aside, which are read by readForm. */
export function generalBodyLimit(): MiddlewareHandler {
  const limit = limitedBody(MAX_BODY_BYTES);
  return (c, next) => {
    const { method, path } = c.req;
    // Without either header there is no body, though hono gives such a DELETE one, and fails to copy it.
    if (!c.req.header('content-length') && !c.req.header('transfer-encoding')) return next();
    if (method === 'GET' || method === 'HEAD' || OWN_LIMIT.test(path)) return next();
    return isForm(method, c.req.header('content-type')) ? next() : limit(c, next);
  };
}
