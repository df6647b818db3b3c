import { pipeline, Readable } from 'node:stream';
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import type { Context, MiddlewareHandler } from 'hono';
import { bytesOf, type HttpAnswer } from '../query/pool.ts';

/** Bodies from this size on are compressed when the client can read it; below, the time is worth more than the bytes. */
const MIN_BYTES = 16 * 1024;

/** Large bodies are streamed in slices of this. */
const SLICE_BYTES = 128 * 1024;

const NOTHING = new Uint8Array(0);

const FAST = zlib.constants.Z_BEST_SPEED;

const COMPRESSIBLE = /^text\/|\bjson\b|\byaml\b|^application\/openmetrics-text/;

type Encoding = 'zstd' | 'gzip';

const gzip = promisify<Uint8Array, zlib.ZlibOptions, Buffer<ArrayBuffer>>(zlib.gzip);
const zstd = promisify<Uint8Array, zlib.ZstdOptions, Buffer<ArrayBuffer>>(zlib.zstdCompress);

/** What is sent in place of `body`; done in libuv's threads, so that main goes on. */
async function compressed(body: Uint8Array, encoding: Encoding): Promise<Uint8Array<ArrayBuffer>> {
  return encoding === 'zstd' ? zstd(body, {}) : gzip(body, { level: FAST });
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
  /** A stream when it is large: its memory is free as soon as it is sent. */
  readonly body: Uint8Array | Readable;
}

/** An answer as the client reads it: compressed when it is large. A promise only then. */
export function sentAnswer(
  answer: HttpAnswer,
  acceptEncoding: string | undefined,
): SentAnswer | Promise<SentAnswer> {
  const encoding = bytesOf(answer) < MIN_BYTES ? undefined : acceptedEncoding(acceptEncoding);
  return encoding ? compressedAnswer(answer, encoding) : asIs(answer);
}

/** One piece is compressed as a whole, several in a stream. */
function compressedAnswer(answer: HttpAnswer, encoding: Encoding): SentAnswer | Promise<SentAnswer> {
  const { status, contentType, body } = answer;
  const headers = { 'content-type': contentType, 'content-encoding': encoding, vary: 'accept-encoding' };
  if (body.length > 1) {
    const stream = encoding === 'zstd' ? zlib.createZstdCompress() : zlib.createGzip({ level: FAST });
    return { status, headers, body: pipeline(Readable.from(slices(body)), stream, () => {}) };
  }
  return compressed(body[0]!, encoding).then((bytes) => ({
    status,
    headers: { ...headers, 'content-length': String(bytes.length) },
    body: bytes,
  }));
}

function asIs({ status, contentType, body, retryAfterSeconds }: HttpAnswer): SentAnswer {
  if (status === 204) return { status, headers: {}, body: NOTHING };
  const length = bytesOf({ body });
  const headers: Record<string, string> = { 'content-type': contentType, 'content-length': String(length) };
  if (retryAfterSeconds !== undefined) headers['retry-after'] = String(retryAfterSeconds);
  return { status, headers, body: body.length > 1 ? Readable.from(slices(body)) : body[0]! };
}

/** Takes pieces out of a body one by one, in slices. */
export function* slices(body: Uint8Array[]): Generator<Uint8Array> {
  for (let piece = body.shift(); piece; piece = body.shift()) {
    for (let at = 0; at < piece.length; at += SLICE_BYTES) yield piece.subarray(at, at + SLICE_BYTES);
  }
}

/** What an error of a query worker says. */
export function workerError({ body, release }: HttpAnswer): string {
  release?.();
  return (JSON.parse(Buffer.concat(body).toString()) as { error: string }).error;
}

/** A query worker's answer as an HTTP response, compressed when it is large. */
export const workerAnswer = async (c: Context, answer: HttpAnswer): Promise<Response> =>
  responseOf(await sentAnswer(answer, c.req.header('accept-encoding')), answer);

/** A query worker's answer as it is. */
export const plainAnswer = (answer: HttpAnswer): Response => responseOf(asIs(answer), answer);

function responseOf({ status, headers, body }: SentAnswer, { release }: HttpAnswer): Response {
  if (body instanceof Readable) {
    if (release) body.once('close', release);
    return new Response(Readable.toWeb(body) as unknown as ReadableStream<Uint8Array>, { status, headers });
  }
  // A response copies the bytes it is given, at once.
  release?.();
  if (status === 204) return new Response(null, { status, headers });
  return new Response(body as Uint8Array<ArrayBuffer>, { status, headers });
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
