import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { fakeClock } from '../testing/fake-clock.ts';
import { httpTarget, rawTarget, sendPage } from '../testing/http-target.ts';
import { scrapeJob } from '../testing/scrape-job.ts';
import { PageBuffers } from './page-buffers.ts';
import { createPageClient, type FetchedPage, type PageRequest } from './page-client.ts';

const deps = { clock: fakeClock(), environment: {} };
const buffers = new PageBuffers();

/** One request of a job with these settings. */
async function fetchPage(
  url: string,
  keys: Record<string, unknown> = {},
  request: Partial<PageRequest> = {},
): Promise<FetchedPage> {
  const client = createPageClient(scrapeJob(keys), buffers, deps);
  const signal = new AbortController().signal;
  try {
    return await client.fetch({
      url,
      headers: { accept: 'text/plain' },
      compressed: false,
      bodyLimitBytes: 1_000_000,
      expectedBytes: 0,
      signal,
      ...request,
    });
  } finally {
    client.close();
  }
}

const textOf = (page: FetchedPage): string => new TextDecoder().decode(page.body);

test('a page is read, with what was asked for', async () => {
  await using target = await httpTarget((_, response) => sendPage(response, 'a 1\n'));
  const page = await fetchPage(`http://${target.address}/metrics?x=1`, {
    http_headers: { 'X-Tenant': { values: ['a', 'b'] }, 'X-Key': { secrets: ['s'] } },
  });
  expect(textOf(page)).toBe('a 1\n');
  expect(page.contentType).toBe('text/plain; version=0.0.4');
  expect(target.requests[0]!.url).toBe('/metrics?x=1');
  expect(target.requests[0]!.headers).toMatchObject({
    accept: 'text/plain',
    'accept-encoding': 'identity',
    'x-tenant': 'a, b',
    'x-key': 's',
  });
});

test('a packed page is unpacked', async () => {
  const text = 'metric{label="value"} 12345\n'.repeat(1000);
  await using target = await httpTarget((request, response) => {
    expect(request.headers['accept-encoding']).toBe('gzip');
    response.writeHead(200, { 'content-encoding': 'gzip', 'content-type': 'text/plain' }).end(gzipSync(text));
  });
  const page = await fetchPage(`http://${target.address}/`, {}, { compressed: true });
  expect(textOf(page)).toBe(text);
});

test('connections are kept, and one closed meanwhile is replaced', async () => {
  await using target = await httpTarget((_, response) => sendPage(response, 'a 1\n'));
  const client = createPageClient(scrapeJob(), buffers, deps);
  const request: PageRequest = {
    url: `http://${target.address}/`,
    headers: {},
    compressed: false,
    bodyLimitBytes: 1000,
    expectedBytes: 0,
    signal: new AbortController().signal,
  };
  for (let i = 0; i < 3; i++) await client.fetch(request);
  expect(target.connections()).toBe(1);
  target.requests.at(-1)!.socket.destroy();
  await client.fetch(request);
  expect(target.connections()).toBe(2);
  client.close();
});

test.each([
  ['basic_auth', { basic_auth: { username: 'me', password: 'secret' } }, `Basic ${btoa('me:secret')}`],
  ['authorization', { authorization: { credentials: 'token' } }, 'Bearer token'],
  ['bearer_token', { bearer_token: 'old' }, 'Bearer old'],
  ['another type', { authorization: { type: 'Key', credentials: 'token' } }, 'Key token'],
])('%s is sent', async (_, keys, expected) => {
  await using target = await httpTarget((_request, response) => sendPage(response, ''));
  await fetchPage(`http://${target.address}/`, keys);
  expect(target.requests[0]!.headers.authorization).toBe(expected);
});

test('credentials in files are read each time; a missing file fails the scrape', async () => {
  await using target = await httpTarget((_, response) => sendPage(response, ''));
  const dir = mkdtempSync(join(tmpdir(), 'belfry-'));
  const file = join(dir, 'token');
  const keys = { authorization: { credentials_file: file } };
  await expect(fetchPage(`http://${target.address}/`, keys)).rejects.toThrow('ENOENT');
  writeFileSync(file, 'from-file\n');
  await fetchPage(`http://${target.address}/`, keys);
  expect(target.requests.map((request) => request.headers.authorization)).toEqual(['Bearer from-file']);
  rmSync(dir, { recursive: true });
});

test('a redirect on the same host keeps the credentials, one to another host loses them', async () => {
  await using other = await httpTarget((_, response) => sendPage(response, 'b 2\n'));
  await using target = await httpTarget((request, response) => {
    if (request.url === '/same') response.writeHead(302, { location: '/page' }).end();
    else if (request.url === '/other')
      response.writeHead(307, { location: `http://${other.address}/there` }).end();
    else sendPage(response, 'a 1\n');
  });
  const keys = {
    basic_auth: { username: 'me', password: 'secret' },
    http_headers: { 'X-Key': { secrets: ['s'] } },
  };
  expect(textOf(await fetchPage(`http://${target.address}/same`, keys))).toBe('a 1\n');
  expect(target.requests.at(-1)!.headers).toHaveProperty('authorization');
  expect(textOf(await fetchPage(`http://${target.address}/other`, keys))).toBe('b 2\n');
  expect(other.requests[0]!.url).toBe('/there');
  expect(other.requests[0]!.headers).not.toHaveProperty('authorization');
  expect(other.requests[0]!.headers).not.toHaveProperty('x-key');
});

test('redirects end: after ten, at another scheme, or at once when not wanted', async () => {
  await using target = await httpTarget((request, response) => {
    const location = request.url === '/file' ? 'file:///etc/passwd' : '/again';
    response.writeHead(301, { location }).end();
  });
  const url = `http://${target.address}`;
  await expect(fetchPage(`${url}/again`)).rejects.toThrow('stopped after 10 redirects');
  await expect(fetchPage(`${url}/file`)).rejects.toThrow('expected a redirect to an http or https URL');
  await expect(fetchPage(`${url}/again`, { follow_redirects: false })).rejects.toThrow(
    'server returned HTTP status 301 Moved Permanently',
  );
});

test('an answer other than 200 fails', async () => {
  await using target = await httpTarget((_, response) => response.writeHead(503).end('no'));
  await expect(fetchPage(`http://${target.address}/`)).rejects.toThrow(
    'server returned HTTP status 503 Service Unavailable',
  );
});

test('a page announced too long is not read, one that turns out too long is cut', async () => {
  let written = 0;
  await using target = await httpTarget((request, response) => {
    if (request.url === '/announced') {
      response.writeHead(200, { 'content-type': 'text/plain', 'content-length': '1000000000' });
      response.write('a');
      return;
    }
    response.writeHead(200, { 'content-type': 'text/plain' });
    const pump = (): void => {
      while (!response.destroyed && response.write('x'.repeat(65_536))) written += 65_536;
    };
    response.on('drain', pump);
    pump();
  });
  const problem = 'body size limit exceeded: the page has 1000000 bytes or more (body_size_limit)';
  await expect(fetchPage(`http://${target.address}/announced`)).rejects.toThrow(problem);
  await expect(fetchPage(`http://${target.address}/endless`)).rejects.toThrow(problem);
  expect(written).toBeLessThan(20_000_000);
});

test('the limit is for what a packed body unpacks to: the packing itself may be longer', async () => {
  const page = 'a 1\n';
  const packed = gzipSync(page);
  expect(packed.length).toBeGreaterThan(page.length + 1);
  await using target = await httpTarget((_, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip', 'content-type': 'text/plain' }).end(packed);
  });
  const url = `http://${target.address}/`;
  const ask = { compressed: true, bodyLimitBytes: page.length + 1 };
  expect((await fetchPage(url, {}, ask)).body.length).toBe(page.length);
  await expect(fetchPage(url, {}, { ...ask, bodyLimitBytes: page.length })).rejects.toThrow(
    'body size limit exceeded',
  );
});

test('a small packed body that unpacks to a huge one is cut', async () => {
  const bomb = gzipSync(Buffer.alloc(100_000_000));
  expect(bomb.length).toBeLessThan(1_000_000);
  await using target = await httpTarget((_, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip', 'content-type': 'text/plain' }).end(bomb);
  });
  await expect(fetchPage(`http://${target.address}/`, {}, { compressed: true })).rejects.toThrow(
    'body size limit exceeded',
  );
});

test.each([
  ['nothing', (end: (text: string) => void) => end(''), 'socket hang up'],
  ['no HTTP', (end: (text: string) => void) => end('SSH-2.0-OpenSSH\r\n'), 'Parse Error'],
  [
    'half a page',
    (end: (text: string) => void) => end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\na 1\n'),
    'unexpected EOF: the connection was closed in the middle of the page',
  ],
  [
    'half a chunk',
    (end: (text: string) => void) => end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\na 1\n'),
    'unexpected EOF: the connection was closed in the middle of the page',
  ],
  [
    'headers without end',
    (end: (text: string) => void) => end(`HTTP/1.1 200 OK\r\n${'X-Y: z\r\n'.repeat(100_000)}`),
    'Header overflow',
  ],
  [
    'broken gzip',
    (end: (text: string) => void) =>
      end('HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\nnot gzip'),
    'cannot unpack the page: incorrect header check',
  ],
  [
    'another encoding',
    (end: (text: string) => void) =>
      end('HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nConnection: close\r\n\r\nx'),
    'got Content-Encoding "br"',
  ],
])('a target that answers with %s fails', async (_, serve, problem) => {
  await using target = await rawTarget((socket) => serve((text) => void socket.end(text)));
  await expect(fetchPage(`http://${target.address}/`)).rejects.toThrow(problem);
});

test('a hanging target is cut by the signal, before and within the page', async () => {
  const held: (() => void)[] = [];
  await using target = await httpTarget((request, response) => {
    if (request.url === '/page') {
      response.writeHead(200, { 'content-type': 'text/plain' });
      response.write('a 1\n');
    }
    held.shift()?.();
  });
  for (const path of ['/head', '/page']) {
    const cut = new AbortController();
    const reached = new Promise<void>((resolve) => held.push(resolve));
    const page = fetchPage(`http://${target.address}${path}`, {}, { signal: cut.signal });
    await reached;
    cut.abort(new Error('too late'));
    await expect(page).rejects.toThrow('too late');
  }
});

test('a port nobody listens on', async () => {
  const { address } = await httpTarget(() => {}).then(async (target) => {
    await target[Symbol.asyncDispose]();
    return target;
  });
  await expect(fetchPage(`http://${address}/`)).rejects.toThrow(`connect ECONNREFUSED ${address}`);
});
