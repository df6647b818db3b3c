import { promisify } from 'node:util';
import zlib from 'node:zlib';
import type { Context, MiddlewareHandler } from 'hono';
import type { HttpAnswer } from '../query/pool.ts';

/** Bodies from this size on are compressed when the client can read it; below, the time is worth more than the bytes. */
const MIN_BYTES = 16 * 1024;

/** Bodies above this are streamed, in pieces of this. */
const STREAM_BYTES = 128 * 1024;

const COMPRESSIBLE = /^text\/|\bjson\b|\byaml\b|^application\/openmetrics-text/;

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

/** A query worker's answer as it is sent. */
export interface SentAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** An answer as the client reads it: compressed when it is large. A promise only then. */
export function sentAnswer(
  answer: HttpAnswer,
  acceptEncoding: string | undefined,
): SentAnswer | Promise<SentAnswer> {
  const encoding = answer.body.length < MIN_BYTES ? undefined : acceptedEncoding(acceptEncoding);
  return encoding ? compressedAnswer(answer, encoding) : asIs(answer);
}

async function compressedAnswer(answer: HttpAnswer, encoding: Encoding): Promise<SentAnswer> {
  const { status, headers, body } = asIs({ ...answer, body: await compressed(answer.body, encoding) });
  return { status, headers: { ...headers, 'content-encoding': encoding, vary: 'accept-encoding' }, body };
}

function asIs({ status, contentType, body, retryAfterSeconds }: HttpAnswer): SentAnswer {
  const headers = { 'content-type': contentType, 'content-length': String(body.length) };
  if (retryAfterSeconds === undefined) return { status, headers, body };
  return { status, headers: { ...headers, 'retry-after': String(retryAfterSeconds) }, body };
}

/** A query worker's answer as an HTTP response, compressed when it is large. */
export const workerAnswer = async (c: Context, answer: HttpAnswer): Promise<Response> =>
  responseOf(await sentAnswer(answer, c.req.header('accept-encoding')));

/** A query worker's answer as it is. */
export const plainAnswer = (answer: HttpAnswer): Response => responseOf(asIs(answer));

const responseOf = ({ status, headers, body }: SentAnswer): Response =>
  new Response(bodyOf(body as Uint8Array<ArrayBuffer>), { status, headers });

/** A response copies the bytes it is given, at once: large ones go as a stream of views, as fast as they are taken. */
function bodyOf(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> {
  if (bytes.length <= STREAM_BYTES) return bytes;
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      controller.enqueue(bytes.subarray(at, at + STREAM_BYTES));
      at += STREAM_BYTES;
      if (at >= bytes.length) controller.close();
    },
  });
}

/** Compresses large answers of routes that did not do so themselves. */
export function compressLarge(): MiddlewareHandler {
  return async (c, next) => {
    await next();
    const { res } = c;
    if (c.req.method === 'HEAD' || !res.body || res.headers.has('content-encoding')) return;
    // Streams of events never end, and remote read has compression of its own.
    const type = res.headers.get('content-type') ?? '';
    if (!COMPRESSIBLE.test(type) || type.startsWith('text/event-stream')) return;
    // Who gave a length below the bound needs no look at the body.
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
