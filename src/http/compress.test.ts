import { buffer } from 'node:stream/consumers';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { acceptedEncoding, compressLarge, plainAnswer, sentAnswer } from './compress.ts';

test.each([
  [undefined, undefined],
  ['', undefined],
  ['identity', undefined],
  ['br', undefined],
  ['gzip, deflate, br', 'gzip'],
  ['GZIP;q=0.5', 'gzip'],
  ['gzip;q=0, br', undefined],
  ['gzip;q=0.0, zstd;q=0', undefined],
  ['*', 'gzip'],
  ['gzip, deflate, br, zstd', 'zstd'],
])('accept-encoding %j is served with %j', (header, encoding) => {
  expect(acceptedEncoding(header)).toBe(encoding);
});

function app() {
  const routes = new Hono();
  routes.use(compressLarge());
  routes.get('/large', (c) => c.text('x'.repeat(100_000), 201, { 'x-own': 'kept' }));
  routes.get('/small', (c) => c.text('small'));
  routes.get('/done', (c) => c.body('y'.repeat(100_000), 200, { 'content-encoding': 'br' }));
  routes.get('/events', (c) => c.body('z'.repeat(100_000), 200, { 'content-type': 'text/event-stream' }));
  routes.get('/binary', (c) =>
    c.body('b'.repeat(100_000), 200, { 'content-type': 'application/x-protobuf' }),
  );
  routes.get('/none', (c) => c.body(null, 204));
  return routes;
}
const ask = (path: string, method = 'GET') =>
  app().request(path, { method, headers: { 'accept-encoding': 'gzip' } });

test('a large body is compressed, status and headers stay', async () => {
  const response = await ask('/large');
  expect([response.status, response.headers.get('x-own'), response.headers.get('vary')]).toEqual([
    201,
    'kept',
    'accept-encoding',
  ]);
  const body = Buffer.from(await response.arrayBuffer());
  expect(response.headers.get('content-length')).toBe(String(body.length));
  expect(gunzipSync(body).toString()).toBe('x'.repeat(100_000));
});

test('small, encoded and endless bodies are left alone', async () => {
  const small = await ask('/small');
  expect([small.headers.get('content-encoding'), await small.text()]).toEqual([null, 'small']);
  expect((await ask('/done')).headers.get('content-encoding')).toBe('br');
  expect((await ask('/events')).headers.get('content-encoding')).toBeNull();
  expect((await ask('/binary')).headers.get('content-encoding')).toBeNull();
  expect((await ask('/none')).status).toBe(204);
  expect((await ask('/large', 'HEAD')).headers.get('content-encoding')).toBeNull();
});

const TEXT = Array.from({ length: 300_000 }, (_, i) => String(i)).join(',');

/** An answer in pieces, as a worker gives a large one. */
function pieces() {
  const bytes = Buffer.from(TEXT);
  const body = [0, 1, 2].map((i) => new Uint8Array(bytes.subarray(i * 700_000, (i + 1) * 700_000)));
  return { status: 200, contentType: 'application/json', body };
}

test.each([
  [undefined, undefined, (bytes: Buffer) => bytes],
  ['gzip', 'gzip', gunzipSync],
  ['zstd', 'zstd', zstdDecompressSync],
])('an answer in pieces, accepted as %s, is sent whole and let go of', async (accepted, encoding, decode) => {
  const answer = pieces();
  const { headers, body } = await sentAnswer(answer, accepted);
  expect(headers['content-encoding']).toBe(encoding);
  expect(headers['content-length']).toBe(encoding ? undefined : String(TEXT.length));
  expect(decode(await buffer(body as NodeJS.ReadableStream)).toString() === TEXT).toBe(true);
  expect(answer.body).toEqual([]);
});

test('a route tells when its answer was sent, and when nobody wanted it', async () => {
  for (const take of [
    (response: Response) => response.text(),
    (response: Response) => response.body!.cancel(),
  ]) {
    let isReleased = false;
    const response = plainAnswer({
      ...pieces(),
      release() {
        isReleased = true;
      },
    });
    expect(isReleased).toBe(false);
    await take(response);
    await expect.poll(() => isReleased).toBe(true);
  }
});
