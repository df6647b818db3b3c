import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';

/** A request that the API's own description refuses; answered as upstream's generated server does. */
export class RequestError extends Error {
  readonly status: ContentfulStatusCode;
  readonly code: number;

  constructor(status: ContentfulStatusCode, code: number, message: string) {
    super(message);
    this.name = 'RequestError';
    this.status = status;
    this.code = code;
  }
}

/** Upstream's number for a property that is not there. */
const REQUIRED = 602;
/** Upstream's number for a property of another type. */
const WRONG_TYPE = 601;
/** Upstream's number for a list that is too short. */
const TOO_FEW = 612;

export const missing = (path: string): RequestError =>
  new RequestError(422, REQUIRED, `${path} in body is required`);

export const tooFew = (path: string): RequestError =>
  new RequestError(422, TOO_FEW, `${path} in body should have at least 1 items`);

/** Texts of errors are JSON strings in this API. */
export function answerText(c: Context, status: ContentfulStatusCode, text: string): Response {
  return c.body(`${JSON.stringify(text)}\n`, status, { 'content-type': 'application/json' });
}

/** Reads a JSON body. @throws RequestError */
export async function jsonBody(c: Context, name: string): Promise<unknown> {
  const type = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase() ?? 'application/json';
  if (type !== 'application/json') {
    throw new RequestError(
      415,
      415,
      `unsupported media type ${JSON.stringify(type)}, only [application/json] are allowed`,
    );
  }
  const text = await c.req.text();
  if (text.trim() === '') throw missing(name);
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new RequestError(400, 400, `parsing ${name} body from "" failed, because ${reason}`);
  }
}

/** A property whose type is wrong makes the body unreadable, as in Go. */
export function wrongType(name: string, path: string, expected: string, found: unknown): RequestError {
  const what = found === null ? 'null' : Array.isArray(found) ? 'an array' : typeof found;
  return new RequestError(
    400,
    400,
    `parsing ${name} body from "" failed, because ${path}: expected ${expected}, got ${what}`,
  );
}

const TRUE = new Set(['true', '1', 'yes', 'ok', 'y', 'on', 'selected', 'checked', 't', 'enabled']);

/** A switch in the query; all of them are on unless said otherwise. */
export function flag(c: Context, name: string): boolean {
  const value = c.req.query(name);
  return value === undefined || value === '' || TRUE.has(value.toLowerCase());
}

const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;

/** @throws RequestError when the path does not name a UUID */
export function uuidParam(c: Context, name: string): string {
  const value = c.req.param(name) ?? '';
  if (UUID.test(value)) return value;
  throw new RequestError(422, WRONG_TYPE, `${name} in path must be of type uuid: ${JSON.stringify(value)}`);
}

const DATE_TIME = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:?\d{2})$/;

/** Reads an RFC 3339 time; gives Unix ms, 0 for Go's zero time. */
export function parseTime(text: string): number | undefined {
  if (!DATE_TIME.test(text)) return undefined;
  if (text.startsWith('0001-01-01T00:00:00')) return 0;
  const ms = Date.parse(text.replace(/(\.\d{3})\d+/, '$1').replace(' ', 'T'));
  return Number.isNaN(ms) ? undefined : ms;
}

/** Writes a time as this API does: always with milliseconds. */
export function formatTime(ms: number): string {
  return ms === 0 ? '0001-01-01T00:00:00.000Z' : new Date(ms).toISOString();
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

/** Reads a map of strings. @throws RequestError */
export function stringMap(name: string, path: string, value: unknown): Record<string, string> {
  if (!isRecord(value)) throw wrongType(name, path, 'an object', value);
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string') throw wrongType(name, `${path}.${key}`, 'a string', text);
  }
  return value as Record<string, string>;
}
