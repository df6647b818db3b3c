import { once } from 'node:events';
import http2 from 'node:http2';
import https from 'node:https';
import net, { type AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hasOpenssl, type TestCertificate, testCertificate } from '../testing/certificate.ts';
import { fakeClock } from '../testing/fake-clock.ts';
import { scrapeJob } from '../testing/scrape-job.ts';
import { PageBuffers } from './page-buffers.ts';
import { createPageClient } from './page-client.ts';

const deps = { clock: fakeClock(), environment: {} };
let ours: TestCertificate;
let theirs: TestCertificate;
let server: https.Server;
let url = '';
const clients: string[] = [];

beforeAll(async () => {
  if (!hasOpenssl) return;
  theirs = testCertificate('server.example');
  ours = testCertificate('client.example');
  server = https.createServer(
    {
      cert: theirs.cert,
      key: theirs.key,
      ca: ours.cert,
      requestCert: true,
      rejectUnauthorized: false,
      minVersion: 'TLSv1.3',
    },
    (request, response) => {
      const certificate = (request.socket as TLSSocket).getPeerCertificate();
      clients.push(String(certificate.subject?.CN ?? 'nobody'));
      response.writeHead(200, { 'content-type': 'text/plain' }).end('a 1\n');
    },
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`;
});

afterAll(() => {
  if (!hasOpenssl) return;
  server.close();
  for (const certificate of [ours, theirs]) certificate[Symbol.dispose]();
});

async function fetchPage(tls_config: Record<string, unknown>): Promise<string> {
  const client = createPageClient(scrapeJob({ scheme: 'https', tls_config }), new PageBuffers(), deps);
  try {
    const page = await client.fetch({
      url,
      headers: {},
      compressed: false,
      bodyLimitBytes: 1000,
      expectedBytes: 0,
      signal: new AbortController().signal,
    });
    return new TextDecoder().decode(page.body);
  } finally {
    client.close();
  }
}

const trusting = () => ({ ca_file: theirs.certFile, server_name: 'server.example' });

test.skipIf(!hasOpenssl)('a server is trusted by its CA and name, and told who asks', async () => {
  const own = { cert_file: ours.certFile, key_file: ours.keyFile };
  expect(await fetchPage({ ...trusting(), ...own })).toBe('a 1\n');
  expect(await fetchPage(trusting())).toBe('a 1\n');
  expect(await fetchPage({ insecure_skip_verify: true })).toBe('a 1\n');
  expect(clients).toEqual(['client.example', 'nobody', 'nobody']);
});

test.skipIf(!hasOpenssl).each([
  ['an unknown CA', () => ({}), 'self-signed certificate'],
  [
    'another name',
    () => ({ ...trusting(), server_name: 'other.example' }),
    "does not match certificate's altnames",
  ],
  ['too old a version', () => ({ ...trusting(), max_version: 'TLS12' }), 'alert protocol version'],
  ['a file that is not there', () => ({ ca_file: `${theirs.certFile}.none` }), 'ENOENT'],
])('%s fails the scrape', async (_, tls, problem) => {
  await expect(fetchPage(tls())).rejects.toThrow(problem);
});

test.skipIf(!hasOpenssl)('a server that speaks HTTP/2 alone is told so, with TLS and without', async () => {
  const secure = http2.createSecureServer({
    cert: theirs.cert,
    key: theirs.key,
  });
  const plain = http2.createServer((_, response) => response.end('up 1\n'));
  /** Ignores what the client offers and begins with its settings, as Go's does when it is made so. */
  const eager = net.createServer((socket) => {
    socket.on('error', () => {});
    socket.write(Buffer.from('000006040000000000000500004000', 'hex'));
  });
  const said: string[] = [];
  for (const [scheme, one] of [
    ['https', secure],
    ['http', plain],
    ['http', eager],
  ] as const) {
    one.listen(0, '127.0.0.1');
    await once(one, 'listening');
    const { port } = one.address() as AddressInfo;
    const client = createPageClient(
      scrapeJob({ job_name: 'a', tls_config: { insecure_skip_verify: true } }),
      new PageBuffers(),
      deps,
    );
    const answer = client.fetch({
      url: `${scheme}://127.0.0.1:${port}/metrics`,
      headers: {},
      compressed: false,
      bodyLimitBytes: 1e6,
      expectedBytes: 0,
      signal: AbortSignal.timeout(60_000),
    });
    said.push(await answer.then(String, (error: Error) => error.message));
    client.close();
    one.close();
  }
  expect(said).toEqual(Array(3).fill('the server speaks HTTP/2 only; requests are HTTP/1.1'));
});
