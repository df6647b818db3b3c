import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import type { HttpClientConfig } from '../../config/http-client.ts';
import { proxyChoice } from '../../net/proxy.ts';
import { fakeClock } from '../../testing/fake-clock.ts';
import { jsonPost } from '../kinds/exchange.ts';
import { plainHttp } from '../notifier.fixture.ts';
import { createHttpTransport } from './http.ts';
import { redact, secretsOf } from './secrets.ts';

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

const servers: http.Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function sink(
  answer: (seen: Seen, response: http.ServerResponse) => void = (_, response) => void response.end('ok'),
) {
  const seen: Seen[] = [];
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      seen.push({ method, url, headers, body: Buffer.concat(chunks).toString() });
      answer(seen.at(-1)!, response);
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { seen, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const send = (url: string, config: Partial<HttpClientConfig> = {}, signal = new AbortController().signal) =>
  createHttpTransport({ clock: fakeClock(), userAgent: 'Belfry/1', environment: {} })(
    jsonPost(url, { a: '<b>' }),
    { ...plainHttp, ...config },
    signal,
  );

test('a JSON message is posted with its length, type and agent', async () => {
  const { seen, url } = await sink();
  expect(await send(`${url}/hook?x=1`)).toMatchObject({ status: 200, body: 'ok' });
  expect(seen).toMatchObject([
    {
      method: 'POST',
      url: '/hook?x=1',
      body: '{"a":"\\u003cb\\u003e"}\n',
      headers: { 'content-type': 'application/json', 'user-agent': 'Belfry/1', 'content-length': '22' },
    },
  ]);
});

test.each([
  ['basic_auth', { basic_auth: { username: 'u', password: 'p' } }, 'Basic dTpw'],
  ['authorization', { authorization: { type: 'Token', credentials: 'abc' } }, 'Token abc'],
])('%s is sent', async (_, config, header) => {
  const { seen, url } = await sink();
  await send(url, config);
  expect(seen[0]!.headers.authorization).toBe(header);
});

test('http_headers are sent', async () => {
  const { seen, url } = await sink();
  await send(url, { http_headers: { 'X-Team': { values: ['a'], secrets: ['b'], files: [] } } });
  expect(seen[0]!.headers['x-team']).toBe('a, b');
});

test('an oauth2 token is fetched once and used', async () => {
  const { seen, url } = await sink((request, response) => {
    response.end(request.url === '/token' ? '{"access_token":"tok","expires_in":3600}' : 'ok');
  });
  const transport = createHttpTransport({ clock: fakeClock(), userAgent: 'x', environment: {} });
  const config = {
    ...plainHttp,
    oauth2: {
      client_id: 'id',
      client_secret: 'geheim',
      scopes: ['a', 'b'],
      token_url: `${url}/token`,
      endpoint_params: { audience: 'x' },
      tls_config: plainHttp.tls_config,
      proxy_from_environment: false,
    },
  };
  for (let i = 0; i < 2; i++)
    await transport(jsonPost(`${url}/hook`, {}), config, new AbortController().signal);
  expect(seen.map((one) => [one.url, one.headers.authorization])).toEqual([
    ['/token', 'Basic aWQ6Z2VoZWlt'],
    ['/hook', 'Bearer tok'],
    ['/hook', 'Bearer tok'],
  ]);
  expect(seen[0]!.body).toBe('grant_type=client_credentials&scope=a+b&audience=x');
});

test('307 repeats the message, 302 becomes a GET, credentials stay with the first host', async () => {
  const other = await sink();
  const first = await sink((request, response) => {
    const to: Record<string, [number, string]> = {
      '/same': [307, '/again'],
      '/get': [302, '/got'],
      '/away': [307, `${other.url}/there`],
    };
    const [status, location] = to[request.url] ?? [200, ''];
    response.writeHead(status, location ? { location } : {}).end();
  });
  const config = { authorization: { type: 'Bearer', credentials: 'secret' } };
  for (const path of ['/same', '/get', '/away']) await send(first.url + path, config);
  expect(first.seen.map((one) => [one.method, one.url, one.body !== '', one.headers.authorization])).toEqual([
    ['POST', '/same', true, 'Bearer secret'],
    ['POST', '/again', true, 'Bearer secret'],
    ['POST', '/get', true, 'Bearer secret'],
    ['GET', '/got', false, 'Bearer secret'],
    ['POST', '/away', true, 'Bearer secret'],
  ]);
  expect(other.seen.map((one) => [one.url, one.headers.authorization])).toEqual([['/there', undefined]]);
  expect((await send(`${first.url}/same`, { follow_redirects: false })).status).toBe(307);
});

test("a message's own credentials win over configured ones and stay with the first host, too", async () => {
  const other = await sink();
  const first = await sink((_, response) => void response.writeHead(307, { location: other.url }).end());
  const transport = createHttpTransport({ clock: fakeClock(), userAgent: 'x', environment: {} });
  const request = jsonPost(first.url, {}, { Authorization: 'GenieKey k', 'X-Auth-Token': 't' });
  const config = { ...plainHttp, authorization: { type: 'Bearer', credentials: 'secret' } };
  await transport(request, config, new AbortController().signal);
  const shown = ({ headers }: Seen) => [
    headers.authorization,
    headers['x-auth-token'],
    headers['content-type'],
  ];
  expect(first.seen.map(shown)).toEqual([['GenieKey k', 't', 'application/json']]);
  expect(other.seen.map(shown)).toEqual([[undefined, undefined, 'application/json']]);
});

test('a connection is not used again: a message sent anew because it broke could be there twice', async () => {
  const { url } = await sink();
  const connections = new Set<unknown>();
  servers[0]!.on('connection', (socket) => connections.add(socket));
  const transport = createHttpTransport({ clock: fakeClock(), userAgent: 'x', environment: {} });
  for (let i = 0; i < 3; i++) await transport(jsonPost(url, {}), plainHttp, new AbortController().signal);
  expect(connections.size).toBe(3);
});

test('user and password of an address are sent, and a refused token is asked for anew', async () => {
  const { seen, url } = await sink((request, response) => {
    if (request.url === '/token') response.end(JSON.stringify({ access_token: `t${seen.length}` }));
    else response.writeHead(request.headers.authorization === 'Bearer t1' ? 401 : 200).end();
  });
  await send(url.replace('//', '//u:p%40@'));
  expect(seen[0]!.headers.authorization).toBe(`Basic ${Buffer.from('u:p@').toString('base64')}`);
  seen.splice(0);
  const oauth2 = {
    scopes: [],
    token_url: `${url}/token`,
    endpoint_params: {},
    tls_config: plainHttp.tls_config,
    proxy_from_environment: false,
  };
  const transport = createHttpTransport({ clock: fakeClock(), userAgent: 'x', environment: {} });
  const config = { ...plainHttp, oauth2 };
  const statuses: number[] = [];
  for (let i = 0; i < 2; i++)
    statuses.push((await transport(jsonPost(url, {}), config, new AbortController().signal)).status);
  expect(statuses).toEqual([401, 200]);
});

test('plain requests go through a proxy as absolute addresses', async () => {
  const proxy = await sink();
  await send('http://nowhere.invalid:1234/hook?a=b', { proxy_url: proxy.url.replace('//', '//u:p@') });
  expect(proxy.seen).toMatchObject([
    {
      url: 'http://nowhere.invalid:1234/hook?a=b',
      headers: { host: 'nowhere.invalid:1234', 'proxy-authorization': 'Basic dTpw' },
    },
  ]);
});

test('requests over TLS ask the proxy for a tunnel', async () => {
  const asked: string[] = [];
  const proxy = http.createServer();
  servers.push(proxy);
  proxy.on('connect', (request, socket) => {
    asked.push(request.url ?? '');
    socket.end('HTTP/1.1 407 no\r\n\r\n');
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  await expect(send('https://nowhere.invalid/hook', { proxy_url: url })).rejects.toThrow(
    'the proxy refused the connection with status 407',
  );
  expect(asked).toEqual(['nowhere.invalid:443']);
});

const pem = (name: string): string => readFileSync(new URL(`testdata/${name}.pem`, import.meta.url), 'utf8');

async function secureSink(more: https.ServerOptions = {}) {
  const server = https.createServer({ key: pem('key'), cert: pem('cert'), ...more }, (request, response) => {
    request.resume();
    response.end(`${request.headers.host} ${request.url}`);
  });
  servers.push(server as unknown as http.Server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

test('TLS is checked against the given CA, and its name against the address or server_name', async () => {
  const port = await secureSink();
  const tls = (more: object) => ({ tls_config: { insecure_skip_verify: false, ...more } });
  await expect(send(`https://127.0.0.1:${port}/x`)).rejects.toThrow(/self-signed/);
  expect(await send(`https://127.0.0.1:${port}/x`, tls({ ca: pem('cert') }))).toMatchObject({ status: 200 });
  expect(await send(`https://127.0.0.1:${port}/x`, tls({ insecure_skip_verify: true }))).toMatchObject({
    status: 200,
  });
  const named = send(`https://127.0.0.1:${port}/x`, tls({ ca: pem('cert'), server_name: 'other.test' }));
  await expect(named).rejects.toThrow(/other\.test/);
});

test('a client certificate is shown', async () => {
  const port = await secureSink({ requestCert: true, rejectUnauthorized: true, ca: pem('cert') });
  const tls_config = { insecure_skip_verify: false, ca: pem('cert'), cert: pem('cert'), key: pem('key') };
  expect(await send(`https://127.0.0.1:${port}/x`, { tls_config })).toMatchObject({ status: 200 });
  const bare = send(`https://127.0.0.1:${port}/x`, {
    tls_config: { insecure_skip_verify: false, ca: pem('cert') },
  });
  await expect(bare).rejects.toThrow();
});

test('a request over TLS goes through the tunnel of a proxy, which resolves the name', async () => {
  const port = await secureSink();
  const asked: unknown[] = [];
  const proxy = http.createServer();
  servers.push(proxy);
  proxy.on('connect', (request, client) => {
    asked.push([request.url, request.headers['proxy-authorization'], request.headers['x-team']]);
    const target = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      target.pipe(client).pipe(target);
    });
    target.on('error', () => client.destroy());
    client.on('error', () => target.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const answer = await send('https://sink.test/hook?a=b', {
    proxy_url: `http://u:p@127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    proxy_connect_header: { 'X-Team': ['a'] },
    tls_config: { insecure_skip_verify: false, ca: pem('cert') },
  });
  expect(answer).toMatchObject({ status: 200, body: 'sink.test /hook?a=b' });
  expect(asked).toEqual([['sink.test:443', 'Basic dTpw', 'a']]);
});

test.each([
  ['http://a.example.org/', 'example.org', true],
  ['http://a.example.org/', '.example.org', true],
  ['http://example.org/', '.example.org', false],
  ['http://example.org:8080/', 'example.org:80', false],
  ['http://10.1.2.3/', '10.0.0.0/8', true],
  ['http://11.1.2.3/', '10.0.0.0/8', false],
  ['http://anything/', '*', true],
  ['http://localhost/', 'x', true],
])('%s with no_proxy %s bypasses the proxy: %s', (url, no_proxy, bypasses) => {
  const proxyOf = proxyChoice({ proxy_url: 'http://proxy:1', no_proxy, proxy_from_environment: false }, {});
  const proxy = proxyOf(new URL(url));
  expect(proxy === undefined).toBe(bypasses);
});

test('an endless answer is cut, a hanging one is aborted', async () => {
  const endless = await sink((_, response) => {
    const more = (): void =>
      void (response.write('x'.repeat(65_536)) ? setImmediate(more) : response.once('drain', more));
    more();
  });
  expect((await send(endless.url)).body.length).toBe(65_536);
  const hanging = await sink(() => {});
  const controller = new AbortController();
  const sending = send(hanging.url, {}, controller.signal);
  setImmediate(() => controller.abort());
  await expect(sending).rejects.toThrow(/abort/i);
});

test('secrets of a receiver are not shown', () => {
  const secrets = secretsOf({
    url: 'https://hooks.example.org/services/T0/B0/xyz',
    http_config: { authorization: { credentials: 'geheimnis' } },
    channel: 'channel-name',
  });
  expect(redact('POST https://hooks.example.org/services/T0/B0/xyz geheimnis to channel-name', secrets)).toBe(
    'POST <secret> <secret> to channel-name',
  );
  expect(redact('no route /services/T0/B0/xyz', secrets)).toBe('no route <secret>');
});
