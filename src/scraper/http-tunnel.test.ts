import { once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import net, { type AddressInfo, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { hasOpenssl, testCertificate } from '../testing/certificate.ts';
import { fakeClock } from '../testing/fake-clock.ts';
import { scrapeJob } from '../testing/scrape-job.ts';
import { PageBuffers } from './page-buffers.ts';
import { createPageClient } from './page-client.ts';

/** A proxy that leads every tunnel to one port. */
async function connectProxy(toPort: number, status = 200) {
  const asked: IncomingMessage[] = [];
  const sockets = new Set<Socket>();
  const server = http.createServer();
  server.on('connection', (socket) => sockets.add(socket));
  server.on('connect', (request, socket: Socket) => {
    asked.push(request);
    if (status !== 200) return void socket.end(`HTTP/1.1 ${status} No\r\n\r\n`);
    const upstream = net.connect(toPort, '127.0.0.1', () => socket.write('HTTP/1.1 200 OK\r\n\r\n'));
    sockets.add(upstream);
    upstream.on('error', () => {});
    socket.on('error', () => {});
    upstream.pipe(socket).pipe(upstream);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    asked,
    url: `http://me:secret@127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

async function tlsTarget(key: string, cert: string) {
  const server = https.createServer({ key, cert }, (_, response) =>
    response.writeHead(200, { 'content-type': 'text/plain' }).end('a 1\n'),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function fetchTwice(keys: Record<string, unknown>) {
  const client = createPageClient(scrapeJob({ scheme: 'https', ...keys }), new PageBuffers(), {
    clock: fakeClock(),
    environment: {},
  });
  const page = () =>
    client.fetch({
      url: 'https://exporter.example:9100/metrics',
      headers: {},
      compressed: false,
      bodyLimitBytes: 1000,
      expectedBytes: 0,
      signal: new AbortController().signal,
    });
  return page()
    .then(page)
    .then(({ body }) => new TextDecoder().decode(body))
    .finally(() => client.close());
}

test.skipIf(!hasOpenssl)(
  'TLS goes through a tunnel, which is asked for with its own headers, and is kept',
  async () => {
    using certificate = testCertificate('exporter.example');
    await using target = await tlsTarget(certificate.key, certificate.cert);
    await using proxy = await connectProxy(target.port);
    const text = await fetchTwice({
      proxy_url: proxy.url,
      proxy_connect_header: { 'X-Team': ['a', 'b'] },
      tls_config: { ca_file: certificate.certFile },
      basic_auth: { username: 'u', password: 'p' },
    });
    expect(text).toBe('a 1\n');
    expect(proxy.asked).toHaveLength(1);
    const [request] = proxy.asked;
    expect(request!.url).toBe('exporter.example:9100');
    expect(request!.headers).toMatchObject({
      host: 'exporter.example:9100',
      'x-team': 'a, b',
      'proxy-authorization': `Basic ${btoa('me:secret')}`,
    });
    expect(request!.headers.authorization).toBeUndefined();
  },
);

test.skipIf(!hasOpenssl)('the certificate is checked against the name behind the tunnel', async () => {
  using certificate = testCertificate('other.example');
  await using target = await tlsTarget(certificate.key, certificate.cert);
  await using proxy = await connectProxy(target.port);
  const keys = { proxy_url: proxy.url, tls_config: { ca_file: certificate.certFile } };
  await expect(fetchTwice(keys)).rejects.toThrow("does not match certificate's altnames");
});

test('a proxy that refuses fails the scrape', async () => {
  await using proxy = await connectProxy(1, 403);
  await expect(fetchTwice({ proxy_url: proxy.url })).rejects.toThrow(
    'the proxy refused the connection with status 403',
  );
});

test('a proxy of another kind is named, without its password', async () => {
  await expect(fetchTwice({ proxy_url: 'socks5://me:secret@proxy:1' })).rejects.toThrow(
    'expected a proxy of scheme http or https, got "socks5://proxy:1"',
  );
});
