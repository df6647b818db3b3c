import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fakeClock } from '../testing/fake-clock.ts';
import { scrapeJob } from '../testing/scrape-job.ts';
import { PageBuffers } from './page-buffers.ts';
import { createPageClient } from './page-client.ts';

const deps = { clock: fakeClock(), environment: {} };
const hasOpenssl = (() => {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

const dir = mkdtempSync(join(tmpdir(), 'belfry-tls-'));
const file = (name: string): string => join(dir, name);
let server: https.Server;
let url = '';
const clients: string[] = [];

/** Makes a self-signed certificate for a name and the loopback address. */
function makeCertificate(name: string): void {
  const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`];
  const out = ['-keyout', file(`${name}.key`), '-out', file(`${name}.crt`)];
  const args = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '2',
  ];
  execFileSync('openssl', [...args, ...subject, ...out], { stdio: 'ignore' });
}

beforeAll(async () => {
  if (!hasOpenssl) return;
  makeCertificate('server.example');
  makeCertificate('client.example');
  server = https.createServer(
    {
      cert: readFileSync(file('server.example.crt')),
      key: readFileSync(file('server.example.key')),
      ca: readFileSync(file('client.example.crt')),
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
  server?.close();
  rmSync(dir, { recursive: true });
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

const trusting = { ca_file: file('server.example.crt'), server_name: 'server.example' };

test.skipIf(!hasOpenssl)('a server is trusted by its CA and name, and told who asks', async () => {
  const own = { cert_file: file('client.example.crt'), key_file: file('client.example.key') };
  expect(await fetchPage({ ...trusting, ...own })).toBe('a 1\n');
  expect(await fetchPage(trusting)).toBe('a 1\n');
  expect(await fetchPage({ insecure_skip_verify: true })).toBe('a 1\n');
  expect(clients).toEqual(['client.example', 'nobody', 'nobody']);
});

test.skipIf(!hasOpenssl).each([
  ['an unknown CA', {}, 'self-signed certificate'],
  ['another name', { ...trusting, server_name: 'other.example' }, "does not match certificate's altnames"],
  ['too old a version', { ...trusting, max_version: 'TLS12' }, 'alert protocol version'],
  ['a file that is not there', { ca_file: file('none') }, 'ENOENT'],
])('%s fails the scrape', async (_, tls, problem) => {
  await expect(fetchPage(tls)).rejects.toThrow(problem);
});
