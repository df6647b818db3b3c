import { promisify } from 'node:util';
import zlib from 'node:zlib';
import type { Context, MiddlewareHandler } from 'hono';
import type { HttpAnswer } from '../query/pool.ts';

/** Bodies from this size on are compressed when the client can read it; below, the time is worth more than the bytes. */
const MIN_BYTES = 16 * 1024;

type Encoding = 'zstd' | 'gzip';

const gzip = promisify<Uint8Array, zlib.ZlibOptions, Buffer<ArrayBuffer>>(zlib.gzip);
const zstd = promisify<Uint8Array, zlib.ZstdOptions, Buffer<ArrayBuffer>>(zlib.zstdCompress);

/** What is sent in place of `body`; done in libuv's threads, so that main goes on. */
async function compressed(body: Uint8Array, encoding: Encoding): Promise<Uint8Array<ArrayBuffer>> {
  return encoding === 'zstd' ? zstd(body, {}) : gzip(body, { level: zlib.constants.Z_BEST_SPEED });
}

/** The encoding a client accepts that we like best; `q=0` refuses one. */
export function acceptedEncoding(header: string | undefined): Encoding | undefined {
  if (!header) return undefined;
  const accepted = new Set<string>();
  for (const part of header.toLowerCase().split(',')) {
    const [name, ...parameters] = part.split(';').map((text) => text.trim());
    if (name && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter))) accepted.add(name);
  }
  return accepted.has('zstd') ? 'zstd' : accepted.has('gzip') || accepted.has('*') ? 'gzip' : undefined;
}

/** A query worker's answer as an HTTP response, compressed when it is large. */
export async function workerAnswer(
  c: Context,
  { status, contentType, body, retryAfterSeconds }: HttpAnswer,
): Promise<Response> {
  const headers: Record<string, string> = {
    'content-type': contentType,
    ...(retryAfterSeconds ? { 'retry-after': String(retryAfterSeconds) } : {}),
  };
  const encoding = body.length < MIN_BYTES ? undefined : acceptedEncoding(c.req.header('accept-encoding'));
  if (!encoding) {
    headers['content-length'] = String(body.length);
    return new Response(body as Uint8Array<ArrayBuffer>, { status, headers });
  }
  const bytes = await compressed(body, encoding);
  headers['content-encoding'] = encoding;
  headers['content-length'] = String(bytes.length);
  headers.vary = 'accept-encoding';
  return new Response(bytes, { status, headers });
}

/** Compresses large answers of routes that did not do so themselves. */
export function compressLarge(): MiddlewareHandler {
  return async (c, next) => {
    await next();
    const { res } = c;
    if (c.req.method === 'HEAD' || !res.body || res.headers.has('content-encoding')) return;
    // Streams of events never end; who gave a length below the bound needs no look at the body.
    if (res.headers.get('content-type')?.startsWith('text/event-stream')) return;
    const length = res.headers.get('content-length');
    if (length !== null && Number(length) < MIN_BYTES) return;
    const encoding = acceptedEncoding(c.req.header('accept-encoding'));
    if (!encoding) return;
    const body = new Uint8Array(await res.arrayBuffer());
    const headers = new Headers(res.headers);
    const bytes = body.length < MIN_BYTES ? body : await compressed(body, encoding);
    headers.set('content-length', String(bytes.length));
    if (bytes !== body) {
      headers.set('content-encoding', encoding);
      headers.append('vary', 'accept-encoding');
    }
    c.res = undefined;
    c.res = new Response(bytes, { status: res.status, headers });
  };
}
